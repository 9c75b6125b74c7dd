"""Reading an organiser's list of delegates."""

import codecs
import contextlib
import csv
import io
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from checkin.domain.details import Details
from checkin.errors import Refusal
from checkin.organisers import exports
from checkin.organisers.imports import (
    MOST_BYTES,
    Checked,
    DelegateList,
    Row,
    check_rows,
    read_list,
    read_mapping,
)

DATA = Path(__file__).parents[2].parent / "shared" / "data"

_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE)
JOSE = "Name,Organisation\nJosé García,Fundação São Paulo\n"


def csv_list(folder: Path, content: str | bytes, **mapping: str) -> DelegateList:
    path = folder / "list.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_list(path, mapping)


def xlsx_file(folder: Path, *rows: Sequence[Any]) -> Path:
    path = folder / "list.xlsx"
    options = {"default_date_format": "yyyy-mm-dd", "strings_to_formulas": False}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return path


def names(rows: Iterable[Row]) -> list[str]:
    return [row.values["name"] for row in rows]


def refusal(folder: Path, content: str | bytes, **mapping: str) -> Refusal:
    with pytest.raises(Refusal) as refused:
        list(csv_list(folder, content, **mapping))
    return refused.value


def columns(folder: Path, *header: str, rows: str = "", **mapping: str) -> dict[str, str]:
    return dict(csv_list(folder, ",".join(header) + "\n" + rows, **mapping).columns)


def accepted(rows: Iterable[Checked]) -> list[Details]:
    return [row.details for row in rows if row.details]


# --- real input --------------------------------------------------------------------------------------------


def test_the_real_list_is_read_with_all_its_columns() -> None:
    found = read_list(DATA / "unfccc-delegates.csv", {})

    assert found.columns == {
        "Honorific": "honorific",
        "Name": "name",
        "Job Title": "job_title",
        "Organisation": "organisation",
        "Delegation": "delegation",
        "Country (ISO-3)": "country",
    }
    assert found.unmapped == ("Group", "Meeting", "Year")
    assert found.notes == ()


def test_every_row_of_the_real_list_gives_a_delegate() -> None:
    checked = list(check_rows(read_list(DATA / "unfccc-delegates.csv", {})))

    assert len(accepted(checked)) == len(checked) == 849
    assert [row.line for row in checked] == list(range(2, 851))
    assert Counter(warning.code for row in checked for warning in row.warnings) == {
        "country_missing": 266,
        "country_unknown": 7,
    }


def test_every_hard_name_gives_a_delegate_and_every_bad_one_its_problem() -> None:
    hard = list(check_rows(read_list(DATA / "names-hard.csv", {})))
    bad = list(check_rows(read_list(DATA / "names-refused.csv", {})))

    assert all(row.details for row in hard)
    assert [row.line for row in bad if row.details] == [4]
    assert all(problem.sentence for row in bad for problem in row.problems)


# --- encodings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_read_without_a_guess(tmp_path: Path, encoding: str) -> None:
    found = csv_list(tmp_path, JOSE.encode(encoding))

    assert names(found) == ["José García"]
    assert found.notes == ()


@pytest.mark.parametrize("byte_order", ["le", "be"])
def test_utf_16_is_read_in_either_byte_order(tmp_path: Path, byte_order: str) -> None:
    mark = codecs.BOM_UTF16_LE if byte_order == "le" else codecs.BOM_UTF16_BE

    assert names(csv_list(tmp_path, mark + JOSE.encode(f"utf-16-{byte_order}"))) == ["José García"]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("cp1252", "José García"),
        ("cp1252", "Zoë São"),
        ("cp1252", "Peter O’Neill"),
        ("cp1251", "Олександр Шевченко"),
        ("gb18030", "王小明 深圳市智慧城市研究院"),
        ("big5", "陳大文 香港科技園公司"),
        ("cp932", "田中 さくら 東京都庁"),
        ("cp949", "김민준 서울특별시청"),
        ("cp1256", "محمد بن عبد الله الراشد"),
        ("cp1253", "Ελένη Παπαδοπούλου"),
    ],
)
def test_another_encoding_is_guessed_and_the_guess_reported(tmp_path: Path, encoding: str, name: str) -> None:
    found = csv_list(tmp_path, f"Name,Organisation\n{name},Org\n".encode(encoding))

    assert names(found) == [name]
    assert f"guessed: {encoding}, which reads “{name}”" in str(found.notes[0])


