"""The databases that every test of ours runs on: SQLite and PostgreSQL, both real."""

import os
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from io import BytesIO
from itertools import count
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from checkin import schema
from checkin.adapters import jobs
from checkin.app import create_app
from checkin.config import Config
from checkin.db import db, reading
from checkin.documents import printing
from checkin.documents.badges import BadgeFace, print_badges
from checkin.organisers import importing
from checkin.organisers.list_process import read_parts
from tests import servers, world

_NUMBERS = count()


def _migrated(url: str) -> None:
    app = create_app(Config(database_url=url, testing=True))
    with app.app_context():
        schema.upgrade()
        jobs.prepare_queue(db.engine)
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied for each test."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrated(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[servers.PostgreSQL]:
    """A PostgreSQL server for this run."""
    with servers.postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_template(postgresql: servers.PostgreSQL) -> str:
    """The name of a migrated database, to be copied for each test."""
    _migrated(postgresql.create_database("template"))
    return "template"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated database of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "checkin.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: servers.PostgreSQL = request.getfixturevalue("postgresql")
    name = f"test_{os.getpid()}_{next(_NUMBERS)}"
    yield server.create_database(name, template=request.getfixturevalue("postgresql_template"))
    server.drop_database(name)


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The application on a fresh database of each kind."""
    app = create_app(Config(database_url=database_url, testing=True))
    yield app
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def expo(app: Flask) -> Flask:
    """The application with the small event."""
    world.set_event(app)
    return app


@pytest.fixture
def looking(expo: Flask) -> Iterator[Session]:
    """A session that reads the small event's database."""
    with expo.app_context(), reading() as session:
        yield session


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The journeys first: they are the longest, and the other core has everything else to do meanwhile."""
    items.sort(key=lambda item: "journeys" not in item.path.parts)


@pytest.fixture
def reader_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have lists read in this process: another one takes seconds to start."""
    monkeypatch.setattr(importing, "reading_process", lambda file: nullcontext(read_parts(file)))


@pytest.fixture
def printer_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have print runs made in this process: another one takes two seconds to start."""

    class Printer:
        def print(self, asked: list[BadgeFace], layout: str, *, bleed: bool) -> tuple[bytes, tuple[str, ...]]:
            out = BytesIO()
            report = print_badges(asked, out, layout=layout, bleed=bleed, on_page=lambda _: None)
            return out.getvalue(), report.missing_glyphs

    monkeypatch.setattr(printing, "printing_process", lambda: nullcontext(Printer()))
