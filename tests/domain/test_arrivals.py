"""The board's counts against a naive recount of what the doors sent, and in how many statements they are made."""

import datetime as dt
import uuid
from collections import Counter
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import arrivals, delegates, doors, quarantine
from checkin.domain.arrivals import Numbers, Share
from checkin.domain.delegates import Delegate
from checkin.domain.programme import Programme, programme
from tests import world
from tests.bench.statements import counted

NAMES = [f"Delegate {number:02}" for number in range(24)]
GROUPS = ("Mayor of Ipoh", "Singapore", "")
COUNTRIES = ("MY", "SG", "JP", None)
MIDNIGHT = dt.time(0, tzinfo=dt.timezone(dt.timedelta(hours=8)))


@dataclass(frozen=True)
class Sent:
    """An entry that was sent: who, at which door, when, and whether it was voided afterwards."""

    name: str
    door: str
    at: dt.datetime
    voided: bool = False


def _sent() -> list[Sent]:
    """Entries on two days at three doors, later ones too, out of order; every sixth is voided."""
    sent = []
    for number, name in enumerate(NAMES):
        for day in world.DAYS[: 1 + number % 2]:
            for visit in range(1 + number % 3):
                door = ("Gate A", "Gate B", "Hall door")[
                    (number + visit) % 3 if number % 4 == 1 else number % 2
                ]
                minutes = 8 * 60 + (number * 37 + visit * 95) % 600
                at = dt.datetime.combine(day, MIDNIGHT) + dt.timedelta(minutes=minutes)
                sent.append(Sent(name, door, at, voided=(number + visit) % 6 == 5))
    return sorted(sent, key=lambda one: (one.at.minute, one.name))


@pytest.fixture
def arrived(expo: Flask) -> list[Sent]:
    """What phones at three doors have sent about people of several groups."""
    people = [
        world.person(
            name,
            category="VIP" if number % 4 == 1 else "Delegate",
            delegation=GROUPS[number % 3],
            country=COUNTRIES[number % 4],
        )
        for number, name in enumerate(NAMES)
    ]
    world.enrol(expo, [*people, world.person("Somebody absent"), world.person("Crew", category="Crew")])
    world.enrol(expo, [world.person("Awaiting")], status="pending")
    codes, sent = world.codes(expo), _sent()
    phones = {door: world.pair(expo, door) for door in ("Gate A", "Gate B", "Hall door")}
    for one in sent:
        phone = phones[one.door]
        item = phone.item(codes[one.name], one.at.isoformat())
        phone.send([item])
        if one.voided:
            void = {
                "id": str(uuid.uuid4()),
                "scan": item["id"],
                "reason": "mistaken",
                "at": one.at.isoformat(),
            }
            answer = phone.client.post("/api/door/v1/voids", json=void, headers=phone.headers)
            assert answer.status_code == 200
    return sent


def _recount(sent: list[Sent], day: dt.date, *, door: str | None = None) -> dict[str, Sent]:
    """Everybody's first entry of a day that was not voided, at one door only where it is given."""
    firsts: dict[str, Sent] = {}
    for one in sorted(sent, key=lambda one: one.at):
        if one.at.date() == day and not one.voided and door in {None, one.door}:
            firsts.setdefault(one.name, one)
    return firsts


def _numbers(session: Session, plan: Programme, *, day: dt.date, area: str = "Expo") -> Numbers:
    return arrivals.numbers(session, plan, area_id=plan.area_named(area), day=day, now=clock.now())


