"""Reading an organiser's list of delegates, CSV or XLSX, row by row; it owns no table.

CSV is RFC 4180 with commas, semicolons, tabs or bars; XLSX is ECMA-376 as openpyxl reads it.
"""

import codecs
import csv
import re
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import openpyxl
from charset_normalizer import from_bytes
from openpyxl.utils.exceptions import InvalidFileException

from checkin.domain.details import FIELDS, Details, DetailsRefused, Problem, clean_details, cleaned_text
from checkin.domain.registering import identity
from checkin.errors import Refusal

MOST_BYTES = 50 * 1024**2
OUR_FIELDS = (*FIELDS, "first_name", "middle_name", "last_name")

_SAMPLE = 200


class Table(Protocol):
    """A file as rows of texts; it can be read again and again."""

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row with the number of the line on which it begins."""


@dataclass(frozen=True)
class Row:
    """One row that isn't blank; `surplus` cells had no column."""

    line: int
    values: Mapping[str, str]
    surplus: int = 0


@dataclass(frozen=True)
class DelegateList:
    """A list whose columns are understood; iterating reads it anew.

    `columns` maps their headers to our fields, `unmapped` are the headers that are left aside, and
    `notes` are sentences about what was guessed.
    """

    columns: Mapping[str, str]
    unmapped: tuple[str, ...]
    notes: tuple[str, ...]
    table: Table
    header: tuple[str, ...]
    fields: Mapping[int, str]

    def __iter__(self) -> Iterator[Row]:
        rows = ((line, cells) for line, cells in self.table.rows() if any(map(str.strip, cells)))
        for line, cells in islice(rows, 1, None):
            values = {our: cells[index] if index < len(cells) else "" for index, our in self.fields.items()}
            surplus = sum(bool(cell.strip()) for cell in cells[len(self.header) :])
            yield Row(line, _with_whole_name(values), surplus)


@dataclass(frozen=True)
class Checked:
    """What a row gives: details, or problems; or the line on which the same person stands already."""

    line: int
    details: Details | None = None
    warnings: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    duplicate_of: int | None = None


def read_mapping(given: Iterable[str]) -> dict[str, str]:
    """What `--map "Their column=our_field"` says."""
    pairs = {}
    for text in given:
        column, equals, our = text.rpartition("=")
        if not equals or not column.strip():
            raise Refusal("map_unclear", f"“{text}” is not of the form “Their column=our_field”.")
        pairs[column.strip()] = our.strip()
    return pairs


def read_list(path: Path, mapping: Mapping[str, str]) -> DelegateList:
    """A list whose columns are matched by their names, but for those that `mapping` names.

    Raises Refusal where it is no list that we can read, or has no names.
    """
    table, notes = _table(path)
    sample = [cells for _, cells in islice(table.rows(), _SAMPLE) if any(map(str.strip, cells))]
    if not sample:
        raise Refusal("list_empty", f"{path.name} is empty: it needs a line with the names of its columns.")
    header = tuple(map(_shown, sample[0]))
    fields = _matched(header, mapping)
    notes += _title_by_its_values(header, fields, sample[1:])
    notes += _name_by_its_parts(header, fields)
    columns = {header[index]: fields[index] for index in sorted(fields)}
    unmapped = tuple(name for index, name in enumerate(header) if name and index not in fields)
    return DelegateList(columns, unmapped, tuple(notes), table, header, fields)


def check_rows(
    rows: Iterable[Row], *, categories: Collection[str] | None = None, default_region: str = "MY"
) -> Iterator[Checked]:
    """What each row gives; a person who stands in the list twice is the first row's.

    `categories` are the names that there are; where they are not given, any is taken.
    """
    known = None if categories is None else {name.casefold() for name in categories}
    lines: dict[str | bytes, int] = {}
    for row in rows:
        checked = _checked(row, default_region)
        if checked.details:
            checked = _in_a_known_category(checked, checked.details, known, categories or ())
        if checked.details:
            first = lines.setdefault(checked.details.email or identity(checked.details), row.line)
            checked = checked if first == row.line else Checked(row.line, duplicate_of=first)
        yield checked


def _checked(row: Row, default_region: str) -> Checked:
    if row.surplus:
        return Checked(row.line, problems=(Problem("too_many_cells", "row", {"count": row.surplus}),))
    try:
        details, doubtful = clean_details(row.values, default_region=default_region)
    except DetailsRefused as refused:
        return Checked(row.line, problems=refused.problems)
    return Checked(row.line, details, doubtful)


