"""A real SMTP server that keeps what it is given, and refuses or hesitates where a test wants it to."""

import asyncio
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers import free_port
from tests.workers import PATIENCE


@dataclass(frozen=True)
class Delivery:
    """A letter as it arrived, with its envelope."""

    sender: str
    recipients: list[str]
    message: Message
    connection: int

    def header(self, name: str) -> str:
        """A header in plain letters (RFC 2047)."""
        return str(make_header(decode_header(self.message[name].replace("\r\n", ""))))

    def part(self, media_type: str) -> Any:
        """The only part of a media type, decoded: text as text."""
        [part] = [part for part in self.message.walk() if part.get_content_type() == media_type]
        content = part.get_payload(decode=True)
        return (
            content.decode(part.get_content_charset()) if part.get_content_maintype() == "text" else content
        )


@dataclass
class Mailbox:
    """What the server was given. `replies` maps recipients to what is said instead of 250."""

    host: str
    port: int
    replies: dict[str, str] = field(default_factory=dict)
    hesitates: bool = False
    hesitating: threading.Event = field(default_factory=threading.Event)
    turned_away: "queue.Queue[str]" = field(default_factory=queue.Queue)
    connections: list[SMTP] = field(default_factory=list)
    arrived: "queue.Queue[Delivery]" = field(default_factory=queue.Queue)

    @property
    def url(self) -> str:
        return f"smtp://{self.host}:{self.port}"

    def next(self) -> Delivery:
        """The next letter to arrive."""
        return self.arrived.get(timeout=PATIENCE)

    def hang_up(self) -> None:
        """End the connections there are, as a server does that is started again."""

        async def abort(server: SMTP) -> None:
            server.transport.abort()

        for server in self.connections:
            asyncio.run_coroutine_threadsafe(abort(server), server.loop).result(PATIENCE)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name.
        self, server: SMTP, session: Session, _envelope: Envelope, host: str, answers: list[str]
    ) -> list[str]:
        session.host_name = host
        self.connections.append(server)
        return answers

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name.
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.replies:
            self.turned_away.put(address)
            return self.replies[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.hesitates:
            self.hesitating.set()
            await asyncio.Event().wait()
        message = message_from_bytes(envelope.original_content or b"")
        sender = envelope.mail_from or ""
        self.arrived.put(Delivery(sender, list(envelope.rcpt_tos), message, id(session)))
        return "250 OK"


@contextmanager
def mailbox(host: str = "127.0.0.1", **options: Any) -> Iterator[Mailbox]:
    """A mail server, gone afterwards; `options` are aiosmtpd's."""
    box = Mailbox(host, free_port())
    controller = Controller(box, hostname=host, port=box.port, **options)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
