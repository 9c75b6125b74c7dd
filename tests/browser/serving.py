"""The application on a port of its own, in a thread, which a test can stop and start again."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

PORTAL = b"<!doctype html><title>Welcome to the venue's Wi-Fi</title><p>Please accept our terms."


class Served:
    """An application at an address that stays the same; something else may answer there for a while."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._port = 0
        self._instead = ""
        self._released = threading.Event()
        self._server: BaseWSGIServer | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def answer(self, instead: str) -> None:
        """Be `broken` (500), a captive `portal` (200 and a page), `silent` (no answer at all); empty: oneself."""
        self._instead = instead
        self._released.set()
        self._released = threading.Event()

    def _answered(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if self._instead == "silent":
            self._released.wait(60)
        if not self._instead:
            return self._app(environ, start)
        status = "200 OK" if self._instead == "portal" else "500 Internal Server Error"
        start(status, [("Content-Type", "text/html"), ("Content-Length", str(len(PORTAL)))])
        return [PORTAL]

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = make_server("127.0.0.1", self._port, self._answered, threaded=True)
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        """Be gone, as a server is whose machine lost its power."""
        self._released.set()
        if self._server is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None


@contextmanager
def serving(app: Flask) -> Iterator[Served]:
    """An application on a free port, stopped afterwards."""
    served = Served(app)
    served.start()
    try:
        yield served
    finally:
        served.stop()
