"""Attendance, delegates and scans as CSV and XLSX; it owns no table."""

import codecs
import csv
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from operator import attrgetter
from pathlib import Path
from typing import IO, Any

import xlsxwriter
from sqlalchemy.orm import Session

from checkin.domain import attendance
from checkin.domain.attendance import AttendanceRow, Scope
from checkin.domain.programme import Programme
from checkin.domain.scans import Scan

KINDS = ("attendance", "delegates", "scans")
FORMATS = ("csv", "xlsx")

Cell = str | int | date | datetime | None
Table = tuple[Sequence[str], Iterator[Sequence[Cell]]]

_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*")
_PHONE = re.compile(r"\+(?:[ ()./-]*\d){7,15}")
_RUN_BY_A_SPREADSHEET = ("=", "@", "\t", "\r", "+", "-")

PERSON = ("reference", "honorific", "name", "organisation", "job_title", "country", "category", "email")
_PERSON_OF = attrgetter(*PERSON)
_COUNTRY = PERSON.index("country")
DELEGATES = (
    *("reference", "honorific", "name", "organisation", "job_title", "country", "category", "delegation"),
    *("email", "phone", "language", "status", "registered_at"),
)
SCANS = (
    *(
        "id",
        "device",
        "seq",
        "operator",
        "door",
        "area",
        "day",
        "direction",
        "input",
        "scanned_at",
        "skew_ms",
        "at",
    ),
    *(
        "received_at",
        "reference",
        "name",
        "organisation",
        "category",
        "verdict",
        "reason",
        "just_now",
        "decision",
    ),
    *("note", "shown", "voided_at", "void_reason"),
)


def table(
    session: Session, kind: str, scope: Scope, *, programme: Programme, area_named: bool = False
) -> Table:
    """The header and the rows of an export, streamed; times are local to the event."""
    if kind == "attendance":
        return _attendance(session, scope, programme)
    if kind == "delegates":
        columns = [*(column for column in DELEGATES if column != "category"), "country_text"]
        people = session.execute(
            attendance.delegates(scope.category_id, columns=columns), execution_options=attendance.STREAMED
        )
        return DELEGATES, (_cells(person, DELEGATES, programme) for person in people)
    found = attendance.scans(session, scope, area_named=area_named)
    return SCANS, (_scan_cells(row, programme) for row in found)


def _attendance(session: Session, scope: Scope, programme: Programme) -> Table:
    days = [day.date for day in programme.days if scope.day in {None, day.date}]
    counted = {day.date for day in programme.days if day.counts}
    header = [*PERSON]
    for day in days:
        header += [f"{day}_first_in", f"{day}_door", f"{day}_entries"]
    rows = attendance.rows(session, scope, programme=programme)
    return [*header, "days_attended"], (_attendance_cells(row, days, counted, programme) for row in rows)


def _attendance_cells(
    row: AttendanceRow, days: list[date], counted: set[date], programme: Programme
) -> list[Cell]:
    cells: list[Cell] = list(_PERSON_OF(row.delegate))
    cells[_COUNTRY] = cells[_COUNTRY] or row.delegate.country_text
    for day in days:
        attended = row.days.get(day)
        if attended is None:
            cells += [None, None, 0]
        else:
            cells += [_local(attended.first_in, programme), attended.door, attended.entries]
    return [*cells, sum(day in row.days and day in counted for day in days)]


def _cells(person: Any, columns: Sequence[str], programme: Programme) -> list[Cell]:
    cells = []
    for column in columns:
        value = getattr(person, column)
        if column == "country":
            value = value or person.country_text
        cells.append(_local(value, programme) if isinstance(value, datetime) else value)
    return cells


def _scan_cells(row: Any, programme: Programme) -> list[Cell]:
    scan = row.Scan
    cells: list[Cell] = []
    for column in SCANS:
        value = getattr(scan, column) if column in _SCAN_COLUMNS else getattr(row, column)
        if isinstance(value, datetime):
            value = _local(value, programme)
        elif column in {"id", "just_now"}:
            value = str(value).lower()
        cells.append(value)
    return cells


_SCAN_COLUMNS = frozenset(column.name for column in Scan.__table__.columns)


def _local(at: datetime, programme: Programme) -> datetime:
    return at.astimezone(programme.zone).replace(tzinfo=None, microsecond=0)


def safe_cell(value: Cell) -> str | int:
    """A cell for CSV: what a spreadsheet would run gets a leading apostrophe, no other is touched."""
    if isinstance(value, str):
        runs = value.startswith(_RUN_BY_A_SPREADSHEET) and not _harmless(value)
        return f"'{value}" if runs else value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value


def _harmless(value: str) -> bool:
    """Whether a text that begins with a sign is a plain number or a phone number."""
    return _NUMBER.fullmatch(value) is not None or _PHONE.fullmatch(value) is not None


def write_csv(out: IO[bytes], table: Table, *, on_row: Callable[[], None]) -> None:
    """UTF-8 with a BOM, so that Excel opens it right; RFC 4180."""
    out.write(codecs.BOM_UTF8)
    text = codecs.getwriter("utf-8")(out)
    writer = csv.writer(text)
    header, rows = table
    writer.writerow(header)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
        on_row()


def write_xlsx(out: IO[bytes], table: Table, *, on_row: Callable[[], None]) -> None:
    """A workbook with typed dates, a frozen header and filters, written row by row."""
    header, rows = table
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "remove_timezone": True,
    }
    with xlsxwriter.Workbook(out, options) as workbook:
        sheet = workbook.add_worksheet()
        bold = workbook.add_format({"bold": True})
        formats: dict[type, Any] = {
            datetime: workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            date: workbook.add_format({"num_format": "yyyy-mm-dd"}),
        }
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(header) - 1, 18)
        for column, name in enumerate(header):
            sheet.write_string(0, column, name, bold)
        last = 0
        for last, row in enumerate(rows, start=1):
            _write_row(sheet, last, row, formats)
            on_row()
        sheet.autofilter(0, 0, max(last, 1), len(header) - 1)


def _write_row(sheet: Any, number: int, row: Sequence[Cell], formats: dict[type, Any]) -> None:
    for column, cell in enumerate(row):
        if isinstance(cell, str):
            sheet.write_string(number, column, cell)
        elif isinstance(cell, date):
            sheet.write_datetime(number, column, cell, formats[type(cell)])
        elif cell is not None:
            sheet.write_number(number, column, cell)


def write(out: IO[bytes], table: Table, *, form: str, on_row: Callable[[], None] = lambda: None) -> None:
    """An export in one of FORMATS."""
    {"csv": write_csv, "xlsx": write_xlsx}[form](out, table, on_row=on_row)


def suffix_agrees(path: Path, form: str) -> bool:
    """Whether a file's name ends as its format does, so that it opens with a double click."""
    return path.suffix.lower() in {"", f".{form}"}
