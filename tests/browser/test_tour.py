"""A tour of every page, small and large, in both languages: axe finds nothing, nothing is cut, a picture of each.

The pictures go to the folder that CHECKIN_SCREENSHOTS names, if it does.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser import stage
from tests.browser.serving import serving

SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}
# Half of a desk's width is its 200%; 320 points is what WCAG 1.4.10 asks of a phone.
ZOOMED = {"phone": {"width": 320, "height": 640}, "desk": {"width": 640, "height": 400}}
# Where an error is what there is to see.
REFUSED = (
    *("nothing", "link-refused", "door-pair-refused", "export-over"),
    *("certificates", "certificate-unknown"),
)
PICTURES = os.environ.get("CHECKIN_SCREENSHOTS")

CUT = """() => {
  const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const clips = (element) => ['hidden', 'clip'].includes(getComputedStyle(element).overflowX);
  const named = (element) => element.tagName.toLowerCase() + '.' + element.className;
  const found = [];
  for (const element of document.body.querySelectorAll('*')) {
    if (!element.innerText?.trim() || !shown(element)) continue;
    const box = element.getBoundingClientRect();
    if (box.width < 3 || box.height < 3) continue;
    if (clips(element) && element.scrollWidth > element.clientWidth + 1) found.push(named(element));
    if (element.closest('[data-scrolls], [aria-hidden=true]')) continue;
    if (box.right > innerWidth + 1 || box.left < -1) found.push(named(element) + ' leaves the page');
  }
  return found;
}"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Tour:
    """A browser of one size and language on its way through the pages."""

    context: BrowserContext
    address: str
    name: str
    size: str
    # Other words make other widths, and no other faults: axe takes half of the time.
    asks_axe: bool

    def __post_init__(self) -> None:
        self.faults: list[str] = []
        self.page = self.context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"{self.page.url}: {error}"))

    def _heard(self, line: object) -> None:
        if "Content Security" in line.text:  # type: ignore[attr-defined]
            self.faults.append(f"{self.page.url}: {line.text}")  # type: ignore[attr-defined]

    def visit(self, stop: str, path: str, *, act: Callable[[Page], None] | None = None) -> None:
        """Open a page, do something on it if that is what there is to see, then look at it closely."""
        self.page.set_viewport_size(SIZES[self.size])
        answer = self.page.goto(self.address + path)
        if (answer is None or answer.status >= 400) and stop not in REFUSED:
            self.faults.append(f"{stop}: {answer and answer.status}")
        if act is not None:
            act(self.page)
        if stop not in REFUSED and self.page.locator(".notice .eyebrow", has_text="500").count():
            self.faults.append(f"{stop}: crashed")
        self._look(stop)

    def _look(self, stop: str) -> None:
        page = self.page
        if self.asks_axe:
            self.faults += [
                f"{stop}: {fault['id']}: {fault['nodes'][0]['html'][:120]}"
                for fault in Axe().run(page).response["violations"]
            ]
        self.faults += [f"{stop}: cut: {what}" for what in page.evaluate(CUT)]
        if PICTURES:
            folder = Path(PICTURES)
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{stop}-{self.name}.png", full_page=True)
        page.set_viewport_size(ZOOMED[self.size])
        self.faults += [f"{stop}: cut at 200%: {what}" for what in page.evaluate(CUT)]
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide = page.evaluate(WIDE)
            self.faults.append(f"{stop}: scrolls sideways at 200%: {wide}")


# What makes a page wider than its window.
WIDE = """[...document.querySelectorAll("body *")]
  .filter(one => one.getBoundingClientRect().left + Math.max(one.offsetWidth, one.scrollWidth) > innerWidth + 1)
  .slice(-3).map(one => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize(
    ("database_url", "language", "size", "scheme"),
    [
        ("sqlite", "en", "phone", "dark"),
        ("sqlite", "en", "desk", "light"),
        ("postgresql", "ms", "phone", "light"),
    ],
    indirect=["database_url"],
)
@pytest.mark.usefixtures("reader_here")
def test_every_page_has_no_faults(
    app: Flask, chromium: Browser, language: str, size: str, scheme: str
) -> None:
    scene = stage.prepare(app)
    with serving(app) as served:
        address = served.address
        context = chromium.new_context(viewport=SIZES[size], color_scheme=scheme, locale=language)
        context.add_cookies([{"name": "language", "value": language, "url": address}])
        tour = Tour(context, address, f"{size}-{language}", size, asks_axe=language == "en")

        for stop, path, act in scene.stops():
            tour.visit(stop, path, act=act)

        assert tour.page.locator("html").get_attribute("lang") == language
        assert tour.faults == []
        context.close()
