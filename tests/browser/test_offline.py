"""The door without its server: scanning goes on, nothing is lost, nothing is green twice, and nobody's name is kept."""

import json
import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, Route
from playwright.sync_api import Error as PlaywrightError
from sqlalchemy import select

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import doors, gaps
from checkin.domain.doors import Device
from checkin.domain.scans import Attendance, Scan, Void
from tests import world
from tests.browser.test_scanner import (
    SIZE,
    Door,
    burst,
    door,
    eventually,
    is_ready,
    marked,
    scans,
    screen,
    verdict,
)

__all__ = ["door"]
AISYAH = "Tan Sri Aisyah binti Rahman"
PEOPLE = ["Budi Santoso", "王小明", "Ana", "Rajesh Kumar"]
# A profile holds what a lost phone holds: the roster of these, of whom nothing may be found.
MANY = [f"Nama Rahsia {number:03}" for number in range(200)]

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def enrol(app: Flask) -> dict[str, str]:
    """More people; everybody's code."""
    world.enrol(app, [world.person(name, email=f"{n}@rahsia.example") for n, name in enumerate(PEOPLE)])
    return world.codes(app)


def back(page: Page) -> None:
    """The network is there again, as the phone notices by itself sooner or later."""
    page.evaluate("dispatchEvent(new Event('online'))")


@on_sqlite
@pytest.mark.parametrize("instead", ["broken", "portal", "silent"])
def test_scanning_goes_on_whatever_answers_instead_of_the_server(door: Door, instead: str) -> None:
    codes = enrol(door.app)
    page = door.pair(door.phone())
    assert is_ready(page)

    door.served.answer(instead)
    for name in PEOPLE[:3]:
        door.camera.show(codes[name])
        assert "WELCOME" in verdict(page, name)
    assert eventually(page, lambda: marked(page) == "no connection · waiting (3)")
    assert scans(door.app) == []
    door.served.answer("")
    back(page)

    assert eventually(page, lambda: marked(page) == "confirmed")
    assert scans(door.app) == [("admitted", "admitted")] * 3


def kept_phone(door: Door, profile: Path) -> BrowserContext:
    """A phone whose browser keeps its profile when it is killed."""
    return door.playwright.chromium.launch_persistent_context(
        profile,
        executable_path="/usr/bin/chromium",
        args=["--no-sandbox", *door.camera.arguments],
        viewport=SIZE,  # type: ignore[arg-type]
        permissions=["camera"],
        locale="en",
        has_touch=True,
    )


def kill(profile: Path) -> None:
    """End a browser at once, as a phone whose battery is taken out."""
    ours = psutil.Process().children(recursive=True)
    for process in [one for one in ours if f"--user-data-dir={profile}" in one.cmdline()]:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def controlled(page: Page) -> bool:
    """Whether the service worker has taken the page, in time: from here on it opens without a network."""
    return eventually(page, lambda: bool(page.evaluate("Boolean(navigator.serviceWorker.controller)")))


def dump(page: Page) -> str:
    """All that the page keeps in this browser, as text."""
    kept: dict[str, Any] = page.evaluate(
        """async () => {
          const all = {local: {...localStorage}, session: {...sessionStorage}};
          const { openDB } = await import(document.querySelector('link[rel=modulepreload]').href
            .replace(/door\\/[a-z]+\\.js$/, 'vendor/idb/build/index.js'));
          const db = await openDB('checkin-door');
          for (const name of db.objectStoreNames) all[name] = await db.getAll(name);
          db.close();
          const bytes = (_, one) => one instanceof ArrayBuffer
            ? new TextDecoder('latin1').decode(one) : one instanceof Map ? [...one] : one;
          return JSON.parse(JSON.stringify(all, bytes));
        }"""
    )
    return json.dumps(kept, ensure_ascii=False)


