"""Walk-ins who fill in the form on their own phones, and show a reference at the desk."""

import datetime as dt
import html
import re

import pytest
from flask import Flask
from sqlalchemy import select

from checkin.db import reading
from checkin.domain.delegates import Consent, Delegate
from checkin.domain.messages import Message
from checkin.registration import routes
from tests import world
from tests.accounts.people import Browser
from tests.desk.test_desk import CATEGORIES, found
from tests.organisers.staff import signed_in

FORM = "/register?onsite"


@pytest.fixture
def today(app: Flask) -> Flask:
    """An event on today, with Ada, who has an address."""
    world.set_event(app, days=[{"date": world.today()}], categories=CATEGORIES)
    world.enrol(app, [world.person("Ada Lim", email="ada@example.org")])
    return app


def announced(app: Flask, **fields: str) -> str:
    """The reference that a walk-in's phone shows."""
    phone = Browser(app)
    asked = {"name": "Bo Tan", "category": "Delegate", "language": "en", "consent_notice": "y"}
    answer = phone.send(FORM, **asked | fields)
    assert answer.location == "/registered/here", answer.text
    shown = re.search(r'class="shown-reference">([^<]+)', phone.get(answer.location).text)
    assert shown is not None
    return shown[1]


def test_the_desk_confirms_and_prints_what_a_walk_in_shows(today: Flask) -> None:
    reference = announced(today)
    browser = signed_in(today, "desk")

    listed = found(browser, reference)
    confirmed = browser.send(f"/desk/people/{reference}/confirm", page=f"/desk/people/{reference}")

    assert listed == ["Bo Tan"]
    assert confirmed.location == f"/desk/people/{reference}?then=print"
    assert "Bo Tan" in world.codes(today)
    with today.app_context(), reading() as session:
        assert session.scalars(select(Consent.purpose).order_by(Consent.purpose)).all() == [
            "leads",
            "notice",
            "updates",
        ]
        assert session.scalars(select(Message)).all() == []


def test_a_known_person_is_answered_alike_and_found_by_the_desk(today: Flask) -> None:
    known, new = announced(today, email="ada@example.org"), announced(today)
    again = announced(today, name="bo tan")
    browser = signed_in(today, "desk")

    assert len({known, new, again}) == 3
    assert [found(browser, one) for one in (known, new, again)] == [["Ada Lim"], ["Bo Tan"], ["Bo Tan"]]
    with today.app_context(), reading() as session:
        assert session.scalars(select(Delegate.name).order_by(Delegate.id)).all() == ["Ada Lim", "Bo Tan"]


def test_only_what_the_desk_may_confirm_is_offered(today: Flask) -> None:
    phone = Browser(today)
    page = phone.get(FORM).text

    refused = phone.send(FORM, name="Cem", category="Media", language="en", consent_notice="y")

    assert re.findall(r'<option value="(Delegate|Media|VIP|Workshop)"', page) == ["Delegate", "Workshop"]
    assert refused.status_code == 422


def test_without_having_filled_in_the_form_there_is_nothing_to_show(today: Flask) -> None:
    assert Browser(today).get("/registered/here").location == "/register?onsite="


def test_the_poster_leads_to_the_form(today: Flask) -> None:
    page = signed_in(today, "desk").get("/desk/poster").text
    address = re.findall(r"(/register\?onsite=[0-9a-f]{20})</code>", page)[0]

    assert Browser(today).get(address).status_code == 200


def test_the_posters_address_lets_a_venues_single_network_through(
    today: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "UNSOLVED_AN_HOUR", "2/hour")
    monkeypatch.setattr(routes, "UNSOLVED_AT_VENUE", "4/hour")
    page = signed_in(today, "desk").get("/desk/poster").text
    address = html.unescape(re.findall(r"<code>\w+://[^/]+([^<]+)</code>", page)[0])
    forged = address[:-1] + ("0" if address[-1] != "0" else "1")

    def sent(to: str, many: int) -> list[int]:
        told = {"category": "Delegate", "language": "en", "consent_notice": "y"}
        return [
            Browser(today).send(to, name=f"Guest {one} at {to}", **told).status_code for one in range(many)
        ]

    assert sent(address, 5) == [303] * 4 + [429]
    # A made-up one is no better than none.
    assert sent(forged, 2) + sent(FORM, 1) == [303, 303, 429]
    # Nor is the poster's own, once the event is over: nobody stands before it.
    later = world.today() + dt.timedelta(days=3)
    world.set_event(today, days=[{"date": later}], categories=CATEGORIES)
    assert sent(address, 1) == [429]