def _in_a_known_category(
    checked: Checked, details: Details, known: Collection[str] | None, categories: Collection[str]
) -> Checked:
    if known is None or details.category.casefold() in known:
        return checked
    params = {"value": details.category, "categories": ", ".join(categories)}
    return Checked(checked.line, problems=(Problem("category_unknown", "category", params),))


# --- columns -----------------------------------------------------------------------------------------------

# What organisers call our fields, in English and Malay; case, spaces and punctuation don't matter.
_CALLED = {
    "name": (
        *("name", "full name", "complete name", "delegate name", "name of delegate", "participant name"),
        *("attendee name", "badge name", "name on badge", "contact name"),
        *("nama", "nama penuh", "nama peserta", "nama delegasi", "nama perwakilan"),
    ),
    "first_name": ("first name", "given name", "given names", "first names", "forename", "nama pertama"),
    "middle_name": ("middle name", "middle names", "nama tengah"),
    "last_name": ("last name", "surname", "family name", "nama akhir", "nama keluarga"),
    "short_name": ("short name", "short form", "short form of the name", "nama ringkas", "nama pendek"),
    "honorific": ("honorific", "honorifics", "salutation", "prefix", "gelaran", "panggilan"),
    "organisation": (
        *("organisation", "organization", "organisation name", "organization name", "company"),
        *("company name", "institution", "employer", "affiliation", "agency"),
        *("organisasi", "nama organisasi", "syarikat", "nama syarikat", "agensi", "institusi"),
    ),
    "job_title": (
        *("job title", "position", "designation", "occupation", "job"),
        *("jawatan", "pekerjaan"),
    ),
    "country": (
        *("country", "country name", "country code", "country iso", "country iso-2", "country iso-3"),
        *("country iso 3166", "iso-2", "iso-3", "iso country", "country/region", "country represented"),
        *("negara", "kod negara", "nama negara"),
    ),
    "category": (
        *("category", "delegate category", "badge category", "badge type", "delegate type"),
        *("registration type", "ticket type", "kategori", "jenis pendaftaran"),
    ),
    "delegation": ("delegation", "delegation name", "delegasi", "rombongan"),
    "email": ("email", "mail", "email address", "emel", "alamat emel", "alamat email"),
    "phone": (
        *("phone", "phone number", "phone no", "mobile", "mobile phone", "mobile number", "mobile no"),
        *("telephone", "telephone number", "telephone no", "tel", "tel no", "cell", "cell phone"),
        *("handphone", "contact number", "contact no", "telefon", "no telefon", "nombor telefon"),
        *("telefon bimbit", "no telefon bimbit", "no tel"),
    ),
    "language": ("language", "preferred language", "bahasa", "bahasa pilihan"),
}


def _key(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in decomposed if letter.isalnum())


_FIELD_CALLED = {_key(name): our for our, names in _CALLED.items() for name in names}
_OUR_FIELD = {_key(our): our for our in OUR_FIELDS}


def _field_called(name: str) -> str | None:
    """Our field for a header, also of one in two languages: "Negara / Country", "Nama (Name)"."""
    parts = [part for part in re.split(r"[/|()]", name) if _key(part)]
    fields = {_FIELD_CALLED.get(_key(part)) for part in parts}
    return _FIELD_CALLED.get(_key(name)) or (fields.pop() if len(fields) == 1 else None)


def _matched(header: Sequence[str], mapping: Mapping[str, str]) -> dict[int, str]:
    """Our fields by the index of their column: those of the mapping, then those known by their names."""
    fields: dict[int, str] = {}
    for column, our in mapping.items():
        index, field = _index(column, header), _our_field(our)
        if field in fields.values() or index in fields:
            raise Refusal("map_unclear", f"“{column}={our}”: this column or field is mapped twice.")
        fields[index] = field
    for index, name in enumerate(header):
        found = _field_called(name)
        if found and index not in fields and found not in fields.values():
            fields[index] = found
    return fields


def _shown(name: str) -> str:
    """A header's cell on one line, fit for a terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in cleaned_text(name))


def _index(column: str, header: Sequence[str]) -> int:
    if column in header:
        return header.index(column)
    for index, name in enumerate(header):
        if name and _key(name) == _key(column):
            return index
    raise Refusal("unknown_column", f"There is no column “{column}”. The columns are: {_listed(header)}.")


def _our_field(our: str) -> str:
    if _key(our) not in _OUR_FIELD:
        raise Refusal("unknown_field", f"There is no field “{our}”. The fields are: {', '.join(OUR_FIELDS)}.")
    return _OUR_FIELD[_key(our)]


def _listed(header: Sequence[str]) -> str:
    """The names in a header, shortened so that what is no list doesn't fill the screen."""
    names = [name if len(name) <= 40 else f"{name[:40]}…" for name in header if name]
    return ", ".join(names[:40]) + (f" and {len(names) - 40} more" if len(names) > 40 else "")