def found_in(profile: Path, secrets: list[str]) -> list[str]:
    """Those of these texts that are in a file of a browser's profile, as UTF-8 or UTF-16."""
    forms = {form: secret for secret in secrets for form in (secret.encode(), secret.encode("utf-16-le"))}
    files = [path.read_bytes() for path in profile.rglob("*") if path.is_file()]
    return sorted({secret for form, secret in forms.items() if any(form in content for content in files)})


@on_sqlite
def test_reloaded_or_killed_without_a_network_a_phone_goes_on_and_a_copy_of_it_names_nobody(
    door: Door, tmp_path: Path
) -> None:
    codes = enrol(door.app)
    secret = [
        world.person(name, email=f"{name[-3:]}@rahsia.example", organisation="Syarikat Rahsia")
        for name in MANY
    ]
    world.enrol(door.app, secret)
    profile = tmp_path / "profile"
    context = kept_phone(door, profile)
    assert is_ready(door.pair(context))
    # Closed once: a browser writes its cookies down half a minute late.
    context.close()
    context = kept_phone(door, profile)
    page = context.new_page()
    page.goto(f"{door.served.address}/door")
    assert is_ready(page)
    assert controlled(page)

    door.served.stop()
    door.camera.show(codes["Budi Santoso"])
    verdict(page, "WELCOME")
    door.camera.show_nothing()
    page.reload()
    door.camera.show(codes["Budi Santoso"])
    assert "just now" in verdict(page, "WELCOME")
    door.camera.show_nothing()
    kept = dump(page)
    kill(profile)
    with suppress(PlaywrightError):
        context.close()
    copy = shutil.copytree(profile, tmp_path / "copy", ignore=shutil.ignore_patterns("Singleton*"))
    again = kept_phone(door, profile)
    page = again.new_page()
    page.goto(f"{door.served.address}/door")
    assert eventually(page, lambda: marked(page) == "no connection · waiting (2)")
    door.served.start()
    back(page)

    assert eventually(page, lambda: marked(page) == "confirmed")
    assert scans(door.app) == [("admitted", "admitted"), ("admitted just_now", "admitted")]
    secrets = [*MANY, *PEOPLE, AISYAH, "Syarikat Rahsia", "rahsia.example"]
    assert found_in(copy, secrets) == []
    assert [one for one in secrets if one in kept] == []
    again.close()


@on_sqlite
def test_of_two_phones_that_were_apart_the_later_one_is_corrected(door: Door) -> None:
    codes = enrol(door.app)
    first, second = door.pair(door.phone()), door.pair(door.phone(), "Gate B", helper="Ben")
    assert is_ready(first)
    assert is_ready(second)

    door.served.stop()
    door.camera.show(codes["Ana"])
    for page in (first, second):
        verdict(page, "WELCOME")
    door.served.start()
    back(first)
    assert eventually(first, lambda: marked(first) == "confirmed")
    back(second)

    said = verdict(second, "CORRECTION")
    assert "Ana" in said
    assert "ALREADY IN" in said
    assert sorted(scans(door.app)) == [("admitted", "admitted"), ("admitted", "repeat")]


@on_sqlite
def test_a_stopped_phone_says_so_knows_nobody_and_hands_over_what_it_holds(door: Door) -> None:
    codes = enrol(door.app)
    page = door.pair(door.phone())
    assert is_ready(page)
    door.served.stop()
    door.camera.show(codes["Ana"])
    verdict(page, "WELCOME")

    with door.app.app_context(), transaction() as session:
        for device in session.scalars(select(Device)).all():
            doors.revoke_device(session, device.id, now=clock.now())
    door.served.start()
    back(page)

    assert screen(page, "revoked")
    assert eventually(page, lambda: scans(door.app) == [("admitted", "held")])
    assert eventually(page, lambda: '"packed"' not in dump(page) and '"block"' not in dump(page))


