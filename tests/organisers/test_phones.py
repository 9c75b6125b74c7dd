"""One phone's page: numbers that are missing, held scans decided about, and its queue brought as a file."""

import json
import re
import uuid
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import doors
from checkin.domain.audit import Audit
from checkin.domain.queue_files import MOST_BYTES
from checkin.domain.scans import Attendance, Decision, Scan, Void
from tests import world
from tests.accounts.people import PAGE, Browser
from tests.journeys.commands import Shell
from tests.organisers.staff import signed_in

NINE, TEN = "2025-09-17T01:00:00Z", "2025-09-17T02:00:00Z"


@pytest.fixture
def codes(expo: Flask) -> dict[str, str]:
    world.enrol(expo, [world.person(name) for name in ("Ada Lim", "Ben Lim", "Cai Wen")])
    return world.codes(expo)


def _page(phone: world.Phone) -> str:
    return f"/organiser/doors/phones/{phone.id}"


def _revoke(app: Flask, phone: world.Phone) -> None:
    with app.app_context(), transaction() as session:
        doors.revoke_device(session, phone.id, now=clock.now())


def _count(app: Flask, table: type[Any]) -> int:
    with app.app_context(), reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _acts(app: Flask, action: str) -> list[tuple[str, str, dict[str, Any]]]:
    with app.app_context(), reading() as session:
        rows = session.scalars(select(Audit).where(Audit.action == action).order_by(Audit.id))
        return [(row.subject, row.reason, row.details) for row in rows]


