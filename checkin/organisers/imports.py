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
from dataclasses import dataclass, field
from datetime import date, datetime, time
from io import BytesIO, TextIOWrapper
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
MOST_COLUMNS = 200
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
class Note:
    """What was guessed or left aside; `NOTES[code] % params` says it on a terminal."""

    code: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return NOTES[self.code] % self.params


NOTES = {
    "title_aside": (
        "The column “%(column)s” is left aside, since it may mean two things: add "
        "--map “%(column)s=honorific” or --map “%(column)s=job_title”."
    ),
    "title_taken": (
        "The column “%(column)s” is taken as %(field)s, by what it holds; --map “%(column)s=…” says otherwise."
    ),
    "names_joined": "Names are joined from the columns %(columns)s.",
    "encoding_guessed": (
        "The list isn't UTF-8, so its encoding was guessed: %(encoding)s, which reads “%(example)s”. "
        "If that is wrong, save the list as CSV UTF-8."
    ),
    "one_sheet": "Only the sheet “%(sheet)s” is read, not the other %(others)s.",
}


@dataclass(frozen=True)
class Columns:
    """What a list's columns are called, and which of our fields each is, by its index."""

    header: tuple[str, ...]
    fields: Mapping[int, str]

    def row(self, line: int, cells: Sequence[str]) -> Row:
        """A row's values by our fields, its name made whole."""
        values = {our: cells[index] if index < len(cells) else "" for index, our in self.fields.items()}
        surplus = sum(bool(cell.strip()) for cell in cells[len(self.header) :])
        return Row(line, _with_whole_name(values), surplus)


@dataclass(frozen=True)
class DelegateList:
    """A list whose columns are understood; iterating reads it anew.

    `columns` maps their headers to our fields, `unmapped` are the headers that are left aside, and
    `notes` say what was guessed.
    """

    columns: Mapping[str, str]
    unmapped: tuple[str, ...]
    notes: tuple[Note, ...]
    table: Table
    matched: Columns

    def __iter__(self) -> Iterator[Row]:
        for line, cells in islice(filled_rows(self.table), 1, None):
            yield self.matched.row(line, cells)


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
    table, notes = read_table(_file(path))
    header, sample = read_header(table, name=path.name)
    fields = _matched(header, mapping)
    notes += _title_by_its_values(header, fields, sample)
    notes += _name_by_its_parts(header, fields)
    columns = {header[index]: fields[index] for index in sorted(fields)}
    unmapped = tuple(name for index, name in enumerate(header) if name and index not in fields)
    return DelegateList(columns, unmapped, tuple(notes), table, Columns(header, fields))


def read_header(table: Table, *, name: str) -> tuple[tuple[str, ...], list[list[str]]]:
    """The names of a list's columns, and its first rows; raises Refusal where it has none, or too many columns."""
    sample = [cells for _, cells in islice(table.rows(), _SAMPLE) if any(map(str.strip, cells))]
    if not sample:
        raise Refusal("list_empty", f"{name} is empty: it needs a line with the names of its columns.")
    if len(sample[0]) > MOST_COLUMNS:
        raise Refusal(
            "list_too_wide",
            f"{name} has more than {MOST_COLUMNS} columns: keep those that tell of the delegates.",
            extra={"most": MOST_COLUMNS},
        )
    return tuple(map(_shown, sample[0])), sample[1:]


def filled_rows(table: Table) -> Iterator[tuple[int, list[str]]]:
    """The rows that aren't blank, the header first."""
    return ((line, cells) for line, cells in table.rows() if any(map(str.strip, cells)))


def guessed_fields(
    header: Sequence[str], sample: Sequence[Sequence[str]]
) -> tuple[dict[int, str], list[Note]]:
    """Our fields by the index of their column, as far as names and values tell; perhaps none is the name."""
    fields = _matched(header, {})
    notes = _title_by_its_values(header, fields, sample)
    try:
        notes += _name_by_its_parts(header, fields)
    except Refusal:
        return fields, notes
    return fields, notes


def chosen_columns(header: Sequence[str], chosen: Sequence[str]) -> Columns:
    """Columns with the field that somebody chose for each, or nothing; raises Refusal for a field chosen twice.

    Also where none of them holds the names.
    """
    fields = {index: our for index, our in enumerate(chosen) if our}
    twice = next((our for our in fields.values() if list(fields.values()).count(our) > 1), None)
    if twice is not None:
        raise Refusal("field_twice", f"Two columns are our {twice}.", extra={"field": twice})
    _name_by_its_parts(header, fields)
    return Columns(tuple(header), fields)


