"""Names that one living process at a time has."""

import subprocess
import sys

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from checkin.adapters.presence import presence
from checkin.db import db

HOLD_A_NAME = """
import sys
from sqlalchemy import create_engine
from checkin.adapters.presence import presence
held = presence(create_engine(sys.argv[1]), "worker")
print(held.take(), flush=True)
sys.stdin.read()
"""
OURS = """
    FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE l.locktype = 'advisory' AND d.datname = current_database()
"""


@pytest.fixture
def engine(app: Flask) -> Engine:
    with app.app_context():
        return db.engine


def wait_for_its_locks(engine: Engine) -> None:
    """PostgreSQL ends the session of a killed process a moment later, and others can wait for what it held."""
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execute(text("SET lock_timeout = '30s'"))
            connection.execute(
                text(f"SELECT pg_advisory_lock((l.classid::bigint << 32) | l.objid::bigint) {OURS}")
            )


def lose_connections(engine: Engine) -> None:
    """As when the server is started again."""
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execute(text(f"SELECT pg_terminate_backend(l.pid, 30000) {OURS}"))


def test_a_name_has_one_bearer_until_it_is_left(engine: Engine) -> None:
    first, second = presence(engine, "worker"), presence(engine, "worker")

    taken = [first.take(), second.take()]
    first.leave()
    taken.append(second.take())
    second.leave()

    assert taken == [True, False, True]


def test_names_do_not_hinder_each_other(engine: Engine) -> None:
    first, second = presence(engine, "worker"), presence(engine, "worker-2")

    taken = [first.take(), second.take()]
    first.leave()
    second.leave()

    assert taken == [True, True]


def test_the_name_of_a_killed_process_is_free(engine: Engine) -> None:
    mine = presence(engine, "worker")
    command = [sys.executable, "-c", HOLD_A_NAME, engine.url.render_as_string(hide_password=False)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        while_it_lived = mine.take()

        other.kill()
        other.wait()

    wait_for_its_locks(engine)
    afterwards = mine.take()
    mine.leave()

    assert (while_it_lived, afterwards) == (False, True)


def test_a_name_is_kept_through_a_lost_connection(engine: Engine) -> None:
    mine, another = presence(engine, "worker"), presence(engine, "worker")
    mine.take()
    lose_connections(engine)

    kept, stolen = mine.keep(), another.take()
    mine.leave()

    assert (kept, stolen) == (True, False)
