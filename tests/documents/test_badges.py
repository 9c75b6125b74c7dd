"""Badges: printed, then read back as text, as pixels and by a barcode reader."""

import csv
import io
import os
import re
import subprocess
import sys
import unicodedata
from dataclasses import asdict, replace
from itertools import combinations
from pathlib import Path

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from checkin.adapters import pdf
from checkin.documents import layouts
from checkin.documents.badges import (
    BadgeFace,
    badge_pdf,
    missing_fonts,
    print_badges,
    readable_ink,
    short_names_wanted,
    unprintable,
    write_badges,
)
from checkin.documents.layouts import layout_names
from checkin.errors import Refusal
from checkin.tokens import CROCKFORD

HARD = Path(__file__).parents[2].parent / "shared" / "data" / "names-hard.csv"
MM = 72 / 25.4
PAGE_WIDTH, PAGE_HEIGHT, MARGIN = 298, 420, 8  # points
# From the foot of the A6 layout up: the reference, whence, who.
PLACES = [
    (2.5 * MM, 9.4 * MM),
    (51.2 * MM, 71.8 * MM),
    (76 * MM, 114.9 * MM),
]
# Unassigned in Unicode, so that no font will ever have it.
NO_GLYPH, OTHER_NO_GLYPH = "\U00012fff", "\U00012ffe"

FACE = BadgeFace(
    reference="KL-04217",
    honorific="Tan Sri Dato' Seri Dr.",
    name="Ahmad Zulkifli bin Abdul Rahman",
    organisation="Jabatan Perancangan Bandar dan Desa",
    country="Malaysia",
    country_code="MY",
    category="VIP",
    colour="#7c1d2e",
    code="7K0123456789ABCDEFGHJKMNPQRSX",
    event="Smart City Expo Kuala Lumpur 2025",
    venue_line="Kuala Lumpur · 17–19 September 2025",
)


def numbered(number: int, **changes: str | None) -> BadgeFace:
    """A face with a reference and a code of its own."""
    digits = f"{number:03d}"
    return replace(FACE, reference=f"KL-{number:05d}", code="7K0123456789ABCDEFGHJKMNPQ" + digits, **changes)


def hard_faces() -> list[BadgeFace]:
    with HARD.open(encoding="utf-8-sig", newline="") as file:
        return [
            numbered(
                number,
                honorific="",
                name=row["name"],
                organisation=row["organisation"],
                country_code=row["country"],
            )
            for number, row in enumerate(csv.DictReader(file))
        ]


HARD_FACES = hard_faces()

# What people may send of no goodwill, at the lengths that the entrances allow.
HOSTILE = [
    ("W" * 100, "W" * 300),
    ("W " * 50, "Ministry of Everything " * 13),
    ("ﷺ" * 100, "ﷺ" * 300),
    ("王" * 100, "王" * 300),
    ("🚀" * 100, "🌆" * 300),
    ("ཧཱུྃ" * 20, "ក្ស្ត្រី" * 30),
    ("i", "-" * 300),
    ("iiii " * 20, "." * 300),
]


LONG_NAMES = [
    "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh Maria Magdalena Antoinette",
    "Tan Sri Dato' Seri Dr. Ahmad Zulkifli bin Abdul Rahman",
    "Ǻg̃ǻg̃ " * 16,
    "W" * 100,
    "王" * 100,
]


@pytest.fixture(scope="module")
def hard(tmp_path_factory):
    """Every hard name and every hostile one in one print run, opened."""
    out = tmp_path_factory.mktemp("run") / "hard.pdf"
    faces = HARD_FACES + [
        numbered(500 + number, name=name, organisation=organisation)
        for number, (name, organisation) in enumerate(HOSTILE)
    ]
    report = write_badges(faces, out, on_page=lambda _: None)
    with pypdfium2.PdfDocument(out) as document:
        yield faces, report, document


def text_of(page: pypdfium2.PdfPage) -> str:
    return page.get_textpage().get_text_range()


def page_of(document: bytes) -> pypdfium2.PdfPage:
    (page,) = pypdfium2.PdfDocument(document)
    return page


def codes_on(page: pypdfium2.PdfPage) -> list[str]:
    """What a barcode reader finds on a print at 150 dots an inch."""
    return [barcode.text for barcode in zxingcpp.read_barcodes(page.render(scale=150 / 72).to_pil())]


def letters(text: str) -> str:
    """A text without what line breaks may change."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFC", text))


def text_boxes(page: pypdfium2.PdfPage) -> list[tuple[float, float, float, float]]:
    """Left, bottom, right and top of the ink of each of a badge's own pieces of text, in points."""
    return [item.get_bounds() for item in page.get_objects([pdfium.FPDF_PAGEOBJ_TEXT], max_depth=1)]


