"""After the event: figures stay as published, corrections stand beside them, attendance by hand, the closing pack."""

import csv
import hashlib
import html
import io
import json
import re
import uuid
import zipfile
from pathlib import Path

import pypdfium2
import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select
from werkzeug.test import TestResponse

from checkin.db import db, reading
from checkin.domain import publishing
from checkin.domain.audit import Audit
from checkin.domain.programme import programme
from checkin.domain.publishing import ANY_DAY, AREA, CATEGORY, COUNTRY
from checkin.domain.scans import Attendance, Scan
from tests import world
from tests.accounts.people import Browser
from tests.bench.statements import counted
from tests.journeys.commands import ShellHere
from tests.organisers.staff import signed_in

AFTER = "/organiser/after"
PEOPLE = [
    ("Ada Lim", "Delegate", "MY"),
    ("Tun Siti", "VIP", "MY"),
    ("王小明", "Delegate", "CN"),
    ("Somchai", "Delegate", None),
    ("Nobody Came", "Delegate", "TH"),
]


@pytest.fixture
def held(expo: Flask) -> Flask:
    """Ada comes on two days, Siti on one but only into the hall, 王 on the build day, Somchai not yet."""
    people = [world.person(name, category=category, country=country) for name, category, country in PEOPLE]
    world.enrol(expo, people)
    codes, gate, hall = world.codes(expo), world.pair(expo), world.pair(expo, "Hall door")
    gate.scan(codes["Ada Lim"], "2025-09-17T01:00:00Z")
    gate.scan(codes["Ada Lim"], "2025-09-17T05:00:00Z")
    gate.scan(codes["Ada Lim"], "2025-09-18T01:00:00Z")
    hall.scan(codes["Tun Siti"], "2025-09-17T02:00:00Z")
    gate.scan(codes["王小明"], "2025-09-18T03:00:00Z")
    return expo


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def acts(app: Flask) -> list[Audit]:
    with app.app_context(), reading() as session:
        return list(
            session.scalars(select(Audit).where(Audit.action.not_like("% opened")).order_by(Audit.id))
        )


def figures(app: Flask) -> publishing.Figures:
    with app.app_context(), reading() as session:
        return publishing.figures_now(session, programme(session))


def area(app: Flask, name: str) -> str:
    with app.app_context(), reading() as session:
        return str(programme(session).area_named(name))


def add(browser: Browser, reference: str, **changes: str) -> TestResponse:
    page = f"/organiser/delegates/{reference}/attendance"
    typed = browser.filled(page) | {"day": "2025-09-17", "time": "", "reason": "spoke on panel 2"}
    return browser.send(page, **(typed | changes))


def publish(browser: Browser) -> TestResponse:
    return browser.send(f"{AFTER}/publish", page="/account")


