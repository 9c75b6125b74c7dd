"""One application on a database of its own for all of a file's tests; each test has its own people."""

import shutil
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import delete

from checkin.config import Config
from checkin.db import transaction
from checkin.domain.tries import Try
from checkin.limits import limiter
from tests import servers
from tests.accounts.people import Browser, opened


def _database_url(request: pytest.FixtureRequest, kind: str) -> str:
    if kind == "sqlite":
        file = request.getfixturevalue("tmp_path_factory").mktemp("accounts") / "checkin.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        return f"sqlite:///{file}"
    server: servers.PostgreSQL = request.getfixturevalue("postgresql")
    name = "accounts_" + request.module.__name__.rpartition(".")[2]
    return server.create_database(name, template=request.getfixturevalue("postgresql_template"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def application(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The whole application, on each kind of database: a password's hash takes longer than all the rest."""
    with opened(Config(database_url=_database_url(request, request.param), testing=True)) as app:
        yield app


@pytest.fixture
def browser(application: Flask) -> Browser:
    """Somebody's browser, at a network that has not asked for anything yet."""
    with application.app_context():
        limiter.reset()
        with transaction() as session:
            session.execute(delete(Try))
    return Browser(application)