def test_a_damaged_line_in_utf_8_is_named(tmp_path: Path) -> None:
    damaged = "Name\nJosé\nAndré\n".encode() + "Zoë\n".encode("cp1252")

    refused = refusal(tmp_path, damaged)

    assert refused.code == "list_undecodable"
    assert refused.sentence == (
        "Line 4 of list.csv is not UTF-8 like the rest. Save the list anew as CSV UTF-8."
    )


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (codecs.BOM_UTF8 + b"Name\nAna\nJos\xe9\n", 3),
        ("Name\nAna\n".encode("utf-16") + b"\x00\xd8\x00\xd8", 3),
        ("Name\nAna\n".encode("utf-16") + b"\x00", 3),
        (b"Name\nAna\nZo\xeb\n\x81\n", 4),
    ],
)
def test_what_cannot_be_decoded_is_refused_with_its_line(tmp_path: Path, content: bytes, line: int) -> None:
    refused = refusal(tmp_path, content)

    assert refused.code == "list_undecodable"
    assert refused.sentence.startswith(f"Line {line} of list.csv")


# --- CSV ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_from_the_header(tmp_path: Path, delimiter: str) -> None:
    text = delimiter.join(["Name", '"Company, or; other"', "Country"]) + "\n"
    text += delimiter.join(["Ana", '"A, B; C\tD|E"', "ES"]) + "\n"

    found = csv_list(tmp_path, text, **{"Company, or; other": "organisation"})

    assert [row.values for row in found] == [{"name": "Ana", "organisation": "A, B; C\tD|E", "country": "ES"}]


def test_excels_line_with_the_delimiter_is_obeyed(tmp_path: Path) -> None:
    found = csv_list(tmp_path, "sep=;\r\nName;Job, title\r\nAna;CEO\r\n")

    assert [(row.line, row.values) for row in found] == [(3, {"name": "Ana", "job_title": "CEO"})]


def test_a_list_may_have_one_column(tmp_path: Path) -> None:
    assert names(csv_list(tmp_path, "Nama\nAna\nJosé\n")) == ["Ana", "José"]


def test_lines_are_counted_as_in_the_file(tmp_path: Path) -> None:
    text = 'Name,Organisation\r\n\r\nAna,"One\r\nTwo"\r\n,\r\nJosé,"say ""hi"""\r\n'

    found = [(row.line, row.values["name"], row.values["organisation"]) for row in csv_list(tmp_path, text)]

    assert found == [(3, "Ana", "One\r\nTwo"), (6, "José", 'say "hi"')]


@pytest.mark.parametrize("text", ["Name\rAna\rJosé\r", "\n\nName\nAna\nJosé", "Name\n\n\nAna\n,\nJosé\n\n"])
def test_line_ends_and_blank_lines_do_not_matter(tmp_path: Path, text: str) -> None:
    assert names(csv_list(tmp_path, text)) == ["Ana", "José"]


def test_a_list_can_be_read_again(tmp_path: Path) -> None:
    found = csv_list(tmp_path, JOSE)

    assert list(found) == list(found)


def test_a_short_row_has_blank_cells(tmp_path: Path) -> None:
    (row,) = csv_list(tmp_path, "Name,Country\nAna\n")

    assert row.values == {"name": "Ana", "country": ""}


