"""The product's main job on real delegates: a list goes in, badges come out and are scanned, a sheet comes out."""

import csv
import io
import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pypdfium2
import pytest
import zxingcpp

from checkin.tokens import BadgeKey
from tests import servers
from tests.journeys.commands import SHARED, Shell, ShellHere
from tests.journeys.recount import Attended, Sent, recount

DAYS = [date(2025, 9, 17), date(2025, 9, 18), date(2025, 9, 19)]
DOORS = {"Gate A": "Expo", "Gate B": "Expo", "Hall door": "Conference Hall"}
DPI = 150


@pytest.fixture
def shell(database_url: str) -> Shell:
    return ShellHere(database_url)


@pytest.fixture
def server(database_url: str) -> Iterator[httpx.Client]:
    with (
        servers.serving(database_url, workers=2) as base_url,
        httpx.Client(base_url=base_url, timeout=60) as client,
    ):
        yield client


def decoded(pdf: Path) -> dict[str, str]:
    """Each badge's reference, read from its text, with the code that its QR code gives at 150 dpi."""
    codes = {}
    document = pypdfium2.PdfDocument(pdf)
    for page in document:
        reference = next(
            word for word in page.get_textpage().get_text_range().split() if word.startswith("KL-")
        )
        picture = page.render(scale=DPI / 72, grayscale=True).to_pil()
        codes[reference] = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)[0].text
        page.close()
    document.close()
    return codes


class Phone:
    """A phone at a door that sends every upload twice and keeps what should count."""

    def __init__(self, server: httpx.Client, shell: Shell, door: str) -> None:
        invited = json.loads(shell("door", "pair", door, "--json"))
        paired = server.post("/api/door/v1/pair", json={"code": invited["code"], "operator": "Aina"})
        assert paired.status_code == 200, paired.text
        self.server, self.door, self.seq = server, door, 0
        self.headers = {"Authorization": f"Bearer {paired.json()['token']}"}

    def item(self, code: str, at: datetime, direction: str = "in") -> dict[str, Any]:
        self.seq += 1
        scan = {"id": str(uuid.UUID(int=random.getrandbits(128), version=4)), "seq": self.seq, "code": code}
        return {**scan, "scanned_at": at.isoformat(), "direction": direction, "input": "camera"}

    def send(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        body = {"epoch": "", "sent_at": datetime.now(UTC).isoformat(), "scans": items}
        once, again = (
            self.server.post("/api/door/v1/scans", json=body, headers=self.headers).json() for _ in range(2)
        )
        verdicts = [
            [(one["id"], one["verdict"], one["reason"]) for one in answer["results"]]
            for answer in (once, again)
        ]
        assert verdicts[0] == verdicts[1]
        return list(once["results"])

    def decide(self, scan: str, decision: str) -> None:
        body = {"scan": scan, "decision": decision}
        assert self.server.post("/api/door/v1/decisions", json=body, headers=self.headers).status_code == 200


class Crowd:
    """Three days of people at three doors."""

    def __init__(self, phones: dict[str, Phone], codes: dict[str, str]) -> None:
        self.phones, self.codes = phones, codes
        self.sent: list[Sent] = []
        self.late: list[tuple[Phone, dict[str, Any]]] = []

    def passes(
        self, reference: str, door: str, at: datetime, direction: str = "in", *, late: bool = False
    ) -> None:
        phone = self.phones[door]
        item = phone.item(self.codes[reference], at, direction)
        self.sent.append(Sent(item["id"], reference, door, door, DOORS[door], at, direction))
        if late:
            self.late.append((phone, item))
            return
        result = phone.send([item])[0]
        assert result["delegate"]["reference"] == reference
        if result["verdict"] == "repeat" and random.random() < 0.5:
            phone.decide(item["id"], "let_in")
            self.sent[-1] = Sent(
                *[
                    getattr(self.sent[-1], name)
                    for name in ("id", "reference", "phone", "door", "area", "at", "direction")
                ],
                True,
            )

    def comes(self, reference: str, day: date) -> None:
        at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(
            seconds=random.randrange(4 * 3600)
        )
        gate = random.choice(["Gate A", "Gate B"])
        late = random.random() < 0.2
        self.passes(reference, gate, at, late=late)
        what = random.random()
        if what < 0.1:
            self.passes(reference, gate, at + timedelta(seconds=random.randrange(1, 60)), late=late)
        elif what < 0.2:
            self.passes(
                reference,
                "Gate B" if gate == "Gate A" else "Gate A",
                at + timedelta(minutes=random.randrange(1, 30)),
            )
        elif what < 0.4:
            self.passes(reference, gate, at + timedelta(hours=3), "out", late=late)
            self.passes(reference, gate, at + timedelta(hours=3, minutes=random.randrange(2, 90)))
        elif what < 0.5:
            self.passes(reference, "Hall door", at + timedelta(minutes=random.randrange(-30, 60)))

    def catch_up(self) -> None:
        """The late scans arrive, out of order and in batches."""
        random.shuffle(self.late)
        for phone in self.phones.values():
            own = [item for sender, item in self.late if sender is phone]
            for start in range(0, len(own), 40):
                phone.send(own[start : start + 40])
        self.late.clear()


def assert_sheet(
    rows: list[dict[str, Any]], expected: dict[tuple[str, date], Attended], people: set[str]
) -> None:
    assert {row["reference"] for row in rows} == people
    for row in rows:
        attended = [expected.get((row["reference"], day)) for day in DAYS]
        for day, one in zip(DAYS, attended, strict=True):
            cells = [row[f"{day}_{name}"] for name in ("first_in", "door", "entries")]
            assert cells == ([one.first_in, one.door, str(one.entries)] if one else ["", "", "0"]), row[
                "reference"
            ]
        assert row["days_attended"] == str(sum(one is not None for one in attended))


def csv_rows(text: str) -> list[dict[str, Any]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def xlsx_rows(path: Path) -> list[dict[str, Any]]:
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    assert (sheet.freeze_panes, bool(sheet.auto_filter.ref)) == ("A2", True)
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, header), map(as_csv, row), strict=True)) for row in rows]