def check_rows(
    rows: Iterable[Row],
    *,
    categories: Collection[str] | None = None,
    default_region: str = "MY",
    lines: dict[str | bytes, int] | None = None,
) -> Iterator[Checked]:
    """What each row gives; a person who stands in the list twice is the first row's.

    `categories` are the names that there are; where they are not given, any is taken. `lines` says on which line
    each person stands first, for a list that is looked at part by part.
    """
    known = None if categories is None else {name.casefold() for name in categories}
    lines = {} if lines is None else lines
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
        index, known = _index(column, header), _our_field(our)
        if known in fields.values() or index in fields:
            raise Refusal("map_unclear", f"“{column}={our}”: this column or field is mapped twice.")
        fields[index] = known
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
) -> list[Note]:
    """Decide whether a column "Title" holds honorifics or job titles; returns a note on the decision."""
    index = next((i for i, name in enumerate(header) if _key(name) == "title" and i not in fields), None)
    if index is None:
        return []
    titles = [cells[index] for cells in sample if index < len(cells) and cells[index].strip()]
    honorifics = sum(_is_honorific(title) for title in titles)
    share = honorifics / len(titles) if titles else 0.5
    our = "honorific" if share >= 0.8 else "job_title" if share <= 0.2 else None
    name = header[index]
    if our is None or our in fields.values():
        return [Note("title_aside", {"column": name})]
    fields[index] = our
    return [Note("title_taken", {"column": name, "field": our})]


def _is_honorific(title: str) -> bool:
    words = re.sub(r"['’‘`.]", "", title.casefold()).split()
    return all(_key(word) in _HONORIFIC_WORDS for word in words)


def _name_by_its_parts(header: Sequence[str], fields: dict[int, str]) -> list[Note]:
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
    return [Note("names_joined", {"columns": ", ".join(f"“{part}”" for part in parts)})]


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


@dataclass(frozen=True)
class File:
    """A file as it came, in memory: nothing of what it says about people is put on a disc."""

    name: str
    content: bytes = field(repr=False)

    def open(self) -> BytesIO:
        return BytesIO(self.content)


def _file(path: Path) -> File:
    try:
        if path.stat().st_size > MOST_BYTES:
            limit = f"{MOST_BYTES // 1024**2} MB"
            raise Refusal("list_too_big", f"{path.name} is bigger than {limit}: split it into several lists.")
        return File(path.name, path.read_bytes())
    except OSError as error:
        raise Refusal("list_unreadable", f"{path} can't be read: {error.strerror}.") from error


def read_table(file: File) -> tuple[Table, list[Note]]:
    """The file as a table, by what it holds rather than by its name, and notes on what was guessed.

    Raises Refusal where it is none that we can read; some of what is wrong shows only as its rows are read.
    """
    start = file.content[:4096]
    if start.startswith(b"PK\x03\x04"):
        return _xlsx_table(file)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refusal(
            "list_locked_or_old",
            f"{file.name} has a password or is of an Excel before 2007. "
            "Save it as .xlsx without a password, or as CSV UTF-8.",
        )
    return _csv_table(file, start)


# --- CSV ---------------------------------------------------------------------------------------------------

_DELIMITERS = ",;\t|"
_LONGEST_LINE = 1_000_000
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

    file: File
    encoding: str
    delimiter: str

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row with its first line's number; an apostrophe that guards a formula is taken off."""
        line = 1
        with TextIOWrapper(self.file.open(), encoding=self.encoding, newline="") as text:
            reader = csv.reader(_short_lines(text), delimiter=self.delimiter, strict=True)
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
                    extra={"line": line},
                ) from error


def _short_lines(text: Iterable[str]) -> Iterator[str]:
    """The lines; raises Refusal for one that no list has, before millions of cells are made of it."""
    for number, line in enumerate(text, start=1):
        if len(line) > _LONGEST_LINE:
            raise Refusal(
                "list_line_too_long",
                f"Line {number} is longer than {_LONGEST_LINE} letters: this is no list of delegates.",
                extra={"line": number},
            )
        yield line


