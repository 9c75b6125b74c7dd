"""The application on a port of its own, in a thread, which a test can stop and start again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server


class Served:
    """An application at an address that stays the same."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._port = 0
        self._server: BaseWSGIServer | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = make_server("127.0.0.1", self._port, self._app, threaded=True)
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        """Be gone, as a server is whose machine lost its power."""
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
