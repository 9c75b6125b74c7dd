"""A lone scan overtakes what takes long, and what finds no room comes back."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import Client, TestResponse

from checkin.db import db, transaction
from checkin.lanes import BATCHES_BEHIND, PAGES_BEHIND, Lanes

PATIENCE = 10.0
BATCH, LONE = b"x" * 30_000, b"x" * 500


class Held:
    """An application whose long requests take as long as the test wants."""

    def __init__(self) -> None:
        self.go, self.inside = threading.Event(), threading.Semaphore(0)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("CONTENT_LENGTH") != str(len(LONE)):
            self.inside.release()
            assert self.go.wait(PATIENCE)
        start_response("200 OK", [])
        return [b""]


def send(lanes: Lanes, path: str, body: bytes) -> TestResponse:
    return Client(lanes).post(path, data=body)


@pytest.mark.parametrize(
    ("path", "abreast", "behind"), [("/api/door/v1/scans", 1, BATCHES_BEHIND), ("/register", 2, PAGES_BEHIND)]
)
def test_a_lone_scan_passes_what_waits_and_one_too_many_is_told_to_come_back(
    path: str, abreast: int, behind: int
) -> None:
    held = Held()
    lanes, room = Lanes(held, one_writer=True), abreast + behind
    with ThreadPoolExecutor(room + 1) as pool:
        waiting = [pool.submit(send, lanes, path, BATCH) for _ in range(room + 1)]
        for _ in range(abreast):
            assert held.inside.acquire(timeout=PATIENCE)

        lone = send(lanes, "/api/door/v1/scans", LONE)
        turned_away = next(as_completed(waiting, timeout=PATIENCE)).result()
        no_other_goes = not held.inside.acquire(blocking=False)
        held.go.set()
        answers = [one.result(PATIENCE).status_code for one in waiting]

    assert lone.status_code == 200
    assert (turned_away.status_code, turned_away.headers["Retry-After"]) == (503, "2")
    assert turned_away.json is not None
    assert turned_away.json["code"] == "busy"
    assert no_other_goes
    assert sorted(answers) == [200] * room + [503]


def test_a_whole_roster_waits_with_the_batches_and_its_changes_do_not() -> None:
    held = Held()
    lanes = Lanes(held, one_writer=False)
    with ThreadPoolExecutor(3) as pool:
        batch = pool.submit(send, lanes, "/api/door/v1/scans", BATCH)
        assert held.inside.acquire(timeout=PATIENCE)
        whole = pool.submit(Client(lanes).get, "/api/door/v1/roster")
        changes = pool.submit(Client(lanes).get, "/api/door/v1/roster?since=x")

        assert held.inside.acquire(timeout=PATIENCE)
        only_the_changes = not held.inside.acquire(blocking=False)
        held.go.set()
        answers = [one.result(PATIENCE).status_code for one in (batch, whole, changes)]

    assert only_the_changes
    assert answers == [200, 200, 200]


def test_writers_wait_in_line_and_give_up_their_turn_also_when_they_fail(app: Flask) -> None:
    def write(number: int) -> bool:
        with app.app_context(), suppress(ZeroDivisionError), transaction() as session:
            session.execute(text("SELECT 1"))
            return bool(1 / (number % 2))
        return False

    with ThreadPoolExecutor(8) as pool:
        written = [pool.submit(write, number) for number in range(64)]
        succeeded = [one.result(PATIENCE) for one in written]
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()

    assert succeeded == [False, True] * 32
