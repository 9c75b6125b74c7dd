"""Protocol phones: VIPs behind a PIN, their arrivals at any door, who came with them."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain.audit import Audit
from checkin.domain.protocol import Pin
from checkin.tokens import lookup_id
from tests import world

PIN = "271828"
API = "/api/door/v1"


@pytest.fixture
def today(app: Flask) -> Flask:
    """The small event, with today among its days, two VIPs of a delegation and its driver."""
    day = world.today()
    days = [{"date": day + timedelta(days=n)} for n in (-1, 0, 1)]
    world.set_event(app, days=days, categories=[{"name": "Delegate"}, {"name": "VIP", "protocol": True}])
    world.enrol(
        app,
        [
            world.person(
                "Mayor Ika", honorific="Datuk", category="VIP", delegation="Melaka", organisation="MBMB"
            ),
            world.person("Deputy Ng", category="VIP", delegation="Melaka"),
            world.person("Driver Raj", delegation="Melaka"),
        ],
    )
    return app


def _asks(phone: world.Phone, path: str, body: Any = None) -> TestResponse:
    address = f"{API}/protocol/{path}"
    if body is None:
        return phone.client.get(address, headers=phone.headers)
    return phone.client.post(address, json=body, headers=phone.headers)


def _now() -> str:
    return clock.now().isoformat()


def _lookup(app: Flask, name: str) -> str:
    return lookup_id(world.codes(app)[name])


def test_the_pin_opens_the_vips_with_their_first_entry_and_their_delegation(today: Flask) -> None:
    protocol, gate = world.pair(today, pin=PIN), world.pair(today, "Gate B")
    gate.scan(world.codes(today)["Mayor Ika"], _now())

    told = _asks(protocol, "vips", {"pin": PIN}).get_json()

    deputy, mayor = told["vips"]
    assert (mayor["name"], mayor["organisation"], mayor["today"]["door"]) == (
        "Datuk Mayor Ika",
        "MBMB",
        "Gate B",
    )
    assert (deputy["name"], deputy["today"], deputy["entourage"]) == ("Deputy Ng", None, None)
    assert told["delegations"] == [{"name": "Melaka", "arrived": 1, "expected": 3}]
    with today.app_context(), reading() as session:
        looks = session.scalars(select(Audit.actor).where(Audit.action == "VIPs opened")).all()
    assert looks == [f"device:{protocol.id}"]


def test_five_wrong_pins_lock_a_phone_for_fifteen_minutes(today: Flask) -> None:
    protocol = world.pair(today, pin=PIN)

    wrong = [_asks(protocol, "vips", {"pin": "9999"}).get_json()["code"] for _ in range(5)]
    locked = _asks(protocol, "vips", {"pin": PIN})

    assert wrong == ["wrong_pin"] * 5
    assert (locked.status_code, locked.get_json()["code"]) == (403, "pin_locked")
    with today.app_context(), transaction() as session:
        session.execute(update(Pin).values(locked_until=clock.now()))
    assert _asks(protocol, "vips", {"pin": "9999"}).get_json()["code"] == "wrong_pin"
    assert _asks(protocol, "vips", {"pin": PIN}).status_code == 200
    with today.app_context(), reading() as session:
        assert session.scalars(select(Pin.tries)).all() == [0]
        assert PIN not in session.scalars(select(Pin.hashed)).one()


def test_an_arrival_at_any_door_is_told_without_a_name(today: Flask) -> None:
    protocol, gate = world.pair(today, pin=PIN), world.pair(today, "Gate B")
    since = _asks(protocol, "arrivals").get_json()["now"]
    codes = world.codes(today)
    gate.send([gate.item(codes[name], _now()) for name in ("Mayor Ika", "Driver Raj")])

    answer = _asks(protocol, f"arrivals?since={since.replace('+', '%2B')}")

    [arrival] = answer.get_json()["arrivals"]
    assert (arrival["badge"], arrival["door"], arrival["verdict"]) == (
        lookup_id(codes["Mayor Ika"]),
        "Gate B",
        "admitted",
    )
    assert "Ika" not in answer.text
    assert _asks(protocol, "arrivals").get_json()["arrivals"] == []


def test_an_undone_arrival_is_told_no_more(today: Flask) -> None:
    protocol, gate = world.pair(today, pin=PIN), world.pair(today)
    since = _asks(protocol, "arrivals").get_json()["now"]
    scan = gate.item(world.codes(today)["Mayor Ika"], _now())
    gate.send([scan])
    void = {"id": str(uuid.uuid4()), "scan": scan["id"], "reason": "wrong badge", "at": _now()}

    gate.client.post(f"{API}/voids", json=void, headers=gate.headers)

    assert _asks(protocol, f"arrivals?since={since}").get_json()["arrivals"] == []


def test_the_latest_count_of_an_entourage_holds_and_a_repeated_one_changes_nothing(today: Flask) -> None:
    protocol, badge = world.pair(today, pin=PIN), _lookup(today, "Mayor Ika")
    first, second = ({"id": str(uuid.uuid4()), "badge": badge, "people": people} for people in (4, 6))

    statuses = [_asks(protocol, "entourage", one).status_code for one in (first, second, first)]

    assert statuses == [200, 200, 200]
    assert _asks(protocol, "arrivals").get_json()["entourages"] == {badge: 6}
    assert _asks(protocol, "vips", {"pin": PIN}).get_json()["vips"][1]["entourage"] == 6
    with today.app_context(), reading() as session:
        counted = session.scalars(select(Audit.details).where(Audit.action == "entourage counted")).all()
    assert counted == [{"people": 4}, {"people": 6}]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("people", "name", "status"), [(100, "Mayor Ika", 400), (-1, "Mayor Ika", 400), (3, "Driver Raj", 404)]
)
def test_only_vips_have_an_entourage_of_at_most_99(today: Flask, people: int, name: str, status: int) -> None:
    protocol = world.pair(today, pin=PIN)

    counted = {"id": str(uuid.uuid4()), "badge": _lookup(today, name), "people": people}

    assert _asks(protocol, "entourage", counted).status_code == status


def test_an_arrival_without_a_badge_is_a_scan_with_its_reason(today: Flask) -> None:
    protocol, badge = world.pair(today, pin=PIN), _lookup(today, "Mayor Ika")
    item = protocol.item("", _now(), badge=badge, input="desk", reason="no badge on arrival")
    del item["code"]

    [result] = protocol.send([item])

    assert (result["verdict"], result["delegate"]) == ("admitted", None)
    assert _asks(protocol, "vips", {"pin": PIN}).get_json()["vips"][1]["today"]["door"] == "Gate A"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("pin", [None, "123", "12345678901", "12a4", "1234", "0000"])
def test_a_protocol_phone_needs_a_pin_and_its_code_stays_good_without(today: Flask, pin: str | None) -> None:
    code = world.pairing_code(today, protocol=True)
    asked = {"code": code, "operator": "Aina", "pin": pin}

    refused = today.test_client().post(f"{API}/pair", json=asked)
    paired = today.test_client().post(f"{API}/pair", json=asked | {"pin": PIN})

    assert refused.status_code == 400
    assert (paired.status_code, paired.get_json()["device"]["kind"]) == (200, "protocol")


@pytest.mark.parametrize(
    ("pin", "again", "said"),
    [
        ("", "", "4 to 8 digits"),
        ("12ab", "12ab", "4 to 8 digits"),
        ("1234", "1234", "Others try this PIN first"),
        ("4444", "4444", "Others try this PIN first"),
        ("271828", "271829", "The two PINs differ"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_pairing_page_asks_for_a_good_pin_twice(today: Flask, pin: str, again: str, said: str) -> None:
    today.config["WTF_CSRF_ENABLED"] = False
    client, page = today.test_client(), f"/door/pair/{world.pairing_code(today, protocol=True)}"

    refused = client.post(page, data={"operator": "Aina", "pin": pin, "again": again})
    paired = client.post(page, data={"operator": "Aina", "pin": PIN, "again": PIN})

    assert (refused.status_code, said in refused.text, paired.status_code) == (422, True, 303)
    assert not pin or f'value="{pin}"' not in refused.text
