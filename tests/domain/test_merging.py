"""Two entries of one person become one: scans of both, one good badge, no figure that changes by itself."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from checkin import clock
from checkin.db import reading, transaction
from checkin.documents import mailing
from checkin.domain import (
    attendance,
    correcting,
    delegates,
    duplicates,
    erasing,
    merging,
    own_data,
    registering,
    searching,
    walk_ins,
)
from checkin.domain.attendance import Scope
from checkin.domain.badges import Badge
from checkin.domain.delegates import Agreement, Delegate
from checkin.domain.event import Category
from checkin.domain.messages import Message
from checkin.domain.programme import programme
from checkin.domain.scans import Attendance, Scan
from checkin.errors import Conflict
from checkin.organisers import duplicate_search
from tests import world

NOW = dt.datetime(2025, 9, 17, 1, 0, tzinfo=dt.UTC)
FIRST, SECOND = "KL-00001", "KL-00002"


def at(minute: int) -> str:
    return (NOW + dt.timedelta(minutes=minute)).isoformat()


@pytest.fixture
def expo(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The first day of an event, Aina under two spellings, and Ben."""
    monkeypatch.setattr(clock, "now", lambda: NOW + dt.timedelta(hours=3))
    world.set_event(app)
    works = {"organisation": "Digital Works Sdn Bhd", "country": "MY"}
    world.enrol(
        app,
        [
            world.person("Nurul Aina binti Yusof", email="aina@example.org", **works),
            world.person("Nurul Aina Yusof", phone="+60123456789", category="Workshop", **works),
            world.person("Ben Tan", email="ben@example.org"),
        ],
    )
    return app


def merge(app: Flask, kept: str = FIRST, other: str = SECOND, **choice: str) -> merging.Merged:
    with app.app_context(), transaction() as session:
        one, two = merging.sides(session, kept, other, hold=True)
        ids = {one.delegate.reference: one.delegate.id, two.delegate.reference: two.delegate.id}
        chosen = merging.sensible_choice(one, two) | {name: ids[of] for name, of in choice.items()}
        plan, key = programme(session), app.config["CHECKIN"].key
        return merging.merge(session, one, two, choice=chosen, programme=plan, key=key, now=clock.now())


def one(app: Flask, reference: str) -> Delegate:
    with app.app_context(), reading() as session:
        return delegates.delegate_with_reference(session, reference)


def codes(app: Flask) -> list[str]:
    return list(world.codes(app).values())


def sheet(app: Flask) -> dict[str, dict[dt.date, Any]]:
    """The attendance sheet of the main area by reference."""
    with app.app_context(), reading() as session:
        plan = programme(session)
        rows = attendance.rows(session, Scope(plan.main_area), programme=plan, columns=["reference"])
        return {row.delegate[0]: dict(row.days) for row in rows}


def recounted(app: Flask) -> set[tuple[int | None, int, dt.date, dt.datetime]]:
    """The earliest entry of each delegate, area and day, from the scans alone."""
    with app.app_context(), reading() as session:
        scans = session.scalars(select(Scan).where(Scan.direction == "in", Scan.verdict != "refused"))
        firsts: dict[Any, dt.datetime] = {}
        for scan in scans:
            place = scan.delegate_id, scan.area_id, scan.day
            firsts[place] = min(scan.at, firsts.get(place, scan.at))
        return {(*place, first) for place, first in firsts.items()}


def kept(app: Flask) -> set[tuple[int | None, int, dt.date, dt.datetime]]:
    with app.app_context(), reading() as session:
        return {
            (row.delegate_id, row.area_id, row.day, row.first_at)
            for row in session.scalars(select(Attendance))
        }


