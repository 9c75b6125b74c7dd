"""What can be exported as CSV and XLSX, and how it is written; it owns no table."""

import codecs
import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy.orm import Session

from checkin.adapters import xlsx
from checkin.domain import arrivals, attendance, handing_over
from checkin.domain.afterwards import TIMED, TOLD
from checkin.domain.attendance import AttendanceRow, DayAttended, Scope
from checkin.domain.programme import Programme

FORMATS = ("csv", "xlsx")

Cell = xlsx.Cell
Table = tuple[Sequence[str], Iterable[Sequence[Cell]]]

_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*")
_PHONE = re.compile(r"\+(?:[ ()./-]*\d){7,15}")
_RUN_BY_A_SPREADSHEET = ("=", "@", "\t", "\r", "+", "-")

PERSON = ("reference", "honorific", "name", "organisation", "job_title", "country", "category", "email")
# For each day one column of each.
A_DAY = ("first_in", "door", "entries")
DELEGATES = (
    *("reference", "honorific", "name", "organisation", "job_title", "country", "category", "delegation"),
    *("email", "phone", "language", "status", "registered_at"),
)
SCANS = (
    *("id", "device", "seq", "operator", "door", "area", "day", "direction", "input", "scanned_at"),
    *("skew_ms", "at", "received_at", "reference", "name", "organisation", "category", "verdict", "reason"),
    *("just_now", "decision", "note", "shown", "voided_at", "void_reason"),
)
# All columns of a kind, in the order of its file.
COLUMNS: Mapping[str, Sequence[str]] = {
    "attendance": (*PERSON, "delegation", "status", *A_DAY, "days_attended"),
    "delegates": DELEGATES,
    "scans": SCANS,
    "arrivals": arrivals.QUARTERS,
    "badges": handing_over.PRINTED,
}
KINDS = tuple(COLUMNS)
# Those that a file has unless it is told which: other systems read it.
USUAL: Mapping[str, Sequence[str]] = {**COLUMNS, "attendance": (*PERSON, *A_DAY, "days_attended")}


def table(
    session: Session,
    kind: str,
    scope: Scope,
    *,
    programme: Programme,
    area_named: bool = False,
    columns: Sequence[str] = (),
) -> Table:
    """The header and the rows of an export, streamed; times are local to the event.

    `columns` are some of the kind's, the usual ones where there are none; `area_named` keeps only what belongs to the
    scope's area where the file otherwise has all.
    """
    chosen = [column for column in COLUMNS[kind] if column in (columns or USUAL[kind])]
    if kind == "attendance":
        return _attendance(session, scope, programme, chosen)
    if kind == "delegates":
        found = attendance.streamed(session, attendance.delegates(scope, columns=chosen))
        return chosen, _told((row[1:] for row in found), chosen, programme)
    if kind == "scans":
        rows: Iterable[Any] = attendance.scans(session, scope, area_named=area_named, columns=chosen)
    elif kind == "arrivals":
        rows = arrivals.quarters(session, scope, programme=programme, area_named=area_named, columns=chosen)
    else:
        rows = handing_over.printed_badges(session, scope, columns=chosen)
    return chosen, _told(rows, chosen, programme)


def _attendance(session: Session, scope: Scope, programme: Programme, chosen: Sequence[str]) -> Table:
    days = [day.date for day in programme.days if scope.day in {None, day.date}]
    counted = {day.date for day in programme.days if day.counts}
    person = [column for column in chosen if column not in {*A_DAY, "days_attended"}]
    a_day = [column for column in A_DAY if column in chosen]
    header = [*person, *(f"{day}_{column}" for day in days for column in a_day)]
    rows = attendance.rows(session, scope, programme=programme, columns=person)
    cells = (_attendance_cells(row, days, a_day, programme) for row in rows)
    if "days_attended" not in chosen:
        return header, (each for each, _row in cells)
    return [*header, "days_attended"], (
        [*each, sum(day in row.days and day in counted for day in days)] for each, row in cells
    )


def _attendance_cells(
    row: AttendanceRow, days: Sequence[date], a_day: Sequence[str], programme: Programme
) -> tuple[list[Cell], AttendanceRow]:
    cells: list[Cell] = list(row.delegate)
    for day in days:
        came = row.days.get(day)
        for column in a_day:
            if came is None:
                cells.append(0 if column == "entries" else None)
            else:
                cells.append(_first_in(came, programme) if column == "first_in" else getattr(came, column))
    return cells, row


def _first_in(attended: DayAttended, programme: Programme) -> Cell:
    """When somebody came first; in words where they were added by hand and nobody knows it."""
    return TOLD[TIMED] if attended.first_in is None else _local(attended.first_in, programme)


def _told(
    rows: Iterable[Sequence[Any]], columns: Sequence[str], programme: Programme
) -> Iterator[list[Cell]]:
    """Rows as a file has them: times on the event's clock, ids and truths as words."""
    moments = [at for at, column in enumerate(columns) if column in _MOMENTS]
    words = [at for at, column in enumerate(columns) if column in {"id", "just_now"}]
    for row in rows:
        cells = list(row)
        for at in moments:
            if cells[at] is not None:
                cells[at] = _local(cells[at], programme)
        for at in words:
            cells[at] = str(cells[at]).lower()
        yield cells


_MOMENTS = {
    *("registered_at", "scanned_at", "at", "received_at", "voided_at", "quarter"),
    *("issued_at", "printed_at", "handed_over_at"),
}


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
    """A workbook with typed dates, a frozen header and filters; raises Refusal for more rows than Excel opens."""
    header, rows = table
    xlsx.write_sheet(out, header, rows, on_row=on_row)


def write(out: IO[bytes], table: Table, *, form: str, on_row: Callable[[], None] = lambda: None) -> None:
    """An export in one of FORMATS; its rows are closed, whatever becomes of it."""
    try:
        {"csv": write_csv, "xlsx": write_xlsx}[form](out, table, on_row=on_row)
    finally:
        close = getattr(table[1], "close", None)
        if close is not None:
            close()


def suffix_agrees(path: Path, form: str) -> bool:
    """Whether a file's name ends as its format does, so that it opens with a double click."""
    return path.suffix.lower() in {"", f".{form}"}