def as_csv(cell: Any) -> str:
    return "" if cell is None else cell.isoformat() if isinstance(cell, datetime) else str(cell)


def test_a_list_becomes_badges_scans_and_a_sheet(shell: Shell, server: httpx.Client, tmp_path: Path) -> None:
    random.seed(20250917)
    shell("event", "set", Path(__file__).with_name("event.toml"))
    assert "Added 849" in shell("delegates", "import", SHARED / "unfccc-delegates.csv")
    assert "Added 26" in shell("delegates", "import", SHARED / "names-hard.csv")
    assert "Added 0," in shell("delegates", "import", SHARED / "unfccc-delegates.csv")

    assert "875 badges" in shell("badges", "print", "--sort", "reference", "--out", tmp_path / "badges.pdf")
    codes = decoded(tmp_path / "badges.pdf")
    assert (len(codes), len(set(codes.values()))) == (875, 875)

    phones = {door: Phone(server, shell, door) for door in DOORS}
    crowd = Crowd(phones, codes)
    people = list(codes)
    for reference in random.sample(people, 250):
        crowd.comes(reference, DAYS[0])
    crowd.catch_up()

    cancelled, replaced = people[3], people[7]
    shell("delegates", "cancel", cancelled, "--reason", "cannot come")
    shell("badges", "reissue", replaced, "--reason", "lost")
    shell("badges", "print", "--reference", replaced, "--out", tmp_path / "again.pdf")
    old, codes[replaced] = codes[replaced], decoded(tmp_path / "again.pdf")[replaced]
    stranger = BadgeKey(b"s" * 32).code(uuid.uuid4(), prefix=codes[replaced][:2])
    at = datetime(2025, 9, 18, 1, tzinfo=UTC)
    refused = [phones["Gate A"].item(code, at) for code in (codes[cancelled], old, stranger)]
    reasons = [one["reason"] for one in phones["Gate A"].send(refused)]
    assert reasons == ["cancelled", "replaced", "unknown"]
    shell("delegates", "reinstate", cancelled, "--reason", "comes after all")

    for day in DAYS[1:]:
        for reference in [cancelled, replaced, *random.sample(people, 200)]:
            crowd.comes(reference, day)
        crowd.catch_up()

    expected = recount(crowd.sent, main="Expo")
    rows = csv_rows(shell("export", "attendance", "--format", "csv", "--out", "-", "--purpose", "ministry"))
    shell("export", "attendance", "--format", "xlsx", "--out", tmp_path / "sheet.xlsx")
    assert_sheet(rows, expected, set(people))
    assert_sheet(xlsx_rows(tmp_path / "sheet.xlsx"), expected, set(people))
    assert len(csv_rows(shell("export", "scans", "--format", "csv", "--out", "-"))) == len(crowd.sent) + 3
    assert_plain_text(rows)


def assert_plain_text(rows: list[dict[str, Any]]) -> None:
    """Markup and formulas of the hard names stand in the sheet as text, and nothing runs."""
    names = {row["name"]: row["organisation"] for row in rows}
    assert names["<b>Bold</b> & Sons"] == "<script>alert(1)</script>"
    assert names['\'=HYPERLINK("http://x","y")'] == "+60 3 1234 5678"
    assert {"王小明", "முருகன் செல்வம்", "محمد بن عبد الله الراشد"} <= set(names)
