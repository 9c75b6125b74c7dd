"""Letters over SMTP, read back by a real server."""

import datetime as dt
import smtplib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import trustme
from aiosmtpd.smtp import AuthResult, LoginPassword
from hypothesis import given, settings
from hypothesis import strategies as st

from checkin.adapters import mail
from checkin.adapters.mail import Attachment, Letter, MailDelayed, Mailer, MailRefused, Server, read_server
from checkin.errors import Refusal
from tests.mailboxes import Mailbox, mailbox
from tests.servers import free_port

NOW = dt.datetime(2025, 9, 17, 1, 30, tzinfo=dt.UTC)
LETTER = Letter(
    id="0b5ff1a2",
    name="Ahmad Zulkifli bin Abdul Rahman",
    address="ahmad@example.org",
    subject="Your badge",
    text="Here it is.\n.\nFrom now on.",
    html="<p>Here it is.</p>",
    language="en",
    attachments=(Attachment("badge.pdf", b"%PDF-1.7\r\n\x00\xff", "application/pdf"),),
)
NAMES = [
    "சுப்பிரமணியன் இராமகிருஷ்ணன் வேங்கடேசன்",
    "محمد عبد الرحمن الفارسي",
    "陳大文",
    "Þórður Guðmundsson",
    'Patrick "Pat" O\'Brien, Jr. (x) <y@z>',
    "back\\slash",
    "=?utf-8?q?Aina=0ABcc:=20x@example.org?=",
]
# Beside those of this machine that need no encryption, and still on it.
ELSEWHERE = "127.0.0.2"


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


@pytest.fixture
def mailer(box: Mailbox) -> Iterator[Mailer]:
    with mailer_to(box.url) as mailer:
        yield mailer


@contextmanager
def mailer_to(url: str) -> Iterator[Mailer]:
    sender = "Ekspo Bandar Pintar · 智慧城市 <no-reply@expo.example>"
    mailer = Mailer(read_server(url), sender=sender, domain="expo.example")
    yield mailer
    mailer.close()


# --- what arrives -------------------------------------------------------------------------------------------


def test_a_letter_arrives_with_text_html_and_attachment(mailer: Mailer, box: Mailbox) -> None:
    mailer.send(LETTER, now=NOW)
    delivery = box.next()

    assert delivery.recipients == ["ahmad@example.org"]
    assert delivery.sender == "no-reply@expo.example"
    assert delivery.part("text/plain").replace("\r\n", "\n") == LETTER.text
    assert delivery.part("text/html") == LETTER.html
    assert delivery.part("application/pdf") == LETTER.attachments[0].content
    assert [part.get_filename() for part in delivery.message.walk()][-1] == "badge.pdf"


def test_its_headers_say_what_it_is(mailer: Mailer, box: Mailbox) -> None:
    mailer.send(LETTER, now=NOW)
    delivery = box.next()

    assert delivery.header("From") == "Ekspo Bandar Pintar · 智慧城市 <no-reply@expo.example>"
    assert parsedate_to_datetime(delivery.message["Date"]) == NOW
    assert delivery.message["Message-ID"] == "<0b5ff1a2@expo.example>"
    assert delivery.message["Auto-Submitted"] == "auto-generated"
    assert delivery.message["Content-Language"] == "en"


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_right_in_subject_and_to(mailer: Mailer, box: Mailbox, name: str) -> None:
    mailer.send(replace(LETTER, name=name, subject=f"Badge: {name}", text=name, html=name), now=NOW)
    delivery = box.next()

    shown = name.replace("=?", "=\N{WORD JOINER}?")
    quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
    assert delivery.header("Subject").strip() == f"Badge: {shown}"
    assert delivery.header("To").replace('"', "").replace("\\", "") == (
        f"{quoted} <ahmad@example.org>".replace('"', "").replace("\\", "")
    )
    assert delivery.recipients == ["ahmad@example.org"]
    assert delivery.part("text/plain") == delivery.part("text/html") == name


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=80), st.text(st.characters(codec="utf-8"), max_size=80))
def test_nothing_in_a_name_or_subject_adds_a_header(name: str, subject: str) -> None:
    plain = mail._composed(LETTER, sender="a@b.example", domain="b.example", now=NOW)

    letter = replace(LETTER, name=f"x{name}\r\nBcc: x@example.org\r\n\r\n", subject=f"{subject}\nX-Evil: 1")
    composed = mail._composed(letter, sender="a@b.example", domain="b.example", now=NOW)

    assert headers(composed) == headers(plain)


def headers(composed: bytes) -> list[bytes]:
    head = composed.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    return [line.partition(b":")[0] for line in head.split(b"\r\n")]


def test_an_address_in_another_script_arrives(mailer: Mailer, box: Mailbox) -> None:
    mailer.send(replace(LETTER, address="info@例え.テスト"), now=NOW)

    assert box.next().recipients == ["info@xn--r8jz45g.xn--zckzah"]


def test_a_name_before_the_at_in_another_script_needs_a_server_for_it(mailer: Mailer, box: Mailbox) -> None:
    letter = replace(LETTER, address="陳@example.org")

    mailer.send(letter, now=NOW)
    with (
        mailbox(enable_SMTPUTF8=False) as old,
        mailer_to(old.url) as other,
        pytest.raises(MailRefused, match="Latin letters"),
    ):
        other.send(letter, now=NOW)

    assert box.next().recipients == ["陳@example.org"]


