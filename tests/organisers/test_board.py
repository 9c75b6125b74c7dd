"""The board before, during and after the event, for those who may see it, shared by those who look at once."""

import datetime as dt
import json
import re
from typing import Any

import pypdfium2
from flask import Flask
from pypdfium2.raw import FPDF_PAGEOBJ_PATH

from checkin import clock
from checkin.db import transaction
from checkin.domain import doors
from checkin.domain.doors import PhoneState
from tests import world
from tests.bench.statements import counted
from tests.organisers.staff import signed_in

NOW = dt.datetime(2025, 9, 17, 4, tzinfo=dt.UTC)


def _text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("<main")[1]).split())


def _bars(page: str) -> dict[str, Any]:
    bars: dict[str, Any] = json.loads(page.split('id="bars">')[1].split("</script>")[0])
    return bars


def _set_days(app: Flask, *after: int) -> None:
    """The event on days so many days from now."""
    today = clock.now().date()
    days = [{"date": today + dt.timedelta(days=day)} for day in after]
    categories = [{"name": category["name"]} for category in world.SETTINGS["categories"]]
    world.set_event(app, days=days, categories=categories, cutover_hour=0, time_zone="UTC")


def test_before_the_event_the_board_shows_registrations(expo: Flask) -> None:
    _set_days(expo, 3, 4)
    world.enrol(expo, [world.person("Ada Lim", country="MY")])
    world.enrol(expo, [world.person("Ben Lim")], status="pending")

    page = signed_in(expo).get("/organiser").text

    text = _text(page)
    assert "1 registered The event starts in 3 days." in text
    assert "Awaiting approval 1" in text
    assert sum(_bars(page)["series"][0]["counts"]) == 2
    assert "Lim" not in text


def test_on_its_day_the_board_shows_who_arrived_beside_yesterday(expo: Flask) -> None:
    _set_days(expo, -1, 0)
    world.enrol(expo, [world.person(f"Delegate {number}", delegation="Ipoh") for number in range(3)])
    phone, codes, now = world.pair(expo), list(world.codes(expo).values()), clock.now()
    for code in codes:
        phone.scan(code, (now - dt.timedelta(days=1)).isoformat())
    phone.scan(codes[0], now.isoformat())

    page = signed_in(expo, "protocol").get("/organiser").text

    assert "1 arrived today of 3 expected 33%" in _text(page)
    assert "Ipoh 1 of 3" in _text(page)
    assert sum(_bars(page)["before"]) == 3
    assert [sum(door["counts"]) for door in _bars(page)["series"]] == [1, 0, 0]


def test_after_the_event_the_board_shows_its_last_day_and_all(expo: Flask) -> None:
    world.enrol(expo, [world.person("Ada Lim"), world.person("Ben Lim")])
    phone, codes = world.pair(expo), world.codes(expo)
    phone.scan(codes["Ada Lim"], "2025-09-17T01:00:00Z")
    phone.scan(codes["Ben Lim"], "2025-09-19T01:00:00Z")
    browser = signed_in(expo, "supervisor")

    last, first = browser.get("/organiser").text, browser.get("/organiser?day=2025-09-17").text

    assert "1 arrived on Fri 19 Sep" in _text(last)
    assert "Came in all, each person once 2" in _text(last)
    assert "1 arrived on Wed 17 Sep" in _text(first)


def test_what_the_address_asks_for_may_be_anything(expo: Flask) -> None:
    browser = signed_in(expo)

    queries = ["day=tomorrow", "day=2031-01-01", "area=99", "area=x", "area=2&wall=1", "day=2025-09-16"]
    statuses = [browser.get(f"/organiser?{query}").status_code for query in queries]

    assert statuses == [200] * len(queries)


def test_phones_say_how_they_are_without_their_helpers_names(expo: Flask) -> None:
    phone = world.pair(expo, operator="Aina binti Ali")
    state = PhoneState(waiting=7, roster_age_s=0, battery=0.08)
    with expo.app_context(), transaction() as session:
        heard_at = clock.now() - dt.timedelta(hours=3)
        doors.note_heard(session, phone.id, phone=state, skew_ms=-600_000, now=heard_at)

    page = signed_in(expo).get("/organiser").text

    assert "Phone 1 3 hours ago 7 scans wait battery 8% clock off by 10 minutes" in _text(page)
    assert "Aina" not in page


def test_a_phone_that_only_asks_how_things_are_is_heard(expo: Flask) -> None:
    phone, state = world.pair(expo), PhoneState(waiting=2)
    with expo.app_context(), transaction() as session:
        heard_at = clock.now() - dt.timedelta(hours=3)
        doors.note_heard(session, phone.id, phone=state, skew_ms=0, now=heard_at)

    phone.client.get("/api/door/v1/state", headers=phone.headers)

    assert "Phone 1 just now 2 scans wait" in _text(signed_in(expo).get("/organiser").text)


