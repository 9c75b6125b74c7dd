"""Sends e-mail over SMTP, composed by Flask-Mailman: plain values in, letters out; it owns no table."""

import re
import smtplib
import ssl
import unicodedata
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.charset import QP, Charset
from email.utils import format_datetime, parseaddr, quote
from urllib.parse import unquote, urlsplit

from flask_mailman import EmailMultiAlternatives

from checkin.config import LOOPBACK
from checkin.errors import Refusal

# Seconds for each answer of the mail server.
_PATIENCE = 20.0
# Some servers hang up on a connection after a hundred letters.
_LETTERS_A_CONNECTION = 50
_LONGEST_REPLY = 300
_IMPLICIT_TLS, _SUBMISSION, _RELAY = 465, 587, 25

# Quoted-printable, since not every relay takes eight bits.
_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP

_ADDRESSES = re.compile(r"<?[^\s<>]+@[^\s<>]+>?")
_BREAKS = ("Cc", "Zl", "Zp")


class MailRefused(Exception):  # noqa: N818 - the mail server's word, not an error of ours.
    """This letter will never go out; the text says why, without addresses."""


class MailDelayed(Exception):  # noqa: N818
    """This letter didn't go out, but a later attempt may succeed; the text says why, without addresses."""


@dataclass(frozen=True)
class Attachment:
    """A file with its media type, such as `application/pdf`."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True)
class Letter:
    """An e-mail to one person; `id` is the same each time it is tried, `language` is a BCP 47 tag."""

    id: str
    name: str
    address: str
    subject: str
    text: str
    html: str
    language: str
    attachments: tuple[Attachment, ...] = ()
    # Where answers go, if not to the sender.
    reply_to: str = ""


@dataclass(frozen=True)
class Server:
    """Where mail is handed in; `implicit_tls` means encrypted from the first byte."""

    host: str
    port: int
    user: str
    password: str
    implicit_tls: bool


def read_server(url: str) -> Server:
    """The mail server of a URL such as `smtp://user:password@host:587`; raises Refusal for another kind."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise Refusal(
            "unsafe_settings",
            "CHECKIN_SMTP_URL must be like smtp://user:password@host:587, or begin with smtps://.",
        )
    usual = _IMPLICIT_TLS if parts.scheme == "smtps" else _SUBMISSION if parts.username else _RELAY
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Server(parts.hostname, port or usual, user, password, parts.scheme == "smtps")


class Mailer:
    """Sends letters, many over one connection; each of several threads has one of its own meanwhile.

    `sender` is the From line, `domain` what the letters' ids end in.
    """

    def __init__(self, server: Server, *, sender: str, domain: str) -> None:
        self._server = server
        self._sender = sender
        self._domain = domain
        # Connections that nobody uses now, with how many letters each has taken.
        self._idle: deque[tuple[smtplib.SMTP, int]] = deque()

    def send(self, letter: Letter, *, now: datetime) -> None:
        """Hand a letter to the mail server; raises MailRefused or MailDelayed where it didn't take it."""
        content = _composed(letter, sender=self._sender, domain=self._domain, now=now)
        _, sender = parseaddr(self._sender)
        with _told(), self._connection() as connection:
            recipient, options = _envelope(letter.address, connection)
            connection.sendmail(sender, [recipient], content, mail_options=options)

    def close(self) -> None:
        """Hang up."""
        while self._idle:
            connection, _ = self._idle.pop()
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        connection, letters = self._waiting() or (_connected(self._server), 0)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if letters + 1 < _LETTERS_A_CONNECTION:
            self._idle.append((connection, letters + 1))
        else:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()

    def _waiting(self) -> tuple[smtplib.SMTP, int] | None:
        """An open connection on which the server still answers."""
        while True:
            try:
                connection, letters = self._idle.pop()
            except IndexError:
                return None
            with suppress(smtplib.SMTPException, OSError):
                if connection.noop()[0] == 250:
                    return connection, letters
            connection.close()


