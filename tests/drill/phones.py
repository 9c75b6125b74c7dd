"""Phones as the scanner page makes them: a queue, dense numbers, and nothing forgotten before it is acknowledged."""

import http.client
import json
import socket
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests import world

# As many as the scanner sends at once.
BATCH = 40


class Away(Exception):  # noqa: N818 - not an error: the phone tries again.
    """The server did not acknowledge: it is dead, or said something else."""


@dataclass
class QueueingPhone:
    """One phone that scans whatever happens, and offers what isn't acknowledged again and again, oldest first."""

    port: int
    token: str
    id: uuid.UUID
    seq: int = 0
    waiting: dict[str, dict[str, Any]] = field(default_factory=dict)
    acknowledged: dict[str, str] = field(default_factory=dict)
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    epoch: str = ""
    _connection: http.client.HTTPConnection | None = None

    @classmethod
    def of(cls, phone: world.Phone, *, port: int) -> "QueueingPhone":
        """A paired phone in front of a server on a port of this machine."""
        return cls(port, phone.token, phone.id)

    def scan(self, code: str, *, at: datetime) -> None:
        """Read a badge."""
        self.seq += 1
        made = str(uuid.uuid4())
        item = {"id": made, "seq": self.seq, "code": code, "scanned_at": at.isoformat()}
        self.made[made] = self.waiting[made] = {**item, "direction": "in", "input": "camera"}

    def upload(self, *, at_most: int = BATCH) -> int:
        """Send what has waited longest; how many were acknowledged. Raises Away for anything but that."""
        items = list(self.waiting.values())[:at_most]
        if not items:
            return 0
        told = self._ask({"scans": items})
        results = told["results"]
        if [one["id"] for one in results] != [item["id"] for item in items]:
            raise Away
        if self.epoch not in {"", told["epoch"]}:
            self.enter(told["epoch"])
            raise Away
        self.epoch = told["epoch"]
        for one in results:
            del self.waiting[one["id"]]
            self.acknowledged[one["id"]] = one["verdict"]
        return len(items)

    def enter(self, epoch: str) -> None:
        """Begin another epoch: after a restore all that was sent is offered again."""
        self.waiting, self.epoch = dict(self.made), epoch
        self.acknowledged.clear()

    def _ask(self, body: dict[str, Any]) -> dict[str, Any]:
        head = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            connection = self._connected()
            connection.request("POST", "/api/door/v1/scans", json.dumps(body), head)
            answer = connection.getresponse()
            told = answer.read()
            if answer.status != 200:
                raise Away
            found: dict[str, Any] = json.loads(told)
            return found
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.hang_up()
            raise Away from error

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            self._connection.connect()
            # Head and body are two writes, of which the second would wait for the first one's receipt.
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._connection

    def hang_up(self) -> None:
        """Leave the connection, which may be dead."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
