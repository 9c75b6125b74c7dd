"""The database's ground: base class, constraint names, types, engines and the writing transaction; it owns no table."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from flask_sqlalchemy_lite import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    Connection,
    Dialect,
    Engine,
    Float,
    FromClause,
    MetaData,
    Table,
    event,
    text,
)
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from checkin.config import Config

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What a column of whole numbers holds at most.
LARGEST_ID = 2**31 - 1
MICROSECOND = timedelta(microseconds=1)
WRITES = {"checkin_writes": True}
# Among an engine's execution options: the secret of the audit log's chain, which is not in the database.
AUDIT_KEY = "checkin_audit_key"
# Under this number PostgreSQL's advisory lock lets one transaction at a time append to the audit log.
AUDIT_LOCK = 7_263_402
# Whether somebody stands before a door and waits for what this thread does.
URGENT: ContextVar[bool] = ContextVar("urgent", default=False)


class Base(DeclarativeBase):
    """The base of every table, with a naming convention, so that each constraint can be told by its name."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Instant(TypeDecorator[datetime]):
    """An aware moment in UTC: `timestamptz` on PostgreSQL, microseconds since 1970 as an integer on SQLite."""

    impl = SqlDateTime(timezone=True).with_variant(BigInteger(), "sqlite")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuses a naive moment: it would mean another one on another machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return (value - EPOCH) // MICROSECOND if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = EPOCH + value * MICROSECOND if dialect.name == "sqlite" else value.astimezone(UTC)
        return moment

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        return self


class seconds_between(FunctionElement[float]):  # noqa: N801 - reads like SQL's own functions.
    """How many seconds an Instant (the first) lies after another (the second)."""

    type = Float()
    inherit_cache = True


@compiles(seconds_between, "postgresql")
def _on_postgresql(element: seconds_between, compiler: Any, **kw: Any) -> str:
    later, earlier = (compiler.process(moment, **kw) for moment in element.clauses)
    return f"EXTRACT(EPOCH FROM {later} - {earlier})"


@compiles(seconds_between, "sqlite")
def _on_sqlite(element: seconds_between, compiler: Any, **kw: Any) -> str:
    later, earlier = (compiler.process(moment, **kw) for moment in element.clauses)
    return f"(({later}) - ({earlier})) / 1000000.0"


class seconds_before(FunctionElement[datetime]):  # noqa: N801 - reads like SQL's own functions.
    """The Instant so many seconds before one: unlike a difference, something that an index can begin at."""

    type = Instant()
    inherit_cache = True


@compiles(seconds_before, "postgresql")
def _before_on_postgresql(element: seconds_before, compiler: Any, **kw: Any) -> str:
    moment, seconds = (compiler.process(one, **kw) for one in element.clauses)
    return f"({moment} - {seconds} * INTERVAL '1 second')"


@compiles(seconds_before, "sqlite")
def _before_on_sqlite(element: seconds_before, compiler: Any, **kw: Any) -> str:
    moment, seconds = (compiler.process(one, **kw) for one in element.clauses)
    return f"({moment} - {seconds} * 1000000)"


db = SQLAlchemy()


def engine_settings(config: Config) -> dict[str, dict[str, Any]]:
    """The engines of Flask-SQLAlchemy-Lite: `default` for transactions, `autocommit` for single statements."""
    # An error's text must not carry what a statement was about: names, look-up ids.
    common: dict[str, Any] = {
        "url": config.database_url,
        "hide_parameters": True,
        "execution_options": {AUDIT_KEY: config.key.audit_key},
    }
    if not config.sqlite:
        common |= {"pool_size": 10, "max_overflow": 10, "pool_pre_ping": False, "pool_recycle": 1800}
    return {"default": dict(common), "autocommit": {**common, "isolation_level": "AUTOCOMMIT"}}


def insert_ignoring(session: Session | Connection, table: FromClause) -> Any:
    """An INSERT that leaves out rows which a constraint forbids (`ON CONFLICT DO NOTHING`)."""
    dialect = (session.get_bind() if isinstance(session, Session) else session).dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(cast(Table, table)).on_conflict_do_nothing()


def prepare_engines(engines: Mapping[str, Engine]) -> None:
    """Give SQLite's engines WAL, FULL and real transactions; PostgreSQL needs nothing."""
    for name, engine in engines.items():
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _set_pragmas)
            if name != "autocommit":
                event.listen(engine, "begin", _begin)
                event.listen(engine, "checkin", _give_up_the_turn)
                event.listen(engine, "close", _leave_the_line)


def _set_pragmas(connection: Any, _record: Any) -> None:
    # sqlite3 would begin and commit by itself; the `begin` listener does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("busy_timeout=20000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("checkin_writes")
    if writes:
        _take_the_turn(connection)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _take_the_turn(connection: Connection) -> None:
    """Wait in line for SQLite's only writer, whose own way, to look again every tenth of a second, starves some.

    A door's scan waits for the writer at work alone: the others wait for each other before they come that far.
    """
    info, path = connection.info, connection.engine.url.database
    if not path or info.get("held"):
        return
    # Given up the other way round: whoever is urgent comes before the next in line.
    names = ("turn",) if URGENT.get() else ("line", "turn")
    for name in names:
        if name not in info:
            info[name] = os.open(f"{path}.{name}", os.O_RDWR | os.O_CREAT, 0o600)
    info["held"] = [info[name] for name in names]
    for turn in info["held"]:
        fcntl.flock(turn, fcntl.LOCK_EX)


def _give_up_the_turn(_connection: Any, record: Any) -> None:
    """The connection is done, its transaction committed or rolled back."""
    for turn in reversed(record.info.pop("held", ())):
        fcntl.flock(turn, fcntl.LOCK_UN)


def _leave_the_line(connection: Any, record: Any) -> None:
    """The connection is closed."""
    _give_up_the_turn(connection, record)
    for name in ("line", "turn"):
        if name in record.info:
            os.close(record.info.pop(name))


@contextmanager
def transaction() -> Iterator[Session]:
    """A session in a writing transaction of its own: committed at the end, rolled back by an exception.

    On SQLite it takes the write lock at once; a transaction that read first and wrote later could fail at commit.
    """
    with Session(db.engine, expire_on_commit=False) as session:
        session.connection(execution_options=WRITES)
        yield session
        session.commit()


@contextmanager
def reading() -> Iterator[Session]:
    """A session that reads one consistent state and takes no write lock."""
    with Session(db.engine, expire_on_commit=False) as session:
        yield session


def learn_sizes(session: Session) -> None:
    """Let PostgreSQL count its tables after many rows came at once; until then it plans for empty ones."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("ANALYZE"))


def wipe_free_space() -> None:
    """Let nothing of what was deleted stay in the database's files; servers may go on, SQLite's wait meanwhile."""
    with db.engines["autocommit"].connect() as connection:
        if connection.dialect.name == "sqlite":
            # The search index merges what was deleted only now and then.
            connection.execute(text("INSERT INTO search_index (search_index) VALUES ('rebuild')"))
            connection.execute(text("VACUUM"))
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        else:
            connection.execute(
                text(
                    "VACUUM FULL delegate, badge, message, audit, scan, print_piece, "
                    "import_run, import_piece, import_remark, export_order, named_report, bulk_run, "
                    "void, ruling, settlement, link, duplicate"
                )
            )
