"""Doors and phones on pages: who may pair what, how many codes work at a time, moving and revoking."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from checkin.adapters import qr
from checkin.db import reading
from checkin.domain.audit import Audit
from checkin.domain.programme import programme
from tests import world
from tests.accounts.people import Browser
from tests.organisers.staff import signed_in


def _pairing_page(app: Flask, door: str = "Gate A", *, query: str = "") -> str:
    with app.app_context(), reading() as session:
        return f"/organiser/doors/{programme(session).door_named(door).id}/pair{query}"


def _offered(browser: Browser, page: str) -> str:
    """The code that a screen shows after it was asked for one."""
    shown = browser.send(page, page=page.partition("?")[0])
    assert shown.status_code == 200
    address = re.search(r"<code>[^<]*/door/pair/([^<]+)</code>", shown.text)
    assert address is not None, shown.text
    return address[1]


def _pairs(app: Flask, code: str) -> bool:
    asked = {"code": code, "operator": "Aina"}
    return app.test_client().post("/api/door/v1/pair", json=asked).status_code == 200


def test_a_code_on_the_screen_pairs_a_phone_with_its_door(expo: Flask) -> None:
    browser = signed_in(expo)
    code = _offered(browser, _pairing_page(expo, "Gate B"))

    asked = {"code": code, "operator": "Mei <Ling>"}
    paired = expo.test_client().post("/api/door/v1/pair", json=asked).get_json()

    assert (paired["door"]["name"], paired["device"]["name"]) == ("Gate B", "Phone 1")
    ready = browser.get("/organiser/doors/pairings").get_json()["ready"]
    assert [one["said"] for one in ready] == ["Mei <Ling> · Phone 1 is ready"]
    assert signed_in(expo, name="other").get("/organiser/doors/pairings").get_json() == {"ready": []}


def test_the_picture_is_of_the_address(expo: Flask) -> None:
    browser, page = signed_in(expo), _pairing_page(expo)

    shown = browser.send(page).text

    address = re.search(r"<code>([^<]*/door/pair/[^<]+)</code>", shown)
    assert address is not None
    assert qr.picture(address[1])[1] in shown


def test_looking_at_the_screen_offers_nothing(expo: Flask) -> None:
    page = signed_in(expo).get(_pairing_page(expo)).text

    assert "/door/pair/" not in page


def test_the_last_four_codes_of_a_screen_work(expo: Flask) -> None:
    browser, page = signed_in(expo), _pairing_page(expo)
    elsewhere = world.pairing_code(expo)

    codes = [_offered(browser, page) for _ in range(6)]

    assert [_pairs(expo, code) for code in codes] == [False, False, True, True, True, True]
    assert _pairs(expo, elsewhere)


def test_only_an_organiser_pairs_a_desk_device(expo: Flask) -> None:
    page = _pairing_page(expo, query="?kind=desk")

    refused = signed_in(expo, "supervisor").get(page)
    code = _offered(signed_in(expo), page)

    assert refused.status_code == 403
    assert (
        expo.test_client().post("/api/door/v1/pair", json={"code": code, "operator": "A"}).status_code == 200
    )
    assert "Desk device" in signed_in(expo, name="second").get("/organiser/doors").text


def test_a_phone_moves_to_another_door(expo: Flask) -> None:
    phone, browser = world.pair(expo), signed_in(expo, "supervisor")
    with expo.app_context(), reading() as session:
        door = programme(session).door_named("Hall door")

    moved = browser.send(
        f"/organiser/doors/phones/{phone.id}/move",
        page=f"/organiser/doors/phones/{phone.id}",
        door=str(door.id),
    )

    assert (moved.status_code, moved.location) == (303, "/organiser/doors")
    state = phone.client.get("/api/door/v1/state", headers=phone.headers).get_json()
    assert state["door"]["name"] == "Hall door"


@pytest.mark.parametrize("door", ["", "Gate A", "00000000-0000-0000-0000-000000000000", "\0"])
def test_a_phone_moves_to_no_door_that_isnt_there(expo: Flask, door: str) -> None:
    phone, browser = world.pair(expo), signed_in(expo)

    page = f"/organiser/doors/phones/{phone.id}"

    assert browser.send(f"{page}/move", page=page, door=door).status_code == 422


def test_a_revoked_phones_scans_are_held_and_counted(expo: Flask) -> None:
    world.enrol(expo, [world.person("Ada Lim")])
    phone, browser = world.pair(expo), signed_in(expo)
    page = f"/organiser/doors/phones/{phone.id}/revoke"
    asked = browser.get(page).text

    replies = [browser.send(page, page="/account", reason="lost") for _ in range(2)]
    result = phone.scan(world.codes(expo)["Ada Lim"], "2025-09-17T01:00:00Z")

    assert "held when they arrive" in asked
    assert [reply.status_code for reply in replies] == [303, 303]
    assert result["verdict"] == "held"
    assert re.search(r"Scans held</dt>\s*<dd[^>]*>\s*1\s", browser.get("/organiser/doors").text)
    assert "1 scan of a revoked phone is held" in browser.get("/organiser").text
    with expo.app_context(), reading() as session:
        revoked = session.scalars(select(Audit).where(Audit.action == "device revoked")).all()
    assert [(act.subject, act.reason) for act in revoked] == [("Phone 1", "lost")]


def test_what_isnt_there_is_told_so(expo: Flask) -> None:
    browser, nothing = signed_in(expo), "00000000-0000-0000-0000-000000000000"

    pages = [
        f"/organiser/doors/{nothing}/pair",
        f"/organiser/doors/phones/{nothing}",
        "/organiser/doors/x/pair",
    ]

    assert [browser.get(page).status_code for page in pages] == [404, 404, 404]


@pytest.mark.parametrize(
    ("base_url", "said"),
    [
        ("http://127.0.0.1:8000", "it means this machine alone"),
        ("http://checkin.example.org", "to https pages only"),
        ("https://checkin.example.org", None),
    ],
)
def test_an_address_that_phones_cant_use_is_warned_of(expo: Flask, base_url: str, said: str | None) -> None:
    expo.config["CHECKIN"] = replace(expo.config["CHECKIN"], base_url=base_url)

    page = signed_in(expo).get("/organiser/doors").text

    assert ("checkin serve --https" in page) == (said is not None)
    assert said is None or said in page
