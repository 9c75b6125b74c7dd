"""How a registration becomes a badge: confirmed, pending or waiting, and never more than there are places."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import func, select

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import delegates, links, registering
from checkin.domain.badges import Badge, live_badge
from checkin.domain.delegates import Agreement, Consent, Delegate
from checkin.domain.event import Category
from checkin.domain.links import Link
from checkin.domain.messages import Message, write_message
from checkin.domain.programme import programme
from checkin.errors import Conflict, Refusal
from tests import world

AGREED = Agreement({"notice": True, "updates": False}, "2026-11", "ms")
AINA = world.person("Aina binti Yusof", email="aina@example.org")
CATEGORIES = [{"name": "Delegate"}, {"name": "Media", "approval": True}, {"name": "Workshop", "capacity": 3}]


@pytest.fixture
def app(app: Flask) -> Flask:
    world.set_event(app, categories=CATEGORIES)
    return app


def register(app: Flask, name: str = AINA.name, **details: str) -> registering.Registration:
    person = world.person(name, **{"email": f"{name.split()[0].lower()}@example.org", **details})
    with app.app_context(), transaction() as session:
        return registering.register(session, person, AGREED, programme=programme(session), now=clock.now())


def confirm(app: Flask, delegate_id: int) -> str:
    with app.app_context(), transaction() as session:
        delegate, plan = session.get_one(Delegate, delegate_id), programme(session)
        key = app.config["CHECKIN"].key
        return registering.confirm(session, delegate, programme=plan, key=key, now=clock.now()).state


def approve(app: Flask, delegate_id: int) -> bool:
    with app.app_context(), transaction() as session:
        delegate, key = session.get_one(Delegate, delegate_id), app.config["CHECKIN"].key
        return registering.approve(session, delegate, key=key, now=clock.now())


def cancel(app: Flask, delegate_id: int) -> bool:
    with app.app_context(), transaction() as session:
        return delegates.cancel(session, session.get_one(Delegate, delegate_id), now=clock.now())


def reinstate(app: Flask, delegate_id: int) -> bool:
    with app.app_context(), transaction() as session:
        return delegates.reinstate(session, session.get_one(Delegate, delegate_id), now=clock.now())


def withdraw(app: Flask, delegate_id: int) -> bool:
    with app.app_context(), transaction() as session:
        delegate = session.get_one(Delegate, delegate_id)
        return registering.withdraw_approval(session, delegate, now=clock.now())


def forget(app: Flask, delegate_id: int) -> bool:
    with app.app_context(), transaction() as session:
        return registering.forget_unconfirmed(
            session, session.get_one(Delegate, delegate_id), now=clock.now()
        )


def state(app: Flask, delegate_id: int) -> tuple[str, bool]:
    """A delegate's status, and whether they have a live badge."""
    with app.app_context(), reading() as session:
        status = session.get_one(Delegate, delegate_id).status
        return status, live_badge(session, delegate_id) is not None


def taken(app: Flask, category: str) -> tuple[int, int]:
    """The places a category counts as taken, and its confirmed delegates."""
    with app.app_context(), reading() as session:
        found = session.scalars(select(Category).where(Category.name == category)).one()
        confirmed = select(func.count()).where(
            Delegate.category_id == found.id, Delegate.status == "confirmed"
        )
        return found.taken, session.scalar(confirmed) or 0


def at_once(*calls: Callable[[], object]) -> list[object]:
    """What calls return or raise that begin in the same moment."""
    ready = Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        ready.wait(30)
        try:
            return call()
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


# --- one after the other --------------------------------------------------------------------------------------


def test_who_registers_is_unconfirmed_until_they_confirm(app: Flask) -> None:
    made = register(app)

    before = state(app, made.delegate_id)
    said = confirm(app, made.delegate_id)

    assert made.is_new
    assert before == ("unconfirmed", False)
    assert said == "confirmed"
    assert state(app, made.delegate_id) == ("confirmed", True)


def test_confirming_again_changes_nothing(app: Flask) -> None:
    made = register(app)
    confirm(app, made.delegate_id)
    code = world.codes(app)

    said = confirm(app, made.delegate_id)

    assert said == "confirmed"
    assert world.codes(app) == code
    assert taken(app, "Delegate") == (1, 1)


def test_a_known_address_gets_whoever_has_it_and_no_consents(app: Flask) -> None:
    first = register(app)

    second = register(app, "Badrul", email="aina@example.org")

    with app.app_context(), reading() as session:
        assert session.scalar(select(func.count()).select_from(Consent)) == 2
        assert delegates.count(session) == 1
    assert second == registering.Registration(first.delegate_id, False)


def test_a_category_that_wants_approval_lets_nobody_in_by_themselves(app: Flask) -> None:
    made = register(app, category="Media")

    said = confirm(app, made.delegate_id), confirm(app, made.delegate_id)
    pending = state(app, made.delegate_id)
    approved = approve(app, made.delegate_id), approve(app, made.delegate_id)

    assert said == ("pending", "pending")
    assert pending == ("pending", False)
    assert approved == (True, False)
    assert state(app, made.delegate_id) == ("confirmed", True)