# The words of which honorifics are made, in the languages of our lists, without accents and punctuation.
_HONORIFIC_WORDS = frozenset(
    (
        *("mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor", "assoc", "he", "hon", "honourable"),
        *("hrh", "hh", "sir", "dame", "lord", "lady", "rev", "ir", "ts", "ar", "sr", "gs", "m", "mme"),
        *("mlle", "sra", "srta", "se", "herr", "frau", "ing", "lic", "msgr", "archbishop", "bishop"),
        *("capt", "col", "gen", "maj", "lt", "brig", "adm", "amb", "tun", "toh", "puan", "tan", "sri"),
        *("seri", "dato", "datuk", "datin", "paduka", "tuan", "encik", "en", "cik", "haji", "hajah", "hj"),
        *("yb", "yab", "yabhg", "ybhg", "ybrs", "yh", "yam", "ytm", "ydh", "tengku", "tunku"),
    )
)


def _title_by_its_values(
    header: Sequence[str], fields: dict[int, str], sample: Sequence[Sequence[str]]
) -> list[str]:
    """Decide whether a column "Title" holds honorifics or job titles; returns a note on the decision."""
    index = next((i for i, name in enumerate(header) if _key(name) == "title" and i not in fields), None)
    if index is None:
        return []
    titles = [cells[index] for cells in sample if index < len(cells) and cells[index].strip()]
    honorifics = sum(_is_honorific(title) for title in titles)
    share = honorifics / len(titles) if titles else 0.5
    field = "honorific" if share >= 0.8 else "job_title" if share <= 0.2 else None
    name = header[index]
    if field is None or field in fields.values():
        return [
            f"The column “{name}” is left aside, since it may mean two things: add "
            f"--map “{name}=honorific” or --map “{name}=job_title”."
        ]
    fields[index] = field
    return [f"The column “{name}” is taken as {field}, by what it holds; --map “{name}=…” says otherwise."]


def _is_honorific(title: str) -> bool:
    words = re.sub(r"['’‘`.]", "", title.casefold()).split()
    return all(_key(word) in _HONORIFIC_WORDS for word in words)


def _name_by_its_parts(header: Sequence[str], fields: dict[int, str]) -> list[str]:
    """Keep the columns that make a name: one that is whole, or its parts; returns a note on joining."""
    by_field = {our: index for index, our in fields.items()}
    # "Name" beside "Surname" and without "First name" is a given name.
    whole = "name" in by_field and ("first_name" in by_field or "last_name" not in by_field)
    if whole:
        for part in ("first_name", "middle_name", "last_name"):
            fields.pop(by_field.get(part, -1), None)
        return []
    if "last_name" not in by_field or not {"name", "first_name"} & set(by_field):
        raise Refusal(
            "name_column_missing",
            f"No column holds the names. The columns are: {_listed(header)}. "
            f"Add --map “Their column=name”, or rename it to Name.",
        )
    parts = [header[by_field[part]] for part in _NAME_PARTS if part in by_field]
    return [f"Names are joined from the columns {' and '.join(f'“{part}”' for part in parts)}."]


_NAME_PARTS = ("first_name", "name", "middle_name", "last_name")
_HAN_HANGUL_KANA = re.compile(
    "[\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+"
)


def _with_whole_name(values: dict[str, str]) -> dict[str, str]:
    """The values with a name joined from its parts; in Han, Hangul and Kana the family comes first."""
    if "last_name" not in values:
        return values
    given = [values[part].strip() for part in _NAME_PARTS[:-1] if values.get(part, "").strip()]
    family = values["last_name"].strip()
    if _has_family(values.get("name", ""), family):
        name = " ".join(given)
    elif given and family and all(map(_HAN_HANGUL_KANA.fullmatch, (*given, family))):
        name = family + "".join(given)
    else:
        name = " ".join((*given, family)).strip()
    others = {our: value for our, value in values.items() if our not in _NAME_PARTS}
    return {"name": name, **others}


def _has_family(name: str, family: str) -> bool:
    """Whether the column "Name" holds the whole name in spite of the column "Surname" beside it."""
    words, last = name.casefold().split(), family.casefold().split()
    return bool(last) and last in (words[: len(last)], words[-len(last) :])


# --- files -------------------------------------------------------------------------------------------------


