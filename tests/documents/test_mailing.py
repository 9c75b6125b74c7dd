"""Messages to delegates: written with what causes them, sent once by a worker, in their language."""

from collections.abc import Iterator

import pypdfium2
import pytest
import zxingcpp
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.app import create_app
from checkin.config import Config
from checkin.db import db, reading, transaction
from checkin.documents import mailing
from checkin.domain import delegates, messages
from checkin.domain.delegates import Delegate
from checkin.domain.messages import Message
from checkin.errors import Conflict
from tests import world
from tests.mailboxes import Mailbox, mailbox
from tests.workers import PATIENCE, Record, enqueue, worker_process, working

AINA = world.person("Aina binti Yusof", email="aina@example.org", honorific="Dato'", country="MY")

WORKER = """
import sys
from checkin.adapters import jobs
from checkin.app import create_app
from checkin.config import Config
from tests.workers import QUICK

app = create_app(Config(database_url=sys.argv[1], smtp_url=sys.argv[2], testing=True))
jobs.run_worker(app, pace=QUICK)
"""


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


@pytest.fixture
def mailing_expo(expo: Flask, database_url: str, box: Mailbox) -> Iterator[Flask]:
    """The expo again, now with a mail server."""
    config = Config(
        database_url=database_url,
        base_url="http://127.0.0.1:8000",
        smtp_url=box.url,
        mail_from="Expo <no-reply@expo.example>",
        testing=True,
    )
    app = create_app(config)
    yield app
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


def reissue(app: Flask, name: str = AINA.name) -> bool:
    """Somebody's badge anew, as the desk does it."""
    with app.app_context(), transaction() as session:
        delegate = session.scalars(select(Delegate).where(Delegate.name == name)).one()
        key = app.config["CHECKIN"].key
        return mailing.reissue_and_mail(session, delegate, reason="lost", key=key, now=clock.now())


def outbox(app: Flask) -> list[tuple[str, str]]:
    """How each message stands, and what was said of it."""
    with app.app_context(), reading() as session:
        query = select(Message).order_by(Message.created_at)
        return [(message.status, message.error) for message in session.scalars(query)]


def work_once(app: Flask) -> None:
    """A worker until it has done what is enqueued now: it ends what it took together with the last job."""
    last = Record()
    last.register(app, "last")
    enqueue(app, job="last")
    with working(app):
        last.wait()


def badge_in(pdf: bytes) -> tuple[str, str]:
    """The text and the code on a badge of one page."""
    (page,) = pypdfium2.PdfDocument(pdf)
    [barcode] = zxingcpp.read_barcodes(page.render(scale=150 / 72).to_pil())
    return " ".join(page.get_textpage().get_text_range().split()), barcode.text


# --- the letter ---------------------------------------------------------------------------------------------


def test_a_new_badge_is_mailed_once(mailing_expo: Flask, box: Mailbox) -> None:
    world.enrol(mailing_expo, [AINA])
    old = world.codes(mailing_expo)[AINA.name]

    mailed = reissue(mailing_expo)
    with working(mailing_expo):
        delivery = box.next()

    text, code = badge_in(delivery.part("application/pdf"))
    assert mailed
    assert delivery.recipients == ["aina@example.org"]
    assert delivery.header("To") == '"Dato\' Aina binti Yusof" <aina@example.org>'
    assert AINA.name in text
    assert old != code == world.codes(mailing_expo)[AINA.name]
    assert outbox(mailing_expo) == [("sent", "")]
    assert box.arrived.empty()


@pytest.mark.parametrize(
    ("language", "spoken", "subject", "greeting"),
    [
        ("en", "en", "Your new badge for", "Dear Dato' Aina binti Yusof,"),
        ("ms", "ms", "Lencana baharu anda untuk", "Dato' Aina binti Yusof yang dihormati,"),
        ("ta", "en", "Your new badge for", "Dear Dato' Aina binti Yusof,"),
    ],
)
def test_a_letter_speaks_the_delegates_language(
    expo: Flask, language: str, spoken: str, subject: str, greeting: str
) -> None:
    world.enrol(expo, [AINA])
    with expo.app_context(), transaction() as session:
        delegate = session.scalars(select(Delegate)).one()
        delegate.language = language
        message = messages.write_message(session, delegate.id, kind="badge_reissued", now=clock.now())

    with expo.app_context():
        letter = mailing.letter_of(message.id)

    assert letter is not None
    assert letter.language == spoken
    assert letter.subject == f"{subject} Smart City Expo Kuala Lumpur 2025"
    assert letter.text.startswith(greeting)
    assert f'<html lang="{spoken}">' in letter.html


