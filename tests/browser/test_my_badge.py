"""A delegate's badge on a phone: what was seen once opens without a network, and a badge that is no more doesn't."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import select

from checkin import clock
from checkin.db import transaction
from checkin.domain import delegates
from checkin.domain.delegates import Delegate
from tests import world
from tests.browser.serving import Served, serving

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PATIENCE = 15.0


@pytest.fixture
def ada(app: Flask) -> Flask:
    """Ada, registered for an event that begins in a month."""
    days = [{"date": clock.now().date() + timedelta(days=30)}]
    world.set_event(app, days=days, categories=[{"name": "Delegate"}])
    world.enrol(app, [world.person("Ada Lim", email="ada@example.org")])
    return app


@pytest.fixture
def served(ada: Flask) -> Iterator[Served]:
    with serving(ada) as served:
        yield served


@pytest.fixture
def phone() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 390, "height": 844}, locale="en")
        browser.close()


def _kept(page: Page) -> list[str]:
    """The paths of what the phone has kept of its badge."""
    script = """async () => {
      const cache = await caches.open("my-badge");
      return (await cache.keys()).map((request) => new URL(request.url).pathname);
    }"""
    return list(page.evaluate(script))


def _until_kept(page: Page, path: str, *, kept: bool = True) -> None:
    deadline = time.monotonic() + PATIENCE
    while (path in _kept(page)) != kept:
        assert time.monotonic() < deadline, _kept(page)
        page.wait_for_timeout(50)


def test_the_badge_opens_without_a_network_and_says_that_it_is_a_copy(
    ada: Flask, served: Served, phone: Page
) -> None:
    path = f"/me/{world.link(ada, 'Ada Lim')}"
    phone.goto(served.address + path)
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.reload()
    _until_kept(phone, f"{path}/door")

    served.stop()
    phone.goto(served.address + path)
    copy = phone.get_by_text("This is the copy on your phone")

    assert copy.is_visible()
    assert phone.get_by_role("heading", name="Ada Lim").is_visible()
    phone.get_by_role("link", name="Show it at the door").click()
    assert phone.get_by_alt_text("QR code of your badge").is_visible()


def test_a_cancelled_badge_is_not_kept(ada: Flask, served: Served, phone: Page) -> None:
    path = f"/me/{world.link(ada, 'Ada Lim')}"
    phone.goto(served.address + path)
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.reload()
    _until_kept(phone, f"{path}/door")
    with ada.app_context(), transaction() as session:
        delegates.cancel(session, session.scalars(select(Delegate)).one(), now=clock.now())

    phone.reload()

    _until_kept(phone, f"{path}/door", kept=False)
    assert path not in _kept(phone)
