"""Copies a whole database while it is in use, and puts another in its place at once; it owns no table.

SQLite by its online backup (https://www.sqlite.org/backup.html), PostgreSQL by its own pg_dump and pg_restore.
"""

import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, make_url

from checkin.errors import Conflict, Refusal

PAGES = 2048
# The schema of our tables, and two that exist only while a restore is under way.
OURS, BESIDE, ASIDE = "public", "checkin_restored", "checkin_meanwhile"
PROGRAMS = ("pg_dump", "pg_restore", "psql")
# Uploads wait at most so long for a restore that waits for a long reader; it tries as often as that.
LOCK_PATIENCE, LOCK_TRIES = "2s", 15

Step = Callable[[int], None]


@dataclass(frozen=True)
class Beside:
    """A copied state as a database of its own: `url` is its address.

    `put` lets it take the other's place, for everybody at once or not at all.
    """

    url: str
    put: Callable[[], None]


class Copier(Protocol):
    """One kind of database: `on_step` is told of whatever a progress bar can count."""

    def copy(self, out: Path, *, on_step: Step) -> None:
        """Write one consistent state of the database, which goes on being used, into a file."""

    def beside(self, content: Path, *, on_step: Step) -> AbstractContextManager[Beside]:
        """Make such a file a database again beside the one in use; gone at the end."""


def copier(database_url: str) -> Copier:
    """What copies this kind of database."""
    return _SQLite(database_url) if database_url.startswith("sqlite") else _PostgreSQL(make_url(database_url))


# --- SQLite -----------------------------------------------------------------------------------------------------


class _SQLite:
    def __init__(self, database_url: str) -> None:
        self._path = Path(database_url.removeprefix("sqlite:///"))

    def copy(self, out: Path, *, on_step: Step) -> None:
        with closing(_opened(self._path)) as source, closing(_opened(out)) as target:
            # One read transaction over all steps: what is written meanwhile neither shows nor starts it over.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            _copy_pages(source, target, on_step)

    @contextmanager
    def beside(self, content: Path, *, on_step: Step) -> Iterator[Beside]:
        with closing(_opened(content)) as found:
            verdict = found.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if verdict != "ok":
            raise Refusal("damaged_backup", "The database in this backup is damaged: nothing was changed.")
        yield Beside(f"sqlite:///{content}", lambda: self._put(content))

    def _put(self, content: Path) -> None:
        # Into the file that is there, as one transaction of its own: whoever has it open sees the old state or the
        # new one. Another file under its name would be unknown to them.
        with closing(_opened(content)) as source, closing(_opened(self._path)) as target:
            _copy_pages(source, target, lambda _steps: None)


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=20, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _copy_pages(source: sqlite3.Connection, target: sqlite3.Connection, on_step: Step) -> None:
    done = 0

    def tell(_status: int, remaining: int, total: int) -> None:
        nonlocal done
        on_step(total - remaining - done)
        done = total - remaining

    source.backup(target, pages=PAGES, progress=tell)


# --- PostgreSQL -------------------------------------------------------------------------------------------------


def missing_programs() -> list[str]:
    """Which of PostgreSQL's programs this machine lacks."""
    return [name for name in PROGRAMS if _program(name) is None]


def _program(name: str) -> str | None:
    """Where a program is; Debian keeps them off the PATH, in a folder per version, of which we want the newest."""
    folders = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    # Debian's own wrapper in /usr/bin picks the version of some cluster, which need not be our server's.
    newest = max(folders, key=lambda path: int(path.parts[4]), default=None)
    return str(newest) if newest else shutil.which(name)