# --- connections --------------------------------------------------------------------------------------------


def test_many_letters_take_one_connection(mailer: Mailer, box: Mailbox) -> None:
    for _ in range(5):
        mailer.send(LETTER, now=NOW)

    assert len({box.next().connection for _ in range(5)}) == 1


def test_each_thread_has_a_connection_of_its_own(mailer: Mailer, box: Mailbox) -> None:
    threads = [threading.Thread(target=mailer.send, args=(LETTER,), kwargs={"now": NOW}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [box.next().recipients for _ in range(4)] == [["ahmad@example.org"]] * 4


def test_a_connection_is_left_before_the_server_tires_of_it(mailer: Mailer, box: Mailbox) -> None:
    letters = mail._LETTERS_A_CONNECTION + 1
    for _ in range(letters):
        mailer.send(LETTER, now=NOW)

    assert len({box.next().connection for _ in range(letters)}) == 2


def test_a_connection_that_the_server_has_ended_is_made_again(mailer: Mailer, box: Mailbox) -> None:
    mailer.send(LETTER, now=NOW)
    box.hang_up()

    mailer.send(LETTER, now=NOW)

    assert len({box.next().connection for _ in range(2)}) == 2


# --- what the server says -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("550 5.1.1 <ahmad@example.org>: no such person", MailRefused),
        ("450 4.2.0 ahmad@example.org: come back later", MailDelayed),
    ],
)
def test_its_reply_is_told_without_the_address(
    mailer: Mailer, box: Mailbox, reply: str, kind: type[Exception]
) -> None:
    box.replies["ahmad@example.org"] = reply

    with pytest.raises(kind) as told:
        mailer.send(LETTER, now=NOW)

    assert str(told.value).startswith(reply[:9])
    assert "ahmad" not in str(told.value)


def test_after_a_refusal_the_next_letter_goes_out(mailer: Mailer, box: Mailbox) -> None:
    box.replies["ahmad@example.org"] = "550 no"
    with pytest.raises(MailRefused):
        mailer.send(LETTER, now=NOW)

    mailer.send(replace(LETTER, address="aina@example.org"), now=NOW)

    assert box.next().recipients == ["aina@example.org"]


def test_a_server_that_is_away_delays() -> None:
    with mailer_to(f"smtp://127.0.0.1:{free_port()}") as mailer, pytest.raises(MailDelayed, match="refused"):
        mailer.send(LETTER, now=NOW)


# --- encryption and sign-in ---------------------------------------------------------------------------------


def only_the_expo(
    _server: object, _session: object, _envelope: object, _mechanism: str, given: LoginPassword
) -> AuthResult:
    return AuthResult(success=given == LoginPassword(b"expo@example.org", b"p@ss/word"), handled=False)


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A server that takes letters after a password alone, and that one over TLS alone."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(ELSEWHERE).configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with mailbox(ELSEWHERE, tls_context=context, auth_required=True, authenticator=only_the_expo) as box:
        yield box


def test_a_server_that_offers_encryption_is_told_the_password(guarded: Mailbox) -> None:
    url = f"smtp://expo%40example.org:p%40ss%2Fword@{ELSEWHERE}:{guarded.port}"

    with mailer_to(url) as mailer:
        mailer.send(LETTER, now=NOW)

    assert guarded.next().recipients == ["ahmad@example.org"]


def test_a_wrong_password_delays_since_it_can_be_mended(guarded: Mailbox) -> None:
    url = f"smtp://expo:wrong@{ELSEWHERE}:{guarded.port}"

    with mailer_to(url) as mailer, pytest.raises(MailDelayed, match="535"):
        mailer.send(LETTER, now=NOW)


def test_a_server_with_a_false_certificate_gets_nothing(
    guarded: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    with mailer_to(guarded.url) as mailer, pytest.raises(MailDelayed, match="certificate"):
        mailer.send(LETTER, now=NOW)

    assert guarded.arrived.empty()


def test_a_server_without_encryption_is_not_told_the_password() -> None:
    with mailbox(ELSEWHERE, authenticator=only_the_expo, auth_require_tls=False) as box:
        url = f"smtp://user:secret@{ELSEWHERE}:{box.port}"

        with mailer_to(url) as mailer, pytest.raises(MailDelayed, match="no encryption"):
            mailer.send(LETTER, now=NOW)


# --- the address of the server ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://localhost", Server("localhost", smtplib.SMTP_PORT, "", "", implicit_tls=False)),
        ("smtp://u:p@mail.example:2525", Server("mail.example", 2525, "u", "p", implicit_tls=False)),
        ("smtp://u%40x:p%2F@mail.example", Server("mail.example", 587, "u@x", "p/", implicit_tls=False)),
        ("smtps://u:p@mail.example", Server("mail.example", 465, "u", "p", implicit_tls=True)),
    ],
)
def test_a_server_is_read_from_its_url(url: str, server: Server) -> None:
    assert read_server(url) == server


@pytest.mark.parametrize(
    "url", ["mail.example", "http://mail.example", "smtp://", "smtp://x:port", "smtp://[::1"]
)
def test_what_is_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(Refusal, match="CHECKIN_SMTP_URL"):
        read_server(url)