def test_a_row_with_more_cells_than_columns_is_rejected(tmp_path: Path) -> None:
    found = csv_list(tmp_path, "Name,Organisation\nAna,Smart, City, Ltd\nJosé,Org,,\n")

    checked = list(check_rows(found))

    assert [problem.code for problem in checked[0].problems] == ["too_many_cells"]
    assert [details.name for details in accepted(checked)] == ["José"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('Name\nAna\n"José\nEva\n', 3),
        ('Name\nAna\n"José" Eva\n', 3),
        ('Name\n"' + "x" * 200_000 + '"\n', 2),
    ],
)
def test_a_wrong_quotation_mark_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    refused = refusal(tmp_path, text)

    assert refused.code == "list_broken"
    assert f"line {line} " in refused.sentence


def test_a_cell_guarded_against_formulas_is_read_back_as_it_was(tmp_path: Path) -> None:
    cells = ["=1+1", "@home", "+60 12-345 6789", "+A", "-", "'quoted'", "'", "O'Neill", "\tx"]
    out = io.BytesIO()
    exports.write_csv(out, (["Name"], iter([[cell] for cell in cells])), on_row=lambda: None)

    assert names(csv_list(tmp_path, out.getvalue())) == cells


CELLS = st.text(st.characters(categories=["L", "P", "Zs"], include_characters=',;\t|"\n'), max_size=20)


@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1), delimiter=st.sampled_from(",;\t|"))
def test_whatever_stands_in_cells_is_read_as_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], delimiter: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["Name", "Organisation"])
    writer.writerows((f"x{name}", f"y{organisation}") for name, organisation in rows)

    found = csv_list(tmp_path_factory.getbasetemp(), out.getvalue())

    assert [(row.values["name"][1:], row.values["organisation"][1:]) for row in found] == rows


# --- XLSX --------------------------------------------------------------------------------------------------


def test_a_workbooks_first_sheet_is_read_row_by_row(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, ["Name", "Country"], ["Ana", "ES"], [], ["José", None])

    found = read_list(path, {})

    assert [(row.line, row.values) for row in found] == [
        (2, {"name": "Ana", "country": "ES"}),
        (4, {"name": "José", "country": ""}),
    ]


def test_numbers_and_dates_in_cells_are_read_as_people_wrote_them(tmp_path: Path) -> None:
    morning = datetime(2025, 9, 17, 8, 30)  # noqa: DTZ001  A cell has no time zone.
    cells = [60123456789, 60123456789.0, 1.5, True, date(2025, 9, 17), morning, "=1+1", " x "]
    path = xlsx_file(tmp_path, ["Name"], *([cell] for cell in cells))

    assert names(read_list(path, {})) == [
        "60123456789",
        "60123456789",
        "1.5",
        "True",
        "2025-09-17",
        "2025-09-17T08:30:00",
        "=1+1",
        " x ",
    ]