def fonts_in(document: bytes) -> dict[str, bool]:
    """The fonts of a PDF by name, and whether their glyph 0 is drawn: the box for what a font doesn't have.

    WeasyPrint then also leads characters to it by a table of its own instead of by their numbers.
    """
    with pikepdf.open(io.BytesIO(document)) as opened:
        fonts = [
            item
            for item in opened.objects
            if isinstance(item, pikepdf.Dictionary) and item.get("/Subtype") == "/Type0"
        ]
        return {
            str(font.BaseFont): font.Encoding != "/Identity-H" or int(font.DescendantFonts[0].W[0]) == 0
            for font in fonts
        }


@pytest.mark.parametrize("number", range(len(HARD_FACES)))
def test_a_hard_name_prints_and_its_code_is_read(hard, number):
    faces, _, document = hard

    page = document[number]

    assert codes_on(page) == [faces[number].code]
    assert faces[number].reference in text_of(page)


def test_every_hard_name_prints_with_real_glyphs(hard):
    _, report, _ = hard

    assert report.missing_glyphs == ()


@pytest.mark.parametrize("face", HARD_FACES, ids=lambda face: face.name)
def test_no_font_of_a_hard_name_draws_the_missing_glyph(face):
    fonts = fonts_in(badge_pdf(face))

    assert fonts
    assert not any(fonts.values())


def test_the_missing_glyph_would_be_found(caplog):
    fonts = fonts_in(badge_pdf(replace(FACE, name=f"Ana {NO_GLYPH}")))

    assert any(fonts.values())
    assert "KL-04217" in caplog.text
    assert "Ana" not in caplog.text


@pytest.mark.parametrize("number", range(len(HARD_FACES)))
def test_latin_names_can_be_copied_from_the_page(hard, number):
    faces, _, document = hard
    name = faces[number].name

    text = text_of(document[number])

    latin = all("LATIN" in unicodedata.name(letter) for letter in name if letter.isalpha())
    assert not latin or letters(name) in letters(text)


def test_everything_that_a_badge_shows_is_text():
    text = text_of(page_of(badge_pdf(FACE)))

    for shown in (
        FACE.honorific,
        FACE.organisation,
        FACE.country,
        FACE.category,
        FACE.event,
        FACE.venue_line,
    ):
        assert shown in text
    assert letters(FACE.name) in letters(text)


@pytest.mark.parametrize("number", range(len(HARD_FACES) + len(HOSTILE)))
def test_every_line_stays_in_its_place(hard, number):
    _, _, document = hard

    boxes = text_boxes(document[number])

    assert len(boxes) >= 4
    for left, bottom, right, top in boxes:
        assert MARGIN <= left <= right <= PAGE_WIDTH - MARGIN
        assert any(lower <= bottom and top <= upper for lower, upper in PLACES)


@pytest.mark.parametrize("name", LONG_NAMES, ids=lambda name: name[:12])
def test_lines_of_long_names_do_not_touch(name):
    boxes = text_boxes(page_of(badge_pdf(replace(FACE, name=name, organisation="W" * 300))))

    assert len(boxes) >= 12
    for (left, bottom, right, top), (left_2, bottom_2, right_2, top_2) in combinations(boxes, 2):
        assert min(right, right_2) <= max(left, left_2) or min(top, top_2) <= max(bottom, bottom_2)


def test_a_short_name_is_larger_than_a_long_one_and_than_everything_else():
    short, long = (
        sorted(top - bottom for _, bottom, _, top in text_boxes(page_of(badge_pdf(replace(FACE, name=name)))))
        for name in ("MARA", "MARIA MAGDALENA ANTOINETTE VON UND ZU HOHENLOHE")
    )

    assert short[-1] > 1.4 * long[-1]
    assert short[-1] > 1.5 * short[-2]


@pytest.mark.parametrize("son_of", ["a/l", "A/P", "s/o"])
def test_a_line_never_ends_inside_son_of(son_of):
    name = f"Muniandyyyyyy {son_of} Subramaniam"

    text = text_of(page_of(badge_pdf(replace(FACE, name=name))))

    assert son_of in text
    assert name in re.sub(r"\s+", " ", text)


def test_markup_and_formulas_print_as_text():
    name, organisation = "<b>Bold</b> & Sons", "=HYPERLINK(x) {{ 7 * 7 }} &amp;"

    text = text_of(page_of(badge_pdf(replace(FACE, name=name, organisation=organisation))))

    assert name in re.sub(r"\s+", " ", text)
    assert organisation in text


