"""An organiser's week: a list imported, two entries of one person merged, figures published, somebody's data given."""

import json
import re
import zipfile
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect, sync_playwright

from checkin.db import reading
from checkin.domain import import_runs
from checkin.organisers import duplicate_search, importing
from tests import world
from tests.browser.serving import serving
from tests.browser.test_people import heard
from tests.organisers.staff import signed_in

LIST = """Full name,Company,Country,E-mail
Muniandy Subramaniam,Majlis Bandaraya,Malaysia,muni@example.org
王小明,深圳市智慧城市研究院,China,wang@example.org
,Nobody's,Malaysia,none@example.org
"""


def work(app: Flask) -> None:
    """What a worker does with the last list, or with a search that was ordered."""
    with app.app_context():
        with reading() as session:
            run = import_runs.runs(session, at_most=1)[0]
        importing.import_list(str(run.id))


def import_the_list(app: Flask, page: Page, address: str) -> None:
    page.goto(f"{address}/organiser/import")
    content = {"name": "list.csv", "mimeType": "text/csv", "buffer": LIST.encode()}
    page.locator("#file").set_input_files(content)
    page.get_by_role("button", name="Upload and look").click()
    work(app)
    page.reload()
    page.get_by_role("button", name="Show what would happen").click()
    work(app)
    page.reload()
    expect(page.get_by_text("Rejected rows are left out")).to_be_visible()
    page.get_by_role("button", name=re.compile("Import 2")).click()
    work(app)
    page.reload()
    expect(page.locator("main")).to_contain_text("Added")


def merge_the_two(app: Flask, page: Page, address: str) -> None:
    page.goto(f"{address}/organiser/duplicates")
    page.get_by_role("button", name="Search now").click()
    with app.app_context():
        duplicate_search.search()
    page.reload()
    expect(page.locator(".twin-who")).to_contain_text("Muniandy")
    page.get_by_role("link", name=re.compile("Merge…")).click()
    page.get_by_role("button", name="See what will happen").click()
    expect(page.get_by_text("It can't be undone.")).to_be_visible()
    page.get_by_role("button", name="Merge for ever").click()
    expect(page.get_by_role("status").first).to_be_visible()


def publish(page: Page, address: str, folder: Path) -> dict[str, bytes]:
    page.goto(f"{address}/organiser/after")
    page.locator("form[action$=publish] button").click()
    expect(page.get_by_role("status").first).to_contain_text("published as version 1")
    page.get_by_label("What is it for?").fill("Ministry of Digital")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the closing pack").click()
    file = folder / "pack.zip"
    download.value.save_as(file)
    with zipfile.ZipFile(file) as pack:
        return {name: pack.read(name) for name in pack.namelist()}


def give_the_data(page: Page, address: str, folder: Path) -> dict[str, object]:
    page.goto(f"{address}/organiser/delegates/KL-00001/seen")
    page.get_by_label("What their data is asked for").fill("Letter of 2 October")
    with page.expect_download() as download:
        page.get_by_role("button", name="Everything that is stored").click()
    file = folder / "data.json"
    download.value.save_as(file)
    given: dict[str, object] = json.loads(file.read_text("utf-8"))
    return given


@pytest.mark.parametrize("size", [(390, 844), (1280, 800)], ids=["phone", "desk"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_from_a_list_to_the_closing_pack(expo: Flask, size: tuple[int, int], tmp_path: Path) -> None:
    person = world.person("Muniandy a/l Subramaniam", organisation="Majlis Bandaraya", country="MY")
    world.enrol(expo, [person])
    world.pair(expo).scan(world.codes(expo)[person.name], "2025-09-17T01:00:00Z")
    cookie = signed_in(expo).cookie()
    with serving(expo) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="en")
        context.add_cookies([{"name": "checkin", "value": cookie, "url": served.address}])
        page = context.new_page()
        complaints = heard(page)
        import_the_list(expo, page, served.address)
        merge_the_two(expo, page, served.address)
        pack = publish(page, served.address, tmp_path)
        given = give_the_data(page, served.address, tmp_path)
        page.goto(f"{served.address}/organiser/audit")
        acts = page.locator("main").inner_text()
        browser.close()

    assert {"figures.json", "figures-en.pdf", "figures-ms.pdf", "SHA256SUMS"} <= set(pack)
    assert b'["area"' in pack["figures.json"]
    assert str(given["name"]).startswith("Muniandy")
    assert [one["day"] for one in given["attendance"]] == ["2025-09-17"]  # type: ignore[attr-defined]
    for act in ("Published the figures", "Made the closing pack", "Handed all data of a delegate over"):
        assert act in acts
    assert complaints == []
