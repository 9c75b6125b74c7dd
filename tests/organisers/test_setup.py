"""The event's set-up in the browser: changed, refused in words, and kept in the log."""

import datetime as dt
import html
import re
import tomllib

import pytest
from flask import Flask
from sqlalchemy import select

from checkin.db import reading
from checkin.domain import setting_up
from checkin.domain.audit import Audit
from checkin.domain.event import EventSettings
from checkin.domain.programme import programme
from checkin.organisers.settings import settings_of
from tests import world
from tests.accounts.people import Browser
from tests.bench.statements import counted
from tests.organisers.staff import signed_in
from tests.organisers.test_people import text_of

SETUP = "/organiser/setup"


def stored(app: Flask) -> EventSettings:
    with app.app_context(), reading() as session:
        return setting_up.settings_of(programme(session))


def typed_on(page: str) -> dict[str, list[str]]:
    """What a form of the set-up sends if nothing is changed."""
    form: dict[str, list[str]] = {}
    for given in re.findall(r"<input\b([^>]*)>", page):
        name, value = re.search(r'name="([^"]+)"', given), re.search(r'value="([^"]*)"', given)
        if name and (not re.search('type="(checkbox|radio)"', given) or re.search(r"\schecked\b", given)):
            form.setdefault(name[1], []).append(html.unescape(value[1] if value else ""))
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        form[name] = [html.unescape(one) for one in re.findall(r'value="([^"]*)"\s+selected', options)]
    return form


def change(browser: Browser, subject: str, *, unticked: str = "", seen: str = "", **fields: object):
    """Send a subject's page with some fields changed; `__` in a name stands for a hyphen."""
    form = typed_on(browser.get(f"{SETUP}/{subject}").text)
    form |= {name.replace("__", "-"): value for name, value in fields.items()}  # type: ignore[misc]
    form.pop(unticked, None)
    form |= {"seen": [seen]} if seen else {}
    return browser.client.post(f"{SETUP}/{subject}", data=form, headers={"Accept": "text/html"})


def acts(app: Flask) -> list[Audit]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(Audit).where(Audit.action == "event set").order_by(Audit.id)))


def came_in(app: Flask) -> None:
    """Ada Lim, a Delegate, came in through Gate A on the first day."""
    world.enrol(app, [world.person("Ada Lim", email="ada@example.org")])
    result = world.pair(app).scan(world.codes(app)["Ada Lim"], "2025-09-17T01:00:00Z")
    assert result["verdict"] == "admitted"


@pytest.mark.parametrize("subject", ["event", "days", "places", "categories"])
def test_what_is_sent_as_it_was_changes_nothing(expo: Flask, subject: str) -> None:
    came_in(expo)
    before = stored(expo)

    sent = change(signed_in(expo), subject)

    assert sent.status_code == 303
    assert (stored(expo), acts(expo)) == (before, [])


def test_the_organisers_address_is_named_to_the_public(expo: Flask) -> None:
    browser = signed_in(expo)

    sent = change(browser, "event", facts__0__contact="Halo@Expo.example", facts__0__organiser="MDEC")

    assert (sent.status_code, sent.location) == (303, SETUP)
    assert "halo@expo.example" in browser.get(SETUP).text
    assert 'href="mailto:halo@expo.example"' in expo.test_client().get("/").text
    assert [act.details["fields"] for act in acts(expo)] == [["organiser", "contact"]]
    assert "fields: Organisers, E-mail address of the organisers" in text_of(
        browser.get("/organiser/audit").text
    )


def test_days_are_added_moved_and_removed(expo: Flask) -> None:
    browser = signed_in(expo)

    change(
        browser,
        "days",
        days__4__date="2025-09-20",
        days__4__counts="y",
        days__4__opens="09:00",
        days__4__closes="13:30",
    )
    change(browser, "days", days__0__date="2025-09-15")

    now = stored(expo)
    assert [day.date.day for day in now.days] == [15, 17, 18, 19, 20]
    assert (now.days[4].opens, now.days[4].closes) == (dt.time(9), dt.time(13, 30))
    crew = next(one for one in now.categories if one.name == "Crew")
    assert [day.day for day in crew.days] == [15, 17, 18, 19]
    # Whoever comes on every day that counts comes on a new one too; what a category may not lose it keeps.
    assert next(one for one in now.categories if one.name == "Delegate").days == ()
    refused = change(browser, "days", days__0__gone="y")
    assert refused.status_code == 422
    assert "2025-09-15 is no day of this event" in text_of(refused.text)


