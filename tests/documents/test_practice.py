"""The sheet of TEST badges, read back as a phone and an eye read it."""

from pathlib import Path

import pypdfium2
import zxingcpp
from flask import Flask

from checkin.db import reading
from checkin.documents.practice import practice_sheet
from checkin.domain import test_badges
from checkin.domain.programme import programme
from tests import world
from tests.journeys.commands import Shell


def test_the_sheet_has_each_test_badge_readable_at_150_dpi(app: Flask) -> None:
    world.set_event(app)
    with app.app_context(), reading() as session:
        plan = programme(session)

    sheet = pypdfium2.PdfDocument(practice_sheet(plan))

    page = sheet[0]
    picture = page.render(scale=150 / 72).to_pil()
    text = page.get_textpage().get_text_bounded()
    assert len(sheet) == 1
    assert {one.text for one in zxingcpp.read_barcodes(picture)} == set(test_badges.codes(plan).values())
    assert text.count("TEST") == 4
    assert text.count("Does not open any door") == 4
    assert "ALREADY IN, CHECK NAME" in text


def test_a_command_prints_the_test_badges(expo: Flask, database_url: str, tmp_path: Path) -> None:
    checkin, out = Shell(database_url), tmp_path / "test.pdf"

    said = checkin("badges", "test", "--out", out)

    assert said == f"4 TEST badges are in {out}.\n"
    assert len(pypdfium2.PdfDocument(out)) == 1