def _table(path: Path) -> tuple[Table, list[str]]:
    """The file as a table, by what it holds rather than by its name, and notes on what was guessed."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as error:
        raise Refusal("list_unreadable", f"{path} can't be read: {error.strerror}.") from error
    if size > MOST_BYTES:
        limit = f"{MOST_BYTES // 1024**2} MB"
        raise Refusal("list_too_big", f"{path.name} is bigger than {limit}: split it into several lists.")
    if start.startswith(b"PK\x03\x04"):
        return _xlsx_table(path)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refusal(
            "list_locked_or_old",
            f"{path.name} has a password or is of an Excel before 2007. "
            "Save it as .xlsx without a password, or as CSV UTF-8.",
        )
    return _csv_table(path, start)


# --- CSV ---------------------------------------------------------------------------------------------------

_DELIMITERS = ",;\t|"
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# The encodings of scripts whose letters stand above ASCII one after another.
_OF_OTHER_SCRIPTS = ["gb18030", "big5", "cp932", "cp949", "cp1251", "cp1253", "cp1255", "cp1256", "cp874"]
_GUARDED = re.compile(r"'(?=[=@+\-\t\r])")


@dataclass(frozen=True)
class CsvTable:
    """A CSV file that is known to decode."""

    path: Path
    encoding: str
    delimiter: str

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row with its first line's number; an apostrophe that guards a formula is taken off."""
        line = 1
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter, strict=True)
            try:
                for cells in reader:
                    # Excel's own way to say which delimiter a file has.
                    if line > 1 or cells[:1] != ["sep="]:
                        yield (
                            line,
                            [_GUARDED.sub("", cell, count=1) if cell[:1] == "'" else cell for cell in cells],
                        )
                    line = reader.line_num + 1
            except csv.Error as error:
                raise Refusal(
                    "list_broken",
                    f"The row that begins on line {line} can't be read: a quotation mark (\") is missing or "
                    'too much. Inside a cell in quotation marks write it twice ("").',
                ) from error


def _csv_table(path: Path, start: bytes) -> tuple[Table, list[str]]:
    if start.count(0) > max(8, len(start) // 100) and not start.startswith(tuple(_MARKS)):
        raise Refusal(
            "list_not_text", f"{path.name} is neither XLSX nor text. Save it as .xlsx or as CSV UTF-8."
        )
    encoding, notes = _encoding(path, start)
    text = start.decode(encoding, errors="ignore")
    if separated := re.match(r"sep=([,;\t|])\r?\n?", text):
        return CsvTable(path, encoding, separated[1]), notes
    tables = [CsvTable(path, encoding, delimiter) for delimiter in _DELIMITERS]
    return max(tables, key=_understood), notes


def _understood(table: Table) -> tuple[int, int]:
    """How many columns have a name that we know, and how many there are."""
    try:
        header = next((cells for _, cells in table.rows() if any(map(str.strip, cells))), [])
    except Refusal:
        return 0, 0
    return sum(_field_called(name) is not None or _key(name) == "title" for name in header), len(header)


def _encoding(path: Path, start: bytes) -> tuple[str, list[str]]:
    """The encoding of a text file, and a note where it was guessed; raises Refusal for a damaged file."""
    encoding = next((name for mark, name in _MARKS.items() if start.startswith(mark)), "utf-8")
    line = _first_undecodable(path, encoding)
    if line is None:
        return encoding, []
    foreign = _lines_not_utf8(path) if encoding == "utf-8" else []
    if not foreign:
        raise _damaged(path, line, encoding)
    encoding = _guessed_encoding(b"\n".join(foreign))
    if line := _first_undecodable(path, encoding):
        raise _damaged(path, line, encoding)
    pieces = re.split(r'[,;\t|"\r\n]', b"\n".join(foreign).decode(encoding, errors="ignore"))
    example = next((piece.strip()[:60] for piece in pieces if not piece.isascii()), "")
    return encoding, [
        f"The list isn't UTF-8, so its encoding was guessed: {encoding}, which reads “{example}”. "
        "If that is wrong, save the list as CSV UTF-8."
    ]


def _damaged(path: Path, line: int, encoding: str) -> Refusal:
    name = encoding.removesuffix("-sig").upper()
    return Refusal(
        "list_undecodable",
        f"Line {line} of {path.name} is not {name} like the rest. Save the list anew as CSV UTF-8.",
    )


def _first_undecodable(path: Path, encoding: str) -> int | None:
    """The number of the first line that can't be decoded."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        try:
            while chunk := file.read(1024**2):
                line += decoder.decode(chunk).count("\n")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            return line + error.object[: error.start].decode(error.encoding).count("\n")
    return None


def _lines_not_utf8(path: Path) -> list[bytes]:
    """Some of the lines that aren't UTF-8; none where most beyond ASCII are, so that these are damaged."""
    foreign: list[bytes] = []
    utf8 = 0
    with path.open("rb") as file:
        for line in file:
            if line.isascii():
                continue
            try:
                line.decode()
            except UnicodeDecodeError:
                foreign.append(line[:1000])
            else:
                utf8 += 1
            if len(foreign) >= _SAMPLE:
                break
    return foreign if len(foreign) > utf8 else []


def _guessed_encoding(sample: bytes) -> str:
    """Windows-1252 where bytes beyond ASCII stand alone, as accents do; else by charset-normalizer's guess.

    Left alone charset-normalizer takes Western lists for Central European ones, which prints São as Săo.
    """
    in_runs = sum(map(len, re.findall(rb"[\x80-\xff]{2,}", sample)))
    if in_runs * 2 < len(re.findall(rb"[\x80-\xff]", sample)):
        return "cp1252"
    best = from_bytes(sample, cp_isolation=_OF_OTHER_SCRIPTS).best()
    return best.encoding if best else "cp1252"


# --- XLSX --------------------------------------------------------------------------------------------------

_MOST_UNPACKED = 400 * 1024**2
_MOST_SHARED_STRINGS = 100 * 1024**2
_MOST_ROWS = 1_048_576
_MOST_COLUMNS = 200
# What zipfile, the XML parsers and openpyxl raise for broken files; openpyxl checks little by itself.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, InvalidFileException, SyntaxError, OSError, EOFError, RuntimeError),
    *(LookupError, ValueError, TypeError, AttributeError, OverflowError),
)


