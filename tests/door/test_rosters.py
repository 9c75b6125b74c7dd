"""The sealed roster: what phones get, whole and what has changed, and that it tells nobody's name."""

import datetime as dt
import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import badges, delegates, registering
from checkin.domain.badges import Badge
from checkin.domain.delegates import Delegate
from checkin.domain.doors import Device
from checkin.domain.event import Event
from checkin.domain.roster import COMMITTED_WITHIN
from checkin.tokens import lookup_id, open_card
from tests import world
from tests.world import Phone

PEOPLE = ("Ada Lim", "Budi Santoso", "陳大文")


@pytest.fixture
def event_today(app: Flask) -> Flask:
    """The small event, on the day on which this runs, with three people whom nobody has changed lately."""
    today = (clock.now() + dt.timedelta(hours=4)).date()
    days = [{"date": today + dt.timedelta(days=ahead)} for ahead in (-1, 0, 1)]
    world.set_event(app, days=days, categories=[{"name": "Delegate"}])
    world.enrol(app, [world.person(name, email=f"{n}@example.org") for n, name in enumerate(PEOPLE)])
    age(app)
    return app


def age(app: Flask) -> None:
    """Let all that was done be done long ago, as far as phones are told of changes."""
    before = clock.now() - 3 * COMMITTED_WITHIN
    with app.app_context(), transaction() as session:
        session.execute(update(Badge).values(issued_at=before))
        session.execute(update(Badge).where(Badge.revoked_at.is_not(None)).values(revoked_at=before))
        session.execute(update(Delegate).values(changed_at=before))


def answer(phone: Phone, since: str | None = None, **headers: str) -> TestResponse:
    query = {} if since is None else {"since": since}
    return phone.client.get("/api/door/v1/roster", query_string=query, headers={**phone.headers, **headers})


def roster(phone: Phone, since: str | None = None) -> dict[str, Any]:
    response = answer(phone, since)
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.get_json()
    return told


def now() -> str:
    return clock.now().isoformat()


def test_a_card_opens_with_the_code_of_its_own_badge(event_today: Flask) -> None:
    told = roster(world.pair(event_today))
    cards = {lookup: urlsafe_b64decode(card) for lookup, card, _ in told["entries"]}

    codes = world.codes(event_today)

    assert told["whole"]
    assert {json.loads(open_card(code, cards[lookup_id(code)]))[0] for code in codes.values()} == set(PEOPLE)


def test_the_roster_tells_nobodys_name(event_today: Flask) -> None:
    told = answer(world.pair(event_today)).data

    assert not [name for name in PEOPLE if name.encode() in told or name in told.decode("unicode-escape")]
    assert b"example.org" not in told


def test_an_entitlement_names_areas_and_days(event_today: Flask) -> None:
    told = roster(world.pair(event_today))

    category = told["programme"]["categories"][told["entries"][0][2]]

    assert (category["name"], category["areas"]) == ("Delegate", ["Expo"])
    assert set(category["days"]) == set(told["programme"]["days"])


def test_where_nothing_has_changed_nothing_is_told(event_today: Flask) -> None:
    phone = world.pair(event_today)
    whole = roster(phone)

    news = roster(phone, whole["cursor"])

    assert not news["whole"]
    assert (news["entries"], news["removed"], news["passages"], news["programme"]) == ([], [], [], None)
    assert news["since"] == whole["cursor"]


def test_a_cancelled_a_replaced_and_a_pending_badge_are_removed_with_the_reason(event_today: Flask) -> None:
    phone = world.pair(event_today)
    cursor = roster(phone)["cursor"]
    old = world.codes(event_today)
    with event_today.app_context(), transaction() as session:
        ada, budi, chan = session.scalars(select(Delegate).order_by(Delegate.id)).all()
        delegates.cancel(session, ada, now=clock.now())
        key = event_today.config["CHECKIN"].key
        badges.reissue_badge(session, budi, reason="lost", key=key, now=clock.now())
        registering.withdraw_approval(session, chan, now=clock.now())

    news = roster(phone, cursor)

    reasons = dict(zip(news["removed"], news["reasons"], strict=True))
    assert {name: reasons[lookup_id(code)] for name, code in old.items()} == dict(
        zip(PEOPLE, ("cancelled", "replaced", "pending"), strict=True)
    )
    assert [entry[0] for entry in news["entries"]] == [lookup_id(world.codes(event_today)[PEOPLE[1]])]


