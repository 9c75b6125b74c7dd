"""Sheets for Excel say what they were given, and are read by another library than the one that wrote them."""

import datetime as dt
import io
import re
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkin.adapters import xlsx
from checkin.adapters.xlsx import MOST_LETTERS, Cell, write_sheet
from checkin.errors import Refusal


def written(header: list[str], rows: list[list[Cell]]) -> bytes:
    out = io.BytesIO()
    write_sheet(out, header, iter(rows), on_row=lambda: None)
    return out.getvalue()


def as_excel_reads(text: str | None) -> str:
    """A text with what XML can't say (ECMA-376, 22.9.2.19), which openpyxl leaves as it is written."""
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text or "")


@settings(max_examples=25)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=40), min_size=1, max_size=5))
def test_any_text_is_read_back_and_is_no_formula(texts: list[str]) -> None:
    file = written(["a"], [[text] for text in texts])

    cells = [row[0] for row in openpyxl.load_workbook(io.BytesIO(file)).active.iter_rows(min_row=2)]

    assert [as_excel_reads(cell.value) for cell in cells] == texts[: len(cells)]
    assert all(text == "" for text in texts[len(cells) :])
    assert {cell.data_type for cell in cells} <= {"inlineStr", "s", "n"}


def test_numbers_days_and_moments_have_their_types() -> None:
    moment, day = dt.datetime(2025, 9, 17, 8, 41, 7), dt.date(2025, 9, 17)  # noqa: DTZ001 - as a file has it.

    file = written([f"column {n}" for n in range(28)], [[5, -3, moment, day, None, *[""] * 22, "last"]])

    sheet = openpyxl.load_workbook(io.BytesIO(file)).active
    row = [cell.value for cell in sheet[2]]
    assert row[:5] == [5, -3, moment, dt.datetime(2025, 9, 17), None]  # noqa: DTZ001 - openpyxl has no days.
    assert (sheet["AB1"].value, sheet["AB2"].value) == ("column 27", "last")
    assert (sheet["C2"].number_format, sheet["D2"].number_format) == (
        "yyyy\\-mm\\-dd\\ hh:mm:ss",
        "yyyy\\-mm\\-dd",
    )
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet["A1"].font.bold) == ("A2", "A1:AB2", True)


def test_what_excel_would_not_open_is_cut_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    long = openpyxl.load_workbook(io.BytesIO(written(["a"], [["x" * 40_000]]))).active["A2"].value
    monkeypatch.setattr(xlsx, "MOST_ROWS", 3)

    assert len(long) == MOST_LETTERS
    with pytest.raises(Refusal, match="CSV"):
        written(["a"], [[1], [2], [3]])


def test_each_part_is_well_formed_and_named() -> None:
    with zipfile.ZipFile(io.BytesIO(written(["a"], []))) as book:
        assert book.testzip() is None
        types = book.read("[Content_Types].xml").decode()

        assert {name for name in book.namelist() if "rels" not in name and name != "[Content_Types].xml"} == {
            name.strip("/") for name in re.findall('PartName="([^"]+)"', types)
        }
