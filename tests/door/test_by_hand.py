"""Letting somebody in after a search: the search says which badge, and a scan sent twice counts once."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import badges
from checkin.domain.delegates import delegate_with_reference
from checkin.domain.scans import Scan
from checkin.tokens import lookup_id
from tests import world


@pytest.fixture
def today(app: Flask) -> Flask:
    """The small event around today, with somebody who has a badge and somebody who waits for approval."""
    day = world.today()
    days = [{"date": day + timedelta(days=n)} for n in (-1, 0, 1)]
    world.set_event(app, days=days, categories=[{"name": "Delegate"}])
    world.enrol(app, [world.person("Ada Lim")])
    world.enrol(app, [world.person("Ben Lim")], status="pending")
    return app


def _found(phone: world.Phone) -> dict[str, str | None]:
    found = phone.client.get("/api/door/v1/search?q=lim", headers=phone.headers).get_json()["results"]
    return {one["name"]: one["badge"] for one in found}


def test_a_search_names_the_live_badge_of_whoever_has_one(today: Flask) -> None:
    desk, old = world.pair(today, desk=True), world.codes(today)["Ada Lim"]
    with today.app_context(), transaction() as session:
        ada = delegate_with_reference(session, "KL-00001")
        key = today.config["CHECKIN"].key
        badges.reissue_badge(session, ada, reason="lost", key=key, now=clock.now())

    found = _found(desk)

    assert found == {"Ada Lim": lookup_id(world.codes(today)["Ada Lim"]), "Ben Lim": None}
    assert found["Ada Lim"] != lookup_id(old)


def test_a_scan_by_hand_that_is_sent_again_counts_once_and_says_the_same(today: Flask) -> None:
    desk = world.pair(today, desk=True)
    item = desk.item(
        "", clock.now().isoformat(), badge=_found(desk)["Ada Lim"], input="desk", reason="phone flat"
    )
    del item["code"]

    first, again = desk.send([item]), desk.send([item])

    assert first == again
    assert (first[0]["verdict"], first[0]["delegate"]) == ("admitted", None)
    with today.app_context(), reading() as session:
        assert session.execute(select(func.count(), func.min(Scan.note)).select_from(Scan)).one() == (
            1,
            "phone flat",
        )