def test_withdrawing_an_approval_frees_the_place_and_approving_again_keeps_the_code(app: Flask) -> None:
    made = register(app, category="Media")
    approve(app, made.delegate_id)
    code = world.codes(app)

    withdrawn = withdraw(app, made.delegate_id), withdraw(app, made.delegate_id)
    free = taken(app, "Media")
    approve(app, made.delegate_id)

    assert withdrawn == (True, False)
    assert free == (0, 0)
    assert taken(app, "Media") == (1, 1)
    assert world.codes(app) == code


def test_who_confirms_when_it_is_full_waits_and_a_free_place_is_given_by_hand(app: Flask) -> None:
    made = [register(app, name, category="Workshop").delegate_id for name in "ABCD"]

    said = [confirm(app, one) for one in made]
    with pytest.raises(Conflict, match="no place left"):
        approve(app, made[3])
    still = state(app, made[3])
    cancel(app, made[0])
    approve(app, made[3])

    assert said == ["confirmed"] * 3 + ["waiting"]
    assert still == ("waiting", False)
    assert state(app, made[3]) == ("confirmed", True)
    assert taken(app, "Workshop") == (3, 3)


def test_who_is_cancelled_can_be_neither_confirmed_nor_approved(app: Flask) -> None:
    made = register(app)
    cancel(app, made.delegate_id)

    said = confirm(app, made.delegate_id)

    with pytest.raises(Conflict, match="reinstate"):
        approve(app, made.delegate_id)
    assert said == "cancelled"
    assert state(app, made.delegate_id) == ("cancelled", False)


def test_who_never_confirmed_can_be_forgotten_and_their_address_is_free(app: Flask) -> None:
    made, now = register(app), clock.now()
    with app.app_context(), transaction() as session:
        links.mint_link(session, made.delegate_id, now=now, expires_at=now + timedelta(days=1))
        write_message(session, made.delegate_id, kind="confirm", now=now)

    forgotten = forget(app, made.delegate_id)

    with app.app_context(), reading() as session:
        left = [
            session.scalar(select(func.count()).select_from(table))
            for table in (Delegate, Consent, Link, Message)
        ]
    assert forgotten
    assert left == [0, 0, 0, 0]
    assert register(app).is_new


@pytest.mark.parametrize("step", [confirm, cancel])
def test_nobody_else_is_forgotten(app: Flask, step: Callable[[Flask, int], object]) -> None:
    made = register(app)
    step(app, made.delegate_id)

    assert not forget(app, made.delegate_id)
    assert not register(app).is_new


# --- at once --------------------------------------------------------------------------------------------------


def test_one_address_registers_once_however_many_send_it_at_once(app: Flask) -> None:
    made = at_once(*(lambda name=name: register(app, name, email="a@example.org") for name in "ABCDEFGH"))

    new = [one for one in made if isinstance(one, registering.Registration) and one.is_new]
    with app.app_context(), reading() as session:
        [kept] = session.scalars(select(Delegate.id))
    assert [one.delegate_id for one in new] == [kept]


def test_a_double_tap_gives_one_badge(app: Flask) -> None:
    made = register(app)

    said = at_once(*[lambda: confirm(app, made.delegate_id)] * 6)

    with app.app_context(), reading() as session:
        assert session.scalar(select(func.count()).select_from(Badge)) == 1
    assert said == ["confirmed"] * 6
    assert taken(app, "Delegate") == (1, 1)


def test_places_are_never_oversold(app: Flask) -> None:
    made = [register(app, f"N{number}", category="Workshop").delegate_id for number in range(10)]
    steps = [
        lambda one=one, step=step: step(app, one)
        for one, step in zip(made, [confirm, approve] * 5, strict=True)
    ]

    said = Counter(at_once(*steps))

    assert said["confirmed"] + said[True] == 3
    assert said["waiting"] + said["category_full"] == 7
    assert taken(app, "Workshop") == (3, 3)


def test_places_are_neither_lost_nor_counted_twice_whatever_is_done_at_once(app: Flask) -> None:
    made = [register(app, f"N{number}", category="Workshop").delegate_id for number in range(2)]
    steps = [confirm, cancel, reinstate, approve, withdraw, cancel, reinstate, confirm]

    for one in made:
        for _ in range(2):
            at_once(*(lambda step=step, one=one: step(app, one) for step in steps))
            counted, confirmed = taken(app, "Workshop")
            assert counted == confirmed


def test_confirming_and_forgetting_at_once_leave_one_of_both(app: Flask) -> None:
    for number in range(5):
        made = register(app, f"N{number}").delegate_id

        at_once(lambda made=made: confirm_if_there(app, made), lambda made=made: forget_if_there(app, made))

        with app.app_context(), reading() as session:
            kept = session.get(Delegate, made)
            assert kept is None or (kept.status, live_badge(session, made) is not None) == ("confirmed", True)


def confirm_if_there(app: Flask, delegate_id: int) -> None:
    with app.app_context(), transaction() as session:
        if delegate := session.get(Delegate, delegate_id):
            key, plan = app.config["CHECKIN"].key, programme(session)
            registering.confirm(session, delegate, programme=plan, key=key, now=clock.now())


def forget_if_there(app: Flask, delegate_id: int) -> None:
    with app.app_context(), transaction() as session:
        if delegate := session.get(Delegate, delegate_id):
            registering.forget_unconfirmed(session, delegate, now=clock.now())
