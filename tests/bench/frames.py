"""How long a helper waits: from a badge before the camera to the verdict on the screen."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from playwright.sync_api import Page, sync_playwright

from checkin.db import reading
from checkin.domain import badges
from checkin.domain.programme import programme
from tests import servers, world
from tests.browser.camera import FakeCamera

BADGES = 40
PATIENCE = 10.0


def measured(app: Flask, url: str) -> Iterator[tuple[str, float, str, str]]:
    """Milliseconds from the camera's picture to the verdict painted, on loopback and without the server.

    Then what the roster is: how large on its way, how long a phone of a quarter of this speed takes over it.
    """
    people = _names_and_codes(app)[-2 * BADGES :]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        camera = FakeCamera(Path(folder) / "camera.y4m")
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", *camera.arguments]
        )
        context = browser.new_context(viewport={"width": 390, "height": 844}, permissions=["camera"])
        with servers.serving(url, workers=2) as base_url:
            page = _paired(context.new_page(), base_url, world.pairing_code(app))
            online = [_wait(page, camera, name, code) for name, code in people[:BADGES]]
            roster = list(_roster(page, [code for _, code in people]))
        offline = [_wait(page, camera, name, code) for name, code in people[BADGES:]]
        browser.close()
    for where, waits in (("", online), (", no server", offline)):
        yield f"camera frame to verdict painted{where}", statistics.median(waits), "ms", "below 80"
        yield f"  the slowest of {BADGES}", max(waits), "ms", ""
    yield from roster


def _names_and_codes(app: Flask) -> list[tuple[str, str]]:
    """Whoever may enter."""
    with app.app_context(), reading() as session:
        plan, key = programme(session), app.config["CHECKIN"].key
        rows = badges.badges_to_print(session, badges.PrintFilter(sort="reference"))
        return [
            (row.Delegate.name, badges.code_of(row.Badge, key=key, prefix=plan.code_prefix)) for row in rows
        ]


INSTALL = """async (codes) => {
  const door = document.querySelector("link[rel=modulepreload]").href.replace(/door\\/.*$/, "door/");
  const part = (name) => import(`${door}${name}.js`);
  const [server, rosters, stores, cards] = await Promise.all(["server", "roster", "store", "codes"].map(part));
  const store = await stores.openStore();
  performance.clearResourceTimings();
  const began = performance.now();
  const answer = await server.roster(null);
  const roster = rosters.follow(null, answer, null, Date.now());
  await store.install(roster, answer, true);
  const installed = performance.now() - began;
  const [{ encodedBodySize }] = performance.getEntriesByType("resource").filter((one) => one.name.endsWith("/roster"));
  const opened = [];
  for (const code of codes) {
    const from = performance.now();
    const known = rosters.find(roster, await cards.lookupId(code));
    const card = await cards.openCard(code, known.card);
    if (!card) throw new Error("a card did not open");
    opened.push(performance.now() - from);
  }
  return { installed, encodedBodySize, opened, block: roster.packed.block.byteLength };
}"""


def _roster(page: Page, codes: list[str]) -> Iterator[tuple[str, float, str, str]]:
    slow = page.context.new_cdp_session(page)
    slow.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    told = [page.evaluate(INSTALL, codes) for _ in range(3)]
    slow.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    yield "roster of 10,000 on its way", told[0]["encodedBodySize"] / 1e6, "MB", "at most 2.2"
    yield "  on the phone, one block", told[0]["block"] / 1e6, "MB", ""
    yield (
        "  installed, CPU slowed four times",
        statistics.median(one["installed"] for one in told),
        "ms",
        "below 3000",
    )
    opened = [wait for one in told for wait in one["opened"]]
    yield "  a card looked up and opened, slowed too", statistics.median(opened), "ms", "below 5"


def _paired(page: Page, base_url: str, code: str) -> Page:
    page.goto(f"{base_url}/door/pair/{code}")
    page.locator("[name=operator]").fill("Aina")
    page.locator("main button[type=submit]").click()
    page.locator('body[data-decodes][data-shows="scanning"]').wait_for()
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