class _PostgreSQL:
    def __init__(self, url: URL) -> None:
        missing = missing_programs()
        if missing:
            raise Refusal(
                "no_postgresql_programs",
                f"PostgreSQL's {', '.join(missing)} is not installed here: "
                "install its client programs (Debian: postgresql-client).",
            )
        self._url = url

    def copy(self, out: Path, *, on_step: Step) -> None:
        options = [
            "--format=custom",
            f"--schema={OURS}",
            "--no-owner",
            "--no-acl",
            "--verbose",
            f"--file={out}",
        ]
        with self._address() as address:
            _run(["pg_dump", *options, f"--dbname={address}"], on_step)

    @contextmanager
    def beside(self, content: Path, *, on_step: Step) -> Iterator[Beside]:
        self._clear()
        try:
            self._restore_beside(content, on_step)
            options = self._url.update_query_dict({"options": f"-csearch_path={BESIDE}"})
            yield Beside(options.render_as_string(hide_password=False), self._put)
        finally:
            self._clear()

    def _restore_beside(self, content: Path, on_step: Step) -> None:
        """A dump names the schema of its tables, so ours steps aside in this transaction, which nobody else sees."""
        before = f"ALTER SCHEMA {OURS} RENAME TO {ASIDE}; CREATE SCHEMA {OURS}"
        after = f"ALTER SCHEMA {OURS} RENAME TO {BESIDE}; ALTER SCHEMA {ASIDE} RENAME TO {OURS}"
        reading = [
            "pg_restore",
            f"--schema={OURS}",
            "--no-owner",
            "--no-acl",
            "--verbose",
            "--file=-",
            str(content),
        ]
        writing = ["psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
        writing += ["--output=/dev/null", f"--command={before}", "--file=-", f"--command={after}"]
        with self._address() as address, tempfile.TemporaryFile("w+") as told:
            command = [_program(writing[0]) or "", *writing[1:], f"--dbname={address}"]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=told, text=True) as psql:  # noqa: S603 - PostgreSQL's own.
                _run(reading, on_step, output=psql.stdin)
                psql.wait()
            told.seek(0)
            if psql.returncode:
                raise _failed("psql", told.read().splitlines())

    def _put(self) -> None:
        with psycopg.connect(self._conninfo(), autocommit=True) as connection:
            for _ in range(LOCK_TRIES):
                try:
                    with connection.transaction():
                        _swap(connection)
                    return
                except (errors.LockNotAvailable, errors.DeadlockDetected):
                    continue
                except errors.DependentObjectsStillExist as error:
                    raise Conflict("tables_in_use", f"{_depending(error)} Nothing was changed.") from error
        raise Conflict(
            "database_busy", "Somebody reads this database without an end: try again. Nothing was changed."
        )

    def _clear(self) -> None:
        with psycopg.connect(self._conninfo(), autocommit=True) as connection:
            connection.execute(_sql("DROP SCHEMA IF EXISTS {} CASCADE", BESIDE))

    def _conninfo(self, **changed: str | None) -> str:
        url = self._url
        settings: dict[str, Any] = {
            "host": url.host,
            "port": url.port,
            "user": url.username,
            "password": url.password,
            "dbname": url.database,
            **{
                name: value if isinstance(value, str) else ",".join(value)
                for name, value in url.query.items()
            },
        }
        settings |= changed
        return make_conninfo(**{name: value for name, value in settings.items() if value is not None})

    @contextmanager
    def _address(self) -> Iterator[str]:
        """The database for a program's command line, which everybody on this machine can read: no password in it."""
        if self._url.password is None:
            yield self._conninfo()
            return
        with tempfile.NamedTemporaryFile("w", prefix="checkin-") as file:
            password = str(self._url.password).replace("\\", "\\\\").replace(":", "\\:")
            file.write(f"*:*:*:*:{password}\n")
            file.flush()
            yield self._conninfo(password=None, passfile=file.name)


def _run(words: Sequence[str], on_step: Step, *, output: IO[str] | None = None) -> None:
    """Run one of PostgreSQL's programs, a step for each line it tells; raises Refusal with the last one."""
    name, *options = words
    lines: list[str] = []
    command = [_program(name) or "", *options]
    with subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        for line in process.stderr or ():
            lines = [*lines[-20:], line.strip()]
            on_step(1)
    if output is not None:
        output.close()
    if process.returncode:
        raise _failed(name, lines)


def _failed(name: str, lines: Sequence[str]) -> Refusal:
    told = [line for line in lines if "error" in line.lower() or "fatal" in line.lower()] or lines
    return Refusal(
        "postgresql_program_failed", f"{name} failed, nothing was changed: {told[0] if told else '?'}"
    )


def _swap(connection: psycopg.Connection[Any]) -> None:
    """Drop our tables and functions and move those beside into their schema; all of it in the caller's transaction."""
    connection.execute(f"SET LOCAL lock_timeout = '{LOCK_PATIENCE}'")
    old = _tables(connection, OURS)
    if old:
        every = sql.SQL(", ").join(sql.Identifier(OURS, name) for name in old)
        # All at once and first, so that nobody holds what we still wait for.
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(every))
        connection.execute(sql.SQL("DROP TABLE {}").format(every))
    for function in _functions(connection, OURS):
        connection.execute(sql.SQL("DROP FUNCTION {}").format(sql.SQL(function)))
    for name in _tables(connection, BESIDE):
        connection.execute(_sql("ALTER TABLE {}.{} SET SCHEMA {}", BESIDE, name, OURS))
    for function in _functions(connection, BESIDE):
        moved = sql.SQL("ALTER FUNCTION {} SET SCHEMA {}")
        connection.execute(moved.format(sql.SQL(function), sql.Identifier(OURS)))


def _sql(statement: str, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))


# What an extension brought is its own.
_NOT_OF_AN_EXTENSION = "NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = {}.oid AND d.deptype = 'e')"
_TABLES = f"""
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'p') AND {_NOT_OF_AN_EXTENSION.format("c")}
    ORDER BY c.relname
"""  # noqa: S608 - nothing in it comes from outside.
_FUNCTIONS = f"""
    SELECT p.oid::regprocedure::text FROM pg_proc p
    WHERE p.pronamespace = %s::regnamespace AND {_NOT_OF_AN_EXTENSION.format("p")}
    ORDER BY 1
"""  # noqa: S608


def _tables(connection: psycopg.Connection[Any], schema: str) -> list[str]:
    return [row[0] for row in connection.execute(_TABLES, [schema])]


def _functions(connection: psycopg.Connection[Any], schema: str) -> list[str]:
    """Each with its arguments' types, quoted and qualified as it must be."""
    connection.execute("SET LOCAL search_path = ''")
    return [row[0] for row in connection.execute(_FUNCTIONS, [schema])]


def _depending(error: errors.DependentObjectsStillExist) -> str:
    detail = (error.diag.message_detail or "Something depends on Checkin's tables").splitlines()[0]
    return f"{detail}: remove it, and make it again after the restore."