def test_the_board_says_which_door_needs_another_lane(expo: Flask) -> None:
    _set_days(expo, 0, 1)
    world.enrol(expo, [world.person(f"Delegate {number}") for number in range(160)])
    phone, now = world.pair(expo), clock.now()
    phone.send([phone.item(code, now.isoformat()) for code in list(world.codes(expo).values())[:110]])

    browser = signed_in(expo)
    text = _text(browser.get("/organiser").text)

    assert "People a minute 11 " in text
    assert "Gate A 110 11 a minute" in text
    assert "The next hour" in text
    # Of 50 who are still expected a quarter comes in each quarter hour: one phone lets them in.
    assert re.search(r"Gate A 1 12 12 12 12 none", text)
    assert "Open 1 more lane" not in text
    with expo.app_context(), transaction() as session:
        heard_at = clock.now() - dt.timedelta(minutes=5)
        doors.note_heard(session, phone.id, phone=PhoneState(), skew_ms=0, now=heard_at)
    expo.extensions.pop("checkin_board")
    assert "Gate A: no phone scans there, and 48 people are expected" in _text(browser.get("/organiser").text)


def test_phones_that_need_a_hand_are_named_while_others_work(expo: Flask) -> None:
    _set_days(expo, 0, 1)
    well, ill = world.pair(expo), world.pair(expo)
    well.client.get("/api/door/v1/state", headers=well.headers)
    state = PhoneState(waiting=7, roster_age_s=3_600)
    with expo.app_context(), transaction() as session:
        heard_at = clock.now() - dt.timedelta(minutes=11)
        doors.note_heard(session, ill.id, phone=state, skew_ms=-600_000, now=heard_at)

    told = signed_in(expo).get("/organiser").text.split('id="to-do"')[1].split("</div>")[0]

    assert re.findall(r"<p[^>]*>(.*?)</p>", told) == [
        "Phone 2, Gate A: last heard 11 minutes ago, 7 scans wait, clock off by 10 minutes, "
        "list of badges older than 15 minutes"
    ]


def test_those_who_came_back_are_counted(expo: Flask) -> None:
    world.enrol(expo, [world.person("Ada Lim")])
    phone, code = world.pair(expo), world.codes(expo)["Ada Lim"]
    for hour in ("01", "05", "09"):
        phone.scan(code, f"2025-09-17T{hour}:00:00Z")

    assert "Came back 2" in _text(signed_in(expo).get("/organiser?day=2025-09-17").text)


def test_texts_from_outside_are_shown_as_texts(expo: Flask) -> None:
    world.enrol(expo, [world.person("Ada Lim", delegation="</script><script>alert(1)</script>")])

    page = signed_in(expo).get("/organiser").text

    assert "<script>alert" not in page


def test_boards_that_stand_open_share_what_was_counted(expo: Flask) -> None:
    first, second = signed_in(expo), signed_in(expo, "supervisor")
    first.get("/organiser")

    with counted(expo) as statements:
        second.get("/organiser/board")

    # Who asks, and whether the event's set-up is still the one in memory.
    assert len(statements) == 2


def test_a_board_takes_few_statements(expo: Flask) -> None:
    browser = signed_in(expo)
    browser.get("/healthz")

    # The part that the open page asks for again and again.
    with counted(expo) as statements:
        browser.get("/organiser/board")

    counts = [one for one in statements if "attendance" in one or "device" in one or "scan" in one]
    assert len(counts) <= 8


def test_the_day_is_printed_with_its_chart_and_tables(expo: Flask) -> None:
    world.enrol(expo, [world.person("Ada Lim", country="MY", delegation="<b>Ipoh</b>"), world.person("Ben")])
    phone, codes = world.pair(expo), world.codes(expo)
    phone.scan(codes["Ada Lim"], "2025-09-17T01:00:00Z")

    answer = signed_in(expo, "supervisor").get("/organiser/board.pdf?day=2025-09-17")

    assert answer.content_type == "application/pdf"
    with pypdfium2.PdfDocument(answer.data) as document:
        text = " ".join(" ".join(page.get_textpage().get_text_range().split()) for page in document)
        bars = [
            shape
            for shape in document[0].get_objects()
            if shape.type == FPDF_PAGEOBJ_PATH and shape.get_bounds()[3] - shape.get_bounds()[1] > 30
        ]
    assert "Arrivals · Expo · Wed 17 Sep" in text
    assert "1 arrived on Wed 17 Sep" in text
    assert "<b>Ipoh</b> 1 1 100%" in text
    assert "Lim" not in text
    assert len(bars) >= 1


def test_a_report_before_anybody_came_is_a_page_too(expo: Flask) -> None:
    assert signed_in(expo).get("/organiser/board.pdf").data.startswith(b"%PDF")
