"""The VIPs and those let in by hand, as the staff see them."""

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.db import reading
from checkin.domain.audit import Audit
from checkin.tokens import lookup_id
from tests import world
from tests.organisers.staff import signed_in

DAY = world.today()


@pytest.fixture
def today(app: Flask) -> Flask:
    """The small event around today, with two VIPs of one delegation, one of none, and a delegate."""
    days = [{"date": DAY + timedelta(days=n)} for n in (-1, 0, 1)]
    world.set_event(app, days=days, categories=[{"name": "Delegate"}, {"name": "VIP", "protocol": True}])
    people = {"Mayor Íka <i>": "Melaka", "Deputy Ng": "Melaka", "Tun Ali": ""}
    vips = [world.person(name, category="VIP", delegation=of) for name, of in people.items()]
    world.enrol(app, [*vips, world.person("Ada Lim", organisation="MDEC")])
    return app


def _by_hand(app: Flask, phone: world.Phone, name: str, reason: str) -> None:
    badge = lookup_id(world.codes(app)[name])
    item = phone.item("", clock.now().isoformat(), badge=badge, input="desk", reason=reason)
    del item["code"]
    phone.send([item])


def _counted(app: Flask, phone: world.Phone, name: str, people: int) -> None:
    body = {"id": str(uuid.uuid4()), "badge": lookup_id(world.codes(app)[name]), "people": people}
    phone.client.post("/api/door/v1/protocol/entourage", json=body, headers=phone.headers)


def test_who_of_a_delegation_has_come_when_where_and_with_how_many(today: Flask) -> None:
    protocol = world.pair(today, "Gate B", pin="271828")
    protocol.scan(world.codes(today)["Mayor Íka <i>"], clock.now().isoformat())
    _counted(today, protocol, "Mayor Íka <i>", 3)

    page = signed_in(today, "protocol").get("/organiser/vips").text

    words = " ".join(page.split())
    assert "<strong>1</strong> of 3 VIPs have arrived" in words
    assert "<strong>3</strong> people with them" in words
    assert "1 of 2 here" in words
    assert "Mayor Íka &lt;i&gt;" in words
    assert "Gate B" in words
    assert "with 3 people" in words
    # Protocol officers can't open delegates' pages.
    assert "/organiser/delegates/KL-" not in page


def test_a_delegation_is_found_without_its_accents_and_by_who_is_missing(today: Flask) -> None:
    browser = signed_in(today, "supervisor")

    named = browser.get("/organiser/vips?q=ika").text
    world.pair(today).scan(world.codes(today)["Tun Ali"], clock.now().isoformat())
    missing = browser.get("/organiser/vips/live?missing=1").text
    nobody = browser.get("/organiser/vips?q=zzz&day=nonsense").text

    assert ("Mayor" in named, "Deputy" in named) == (True, False)
    assert ("Tun Ali" in missing, "Deputy Ng" in missing) == (False, True)
    assert "No VIP matches" in nobody


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_opening_the_vips_is_written_down_and_watching_them_is_not_again(today: Flask) -> None:
    browser = signed_in(today)

    for path in ("/organiser/vips", "/organiser/vips/live", "/organiser/vips/live"):
        browser.get(path)

    with today.app_context(), reading() as session:
        assert session.scalars(select(Audit.action).where(Audit.action == "VIPs listed")).all() == [
            "VIPs listed"
        ]
    assert "Looked at the VIPs" in browser.get("/organiser/audit").text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_a_category_with_protocol_the_page_says_how_to_have_one(today: Flask) -> None:
    days = [{"date": DAY + timedelta(days=n)} for n in (-1, 0, 1)]
    world.set_event(today, days=days, categories=[{"name": "Delegate"}, {"name": "VIP"}])

    page = signed_in(today).get("/organiser/vips").text

    assert "Tick “VIPs” for a category in the set-up" in page


def test_who_was_let_in_by_hand_is_listed_apart_with_the_reason(today: Flask) -> None:
    desk = world.pair(today, "Gate C", desk=True, operator="Zul")
    desk.scan(world.codes(today)["Tun Ali"], clock.now().isoformat())
    _by_hand(today, desk, "Ada Lim", "forgot badge: left it at home")
    _by_hand(today, desk, "Deputy Ng", "other: known <to> me")

    page = signed_in(today, "supervisor").get("/organiser/by-hand").text

    words = " ".join(page.split())
    assert "2 by hand on this day" in words
    assert "Forgot the badge: left it at home" in words
    assert "known &lt;to&gt; me" in words
    assert "Zul · Phone 1" in words
    assert "Gate C" in words
    assert "Tun Ali" not in words
    empty = signed_in(today, name="other").get(f"/organiser/by-hand?day={DAY - timedelta(days=1)}").text
    assert "Nobody was let in by hand" in empty


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_organiser_sees_that_too_many_wrong_pins_have_locked_a_phone(today: Flask) -> None:
    protocol = world.pair(today, pin="271828")

    for _ in range(5):
        body = {"pin": "9999"}
        protocol.client.post("/api/door/v1/protocol/vips", json=body, headers=protocol.headers)

    browser = signed_in(today)
    assert "PIN locked" in browser.get("/organiser/doors").text
    assert "Typed five wrong PINs" in browser.get("/organiser/audit").text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_only_an_organiser_pairs_a_protocol_phone(today: Flask) -> None:
    page = signed_in(today).get("/organiser/doors").text
    path = next(part.split('"')[0] for part in page.split('href="') if "kind=protocol" in part)

    refused = signed_in(today, "supervisor").get(path)
    shown = signed_in(today, name="second").get(path)

    assert (refused.status_code, shown.status_code) == (403, 200)
    assert "behind a PIN" in shown.text
