"""A helper at the door: a real browser, a camera that shows badges, and a server that is really there, or isn't."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright
from sqlalchemy import select

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import doors
from checkin.domain.doors import Device
from checkin.domain.scans import Decision, Scan
from tests import world
from tests.browser.camera import FakeCamera
from tests.browser.serving import Served, serving

PATIENCE = 15.0
SIZE = {"width": 390, "height": 844}


@dataclass
class Door:
    """The event, its server, and a phone whose camera shows what a test holds before it."""

    app: Flask
    served: Served
    playwright: Playwright
    camera: FakeCamera
    browsers: list[Browser]

    def phone(self, *arguments: str, camera: bool = True, grant: bool = True) -> BrowserContext:
        """Another phone, with its own browser."""
        seen = self.camera.arguments if camera else ["--use-fake-device-for-media-stream=device-count=0"]
        browser = self.playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", *seen, *arguments]
        )
        self.browsers.append(browser)
        return browser.new_context(
            viewport=SIZE, permissions=["camera"] if grant else [], locale="en", has_touch=True
        )

    def pair(self, context: BrowserContext, door: str = "Gate A", *, helper: str = "Aina") -> Page:
        """Follow a pairing link, as from the organisers' screen."""
        page = context.new_page()
        page.goto(f"{self.served.address}/door/pair/{world.pairing_code(self.app, door)}")
        page.get_by_label("Your name").fill(helper)
        page.get_by_role("button", name="Pair this phone").click()
        page.wait_for_url(f"{self.served.address}/door")
        return page


@pytest.fixture
def door(app: Flask, tmp_path: Path) -> Iterator[Door]:
    today = world.today()
    # Every hour somewhere on Earth is within one of these days.
    days = [{"date": today + timedelta(days=n)} for n in (-1, 0, 1)]
    world.set_event(app, days=days, categories=[{"name": "Delegate"}])
    world.enrol(app, [world.person("Tan Sri Aisyah binti Rahman", organisation="MBPJ", country="MY")])
    camera = FakeCamera(tmp_path / "camera.y4m")
    with ExitStack() as stack:
        served = stack.enter_context(serving(app))
        playwright = stack.enter_context(sync_playwright())
        browsers: list[Browser] = []
        yield Door(app, served, playwright, camera, browsers)
        for browser in browsers:
            browser.close()


def eventually(page: Page, happens: Callable[[], bool], *, patience: float = PATIENCE) -> bool:
    """Whether something happens on a page in time; asked again and again, since its CSP forbids to inject a wait."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if happens():
            return True
        page.wait_for_timeout(20)
    return False


VERDICT = "document.querySelector('[data-verdict]:not([hidden])')?.innerText ?? ''"


def verdict(page: Page, word: str) -> str:
    """What a verdict says, once one with this word is shown: it may be gone a moment later."""
    said: list[str] = []

    def is_shown() -> bool:
        said.append(str(page.evaluate(VERDICT)))
        return word in said[-1]

    assert eventually(page, is_shown), page.inner_text("main")
    return said[-1]


def is_ready(page: Page) -> bool:
    """Whether a phone has its roster and its camera running, in time: from here on it needs no server."""
    return eventually(
        page,
        lambda: page.locator('body[data-decodes][data-shows="scanning"][data-reached="yes"]').count() == 1,
    )


def marked(page: Page) -> str:
    """What the small mark says of the scans: confirmed, or how many wait."""
    return page.locator("[data-mark]").inner_text()


def scans(app: Flask) -> list[tuple[str, str]]:
    """What was shown and what was judged, of every scan that the server has."""
    with app.app_context(), reading() as session:
        rows = session.execute(select(Scan.shown, Scan.verdict).order_by(Scan.device_id, Scan.seq))
        return [(row.shown, row.verdict) for row in rows]


def burst(page: Page, text: str) -> None:
    """What a hand scanner types, as fast as one does however busy this machine is."""
    page.evaluate(
        """(keys) => keys.forEach((key) =>
          document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })))""",
        [*text, "Enter"],
    )


def screen(page: Page, name: str) -> bool:
    """Whether one of the scanner's own screens is shown, in time."""
    return eventually(page, lambda: page.locator(f'[data-screen="{name}"]:not([hidden])').count() == 1)


def _asking(*pages: Page) -> list[Page]:
    """Those pages that ask whether somebody who is in already may come in again."""
    return [page for page in pages if "ALREADY" in page.inner_text("main")]


def _decisions(app: Flask) -> list[str]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(Decision.decision)))


