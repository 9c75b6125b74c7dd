"""People received by hand in a real browser: a protocol officer with a PIN, a help desk whose network drops."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select

from checkin import clock
from checkin.config import Config
from checkin.db import reading
from checkin.domain.protocol import Entourage
from checkin.domain.scans import Scan
from tests import world
from tests.accounts.people import opened
from tests.browser.serving import Served, serving

PATIENCE = 15.0
PIN = "271828"
MAYOR, ADA = "Datuk Bandar Íka", "Ada Lim"


@dataclass
class Place:
    """The event, its server, and browsers for phones without a camera."""

    app: Flask
    served: Served
    browser: Browser

    def pair(self, *, desk: bool = False, protocol: bool = False, door: str = "Gate A") -> Page:
        """A phone that has followed its pairing link."""
        page = self.browser.new_context(viewport={"width": 390, "height": 844}, locale="en").new_page()
        code = world.pairing_code(self.app, door, desk=desk, protocol=protocol)
        page.goto(f"{self.served.address}/door/pair/{code}")
        page.get_by_label("Your name").fill("Aina")
        if protocol:
            page.get_by_label("PIN", exact=True).fill(PIN)
            page.get_by_label("The PIN again").fill(PIN)
        page.get_by_role("button", name="Pair this phone").click()
        page.wait_for_url(f"{self.served.address}/door")
        page.goto(f"{self.served.address}/door/{'desk' if desk else 'protocol'}")
        return page

    def scans(self) -> list[tuple[str, str, int]]:
        """The reason, verdict and number of each scan."""
        with self.app.app_context(), reading() as session:
            rows = session.execute(select(Scan.note, Scan.verdict, Scan.seq).order_by(Scan.seq)).all()
            return [(row.note, row.verdict, row.seq) for row in rows]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path, chromium: Browser) -> Iterator[Place]:
    file = tmp_path / "checkin.db"
    shutil.copy(sqlite_template, file)
    with opened(Config(database_url=f"sqlite:///{file}", testing=True)) as app:
        days = [{"date": world.today() + timedelta(days=n)} for n in (-1, 0, 1)]
        world.set_event(app, days=days, categories=[{"name": "Delegate"}, {"name": "VIP", "protocol": True}])
        people = [
            world.person(MAYOR, category="VIP", delegation="Melaka"),
            world.person(ADA, organisation="MDEC"),
        ]
        world.enrol(app, people)
        with serving(app) as served:
            yield Place(app, served, chromium)
            for context in chromium.contexts:
                context.close()


def eventually(page: Page, happens: Callable[[], bool]) -> bool:
    """Whether something happens in time; asked again and again, since the page's CSP forbids to inject a wait."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if happens():
            return True
        page.wait_for_timeout(50)
    return False


def _main(page: Page) -> str:
    return page.inner_text("main")


def _unlock(page: Page, pin: str) -> None:
    page.get_by_label("Your PIN opens the names").fill(pin)
    page.get_by_role("button", name="Open").click()


def test_a_protocol_officer_is_told_of_a_vip_and_sees_the_name_only_with_the_pin(place: Place) -> None:
    page, gate = place.pair(protocol=True), world.pair(place.app, "Gate B")
    assert eventually(page, lambda: page.evaluate("localStorage.getItem('vip-alerts')") is not None)
    gate.scan(world.codes(place.app)[MAYOR], clock.now().isoformat())

    assert eventually(page, lambda: "A VIP has arrived at Gate B" in _main(page))
    assert MAYOR not in page.content()
    _unlock(page, "9999")
    assert eventually(page, lambda: "This isn't the PIN" in _main(page))
    _unlock(page, PIN)

    assert eventually(page, lambda: "1 of 1 VIPs have arrived" in _main(page))
    assert MAYOR in page.inner_text("[data-alerts]")
    page.locator(".vip-alert").click()
    assert eventually(page, lambda: page.locator(".vip-alert").count() == 0)
    # Hidden it locks at once, and nothing of the names is left in the page or kept by the browser.
    page.evaluate(
        "Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    assert eventually(page, lambda: page.get_by_label("Your PIN opens the names").is_visible())
    assert MAYOR not in page.content()
    assert "Íka" not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")


def test_a_vip_without_a_badge_is_marked_and_the_entourage_counted(place: Place) -> None:
    page = place.pair(protocol=True)
    _unlock(page, PIN)
    page.get_by_role("button", name=MAYOR).click()

    page.get_by_text("Received in person").click()
    page.get_by_role("button", name="Mark as arrived at Gate A").click()
    assert eventually(page, lambda: "Gate A" in page.inner_text("[data-person] [data-state]"))
    for _ in range(2):
        page.get_by_role("button", name="One more").click()
    page.get_by_role("button", name="Save").click()

    assert eventually(page, lambda: "with 2" in page.inner_text("[data-list]"))
    assert "1 of 1 here" in page.inner_text("[data-list]")
    assert place.scans() == [("received", "admitted", 1)]
    with place.app.app_context(), reading() as session:
        assert session.scalars(select(Entourage.people)).all() == [2]


def test_two_minutes_without_a_touch_lock_the_names(place: Place) -> None:
    page = place.pair(protocol=True)
    page.clock.install()
    page.reload()
    _unlock(page, PIN)
    assert eventually(page, lambda: MAYOR in _main(page))

    page.clock.fast_forward(119_000)
    still = MAYOR in page.content()
    page.clock.fast_forward(3_000)

    assert still
    assert eventually(page, lambda: MAYOR not in page.content())


def test_the_desk_admits_after_a_search_and_doubles_nobody_when_the_network_drops(place: Place) -> None:
    page = place.pair(desk=True)
    page.get_by_label("Search").fill("lim mdec")
    page.get_by_role("button", name=ADA).click()
    page.get_by_role("button", name="Admit at Gate A").click()
    assert eventually(page, lambda: "Please say why" in page.inner_text("dialog"))

    place.served.stop()
    page.get_by_text("The phone's battery is empty").click()
    page.get_by_role("button", name="Admit at Gate A").click()
    assert eventually(page, lambda: "it is sent when there is a connection" in _main(page))
    page.get_by_role("button", name="Close").click()
    assert eventually(page, lambda: "1 on this phone, not sent yet" in _main(page))
    place.served.start()
    page.evaluate("dispatchEvent(new Event('online'))")

    assert eventually(page, lambda: page.locator("[data-waiting]").is_hidden())
    assert place.scans() == [("phone flat", "admitted", 1)]
    page.get_by_label("Search").fill("ada")
    assert eventually(page, lambda: "In since" in _main(page))


def test_phones_of_another_kind_are_told_that_this_is_not_for_them(place: Place) -> None:
    page = place.pair(desk=True)

    page.goto(f"{place.served.address}/door/protocol")

    assert eventually(page, lambda: "Only a protocol phone shows VIPs" in _main(page))
    assert page.get_by_label("Your PIN opens the names").is_hidden()


def test_both_pages_open_without_the_network_and_say_that_it_is_away(place: Place) -> None:
    page = place.pair(desk=True)
    cached = "caches.match('/door/protocol', { ignoreVary: true }).then(Boolean)"
    assert eventually(page, lambda: bool(page.evaluate(cached)))

    place.served.stop()
    page.goto(f"{place.served.address}/door/desk")

    assert eventually(page, lambda: page.get_by_text("There is no connection").first.is_visible())
    assert page.get_by_label("Search").is_visible()