def test_hours_stay_the_days_own_or_the_categorys_own(expo: Flask) -> None:
    browser = signed_in(expo)

    change(browser, "days", days__1__opens="08:00", days__1__closes="19:00")

    now = stored(expo)
    with expo.app_context(), reading() as session:
        plan = programme(session)
    hours = {one.name: one.days[world.DAYS[0]] for one in plan.categories.values()}
    assert (hours["Delegate"].opens, hours["Press"].opens) == (4 * 60, 6 * 60)
    assert {one.name: one.opens for one in now.categories if one.opens} == {"Press": dt.time(10)}


def test_places_change_names_and_order(expo: Flask) -> None:
    browser = signed_in(expo)
    before = {door.name: number for number, door in _doors(expo).items()}

    sent = change(
        browser,
        "places",
        areas__1__name="Great Hall",
        doors__0__name="Gate B",
        doors__1__name="Gate A",
        doors__1__place="0",
        doors__2__direction="out",
        doors__2__gone="y",
        doors__4__name="Lift",
        doors__4__area="Expo",
    )

    now = stored(expo)
    assert sent.status_code == 303, text_of(sent.text)
    assert [(door.name, door.area) for door in now.doors] == [
        ("Gate A", "Expo"),
        ("Gate B", "Expo"),
        ("Hall door", "Great Hall"),
        ("Lift", "Expo"),
    ]
    after = {door.name: number for number, door in _doors(expo).items()}
    assert (after["Gate A"], after["Gate B"]) == (before["Gate B"], before["Gate A"])
    assert next(one for one in now.categories if one.name == "VIP").areas == ("Expo", "Great Hall")
    assert acts(expo)[0].details["fields"] == [
        "areas:Hall:name", "doors:Gate B:name", "doors:Gate A:name", "doors:Hall door:area", "doors:Lift:added",
        "doors:Gate C:removed", "doors::order", "categories:VIP:areas",
    ]  # fmt: skip
    assert "Door Gate A: name" in text_of(browser.get("/organiser/audit").text)


def _doors(app: Flask):
    with app.app_context(), reading() as session:
        return programme(session).doors


def test_a_category_is_made_and_changed(expo: Flask) -> None:
    browser = signed_in(expo)

    sent = change(
        browser,
        "categories",
        categories__5__name="Speaker",
        categories__5__colour="#8e44ad",
        categories__5__areas=["Hall"],
        categories__5__days=["2025-09-18"],
        categories__5__self_registration="y",
        categories__5__capacity="40",
        categories__4__capacity="",
    )

    now = stored(expo)
    assert sent.status_code == 303, text_of(sent.text)
    speaker = now.categories[5]
    assert (speaker.name, speaker.colour, speaker.capacity) == ("Speaker", "#8E44AD", 40)
    assert (speaker.areas, speaker.days) == (("Hall",), (world.DAYS[1],))
    assert (speaker.self_registration, speaker.approval) == (True, False)
    assert now.categories[4].capacity is None


def test_what_is_in_use_is_told_beside_the_field_and_refused(expo: Flask) -> None:
    came_in(expo)
    browser, before = signed_in(expo), stored(expo)
    tried = {
        "event": {
            "facts__0__cutover_hour": "9",
            "facts__0__code": "OTHER",
            "facts__0__reference_prefix": "X",
        },
        "days": {"days__1__gone": "y"},
        "places": {"doors__0__gone": "y", "doors__0__area": "Hall", "areas__main": "1"},
        "categories": {"categories__0__name": "Guest", "categories__0__capacity": "0"},
    }

    told = {subject: text_of(browser.get(f"{SETUP}/{subject}").text) for subject in tried}
    sent = {subject: change(browser, subject, **fields) for subject, fields in tried.items()}

    assert "another time would move them to another day" in told["event"]
    assert "Somebody came in on 2025-09-17: this day stays" in told["days"]
    assert "Phones have stood at Gate A" in told["places"]
    assert "Badges of Delegate are out" in told["categories"]
    assert [one.status_code for one in sent.values()] == [409, 409, 409, 409]
    assert "already has 1 delegates: the capacity can't be 0" in text_of(sent["categories"].text)
    assert (stored(expo), acts(expo)) == (before, [])


