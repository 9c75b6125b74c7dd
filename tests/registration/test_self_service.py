"""A delegate's own page: who it opens for, what each state shows, and that a second tap changes nothing."""

import io
import json
import re
from datetime import timedelta

import icalendar
import pypdfium2
import pytest
import zxingcpp
from flask import Flask
from PIL import Image
from sqlalchemy import select, update

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain.delegates import Consent, Delegate
from checkin.domain.messages import Message
from tests import world
from tests.accounts.people import Browser


@pytest.fixture
def ada(app: Flask) -> Flask:
    """An event that begins in a month, with Ada, who has an address."""
    first = clock.now().date() + timedelta(days=30)
    days = [{"date": first + timedelta(days=n)} for n in range(3)]
    categories = [{"name": "Delegate", "self_registration": True}, {"name": "Speaker", "approval": True}]
    world.set_event(app, days=days, categories=categories)
    world.enrol(app, [world.person("Ada Lim", email="ada@example.org", country="MY")])
    return app


def _state(app: Flask, status: str) -> None:
    cancelled = clock.now() if status == "cancelled" else None
    with app.app_context(), transaction() as session:
        session.execute(update(Delegate).values(status=status, cancelled_at=cancelled))


def _kinds(app: Flask) -> list[str]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(Message.kind).order_by(Message.created_at)))


def test_opening_the_link_confirms_nothing_and_two_taps_confirm_once(ada: Flask) -> None:
    browser, path = Browser(ada), f"/me/{world.link(ada, 'Ada Lim')}"
    with ada.app_context(), transaction() as session:
        session.execute(update(Delegate).values(status="unconfirmed"))
        session.connection().exec_driver_sql("DELETE FROM badge")

    opened = browser.get(path)
    with ada.app_context(), reading() as session:
        assert session.scalars(select(Delegate.status)).one() == "unconfirmed"
    token = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', opened.text)[0]
    taps = [browser.client.post(f"{path}/confirm", data={"csrf_token": token}).status_code for _ in range(2)]

    assert "One tap, and your badge is yours" in opened.text
    assert taps == [303, 303]
    assert len(world.codes(ada)) == 1
    assert _kinds(ada) == ["badge"]


def test_who_never_registered_is_forgotten_and_the_address_free(ada: Flask) -> None:
    _state(ada, "unconfirmed")
    browser, path = Browser(ada), f"/me/{world.link(ada, 'Ada Lim')}"
    with ada.app_context(), transaction() as session:
        session.connection().exec_driver_sql("DELETE FROM badge")

    answer = browser.send(f"{path}/withdraw", page=path)

    assert answer.location == "/me/withdrawn"
    assert browser.get(path).status_code == 404
    world.enrol(ada, [world.person("Ada Lim", email="ada@example.org")])
    assert list(world.codes(ada)) == ["Ada Lim"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("pending", "needs their approval"),
        ("waiting", "is full just now"),
        ("cancelled", "This registration is cancelled"),
    ],
)
def test_each_state_says_what_it_means_and_has_no_badge(ada: Flask, status: str, words: str) -> None:
    browser, path = Browser(ada), f"/me/{world.link(ada, 'Ada Lim')}"
    _state(ada, status)

    page = browser.get(path)

    assert words in page.text
    assert page.headers["X-Badge"] == "none"
    assert [browser.get(f"{path}/{file}").status_code for file in ("door", "badge.pdf", "badge.png")] == [
        404
    ] * 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_badge_is_the_same_as_pdf_as_picture_and_on_the_page(ada: Flask) -> None:
    browser, path = Browser(ada), f"/me/{world.link(ada, 'Ada Lim')}"
    code = world.codes(ada)["Ada Lim"]

    pdf = pypdfium2.PdfDocument(browser.get(f"{path}/badge.pdf").data)
    picture = Image.open(io.BytesIO(browser.get(f"{path}/badge.png").data))

    printed = pdf[0].render(scale=150 / 72).to_pil()
    pdf.close()
    assert [one.text for one in zxingcpp.read_barcodes(printed)] == [code]
    assert [one.text for one in zxingcpp.read_barcodes(picture)] == [code]
    assert picture.width == 1080
    assert code not in browser.get(path).text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_calendar_has_each_day_and_no_token(ada: Flask) -> None:
    link = world.link(ada, "Ada Lim")

    file = Browser(ada).get(f"/me/{link}/event.ics")

    entries = icalendar.Calendar.from_ical(file.data).walk("VEVENT")
    assert len(entries) == 3
    assert link not in file.text


