"""Jobs: in the caller's transaction, done by whichever worker lives, given up only after several attempts."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from checkin import schema
from checkin.adapters import jobs
from checkin.adapters.presence import presence
from checkin.db import db
from checkin.errors import Refusal
from tests.workers import PATIENCE, Record, enqueue, worker_process, working

# Says when it has begun a job, and ends it only when told to.
WORKER = """
import sys
from checkin.adapters import jobs
from tests.workers import QUICK, small_app

def do(number):
    print("begun", number, flush=True)
    sys.stdin.readline()
    print("ended", number, flush=True)

app = small_app(sys.argv[1])
jobs.register(app, "greet", jobs.Job(do))
jobs.run_worker(app, pace=QUICK)
"""
ENQUEUE = """
import sys, threading
from checkin.adapters import jobs
from checkin.db import transaction
from tests.workers import small_app

with small_app(sys.argv[1]).app_context(), transaction() as session:
    jobs.enqueue(session, "greet", "1")
    assert threading.active_count() == 1, threading.enumerate()
"""


def statuses(app: Flask) -> list[str]:
    """How far each job is, in DBOS' words."""
    with app.app_context(), db.engine.connect() as connection:
        table = "dbos.workflow_status" if db.engine.dialect.name == "postgresql" else "workflow_status"
        return sorted(connection.scalars(text(f"SELECT status FROM {table}")))


def kept(app: Flask) -> str:
    """All that DBOS keeps, as text."""
    with app.app_context(), db.engine.connect() as connection:
        schema = "dbos" if db.engine.dialect.name == "postgresql" else None
        prefix = f"{schema}." if schema else ""
        tables = [f"{prefix}{name}" for name in inspect(connection).get_table_names(schema=schema)]
        return repr([connection.execute(text(f"SELECT * FROM {name}")).all() for name in tables])


# --- in the caller's transaction ----------------------------------------------------------------------------


def test_a_job_is_done_once_after_the_commit_and_never_after_a_rollback(app: Flask) -> None:
    record = Record()
    record.register(app)
    with app.app_context(), Session(db.engine) as session:
        jobs.enqueue(session, "greet", "rolled back")
        session.rollback()
    enqueue(app, "committed", "two")

    with working(app):
        record.wait()

    assert record.calls == [("committed", "two")]


def test_a_process_without_a_worker_enqueues(app: Flask, database_url: str) -> None:
    record = Record()
    record.register(app)

    command = [sys.executable, "-c", ENQUEUE, database_url]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    with working(app):
        record.wait()

    assert (said.stdout, said.stderr) == ("", "")
    assert record.calls == [("1",)]


def test_what_waits_when_a_worker_starts_can_be_told(app: Flask) -> None:
    found: list[set[tuple[str, ...]]] = []
    started = threading.Event()

    def look() -> None:
        found.append(jobs.unfinished("later"))
        started.set()

    jobs.register(app, "later", jobs.Job(lambda *_: None, at_start=look))
    enqueue(app, "1", job="later")
    enqueue(app, "2", job="later")
    enqueue(app, "3", job="something else")

    with working(app):
        assert started.wait(PATIENCE)

    assert found == [{("1",), ("2",)}]


# --- failures -----------------------------------------------------------------------------------------------


def test_a_job_that_raises_is_tried_again(app: Flask) -> None:
    record = Record(failures=2)
    record.register(app)
    enqueue(app, "1")

    with working(app):
        record.wait()

    assert record.calls == [("1",)] * 3
    assert record.given_up == []


def test_a_job_that_raises_to_the_last_is_given_up(app: Flask) -> None:
    record = Record(failures=99)
    record.register(app)
    enqueue(app, "1")

    with working(app, pauses=1):
        record.wait()

    assert record.calls == [("1",)] * 2
    assert record.given_up == [("1",)]


def test_nothing_of_an_error_is_kept(app: Flask) -> None:
    record = Record(failures=99)
    record.register(app)
    enqueue(app, "the-id")

    with working(app, pauses=0):
        record.wait()

    assert "the-id" in kept(app)
    assert "example.org" not in kept(app)


def test_the_pauses_last_two_days() -> None:
    assert sum(jobs.PAUSES, timedelta()) > timedelta(days=1, hours=12)


def test_a_job_that_only_a_newer_release_knows_waits(app: Flask) -> None:
    record = Record()
    record.register(app)
    enqueue(app, "1", job="unknown")
    enqueue(app, "2")

    with working(app):
        record.wait()

    assert [status for status in statuses(app) if status != "SUCCESS"] in (["DELAYED"], ["ENQUEUED"])


# --- workers come and go ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["worker", "another"])
def test_the_job_of_a_killed_worker_is_done_by_the_next(app: Flask, database_url: str, name: str) -> None:
    record = Record()
    record.register(app)
    enqueue(app, "1")
    with worker_process(WORKER, database_url) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "begun 1\n"
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(PATIENCE)

        with working(app, name=name):
            record.wait()

    assert record.calls == [("1",)]


def test_a_worker_that_is_told_to_stop_ends_what_it_does(app: Flask, database_url: str) -> None:
    enqueue(app, "1")
    with worker_process(WORKER, database_url) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "begun 1\n"

        worker.send_signal(signal.SIGTERM)
        said, told = worker.communicate("go on\n", timeout=PATIENCE)

    assert worker.returncode == 0
    assert said == "ended 1\n"
    assert [json.loads(line)["event"] for line in told.splitlines()] == ["worker started", "worker stopped"]
    assert statuses(app) == ["SUCCESS"]


def test_a_second_worker_of_the_same_name_gets_a_number(app: Flask) -> None:
    record = Record()
    record.register(app)
    enqueue(app, "1")
    with app.app_context():
        first = presence(db.engine, "worker")
    first.take()

    with capture_logs() as told, working(app):
        record.wait()
    first.leave()

    assert [line["worker"] for line in told if "worker" in line] == ["worker-2", "worker-2"]


def test_a_worker_needs_a_plain_name(app: Flask) -> None:
    with pytest.raises(Refusal, match="small letters"):
        jobs.run_worker(app, name="../worker", stop=threading.Event())


# --- DBOS' tables -------------------------------------------------------------------------------------------


def test_the_tables_are_prepared_once_by_several_at_a_time(app: Flask) -> None:
    def prepare() -> None:
        with app.app_context():
            jobs.prepare_queue(db.engine)

    with ThreadPoolExecutor(4) as threads:
        for prepared in [threads.submit(prepare) for _ in range(4)]:
            prepared.result(PATIENCE)


def test_we_know_how_many_migrations_dbos_has() -> None:
    from dbos._migration import get_dbos_migrations, sqlite_migrations

    on_postgresql = get_dbos_migrations("dbos", True, False)

    assert {len(sqlite_migrations), len(on_postgresql)} == {jobs.DBOS_MIGRATIONS}


def test_our_migrations_leave_the_tables_alone(app: Flask) -> None:
    with app.app_context():
        assert schema.alembic.compare_metadata() == []


def test_whoever_opens_the_file_writes_durably(app: Flask) -> None:
    """DBOS sets neither: WAL stays with the file, and FULL is what SQLite does by itself."""
    with app.app_context():
        engine = db.engine
    if engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(str(engine.url.database))) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
