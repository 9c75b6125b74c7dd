"""An organiser sets the event up on a phone whose scripts don't run."""

from datetime import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import sync_playwright

from checkin.db import reading
from checkin.domain.programme import programme
from tests.accounts.people import PASSWORD, authenticator_on, invite
from tests.browser import stage
from tests.browser.serving import serving
from tests.organisers.test_setup_first import FIRST, GIVEN, stored


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_day_a_door_and_a_category_without_scripts(app: Flask) -> None:
    scene = stage.prepare(app)
    with serving(app) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844}, java_script_enabled=False)
        page.goto(f"{served.address}/login?next=/organiser")
        scene._sign_in(page)
        page.get_by_text("More", exact=True).click()
        page.get_by_role("link", name="Set-up").click()

        page.get_by_role("link", name="Days").click()
        page.get_by_role("group", name="One more day").get_by_label("Day", exact=True).fill("2099-12-31")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("The set-up is saved").wait_for()

        page.get_by_role("link", name="Areas and doors").click()
        page.get_by_role("button", name="More empty rows").click()
        rows = page.get_by_role("group", name="One more door")
        rows.nth(0).get_by_label("Name").fill("Gate X")
        rows.nth(1).get_by_label("Name").fill("Gate Y")
        page.get_by_role("group", name="Gate B").get_by_label("Remove this door").check()
        page.get_by_role("button", name="Save").click()
        page.get_by_text("The set-up is saved").wait_for()

        page.get_by_role("link", name="Categories").click()
        page.locator("summary", has_text="One more category").click()
        last = page.locator("details").last
        last.get_by_label("Name").fill("Media")
        last.get_by_label("Capacity").fill("50")
        last.get_by_label("Opens for them").fill("10:00")
        page.get_by_role("button", name="Save").click()
        assert page.locator(".summary").inner_text().count("Give both hours") == 1
        page.locator("details[open]").get_by_label("Closes for them").first.fill("17:00")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("The set-up is saved").wait_for()
        browser.close()

    with app.app_context(), reading() as session:
        plan = programme(session)
    assert str(plan.days[-1].date) == "2099-12-31"
    assert [door.name for door in plan.doors.values()] == [
        "Gate A",
        "Gate C",
        "Hall door",
        "Gate X",
        "Gate Y",
    ]
    media = list(plan.categories.values())[-1]
    assert (media.name, media.capacity, media.closes) == ("Media", 50, time(17))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_from_an_invitation_to_an_event_on_a_phone(app: Flask) -> None:
    """The first organiser follows their address, and is asked for the event at once."""
    _email, path = invite(app)
    with serving(app) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.goto(served.address + path)
        code = authenticator_on(page.content()).generate().token
        for field, typed in (("password", PASSWORD), ("password_again", PASSWORD), ("code", code)):
            page.locator(f"#{field}").fill(typed)
        page.get_by_role("button", name="Save and sign in").click()
        page.wait_for_url("**/recovery-codes")
        page.goto(f"{served.address}/staff")
        page.wait_for_url(f"**{FIRST}")
        found = Axe().run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()
        for field in ("name", "first_day", "last_day", "code"):
            page.locator(f"#{field}").fill(GIVEN[field])
        page.get_by_role("button", name="Set up the event").click()
        page.get_by_text("The event is set up.").wait_for()
        browser.close()
    assert stored(app).code == "SCEKL26"