@dataclass(frozen=True)
class XlsxTable:
    """A sheet of a workbook; the workbook stays open, since its texts take long to load."""

    path: Path
    sheet: Any

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row with its number, as wide as the header: what stands beside a table is not of it."""
        width = None
        with _refusing_broken(self.path):
            found = self.sheet.iter_rows(max_row=_MOST_ROWS, max_col=_MOST_COLUMNS, values_only=True)
            for line, values in enumerate(_quietly(found), start=1):
                cells = [_cell_text(value) for value in values[:width]]
                if width is None and any(map(str.strip, cells)):
                    width = max(index for index, cell in enumerate(cells, start=1) if cell.strip())
                yield line, cells


def _xlsx_table(path: Path) -> tuple[Table, list[str]]:
    """The first visible sheet, and a note where there are others; a chart's isn't one."""
    _refuse_a_bomb(path)
    with _refusing_broken(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # From memory, so that no file stays open.
        workbook = openpyxl.load_workbook(BytesIO(path.read_bytes()), read_only=True, data_only=True)
        sheet, *_ = (sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible")
        # Some writers claim a size that is too small.
        sheet.reset_dimensions()
    others = len(workbook.sheetnames) - 1
    note = f"Only the sheet “{_shown(sheet.title)}” is read, not the other {others}."
    return XlsxTable(path, sheet), [note] if others else []


def _refuse_a_bomb(path: Path) -> None:
    """Raise Refusal for what would unpack to too much, and for XML with a DTD, which no workbook has."""
    with _refusing_broken(path), zipfile.ZipFile(path) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise Refusal(
                "list_not_xlsx", f"{path.name} is no Excel workbook. Save it as .xlsx or as CSV UTF-8."
            )
        sizes = {part.filename: part.file_size for part in archive.infolist()}
        shared = max((size for part, size in sizes.items() if "sharedstrings" in part.lower()), default=0)
        if sum(sizes.values()) > _MOST_UNPACKED or shared > _MOST_SHARED_STRINGS:
            raise Refusal("list_too_big", f"{path.name} unpacks to too much. Save the sheet as CSV UTF-8.")
        for part in sizes:
            with archive.open(part) as file:
                if part.lower().endswith((".xml", ".rels")) and b"<!DOCTYPE" in file.read(4096).upper():
                    raise _broken(path)


@contextmanager
def _refusing_broken(path: Path) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise _broken(path) from error


def _broken(path: Path) -> Refusal:
    return Refusal(
        "list_broken", f"{path.name} is damaged. Open it in Excel and save it anew, or as CSV UTF-8."
    )


def _quietly(rows: Iterator[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
    """The rows without openpyxl's warnings about dates and styles, which tell an organiser nothing."""
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            some = list(islice(rows, 1000))
        if not some:
            return
        yield from some


def _cell_text(value: object) -> str:
    """A cell as it reads: whole numbers without a point, dates in ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return (value.date() if value.time() == time.min else value).isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)