def _connected(server: Server) -> smtplib.SMTP:
    """A new connection, encrypted where the server can, signed in where a user is given."""
    connection: smtplib.SMTP
    if server.implicit_tls:
        trust = ssl.create_default_context()
        connection = smtplib.SMTP_SSL(server.host, server.port, timeout=_PATIENCE, context=trust)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=_PATIENCE)
    try:
        private = server.implicit_tls or _hidden(connection, server.host)
        if server.user and not private:
            raise MailDelayed("The mail server offers no encryption, so it was not told the password.")
        if server.user:
            connection.login(server.user, server.password)
        connection.ehlo_or_helo_if_needed()
    except BaseException:
        connection.close()
        raise
    return connection


def _hidden(connection: smtplib.SMTP, host: str) -> bool:
    """Encrypt what follows where the server offers it; whether nobody on the way can read it then."""
    # Within this machine there is no way, and a local relay seldom has a certificate that holds.
    if host in LOOPBACK:
        return True
    connection.ehlo_or_helo_if_needed()
    if not connection.has_extn("starttls"):
        return False
    connection.starttls(context=ssl.create_default_context())
    return True


def _composed(letter: Letter, *, sender: str, domain: str, now: datetime) -> bytes:
    """The letter as it goes over the line (RFC 5322, RFC 2045): text, HTML and attachments."""
    message = EmailMultiAlternatives(
        subject=_one_line(letter.subject),
        body=letter.text,
        from_email=sender,
        to=[f'"{quote(_one_line(letter.name))}" <{letter.address}>'],
        headers={
            "Date": format_datetime(now),
            "Message-ID": f"<{letter.id}@{domain}>",
            # RFC 3834: no holiday notices in return.
            "Auto-Submitted": "auto-generated",
            "Content-Language": letter.language,
        },
        reply_to=[letter.reply_to] if letter.reply_to else None,
    )
    message.encoding = _UTF8
    message.attach_alternative(letter.html, "text/html")
    for attachment in letter.attachments:
        message.attach(attachment.name, attachment.content, attachment.media_type)
    return bytes(message.message().as_bytes(linesep="\r\n"))


def _one_line(text: str) -> str:
    """Text for a header that means itself: it ends no line, and isn't read as encoded (RFC 2047)."""
    line = "".join(" " if unicodedata.category(sign) in _BREAKS else sign for sign in text)
    return line.replace("=?", "=\N{WORD JOINER}?")


def _envelope(address: str, connection: smtplib.SMTP) -> tuple[str, tuple[str, ...]]:
    """The address as the server takes it, with the options of MAIL FROM that it needs (RFC 6531)."""
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        if not connection.has_extn("smtputf8"):
            raise MailRefused("The mail server takes only addresses in Latin letters before the @.")
        return address, ("SMTPUTF8", "BODY=8BITMIME")
    return f"{local}@{domain.encode('idna').decode()}", ()


@contextmanager
def _told() -> Iterator[None]:
    """Say what went wrong as MailRefused or MailDelayed, without the address that is in most replies.

    Only what is about the letter or its recipient can be for good: a sender or a password that the server
    doesn't like is wrong for every letter, and will be set right.
    """
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        code, reply = next(iter(error.recipients.values()))
        raise _verdict(code, reply) from None
    except smtplib.SMTPDataError as error:
        raise _verdict(error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPResponseException as error:
        raise MailDelayed(_reply(error.smtp_code, error.smtp_error)) from None
    except (smtplib.SMTPException, OSError) as error:
        raise MailDelayed(f"The mail server can't be used: {_plain(str(error))}") from None


def _verdict(code: int, reply: bytes | str) -> Exception:
    return (MailRefused if 500 <= code < 600 else MailDelayed)(_reply(code, reply))


def _reply(code: int, reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return f"{code} {_plain(text)}"


def _plain(text: str) -> str:
    return _ADDRESSES.sub("…", " ".join(_one_line(text).split()))[:_LONGEST_REPLY]
