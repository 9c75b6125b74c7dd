"""An event begins in the browser: on an empty database, by the same rules as with a file."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from checkin.db import reading
from checkin.domain.audit import Audit
from checkin.domain.programme import Programme, programme
from tests import world
from tests.organisers.staff import signed_in

FIRST = "/organiser/setup/first"
GIVEN = {
    "name": "Smart City Expo Kuala Lumpur 2026",
    "venue": "KLCC",
    "organiser": "MDEC",
    "contact": "hello@example.org",
    "time_zone": "Asia/Kuala_Lumpur",
    "first_day": "2026-09-16",
    "last_day": "2026-09-18",
    "area": "Expo halls",
    "doors": "Gate A\r\n\r\n Gate  B ",
    "categories": "Delegate\r\nVIP",
    "code": "scekl26",
    "reference_prefix": "KL",
}


def stored(app: Flask) -> Programme:
    with app.app_context(), reading() as session:
        return programme(session)


def test_an_event_begins(app: Flask) -> None:
    browser = signed_in(app)
    assert browser.get("/organiser/setup").location == FIRST
    assert 'href="/organiser/setup/first"' in browser.get("/organiser/delegates").text
    page = browser.get(FIRST).text
    assert "Gate A\nGate B" in page
    assert 'value="Asia/Kuala_Lumpur"' in page

    assert browser.send(FIRST, **GIVEN).location == "/organiser/setup"

    plan = stored(app)
    assert (plan.code, plan.name, plan.venue) == ("SCEKL26", GIVEN["name"], "KLCC")
    assert [str(day.date) for day in plan.days] == ["2026-09-16", "2026-09-17", "2026-09-18"]
    assert [(door.name, door.area) for door in plan.doors.values()] == [
        ("Gate A", "Expo halls"),
        ("Gate B", "Expo halls"),
    ]
    kinds = list(plan.categories.values())
    assert [(one.name, one.self_registration) for one in kinds] == [("Delegate", True), ("VIP", False)]
    assert kinds[0].colour != kinds[1].colour
    with app.app_context(), reading() as session:
        acts = session.scalars(select(Audit).where(Audit.action == "event set")).all()
    assert [one.subject for one in acts] == ["SCEKL26"]
    # It begins once.
    assert browser.get(FIRST).location == "/organiser/setup"
    assert (
        browser.send(FIRST, page="/organiser/setup/event", **GIVEN | {"name": "Another"}).status_code == 303
    )
    assert stored(app).name == GIVEN["name"]


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "Please give a name."),
        ("code", "KL!", "The code has 2 to 20 letters, digits and hyphens."),
        ("time_zone", "Mars/Olympus", "There is no time zone Mars/Olympus"),
        ("contact", "a@b, c@d", "is not one e-mail address"),
        ("first_day", "tomorrow", "Please give a day such as"),
        ("last_day", "2026-09-15", "An event has 1 to 60 days"),
        ("last_day", "2999-09-15", "An event has 1 to 60 days"),
        ("doors", "", "There must be at least one."),
        ("doors", "Gate A\r\ngate a", "Gate A is there twice."),
        ("categories", "\r\n".join(f"Kind {n}" for n in range(99)), "There may be at most 60 of these."),
        ("area", "A" * 300, "at most 200 characters"),
        ("reference_prefix", "kl", "1 to 6 capital letters"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_no_event_may_have_comes_back_filled_in(app: Flask, field: str, typed: str, said: str) -> None:
    answer = signed_in(app).send(FIRST, **GIVEN | {field: typed})

    assert answer.status_code == 422
    assert said in answer.text
    assert f'href="#{field}"' in answer.text
    assert "KLCC" in answer.text


def test_two_begin_at_once(app: Flask) -> None:
    """Whoever is second finds the first one's event, as it is."""
    ada, bo = signed_in(app, name="ada"), signed_in(app, name="bo")
    page: Any = ada.filled(FIRST)
    assert page["reference_prefix"] == "KL"
    world.set_event(app)
    name = stored(app).name

    assert bo.send(FIRST, page="/organiser/setup/event", **GIVEN).location == "/organiser/setup"
    assert stored(app).name == name
