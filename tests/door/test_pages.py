"""The scanner's pages and its cookie: pairing by hand, what a copied cookie or another site can do, looking up."""

import json
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from checkin.db import reading
from checkin.domain.audit import Audit
from checkin.domain.doors import Device
from tests import world

PAGE = {"Accept": "text/html"}


def paired(app: Flask, door: str = "Gate A", *, operator: str = "Aina") -> FlaskClient:
    """A browser that followed a pairing link."""
    client, code = app.test_client(), world.pairing_code(app, door)
    page = client.get(f"/door/pair/{code}", headers=PAGE).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    form = {"csrf_token": token[1] if token else "", "operator": operator}
    answer = client.post(f"/door/pair/{code}", data=form, headers=PAGE)
    assert answer.status_code == 303, answer.text
    return client


def test_opening_the_link_uses_nothing_up_and_the_button_pairs_once(expo: Flask) -> None:
    code = world.pairing_code(expo)
    one, two = expo.test_client(), expo.test_client()
    pages = [client.get(f"/door/pair/{code}", headers=PAGE).text for client in (one, two)]
    tokens = [re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page)[0] for page in pages]

    first, second = (
        client.post(f"/door/pair/{code}", data={"csrf_token": token, "operator": "Aina"}, headers=PAGE)
        for client, token in zip((one, two), tokens, strict=True)
    )

    assert [first.status_code, second.status_code] == [303, 403]
    assert "Scan the code that the organisers" in second.text
    cookie = first.headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/"))


def test_a_helper_without_a_name_is_asked_again(expo: Flask) -> None:
    client, code = expo.test_client(), world.pairing_code(expo)
    page = client.get(f"/door/pair/{code}", headers=PAGE).text
    token = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page)[0]

    answer = client.post(f"/door/pair/{code}", data={"csrf_token": token, "operator": " \x00 "}, headers=PAGE)

    assert answer.status_code == 422
    assert "Please type your name" in answer.text


def test_the_page_knows_where_its_phone_stands(expo: Flask) -> None:
    world.enrol(expo, [world.person("Ada Lim")])
    client = paired(expo, "Gate B")

    state = client.get("/api/door/v1/state").get_json()

    assert (state["operator"], state["door"]["name"], state["today"]) == ("Aina", "Gate B", 0)
    assert [door["name"] for door in state["doors"]] == ["Gate A", "Gate B", "Gate C", "Hall door"]


def test_a_cookie_scans_from_our_own_page_only(expo: Flask) -> None:
    client, body = paired(expo), {"scans": [{"id": "0" * 32}]}

    ours = client.post("/api/door/v1/scans", json=body, headers={"Origin": "http://localhost"})
    theirs = client.post("/api/door/v1/scans", json=body, headers={"Origin": "https://evil.example"})

    assert ours.status_code == 200
    assert (theirs.status_code, theirs.get_json()["code"]) == (403, "other_origin")


def test_a_damaged_badge_is_found_by_its_reference_and_three_letters(expo: Flask) -> None:
    world.enrol(expo, [world.person("Aïna binti Yusof"), world.person("王小明")])
    client = paired(expo)

    def found(reference: str, letters: str) -> int:
        asked = {"reference": reference, "letters": letters}
        return client.post("/api/door/v1/lookup", json=asked).status_code

    assert [found("kl-00001", "yus"), found("KL-00001", "AIN"), found("KL-00002", "王小明")] == [200] * 3
    assert [found("KL-00001", "ai"), found("KL-00001", "xyz"), found("KL-99999", "yus")] == [404] * 3
    assert found("KL-\0", "yus") == 400


def test_a_stolen_phone_can_not_look_many_up(expo: Flask) -> None:
    client = paired(expo)
    asked = {"reference": "KL-00001", "letters": "abc"}

    statuses = [client.post("/api/door/v1/lookup", json=asked).status_code for _ in range(12)]

    assert statuses == [404] * 10 + [429] * 2
    with expo.app_context(), reading() as session:
        acts = session.scalars(select(Audit.action)).all()
        [device] = session.scalars(select(Device.operator)).all()
    assert acts.count("badge looked up") == 10
    assert device == "Aina"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_scanner_installs_as_an_app(expo: Flask) -> None:
    client = expo.test_client()

    manifest = json.loads(client.get("/door/manifest.webmanifest").text)
    icons = [client.get(icon["src"]).status_code for icon in manifest["icons"]]
    worker = client.get("/door/worker.js")

    assert (manifest["start_url"], manifest["display"]) == ("/door", "standalone")
    assert set(icons) == {200}
    assert worker.headers["Service-Worker-Allowed"] == "/door"
    files = json.loads(json.loads(re.findall(r"JSON\.parse\((\".*?\")\);", worker.text)[0]))
    assert all(client.get(file).status_code == 200 for file in files)
    assert any(file.endswith(".wasm") for file in files)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_only_the_scanner_may_run_webassembly(expo: Flask) -> None:
    client = expo.test_client()

    policies = {
        path: client.get(path).headers["Content-Security-Policy"]
        for path in ("/door", "/static/0/door/decoder.js", "/register", "/static/0/css/checkin.css")
    }

    assert [path for path, policy in policies.items() if "wasm-unsafe-eval" in policy] == list(policies)[:2]
    assert not any("unsafe-inline" in policy or "'unsafe-eval'" in policy for policy in policies.values())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_another_host_gets_no_page(expo: Flask) -> None:
    answer = expo.test_client().get("/", headers={"Host": "evil.example", "Accept": "text/html"})

    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