@on_sqlite
def test_a_phone_that_is_paired_anew_numbers_from_one_and_brings_what_waited(door: Door) -> None:
    codes = enrol(door.app)
    context = door.phone(camera=False)
    page = door.pair(context)
    assert screen(page, "none")
    burst(page, codes["Ana"])
    assert eventually(page, lambda: scans(door.app) == [("admitted", "admitted")])
    door.served.stop()
    burst(page, codes["Budi Santoso"])
    verdict(page, "Budi")
    page.close()
    door.served.start()

    anew = door.pair(context, "Gate B")
    assert screen(anew, "none")
    assert eventually(anew, lambda: len(scans(door.app)) == 2)
    burst(anew, codes["王小明"])
    assert eventually(anew, lambda: len(scans(door.app)) == 3)

    with door.app.app_context(), reading() as session:
        rows = session.execute(select(Scan.device_id, Scan.seq).order_by(Scan.received_at)).all()
        assert gaps.gaps(session) == {}
    assert [row.seq for row in rows] == [1, 1, 2]
    assert len({row.device_id for row in rows}) == 2


@on_sqlite
def test_the_last_scan_can_be_undone(door: Door) -> None:
    codes = enrol(door.app)
    page = door.pair(door.phone(camera=False))
    assert screen(page, "none")
    burst(page, codes["Ana"])
    verdict(page, "WELCOME")
    assert eventually(page, lambda: page.locator("[data-today]").inner_text() == "1")

    page.get_by_role("button", name="Undo").click()

    assert eventually(page, lambda: page.locator("[data-today]").inner_text() == "0")
    assert eventually(page, lambda: voids(door.app) == ["undone at the door"])
    with door.app.app_context(), reading() as session:
        assert session.scalars(select(Attendance.scan_id)).all() == []


def voids(app: Flask) -> list[str]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(Void.reason)))


@on_sqlite
def test_whoever_is_not_on_the_list_is_asked_for_and_never_green_without_an_answer(door: Door) -> None:
    page = door.pair(door.phone(camera=False))
    assert screen(page, "none")
    assert eventually(page, lambda: page.locator('body[data-reached="yes"]').count() == 1)
    page.route("**/api/door/v1/roster*", lambda route: route.abort())
    codes = enrol(door.app)

    burst(page, codes["Ana"])
    assert "Ana" in verdict(page, "WELCOME")
    door.served.stop()
    burst(page, codes["王小明"])

    assert "TIADA DALAM SENARAI TELEFON" in verdict(page, "NOT ON THIS PHONE'S LIST")


@on_sqlite
@pytest.mark.parametrize(
    "torn",
    [
        "<html>",
        '{"epoch": "x"',
        "[]",
        '{"epoch": "x", "cursor": "y", "since": null, "whole": true, "entries": "all"}',
    ],
)
def test_a_torn_roster_is_not_applied(door: Door, torn: str) -> None:
    codes = enrol(door.app)
    page = door.pair(door.phone(camera=False))
    assert screen(page, "none")
    assert eventually(page, lambda: page.locator('body[data-reached="yes"]').count() == 1)

    def answer(route: Route) -> None:
        route.fulfill(status=200, content_type="application/json", body=torn)

    page.route("**/api/door/v1/roster*", answer)

    def is_odd() -> bool:
        return page.locator('body[data-reached="no"] [data-odd]').is_visible()

    def asks_and_finds_it_odd() -> bool:
        back(page)
        return eventually(page, is_odd, patience=3)

    # What the phone was asking for may still come, whole: then it asks again.
    assert eventually(page, asks_and_finds_it_odd)
    burst(page, codes["Ana"])

    assert "WELCOME" in verdict(page, "Ana")


