"""Links to a delegate's own page: kept as hashes, each its own life."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import links
from checkin.domain.delegates import Delegate
from checkin.domain.links import Link
from checkin.domain.programme import Programme, programme
from checkin.errors import NotFound
from tests import world

NOW = clock.now()
HOME = ZoneInfo("Asia/Kuala_Lumpur")


@pytest.fixture
def linked(expo: Flask) -> Flask:
    """The expo with two people."""
    world.enrol(expo, [world.person(name, email=f"{name}@example.org") for name in ("aina", "badrul")])
    return expo


def mint(app: Flask, name: str = "aina", *, life: timedelta = timedelta(days=1)) -> str:
    with app.app_context(), transaction() as session:
        delegate_id = session.scalars(select(Delegate.id).where(Delegate.name == name)).one()
        return links.mint_link(session, delegate_id, now=NOW, expires_at=NOW + life)


def opened(app: Flask, token: str, *, now: datetime = NOW) -> str | None:
    """Whose page a token opens, if any's."""
    with app.app_context(), reading() as session:
        try:
            return links.linked_delegate(session, token, now=now).name
        except NotFound:
            return None


def test_each_link_opens_its_own_page_and_earlier_ones_go_on_working(linked: Flask) -> None:
    tokens = [mint(linked), mint(linked, "badrul"), mint(linked)]

    assert len(set(tokens)) == 3
    assert [opened(linked, token) for token in tokens] == ["aina", "badrul", "aina"]


def test_a_link_is_128_random_bits_of_which_a_hash_is_kept(linked: Flask) -> None:
    token = mint(linked)

    with linked.app_context(), reading() as session:
        [kept] = session.scalars(select(Link.token_hash)).all()
    assert len(token) == 22
    assert len(kept) == 32
    assert token.encode() not in kept


def test_a_link_works_until_its_moment(linked: Flask) -> None:
    token = mint(linked)

    moments = [timedelta(0), timedelta(days=1, seconds=-1), timedelta(days=1), timedelta(days=9)]

    assert [opened(linked, token, now=NOW + at) for at in moments] == ["aina", "aina", None, None]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_nearly_a_link_opens_nothing(linked: Flask) -> None:
    token = mint(linked)

    swapped = token.swapcase()
    wrong = ["", " ", token[:-1], token + "A", f" {token}", f"{token} ", "é", "\0", "A" * 10_000, swapped]

    assert [opened(linked, one) for one in wrong] == [None] * len(wrong)


def test_ended_links_open_nothing_and_others_still_do(linked: Flask) -> None:
    ended, other = mint(linked), mint(linked, "badrul")

    with linked.app_context(), transaction() as session:
        links.end_links(session, session.scalars(select(Delegate.id).where(Delegate.name == "aina")).one())

    assert [opened(linked, ended), opened(linked, other)] == [None, "badrul"]


def test_expired_links_are_forgotten_and_others_kept(linked: Flask) -> None:
    mint(linked, life=timedelta(hours=1))
    kept = mint(linked)

    with linked.app_context(), transaction() as session:
        links.forget_expired(session, now=NOW + timedelta(hours=1))

    with linked.app_context(), reading() as session:
        assert len(session.scalars(select(Link)).all()) == 1
    assert opened(linked, kept) == "aina"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_links_outlive_the_event_by_a_month(linked: Flask) -> None:
    plan = the_programme(linked)

    before = links.last_moment(plan, now=datetime(2025, 8, 1, tzinfo=HOME))
    after = links.last_moment(plan, now=datetime(2025, 12, 1, tzinfo=HOME))

    assert before.astimezone(HOME).date() == date(2025, 10, 19)
    assert after.astimezone(HOME).date() == date(2025, 12, 31)


def the_programme(app: Flask) -> Programme:
    with app.app_context(), reading() as session:
        return programme(session)
