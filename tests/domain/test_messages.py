"""What is written to an address: capped where strangers cause it, and reminders once each, when they are due."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.db import reading, transaction
from checkin.documents import mailing
from checkin.domain import delegates, messages, registering
from checkin.domain.delegates import Agreement, Delegate
from checkin.domain.messages import A_DAY_AT_MOST, Message
from checkin.domain.programme import programme
from tests import world

AGREED = Agreement({"notice": True}, "2026-11", "en")
HOME = ZoneInfo("Asia/Kuala_Lumpur")
NOW = clock.now()


def sign_up(app: Flask, name: str, email: str, *, now: datetime = NOW) -> bool:
    """What the form does; whether a message was written."""
    with app.app_context(), transaction() as session:
        person, plan = world.person(name, email=email), programme(session)
        made = registering.register(session, person, AGREED, programme=plan, now=now)
        kind = "confirm" if made.is_new else "known"
        return mailing.write_capped(session, email, kind=kind, now=now)


def find(app: Flask, email: str, *, now: datetime = NOW) -> bool:
    with app.app_context(), transaction() as session:
        return mailing.write_capped(session, email, kind="link", now=now)


def written(app: Flask) -> list[tuple[str, str]]:
    """Whom each message was written to, and its kind."""
    with app.app_context(), reading() as session:
        query = select(Delegate.name, Message.kind).join(Message, Message.delegate_id == Delegate.id)
        return [(row.name, row.kind) for row in session.execute(query.order_by(Message.created_at))]


# --- the cap --------------------------------------------------------------------------------------------------


def test_an_address_gets_five_letters_however_many_sign_up_with_it_at_once(expo: Flask) -> None:
    ready = Barrier(20)

    def one(number: int) -> bool:
        ready.wait(30)
        return find(expo, "aina@example.org") if number % 4 == 3 else sign_up(expo, "X", "aina@example.org")

    with ThreadPoolExecutor(20) as threads:
        wrote = sum(threads.map(one, range(20)))

    # Who looked before anybody had signed up was found to be nobody.
    assert wrote == len(written(expo)) == A_DAY_AT_MOST
    assert Counter(kind for _, kind in written(expo))["confirm"] >= 1


def test_the_cap_holds_for_one_address_and_one_day(expo: Flask) -> None:
    for number in range(7):
        sign_up(expo, "Aina", "aina@example.org", now=NOW + timedelta(hours=number))

    later = [
        sign_up(expo, "Aina", "aina@example.org", now=NOW + timedelta(hours=at)) for at in (23, 25, 25, 25)
    ]
    other = sign_up(expo, "Badrul", "badrul@example.org", now=NOW + timedelta(hours=7))

    assert later == [False, True, True, False]
    assert other


def test_what_a_stranger_cannot_cause_is_not_counted(expo: Flask) -> None:
    world.enrol(expo, [world.person("Aina", email="aina@example.org")])
    with expo.app_context(), transaction() as session:
        aina = session.scalars(select(Delegate)).one()
        for _ in range(A_DAY_AT_MOST):
            assert mailing.write_to(session, aina, kind="badge_reissued", now=NOW)

    found = [find(expo, "aina@example.org") for _ in range(A_DAY_AT_MOST + 1)]

    assert found == [True] * A_DAY_AT_MOST + [False]


def test_nobody_is_written_to_for_an_address_that_nobody_has(expo: Flask) -> None:
    assert not find(expo, "nobody@example.org")
    assert written(expo) == []


# --- reminders ------------------------------------------------------------------------------------------------


def remind(app: Flask, *, now: datetime) -> Sequence[str]:
    """The kinds that are written at a moment."""
    before = len(written(app))
    with app.app_context(), transaction() as session:
        for kind, registered_before in mailing.due_reminders(programme(session), now=now):
            messages.write_reminders(session, kind, registered_before=registered_before, now=now)
    return [kind for _, kind in written(app)[before:]]


@pytest.fixture
def september(expo: Flask) -> Flask:
    """Somebody who registered a fortnight before the event of 17 to 19 September 2025."""
    with expo.app_context(), transaction() as session:
        aina = world.person("Aina", email="aina@example.org")
        registering.register(session, aina, AGREED, programme=programme(session), now=at(3, 12))
    return expo


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 9, day, hour, minute, tzinfo=HOME)


def test_reminders_come_after_one_day_three_days_and_on_the_eve(september: Flask) -> None:
    moments = [at(4, 11, 59), at(4, 12), at(5, 12), at(6, 11, 59), at(6, 12), at(15, 23), at(16, 8, 59)]
    moments += [at(16, 9), at(16, 10), at(17, 9), at(19, 20), at(25, 9)]

    wrote = {moment: kinds for moment in moments if (kinds := remind(september, now=moment))}

    assert wrote == {
        at(4, 12): ["reminder_first"],
        at(6, 12): ["reminder_second"],
        at(16, 9): ["reminder_eve"],
    }


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_registers_on_the_eve_is_not_reminded_at_once(expo: Flask) -> None:
    with expo.app_context(), transaction() as session:
        late = world.person("Late", email="late@example.org")
        registering.register(session, late, AGREED, programme=programme(session), now=at(16, 21))

    soon, later = remind(expo, now=at(16, 22, 59)), remind(expo, now=at(16, 23))

    assert (soon, later) == ([], ["reminder_eve"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nobody_is_reminded_once_the_event_is_over(september: Flask) -> None:
    assert remind(september, now=at(20, 9)) == []


def test_who_confirmed_or_cancelled_or_was_imported_unasked_is_not_reminded(september: Flask) -> None:
    with september.app_context(), transaction() as session:
        aina = session.scalars(select(Delegate)).one()
        delegates.cancel(session, aina, now=at(3, 13))
    listed = [world.person(status, email=f"{status}@example.org") for status in ("confirmed", "pending")]
    for one in listed:
        world.enrol(september, [one], status=one.name)

    assert remind(september, now=at(18, 9)) == []


def test_workers_that_remind_at_once_remind_once(september: Flask) -> None:
    ready = Barrier(4)

    def work(_: int) -> None:
        ready.wait(30)
        with september.app_context(), transaction() as session:
            messages.write_reminders(session, "reminder_first", registered_before=at(4, 0), now=at(5, 0))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))

    assert written(september) == [("Aina", "reminder_first")]


def test_a_worker_that_looks_twice_reminds_once(expo: Flask) -> None:
    first = NOW.astimezone(HOME).date() + timedelta(days=9)
    world.set_event(expo, days=days_from(first), categories=[*world.SETTINGS["categories"][:2], *others()])
    sign_up(expo, "Aina", "aina@example.org", now=NOW - timedelta(hours=25))

    with expo.app_context():
        mailing.remind()
        mailing.remind()

    assert written(expo) == [("Aina", "confirm"), ("Aina", "reminder_first")]


def days_from(first: date) -> list[dict[str, object]]:
    return [{"date": first + timedelta(days=number)} for number in range(3)]


def others() -> list[dict[str, object]]:
    return [{"name": name} for name in ("Crew", "Press", "Workshop")]
