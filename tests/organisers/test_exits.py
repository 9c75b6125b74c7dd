"""What exits tell: who is inside, and a door whose phone is set to OUT by mistake."""

import datetime as dt
import re

import pytest
from flask import Flask

from checkin import clock
from tests import world
from tests.accounts.people import Browser
from tests.organisers.staff import signed_in
from tests.world import Phone


@pytest.fixture
def codes(expo: Flask) -> list[str]:
    """Seven people's codes, at an event of today whose doors all scan exits but the hall's."""
    today = clock.now().date()
    doors = [
        *({"name": name, "area": "Expo"} for name in ("Gate A", "Gate B", "Gate C")),
        {"name": "Hall door", "area": "Hall", "direction": "in"},
    ]
    categories = [{"name": one["name"], "areas": ["Expo", "Hall"]} for one in world.SETTINGS["categories"]]
    days = [{"date": today + dt.timedelta(days=day)} for day in (-1, 0)]
    world.set_event(expo, days=days, doors=doors, categories=categories, cutover_hour=0, time_zone="UTC")
    world.enrol(expo, [world.person(f"Delegate {number}") for number in range(7)])
    return list(world.codes(expo).values())


def passes(phone: Phone, code: str, direction: str, *, ago: float) -> None:
    """Somebody passes a door so many minutes ago, or at the beginning of the day if that is later."""
    now = clock.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    at = max(now - dt.timedelta(minutes=ago), midnight + dt.timedelta(seconds=30 - ago / 10))
    phone.scan(code, at.isoformat(), direction=direction)


def board(app: Flask, area: str = "", *, browser: Browser | None = None) -> str:
    page = (browser or signed_in(app)).get(f"/organiser?area={area}").text
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("<main")[1]).split())


def test_inside_are_those_whose_last_passage_was_an_entry(expo: Flask, codes: list[str]) -> None:
    phone, other = world.pair(expo), world.pair(expo, "Gate B")
    for code in codes[:4]:
        passes(phone, code, "in", ago=9)
    passes(other, codes[0], "out", ago=5)
    passes(other, codes[1], "out", ago=5)
    passes(phone, codes[1], "in", ago=2)
    passes(other, codes[6], "out", ago=1)

    assert "Inside now 3" in board(expo)


def test_yesterdays_visitors_are_not_inside(expo: Flask, codes: list[str]) -> None:
    phone = world.pair(expo)
    phone.scan(codes[0], (clock.now() - dt.timedelta(days=1)).isoformat())

    assert "Inside now 0" in board(expo)


def test_where_a_door_scans_no_exits_nobody_says_who_is_inside(expo: Flask, codes: list[str]) -> None:
    hall = world.pair(expo, "Hall door")
    passes(hall, codes[0], "in", ago=1)

    text = board(expo, "2")

    assert "arrived today" in text
    assert "Inside now" not in text


def test_five_exits_in_a_row_of_people_who_never_entered_alert(expo: Flask, codes: list[str]) -> None:
    phone, browser = world.pair(expo), signed_in(expo)
    for ago, code in enumerate(codes[:4]):
        passes(phone, code, "out", ago=20 - ago)
    assert "set to OUT by mistake" not in board(expo, browser=browser)
    # What the board has counted it keeps for two seconds.
    expo.extensions.pop("checkin_board")

    passes(phone, codes[4], "out", ago=10)

    said = board(expo, browser=browser)
    assert "Gate A: the last 5 were exits of people who had not entered" in said
    assert "Is Phone 1 set to OUT by mistake?" in said


@pytest.mark.parametrize("direction", ["in", "out"])
def test_an_entry_or_the_exit_of_somebody_who_entered_ends_the_alert(
    expo: Flask, codes: list[str], direction: str
) -> None:
    phone, other = world.pair(expo), world.pair(expo, "Gate B")
    for ago, code in enumerate(codes[:5]):
        passes(phone, code, "out", ago=20 - ago)
    passes(other if direction == "out" else phone, codes[6], "in", ago=5)

    passes(phone, codes[6], direction, ago=1)

    assert "set to OUT by mistake" not in board(expo)
