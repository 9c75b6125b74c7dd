"""A delegate registers on a phone, confirms, keeps the badge, brings a colleague and mends a typo."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import Page, sync_playwright

from checkin import clock
from checkin.config import Config
from tests import mailboxes, servers, world
from tests.accounts.people import opened
from tests.workers import working

PHONE = {"width": 390, "height": 844}


@dataclass
class Scene:
    """A phone's browser at the server's address, and the mail server behind it."""

    page: Page
    address: str
    mail: mailboxes.Mailbox

    def next_letter(self) -> mailboxes.Delivery:
        return self.mail.next()

    def link_in(self, letter: mailboxes.Delivery) -> str:
        """The way to the delegate's own page, the same in the text and in the HTML."""
        pattern = re.escape(self.address) + r"/me/[\w-]{22}"
        [link] = set(re.findall(pattern, letter.part("text/plain")))
        assert link in letter.part("text/html")
        return link

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()


@pytest.fixture
def scene(database_url: str) -> Iterator[Scene]:
    port = servers.free_port()
    address = f"http://127.0.0.1:{port}"
    with mailboxes.mailbox() as mail:
        config = Config(database_url=database_url, base_url=address, smtp_url=mail.url, testing=True)
        with opened(config) as app:
            soon = clock.now().date() + timedelta(days=30)
            categories = [{"name": "Delegate", "self_registration": True}]
            world.set_event(app, days=[{"date": soon}], categories=categories)
            settings = {"CHECKIN_BASE_URL": address, "CHECKIN_SMTP_URL": mail.url}
            with (
                working(app),
                servers.serving(database_url, workers=1, env=settings, port=port),
                sync_playwright() as playwright,
            ):
                browser = playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", args=["--no-sandbox"]
                )
                yield Scene(browser.new_page(viewport=PHONE, locale="en"), address, mail)
                browser.close()


def badge_in(letter: mailboxes.Delivery) -> tuple[str, str]:
    """What the badge attached to a letter says, and its code."""
    return read_badge(letter.part("application/pdf"))


def read_badge(pdf: bytes) -> tuple[str, str]:
    document = pypdfium2.PdfDocument(pdf)
    [page] = document
    [code] = zxingcpp.read_barcodes(page.render(scale=150 / 72).to_pil())
    words = page.get_textpage().get_text_range()
    document.close()
    return words, code.text


def test_a_delegate_registers_brings_a_colleague_and_mends_a_typo(scene: Scene) -> None:
    page = scene.page
    page.goto(f"{scene.address}/register")
    page.locator("[name=name]").fill("Tan Sri Aisyah binti Rahmann")
    page.locator("[name=email]").fill("aisyah@example.org")
    page.locator("[name=organisation]").fill("Majlis Bandaraya Petaling Jaya")
    page.locator("[name=country]").select_option("MY")
    page.locator("[name=consent_notice]").check()

    page.locator("form[method=post] button[type=submit]").last.click()
    page.wait_for_url(f"{scene.address}/registered")
    asked = scene.next_letter()
    page.goto(scene.link_in(asked))
    page.locator("form[action$='/confirm'] button").click()
    page.wait_for_url(re.compile(r"/me/[\w-]{22}$"))
    words, code = badge_in(scene.next_letter())

    assert "Rahmann" in words
    assert asked.recipients == ["aisyah@example.org"]
    with page.expect_download() as downloading:
        page.locator("a[href$='/badge.pdf']").first.click()
    assert read_badge(downloading.value.path().read_bytes())[1] == code

    page.locator("a[href$='/add']").first.click()
    page.locator("[name=name]").fill("王小明")
    page.locator("[name=country]").select_option("MY")
    page.locator("[name=consent_notice]").check()
    page.locator("form[method=post] button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/me/[\w-]{22}"))
    colleague = scene.next_letter()

    colleagues_words, colleagues_code = badge_in(colleague)
    assert colleague.recipients == ["aisyah@example.org"]
    assert "王小明" in colleagues_words
    assert colleagues_code != code

    page.goto(scene.link_in(asked))
    page.locator("a[href$='/correct']").first.click()
    page.locator("[name=name]").fill("Tan Sri Aisyah binti Rahman")
    page.locator("form[method=post] button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/me/[\w-]{22}$"))
    mended = page.request.get(page.url + "/badge.pdf").body()

    words, same_code = read_badge(mended)
    assert "Rahman" in words
    assert "Rahmann" not in words
    assert same_code == code