def changes(page: str) -> dict[str, list[str]]:
    """The rows of the corrections: figure and day, then what stands beside them."""
    table = page.split('aria-labelledby="corrections"', 1)[1].split("</table>")[0].split("<tbody>")[1]
    rows = [
        [text_of(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in table.split("</tr>")[:-1]
    ]
    return {f"{name} {day}": rest for name, day, *rest in rows}


def test_without_scans_there_is_nothing_to_publish(expo: Flask) -> None:
    browser = signed_in(expo)

    page, refused = browser.get(AFTER), publish(browser)

    assert "There are no scans, so there is nothing to publish" in text_of(page.text)
    assert refused.status_code == 409
    assert "no figures to publish" in text_of(refused.text)
    pack = browser.send(f"{AFTER}/closing-pack.zip", page="/account", purpose="to the ministry")
    assert (pack.status_code, "publish them first" in pack.text) == (404, True)
    assert acts(expo) == []


def test_figures_count_people_by_day_area_category_and_country(held: Flask) -> None:
    found, expo, hall = figures(held), area(held, "Expo"), area(held, "Hall")

    def row(kind: str, key: str) -> list[int]:
        return [found.count(kind, key, day) for day in ("2025-09-16", "2025-09-17", "2025-09-18", ANY_DAY)]

    assert row(AREA, expo) == [0, 2, 2, 3]
    assert row(AREA, hall) == [0, 1, 0, 1]
    assert [(found.names[CATEGORY][key], found.count(CATEGORY, key)) for key in found.keys(CATEGORY)][:2] == [
        ("Delegate", 2),
        ("VIP", 1),
    ]
    assert {key: row(COUNTRY, key) for key in found.keys(COUNTRY)} == {"MY": [0, 2, 1, 2], "CN": [0, 0, 1, 1]}


def test_published_figures_stay_and_corrections_stand_beside_them(held: Flask) -> None:
    browser = signed_in(held)
    before = browser.get(AFTER)
    first = publish(browser)
    again = publish(browser)
    phone = world.pair(held, "Gate B")
    codes = world.codes(held)
    phone.scan(codes["Somchai"], "2025-09-19T01:00:00Z")
    added = add(browser, "KL-00003")
    browser.send("/organiser/delegates/KL-00001/correct", **corrected(browser, country="SG"))
    with held.app_context(), reading() as session:
        kept = session.scalars(select(Scan.id).where(Scan.delegate_id == 1, Scan.day == world.DAYS[1])).one()
    void(held, phone_of(held, kept), kept)

    page = browser.get(AFTER)
    with counted(held) as sent:
        browser.get(AFTER)

    assert "They weren't published yet" in text_of(before.text)
    assert (first.status_code, again.status_code, added.status_code) == (303, 409, 303), text_of(added.text)
    found = changes(page.text)
    assert found["Area: Expo Fri 19 Sep"][:3] == ["0", "1", "+1"]
    assert found["Area: Expo any day, each person once"][:3] == ["3", "4", "+1"]
    assert found["Area: Expo Thu 18 Sep"][:3] == ["2", "1", "−1"]
    assert found["Country: Malaysia any day, each person once"][:3] == ["2", "1", "−1"]
    assert found["Country: Singapore any day, each person once"][:3] == ["0", "1", "+1"]
    causes = [text_of(one) for one in re.findall(r"<li>\s*<bdi>(.*?)</bdi>", page.text, re.DOTALL)]
    because = [causes[int(number) - 1] for number in found["Area: Expo Thu 18 Sep"][3].split(", ")]
    assert [one.split(":")[0] for one in because] == ["Voided (KL-00001), Thu 18 Sep, Expo"]
    assert any(
        one.startswith("Added by hand (KL-00003), Wed 17 Sep, Expo: spoke on panel 2") for one in causes
    )
    assert any("1 first entry by a scan that came in late: Fri 19 Sep, Expo, phone" in one for one in causes)
    assert any(one.startswith("Corrected the details (KL-00001)") for one in causes)
    assert len(sent) <= 8, sent
    assert publish(browser).status_code == 303
    assert "None: all figures are what was published" in browser.get(AFTER).text
    assert changes(browser.get(f"{AFTER}?version=1").text) == found
    published = [act.details for act in acts(held) if act.action == "figures published"]
    assert [one["version"] for one in published] == [1, 2]
    with held.app_context(), reading() as session:
        versions = publishing.publications(session)
        assert [one.digest for one in versions[::-1]] == [one["sha256"] for one in published]
        assert all(one.is_whole for one in versions)
        assert publishing.published_figures(versions[1]).count(AREA, area(held, "Expo")) == 3


def corrected(browser: Browser, **typed: str) -> dict[str, str]:
    return browser.filled("/organiser/delegates/KL-00001/correct") | {"name": "Ada Lim"} | typed


def phone_of(app: Flask, scan: uuid.UUID) -> world.Phone:
    """A desk device, which may void what any phone scanned."""
    return world.pair(app, desk=True)


def void(app: Flask, desk: world.Phone, scan: uuid.UUID) -> None:
    asked = {"id": str(uuid.uuid4()), "scan": str(scan), "reason": "a colleague's badge"}
    sent = desk.client.post(
        "/api/door/v1/voids", json=asked | {"at": "2025-09-18T01:05:00Z"}, headers=desk.headers
    )
    assert sent.status_code == 200, sent.text


def test_attendance_by_hand_is_told_as_such_and_can_be_withdrawn(held: Flask) -> None:
    browser, desk = signed_in(held), signed_in(held, "desk")
    page = "/organiser/delegates/KL-00004/attendance"
    wrong = add(browser, "KL-00004", time="9 o'clock", reason="", day="2025-09-20")
    hall = add(browser, "KL-00004", area=area(held, "Hall"))
    timed = add(browser, "KL-00004", day="2025-09-18", time="10:15")
    typed = browser.filled(page) | {"day": "2025-09-17", "time": "", "reason": "list of the chair"}
    untimed, twice = browser.send(page, **typed), browser.send(page, **typed)
    there = add(browser, "KL-00001", day="2025-09-18")

    assert (wrong.status_code, hall.status_code, there.status_code) == (422, 409, 409)
    assert all(
        said in text_of(wrong.text) for said in ("Please choose the day", "as 09:15", "how one knows it")
    )
    assert "A door would have refused them" in text_of(hall.text)
    assert 'value="spoke on panel 2"' in hall.text, "what was typed comes back"
    assert "attended there on this day already" in text_of(there.text)
    assert [timed.status_code, untimed.status_code, twice.status_code] == [303, 303, 303]
    assert desk.get(page).status_code == 403
    one = text_of(browser.get("/organiser/delegates/KL-00004").text)
    assert "18 Sep, 10:15 · Expo, by hand" in one
    assert "Wed 17 Sep · Expo, by hand, time not known" in one
    assert "Added attendance by hand" in one
    mine = text_of(held.test_client().get(f"/me/{world.link(held, 'Somchai')}/data").text)
    assert "by hand, time not known, in" in mine
    sheet = list(csv.reader(io.StringIO(exported(browser).decode("utf-8-sig"))))
    row = dict(zip(sheet[0], sheet[4], strict=True))
    assert [row[f"2025-09-17_{name}"] for name in ("first_in", "door", "entries")] == [
        "by hand",
        "by hand",
        "1",
    ]
    assert (row["2025-09-18_first_in"], row["2025-09-18_door"]) == ("2025-09-18T10:15:00", "by hand")
    board = text_of(browser.get("/organiser?day=2025-09-17").text)
    assert "By hand, afterwards" in board

    scan = re.search(r"attendance/([0-9a-f-]{36})/withdraw", browser.get(page).text)
    assert scan is not None
    withdrawing = f"{page}/{scan[1]}/withdraw"
    unsaid = browser.send(withdrawing, page=page)
    withdrawn = [browser.send(withdrawing, page=page, reason="it was her colleague") for _ in range(2)]
    other = f"/organiser/delegates/KL-00001/attendance/{scan[1]}/withdraw"

    assert unsaid.status_code == 422
    assert [answer.status_code for answer in withdrawn] == [303, 303]
    assert browser.send(other, page=page, reason="x").status_code == 404
    with held.app_context(), reading() as session:
        assert len(session.scalars(select(Attendance).where(Attendance.delegate_id == 4)).all()) == 1
    kept = [(act.action, act.subject, act.reason) for act in acts(held) if "by hand" in act.action]
    assert kept == [
        ("attendance added by hand", "KL-00004", "spoke on panel 2"),
        ("attendance added by hand", "KL-00004", "list of the chair"),
        ("attendance by hand withdrawn", "KL-00004", "it was her colleague"),
    ]


def exported(browser: Browser) -> bytes:
    page = "/organiser/exports/attendance"
    columns = ["reference", "first_in", "door", "entries"]
    link = browser.send(page, form="csv", purpose="x", columns=columns)
    answer = browser.get(link.location)
    content: bytes = answer.data
    answer.close()
    return content


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_closing_pack_has_all_that_the_ministry_needs(held: Flask, tmp_path: Path) -> None:
    browser = signed_in(held)
    publish(browser)
    add(browser, "KL-00004")
    unsaid = browser.send(f"{AFTER}/closing-pack.zip", page=AFTER)
    answer = browser.send(f"{AFTER}/closing-pack.zip", page=AFTER, purpose="report to the ministry")
    content = answer.data
    answer.close()

    assert unsaid.status_code == 422
    assert answer.headers["Content-Disposition"].endswith("SCEKL25-closing-pack-1.zip")
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        files = {name: pack.read(name) for name in pack.namelist()}
    assert list(files) == [
        *("figures.json", "figures-ms.pdf", "method-ms.txt", "figures-en.pdf", "method-en.txt"),
        *("figures.csv", "corrections.csv", "figures.xlsx", "corrections.xlsx", "SHA256SUMS"),
    ]
    sums = dict(line.split("  ")[::-1] for line in files["SHA256SUMS"].decode().splitlines())
    assert sums == {name: hashlib.sha256(files[name]).hexdigest() for name in files if name != "SHA256SUMS"}
    published = next(act for act in acts(held) if act.action == "figures published")
    assert sums["figures.json"] == published.details["sha256"]
    assert json.loads(files["figures.json"])["version"] == 1
    rows = list(csv.DictReader(io.StringIO(files["figures.csv"].decode("utf-8-sig"))))
    assert {"kind": "country", "code": "MY", "name": "Malaysia", "day": "2025-09-17", "people": "2"} in rows
    sheet = load_workbook(io.BytesIO(files["corrections.xlsx"])).active
    assert sheet is not None
    lines = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert lines[1][:3] == ["area", None, "Expo"]
    assert lines[1][4:7] == [2, 3, 1]
    assert "Added by hand, Wed 17 Sep, Expo: spoke on panel 2" in str(lines[1][7])
    whole = b"".join(files[name] for name in files if not name.endswith((".pdf", ".xlsx"))).decode("utf-8")
    assert "KL-0000" not in whole
    assert "Somchai" not in whole
    assert "example.org" not in whole
    for language, words in (("en", "Attendance figures as published"), ("ms", "Angka kehadiran")):
        pages = [
            page.get_textpage().get_text_bounded()
            for page in pypdfium2.PdfDocument(files[f"figures-{language}.pdf"])
        ]
        assert words in pages[0]
        assert published.details["sha256"] in "".join(pages).replace("\r\n", "")
    made = [act for act in acts(held) if act.action == "closing pack made"]
    assert [(act.reason, act.details) for act in made] == [("report to the ministry", {"version": 1})]
    with held.app_context():
        address = str(db.engine.url)
    ShellHere(address)("closing-pack", "--out", tmp_path / "pack.zip", "--purpose", "archive")
    assert zipfile.ZipFile(tmp_path / "pack.zip").read("figures.json") == files["figures.json"]
    assert acts(held)[-1].reason == "archive"
