"""The outbox: what waits, why, and letters as they would arrive where there is no mail server."""

import html
import io
import re
import uuid

import pypdfium2
import pytest
from flask import Flask
from sqlalchemy import func, select

from checkin import clock
from checkin.config import Config
from checkin.db import reading, transaction
from checkin.domain import messages
from checkin.domain.audit import Audit
from checkin.domain.delegates import delegate_with_reference
from checkin.domain.links import Link
from checkin.domain.messages import Message
from tests import world
from tests.accounts.people import opened
from tests.bench.statements import counted
from tests.organisers.staff import signed_in

PAGE = "/organiser/outbox"


@pytest.fixture
def ada(expo: Flask) -> Flask:
    world.enrol(expo, [world.person("Ada Lim", email="ada@example.org")])
    return expo


def write(app: Flask, kind: str = "badge", *, failed: str = "") -> uuid.UUID:
    """A message to Ada, which failed if a reason is given."""
    with app.app_context(), transaction() as session:
        ada = delegate_with_reference(session, "KL-00001")
        written = messages.write_message(session, ada.id, kind=kind, now=clock.now())
        if failed:
            messages.mark_failed(session, written.id, error=failed)
        return written.id


def states(app: Flask) -> list[str]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(Message.status).order_by(Message.created_at)))


def test_the_outbox_counts_and_tells_why(ada: Flask) -> None:
    write(ada, "link")
    write(ada, failed="550 no such <user>")
    browser = signed_in(ada)

    failed, waiting = browser.get(PAGE).text, browser.get(f"{PAGE}?status=waiting").text

    assert "550 no such &lt;user&gt;" in failed
    assert "ada@example.org" in failed
    assert re.findall(r'tab-count">(\d+)', failed) == ["1", "1", "0"]
    assert "CHECKIN_SMTP_URL" in waiting
    assert "Fresh link" in waiting


def test_failed_letters_are_tried_again_one_or_all(ada: Flask) -> None:
    first, _second, _third = (write(ada, failed="550") for _ in range(3))
    browser = signed_in(ada)

    one = browser.send(f"{PAGE}/retry", page=PAGE, letter=str(first))
    after_one = sorted(states(ada))
    browser.send(f"{PAGE}/retry", page=PAGE)
    browser.send(f"{PAGE}/retry", page="/account")

    assert one.status_code == 303
    assert after_one == ["failed", "failed", "waiting"]
    assert states(ada) == ["waiting"] * 3
    with ada.app_context(), reading() as session:
        acts = session.scalars(select(Audit.details).where(Audit.action == "letters retried")).all()
    assert acts == [{"messages": 1}, {"messages": 2}]


def test_a_waiting_letter_can_be_read_and_its_link_followed(ada: Flask) -> None:
    letter = f"{PAGE}/{write(ada)}"
    browser = signed_in(ada)

    page = browser.get(letter).text
    framed = browser.get(f"{letter}/letter.html")
    attached = browser.get(f"{letter}/0")

    link = re.search(r'href="http://127.0.0.1:8000(/me/[\w-]{22})"', framed.text)
    assert link is not None
    assert "Ada Lim" in ada.test_client().get(link[1], headers={"Accept": "text/html"}).text
    assert "badge-KL-00001.pdf" in page
    assert "&lt;ada@example.org&gt;" in page
    assert len(pypdfium2.PdfDocument(io.BytesIO(attached.data))) == 1
    assert browser.get(f"{letter}/1").status_code == 404
    with ada.app_context(), reading() as session:
        looks = session.scalars(select(Audit.subject).where(Audit.action == "letter opened")).all()
    assert looks == ["KL-00001"] * 4
    policy = framed.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-popups" in policy
    assert framed.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_letter_that_isnt_needed_any_more_says_so(ada: Flask) -> None:
    letter = write(ada, "confirm")
    browser = signed_in(ada)

    page = browser.get(f"{PAGE}/{letter}").text

    assert "This letter will not be sent" in page
    assert browser.get(f"{PAGE}/{letter}/letter.html").status_code == 404
    assert browser.get(f"{PAGE}/{uuid.uuid4()}").status_code == 404


def test_where_letters_leave_none_is_opened_and_no_link_made(ada: Flask, database_url: str) -> None:
    letter = write(ada)
    with opened(Config(database_url=database_url, smtp_url="smtp://127.0.0.1:9", testing=True)) as app:
        browser = signed_in(app)

        answers = [browser.get(f"{PAGE}/{letter}{part}").status_code for part in ("", "/letter.html", "/0")]
        page = browser.get(PAGE).text

    assert answers == [409, 409, 409]
    assert "CHECKIN_SMTP_URL" not in page
    with ada.app_context(), reading() as session:
        assert session.scalar(select(func.count()).select_from(Link)) == 0


def test_older_letters_follow_in_order(ada: Flask) -> None:
    now = clock.now()
    with ada.app_context(), transaction() as session:
        person = delegate_with_reference(session, "KL-00001")
        for _ in range(60):
            messages.write_message(session, person.id, kind="link", now=now)
    browser = signed_in(ada)
    browser.get(PAGE)

    with counted(ada) as sent:
        first = browser.get(PAGE).text
    older = re.search(r'href="([^"]+)"\s+rel="next"', first)
    assert older is not None
    second = browser.get(html.unescape(older[1])).text

    letters = [re.findall(rf"{PAGE}/([0-9a-f-]{{36}})", page) for page in (first, second)]
    assert [len(page) for page in letters] == [50, 10]
    assert len({*letters[0], *letters[1]}) == 60
    assert len(sent) <= 6
