"""Copies a whole database while it is in use, and puts another in its place at once; it owns no table.

SQLite by its online backup (https://www.sqlite.org/backup.html), PostgreSQL by its own pg_dump and pg_restore.
"""

import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, make_url

from checkin.db import AUDIT_LOCK
from checkin.errors import Conflict, Refusal

PAGES = 2048
# The schema of our tables, and three that exist only while a restore is under way.
OURS, BESIDE, ASIDE, REPLACED = "public", "checkin_restored", "checkin_meanwhile", "checkin_replaced"
PROGRAMS = ("pg_dump", "pg_restore", "psql")
# Those who write wait at most so long for a restore that waits for a long writer; it tries as often as that.
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
        with self._connection() as connection:
            _patiently(connection, _swap)

    def _clear(self) -> None:
        """Drop what a restore leaves. Somebody may still read what was replaced: then the next restore drops it."""
        with self._connection() as connection, suppress(Conflict):
            for schema in (BESIDE, REPLACED):
                _patiently(connection, _drop(schema))

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        try:
            with psycopg.connect(self._conninfo(), autocommit=True) as connection:
                yield connection
        except psycopg.Error as error:
            said = str(error).strip().splitlines()[0]
            raise Refusal(
                "postgresql_refused", f"PostgreSQL refused: {said}. Nothing was changed."
            ) from error

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


def _patiently(
    connection: psycopg.Connection[Any], work: Callable[[psycopg.Connection[Any]], object]
) -> None:
    """Do something in a transaction that may have to wait for others, and let others by now and then."""
    for _ in range(LOCK_TRIES):
        try:
            with connection.transaction():
                connection.execute(f"SET LOCAL lock_timeout = '{LOCK_PATIENCE}'")
                work(connection)
            return
        except (errors.LockNotAvailable, errors.DeadlockDetected):
            continue
    raise Conflict("database_busy", "Somebody writes into this database without an end: try again.")


def _drop(schema: str) -> Callable[[psycopg.Connection[Any]], object]:
    return lambda connection: connection.execute(_sql("DROP SCHEMA IF EXISTS {} CASCADE", schema))


def _swap(connection: psycopg.Connection[Any]) -> None:
    """Let the two schemas change names, which asks for no lock on any table but one.

    Whoever writes about a delegate comes wholly before this or after: of one table, so that no two wait for each other.
    """
    if connection.execute("SELECT to_regclass(%s)", [f"{OURS}.delegate"]).fetchone() != (None,):
        connection.execute(_sql("LOCK TABLE {}.delegate IN EXCLUSIVE MODE", OURS))
    # Likewise whoever appends to the audit log: it would link an act to the end of the other state's chain.
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [AUDIT_LOCK])
    outside = [row[0] for row in connection.execute(_VIEWS_ELSEWHERE, {"ours": OURS})]
    if outside:
        raise Conflict(
            "tables_in_use",
            f"Views elsewhere show Checkin's tables ({', '.join(outside)}): drop them, and make them again after "
            "the restore. Nothing was changed.",
        )
    connection.execute(_sql("ALTER SCHEMA {} RENAME TO {}", OURS, REPLACED))
    connection.execute(_sql("ALTER SCHEMA {} RENAME TO {}", BESIDE, OURS))
    connection.execute(_sql("GRANT USAGE ON SCHEMA {} TO PUBLIC", OURS))
    for (extension,) in connection.execute(_EXTENSIONS, [REPLACED]).fetchall():
        connection.execute(_sql("ALTER EXTENSION {} SET SCHEMA {}", extension, OURS))


def _sql(statement: str, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))


_EXTENSIONS = "SELECT extname FROM pg_extension WHERE extnamespace = %s::regnamespace"
# They would go on showing what was replaced.
_VIEWS_ELSEWHERE = """
    SELECT DISTINCT v.oid::regclass::text
    FROM pg_depend d
    JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_class v ON v.oid = r.ev_class
    JOIN pg_class t ON t.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
    WHERE t.relnamespace = %(ours)s::regnamespace AND v.relnamespace <> t.relnamespace AND t.relkind IN ('r', 'p')
    ORDER BY 1
"""