def test_a_typo_is_mended_and_the_other_tab_is_told(ada: Flask) -> None:
    browser, path = Browser(ada), f"/me/{world.link(ada, 'Ada Lim')}"
    form = browser.get(f"{path}/correct").text
    seen = re.findall(r'name="seen"[^>]*value="([^"]+)"', form)[0]
    fields = {"country": "MY", "language": "en", "seen": seen}

    mended = browser.send(f"{path}/correct", name="Ada Lim binti Lim", **fields)
    other_tab = browser.send(f"{path}/correct", name="Ada", **fields)
    bad = browser.send(f"{path}/correct", name="", **fields)

    assert [mended.status_code, other_tab.status_code, bad.status_code] == [303, 422, 422]
    assert "changed elsewhere meanwhile" in other_tab.text
    assert 'value="Ada"' in other_tab.text
    assert list(world.codes(ada)) == ["Ada Lim binti Lim"]


def test_a_colleague_is_added_once_and_only_ones_own_can_be_opened(ada: Flask) -> None:
    world.enrol(ada, [world.person("Chong", email="chong@example.org")])
    browser, path = Browser(ada), f"/me/{world.link(ada, 'Ada Lim')}"
    fields = {"name": "王小明", "category": "Delegate", "language": "en", "consent_notice": "y"}

    twice = [browser.send(f"{path}/add", **fields).status_code for _ in range(2)]
    own, somebody = (
        browser.send(f"{path}/people/{reference}", page=path) for reference in ("KL-00003", "KL-00002")
    )

    assert twice == [303, 303]
    assert sorted(world.codes(ada)) == ["Ada Lim", "Chong", "王小明"]
    assert _kinds(ada) == ["badge"]
    assert [own.status_code, somebody.status_code] == [303, 404]
    assert "王小明" in browser.get(own.location).text
    assert "Register somebody else" not in browser.get(own.location).text


def test_cancelling_asks_first_and_the_badge_is_gone(ada: Flask) -> None:
    browser, path = Browser(ada), f"/me/{world.link(ada, 'Ada Lim')}"

    asked = browser.get(f"{path}/cancel")
    answer = browser.send(f"{path}/cancel")

    assert "Cancel this registration?" in asked.text
    assert answer.status_code == 303
    assert "This registration is cancelled" in browser.get(path).text


def test_all_that_is_stored_can_be_read_and_consent_withdrawn(ada: Flask) -> None:
    browser, path = Browser(ada), f"/me/{world.link(ada, 'Ada Lim')}"

    given = browser.send(f"{path}/consents", page=f"{path}/data", updates="y")
    withdrawn = browser.send(f"{path}/consents", page=f"{path}/data")
    kept = json.loads(browser.get(f"{path}/data.json").text)

    assert [given.status_code, withdrawn.status_code] == [303, 303]
    with ada.app_context(), reading() as session:
        facts = session.execute(select(Consent.purpose, Consent.given).order_by(Consent.at)).all()
    assert [tuple(fact) for fact in facts] == [("updates", True), ("updates", False)]
    assert (kept["name"], kept["email"], len(kept["badges"])) == ("Ada Lim", "ada@example.org", 1)
    assert world.codes(ada)["Ada Lim"] not in json.dumps(kept)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_delegates_pages_are_kept_by_nobody(ada: Flask) -> None:
    browser, path = Browser(ada), f"/me/{world.link(ada, 'Ada Lim')}"

    answers = [browser.get(path + page) for page in ("", "/door", "/data", "/badge.pdf")]

    assert {answer.headers["Cache-Control"] for answer in answers} == {"private, no-store"}
    assert {answer.headers["X-Robots-Tag"] for answer in answers} == {"noindex"}
    refused = browser.get("/me/" + "A" * 22)
    assert refused.status_code == 404
    assert "Have a fresh link mailed" in refused.text


def test_who_has_a_name_too_long_for_two_lines_is_asked_for_its_short_form(ada: Flask) -> None:
    name = "Maria Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh"
    world.enrol(ada, [world.person(name, email="maria@example.org")])
    short = Browser(ada).get(f"/me/{world.link(ada, 'Ada Lim')}/correct").text
    browser, path = Browser(ada), f"/me/{world.link(ada, name)}"

    assert "short_name" not in short
    assert "Give its short form" in browser.get(path).text
    browser.send(f"{path}/correct", **browser.filled(f"{path}/correct") | {"short_name": "Maria W-F"})

    assert "Give its short form" not in browser.get(path).text
    page = pypdfium2.PdfDocument(io.BytesIO(browser.get(f"{path}/badge.pdf").data))[0]
    assert "Maria W-F" in page.get_textpage().get_text_range()
    with ada.app_context(), reading() as session:
        assert session.scalars(select(Delegate).where(Delegate.name == name)).one().short_name == "Maria W-F"
