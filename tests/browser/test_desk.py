"""The help desk with nothing but a keyboard, and without JavaScript."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright
from sqlalchemy import select

from checkin import clock
from checkin.config import Config
from checkin.db import reading, transaction
from checkin.domain import blanks, delegates
from checkin.domain.audit import Audit
from checkin.domain.delegates import Delegate
from tests import world
from tests.accounts.people import opened
from tests.browser.serving import serving
from tests.desk.test_desk import CATEGORIES
from tests.organisers.staff import signed_in

PEOPLE = ("Siti Nurhaliza binti Tarudin", "சுப்பிரமணியம் முருகன்", "Muhammad Aiman bin Abdullah")


@pytest.fixture(scope="module")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, str]]:
    """The application on today's event with three people, and its address."""
    file = tmp_path_factory.mktemp("desk") / "checkin.db"
    shutil.copy(sqlite_template, file)
    with opened(Config(database_url=f"sqlite:///{file}", testing=True)) as app:
        world.set_event(app, days=[{"date": world.today()}], categories=CATEGORIES)
        world.enrol(app, [world.person(name, organisation="Majlis Bandaraya") for name in PEOPLE])
        with app.app_context(), transaction() as session:
            key, now = app.config["CHECKIN"].key, clock.now()
            blanks.make(session, 1, category_id=1, key=key, now=now)
            blanks.release(session, 1, 1, key=key, now=now)
        with serving(app) as server:
            yield app, server.address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def cookie(served: tuple[Flask, str]) -> dict[str, str]:
    """The session of somebody at the desk."""
    app, address = served
    return {"name": "checkin", "value": signed_in(app, "desk").cookie(), "url": address}


def context_of(chromium: Browser, cookie: dict[str, str], **settings: object) -> BrowserContext:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en", **settings)
    context.add_cookies([cookie])
    return context


