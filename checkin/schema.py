"""Brings the database's schema up to date, one process at a time; it owns no table."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, current_app
from flask_alembic import Alembic
from sqlalchemy import Engine, text

from checkin.adapters.jobs import DBOS_TABLES
from checkin.config import ROOT
from checkin.db import Base, db

# Alembic compares with every table: these modules own some that nothing else here may have loaded.
from checkin.domain import (  # noqa: F401
    bulk_runs,
    conflicts,
    duplicates,
    import_runs,
    links,
    proofs,
    sessions,
)

# Under this number PostgreSQL's advisory lock lets one process at a time change the schema.
SCHEMA_LOCK = 7_263_401

alembic = Alembic(run_mkdir=False, metadatas=Base.metadata)
logging.getLogger("alembic").setLevel(logging.WARNING)


def prepare(app: Flask) -> None:
    """Tell Alembic where the migrations are; needs the app's database."""
    app.config["ALEMBIC"] = {"script_location": str(ROOT / "migrations")}
    app.config["ALEMBIC_CONTEXT"] = {
        "render_as_batch": True,
        "compare_server_default": False,
        "include_object": _ours,
    }
    alembic.init_app(app)


def _ours(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """What models describe: not the search index, with what SQLite keeps for it, nor DBOS' tables."""
    return not (str(name).startswith("search_index") or (kind == "table" and name in DBOS_TABLES))


def upgrade() -> None:
    """Apply the migrations that the database lacks; others wait meanwhile, then find nothing to do."""
    if is_current():
        return
    with _alone(db.engine), _alembic():
        alembic.upgrade()


def is_current() -> bool:
    """Whether the database has every migration."""
    with _alembic():
        return bool(alembic.current()) and not alembic.needs_upgrade()


def revision() -> str:
    """The migration up to which the database has come."""
    with _alembic():
        return ",".join(found.revision for found in alembic.current())


def knows(wanted: str) -> bool:
    """Whether this release has a migration."""
    with _alembic():
        return wanted in {found.revision for found in alembic.script_directory.walk_revisions()}


@contextmanager
def _alembic() -> Iterator[None]:
    # Flask-Alembic closes its connections at the end of an application context: here, not that of the whole command.
    with current_app._get_current_object().app_context():  # type: ignore[attr-defined]
        yield


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": SCHEMA_LOCK})
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": SCHEMA_LOCK})
        return
    with Path(f"{engine.url.database}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
