"""How long a helper waits: from a badge before the camera to the verdict on the screen."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from playwright.sync_api import Page, sync_playwright

from tests import servers, world
from tests.browser.camera import FakeCamera

BADGES = 40
PATIENCE = 10.0


def measured(app: Flask, url: str) -> Iterator[tuple[str, float, str, str]]:
    """Milliseconds from the camera's picture to the verdict painted, online on loopback."""
    badges = list(world.codes(app).items())[-BADGES:]
    with tempfile.TemporaryDirectory() as folder, servers.serving(url, workers=2) as base_url:
        camera = FakeCamera(Path(folder) / "camera.y4m")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox", *camera.arguments]
            )
            context = browser.new_context(viewport={"width": 390, "height": 844}, permissions=["camera"])
            page = _paired(context.new_page(), base_url, world.pairing_code(app))
            waits = [_wait(page, camera, name, code) for name, code in badges]
            browser.close()
    yield "camera frame to verdict painted", statistics.median(waits), "ms", "below 150"
    yield "  the slowest of 40", max(waits), "ms", ""


def _paired(page: Page, base_url: str, code: str) -> Page:
    page.goto(f"{base_url}/door/pair/{code}")
    page.locator("[name=operator]").fill("Aina")
    page.locator("main button[type=submit]").click()
    page.locator("body[data-decodes]").wait_for()
    return page


def _wait(page: Page, camera: FakeCamera, name: str, code: str) -> float:
    """Milliseconds until the screen says a name whose badge is shown."""
    shown = "document.querySelector('.verdict-name')?.textContent"
    camera.show(code)
    began = time.perf_counter()
    while page.evaluate(shown) != name:
        if time.perf_counter() - began > PATIENCE:
            raise RuntimeError("a badge before the camera was not read")
    return (time.perf_counter() - began) * 1000