def test_a_badge_is_green_then_amber_then_blue_and_a_forged_one_red(door: Door) -> None:
    code = world.codes(door.app)["Tan Sri Aisyah binti Rahman"]
    first, second = door.pair(door.phone()), door.pair(door.phone(), "Gate B", helper="Ben")

    # Both decide at once by themselves; which of the two was first is chance, and the other one is corrected.
    door.camera.show(code)
    amber: list[Page] = []
    assert eventually(first, lambda: bool(amber.extend(_asking(first, second)) or amber))

    assert len(amber) == 1
    assert "Tan Sri Aisyah binti Rahman" in amber[0].inner_text("main")
    assert "SUDAH MASUK, SEMAK NAMA" in amber[0].inner_text("main")
    amber[0].get_by_role("button", name="Let in").first.click()
    assert eventually(first, lambda: _decisions(door.app) == ["let_in"])

    world.set_event(door.app, days=[{"date": world.today() + timedelta(days=n)} for n in (-1, 0, 1)],
                    categories=[{"name": "Delegate"}], reentry_after=0)  # fmt: skip
    door.camera.show_nothing()
    third = door.pair(door.phone(), "Gate C")
    door.camera.show(code)
    blue = verdict(third, "WELCOME BACK")

    assert "SELAMAT KEMBALI" in blue
    assert "Gate" in blue
    door.camera.show(code[:-1] + ("0" if code[-1] != "0" else "1"))
    assert "Sila ke meja bantuan" in verdict(third, "This badge is not on our list")
    # Amber and red stay as strips until somebody has seen them.
    assert eventually(third, lambda: third.locator(".door-strip").count() >= 1)
    third.locator(".door-strip-close").first.click()
    assert eventually(third, lambda: third.locator(".door-strip").count() == 0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_helper_types_what_no_camera_can_read(door: Door) -> None:
    page = door.pair(door.phone(camera=False))
    assert screen(page, "none")

    page.get_by_role("button", name="Type").click()
    page.get_by_label("Reference on the badge").fill("kl-00001")
    page.get_by_label("First three letters").fill("xyz")
    page.get_by_role("button", name="Look it up").click()
    assert eventually(page, lambda: page.locator("[data-problem]:not([hidden])").count() == 1)
    page.get_by_label("First three letters").fill("AIS")
    page.get_by_role("button", name="Look it up").click()
    assert "Tan Sri Aisyah" in verdict(page, "WELCOME")

    # A hand scanner types in a burst and ends with Enter.
    page.get_by_role("button", name="Out").click()
    burst(page, world.codes(door.app)["Tan Sri Aisyah binti Rahman"])
    assert "KELUAR DIREKODKAN" in verdict(page, "EXIT RECORDED")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_trouble_has_a_screen_of_its_own(door: Door) -> None:
    host = "--host-resolver-rules=MAP door.test 127.0.0.1"
    door.app.config["TRUSTED_HOSTS"].append("door.test")
    paired = door.phone(host, grant=False)
    page = door.pair(paired)
    assert screen(page, "start")
    stranger = door.phone().new_page()
    stranger.goto(f"{door.served.address}/door")
    assert screen(stranger, "unpaired")
    used = stranger.goto(f"{door.served.address}/door/pair/{'A' * 22}")
    assert used is not None
    assert used.status == 403
    cookies = [{**one, "domain": "door.test"} for one in paired.cookies()]
    paired.add_cookies(cookies)  # type: ignore[arg-type]
    page.goto(door.served.address.replace("127.0.0.1", "door.test") + "/door")
    assert screen(page, "insecure")

    scanning = door.pair(door.phone())
    with door.app.app_context(), transaction() as session:
        for device in session.scalars(select(Device)).all():
            doors.revoke_device(session, device.id, now=clock.now())
    door.camera.show("anything")
    assert screen(scanning, "revoked")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_the_server_the_phone_decides_by_itself_and_sends_later(door: Door) -> None:
    code = world.codes(door.app)["Tan Sri Aisyah binti Rahman"]
    page = door.pair(door.phone())
    assert is_ready(page)

    door.served.stop()
    door.camera.show(code)
    assert "Tan Sri Aisyah binti Rahman" in verdict(page, "WELCOME")
    assert eventually(page, lambda: marked(page) == "no connection · waiting (1)")
    door.served.start()
    page.evaluate("dispatchEvent(new Event('online'))")

    assert eventually(page, lambda: marked(page) == "confirmed")
    assert scans(door.app) == [("admitted", "admitted")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_phone_moves_to_another_door_without_pairing_again(door: Door) -> None:
    page = door.pair(door.phone())
    assert eventually(page, lambda: page.locator("[data-door]").inner_text() == "Gate A")

    page.get_by_role("button", name="Door").click()
    page.get_by_role("button", name="Gate C · Expo").click()

    assert eventually(page, lambda: page.locator("[data-door]").inner_text() == "Gate C")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_browsers_inside_other_apps_are_told_to_open_another(door: Door) -> None:
    code = world.pairing_code(door.app)
    client = door.app.test_client()

    whatsapp = client.get(f"/door/pair/{code}", headers={"User-Agent": "Mozilla/5.0 WhatsApp/2.24"}).text
    chrome = client.get(f"/door/pair/{code}", headers={"User-Agent": "Mozilla/5.0 Chrome/140.0"}).text

    assert "Open it in Chrome or Safari" in whatsapp
    assert "Pair this phone" not in whatsapp
    assert "Pair this phone" in chrome


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_light_and_camera_are_offered_where_there_are_some_and_remembered(door: Door) -> None:
    context = door.phone("--use-fake-device-for-media-stream=device-count=2", camera=True)
    # The fake camera has no light.
    context.add_init_script(
        "MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });"
        "MediaStreamTrack.prototype.applyConstraints = async () => undefined;"
    )
    page = door.pair(context)
    light = page.get_by_role("button", name="Light")
    assert eventually(page, light.is_visible)

    light.click()
    page.reload()

    assert eventually(page, lambda: light.get_attribute("aria-pressed") == "true")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_phone_whose_clock_is_an_hour_off_says_so_and_counts_right(door: Door) -> None:
    page = door.phone(camera=False).new_page()
    page.clock.set_fixed_time(clock.now() + timedelta(hours=1))
    page.goto(f"{door.served.address}/door/pair/{world.pairing_code(door.app)}")
    page.get_by_label("Your name").fill("Aina")
    page.get_by_role("button", name="Pair this phone").click()
    assert screen(page, "none")

    assert eventually(page, lambda: "60 min" in page.locator("[data-clock]").inner_text())
    burst(page, world.codes(door.app)["Tan Sri Aisyah binti Rahman"])
    verdict(page, "WELCOME")
    assert eventually(page, lambda: len(scans(door.app)) == 1)

    with door.app.app_context(), reading() as session:
        [scanned] = session.scalars(select(Scan.at)).all()
    assert abs(scanned - clock.now()) < timedelta(minutes=2)
