"""A load generator that costs little: prepared requests, kept connections, one thread, no HTTP library."""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass
class Answers:
    """What came back: seconds a request in the order of arrival, and the bodies."""

    seconds: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    elapsed: float = 0.0


def request(path: str, body: bytes, *, host: str, token: str) -> bytes:
    """A POST of JSON as the bytes that go over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def fire(address: tuple[str, int], requests: Sequence[bytes], *, connections: int) -> Answers:
    """Send the requests over so many connections, each waiting for its answer before it sends the next."""
    answers = Answers()
    selector = selectors.DefaultSelector()
    waiting = iter(requests)
    began = time.perf_counter()
    for _ in range(connections):
        connection = socket.create_connection(address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _send_next(selector, connection, waiting, register=True)
    while selector.get_map():
        for key, _ in selector.select():
            _receive(selector, key, waiting, answers)
    answers.elapsed = time.perf_counter() - began
    return answers


def _send_next(
    selector: selectors.BaseSelector, connection: socket.socket, waiting: Iterator[bytes], *, register: bool
) -> None:
    upcoming = next(waiting, None)
    if upcoming is None:
        if not register:
            selector.unregister(connection)
        connection.close()
        return
    connection.sendall(upcoming)
    state = [time.perf_counter(), b""]
    if register:
        selector.register(connection, selectors.EVENT_READ, state)
    else:
        selector.modify(connection, selectors.EVENT_READ, state)


def _receive(
    selector: selectors.BaseSelector, key: selectors.SelectorKey, waiting: Iterator[bytes], answers: Answers
) -> None:
    connection, state = key.fileobj, key.data
    chunk = connection.recv(65536)  # type: ignore[union-attr]
    if not chunk:
        raise ConnectionError("the server closed a connection in the middle of an answer")
    state[1] += chunk
    head, separator, body = state[1].partition(b"\r\n\r\n")
    if not separator or len(body) < _length(head):
        return
    answers.seconds.append(time.perf_counter() - state[0])
    answers.bodies.append(body)
    _send_next(selector, connection, waiting, register=False)


def _length(head: bytes) -> int:
    marker = head.lower().index(b"content-length:") + len(b"content-length:")
    return int(head[marker:].split(b"\r\n", 1)[0])
