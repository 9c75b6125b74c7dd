"""Durable jobs: put into the caller's own transaction, done by workers; it owns the tables of DBOS.

A job is done at least once: one that had begun when its worker died is begun again. One that raises is
tried again after growing pauses, and given up in the end.
"""

import json
import logging
import re
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import structlog
from flask import Flask, current_app
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from checkin.adapters.presence import Presence, presence
from checkin.db import db
from checkin.errors import Refusal

# DBOS is imported where it is used: it takes 0.2 s and 12 MB, which most commands can do without.
if TYPE_CHECKING:
    from dbos import DBOSClient, EnqueueOptions, Serializer

# As many migrations as DBOS 3.4 has, on SQLite and on PostgreSQL.
DBOS_MIGRATIONS = 125
# Where DBOS keeps its tables on PostgreSQL; on SQLite they lie beside ours.
DBOS_SCHEMA = "dbos"
DBOS_TABLES = frozenset(
    {
        "application_versions",
        "dbos_migrations",
        "notifications",
        "operation_outputs",
        "queues",
        "streams",
        "workflow_events",
        "workflow_events_history",
        "workflow_input",
        "workflow_output",
        "workflow_schedules",
        "workflow_status",
    }
)

MINUTE = timedelta(minutes=1)
# Two days in all: a mail server that is down over a weekend's night is up again by then.
PAUSES = tuple(MINUTE * minutes for minutes in (1, 5, 15, 60, 180, 360, 720, 1440))

_APPLICATION = "checkin"
_QUEUE = "jobs"
_WORKFLOW = "job"
_OPTIONS: "EnqueueOptions" = {"workflow_name": _WORKFLOW, "queue_name": _QUEUE}
# Fixed, so that a release goes on with the jobs of the one before.
_VERSION = "1"
_THREADS = 4
# How many jobs a worker claims at most, each time it looks for more.
_CLAIMS = 20
# A job that ended its worker so often isn't begun any more.
_DEATHS = 10
# Seconds that jobs in hand get to end when the worker is told to stop.
_LAST_SECONDS = 15

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_EXTENSION = "checkin_jobs"
_STOP = "checkin_stop"

log = structlog.get_logger()


@dataclass(frozen=True)
class Pace:
    """How often a worker looks for jobs and for workers that are gone; how long a job that failed rests."""

    jobs: timedelta = timedelta(seconds=1)
    workers: timedelta = MINUTE
    pauses: tuple[timedelta, ...] = PAUSES


USUAL = Pace()


class Postponed(Exception):  # noqa: N818 - not an error, but what a job says.
    """A job can't be done now, for a reason that it has dealt with; it is tried again."""


def _nothing(*_ids: str) -> None:
    """What is left to do for most jobs at their end."""


@dataclass(frozen=True)
class Job:
    """What a name stands for: `give_up` is called where `do` raised to the last, with the same ids.

    `at_start` is called by each worker that starts, to enqueue what has been left behind, `at_stop` by each
    that stops, `now_and_then` by each about once a minute, to enqueue what has become due.
    """

    do: Callable[..., None]
    give_up: Callable[..., None] = _nothing
    at_start: Callable[[], None] = _nothing
    at_stop: Callable[[], None] = _nothing
    now_and_then: Callable[[], None] = _nothing


def register(app: Flask, name: str, job: Job) -> None:
    """Say what workers of this application do under a name."""
    _jobs(app)[name] = job


def _jobs(app: Flask) -> dict[str, Job]:
    return cast(dict[str, Job], app.extensions.setdefault(_EXTENSION, {}))


def prepare_queue(engine: Engine) -> None:
    """Bring DBOS' tables up to date, also by several processes at once; cheap where they are."""
    schema = DBOS_SCHEMA if engine.dialect.name == "postgresql" else None
    if inspect(engine).has_table("dbos_migrations", schema=schema):
        table = f"{schema}.dbos_migrations" if schema else "dbos_migrations"
        with engine.connect() as connection:
            if (connection.scalar(text(f"SELECT version FROM {table}")) or 0) >= DBOS_MIGRATIONS:  # noqa: S608
                return
    from dbos import DBOS

    # It opens the file after our own engine has set WAL, which stays with the file; FULL is SQLite's default.
    DBOS.migrate(_address(engine), schema=DBOS_SCHEMA)


