"""TEST badges: known for what they are, in the scans and nowhere else."""

from flask import Flask
from sqlalchemy import func, select

from checkin import clock
from checkin.db import reading
from checkin.domain import arrivals, test_badges
from checkin.domain.programme import Programme, programme
from checkin.domain.scans import Attendance, Scan
from checkin.tokens import looks_like_a_code, lookup_id
from tests import world

AT = "2025-09-17T01:00:00Z"


def plan_of(app: Flask) -> Programme:
    with app.app_context(), reading() as session:
        return programme(session)


def test_a_test_badge_is_refused_for_what_it_is_by_code_and_by_look_up_id(expo: Flask) -> None:
    phone, codes = world.pair(expo), test_badges.codes(plan_of(expo))

    by_code = phone.send([phone.item(code, AT) for code in codes.values()])
    item = phone.item("", AT, badge=lookup_id(codes["admitted"]), direction="out")
    del item["code"]
    by_lookup = phone.send([item])

    answers = {(one["verdict"], one["reason"], one["delegate"]) for one in by_code + by_lookup}
    assert answers == {("refused", "test", None)}


def test_a_test_badge_counts_nowhere_but_is_among_the_scans(expo: Flask) -> None:
    phone, plan = world.pair(expo), plan_of(expo)

    phone.send([phone.item(code, AT) for code in test_badges.codes(plan).values()])

    with expo.app_context(), reading() as session:
        day = plan.days[1].date
        counted = arrivals.numbers(session, plan, area_id=plan.main_area, day=day, now=clock.now())
        scans = session.scalar(select(func.count()).select_from(Scan).where(Scan.reason == "test"))
        assert session.scalars(select(Attendance)).all() == []
    assert (counted.entries.total, counted.people.all.came, scans) == (0, 0, 4)


def test_the_codes_of_test_badges_have_the_shape_of_badges_codes(expo: Flask) -> None:
    plan = plan_of(expo)
    codes = test_badges.codes(plan)

    lookups = test_badges.test_lookups(plan)

    assert all(looks_like_a_code(code) and code.startswith(plan.code_prefix) for code in codes.values())
    assert {lookup_id(code): kind for kind, code in codes.items()} == lookups
    assert list(lookups.values()) == ["admitted", "returned", "repeat", "refused"]