def _words(page: str) -> str:
    """What a page says, without its markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


# --- missing numbers --------------------------------------------------------------------------------------------


def test_missing_numbers_are_named_as_ranges(expo: Flask, codes: dict[str, str]) -> None:
    phone, whole = world.pair(expo), world.pair(expo, "Gate B")
    numbers = [1, 2, 4, 5, 9, 20]
    phone.send([phone.item(codes["Ada Lim"], NINE) | {"seq": number} for number in numbers])
    whole.scan(codes["Ben Lim"], NINE)
    report = {"sent_at": clock.now().isoformat(), "waiting": 2, "last_seq": 22, "roster_age_s": 1200}
    report |= {"camera": "ok", "sound": True, "storage": "persisted", "installed": True}
    phone.client.post("/api/door/v1/report", json=report, headers=phone.headers)

    browser = signed_in(expo, "supervisor")

    assert "Not arrived 3, 6–8, 10–19, 2 more" in _words(browser.get("/organiser/doors").text)
    page = _words(browser.get(_page(phone)).text)
    assert "16 numbers are missing. Ask for the phone" in page
    assert "3, 6–8, 10–19, 21–22" in page
    assert "20 minutes old" in page
    assert "every number that it has told of is here" in _words(browser.get(_page(whole)).text)


def test_what_waits_on_the_phone_is_no_loss(expo: Flask, codes: dict[str, str]) -> None:
    phone = world.pair(expo)
    item = phone.item(codes["Ada Lim"], NINE) | {"seq": 3}
    items = [item, phone.item(codes["Ben Lim"], NINE) | {"seq": 4}]
    body = {"scans": items, "phone": {"waiting": 2, "roster_age_s": 5, "battery": 0.5}}
    phone.client.post("/api/door/v1/scans", json=body, headers=phone.headers)

    page = _words(signed_in(expo).get(_page(phone)).text)

    assert "2 numbers are missing; the phone says that they wait there" in page
    assert "1–2" in page


# --- held scans -------------------------------------------------------------------------------------------------


def _held(app: Flask, codes: dict[str, str]) -> tuple[world.Phone, list[dict[str, Any]]]:
    """A revoked phone with three held scans."""
    phone = world.pair(app)
    _revoke(app, phone)
    scans = [phone.item(code, NINE, shown="admitted") for code in codes.values()]
    phone.send(scans)
    return phone, scans


def _rule(browser: Browser, phone: world.Phone, act: str, note: str, *scans: dict[str, Any]) -> TestResponse:
    shown = browser.get(_page(phone)).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', shown)
    seen = re.search(r'name="seen"[^>]*value="([^"]+)"', shown)
    form = {
        "csrf_token": token[1] if token else "",
        "seen": seen[1] if seen else "",
        "act": act,
        "note": note,
    }
    ticked = [scan["id"] for scan in scans]
    return browser.client.post(f"{_page(phone)}/held", data={**form, "scan": ticked}, headers=PAGE)


def test_held_scans_are_listed_with_their_bearers(expo: Flask, codes: dict[str, str]) -> None:
    phone, _ = _held(expo, codes)

    page = _words(signed_in(expo).get(_page(phone)).text)

    assert "Wed 17 Sep, 09:00:00" in page.replace("Wed, 17", "Wed 17")
    for said in ("Ada Lim", "Gate A", "Number 1", "Phone: Welcome", "Approve all 3"):
        assert said in page
    assert _acts(expo, "held scans listed") == [("Phone 1", "", {"shown": 3})]


def test_ticked_scans_are_decided_about_one_by_one(expo: Flask, codes: dict[str, str]) -> None:
    (phone, scans), browser = _held(expo, codes), signed_in(expo)

    approved = _rule(browser, phone, "approve-ticked", "seen by Mei", scans[0])
    dropped = _rule(browser, phone, "drop-ticked", "nobody was there", scans[1])

    assert (approved.status_code, dropped.status_code) == (303, 303)
    assert _count(expo, Attendance) == 1
    page = _words(browser.get(_page(phone)).text)
    assert "Approved: Let in, first time that day seen by Mei · organiser@example.org" in page
    assert "Dropped nobody was there" in page
    assert re.search(r"Held scans 1\b", page)
    assert _acts(expo, "held scans approved") == [("Phone 1", "seen by Mei", {"scans": 1})]
    assert _acts(expo, "held scans dropped") == [("Phone 1", "nobody was there", {"scans": 1})]


def test_all_means_those_that_the_page_told_of(expo: Flask, codes: dict[str, str]) -> None:
    (phone, _), browser = _held(expo, codes), signed_in(expo)
    shown = browser.get(_page(phone)).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', shown)
    seen = re.search(r'name="seen"[^>]*value="([^"]+)"', shown)
    assert token is not None
    assert seen is not None
    phone.scan(codes["Ada Lim"], TEN, direction="out")

    form = {"csrf_token": token[1], "seen": seen[1], "act": "approve-all", "note": "found"}
    sent = [browser.client.post(f"{_page(phone)}/held", data=form, headers=PAGE) for _ in range(2)]

    assert [one.status_code for one in sent] == [303, 303]
    assert _count(expo, Attendance) == 3
    assert "Nothing was changed" in browser.get(_page(phone)).text
    with expo.app_context(), reading() as session:
        assert session.scalars(select(Scan.verdict).where(Scan.direction == "out")).all() == ["held"]


@pytest.mark.parametrize(
    ("act", "note", "ticks", "said"),
    [
        ("approve-all", "", 0, "Please say why"),
        ("approve-ticked", "found", 0, "Please tick the scans first"),
        ("", "found", 1, "Please tick the scans first"),
        ("drop-ticked", "", 1, "Please say why"),
    ],
)
def test_a_decision_without_a_note_or_scans_comes_back_as_it_was(
    expo: Flask, codes: dict[str, str], act: str, note: str, ticks: int, said: str
) -> None:
    (phone, scans), browser = _held(expo, codes), signed_in(expo)

    refused = _rule(browser, phone, act, note, *scans[:ticks])

    assert refused.status_code == 422
    assert said in refused.text
    assert f'value="{note}"' in refused.text
    assert len(re.findall(r"\bchecked\b", refused.text)) == ticks
    assert _count(expo, Attendance) == 0


def test_a_supervisor_looks_and_doesnt_decide(expo: Flask, codes: dict[str, str]) -> None:
    (phone, _), browser = _held(expo, codes), signed_in(expo, "supervisor")

    page = browser.get(_page(phone)).text

    assert "Ada Lim" in page
    assert "approve-all" not in page
    assert 'type="file"' not in page
    assert (
        browser.send(f"{_page(phone)}/held", page="/account", act="approve-all", note="x").status_code == 403
    )


# --- the queue as a file ----------------------------------------------------------------------------------------


def _file(phone: world.Phone, scans: Any, **more: Any) -> dict[str, Any]:
    file = {"format": "checkin-queue", "version": 1, "event": "SCEKL25", "epoch": str(uuid.uuid4())}
    file |= {"device": {"id": str(phone.id), "name": "Phone 1"}, "exported_at": TEN}
    return {**file, "scans": scans, "decisions": [], "voids": [], **more}


def _import(browser: Browser, phone: world.Phone, content: Any, *, token: str | None = None) -> TestResponse:
    shown = browser.get(_page(phone)).text
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', shown)
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    form = {
        "csrf_token": (found[1] if found else "") if token is None else token,
        "file": (BytesIO(body), "queue.json"),
    }
    return browser.client.post(f"{_page(phone)}/queue", data=form, headers=PAGE)


def test_a_file_is_judged_as_its_phones_scans_however_often(expo: Flask, codes: dict[str, str]) -> None:
    phone, browser = world.pair(expo), signed_in(expo)
    known = phone.item(codes["Ada Lim"], NINE)
    phone.send([known])
    new, undone = phone.item(codes["Ben Lim"], NINE), phone.item(codes["Cai Wen"], NINE)
    repeat = phone.item(codes["Ada Lim"], "2025-09-17T01:05:00Z")
    void = {"id": str(uuid.uuid4()), "scan": undone["id"], "reason": "wrong badge", "at": TEN}
    file = _file(
        phone,
        [known, new, undone, repeat],
        decisions=[{"scan": repeat["id"], "decision": "let_in"}],
        voids=[void],
    )

    first, again = (_words(_import(browser, phone, file).text) for _ in range(2))

    assert "3 scans are new. 1 scan was known already. 1 scan is undone" in first
    assert "0 scans are new. 4 scans were known already." in again
    assert (_count(expo, Attendance), _count(expo, Decision), _count(expo, Void)) == (2, 1, 1)
    counts = [details for *_, details in _acts(expo, "queue imported")]
    assert counts == [
        {"scans": 3, "known": 1, "malformed": 0},
        {"scans": 0, "known": 4, "malformed": 0},
    ]


def test_a_revoked_phones_file_is_held(expo: Flask, codes: dict[str, str]) -> None:
    phone, browser = world.pair(expo), signed_in(expo)
    counted = phone.item(codes["Ada Lim"], NINE)
    phone.send([counted])
    _revoke(expo, phone)
    held = phone.item(codes["Ben Lim"], NINE)
    voids = [
        {"id": str(uuid.uuid4()), "scan": scan["id"], "reason": "x", "at": TEN} for scan in (counted, held)
    ]

    said = _words(_import(browser, phone, _file(phone, [held], voids=voids)).text)
    _rule(browser, phone, "approve-all", "found")

    assert "1 of them is held, since the phone is revoked" in said
    assert "1 undoing was not taken" in said
    with expo.app_context(), reading() as session:
        assert [str(one) for one in session.scalars(select(Attendance.scan_id))] == [counted["id"]]


def test_malformed_scans_of_a_file_are_named_and_block_no_other(expo: Flask, codes: dict[str, str]) -> None:
    phone = world.pair(expo)
    good = phone.item(codes["Ada Lim"], NINE)
    wrong = [
        "nothing",
        {**good, "id": "x"},
        {name: value for name, value in good.items() if name != "seq"},
        {name: value for name, value in good.items() if name != "code"},
        {**good, "door": "Gate Z"},
        {**good, "scanned_at": "1969-01-01T00:00:00Z"},
    ]

    said = _words(_import(signed_in(expo), phone, _file(phone, [*wrong, good])).text)

    assert "1 scan is new." in said
    assert "6 scans could not be taken" in said
    for fault in (
        "Scan 1: is no scan at all",
        "Scan 2: id is missing, or isn't what a scan has there",
        "Scan 3: seq is missing",
        "Scan 4: badge is missing",
        "Scan 5: door names a door that isn't there",
        "Scan 6: scanned_at lies outside the years 1970 to 2200",
    ):
        assert fault in said.replace("&#39;", "'")


def test_a_void_that_no_database_can_keep_blocks_no_other(expo: Flask, codes: dict[str, str]) -> None:
    phone = world.pair(expo)
    scan = phone.item(codes["Ada Lim"], NINE)
    void = {"id": str(uuid.uuid4()), "scan": scan["id"], "reason": "left", "at": TEN}
    voids = [{**void, "reason": "\ud800"}, *[{**void, "id": str(uuid.uuid4())} for _ in range(300)], void]

    said = _words(_import(signed_in(expo), phone, _file(phone, [scan], voids=voids)).text)

    assert "1 undoing was not taken" in said
    with expo.app_context(), reading() as session:
        assert session.scalars(select(Attendance)).all() == []


def test_what_is_no_file_of_this_phone_is_refused_and_says_why(expo: Flask, codes: dict[str, str]) -> None:
    phone, other, browser = world.pair(expo), world.pair(expo), signed_in(expo)
    scans = [phone.item(codes["Ada Lim"], NINE)]
    stranger = world.Phone(phone.client, "", uuid.uuid4())
    files = {
        "is of another event": _file(phone, scans, event="IFA26"),
        "is of Phone 2: import it on that phone": _file(other, scans),
        "was never paired with this event": _file(stranger, scans),
        "written by a newer scanner": _file(phone, scans, version=2),
        "is no file that a phone has saved": b"PK\x03\x04",
        "or only a part of one": json.dumps(_file(phone, scans)).encode()[:-20],
        "no file that a phone": _file(phone, "none"),
        "no file that a phone has": b"[" * 100_000,
    }

    for said, content in files.items():
        answer = _import(browser, phone, content)
        assert answer.status_code == 422, said
        assert said in answer.text.replace("&#39;", "'"), said
    big = browser.client.post(
        f"{_page(phone)}/queue",
        data=b" " * (MOST_BYTES + 20_000),
        content_type="multipart/form-data; boundary=x",
    )
    assert "is bigger than 5 MB" in big.text
    assert _import(browser, phone, _file(phone, scans), token="forged").status_code == 422
    assert _count(expo, Scan) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_is_imported_on_the_command_line_too(
    expo: Flask, codes: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    phone, shell = world.pair(expo), Shell(database_url)
    path = tmp_path / "queue.json"
    scans = [phone.item(codes["Ada Lim"], NINE), phone.item("no badge", NINE), {"id": "x"}]
    path.write_text(json.dumps(_file(phone, scans)))

    said = [shell("scans", "import", path) for _ in range(2)]
    path.write_text("{}")
    error = shell.refuses("scans", "import", path)

    assert "Phone 1: 2 new (admitted 1, refused 1), known before 0, malformed 1" in said[0]
    assert "scan 3: id is missing, or isn't what a scan has there" in said[0]
    assert "Phone 1: 0 new, known before 2, malformed 1" in said[1]
    assert "no file that a phone has saved" in error
    assert _count(expo, Attendance) == 1
