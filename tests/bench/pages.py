"""What pages weigh on their way to a phone, and what Lighthouse thinks of them."""

import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, sync_playwright

from checkin.config import ROOT
from tests import servers, world

CHROMIUM = "/usr/bin/chromium"
PAGES = ("/", "/register", "/door")
CATEGORIES = {"accessibility": "100", "performance": "at least 95", "best-practices": "at least 95"}
SCRIPTS_AND_STYLES = ("text/css", "text/javascript", "application/javascript")


def measured(app: Flask, url: str, runs: int) -> Iterator[tuple[str, float, str, str]]:
    """Kilobytes of styles and of scripts as they are sent, and Lighthouse's points, for each page."""
    code = world.pairing_code(app)
    with servers.serving(url, workers=2) as base_url:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            for path in (*PAGES, f"/door/pair/{code}", "/login"):
                shown = path.replace(code, "…")
                styles, scripts = _weight(chromium, base_url + path)
                yield f"styles of {shown}", styles, "kB", ""
                yield f"  scripts of {shown}", scripts, "kB", "at most 60"
            chromium.close()
        for path in PAGES:
            points = [_lighthouse(base_url + path) for _ in range(runs)]
            for category, goal in CATEGORIES.items():
                value = statistics.median(one[category] for one in points)
                yield f"Lighthouse, {category} of {path}", value, "", goal


def _weight(chromium: Browser, address: str) -> tuple[float, float]:
    """Kilobytes of CSS and of JavaScript, compressed as they came; workers' own files too."""
    # What a service worker fetches besides is for later, and without a size.
    context = chromium.new_context(viewport={"width": 390, "height": 844}, service_workers="block")
    page = context.new_page()
    found: dict[str, tuple[str, int]] = {}

    def keep(response: object) -> None:
        kind = response.headers.get("content-type", "").partition(";")[0]  # type: ignore[attr-defined]
        if kind in SCRIPTS_AND_STYLES:
            found[response.url] = kind, response.request.sizes()["responseBodySize"]  # type: ignore[attr-defined]

    context.on("requestfinished", lambda request: keep(request.response()))
    page.goto(address, wait_until="networkidle")
    context.close()
    styles = sum(size for kind, size in found.values() if kind == "text/css")
    return styles / 1000, sum(size for _, size in found.values()) / 1000 - styles / 1000


def _lighthouse(address: str) -> dict[str, float]:
    """The points of each category, of 100, as a middling phone on a slow network gets the page."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [str(ROOT / ".venv/bin/node"), str(ROOT / "node_modules/.bin/lighthouse"), address]
        command += ["--quiet", "--output=json", f"--output-path={report}"]
        command += [
            f"--only-categories={','.join(CATEGORIES)}",
            "--chrome-flags=--headless=new --no-sandbox",
        ]
        subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": CHROMIUM}, timeout=180)
        categories = json.loads(report.read_text())["categories"]
    return {name: round(categories[name]["score"] * 100) for name in CATEGORIES}
