"""An organiser's morning in a real browser: finds by a typo, cancels with a reason, exports, reads a letter."""

import datetime as dt
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import make_server

from checkin import clock
from checkin.config import Config
from checkin.db import transaction
from checkin.documents import mailing
from checkin.domain.delegates import delegate_with_reference
from tests import servers, world
from tests.accounts.people import opened
from tests.organisers.staff import signed_in

PEOPLE = ("Siti Nurhaliza binti Tarudin", "சுப்பிரமணியம் முருகன்", "Muhammad Aiman bin Abdullah")


@pytest.fixture(scope="module")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, str]]:
    """The application with three people, one of whom came yesterday, and its address."""
    file = tmp_path_factory.mktemp("people") / "checkin.db"
    shutil.copy(sqlite_template, file)
    port = servers.free_port()
    address = f"http://127.0.0.1:{port}"
    with opened(Config(database_url=f"sqlite:///{file}", base_url=address, testing=True)) as app:
        world.set_event(app)
        world.enrol(app, [world.person(name, email=f"p{n}@example.org") for n, name in enumerate(PEOPLE)])
        world.pair(app).scan(world.codes(app)[PEOPLE[0]], "2025-09-17T00:41:07Z")
        server = make_server("127.0.0.1", port, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield app, address
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def cookie(served: tuple[Flask, str]) -> dict[str, str]:
    """The session of an organiser."""
    app, address = served
    return {"name": "checkin", "value": signed_in(app).cookie(), "url": address}


def context_of(chromium: Browser, cookie: dict[str, str], **settings: object) -> BrowserContext:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en", **settings)
    context.add_cookies([cookie])
    return context


def heard(page: Page) -> list[str]:
    """What the browser complains about from now on, but for Playwright's own scripts in a frame without any."""
    complaints: list[str] = []
    expected = "the 'allow-scripts' permission is not set"
    page.on(
        "console",
        lambda line: (
            complaints.append(line.text) if line.type == "error" and expected not in line.text else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


def test_an_organiser_finds_cancels_and_exports(
    served: tuple[Flask, str], chromium: Browser, cookie: dict[str, str], tmp_path: Path
) -> None:
    _app, address = served
    context = context_of(chromium, cookie)
    page = context.new_page()
    complaints = heard(page)
    page.goto(f"{address}/organiser/delegates")

    page.get_by_role("searchbox").press_sequentially("siti nurhalzia", delay=5)
    expect(page.get_by_role("status")).to_contain_text("1 delegate matches")
    page.get_by_role("link", name=PEOPLE[0]).click()
    page.get_by_text("Cancel the registration…").click()
    page.get_by_label("Reason").locator("visible=true").fill("Asked by telephone")
    page.get_by_role("button", name="Cancel the registration").click()
    expect(page.get_by_role("status")).to_contain_text("The registration is cancelled")
    expect(page.locator(".timeline li").first).to_contain_text("Asked by telephone")
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Exports").click()
    page.get_by_role("link", name="Attendance", exact=True).click()
    page.get_by_label("Day", exact=True).select_option("2025-09-17")
    page.get_by_label("E-mail address").uncheck()
    page.get_by_label("What is it for?").fill("Seating")
    page.get_by_label("Keep these choices as a report").fill("First day")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("status")).to_contain_text("The report is kept")
    with page.expect_download() as download:
        page.get_by_role("button", name="Excel First day").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)

    header, *rows = openpyxl.load_workbook(file).active.iter_rows(values_only=True)
    came = {row[header.index("name")]: row[header.index("2025-09-17_first_in")] for row in rows}
    assert file.name.startswith("SCEKL25-attendance-")
    assert "email" not in header
    assert came == {PEOPLE[0]: dt.datetime(2025, 9, 17, 8, 41, 7), PEOPLE[1]: None, PEOPLE[2]: None}  # noqa: DTZ001
    assert complaints == []
    context.close()


def test_the_list_follows_the_filters_and_the_address_keeps_them(
    served: tuple[Flask, str], chromium: Browser, cookie: dict[str, str]
) -> None:
    context = context_of(chromium, cookie)
    page = context.new_page()
    page.goto(f"{served[1]}/organiser/delegates")

    page.get_by_label("Attendance").select_option("absent:2025-09-17")
    expect(page.locator(".person")).to_have_count(2)
    page.get_by_role("searchbox").press_sequentially("முருகன்")
    expect(page.locator(".person")).to_have_text([PEOPLE[1]])
    page.reload()

    expect(page.locator(".person")).to_have_text([PEOPLE[1]])
    expect(page.get_by_label("Attendance")).to_have_value("absent:2025-09-17")
    context.close()


def test_the_list_works_without_javascript(
    served: tuple[Flask, str], chromium: Browser, cookie: dict[str, str]
) -> None:
    context = context_of(chromium, cookie, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served[1]}/organiser/delegates")

    page.get_by_role("searchbox").fill("abdulah")
    page.get_by_role("button", name="Search").click()

    assert page.locator(".person").all_inner_texts() == [PEOPLE[2]]
    context.close()


def test_a_waiting_letter_is_read_in_its_frame_and_its_link_opened(
    served: tuple[Flask, str], chromium: Browser, cookie: dict[str, str]
) -> None:
    app, address = served
    with app.app_context(), transaction() as session:
        somebody = delegate_with_reference(session, "KL-00003")
        mailing.write_to(session, somebody, kind="badge", now=clock.now())
    context = context_of(chromium, cookie)
    page = context.new_page()
    complaints = heard(page)
    page.goto(f"{address}/organiser/outbox")

    page.get_by_role("link", name="Open KL-00003").click()
    letter = page.frame_locator("iframe.letter-frame")
    colour = letter.locator(".band").evaluate("band => getComputedStyle(band).backgroundColor")
    with page.expect_popup() as opening:
        letter.get_by_role("link", name="Open my badge").click()
    mine = opening.value

    expect(mine.get_by_text(PEOPLE[2]).first).to_be_visible()
    assert colour == "rgb(11, 85, 96)"
    assert complaints == []
    context.close()


def test_several_are_ticked_cancelled_and_reinstated(
    served: tuple[Flask, str], chromium: Browser, cookie: dict[str, str]
) -> None:
    context = context_of(chromium, cookie)
    page = context.new_page()
    complaints = heard(page)
    page.goto(f"{served[1]}/organiser/delegates")

    # The filters count what the words leave.
    page.get_by_role("searchbox").press_sequentially("பிரமணியம் முருகன்")
    expect(page.locator("#category option", has_text="Delegate (1)")).to_be_attached()
    page.get_by_role("searchbox").fill("")
    expect(page.locator(".person")).to_have_count(3)
    page.get_by_role("checkbox", name=f"Tick {PEOPLE[1]}").check()
    page.get_by_role("checkbox", name=f"Tick {PEOPLE[2]}").check()
    expect(page.locator(".ticked-count")).to_have_text("2")
    page.locator("#act").select_option("cancel")
    page.get_by_role("button", name="Show what would happen").click()
    page.get_by_label("Reason").fill("Sakit")
    page.get_by_role("button", name="Cancel 2 registrations").click()
    expect(page.locator(".bulk-done")).to_contain_text("2 registrations are cancelled.")
    page.get_by_role("button", name="Undo: reinstate 2 registrations").click()

    expect(page.locator(".bulk-done")).to_contain_text("2 registrations are reinstated.")
    assert complaints == []
    context.close()