def test_a_name_in_a_right_to_left_script_starts_on_the_right():
    page = page_of(badge_pdf(replace(FACE, name="דוד בן־גוריון", organisation="", honorific="")))

    text_page = page.get_textpage()
    places = {
        text_page.get_charbox(index)[0]: text_page.get_text_range(index, 1)
        for index in range(text_page.count_chars())
        if "\u0590" <= text_page.get_text_range(index, 1) <= "\u05ff"
    }
    assert places[max(places)] == "ד"
    assert places[min(places)] == "ן"


@pytest.mark.parametrize(
    ("country_code", "family"),
    [
        ("CN", "SC"),
        ("MY", "SC"),
        ("TW", "TC"),
        ("HK", "HK"),
        ("MO", "HK"),
        ("JP", "JP"),
        ("KR", "KR"),
        (None, "SC"),
    ],
)
def test_han_is_drawn_as_in_the_delegates_country(country_code, family):
    fonts = fonts_in(badge_pdf(replace(FACE, name="王直骨", country_code=country_code)))

    assert any(f"Noto-Sans-CJK-{family}" in name for name in fonts)


def test_a_badge_is_one_a6_page_with_a_language_and_a_title():
    document = badge_pdf(replace(FACE, language="ms"))

    with pikepdf.open(io.BytesIO(document)) as opened:
        (page,) = opened.pages
        assert [round(float(edge)) for edge in page.mediabox] == [0, 0, PAGE_WIDTH, PAGE_HEIGHT]
        assert opened.Root.Lang == "ms"
        assert opened.docinfo["/Title"] == "Smart City Expo Kuala Lumpur 2025 · KL-04217"


def test_the_code_is_nowhere_in_the_document_but_in_the_symbol():
    document = badge_pdf(FACE)

    with pikepdf.open(io.BytesIO(document)) as opened:
        streams = [item.read_bytes() for item in opened.objects if isinstance(item, pikepdf.Stream)]
        words = str(opened.docinfo) + text_of(page_of(document))
    assert FACE.code not in words
    assert not any(FACE.code.encode() in part for part in (document, *streams))


def test_the_code_is_not_in_the_words_for_a_face():
    assert FACE.code not in f"{FACE!r} {FACE}"


def test_a_symbol_is_35_mm_with_four_modules_of_white_around_it():
    page = page_of(badge_pdf(FACE))

    (left, bottom, right, top) = next(page.get_objects([pdfium.FPDF_PAGEOBJ_IMAGE])).get_bounds()
    quiet = (right - left) / 25 * 4
    nearest = [
        box
        for box in text_boxes(page)
        if box[1] < top + quiet
        and box[3] > bottom - quiet
        and box[0] < right + quiet
        and box[2] > left - quiet
    ]
    assert (right - left) / MM == pytest.approx(35, abs=0.1)
    assert nearest == []


@settings(max_examples=12, deadline=None)
@given(
    st.text(st.characters(codec="utf-8", categories=["L", "M", "N", "P", "Zs"]), min_size=1, max_size=100),
    st.text(CROCKFORD, min_size=29, max_size=29),
)
def test_any_name_makes_one_page_whose_code_is_read(name, code):
    page = page_of(badge_pdf(replace(FACE, name=name, code=code)))

    assert codes_on(page) == [code]
    for left, bottom, right, top in text_boxes(page):
        assert left >= 0
        assert right <= PAGE_WIDTH
        assert bottom >= 0
        assert top <= PAGE_HEIGHT


def test_empty_lines_leave_no_trace():
    bare = replace(FACE, honorific="", organisation=" ", country="", venue_line="")

    page = page_of(badge_pdf(bare))

    assert len(text_boxes(page)) == 3
    assert codes_on(page) == [FACE.code]


@pytest.mark.parametrize(
    ("colour", "ink"),
    [
        ("#ffffff", "#000000"),
        ("#000000", "#ffffff"),
        ("#1d4ed8", "#ffffff"),
        ("#f59e0b", "#000000"),
        ("navy", "#ffffff"),
    ],
)
def test_the_category_is_readable_on_its_colour(colour, ink):
    assert readable_ink(colour) == ink


def test_a_colour_that_is_none_is_refused():
    with pytest.raises(Refusal, match="is no colour"):
        badge_pdf(replace(FACE, colour="red; background: url(http://x)"))


def test_a_line_longer_than_any_entrance_allows_is_refused():
    with pytest.raises(Refusal, match="a line of 401 characters"):
        badge_pdf(replace(FACE, organisation="x" * 401))


def test_an_unknown_layout_is_refused_with_those_there_are():
    with pytest.raises(Refusal, match=r"no badge layout '\.\./a6', but a6"):
        badge_pdf(FACE, layout="../a6")