def enqueue(session: Session, job: str, *ids: str) -> None:
    """Have a job done once the session's transaction is committed; nothing happens where it is rolled back.

    Its arguments are kept as they are, so they are ids, never tokens or personal data.
    """
    client = _client(session.get_bind().dialect.name)
    client.enqueue_in_transaction(session, _OPTIONS, job, 0, *ids)


def forget(session: Session) -> None:
    """Take every job out that is not done, with the session's transaction."""
    table = (
        f"{DBOS_SCHEMA}.workflow_status"
        if session.get_bind().dialect.name == "postgresql"
        else "workflow_status"
    )
    undone = f"DELETE FROM {table} WHERE status IN ('ENQUEUED', 'DELAYED', 'PENDING')"  # noqa: S608
    session.execute(text(undone))


@cache
def _client(dialect: str) -> "DBOSClient":
    """A client that writes over the caller's connection only: it never opens one to the address it has."""
    from dbos import DBOSClient

    address = "sqlite:///never-opened.db" if dialect == "sqlite" else "postgresql://never/opened"
    return DBOSClient(
        system_database_url=address,
        dbos_system_schema=DBOS_SCHEMA,
        serializer=_serializer(),
        application_name=_APPLICATION,
        lazy=True,
    )


@cache
def _serializer() -> "Serializer":
    from dbos import Serializer

    class Json(Serializer):
        """JSON instead of DBOS' pickles; of an error only its kind, since its text may tell of people."""

        def serialize(self, data: Any) -> str:
            return json.dumps(data, default=lambda value: type(value).__name__)

        @classmethod
        def deserialize(cls, serialized_data: str) -> Any:
            return json.loads(serialized_data)

        def name(self) -> str:
            return "json"

    return Json()


# --- the worker ---------------------------------------------------------------------------------------------


def run_worker(
    app: Flask,
    *,
    name: str = "worker",
    stop: threading.Event | None = None,
    pace: Pace = USUAL,
) -> None:
    """Do jobs in this process until `stop` is set, or without it until SIGTERM or SIGINT comes.

    Where a living worker has the name already, this one is called `name-2` and so on. Jobs of workers that
    are gone are taken over. Raises Refusal for a name that is none.
    """
    if not _NAME.fullmatch(name):
        raise Refusal("worker_name", "A worker's name has small letters, digits and hyphens, 40 at most.")
    stop = app.extensions[_STOP] = stop or _stopped_by_signal()
    with app.app_context():
        prepare_queue(db.engine)
        called, own = _arrive(db.engine, name)
        try:
            with _launched(app, called, pace):
                for job in _jobs(app).values():
                    job.at_start()
                log.info("worker started", worker=called)
                _look_around(app, own, stop=stop, every=pace.workers)
        finally:
            own.leave()
            for job in _jobs(app).values():
                job.at_stop()
    log.info("worker stopped", worker=called)


def stopping() -> bool:
    """Whether this application's worker was told to stop: a long job had better leave the rest for the next."""
    stop = current_app.extensions.get(_STOP)
    return stop is not None and stop.is_set()


def unfinished(job: str) -> set[tuple[str, ...]]:
    """The ids of each such job that is still to be done or in hand; for `at_start`, in a worker."""
    from dbos import DBOS

    found = DBOS.list_workflows(
        name=_WORKFLOW,
        status=["ENQUEUED", "DELAYED", "PENDING"],
        application_name=_APPLICATION,
        load_output=False,
    )
    runs = [run.input["args"] for run in found if run.input]
    return {tuple(ids) for known, _attempt, *ids in runs if known == job}