def test_a_name_is_text_in_a_letter(expo: Flask) -> None:
    world.enrol(expo, [world.person("<b>{{ 7*7 }} & Co</b>", email="x@example.org")])
    reissue(expo, "<b>{{ 7*7 }} & Co</b>")

    with expo.app_context(), reading() as session:
        [message_id] = messages.waiting_messages(session)
        letter = mailing.letter_of(message_id)

    assert letter is not None
    assert "Dear <b>{{ 7*7 }} & Co</b>," in letter.text
    assert "Dear &lt;b&gt;{{ 7*7 }} &amp; Co&lt;/b&gt;," in letter.html


# --- what isn't mailed --------------------------------------------------------------------------------------


def test_who_has_no_address_gets_a_badge_but_no_message(expo: Flask) -> None:
    world.enrol(expo, [world.person(AINA.name)])

    assert not reissue(expo)
    assert outbox(expo) == []


def test_who_may_have_no_badge_gets_no_message(expo: Flask) -> None:
    world.enrol(expo, [AINA], status="pending")

    with pytest.raises(Conflict):
        reissue(expo)
    assert outbox(expo) == []


def test_who_is_cancelled_meanwhile_gets_no_badge(mailing_expo: Flask, box: Mailbox) -> None:
    world.enrol(mailing_expo, [AINA])
    reissue(mailing_expo)
    with mailing_expo.app_context(), transaction() as session:
        delegates.cancel(session, session.scalars(select(Delegate)).one(), now=clock.now())

    work_once(mailing_expo)

    assert outbox(mailing_expo) == [("failed", "There is no badge to send any more.")]
    assert box.arrived.empty()


def test_without_a_mail_server_a_message_waits_for_one(
    expo: Flask, mailing_expo: Flask, box: Mailbox
) -> None:
    world.enrol(expo, [AINA])
    reissue(expo)

    work_once(expo)
    waited = outbox(expo)
    with working(mailing_expo):
        box.next()

    assert waited == [("waiting", "")]
    assert outbox(mailing_expo) == [("sent", "")]
    assert box.arrived.empty()


# --- a mail server in the way -------------------------------------------------------------------------------


def test_an_address_that_is_refused_fails(mailing_expo: Flask, box: Mailbox) -> None:
    world.enrol(mailing_expo, [AINA])
    box.replies["aina@example.org"] = "550 5.1.1 <aina@example.org>: no such person"
    reissue(mailing_expo)

    with working(mailing_expo):
        box.turned_away.get(timeout=PATIENCE)

    assert outbox(mailing_expo) == [("failed", "550 5.1.1 …: no such person")]


def test_a_server_that_asks_for_patience_is_tried_again(mailing_expo: Flask, box: Mailbox) -> None:
    world.enrol(mailing_expo, [AINA])
    box.replies["aina@example.org"] = "450 4.2.0 greylisted"
    reissue(mailing_expo)

    with working(mailing_expo):
        box.turned_away.get(timeout=PATIENCE)
        del box.replies["aina@example.org"]
        box.next()

    assert outbox(mailing_expo) == [("sent", "")]
    assert box.arrived.empty()


def test_a_server_that_asks_for_too_much_patience_fails(mailing_expo: Flask, box: Mailbox) -> None:
    world.enrol(mailing_expo, [AINA])
    box.replies["aina@example.org"] = "450 4.2.0 greylisted"
    reissue(mailing_expo)

    with working(mailing_expo, pauses=0):
        box.turned_away.get(timeout=PATIENCE)

    assert outbox(mailing_expo) == [("failed", "450 4.2.0 greylisted")]


def test_the_message_of_a_killed_worker_is_sent_by_the_next(
    mailing_expo: Flask, database_url: str, box: Mailbox
) -> None:
    world.enrol(mailing_expo, [AINA])
    reissue(mailing_expo)
    box.hesitates = True
    with worker_process(WORKER, database_url, box.url) as worker:
        assert box.hesitating.wait(PATIENCE)
        worker.kill()
        worker.wait(PATIENCE)
    box.hesitates = False

    with working(mailing_expo):
        box.next()

    assert outbox(mailing_expo) == [("sent", "")]
    assert box.arrived.empty()