def test_entries_are_those_of_a_naive_recount(arrived: list[Sent], looking: Session) -> None:
    plan = programme(looking)

    for day in world.DAYS:
        for area, door in (("Expo", None), ("Hall", "Hall door")):
            firsts = _recount(arrived, day, door=door).values()
            counted = _numbers(looking, plan, day=day, area=area)

            by_quarter = Counter(
                (one.door, (one.at.hour * 60 + one.at.minute - 4 * 60) // 15) for one in firsts
            )
            assert counted.entries.total == len(firsts)
            assert by_quarter == {
                (plan.doors[door_id].name, quarter): count
                for door_id, counts in counted.entries.by_door.items()
                for quarter, count in counts.items()
            }


def test_groups_are_those_of_a_naive_recount(arrived: list[Sent], looking: Session) -> None:
    plan, day = programme(looking), world.DAYS[0]
    firsts = _recount(arrived, day)
    rows = looking.scalars(select(Delegate)).all()
    confirmed = [row for row in rows if row.status == "confirmed"]

    people = _numbers(looking, plan, day=day).people

    def share(group: list[Delegate]) -> Share:
        return Share(sum(row.name in firsts for row in group), len(group))

    assert people.all == share(confirmed)
    for name in filter(None, GROUPS):
        assert people.delegations[name] == share([row for row in confirmed if row.delegation == name])
    for code in COUNTRIES:
        assert people.countries[code] == share([row for row in confirmed if row.country == code])
    assert people.statuses == {"confirmed": len(confirmed), "pending": 1}


def test_only_whoever_may_enter_is_expected(arrived: list[Sent], looking: Session) -> None:
    plan = programme(looking)
    build_day = world.DAYS[0] - dt.timedelta(days=1)

    assert _numbers(looking, plan, day=build_day).people.all == Share(0, 1)
    assert _numbers(looking, plan, day=world.DAYS[0], area="Hall").people.all.expected == 6


def test_yesterday_is_the_day_of_the_event_before(looking: Session) -> None:
    plan = programme(looking)

    assert arrivals.day_before(plan, world.DAYS[1]) == world.DAYS[0]
    assert arrivals.day_before(plan, world.DAYS[0]) is None


def test_whoever_was_cancelled_after_coming_came(arrived: list[Sent], expo: Flask) -> None:
    day = world.DAYS[0]
    name = next(iter(_recount(arrived, day)))
    with expo.app_context(), transaction() as session:
        person = session.scalars(select(Delegate).where(Delegate.name == name)).one()
        delegates.cancel(session, person, now=clock.now())

    with expo.app_context(), reading() as session:
        people = _numbers(session, programme(session), day=day).people

    assert people.all == Share(len(_recount(arrived, day)), len(NAMES) + 1)


def test_people_who_came_are_counted_once(arrived: list[Sent], looking: Session) -> None:
    came = {name for day in world.DAYS for name in _recount(arrived, day)}

    assert arrivals.people_who_came(looking, programme(looking)) == len(came)


def test_registrations_are_counted_by_the_days_of_the_events_zone(expo: Flask) -> None:
    world.enrol(expo, [world.person("Ada Lim"), world.person("Ben Lim")])
    late = dt.datetime(2025, 8, 31, 17, 30, tzinfo=dt.UTC)
    with expo.app_context(), transaction() as session:
        session.execute(update(Delegate).where(Delegate.name == "Ada Lim").values(registered_at=late))

    with expo.app_context(), reading() as session:
        found = arrivals.registrations(session, programme(session), since=late)

    assert found[dt.date(2025, 9, 1)] == 1
    assert found.total() == 2


def test_held_scans_are_counted_by_phone(expo: Flask) -> None:
    phone = world.pair(expo)
    with expo.app_context(), transaction() as session:
        doors.revoke_device(session, phone.id, now=clock.now())
    phone.send([phone.item("X", "2025-09-17T01:00:00Z"), phone.item("Y", "2025-09-17T01:00:00Z")])

    with expo.app_context(), reading() as session:
        held, live = quarantine.held_scans(session), arrivals.phones(session)

    assert held == {phone.id: 2}
    assert live == []


def test_the_numbers_take_six_statements(arrived: list[Sent], expo: Flask, looking: Session) -> None:
    plan = programme(looking)

    with counted(expo) as statements:
        _numbers(looking, plan, day=world.DAYS[1])

    assert len(statements) == 6