def tab_to(page: Page, words: str) -> None:
    """Press Tab until what has the focus says these words, or has this id."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if words in page.evaluate("[document.activeElement.innerText.trim(), document.activeElement.id]"):
            return
    raise AssertionError(f"Tab never comes to {words!r}")


def printer_of(page: Page) -> list[str | None]:
    """What each PDF asks of its viewer; headless Chromium, which has no print dialogue, crashes at it."""
    printed: list[str | None] = []

    def take(route: Route) -> None:
        with pikepdf.open(io.BytesIO(route.fetch().body())) as pdf:
            printed.append(str(pdf.Root.OpenAction.N))
        route.fulfill(status=204)

    page.route("**/badge.pdf", take)
    return printed


def acts(app: Flask) -> list[str]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(Audit.action).order_by(Audit.id)))


def register_a_walk_in(page: Page, address: str) -> None:
    """A walk-in whose badge is printed, by keyboard."""
    page.goto(f"{address}/desk/walk-in")
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type("Bo Tan")
    page.keyboard.press("Tab")
    page.keyboard.type("Cafe")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    with page.expect_response("**/badge.pdf"):
        page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Bo Tan")


def give_a_blank_badge(page: Page, address: str) -> None:
    """A walk-in who gets a blank badge that was released, by keyboard."""
    page.goto(f"{address}/desk/walk-in")
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type("Cem Kaya")
    tab_to(page, "consent_notice")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type("B-0001")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Cem Kaya")
    expect(page.get_by_text("with the blank badge in hand")).to_be_visible()


def test_everything_is_done_by_keyboard_alone(
    served: tuple[Flask, str], chromium: Browser, cookie: dict[str, str]
) -> None:
    app, address = served
    context = context_of(chromium, cookie)
    page = context.new_page()
    printed = printer_of(page)
    keys = page.keyboard
    page.goto(f"{address}/desk")

    # Found: the name and Enter.
    keys.type("siti nur")
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text(PEOPLE[0])

    # Corrected, and printed at once.
    tab_to(page, "Correct the name")
    keys.press("Enter")
    expect(page.locator("#name")).to_be_focused()
    keys.press("End")
    keys.type(" Jr")
    with page.expect_response("**/badge.pdf"):
        keys.press("Enter")
    expect(page.locator("h1")).to_have_text(f"{PEOPLE[0]} Jr")

    # Admitted with a reason, which Down chooses.
    tab_to(page, "Admit by hand…")
    keys.press("Enter")
    tab_to(page, "why-admit")
    keys.press("ArrowDown")
    tab_to(page, "Admit")
    keys.press("Enter")
    expect(page.locator(".desk-today.good")).to_contain_text("In since")

    # Lost, replaced and printed.
    tab_to(page, "Lost badge…")
    keys.press("Enter")
    tab_to(page, "why-reissue")
    with page.expect_response("**/badge.pdf"):
        keys.press("Enter")
    expect(page.get_by_text("1 older badge is refused")).to_be_visible()

    # Handed over.
    tab_to(page, "Handed over")
    keys.press("Enter")
    expect(page.get_by_text("Handed over at")).to_be_visible()

    # The next one: Escape, a walk-in.
    page.wait_for_load_state()
    keys.press("Escape")
    expect(page.locator("#q")).to_be_focused()
    register_a_walk_in(page, address)

    # No printer any more.
    give_a_blank_badge(page, address)

    done = (
        "delegate corrected",
        "delegate admitted",
        "badge reissued",
        "badge handed over",
        "walk-in registered",
        "blank badge given",
    )
    assert set(done) <= set(acts(app))
    assert printed == ["/Print"] * 3
    context.close()


def test_arrows_lead_through_the_results_and_a_fresh_load_prints_nothing(
    served: tuple[Flask, str], chromium: Browser, cookie: dict[str, str]
) -> None:
    context = context_of(chromium, cookie)
    page = context.new_page()
    printed = printer_of(page)
    page.goto(f"{served[1]}/desk")

    page.keyboard.type("bandaraya")
    expect(page.locator(".desk-result")).to_have_count(3)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".who")).to_be_visible()
    with page.expect_response("**/badge.pdf"):
        page.goto(f"{page.url}?then=print")
    page.reload()
    page.locator(".who").wait_for()

    assert "then" not in page.url
    assert printed == ["/Print"]
    context.close()


def test_the_desk_works_without_javascript(
    served: tuple[Flask, str], chromium: Browser, cookie: dict[str, str]
) -> None:
    context = context_of(chromium, cookie, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served[1]}/desk")

    page.keyboard.type("முருகன்")
    page.keyboard.press("Enter")
    expect(page.locator(".desk-result").first).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("h1")).to_have_text(PEOPLE[1])
    context.close()


def test_a_badge_that_cant_be_printed_says_why_on_the_page(
    served: tuple[Flask, str], chromium: Browser, cookie: dict[str, str]
) -> None:
    app, address = served
    world.enrol(app, [world.person("Dee")])
    context = context_of(chromium, cookie)
    page = context.new_page()
    page.goto(f"{address}/desk")
    page.keyboard.type("dee")
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Print the badge")
    button.wait_for()

    with app.app_context(), transaction() as session:
        found = session.scalars(select(Delegate).where(Delegate.name == "Dee")).one()
        delegates.cancel(session, found, now=clock.now())
    button.click()

    expect(page.get_by_role("alert")).to_contain_text("It was not printed. Print it on another printer")
    expect(page.get_by_role("alert")).to_contain_text("There is no badge to print")

    # As soon as it can be, the other printer is one click away, and what was wrong is gone.
    with app.app_context(), transaction() as session:
        delegates.reinstate(session, session.get_one(Delegate, found.id), now=clock.now())
    printed = printer_of(page)
    with page.expect_response("**/badge.pdf"):
        page.get_by_role("button", name="Card, 86 × 54 mm").click()
    expect(page.get_by_role("alert")).to_be_hidden()
    assert printed == ["/Print"]
    context.close()
