"""The scanner's own decoder in a real browser, on frames as they come from phones at a door; `make bench` has more."""

import pytest
from flask import Flask
from playwright.sync_api import sync_playwright

from tests.bench.hard_frames import frames, readings
from tests.browser.serving import serving

# Of these kinds every frame must be read; of the others some are too hard for anybody.
EASY = {"turned", "from the side", "from afar", "on a screen"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_hard_frames_are_mostly_read_and_never_wrong(expo: Flask) -> None:
    with serving(expo) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{served.address}/door")
        found = list(readings(page, frames(3)))
        browser.close()

    assert [one.frame.kind for one in found if one.is_wrong] == []
    assert [one.frame.kind for one in found if one.frame.kind in EASY and not one.is_read] == []
    assert sum(one.is_read for one in found) >= 0.7 * len(found)