def test_bad_input_comes_back_filled_in(expo: Flask) -> None:
    browser, before = signed_in(expo), stored(expo)

    event = change(
        browser, "event", facts__0__name="", facts__0__contact="nobody", facts__0__time_zone="Mars/Olympus"
    )
    days = change(browser, "days", days__4__date="tomorrow", days__1__opens="08:00")
    places = change(browser, "places", doors__1__name="gate a", areas__main="9")
    categories = change(browser, "categories", categories__0__capacity="many", categories__1__colour="red")

    assert [one.status_code for one in (event, days, places, categories)] == [422] * 4
    assert "Mars/Olympus" in event.text
    said = text_of(event.text)
    assert "Name : Please give a name" in said
    assert "nobody is not one e-mail address" in said
    assert "There is no time zone Mars/Olympus" in said
    assert "Please give a day such as" in text_of(days.text)
    assert "tomorrow" in days.text
    assert "Exactly one area is the main one" in text_of(places.text)
    assert "gate a is there twice" in text_of(places.text)
    assert "Please give a whole number" in text_of(categories.text)
    assert stored(expo) == before


@pytest.mark.parametrize("subject", ["event", "days", "places", "categories"])
@pytest.mark.parametrize("sent", ["nothing", "hostile"])
def test_what_no_page_sends_changes_nothing(expo: Flask, subject: str, sent: str) -> None:
    browser, before = signed_in(expo), stored(expo)
    form = typed_on(browser.get(f"{SETUP}/{subject}").text)
    kept = {"csrf_token", "seen"}
    hostile = {name: value if name in kept else ["\x00\u202e<b>{" * 25] for name, value in form.items()}
    given = hostile if sent == "hostile" else {name: form[name] for name in kept}

    answer = browser.client.post(f"{SETUP}/{subject}", data=given, headers={"Accept": "text/html"})

    assert answer.status_code in {409, 422}
    assert "<b>{" not in answer.text
    assert stored(expo) == before


def test_another_empty_row_saves_nothing(expo: Flask) -> None:
    browser, before = signed_in(expo), stored(expo)

    page = change(browser, "places", areas__2__name="Lounge", more="places")

    assert page.status_code == 200
    assert 'name="areas-3-was"' in page.text
    assert 'value="Lounge"' in page.text
    assert stored(expo) == before


def test_the_second_of_two_at_once_is_told_what_is_stored(expo: Flask) -> None:
    first, second = signed_in(expo), signed_in(expo, name="second")
    seen = typed_on(second.get(f"{SETUP}/event").text)["seen"][0]
    change(first, "days", days__0__name="Building")
    change(first, "event", facts__0__venue="Putrajaya")

    told = change(second, "event", facts__0__venue="Ipoh", seen=seen)
    assert told.status_code == 409
    assert stored(expo).venue == "Putrajaya"
    assert "Stored now: Putrajaya" in text_of(told.text)
    again = second.client.post(f"{SETUP}/event", data=typed_on(told.text), headers={"Accept": "text/html"})

    assert (again.status_code, stored(expo).venue) == (303, "Ipoh")


def test_another_subject_may_change_meanwhile(expo: Flask) -> None:
    browser = signed_in(expo)
    seen = typed_on(browser.get(f"{SETUP}/event").text)["seen"][0]
    change(signed_in(expo, name="other"), "days", days__0__name="Building")

    assert change(browser, "event", facts__0__venue="Ipoh", seen=seen).status_code == 303


def test_phones_learn_of_a_change(expo: Flask) -> None:
    phone, browser = world.pair(expo), signed_in(expo)
    roster = phone.client.get("/api/door/v1/roster", headers=phone.headers).get_json()

    change(browser, "places", doors__0__name="North gate")

    news = phone.client.get(f"/api/door/v1/roster?since={roster['cursor']}", headers=phone.headers).get_json()
    assert next(door["name"] for door in news["programme"]["doors"]) == "North gate"


def test_colours_are_looked_at(expo: Flask) -> None:
    page = change(signed_in(expo), "categories", categories__1__colour="#fdf5c9", more="categories")

    said = text_of(page.text)
    assert "Band on white paper 1.1 : 1" in said
    assert "It hardly shows" in said
    assert "It looks like the colour of Crew" in said


def test_the_file_sets_the_same_up_again(expo: Flask) -> None:
    browser = signed_in(expo)
    change(browser, "event", facts__0__theme='AI "Cities" \\ \u667a\u80fd', facts__0__reentry_after="30")

    file = browser.get(f"{SETUP}/event.toml")

    assert file.headers["Content-Disposition"] == "attachment; filename=SCEKL25.toml"
    given = settings_of(tomllib.loads(file.text))
    assert list(setting_up.differences(stored(expo), given)) == []


@pytest.mark.parametrize("subject", ["", "/event", "/days", "/places", "/categories"])
def test_a_page_takes_few_statements(expo: Flask, subject: str) -> None:
    came_in(expo)
    browser = signed_in(expo)
    browser.get(SETUP)

    with counted(expo) as sent:
        assert browser.get(f"{SETUP}{subject}").status_code == 200

    assert len(sent) <= 8
