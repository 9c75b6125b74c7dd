"""Lets a lone scan overtake what takes long: batches, rosters and pages wait for each other, never a door for them.

A server process has more threads than these lanes let through, so that some are always left for a lone scan. What
finds its lane full is told to come back, which phones do by themselves. It owns no table.
"""

import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from checkin.db import URGENT

# Those who wait take a thread each and little else: a rush of people is let in late, a flood is turned away.
BATCHES_BEHIND, PAGES_BEHIND = 24, 48
# More than all who can wait, so that a lone scan always finds one.
THREADS = 96
# A lone scan has some 500 bytes, or 2,000 with everything a helper can type.
LONE_AT_MOST = 4096
COME_BACK = 2


class Lane:
    """At most `abreast` requests at once, `behind` more that wait; `rest` follows each, as a share of its time."""

    def __init__(self, *, abreast: int, behind: int, rest: float = 0.0) -> None:
        self._free = threading.Semaphore(abreast)
        self._places = threading.Semaphore(abreast + behind)
        self._rest, self._again_at = rest, 0.0

    @contextmanager
    def entered(self) -> Iterator[bool]:
        """Wait for one's turn; False, at once, where there is no room to wait."""
        if not self._places.acquire(blocking=False):
            yield False
            return
        try:
            with self._free:
                time.sleep(max(0.0, self._again_at - time.monotonic()))
                began = time.monotonic()
                yield True
                ended = time.monotonic()
                self._again_at = ended + self._rest * (ended - began)
        finally:
            self._places.release()


@contextmanager
def _urgent(urgent: bool) -> Iterator[None]:
    before = URGENT.set(urgent)
    try:
        yield
    finally:
        URGENT.reset(before)


class Lanes:
    """The application with its requests parted by how long they take, before anything is read of them."""

    def __init__(self, application: WSGIApplication, *, one_writer: bool) -> None:
        """`one_writer`: of a database in which one batch would keep all others from writing."""
        self._application = application
        # Enough to wait for the database; more would only take its connections. None is ever turned away.
        self._doors = Lane(abreast=2 if one_writer else 8, behind=1_000)
        self._batches = Lane(abreast=1, behind=BATCHES_BEHIND, rest=0.5 if one_writer else 0.0)
        self._pages = Lane(abreast=2 if one_writer else 3, behind=PAGES_BEHIND)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        lane = self._lane_of(environ)
        if lane is None:
            return self._application(environ, start_response)
        with lane.entered() as has_room, _urgent(lane is self._doors):
            if has_room:
                return self._application(environ, start_response)
        return _come_back(environ, start_response)

    def _lane_of(self, environ: WSGIEnvironment) -> Lane | None:
        path = environ["PATH_INFO"]
        if path.startswith("/api/door/"):
            whole_roster = path.endswith("/roster") and "since=" not in environ.get("QUERY_STRING", "")
            is_long = _length(environ) > LONE_AT_MOST or whole_roster
            return self._batches if is_long else self._doors
        return None if path.startswith(("/static/", "/healthz")) else self._pages


def _length(environ: dict[str, Any]) -> int:
    """The body's bytes; what doesn't say how long it is counts as long."""
    length = environ.get("CONTENT_LENGTH") or ("0" if environ["REQUEST_METHOD"] == "GET" else "")
    return int(length) if length.isdecimal() else LONE_AT_MOST + 1


def _come_back(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    wants_a_page = "text/html" in environ.get("HTTP_ACCEPT", "")
    kind, body = ("text/html", _PAGE) if wants_a_page else ("application/problem+json", json.dumps(_PROBLEM))
    headers = [("Content-Type", f"{kind}; charset=utf-8"), ("Retry-After", str(COME_BACK))]
    start_response("503 Service Unavailable", headers)
    return [body.encode()]


_PROBLEM = {
    "type": "about:blank",
    "title": "busy",
    "status": 503,
    "code": "busy",
    "detail": "Many are asking at once: try again in a moment.",
}
# Made without the application, which is what there is no room for; so in both languages.
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Checkin</title>
<h1>Many people are here at once</h1>
<p>Go back and try again in a moment: what you typed is still there.</p>
<div lang="ms"><h2>Ramai orang berada di sini serentak</h2>
<p>Sila kembali dan cuba semula sebentar lagi: apa yang anda taip masih ada.</p></div>
</html>
"""
