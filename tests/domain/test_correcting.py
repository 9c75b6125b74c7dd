"""Corrections keep the badge's code, colleagues share an address, and nobody overwrites what they haven't seen."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import colleagues, correcting, links, searching
from checkin.domain.badges import Badge, Card, card_bytes
from checkin.domain.delegates import Agreement, Delegate, colleagues_of
from checkin.domain.event import Category
from checkin.domain.programme import programme
from checkin.errors import Conflict, NotFound
from checkin.tokens import open_card
from tests import world

AGREED = Agreement({"notice": True}, "2026-11", "en")


@pytest.fixture
def ada(expo: Flask) -> Flask:
    """The expo with Ada, who has an address."""
    world.enrol(expo, [world.person("Ada Limm", email="ada@example.org", organisation="MBPJ")])
    return expo


def _ada(session, name: str = "Ada Limm") -> Delegate:
    return session.scalars(select(Delegate).where(Delegate.name == name)).one()


def test_a_corrected_name_is_on_the_same_badge_and_found_at_once(ada: Flask) -> None:
    before = world.codes(ada)["Ada Limm"]
    details = world.person("Ada Lim", organisation="MBPJ", email="ada@example.org")

    with ada.app_context(), transaction() as session:
        changed = correcting.correct(
            session, _ada(session), details, key=ada.config["CHECKIN"].key, now=clock.now()
        )

    assert changed == ("name",)
    assert world.codes(ada) == {"Ada Lim": before}
    with ada.app_context(), reading() as session:
        sealed = session.scalars(select(Badge.card)).one()
        plan = programme(session)
        found = searching.search(session, "lim", area_id=plan.main_area, day=plan.days[0].date)
    assert open_card(before, sealed) == card_bytes(Card("Ada Lim", "MBPJ", "Delegate", None))
    assert [one.name for one in found] == ["Ada Lim"]


def test_who_saw_older_details_overwrites_nothing(ada: Flask) -> None:
    key, now = ada.config["CHECKIN"].key, clock.now()
    with ada.app_context(), transaction() as session:
        seen = _ada(session).changed_at
        correcting.correct(session, _ada(session), world.person("Ada Lim"), key=key, now=now, seen=seen)

    with (
        ada.app_context(),
        pytest.raises(Conflict, match="changed elsewhere"),
        transaction() as session,
    ):
        correcting.correct(
            session, _ada(session, "Ada Lim"), world.person("Ada Lee"), key=key, now=now, seen=seen
        )


def test_a_category_takes_its_place_and_gives_the_old_one_back(ada: Flask) -> None:
    key, now = ada.config["CHECKIN"].key, clock.now()
    world.enrol(ada, [world.person(f"Guest {n}", category="Workshop") for n in range(2)])

    with ada.app_context(), transaction() as session:
        workshop = programme(session).category_named("Workshop")
        first = correcting.change_category(session, _ada(session), workshop, key=key, now=now)
        again = correcting.change_category(session, _ada(session), workshop, key=key, now=now)
    world.enrol(ada, [world.person("Ben Lim")])
    with ada.app_context(), pytest.raises(Conflict, match="no place left"), transaction() as session:
        correcting.change_category(session, _ada(session, "Ben Lim"), workshop, key=key, now=now)

    assert (first, again) == (True, False)
    with ada.app_context(), reading() as session:
        taken = dict(session.execute(select(Category.name, Category.taken)).all())
    assert (taken["Workshop"], taken["Delegate"]) == (3, 1)


def test_another_address_ends_the_old_links_and_takes_colleagues_along(ada: Flask) -> None:
    token, _ = world.contact(ada, "Ada Limm", colleague="Ben Lim")
    world.enrol(ada, [world.person("Chong", email="chong@example.org")])

    with ada.app_context(), transaction() as session:
        correcting.change_email(session, _ada(session), "ada@new.example", now=clock.now())
    with ada.app_context(), pytest.raises(Conflict, match="belongs to"), transaction() as session:
        correcting.change_email(session, _ada(session), "chong@example.org", now=clock.now())

    with ada.app_context(), reading() as session:
        assert [one.name for one in colleagues_of(session, _ada(session))] == ["Ben Lim"]
        with pytest.raises(NotFound):
            links.linked_delegate(session, token, now=clock.now())


def test_a_contact_adds_twenty_and_nobody_twice(ada: Flask) -> None:
    key, now = ada.config["CHECKIN"].key, clock.now()

    def add(name: str) -> bool:
        with ada.app_context(), transaction() as session:
            plan = programme(session)
            person = world.person(name)
            return colleagues.add_colleague(
                session, _ada(session), person, AGREED, programme=plan, key=key, now=now
            )[1]

    added = [add(f"Colleague {number}") for number in range(20)]

    assert added == [True] * 20
    assert add("Colleague 7") is False
    with pytest.raises(Conflict, match="20 people share"):
        add("One more")
    assert len(world.codes(ada)) == 21


def test_an_old_link_opens_nothing(ada: Flask) -> None:
    now = clock.now()

    with ada.app_context(), transaction() as session:
        token = links.mint_link(session, _ada(session).id, now=now, expires_at=now + timedelta(hours=1))

    with ada.app_context(), reading() as session:
        assert links.linked_delegate(session, token, now=now).name == "Ada Limm"
        with pytest.raises(NotFound):
            links.linked_delegate(session, token, now=now + timedelta(hours=1))
