"""An organiser's decisions in a real browser: a conflict settled, held scans approved, a queue brought as a file."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright

from checkin import clock
from checkin.config import Config
from checkin.db import transaction
from checkin.domain import doors
from tests import world
from tests.accounts.people import opened
from tests.browser.serving import Served, serving
from tests.organisers.staff import signed_in

NOW = clock.now()
SIZES = ({"width": 1280, "height": 800}, {"width": 390, "height": 844})


@pytest.fixture(scope="module")
def expo(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The small event around now."""
    file = tmp_path_factory.mktemp("deciding") / "checkin.db"
    shutil.copy(sqlite_template, file)
    with opened(Config(database_url=f"sqlite:///{file}", testing=True)) as app:
        days = [{"date": NOW.date() - timedelta(days=1)}, {"date": NOW.date()}]
        world.set_event(app, time_zone="UTC", days=days, categories=[{"name": "Delegate"}])
        world.enrol(app, [world.person("Wan Zulkarnain " * 6), world.person("Ben Lim")])
        yield app


@pytest.fixture(scope="module")
def served(expo: Flask) -> Iterator[Served]:
    with serving(expo) as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, expo: Flask, served: Served) -> Iterator[Page]:
    # A button that is still turning from light to dark has colours that nobody chose.
    context = chromium.new_context(reduced_motion="reduce")
    cookie = signed_in(expo).cookie()
    context.add_cookies([{"name": "checkin", "value": cookie, "url": served.address}])
    page = context.new_page()
    yield page
    context.close()


def _faults(page: Page) -> list[str]:
    """What axe finds wrong in light and dark, large and small; and whether one has to scroll sideways."""
    found = []
    for size, scheme in zip(SIZES, ("light", "dark"), strict=True):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        found += [f"{page.url}: {fault['id']}" for fault in Axe().run(page).response["violations"]]
        if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
            found.append(f"{page.url} is too wide")
    return found


def test_an_organiser_settles_approves_and_imports(
    expo: Flask, served: Served, page: Page, tmp_path: Path
) -> None:
    online, lost = world.pair(expo), world.pair(expo, "Gate B", operator="Mei Ling")
    code = next(iter(world.codes(expo).values()))
    online.scan(code, NOW.isoformat(), shown="admitted")
    with expo.app_context(), transaction() as session:
        doors.revoke_device(session, lost.id, now=NOW)
    lost.send([lost.item(code, (NOW - timedelta(minutes=1)).isoformat(), shown="admitted") for _ in range(2)])
    saved = lost.item(world.codes(expo)["Ben Lim"], NOW.isoformat(), shown="admitted")
    file = {"format": "checkin-queue", "version": 1, "event": "SCEKL25", "device": {"id": str(lost.id)}}
    path = tmp_path / "queue.json"
    path.write_text(json.dumps({**file, "scans": [saved]}))
    address = f"{served.address}/organiser/doors/phones/{lost.id}"

    page.goto(address)
    faults = _faults(page)
    page.get_by_label("The file").set_input_files(path)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("status")).to_contain_text("1 scan is new.")
    page.goto(address)
    page.get_by_role("button", name="Approve all 3").click()
    expect(page.get_by_role("alert")).to_contain_text("Please say why")
    page.get_by_label("Why").fill("It lay beneath the desk")
    page.get_by_role("button", name="Approve all 3").click()
    expect(page.get_by_role("status")).to_contain_text("3 scans count now.")
    faults += _faults(page)
    page.get_by_role("link", name="Conflicts").click()
    faults += _faults(page)
    card = page.locator("li.conflict", has_text="Welcomed twice").first
    card.get_by_label("What you found").fill("He came in by both doors")
    card.get_by_role("button", name="Settle").click()

    expect(page.get_by_role("status")).to_contain_text("Settled.")
    page.goto(f"{served.address}/organiser/conflicts?state=settled")
    expect(page.get_by_text("He came in by both doors")).to_be_visible()
    assert faults + _faults(page) == []