def _csv_table(file: File, start: bytes) -> tuple[Table, list[Note]]:
    if start.count(0) > max(8, len(start) // 100) and not start.startswith(tuple(_MARKS)):
        raise Refusal(
            "list_not_text", f"{file.name} is neither XLSX nor text. Save it as .xlsx or as CSV UTF-8."
        )
    encoding, notes = _encoding(file, start)
    text = start.decode(encoding, errors="ignore")
    if separated := re.match(r"sep=([,;\t|])\r?\n?", text):
        return CsvTable(file, encoding, separated[1]), notes
    tables = [CsvTable(file, encoding, delimiter) for delimiter in _DELIMITERS]
    return max(tables, key=_understood), notes


def _understood(table: Table) -> tuple[int, int]:
    """How many columns have a name that we know, and how many there are."""
    try:
        header = next((cells for _, cells in table.rows() if any(map(str.strip, cells))), [])
    except Refusal:
        return 0, 0
    return sum(_field_called(name) is not None or _key(name) == "title" for name in header), len(header)


def _encoding(file: File, start: bytes) -> tuple[str, list[Note]]:
    """The encoding of a text file, and a note where it was guessed; raises Refusal for a damaged file."""
    encoding = next((name for mark, name in _MARKS.items() if start.startswith(mark)), "utf-8")
    line = _first_undecodable(file, encoding)
    if line is None:
        return encoding, []
    foreign = _lines_not_utf8(file) if encoding == "utf-8" else []
    if not foreign:
        raise _damaged(file, line, encoding)
    encoding = _guessed_encoding(b"\n".join(foreign))
    if line := _first_undecodable(file, encoding):
        raise _damaged(file, line, encoding)
    pieces = re.split(r'[,;\t|"\r\n]', b"\n".join(foreign).decode(encoding, errors="ignore"))
    example = next((piece.strip()[:60] for piece in pieces if not piece.isascii()), "")
    return encoding, [Note("encoding_guessed", {"encoding": encoding, "example": example})]


def _damaged(file: File, line: int, encoding: str) -> Refusal:
    name = encoding.removesuffix("-sig").upper()
    return Refusal(
        "list_undecodable",
        f"Line {line} of {file.name} is not {name} like the rest. Save the list anew as CSV UTF-8.",
        extra={"line": line, "encoding": name},
    )


def _first_undecodable(file: File, encoding: str) -> int | None:
    """The number of the first line that can't be decoded."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with file.open() as content:
        try:
            while chunk := content.read(1024**2):
                line += decoder.decode(chunk).count("\n")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            return line + error.object[: error.start].decode(error.encoding).count("\n")
    return None


def _lines_not_utf8(file: File) -> list[bytes]:
    """Some of the lines that aren't UTF-8; none where most beyond ASCII are, so that these are damaged."""
    foreign: list[bytes] = []
    utf8 = 0
    with file.open() as content:
        for line in content:
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
# Workbooks have a few dozen parts; of those that are read whole the styles are the biggest.
_MOST_PARTS = 2_000
_MOST_OF_A_PART = 8 * 1024**2
# What zipfile, the XML parsers and openpyxl raise for broken files; openpyxl checks little by itself.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, InvalidFileException, SyntaxError, OSError, EOFError, RuntimeError),
    *(LookupError, ValueError, TypeError, AttributeError, OverflowError),
)


@dataclass(frozen=True)
class XlsxTable:
    """A sheet of a workbook; the workbook stays open, since its texts take long to load."""

    file: File
    sheet: Any

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row with its number, as wide as the header: what stands beside a table is not of it."""
        width = None
        with _refusing_broken(self.file):
            found = self.sheet.iter_rows(max_row=_MOST_ROWS, max_col=MOST_COLUMNS + 1, values_only=True)
            for line, values in enumerate(_quietly(found), start=1):
                cells = [_cell_text(value) for value in values[:width]]
                if width is None and any(map(str.strip, cells)):
                    width = max(index for index, cell in enumerate(cells, start=1) if cell.strip())
                yield line, cells[:width]


def _xlsx_table(file: File) -> tuple[Table, list[Note]]:
    """The first visible sheet, and a note where there are others; a chart's isn't one."""
    _refuse_a_bomb(file)
    with _refusing_broken(file), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        workbook = openpyxl.load_workbook(file.open(), read_only=True, data_only=True)
        sheet, *_ = (sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible")
        # Some writers claim a size that is too small.
        sheet.reset_dimensions()
    others = len(workbook.sheetnames) - 1
    note = Note("one_sheet", {"sheet": _shown(sheet.title), "others": others})
    return XlsxTable(file, sheet), [note] if others else []


def _refuse_a_bomb(file: File) -> None:
    """Raise Refusal for what would unpack to too much, for macros, and for XML with a DTD, which no workbook has.

    Sizes that an archive claims too small are no way around: zipfile reads no more than it claims.
    """
    if file.content.count(b"PK\x01\x02") > _MOST_PARTS:
        raise _unpacks_to_too_much(file)
    with _refusing_broken(file), zipfile.ZipFile(file.open()) as archive:
        sizes = {part.filename: part.file_size for part in archive.infolist()}
        if "xl/workbook.xml" not in sizes:
            raise Refusal(
                "list_not_xlsx", f"{file.name} is no Excel workbook. Save it as .xlsx or as CSV UTF-8."
            )
        if any(part.lower().endswith("vbaproject.bin") for part in sizes):
            raise Refusal("list_has_macros", f"{file.name} has macros. Save it as .xlsx or as CSV UTF-8.")
        if sum(sizes.values()) > _MOST_UNPACKED or any(
            size > _most_of(part.lower()) for part, size in sizes.items()
        ):
            raise _unpacks_to_too_much(file)
        for part in sizes:
            with archive.open(part) as content:
                if _is_xml(part.lower()) and b"<!DOCTYPE" in content.read(4096).upper():
                    raise _broken(file)


def _most_of(part: str) -> int:
    """How much a part may unpack to: sheets are read row by row, pictures not at all."""
    if "sharedstrings" in part:
        return _MOST_SHARED_STRINGS
    return _MOST_UNPACKED if "/worksheets/" in part or not _is_xml(part) else _MOST_OF_A_PART


def _is_xml(part: str) -> bool:
    return part.endswith((".xml", ".rels"))


def _unpacks_to_too_much(file: File) -> Refusal:
    return Refusal("list_too_big", f"{file.name} unpacks to too much. Save the sheet as CSV UTF-8.")


@contextmanager
def _refusing_broken(file: File) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise _broken(file) from error


def _broken(file: File) -> Refusal:
    return Refusal(
        "list_broken", f"{file.name} is damaged. Open it in Excel and save it anew, or as CSV UTF-8."
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
