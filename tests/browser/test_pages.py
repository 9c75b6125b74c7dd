"""Enrolment and one's account in a real browser, where the tour of all pages doesn't come."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from checkin.config import Config
from tests.accounts.people import PASSWORD, authenticator_on, invite, opened

SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}


@pytest.fixture(scope="module")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, str]]:
    """The application on a port of its own, and its address."""
    file = tmp_path_factory.mktemp("pages") / "checkin.db"
    shutil.copy(sqlite_template, file)
    with opened(Config(database_url=f"sqlite:///{file}", testing=True)) as app:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield app, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


def _faults(page: Page) -> list[str]:
    """What axe finds, and whether the page scrolls sideways."""
    found = [f"{page.url}: {fault['id']}" for fault in Axe().run(page).response["violations"]]
    wider = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [*found, *([f"{page.url}: scrolls sideways"] if wider else [])]


@pytest.mark.parametrize("size", SIZES)
def test_a_new_member_gets_in_by_their_link(served: tuple[Flask, str], chromium: Browser, size: str) -> None:
    app, address = served
    email, invitation = invite(app)
    context = chromium.new_context(viewport=SIZES[size])
    page = context.new_page()
    broken: list[str] = []
    page.on("console", lambda line: broken.append(line.text) if "Content Security" in line.text else None)
    page.goto(address + invitation)
    phone = authenticator_on(page.content())

    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Save and sign in").click()
    faults = _faults(page)
    page.get_by_role("alert").get_by_role("link", name="New password").click()
    assert page.get_by_label("New password").evaluate("field => field === document.activeElement")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_label("Code", exact=True).fill(phone.generate().token)
    page.get_by_role("button", name="Save and sign in").click()
    page.get_by_role("button", name="Make new recovery codes").click()
    faults += _faults(page)
    for path in ("/account", "/account/verify", "/account/second-factor", "/account/recovery-codes"):
        page.goto(address + path)
        faults += _faults(page)
    page.goto(f"{address}/account")

    assert page.get_by_text(email).is_visible()
    assert faults == []
    assert broken == []
    context.close()


def test_the_content_is_one_key_away(served: tuple[Flask, str], chromium: Browser) -> None:
    page = chromium.new_page()
    page.goto(served[1])

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "main"
    page.close()