@on_sqlite
def test_a_browser_that_keeps_nothing_is_not_used(door: Door) -> None:
    private = door.phone(camera=False)
    private.add_init_script("indexedDB.open = () => { throw new DOMException('no', 'SecurityError'); };")
    page = door.pair(private)
    assert screen(page, "refused")

    full = door.pair(door.phone(camera=False))
    assert screen(full, "none")
    codes = enrol(door.app)
    full.evaluate(
        """() => {
          const full = new DOMException("no room", "QuotaExceededError");
          IDBObjectStore.prototype.add = () => { throw full; };
        }"""
    )
    burst(full, codes["Ana"])

    assert screen(full, "full")
    assert full.locator('[data-verdict]:not([hidden])[data-tone="green"]').count() == 0


@on_sqlite
def test_an_old_list_shows_its_age(door: Door) -> None:
    page = door.pair(door.phone(camera=False))
    assert screen(page, "none")
    door.served.stop()

    page.clock.set_fixed_time(clock.now() + timedelta(minutes=20))

    assert eventually(page, lambda: "20 min" in page.locator("[data-age]").inner_text())


@on_sqlite
def test_what_waits_can_be_saved_as_a_file(door: Door) -> None:
    codes = enrol(door.app)
    page = door.pair(door.phone(camera=False))
    assert screen(page, "none")
    door.served.stop()
    burst(page, codes["Ana"])
    verdict(page, "WELCOME")

    page.locator("[data-ready]").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save what was scanned").click()

    saved = json.loads(Path(download.value.path()).read_text())
    assert (saved["format"], saved["version"], saved["event"]) == ("checkin-queue", 1, "SCEKL25")
    assert [(one["seq"], one["shown"]) for one in saved["scans"]] == [(1, "admitted")]
    assert codes["Ana"] not in json.dumps(saved)


def versions(page: Page) -> list[str]:
    """The versions of the scanner that are on the phone; none while the page is being opened anew."""
    with suppress(PlaywrightError):
        return list(page.evaluate("caches.keys()"))
    return []


@on_sqlite
def test_a_newer_scanner_is_taken_between_scans_and_loses_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = enrol(door.app)
    page = door.pair(door.phone(camera=False))
    assert screen(page, "none")
    assert controlled(page)
    door.served.answer("broken")
    burst(page, codes["Ana"])
    verdict(page, "WELCOME")
    before = page.evaluate("performance.timeOrigin")

    for module in ("checkin.assets", "checkin.door.pages"):
        monkeypatch.setattr(f"{module}.version", lambda: "anotherversion")
    door.served.answer("")
    page.context.set_offline(False)
    page.evaluate("navigator.serviceWorker.getRegistration('/door').then((one) => one.update())")
    assert eventually(page, lambda: "door-anotherversion" in versions(page))

    # Somebody was scanned a moment ago: not yet.
    assert page.evaluate("performance.timeOrigin") == before
    page.reload()
    assert eventually(page, lambda: versions(page) == ["door-anotherversion"])
    assert eventually(page, lambda: marked(page) == "confirmed")
    assert scans(door.app) == [("admitted", "admitted")]


def _stands_at(app: Flask, what: type[Device] | type[Scan]) -> list[str]:
    with app.app_context(), reading() as session:
        stood = {one.id: one.name for one in session.scalars(select(doors.Door))}
        return [stood[one] for one in session.scalars(select(what.door_id))]


@on_sqlite
def test_a_door_changed_without_a_network_stays_changed(door: Door) -> None:
    codes = enrol(door.app)
    page = door.pair(door.phone(camera=False))
    assert screen(page, "none")
    door.served.stop()

    page.get_by_role("button", name="Door").click()
    page.get_by_role("button", name="Gate C · Expo").click()
    burst(page, codes["Ana"])
    verdict(page, "WELCOME")
    door.served.start()
    back(page)

    assert eventually(page, lambda: marked(page) == "confirmed")
    assert page.locator("[data-door]").inner_text() == "Gate C"
    # The phone tells where it stands once its scans are there.
    assert eventually(page, lambda: _stands_at(door.app, Device) == ["Gate C"])
    assert _stands_at(door.app, Scan) == ["Gate C"]
