"""An organiser in a real browser: from the one-time address to the board, live; a passkey; phones paired in a row."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright

from checkin import clock
from checkin.config import Config
from tests import world
from tests.accounts.people import PASSWORD, authenticator_on, invite, opened
from tests.browser.serving import Served, serving

TODAY = clock.now().date()
DESK = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def expo(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The small event on the day that it is, without cut-over, so that today is today."""
    file = tmp_path_factory.mktemp("board") / "checkin.db"
    shutil.copy(sqlite_template, file)
    with opened(Config(database_url=f"sqlite:///{file}", testing=True)) as app:
        world.set_event(
            app, time_zone="UTC", cutover_hour=0, days=[{"date": TODAY}], categories=[{"name": "Delegate"}]
        )
        people = [("Ada Lim", "Mayor of Ipoh"), ("Ben Lim", "Mayor of Ipoh"), ("Cai Wen", "Singapore")]
        world.enrol(app, [world.person(name, delegation=group, country="MY") for name, group in people])
        yield app


@pytest.fixture(scope="module")
def served(expo: Flask) -> Iterator[Served]:
    with serving(expo) as server:
        yield server


def _named(served: Served) -> str:
    """The address by a name: browsers make no passkey for a bare IP address."""
    return served.address.replace("127.0.0.1", "localhost")


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport=DESK)
    page = context.new_page()
    yield page
    context.close()


def _join(page: Page, app: Flask, address: str) -> str:
    """Follow a one-time address as far as the recovery codes; the new member's address."""
    email, path = invite(app)
    page.goto(address + path)
    phone = authenticator_on(page.content())
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_label("Code", exact=True).fill(phone.generate().token)
    page.get_by_role("button", name="Save and sign in").click()
    page.get_by_role("button", name="Make new recovery codes").click()
    page.get_by_role("link", name="I have kept them").click()
    return email


def _faults(page: Page) -> list[str]:
    return [f"{page.url}: {fault['id']}" for fault in Axe().run(page).response["violations"]]


def test_an_organiser_joins_and_sees_people_arrive(expo: Flask, served: Served, page: Page) -> None:
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text) if "Content Security" in line.text else None)
    _join(page, expo, served.address)
    expect(page).to_have_url(f"{served.address}/organiser")
    expect(page.locator(".figure")).to_have_text("0")
    phone, codes = world.pair(expo), world.codes(expo)

    phone.scan(codes["Ada Lim"], clock.now().isoformat())

    expect(page.locator(".figure")).to_have_text("1", timeout=12_000)
    expect(page.get_by_text("of 3 expected")).to_be_visible()
    expect(page.locator("#chart canvas")).to_be_visible()
    expect(page.locator("#delegations tr", has_text="Mayor of Ipoh")).to_contain_text("1 of 2")
    page.get_by_text("The numbers as a table").click()
    column = page.locator("#bars-table td:nth-child(2)").all_inner_texts()
    assert sum(map(int, column)) == 1
    assert "Lim" not in page.locator("main").inner_text()
    assert _faults(page) == []
    assert refused == []


def test_old_numbers_are_grey_and_say_from_when_they_are(expo: Flask, served: Served, page: Page) -> None:
    _join(page, expo, served.address)
    page.clock.install()
    page.goto(f"{served.address}/organiser?wall=1")

    served.stop()
    try:
        page.clock.run_for(25_000)
        stale = page.get_by_role("status").filter(has_text="The server does not answer.")
        expect(stale).to_contain_text(re.compile(r"as of \d\d:\d\d"))
        expect(page.locator("#board")).to_have_class(re.compile("is-stale"))
    finally:
        served.start()
    page.evaluate("dispatchEvent(new Event('online'))")

    expect(page.locator("#board")).not_to_have_class(re.compile("is-stale"))
    expect(stale).to_have_count(0)


def test_a_passkey_is_a_whole_sign_in(expo: Flask, served: Served, page: Page) -> None:
    _carry_an_authenticator(page)
    address = _named(served)
    _join(page, expo, address)
    expect(page).to_have_url(f"{address}/account/passkeys/new")
    faults = _faults(page)

    page.get_by_label("Name").fill("Work laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("status")).to_contain_text("Work laptop")
    faults += _faults(page)
    page.get_by_role("button", name="Sign out on every device").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(f"{address}/organiser")
    page.goto(f"{address}/account")
    page.get_by_role("button", name="Remove Work laptop").click()
    page.get_by_role("button", name="Sign out on every device").click()
    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_role("alert")).to_contain_text("This passkey was not accepted")
    assert faults == []


def _carry_an_authenticator(page: Page) -> None:
    """A device that makes passkeys and whose owner agrees to everything."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_phones_pair_in_a_row(expo: Flask, served: Served, page: Page, chromium: Browser) -> None:
    _join(page, expo, served.address)
    page.goto(f"{served.address}/organiser/doors")
    page.get_by_role("link", name="Pair phones Gate B").click()
    shown = page.locator(".offered-address code")
    faults = []

    for helper in ("Aina", "Mei Ling"):
        code = shown.inner_text()
        their_phone = chromium.new_context(viewport={"width": 390, "height": 844})
        phone = their_phone.new_page()
        phone.goto(served.address + urlsplit(code).path)
        phone.get_by_label("Your name").fill(helper)
        phone.get_by_role("button", name="Pair this phone").click()
        expect(page.locator("#ready li").first).to_have_text(re.compile(f"{helper} · Phone \\d+ is ready"))
        expect(shown).not_to_have_text(code)
        their_phone.close()
    faults += _faults(page)
    page.goto(f"{served.address}/organiser/doors")
    faults += _faults(page)
    page.get_by_text("Mei Ling").locator("xpath=..").get_by_role("link").click()
    page.get_by_role("button", name="Hall door").click()
    expect(page.get_by_role("status")).to_contain_text("stands at Hall door now")
    page.get_by_text("Mei Ling").locator("xpath=..").get_by_role("link").click()
    page.get_by_role("link", name="Revoke this phone").click()
    faults += _faults(page)
    page.get_by_role("button", name="Revoke it").click()

    expect(page.get_by_role("heading", name="Revoked phones")).to_be_visible()
    assert faults == []
