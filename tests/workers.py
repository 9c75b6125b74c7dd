"""Runs workers for tests: in a thread of this process, or as a process of its own that can be killed."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from flask import Flask

from checkin import logs
from checkin.adapters import jobs
from checkin.config import Config
from checkin.db import db, engine_settings, prepare_engines, transaction

PATIENCE = 30.0
SOON = timedelta(milliseconds=50)
QUICK = jobs.Pace(jobs=SOON, workers=SOON, pauses=(timedelta(0),) * 9)


def small_app(database_url: str) -> Flask:
    """An application with a database and nothing else, which starts four times as fast."""
    logs.configure()
    app = Flask("checkin")
    app.config["SQLALCHEMY_ENGINES"] = engine_settings(Config(database_url=database_url))
    db.init_app(app)
    with app.app_context():
        prepare_engines(db.engines)
    return app


@contextmanager
def working(app: Flask, *, name: str = "worker", pauses: int = 9) -> Iterator[None]:
    """A worker beside the test, in a hurry, stopped at the end; what it raised is raised."""
    stop, pace = threading.Event(), replace(QUICK, pauses=QUICK.pauses[:pauses])
    with ThreadPoolExecutor(1) as threads:
        worker = threads.submit(jobs.run_worker, app, name=name, stop=stop, pace=pace)
        try:
            yield
        finally:
            stop.set()
            worker.result(PATIENCE)


@contextmanager
def worker_process(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A program that runs a worker, killed at the end where it still lives."""
    command = [sys.executable, "-c", program, *arguments]
    folder, pipe = Path(__file__).parents[1], subprocess.PIPE
    process = subprocess.Popen(command, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


class Record:
    """A job that notes the ids it is called with, and whether it was given up."""

    def __init__(self, *, failures: int = 0) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.given_up: list[tuple[str, ...]] = []
        self.done = threading.Event()
        self._failures = failures

    def do(self, *ids: str) -> None:
        self.calls.append(ids)
        if len(self.calls) <= self._failures:
            raise RuntimeError("Aina Yusof <aina@example.org>")
        self.done.set()

    def give_up(self, *ids: str) -> None:
        self.given_up.append(ids)
        self.done.set()

    def register(self, app: Flask, name: str = "greet") -> None:
        jobs.register(app, name, jobs.Job(self.do, give_up=self.give_up))

    def wait(self) -> None:
        assert self.done.wait(PATIENCE), "The job was not done in time."


def enqueue(app: Flask, *ids: str, job: str = "greet") -> None:
    with app.app_context(), transaction() as session:
        jobs.enqueue(session, job, *ids)