def _stopped_by_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _arrive(engine: Engine, name: str) -> tuple[str, Presence]:
    """The first free name of those that begin so: two workers under one would take over each other's jobs."""
    for number in count(1):
        called = name if number == 1 else f"{name}-{number}"
        own = presence(engine, called)
        if own.take():
            return called, own
    raise AssertionError("There is always another number.")


@contextmanager
def _launched(app: Flask, called: str, pace: Pace) -> Iterator[None]:
    """DBOS in this process, with its nine threads; leaving lets the jobs in hand end."""
    # Without a handler of its own DBOS would bring one; ours is the standard library's root.
    logging.getLogger("dbos").addHandler(logging.NullHandler())
    from dbos import DBOS

    DBOS(
        config={
            "name": _APPLICATION,
            "system_database_url": _address(db.engine),
            "dbos_system_schema": DBOS_SCHEMA,
            "sys_db_pool_size": 5,
            "run_migrations": False,
            "serializer": _serializer(),
            "executor_id": called,
            "application_version": _VERSION,
            "max_executor_threads": _THREADS,
            "log_level": "WARNING",
        }
    )

    def job(known: str, attempt: int, *ids: str) -> None:
        with app.app_context():
            _do(_jobs(app).get(known), known, attempt, ids, pace.pauses)

    try:
        DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=_DEATHS)(job)
        DBOS.launch()
        DBOS.register_queue(
            _QUEUE, worker_concurrency=_CLAIMS, polling_interval_sec=pace.jobs.total_seconds()
        )
        yield
    finally:
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=_LAST_SECONDS)


def _address(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def _do(job: Job | None, known: str, attempt: int, ids: Sequence[str], pauses: Sequence[timedelta]) -> None:
    """One attempt at a job; whatever it raises, the worker goes on."""
    try:
        if job is None:
            raise Postponed("A newer release has put in a job that this one doesn't know.")
        job.do(*ids)
    except Exception as error:
        unforeseen = None if isinstance(error, Postponed) else error
        log.warning("job failed", job=known, attempt=attempt + 1, exc_info=unforeseen)
        if attempt < len(pauses):
            _put_again(known, attempt + 1, ids, pause=pauses[attempt])
        elif job is not None:
            log.error("job given up", job=known)
            job.give_up(*ids)


def _put_again(known: str, attempt: int, ids: Sequence[str], *, pause: timedelta) -> None:
    """Within a job, whose child the attempt is: DBOS puts it in once, and waits for a lost database."""
    from dbos import DBOS

    options: EnqueueOptions = {**_OPTIONS, "delay_seconds": pause.total_seconds()}
    DBOS.enqueue_workflow_with_options(options, known, attempt, *ids)


# --- workers that are gone ----------------------------------------------------------------------------------


def _look_around(app: Flask, own: Presence, *, stop: threading.Event, every: timedelta) -> None:
    """Until told to stop, do what is due, and take over the jobs of workers that are gone.

    DBOS by itself knows of no death.
    """
    absent: set[str] = set()
    while not stop.wait(every.total_seconds()):
        try:
            own.keep()
            absent = _take_over(db.engine, absent)
            for job in _jobs(app).values():
                job.now_and_then()
        except SQLAlchemyError as error:
            log.warning("worker lost the database", kind=type(error).__name__)


def _take_over(engine: Engine, absent_before: set[str]) -> set[str]:
    """Queue the jobs of workers that are absent for the second time; returns those absent for the first.

    After a restart of PostgreSQL living workers, too, are without their locks for a moment.
    """
    from dbos import DBOS

    absent = set()
    in_hand = DBOS.list_workflows(status="PENDING", application_name=_APPLICATION, load_input=False)
    for called in sorted({str(run.executor_id) for run in in_hand}):
        gone = presence(engine, called)
        if not gone.take():
            continue
        try:
            if called in absent_before:
                log.warning("worker is gone", worker=called)
                # Private, but what DBOS' Conductor calls; the public ways forget how often a job was fatal.
                DBOS._recover_pending_workflows([called])
            else:
                absent.add(called)
        finally:
            gone.leave()
    return absent