def test_the_value_of_a_formula_is_read_and_its_error_rejected(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Name"])
        sheet.write_formula(1, 0, '="A"&"na"', value="Ana")
        sheet.write_formula(2, 0, "=VLOOKUP(1,2,3)", value="#N/A")

    checked = list(check_rows(read_list(path, {})))

    assert [details.name for details in accepted(checked)] == ["Ana"]
    assert [problem.code for problem in checked[1].problems] == ["spreadsheet_error"]


def test_hidden_sheets_are_passed_over_and_others_reported(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Lists").hide()
        chart = book.add_chart({"type": "pie"})
        chart.add_series({"values": "=Lists!$A$1:$A$2"})
        book.add_chartsheet("Chart").set_chart(chart)
        sheet = book.add_worksheet("Delegates")
        sheet.write_column(0, 0, ["Name", "Ana"])
        sheet.activate()

    found = read_list(path, {})

    assert names(found) == ["Ana"]
    assert list(map(str, found.notes)) == ["Only the sheet “Delegates” is read, not the other 2."]


def test_what_stands_beside_the_table_is_not_of_it(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, ["Name", "Country"], ["Ana", "ES", None, "call her!"])

    assert [row.surplus for row in read_list(path, {})] == [0]


def test_a_size_that_is_claimed_too_small_is_not_believed(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, ["Name"], ["Ana"], ["José"])
    rewrite(path, "xl/worksheets/sheet1.xml", lambda text: text.replace(b'ref="A1:A3"', b'ref="A1"'))

    assert names(read_list(path, {})) == ["Ana", "José"]


def test_our_own_export_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "delegates.xlsx"
    row = ["KL-1", "Dr", "=1+1", "Org", "CEO", "MY", "VIP", "", "a@x.org", "+60123456789", "ms"]
    with path.open("wb") as out:
        exports.write_xlsx(out, (exports.DELEGATES, iter([[*row, "confirmed", None]])), on_row=lambda: None)

    found = read_list(path, {})

    assert found.unmapped == ("reference", "status", "registered_at")
    assert accepted(check_rows(found)) == [
        Details("=1+1", "Dr", "Org", "CEO", "MY", "", "VIP", "", "a@x.org", "+60123456789", "ms")
    ]


def rewrite(path: Path, part: str, change: Any) -> None:
    """Change one part of a workbook, as a hand that knows no rules would."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, change(content) if name == part else content)


def xlsx_refusal(path: Path) -> Refusal:
    with pytest.raises(Refusal) as refused:
        list(read_list(path, {}))
    return refused.value


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/workbook.xml", b"<workbook"),
        ("xl/workbook.xml", b"<?xml version='1.0' encoding='UTd-8'?><a/>"),
        ("xl/worksheets/sheet1.xml", b"<a><b></a>"),
        ("xl/sharedStrings.xml", b"<sst/>"),
        ("[Content_Types].xml", b""),
        ("xl/styles.xml", b"<styleSheet><cellXfs><xf numFmtId='x'/></cellXfs></styleSheet>"),
    ],
)
def test_a_damaged_workbook_is_refused(tmp_path: Path, part: str, content: bytes) -> None:
    path = xlsx_file(tmp_path, ["Name"], ["Ana"])
    rewrite(path, part, lambda _: content)

    assert xlsx_refusal(path).code == "list_broken"


@pytest.mark.parametrize("length", [4, 30, 500, -100, -1])
def test_half_a_workbook_is_refused(tmp_path: Path, length: int) -> None:
    path = xlsx_file(tmp_path, ["Name"], ["Ana"])
    path.write_bytes(path.read_bytes()[:length])

    assert xlsx_refusal(path).code == "list_broken"


def test_entities_that_multiply_are_refused(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, ["Name"], ["Ana"])
    entities = b"".join(b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    bomb = b"<!DOCTYPE sst [<!ENTITY a0 'ha'>" + entities + b"]><sst><si><t>&a11;</t></si></sst>"
    rewrite(path, "xl/sharedStrings.xml", lambda _: bomb)

    assert xlsx_refusal(path).code == "list_broken"


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_does(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, ["Name"], ["Ana"])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/a.bin", bytes(401 * 1024**2))

    assert path.stat().st_size < 1024**2
    assert xlsx_refusal(path).code == "list_too_big"


def test_a_part_that_is_read_whole_may_not_be_big(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, ["Name"], ["Ana"])
    rewrite(path, "xl/styles.xml", lambda text: text + b" " * 9 * 1024**2)

    assert xlsx_refusal(path).code == "list_too_big"


def test_an_archive_of_very_many_parts_is_refused_before_they_are_listed(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, ["Name"], ["Ana"])
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(2_001):
            archive.writestr(f"xl/media/{number}", b"")

    assert xlsx_refusal(path).code == "list_too_big"


def test_macros_are_refused(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, ["Name"], ["Ana"])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")

    assert xlsx_refusal(path).code == "list_has_macros"


def test_ten_thousand_columns_are_refused(tmp_path: Path) -> None:
    wide = ["Name", *(f"c{number}" for number in range(9_999))]

    assert refusal(tmp_path, ",".join(wide)).code == "list_too_wide"
    assert xlsx_refusal(xlsx_file(tmp_path, wide)).code == "list_too_wide"


def test_a_line_that_never_ends_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "Name\n" + "," * 1_000_001).code == "list_line_too_long"


def test_a_row_far_below_does_not_take_for_ever(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, ["Name"], ["Ana"], ["José"])
    far = b"999999999"
    rewrite(
        path,
        "xl/worksheets/sheet1.xml",
        lambda text: text.replace(b'r="3"', b'r="%s"' % far).replace(b'"A3"', b'"A%s"' % far),
    )

    assert names(read_list(path, {})) == ["Ana"]


def test_a_file_with_a_password_or_of_an_old_excel_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)).code == "list_locked_or_old"


def test_another_zip_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "list.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", "<office/>")

    assert xlsx_refusal(path).code == "list_not_xlsx"


# --- files that are no lists -------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"\n\n", b" \n", codecs.BOM_UTF8])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content).code == "list_empty"


@pytest.mark.parametrize("content", [bytes(5000), b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content).code == "list_not_text"


def test_a_file_that_is_too_big_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)

    assert xlsx_refusal(path).code == "list_too_big"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert xlsx_refusal(tmp_path / "none.csv").code == "list_unreadable"
    assert xlsx_refusal(tmp_path).code == "list_unreadable"


@given(st.binary(max_size=400), st.sampled_from([b"", b"Name,Country\n", b"PK\x03\x04", *_BOMS]))
def test_any_bytes_are_a_list_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, start: bytes
) -> None:
    with contextlib.suppress(Refusal):
        list(check_rows(csv_list(tmp_path_factory.getbasetemp(), start + content)))


# --- columns -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("NAME", "name"),
        ("Full name", "name"),
        ("full_name", "name"),
        ("Full-Name *", "name"),
        ("Nama Penuh", "name"),
        ("Salutation", "honorific"),
        ("Gelaran", "honorific"),
        ("Company", "organisation"),
        ("Organization", "organisation"),
        ("Syarikat / Organisasi", "organisation"),
        ("Syarikat", "organisation"),
        ("JobTitle", "job_title"),
        ("job_title", "job_title"),
        ("Position", "job_title"),
        ("Jawatan", "job_title"),
        ("Country (ISO-3)", "country"),
        ("Country (ISO-2)", "country"),
        ("Negara", "country"),
        ("E-mail", "email"),
        ("Email Address", "email"),
        ("E-mel", "email"),
        ("Mobile", "phone"),
        ("No. Telefon", "phone"),
        ("Tel.", "phone"),
        ("Delegation", "delegation"),
        ("Kategori", "category"),
        ("Bahasa", "language"),
        ("Negara / Country", "country"),
        ("Nama (Name)", "name"),
    ],
)
def test_a_header_is_understood_in_any_spelling(tmp_path: Path, header: str, field: str) -> None:
    other = () if field == "name" else ("Name",)

    assert columns(tmp_path, *other, header)[header] == field


def test_the_first_of_two_columns_for_a_field_is_taken_and_the_other_reported(tmp_path: Path) -> None:
    found = csv_list(tmp_path, "Name,Mobile,Telephone,Name\nAna,1,2,Eva\n")

    assert [row.values for row in found] == [{"name": "Ana", "phone": "1"}]
    assert found.unmapped == ("Telephone", "Name")


def test_a_column_is_mapped_as_told(tmp_path: Path) -> None:
    mapping = {"who": "Name", "Company": "delegation", "Agency": "organisation"}

    found = columns(tmp_path, "Who", "Company", "Agency", "Name", **mapping)

    assert found == {"Who": "name", "Company": "delegation", "Agency": "organisation"}


def test_a_mapped_column_may_hold_equals_signs() -> None:
    mapping = read_mapping(["a=b=name", " Their column = job_title "])

    assert mapping == {"a=b": "name", "Their column": "job_title"}


@pytest.mark.parametrize("text", ["", "name", "=name", " =name"])
def test_an_unclear_mapping_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_mapping([text])

    assert refused.value.code == "map_unclear"


def test_an_unknown_field_is_refused_with_those_there_are(tmp_path: Path) -> None:
    refused = refusal(tmp_path, "Name,Firm\n", Firm="firm")

    assert refused.code == "unknown_field"
    assert "name, honorific, organisation, job_title" in refused.sentence


def test_an_unknown_column_is_refused_with_those_there_are(tmp_path: Path) -> None:
    refused = refusal(tmp_path, "Name,Firm\n", Company="organisation")

    assert refused.code == "unknown_column"
    assert refused.sentence == "There is no column “Company”. The columns are: Name, Firm."


@pytest.mark.parametrize("mapping", [{"A": "name", "B": "name"}, {"A": "name", "a": "email"}])
def test_a_field_or_column_mapped_twice_is_refused(tmp_path: Path, mapping: dict[str, str]) -> None:
    assert refusal(tmp_path, "A,B\n", **mapping).code == "map_unclear"


@pytest.mark.parametrize(
    "header", ["Wer,Firma", "Name (Company),Job", "First name,Company", "Surname,Company"]
)
def test_a_list_without_names_is_refused_with_its_columns(tmp_path: Path, header: str) -> None:
    refused = refusal(tmp_path, f"{header}\nAna,Org\n")

    assert refused.code == "name_column_missing"
    assert f"The columns are: {header.replace(',', ', ')}." in refused.sentence


def test_a_file_without_a_header_does_not_fill_the_screen(tmp_path: Path) -> None:
    refused = refusal(tmp_path, ",".join(["\x1b[31m" + "x" * 500] * 300))

    assert len(refused.sentence) < 3000
    assert refused.sentence.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        ("First name,Last name", "Ana,López García", "Ana López García"),
        ("Given Name,Middle Name,Surname", "Ana,M.,López", "Ana M. López"),
        ("Surname,First_Name", "López,Ana", "Ana López"),
        ("First name,Last name", "Kavitha,", "Kavitha"),
        ("First name,Last name", ",Kavitha", "Kavitha"),
        ("First name,Last name", "Kavitha", "Kavitha"),
        ("First name,Last name", "小明,王", "王小明"),
        ("First name,Last name", "민준,김", "김민준"),
        ("First name,Last name", "林,林", "林林"),
        ("Name,Surname", "Ana,López", "Ana López"),
        ("Name,Surname", "Ana López,López", "Ana López"),
        ("Name,Surname", "LÓPEZ Ana,López", "LÓPEZ Ana"),
        ("Nama,Nama keluarga", "Ana,López", "Ana López"),
    ],
)
def test_names_in_parts_are_joined(tmp_path: Path, header: str, row: str, name: str) -> None:
    found = csv_list(tmp_path, f"{header}\n{row}\n")

    assert [row.values for row in found] == [{"name": name}]
    assert "are joined" in str(found.notes[0])


def test_a_whole_name_is_preferred_to_its_parts(tmp_path: Path) -> None:
    found = csv_list(tmp_path, "First name,Last name,Full name\nAna,López,Ana María López\n")

    assert names(found) == ["Ana María López"]
    assert found.unmapped == ("First name", "Last name")


def test_a_name_of_which_all_parts_are_blank_is_missing(tmp_path: Path) -> None:
    (checked,) = check_rows(csv_list(tmp_path, "First name,Last name,Country\n,,ES\n"))

    assert [(problem.field, problem.code) for problem in checked.problems] == [("name", "missing")]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (["Mr", "Ms.", "Dato' Sri", "YBhg. Tan Sri Dr.", ""], "honorific"),
        (["Director", "CEO", "Head, Smart City", ""], "job_title"),
    ],
)
def test_a_title_is_what_its_values_are(tmp_path: Path, values: list[str], field: str) -> None:
    rows = "".join(f'Ana {number},"{value}"\n' for number, value in enumerate(values))

    found = csv_list(tmp_path, f"Name,Title\n{rows}")

    assert found.columns["Title"] == field
    assert f"“Title” is taken as {field}" in str(found.notes[0])


@pytest.mark.parametrize("rows", ["Ana,Mr\nEva,CEO\n", "Ana,\n", ""])
def test_an_unclear_title_is_left_aside_with_advice(tmp_path: Path, rows: str) -> None:
    found = csv_list(tmp_path, f"Name,Title\n{rows}")

    assert found.unmapped == ("Title",)
    assert "--map “Title=honorific”" in str(found.notes[0])


def test_a_title_is_left_aside_where_its_field_has_a_column(tmp_path: Path) -> None:
    found = csv_list(tmp_path, "Name,Title,Job Title\nAna,CEO,Chief\n")

    assert (found.columns["Job Title"], found.unmapped) == ("job_title", ("Title",))


def test_a_title_may_be_mapped(tmp_path: Path) -> None:
    found = csv_list(tmp_path, "Name,Title\nAna,CEO\n", Title="honorific")

    assert (found.columns["Title"], found.notes) == ("honorific", ())


# --- rows --------------------------------------------------------------------------------------------------


def test_a_person_who_stands_there_twice_is_added_once_and_reported(tmp_path: Path) -> None:
    text = (
        "Name,Organisation,Job title,Country,E-mail\n"
        "Ana López,Org,CEO,ES,\n"
        "ANA  LÓPEZ,org,ceo,Spain,\n"
        "Ana López,Org,CFO,ES,\n"
        "Eva,,,MY,eva@x.org\n"
        "Eva B.,Org,,MY,EVA@X.org\n"
        "Eva,,,MY,\n"
    )

    checked = list(check_rows(csv_list(tmp_path, text)))

    assert [(row.line, row.duplicate_of) for row in checked] == [
        (2, None),
        (3, 2),
        (4, None),
        (5, None),
        (6, 5),
        (7, None),
    ]
    assert [details.job_title for details in accepted(checked)] == ["CEO", "CFO", "", ""]


def test_a_rejected_row_makes_no_duplicate(tmp_path: Path) -> None:
    checked = list(check_rows(csv_list(tmp_path, "Name,Phone,E-mail\n,1,ana@x.org\nAna,1,ana@x.org\n")))

    assert [details.name for details in accepted(checked)] == ["Ana"]


def test_a_category_that_there_is_not_is_rejected_and_none_means_delegate(tmp_path: Path) -> None:
    found = csv_list(tmp_path, "Name,Category\nAna,vip\nEva,Royal\nJosé,\n")

    checked = list(check_rows(found, categories=["Delegate", "VIP"]))

    assert [details.category for details in accepted(checked)] == ["vip", "Delegate"]
    assert [problem.sentence for problem in checked[1].problems] == [
        "There is no category Royal. The categories are: Delegate, VIP."
    ]


def test_all_problems_of_a_row_are_told_and_others_are_taken(tmp_path: Path) -> None:
    found = csv_list(tmp_path, "Name,E-mail,Country\n,nobody,\nAna,,YUG\n")

    rejected, taken = check_rows(found)

    assert [(p.field, p.code) for p in rejected.problems] == [("name", "missing"), ("email", "email_invalid")]
    assert taken.details
    assert taken.details.country_text == "YUG"
    assert [warning.code for warning in taken.warnings] == ["country_unknown"]


def test_a_long_list_is_read_without_being_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("Name,Organisation\n")
        file.writelines(f"Ana {number},{'Org' * 50}\n" for number in range(100_000))
    found = read_list(path, {})

    tracemalloc.start()
    count = sum(1 for _ in found)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count == 100_000
    assert peak < 1024**2