def test_the_layouts_reach_for_nothing_outside():
    for stylesheet in layouts.LAYOUTS.glob("*/*"):
        assert not re.search(r"@import|url\(|http|file:", stylesheet.read_text("utf-8"))


def test_this_machine_has_the_fonts_of_all_living_scripts():
    assert missing_fonts() == []


def test_what_cannot_be_printed_is_known_before_anything_is():
    run = [numbered(number, name=f"Ana {number}") for number in range(5)]
    run[1] = replace(run[1], organisation=f"{NO_GLYPH} Ltd {NO_GLYPH}")
    run[3] = replace(run[3], name=f"{OTHER_NO_GLYPH}{NO_GLYPH}", category=NO_GLYPH)

    assert unprintable(run) == {"KL-00001": NO_GLYPH, "KL-00003": OTHER_NO_GLYPH + NO_GLYPH}
    assert unprintable(run[1:2]) == {"KL-00001": NO_GLYPH}
    assert unprintable(run[:1]) == unprintable([]) == {}


def test_what_is_said_to_be_printable_is_printed_with_real_glyphs(hard):
    faces, report, _ = hard
    odd = numbered(900, name="\u200b\u202e \u0301\ufe0f")

    assert unprintable(faces) == dict.fromkeys(report.missing_glyphs, "")
    assert unprintable([odd]) == {}
    assert print_badges([odd], io.BytesIO(), on_page=lambda _: None).missing_glyphs == ()


def test_each_character_is_looked_for_once(monkeypatch):
    asked = []
    look = pdf.missing_characters
    monkeypatch.setattr(pdf, "missing_characters", lambda text: (asked.append(text), look(text))[1])
    faces = [numbered(number, name="\u0b85\u0b86 Ǽ ǽ") for number in range(3)]

    unprintable(faces)
    unprintable(faces)

    assert len(asked) <= 1


def test_a_long_run_keeps_its_order_and_tells_of_every_page(tmp_path):
    out = tmp_path / "run.pdf"
    run = [numbered(number) for number in range(61)]
    run[7] = replace(run[7], name=f"Ana {NO_GLYPH}")
    run[59] = replace(run[59], organisation=f"{NO_GLYPH} Ltd")
    told: list[int] = []

    report = write_badges(iter(run), out, on_page=told.append)

    assert report.pages == sum(told) == 61
    assert report.missing_glyphs == ("KL-00007", "KL-00059")
    with pypdfium2.PdfDocument(out) as document:
        assert [text_of(page).split()[-1] for page in document] == [face.reference for face in run]
        assert [codes_on(document[number]) for number in (0, 30, 31, 60)] == [
            [run[number].code] for number in (0, 30, 31, 60)
        ]
        assert document.get_metadata_value("Title") == FACE.event
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("pages", [3, 60])
def test_a_run_that_fails_leaves_what_was_there(pages, tmp_path):
    out = tmp_path / "run.pdf"
    out.write_bytes(b"yesterday's")
    run = [numbered(number) for number in range(pages)]
    run[-1] = replace(run[-1], code="too short a code? no: too long")

    with pytest.raises(ValueError, match="A badge code"):
        write_badges(run, out, on_page=lambda _: None)

    assert list(tmp_path.iterdir()) == [out]
    assert out.read_bytes() == b"yesterday's"


def test_a_run_of_no_badges_is_refused(tmp_path):
    with pytest.raises(Refusal, match="no badges to print"):
        write_badges([], tmp_path / "run.pdf", on_page=lambda _: None)

    assert list(tmp_path.iterdir()) == []


INTERRUPTED = """
import os, signal
from pathlib import Path
from checkin.documents.badges import BadgeFace, write_badges

if __name__ == "__main__":
    face = BadgeFace(**{face})
    try:
        write_badges([face] * 90, Path("out/run.pdf"), on_page=lambda _: os.killpg(0, signal.SIGINT))
    except KeyboardInterrupt:
        print("stopped")
"""


def test_ctrl_c_ends_a_run_without_a_trace(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "run.py").write_text(INTERRUPTED.format(face=asdict(FACE)))

    run = subprocess.run(
        [sys.executable, "run.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=120,
    )

    assert (run.stdout, run.stderr, run.returncode) == ("stopped\n", "", 0)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("layout", layout_names())
def test_a_short_form_is_printed_where_the_name_has_no_room_in_two_lines(layout: str) -> None:
    long, short = numbered(1, name=LONG_NAMES[0], short_name="Maria W-F"), numbered(2, short_name="Short")

    assert short_names_wanted([replace(long, short_name=""), long, short], layout=layout) == ["KL-00001"]
    assert "Maria W-F" in text_of(page_of(badge_pdf(long, layout=layout)))
    assert "Short" not in text_of(page_of(badge_pdf(short, layout=layout)))
