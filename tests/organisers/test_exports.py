"""Cells that a spreadsheet would run become text, and no other cell is touched."""

import datetime as dt

import pytest

from checkin.organisers.exports import safe_cell


@pytest.mark.parametrize(
    "cell", ["=1+1", "@SUM(A1)", "\tx", "\rx", "+1-2", "-2+3", "+cmd|x", "-x", "+", "+60 3 x"]
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(cell: str) -> None:
    assert safe_cell(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell",
    ["+60 3 1234 5678", "+60312345678", "+1 (212) 555-0100", "-5", "-1,234.5", "+7", "a=1", "O'Neil", ""],
)
def test_numbers_phones_and_plain_text_stay_as_they_are(cell: str) -> None:
    assert safe_cell(cell) == cell


def test_times_are_local_iso_without_an_offset() -> None:
    assert safe_cell(dt.datetime(2025, 9, 17, 8, 41, 7)) == "2025-09-17T08:41:07"  # noqa: DTZ001 - as the file has it.
