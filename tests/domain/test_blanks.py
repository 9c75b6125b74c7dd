"""Blank badges: dead until released, a guest's once let in, then somebody's with all that was scanned."""

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import blanks, correcting, delegates, giving_blanks, judging, links
from checkin.domain.badges import Badge
from checkin.domain.blanks import Blank
from checkin.domain.delegates import Delegate
from checkin.domain.details import Details
from checkin.domain.doors import Device
from checkin.domain.event import Category
from checkin.domain.programme import programme
from checkin.domain.protocol import Entourage
from checkin.domain.scans import Attendance, Scan
from checkin.errors import Conflict, NotFound
from checkin.tokens import open_card
from tests import world

NOW = dt.datetime(2025, 9, 17, 1, 0, tzinfo=dt.UTC)


def at(minute: int) -> str:
    return (NOW + dt.timedelta(minutes=minute)).isoformat()


@pytest.fixture
def expo(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The first day of an event, Ada, five blanks of Delegate, three of Workshop, which has three places."""
    monkeypatch.setattr(clock, "now", lambda: NOW + dt.timedelta(hours=3))
    world.set_event(app)
    world.enrol(app, [world.person("Ada Lim")])
    with app.app_context(), transaction() as session:
        plan, key = programme(session), app.config["CHECKIN"].key
        for many, category in ((5, "Delegate"), (3, "Workshop")):
            blanks.make(session, many, category_id=plan.category_named(category), key=key, now=clock.now())
    return app


def code(app: Flask, number: int) -> str:
    with app.app_context(), reading() as session:
        plan, key = programme(session), app.config["CHECKIN"].key
        return key.code(blanks.named(session, str(number)).id, prefix=plan.code_prefix)


def release(app: Flask, first: int, last: int) -> int:
    with app.app_context(), transaction() as session:
        return blanks.release(session, first, last, key=app.config["CHECKIN"].key, now=clock.now())


def call_back(app: Flask, first: int, last: int) -> int:
    with app.app_context(), transaction() as session:
        return blanks.call_back(session, first, last, now=clock.now())


def give(app: Flask, typed: str, name: str) -> bool:
    key = app.config["CHECKIN"].key
    with app.app_context(), transaction() as session:
        delegate = session.scalars(select(Delegate).where(Delegate.name == name)).one()
        blank = giving_blanks.take(session, typed)
        return giving_blanks.give(session, blank, delegate, key=key, now=clock.now())


def roster(phone: world.Phone, since: str = "") -> dict[str, Any]:
    answer = phone.client.get(f"/api/door/v1/roster?since={since}", headers=phone.headers)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.get_json()
    return told


def count(app: Flask, what: Any) -> int:
    with app.app_context(), reading() as session:
        return session.scalar(select(func.count()).select_from(what)) or 0


def taken(app: Flask, name: str) -> int:
    with app.app_context(), reading() as session:
        return session.scalars(select(Category.taken).where(Category.name == name)).one()


def test_a_blank_is_dead_until_it_is_released_and_a_guests_once_it_is_let_in(expo: Flask) -> None:
    phone, other = world.pair(expo), world.pair(expo, "Gate B")
    secret = code(expo, 2)
    with expo.app_context(), reading() as session:
        lookup = blanks.named(session, "B-0002").lookup
    before = roster(phone)

    dead = phone.scan(secret, at(0))
    assert release(expo, 1, 3) == 3
    told = roster(phone, before["cursor"])
    first, copied = phone.scan(secret, at(1)), other.scan(secret, at(2))

    assert dict(zip(before["removed"], before["reasons"], strict=True))[lookup] == "not_released"
    assert (dead["verdict"], dead["reason"], dead["delegate"]) == ("refused", "not_released", None)
    assert lookup in [entry[0] for entry in told["entries"]]
    assert (first["verdict"], first["delegate"]["name"]) == ("admitted", "Guest B-0002")
    assert first["delegate"]["note"] == "Not assigned yet"
    # A copy is seen as any badge's: the second phone is told to look, offline too, since it knows of the passage.
    assert (copied["verdict"], copied["last"]["door"]) == ("repeat", "Gate A")
    assert lookup in [passage[0] for passage in roster(other, told["cursor"])["passages"]]
    with expo.app_context(), reading() as session:
        card = session.scalars(select(Badge.card).where(Badge.lookup == lookup)).one()
        assert b"Guest B-0002" in open_card(secret, card)
        assert [one.state for one in blanks.stretches(session)] == [
            "released",
            "used",
            "released",
            *["dead"] * 2,
        ]
    # One unnamed person came; blanks that lie in a drawer are nobody.
    assert (count(expo, Attendance), count(expo, Delegate)) == (1, 2)


def test_many_phones_that_read_a_blank_at_once_admit_one_guest(expo: Flask) -> None:
    release(expo, 1, 5)
    phones = [world.pair(expo, door) for door in ("Gate A", "Gate B", "Gate C")]
    items = {phone.id: [phone.item(code(expo, number), at(0)) for number in (3, 1)] for phone in phones}

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda phone: phone.send(items[phone.id]), phones))

    verdicts = sorted(one["verdict"] for answer in answers for one in answer)
    assert verdicts == ["admitted"] * 2 + ["repeat"] * 4
    assert (count(expo, Attendance), count(expo, Delegate)) == (2, 3)


def test_what_was_scanned_of_a_blank_is_of_whoever_gets_it(expo: Flask) -> None:
    release(expo, 1, 5)
    phone, other = world.pair(expo), world.pair(expo, "Gate B")
    secret, old = code(expo, 4), world.codes(expo)["Ada Lim"]
    phone.scan(old, at(30))
    phone.scan(secret, at(0))
    other.scan(secret, at(100))
    cursor = roster(phone)["cursor"]

    replaced = give(expo, secret.lower(), "Ada Lim")
    told = roster(phone, cursor)

    assert replaced
    assert world.codes(expo) == {"Ada Lim": secret}
    assert phone.scan(old, at(200))["reason"] == "replaced"
    assert other.scan(secret, at(101))["delegate"]["name"] == "Ada Lim"
    with expo.app_context(), reading() as session:
        # The earlier of both first entries is hers, and nothing is left of the guest.
        assert session.execute(select(Attendance.first_at)).scalars().all() == [NOW]
        assert session.scalars(select(Delegate.name)).all() == ["Ada Lim"]
        assert set(session.scalars(select(Scan.delegate_id))) == {1}
    assert len({passage[4] for passage in told["passages"]}) == 3
    assert taken(expo, "Delegate") == 1 + 4
    with pytest.raises(Conflict, match="somebody's"):
        give(expo, "b4", "Ada Lim")


def test_a_blank_that_was_never_read_becomes_somebodys_too(expo: Flask) -> None:
    phone = world.pair(expo)
    with pytest.raises(Conflict, match="isn't released"):
        give(expo, "B-0005", "Ada Lim")
    release(expo, 5, 6)
    with pytest.raises(Conflict, match="another category"):
        give(expo, "B-0006", "Ada Lim")
    with pytest.raises(NotFound):
        give(expo, "B-0099", "Ada Lim")

    assert give(expo, "B-0005", "Ada Lim")

    assert phone.scan(code(expo, 5), at(0))["delegate"]["reference"] == "KL-00001"
    assert call_back(expo, 5, 6) == 1
    assert phone.scan(code(expo, 5), at(60))["verdict"] == "returned"


def test_a_batch_is_called_back_where_it_is_nobodys(expo: Flask) -> None:
    release(expo, 1, 3)
    phone = world.pair(expo)
    cursor = roster(phone)["cursor"]
    phone.scan(code(expo, 1), at(0))

    assert call_back(expo, 1, 5) == 3
    reasons = dict(zip(*(roster(phone, cursor)[key] for key in ("removed", "reasons")), strict=True))

    # Who came in came: the guest stays counted, and their badge waits for approval like anybody's.
    assert sorted(set(reasons.values())) == ["not_released", "pending"]
    assert [phone.scan(code(expo, number), at(60))["reason"] for number in (1, 2)] == [
        "pending",
        "not_released",
    ]
    assert (count(expo, Attendance), taken(expo, "Delegate")) == (1, 1)
    assert release(expo, 1, 1) == 1
    assert phone.scan(code(expo, 1), at(120))["verdict"] == "returned"
    assert taken(expo, "Delegate") == 2


def test_released_blanks_hold_places(expo: Flask) -> None:
    world.enrol(expo, [world.person("Bo Tan", category="Workshop")])

    with pytest.raises(Conflict, match="no place left"):
        release(expo, 6, 8)
    release(expo, 6, 7)

    assert taken(expo, "Workshop") == 3


def test_a_guest_whose_name_is_corrected_is_somebody(expo: Flask) -> None:
    release(expo, 1, 1)
    world.pair(expo).scan(code(expo, 1), at(0))

    with expo.app_context(), transaction() as session:
        guest = session.scalars(select(Delegate).where(Delegate.name == "Guest B-0001")).one()
        assert blanks.of_guest(session, guest.id) is not None
        correcting.correct(session, guest, Details("Bo Tan"), key=expo.config["CHECKIN"].key, now=clock.now())

    with expo.app_context(), reading() as session:
        bo = session.scalars(select(Delegate).where(Delegate.name == "Bo Tan")).one()
        assert (bo.note, blanks.of_guest(session, bo.id)) == (None, None)
        assert blanks.state_of(blanks.named(session, "1")) == "assigned"


def test_whoever_came_along_with_a_guest_came_along_with_whoever_gets_the_blank(expo: Flask) -> None:
    """And where something else was kept of the guest, their place is free again once, not twice."""
    release(expo, 1, 1)
    world.pair(expo).scan(code(expo, 1), at(0))
    with expo.app_context(), transaction() as session:
        guest = session.scalars(select(Blank.delegate_id).where(Blank.number == 1)).one()
        assert guest is not None
        session.add(
            Entourage(
                id=uuid.uuid4(),
                delegate_id=guest,
                day=NOW.date(),
                people=3,
                device_id=session.scalars(select(Device.id)).first(),
                operator="Aina",
                at=NOW,
            )
        )
        links.mint_link(session, guest, now=NOW, expires_at=NOW + dt.timedelta(days=1))

    give(expo, "B-0001", "Ada Lim")

    with expo.app_context(), reading() as session:
        ada = session.scalars(select(Delegate.id).where(Delegate.name == "Ada Lim")).one()
        assert session.scalars(select(Entourage.delegate_id)).all() == [ada]
        assert session.get_one(Delegate, guest).status == "cancelled"
        taken = session.scalars(select(Category.taken).where(Category.name == "Delegate")).one()
        confirmed = select(func.count()).where(Delegate.status == "confirmed")
        assert taken == session.scalar(confirmed) == 1


def test_a_guest_whom_an_organiser_cancelled_keeps_no_others_from_being_released(expo: Flask) -> None:
    release(expo, 1, 1)
    world.pair(expo).scan(code(expo, 1), at(0))
    with expo.app_context(), transaction() as session:
        guest = session.scalars(select(Delegate).where(Delegate.name.startswith("Guest"))).one()
        delegates.cancel(session, guest, now=NOW)
    call_back(expo, 1, 1)

    assert release(expo, 1, 3) == 2


def test_a_scan_that_meets_the_giving_of_a_blank_is_judged_anew(
    expo: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it waited for the guest the blank became Ada's, so that the first look finds neither."""
    release(expo, 1, 1)
    phone = world.pair(expo)
    phone.scan(code(expo, 1), at(0))
    give(expo, "B-0001", "Ada Lim")
    looks, found = [0], judging._badges

    def late(session: Any, lookups: set[str]) -> Any:
        looks[0] += 1
        return {} if looks[0] == 1 else found(session, lookups)

    monkeypatch.setattr(judging, "_badges", late)
    told = phone.scan(code(expo, 1), at(30))

    assert told["verdict"] == "returned"
    assert told["delegate"]["name"] == "Ada Lim"
