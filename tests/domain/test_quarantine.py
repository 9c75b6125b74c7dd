"""What a revoked phone still uploads, and what becomes of it once somebody has decided."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import doors, quarantine
from checkin.domain.programme import programme
from checkin.domain.quarantine import APPROVED, DROPPED, Decided, Ruling
from checkin.domain.scans import Attendance, Scan
from tests import world

EARLY, NINE, NOON = "2025-09-17T00:30:00Z", "2025-09-17T01:00:00Z", "2025-09-17T04:00:00Z"


def _revoke(app: Flask, phone: world.Phone) -> None:
    with app.app_context(), transaction() as session:
        doors.revoke_device(session, phone.id, now=clock.now())


def _decide(app: Flask, phone: world.Phone, decision: str, *scans: dict[str, Any]) -> int:
    """Decide about some of a phone's scans, or about all of them."""
    ids = [uuid.UUID(scan["id"]) for scan in scans] or None
    with app.app_context(), transaction() as session:
        what = Decided(decision, "found it again", "staff:1", clock.now())
        device = doors.device(session, phone.id)
        return quarantine.rule(session, device, ids, what, programme=programme(session), seen=clock.now())


def _state(app: Flask) -> tuple[set[Any], dict[uuid.UUID, tuple[Any, ...]]]:
    """Attendance, and each scan's verdict."""
    with app.app_context(), reading() as session:
        rows = session.execute(
            select(Attendance.delegate_id, Attendance.day, Attendance.first_at, Attendance.scan_id)
        )
        scans = session.scalars(select(Scan))
        return set(map(tuple, rows)), {one.id: (one.verdict, one.reason, one.just_now) for one in scans}


@pytest.fixture
def badges(expo: Flask) -> dict[str, str]:
    world.enrol(expo, [world.person(name) for name in ("Ada Lim", "Ben Lim")])
    return world.codes(expo)


def test_approved_scans_count_as_if_the_phone_had_never_been_revoked(
    expo: Flask, badges: dict[str, str]
) -> None:
    lost, other = world.pair(expo), world.pair(expo, "Gate B")
    other.scan(badges["Ada Lim"], NINE)
    scans = [
        lost.item(badges["Ada Lim"], EARLY),
        lost.item(badges["Ada Lim"], "2025-09-17T00:30:30Z"),
        lost.item(badges["Ben Lim"], EARLY),
        lost.item(badges["Ben Lim"], NOON, direction="out"),
        lost.item("no badge of ours", NOON),
    ]
    _revoke(expo, lost)
    held = lost.send(scans)

    decided = _decide(expo, lost, APPROVED)

    assert {result["verdict"] for result in held} == {"held"}
    assert decided == 5
    attendance, verdicts = _state(expo)
    assert [verdicts[uuid.UUID(scan["id"])] for scan in scans] == [
        ("returned", None, False),
        ("returned", None, True),
        ("admitted", None, False),
        ("left", None, False),
        ("refused", "unknown", False),
    ]
    firsts = {scan for *_, scan in attendance}
    assert firsts == {uuid.UUID(scans[0]["id"]), uuid.UUID(scans[2]["id"])}


def test_a_dropped_scan_stays_and_counts_nowhere(expo: Flask, badges: dict[str, str]) -> None:
    phone = world.pair(expo)
    _revoke(expo, phone)
    scan = phone.item(badges["Ada Lim"], NINE)
    phone.send([scan])

    _decide(expo, phone, DROPPED, scan)

    attendance, verdicts = _state(expo)
    assert (attendance, list(verdicts.values())) == (set(), [("held", None, False)])
    with expo.app_context(), reading() as session:
        assert quarantine.held_scans(session)[phone.id] == 0
        assert quarantine.rulings(session, phone.id) == {DROPPED: 1}


@pytest.mark.parametrize("decision", [APPROVED, DROPPED])
def test_a_scan_is_decided_about_once(expo: Flask, badges: dict[str, str], decision: str) -> None:
    phone = world.pair(expo)
    _revoke(expo, phone)
    scan = phone.item(badges["Ada Lim"], NINE)
    phone.send([scan])
    opposite = {APPROVED: DROPPED, DROPPED: APPROVED}[decision]

    decided = [_decide(expo, phone, one, scan) for one in (decision, decision, opposite)]
    before = _state(expo)
    again = phone.send([scan])[0]

    assert decided == [1, 0, 0]
    assert again["verdict"] == {APPROVED: "admitted", DROPPED: "held"}[decision]
    assert again["delegate"] is None
    assert _state(expo) == before
    with expo.app_context(), reading() as session:
        assert [one.decision for one in session.scalars(select(Ruling))] == [decision]


def test_of_organisers_who_press_at_the_same_time_one_decides(expo: Flask, badges: dict[str, str]) -> None:
    phone = world.pair(expo)
    _revoke(expo, phone)
    scans = [phone.item(code, NINE) for code in badges.values()]
    phone.send(scans)

    with ThreadPoolExecutor(4) as organisers:
        decisions = [organisers.submit(_decide, expo, phone, one) for one in (APPROVED, DROPPED) * 4]
        decided = [one.result() for one in decisions]

    assert sum(decided) == len(scans)
    with expo.app_context(), reading() as session:
        rulings = {one.scan_id: one.decision for one in session.scalars(select(Ruling))}
    attendance, verdicts = _state(expo)
    assert {scan for *_, scan in attendance} == {one for one in rulings if rulings[one] == APPROVED}
    assert all((verdicts[one][0] == "held") == (rulings[one] == DROPPED) for one in rulings)


def test_nobody_decides_about_another_phones_scans(expo: Flask, badges: dict[str, str]) -> None:
    lost, other = world.pair(expo), world.pair(expo)
    _revoke(expo, lost)
    _revoke(expo, other)
    scan = lost.item(badges["Ada Lim"], NINE)
    lost.send([scan])

    decided = _decide(expo, other, APPROVED, scan)

    assert decided == 0
    assert _state(expo)[0] == set()


def test_a_held_scan_that_was_undone_counts_nowhere_when_it_is_approved(
    expo: Flask, badges: dict[str, str]
) -> None:
    phone, desk = world.pair(expo), world.pair(expo, desk=True)
    _revoke(expo, phone)
    scan = phone.item(badges["Ada Lim"], NINE)
    phone.send([scan])
    void = {"id": str(uuid.uuid4()), "scan": scan["id"], "reason": "wrong badge", "at": NOON}
    undone = desk.client.post("/api/door/v1/voids", json=void, headers=desk.headers)

    _decide(expo, phone, APPROVED, scan)

    assert undone.status_code == 200
    assert _state(expo)[0] == set()


def test_other_phones_learn_of_what_was_approved(expo: Flask) -> None:
    now = clock.now()
    categories = [{"name": one["name"]} for one in world.SETTINGS["categories"]]
    days = [{"date": now.date()}]
    world.set_event(expo, days=days, time_zone="UTC", cutover_hour=0, categories=categories)
    world.enrol(expo, [world.person("Ada Lim")])
    phone, other = world.pair(expo), world.pair(expo, "Gate B")
    _revoke(expo, phone)
    scan = phone.item(world.codes(expo)["Ada Lim"], now.isoformat())
    phone.send([scan])
    roster = other.client.get("/api/door/v1/roster", headers=other.headers).get_json()

    _decide(expo, phone, APPROVED, scan)

    news = other.client.get(f"/api/door/v1/roster?since={roster['cursor']}", headers=other.headers).get_json()
    assert roster["passages"] == []
    assert [passage[4] for passage in news["passages"]] == [scan["id"]]
