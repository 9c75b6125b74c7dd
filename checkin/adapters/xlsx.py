"""Sheets for Excel, written row by row as they come (ECMA-376, SpreadsheetML), never whole in memory.

Three times as fast as the library for it, which has to serve every feature of Excel; this is one sheet with a frozen
header and filters. Texts are written as texts, so that nothing in them is ever a formula.
"""

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import IO
from xml.sax.saxutils import escape

from checkin.errors import Refusal

Cell = str | int | date | datetime | None

# Excel's own limits.
MOST_ROWS, MOST_LETTERS = 1_048_576, 32_767
_ROWS_AT_ONCE = 500
_WIDTH = 18  # characters
# Days are counted from here; it has no 29 February 1900, but Excel has, so the first two months are off by one.
_DAY_0 = date(1899, 12, 30).toordinal()
_DAY_S = 86_400
_BOLD, _MOMENT, _DAY = 1, 2, 3
# What XML can't say, what Excel would take for such a thing escaped, and blanks that XML readers may drop.
_UNSAFE = re.compile("[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_x[0-9A-Fa-f]{4}_|^\\s|\\s$|\n")
_UNSAYABLE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")

_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


def write_sheet(
    out: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Cell]], *, on_row: Callable[[], None]
) -> None:
    """A workbook of one sheet; moments have no zone. Raises Refusal for more rows than Excel opens."""
    # The fastest level: it takes a third of the time of the usual one, for a file a fifth larger.
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, part in _PARTS.items():
            book.writestr(name, _DECLARATION + part)
        with book.open("xl/worksheets/sheet1.xml", "w") as sheet:
            last = _write_sheet(sheet, header, rows, on_row)
        # The filters' range as a name, by which Excel finds it: known only now.
        corner = f"$A$1:${_letters(len(header))}${last}"
        book.writestr(
            "xl/workbook.xml",
            f'{_DECLARATION}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">'
            '<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets>'
            '<definedNames><definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">'
            f"Sheet1!{corner}</definedName></definedNames></workbook>",
        )


def _write_sheet(
    sheet: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Cell]], on_row: Callable[[], None]
) -> int:
    """All of the sheet; returns the number of its last row, which is 2 at least."""
    sheet.write(
        (
            f'{_DECLARATION}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
            '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
            f'<cols><col min="1" max="{len(header)}" width="{_WIDTH}" customWidth="1"/></cols><sheetData>'
        ).encode()
    )
    columns = [_letters(number) for number in range(1, len(header) + 1)]
    titles = "".join(
        _text_cell(f"{column}1", name, _BOLD) for column, name in zip(columns, header, strict=True)
    )
    sheet.write(f'<row r="1">{titles}</row>'.encode())
    last, waiting = 2, list[str]()
    for number, line in _lines(columns, rows):
        last = number
        waiting.append(line)
        if len(waiting) == _ROWS_AT_ONCE:
            sheet.write("".join(waiting).encode())
            waiting.clear()
        on_row()
    waiting.append(f'</sheetData><autoFilter ref="A1:{columns[-1]}{last}"/></worksheet>')
    sheet.write("".join(waiting).encode())
    return last


def _lines(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[tuple[int, str]]:
    """Each row with its number, as XML; one function for all cells, since each call counts."""
    unsafe, columns = _UNSAFE.search, [f'<c r="{column}' for column in columns]
    for number, row in enumerate(rows, 2):
        if number > MOST_ROWS:
            raise Refusal(
                "too_many_rows", f"Excel opens at most {MOST_ROWS - 1} rows: narrow the export, or take CSV."
            )
        cells = []
        for column, cell in zip(columns, row, strict=True):
            if cell is None or cell == "":
                continue
            if type(cell) is str:
                if len(cell) > MOST_LETTERS or unsafe(cell):
                    cells.append(f'{column}{number}" t="inlineStr"><is>{_said(cell)}</is></c>')
                else:
                    cells.append(f'{column}{number}" t="inlineStr"><is><t>{cell}</t></is></c>')
            elif type(cell) is int:
                cells.append(f'{column}{number}"><v>{cell}</v></c>')
            else:
                cells.append(f'{column}{number}"{_moment(cell)}</c>')
        yield number, f'<row r="{number}">{"".join(cells)}</row>'


def _text_cell(place: str, text: str, style: int) -> str:
    return f'<c r="{place}" s="{style}" t="inlineStr"><is>{_said(text)}</is></c>'


def _said(text: str) -> str:
    """Any text as an element: what XML can't say as Excel writes it (`_x0007_`), at most as long as a cell holds."""
    sayable = _UNSAYABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text[:MOST_LETTERS])
    return f'<t xml:space="preserve">{escape(sayable)}</t>'


def _moment(cell: object) -> str:
    if isinstance(cell, datetime):
        seconds = cell.hour * 3600 + cell.minute * 60 + cell.second
        return f' s="{_MOMENT}"><v>{cell.toordinal() - _DAY_0 + seconds / _DAY_S!r}</v>'
    if isinstance(cell, date):
        return f' s="{_DAY}"><v>{cell.toordinal() - _DAY_0}</v>'
    raise TypeError(f"{type(cell)} has no form in a sheet")


def _letters(number: int) -> str:
    """A column's name: 1 is A, 27 is AA."""
    name = ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
