"""The sign-up form in a browser: what its scripts add to a form that works without them."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect, sync_playwright

from tests import servers
from tests.registration.visitors import open_registration

# The scripts are the same whatever the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def form(app: Flask, database_url: str) -> Iterator[Page]:
    """The form on a phone."""
    open_registration(app)
    with servers.serving(database_url, workers=1) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844}, locale="en")
        page.goto(f"{address}/register")
        yield page
        browser.close()


def test_the_form_shows_the_badge_points_out_a_slip_and_does_its_proof_of_work(form: Page) -> None:
    strip, proof = form.locator(".strip"), form.locator("[name=altcha]")
    form.get_by_label("Name", exact=True).fill("Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh")
    form.locator("[name=honorific]").fill("Tan Sri")
    form.locator("[name=organisation]").fill("Majlis Bandaraya Ipoh")
    form.locator("[name=country]").select_option("MY")
    form.locator("[name=email]").fill("aina@gmial.com")
    form.locator("[name=email]").blur()

    expect(strip).to_contain_text("Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh")
    expect(strip).to_contain_text("Malaysia")
    long_name = strip.locator(".strip-name").bounding_box()
    strip_box = strip.bounding_box()
    assert long_name is not None
    assert strip_box is not None
    assert long_name["x"] >= strip_box["x"]
    assert long_name["x"] + long_name["width"] <= strip_box["x"] + strip_box["width"]
    form.get_by_role("button", name="Did you mean aina@gmail.com?").click()
    expect(form.locator("[name=email]")).to_have_value("aina@gmail.com")
    expect(form.locator(".meant")).to_be_hidden()
    expect(proof).not_to_have_value("", timeout=30_000)

    form.locator("[name=consent_notice]").check()
    form.locator("form[method=post] button[type=submit]").last.click()

    form.wait_for_url("**/registered")
    expect(form.get_by_role("heading", level=1)).to_have_text("Look in your inbox")