def test_pairs_are_found_kept_and_not_offered_again_once_told_apart(expo: Flask) -> None:
    with expo.app_context():
        duplicate_search.search()
        with transaction() as session:
            page = duplicates.pairs(session, settled=False, page=0)
            assert [(row[1].reference, row[2].reference) for row in page.rows] == [(FIRST, SECOND)]
            assert [tuple(row) for row in duplicates.likely(session, 2)] == [
                (FIRST, "Nurul Aina binti Yusof")
            ]
            assert duplicates.settle(session, 2, 1, by="staff:1", now=clock.now())
            assert not duplicates.settle(session, 1, 2, by="staff:1", now=clock.now())

        duplicate_search.search()

        with transaction() as session:
            assert duplicates.pairs(session, settled=False, page=0).count == 0
            assert duplicates.pairs(session, settled=True, page=0).count == 1
            assert duplicates.likely(session, 1) == []
            assert duplicates.reopen(session, 1, 2)
            assert not duplicates.reopen(session, 1, 2)
            assert duplicates.pairs(session, settled=False, page=0).count == 1
            # Two people whom no search would find can be told apart, too.
            assert duplicates.settle(session, 1, 3, by="staff:1", now=clock.now())


def test_a_search_is_due_after_a_registration_and_ordered_once(
    expo: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = clock.now() + dt.timedelta(hours=1)
    with expo.app_context(), transaction() as session:
        assert duplicates.is_due(session, now=clock.now())
        assert duplicates.ask(session, now=clock.now())
        assert not duplicates.ask(session, now=clock.now())
    with expo.app_context():
        duplicate_search.search_again()
        with reading() as session:
            assert not duplicates.is_due(session, now=later)
    monkeypatch.setattr(clock, "now", lambda: later)
    world.enrol(expo, [world.person("Somebody New")])

    with expo.app_context():
        duplicate_search.look_around()
        with reading() as session:
            search = duplicates.the_search(session)

    assert search is not None
    assert search.asked_at == later


def test_scans_of_both_count_once_for_the_one_who_stays(expo: Flask) -> None:
    phone, other, hall = world.pair(expo), world.pair(expo, "Gate B"), world.pair(expo, "Gate C")
    first, second, ben = codes(expo)
    phone.scan(first, at(30))
    other.scan(second, at(0))
    other.scan(second, at(60), direction="out")
    hall.scan(second, at(60 * 24))
    hall.scan(ben, at(5))
    late = phone.item(second, at(55))
    roster = phone.client.get("/api/door/v1/roster", headers=phone.headers).get_json()
    before = sheet(expo)

    merged = merge(expo)

    assert merged.scans == 3
    after = sheet(expo)
    assert after[SECOND] == {}
    assert [day.first_in for day in after[FIRST].values()] == [NOW, NOW + dt.timedelta(days=1)]
    # The first day had been counted for both; who else came stays as it was.
    assert sum(map(len, before.values())) == sum(map(len, after.values())) + 1
    assert after["KL-00003"] == before["KL-00003"]
    assert kept(expo) == recounted(expo)
    # One badge is good: the other one is an older one from now on, and phones learn of it and of its passages.
    told = phone.client.get(f"/api/door/v1/roster?since={roster['cursor']}", headers=phone.headers).get_json()
    assert dict(zip(told["removed"], told["reasons"], strict=True)).popitem()[1] == "replaced"
    assert len(told["passages"]) >= 3
    refused = other.scan(second, at(181))
    assert (refused["verdict"], refused["reason"], refused["delegate"]["reference"]) == (
        "refused",
        "replaced",
        FIRST,
    )
    # What an offline phone read of it before that counts, for the one who stays, and again the same when sent again.
    [arrived] = phone.send([late])
    assert (arrived["verdict"], arrived["delegate"]["reference"]) == ("returned", FIRST)
    assert phone.send([late])[0]["verdict"] == "returned"
    [earliest] = phone.send([phone.item(second, at(-30))])
    assert earliest["verdict"] == "returned"
    assert sheet(expo)[FIRST][dt.date(2025, 9, 17)].first_in == NOW - dt.timedelta(minutes=30)
    assert kept(expo) == recounted(expo)
    # A void of a scan that came along takes it out.
    void = {
        "id": "0192aaaa-0000-7000-8000-000000000001",
        "scan": earliest["id"],
        "reason": "mistake",
        "at": at(182),
    }
    phone.client.post("/api/door/v1/voids", json=void, headers=phone.headers)
    assert sheet(expo)[FIRST][dt.date(2025, 9, 17)].first_in == NOW


def test_the_fields_are_those_that_were_chosen_and_the_place_is_free(expo: Flask) -> None:
    before = one(expo, SECOND)
    merged = merge(expo, email=FIRST, phone=SECOND, name=SECOND, category_id=SECOND)

    stays, goes = one(expo, FIRST), one(expo, SECOND)
    assert set(merged.fields) == {"name", "phone", "category"}
    assert (stays.name, stays.phone, stays.email) == ("Nurul Aina Yusof", "+60123456789", "aina@example.org")
    assert stays.category_id == before.category_id
    assert (goes.status, goes.merged_into, goes.name) == ("cancelled", stays.id, "Nurul Aina Yusof")
    with expo.app_context(), reading() as session:
        taken = dict(session.execute(select(Category.name, Category.taken)).all())
        found = searching.search(session, "kl-00002", area_id=1, day=world.DAYS[0])
        spelt = searching.search(session, "binti yusof", area_id=1, day=world.DAYS[0])
        assert [row.reference for row in (*found, *spelt)] == [FIRST]
        assert getattr(walk_ins.named_by(session, SECOND), "reference", "") == FIRST
    assert taken["Workshop"] == 1


def test_addresses_are_exchanged_and_both_lead_to_the_one_who_stays(expo: Flask) -> None:
    world.enrol(expo, [world.person("Aina Yusof", email="private@example.org")])
    token = world.link(expo, "Aina Yusof")
    with expo.app_context(), transaction() as session:
        delegates.record_consents(session, 4, Agreement({"updates": True}, "2026-11", "en"), now=NOW)
        waits = session.get_one(Delegate, 4)
        mailing.write_to(session, waits, kind="badge", now=NOW)

    merge(expo, FIRST, "KL-00004", email="KL-00004")

    assert (one(expo, FIRST).email, one(expo, "KL-00004").email) == (
        "private@example.org",
        "aina@example.org",
    )
    page = expo.test_client().get(f"/me/{token}").text
    assert FIRST in page
    with expo.app_context(), transaction() as session:
        assert session.scalars(select(Message.status)).all() == ["failed"]
        assert mailing.write_capped(session, "aina@example.org", kind="link", now=clock.now())
        again = session.scalars(select(Message.id).where(Message.status == "waiting")).one()
    with expo.app_context():
        letter = mailing.letter_of(again)
        assert letter is not None
        # It is about the entry that stayed, and goes to its address: the other may be somebody else's.
        assert letter.address == "private@example.org"
        assert "Dear Nurul Aina binti Yusof" in letter.text
        with reading() as session:
            data = own_data.as_json(own_data.own_data(session, session.get_one(Delegate, 1)))
    assert [entry["reference"] for entry in data["merged_entries"]] == ["KL-00004"]  # type: ignore[attr-defined]
    assert [consent["purpose"] for consent in data["consents"]] == ["updates"]  # type: ignore[attr-defined]
    # The same list adds neither again.
    added = world.enrol(
        expo, [world.person("A", email="private@example.org"), world.person("B", email="aina@example.org")]
    )
    assert added.known == 2


def test_nobody_gets_the_page_of_the_one_who_stays_by_an_address_that_goes(expo: Flask) -> None:
    """An entry of the same name under a stranger's address: its links end, and its letters go to who stays."""
    world.enrol(expo, [world.person("Nurul Aina bt. Yusof", email="mallory@example.org")])
    token = world.link(expo, "Nurul Aina bt. Yusof")

    merge(expo, FIRST, "KL-00004")

    assert expo.test_client().get(f"/me/{token}").status_code == 404
    with expo.app_context(), transaction() as session:
        assert mailing.write_capped(session, "mallory@example.org", kind="link", now=clock.now())
        asked = session.scalars(
            select(Message.id).where(Message.status == "waiting", Message.delegate_id == 4)
        ).one()
    with expo.app_context():
        letter = mailing.letter_of(asked)
    assert letter is not None
    assert letter.address == "aina@example.org"


def test_what_was_merged_cannot_be_changed_and_goes_with_the_other(expo: Flask) -> None:
    merge(expo)
    key = expo.config["CHECKIN"].key

    for act in (
        lambda session, gone: delegates.reinstate(session, gone, now=clock.now()),
        lambda session, gone: registering.approve(session, gone, key=key, now=clock.now()),
        lambda session, gone: correcting.change_email(session, gone, "x@example.org", now=clock.now()),
        lambda session, gone: erasing.erase(session, gone, actor="staff:1", reason="asked", now=clock.now()),
    ):
        with pytest.raises(Conflict), expo.app_context(), transaction() as session:
            act(session, session.get_one(Delegate, 2))
    with expo.app_context(), transaction() as session:
        stays = delegates.delegate_with_reference(session, FIRST, hold=True)
        assert erasing.erase(session, stays, actor="staff:1", reason="asked", now=clock.now())
        names = session.scalars(select(Delegate.name).order_by(Delegate.id)).all()
        phones = session.scalars(select(Delegate.phone)).all()
    assert names == ["Erased", "Erased", "Ben Tan"]
    assert phones == [None] * 3


def test_merging_is_refused_where_it_would_harm(expo: Flask) -> None:
    _token, colleague = world.contact(expo, "Nurul Aina binti Yusof", colleague="Cem Demir")
    world.enrol(expo, [world.person("Nurul Aina", email="pending@example.org")], status="pending")

    def code(kept: str, other: str, **choice: str) -> str:
        with pytest.raises(Conflict) as refused:
            merge(expo, kept, other, **choice)
        return refused.value.code

    assert code(SECOND, FIRST) == "merge_colleagues"
    assert code(FIRST, "KL-00003", email="KL-00003") == "merge_colleagues"
    assert code("KL-00005", SECOND) == "merge_standing"
    assert code(FIRST, FIRST) == "same_entry"
    merge(expo, FIRST, colleague)
    assert code(FIRST, colleague) == "merged"
    # Who was merged into the other comes along.
    merge(expo, "KL-00003", SECOND)
    with expo.app_context(), reading() as session:
        assert [one.reference for one in delegates.merged_with(session, 3)] == [SECOND]


def test_two_organisers_who_merge_at_once_merge_once_while_doors_scan(expo: Flask) -> None:
    phones = [world.pair(expo, door) for door in ("Gate A", "Gate B")]
    first, second, _ben = codes(expo)

    def tries(number: int) -> str:
        try:
            if number % 2:
                merge(expo, *((FIRST, SECOND) if number == 1 else (SECOND, FIRST)))
                return "done"
            return str(phones[number // 2].scan(second if number else first, at(number))["verdict"])
        except Conflict as refused:
            return refused.code

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(tries, range(4)))

    # The one who came second is told: `merged` is what the refusal is called, too.
    assert sorted(results[1::2]) == ["done", "merged"]
    with expo.app_context(), reading() as session:
        gone = session.scalars(select(Delegate.id).where(Delegate.merged_into.is_not(None))).all()
        assert len(gone) == 1
        assert session.scalar(select(func.count()).select_from(Scan).where(Scan.delegate_id.in_(gone))) == 0
        live = session.scalar(select(func.count()).select_from(Badge).where(Badge.revoked_at.is_(None)))
        assert live == 2
    assert kept(expo) == recounted(expo)