def test_a_phone_is_told_what_other_doors_have_seen_today(event_today: Flask) -> None:
    here, there = world.pair(event_today), world.pair(event_today, "Gate B")
    code, cursor = world.codes(event_today)["Ada Lim"], roster(here)["cursor"]
    scan = there.item(code, now())
    there.send([scan])

    (passage,) = roster(here, cursor)["passages"]

    lookup, at, door, direction, scan_id = passage
    assert (lookup, direction, scan_id) == (lookup_id(code), "in", scan["id"])
    assert dt.datetime.fromisoformat(at) == dt.datetime.fromisoformat(scan["scanned_at"])
    assert door in {one["id"] for one in roster(here)["programme"]["doors"] if one["name"] == "Gate B"}
    assert roster(there, cursor)["passages"] == []


def test_a_voided_scan_is_no_passage_and_is_named(event_today: Flask) -> None:
    here, there = world.pair(event_today), world.pair(event_today, "Gate B")
    scan = there.item(world.codes(event_today)["Ada Lim"], now())
    there.send([scan])
    cursor = roster(here)["cursor"]
    void = {"id": scan["id"], "scan": scan["id"], "reason": "wrong badge", "at": now()}
    there.client.post("/api/door/v1/voids", json=void, headers=there.headers)

    news = roster(here, cursor)

    assert (news["passages"], news["voided"]) == ([], [scan["id"]])


def test_a_new_badge_brings_its_bearers_passages_along(event_today: Flask) -> None:
    phone = world.pair(event_today)
    phone.send([phone.item(world.codes(event_today)["Ada Lim"], now())])
    cursor = roster(phone)["cursor"]
    age(event_today)
    with event_today.app_context(), transaction() as session:
        ada = session.scalars(select(Delegate).where(Delegate.name == "Ada Lim")).one()
        badges.reissue_badge(
            session, ada, reason="lost", key=event_today.config["CHECKIN"].key, now=clock.now()
        )

    news = roster(phone, cursor)

    assert [passage[0] for passage in news["passages"]] == [lookup_id(world.codes(event_today)["Ada Lim"])]


def test_another_epochs_cursor_and_no_cursor_at_all_get_everything(event_today: Flask) -> None:
    phone = world.pair(event_today)
    cursor = roster(phone)["cursor"]
    with event_today.app_context(), transaction() as session:
        session.execute(update(Event).values(epoch=phone.id, version=Event.version + 1))

    for since in (cursor, "nonsense", "a.b.c", f"{phone.id.hex}.1.99999999999999999999999"):
        assert roster(phone, since)["whole"], since


def test_a_change_of_the_set_up_is_told(event_today: Flask) -> None:
    phone = world.pair(event_today)
    cursor = roster(phone)["cursor"]
    with event_today.app_context(), transaction() as session:
        session.execute(update(Event).values(reentry_after_s=60, version=Event.version + 1))

    news = roster(phone, cursor)

    assert (news["whole"], news["programme"]["reentry_after_s"]) == (False, 60)


def test_the_roster_travels_compressed(event_today: Flask) -> None:
    phone = world.pair(event_today)

    for way in ("br", "gzip"):
        assert answer(phone, **{"Accept-Encoding": way}).headers["Content-Encoding"] == way


def test_whoever_asks_for_everything_again_and_again_has_to_wait(event_today: Flask) -> None:
    phone = world.pair(event_today)

    statuses = [answer(phone).status_code for _ in range(13)]

    assert statuses == [200] * 12 + [429]


def test_a_phone_is_heard_by_asking(event_today: Flask) -> None:
    phone = world.pair(event_today)
    with event_today.app_context(), transaction() as session:
        session.execute(update(Device).values(heard_at=clock.now() - dt.timedelta(minutes=3)))

    roster(phone)

    with event_today.app_context(), reading() as session:
        heard = session.scalar(select(Device.heard_at))
    assert heard is not None
    assert clock.now() - heard < dt.timedelta(minutes=1)


@pytest.mark.parametrize("since", ["", "x", "of another epoch"])
def test_whole_rosters_are_given_seldom_however_they_are_asked_for(event_today: Flask, since: str) -> None:
    phone = world.pair(event_today)
    cursor = roster(phone)["cursor"]
    other = f"{'0' * 32}.{cursor.partition('.')[2]}" if since.startswith("of") else since

    statuses = [answer(phone, other).status_code for _ in range(12)]
    changes = [answer(phone, cursor).status_code for _ in range(13)]

    assert statuses == [200] * 11 + [429]
    assert changes == [200] * 13
