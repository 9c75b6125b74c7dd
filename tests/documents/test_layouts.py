"""Every badge layout, with names in every script: as WeasyPrint lays it out, in its places, and read by two readers."""

import io
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter, ImageOps
from pyzbar import pyzbar

from checkin.adapters import qr
from checkin.adapters.stamping import Place
from checkin.documents import scripts
from checkin.documents.badges import BadgeFace, Layout, badge_layout, look_of, write_badges
from checkin.documents.layouts import layout_names
from tests.adapters.test_pdf import SECRET, VECTORS, everything_in, hide_secrets, web_server
from tests.documents.rasters import DPI, beyond_a_pixel, elsewhere, ink_of_pages, plain_run
from tests.documents.test_badges import FACE, HARD_FACES, HOSTILE, fonts_in, numbered, text_of

POINTS = 72 / 96  # of a CSS pixel
MM = 72 / 25.4
# Six pixels a millimetre, at which the badges of a sheet begin where pixels do; were it more by the breadth of a hair,
# sheets would be one pixel wider, and stretched.
SHEET_DPI = 6 * 25.4 - 0.01

# In which the states of the world and Malaysia's neighbours write their names, and one that is pictures.
WRITTEN = (
    *("Arabic", "Armenian", "Bengali", "Cyrillic", "Devanagari", "Emoji", "Ethiopic", "Georgian", "Greek"),
    *("Gujarati", "Gurmukhi", "Han", "Hangul", "Hebrew", "Hiragana and Katakana", "Javanese", "Kannada"),
    *("Khmer", "Lao", "Latin", "Malayalam", "Myanmar", "Odia", "Sinhala", "Tamil", "Telugu", "Thaana"),
    *("Thai", "Tibetan"),
)
FACES = HARD_FACES + [
    numbered(100 + number, honorific="", name=scripts.SAMPLES[name], organisation=scripts.SAMPLES[name])
    for number, name in enumerate(WRITTEN)
]
ALL = FACES + [
    numbered(500 + number, name=name, organisation=organisation)
    for number, (name, organisation) in enumerate(HOSTILE)
]
PRINTS = [(layout, bleed) for layout in layout_names() for bleed in (False, True)]
IDS = [f"{layout}{' with bleed' * bleed}" for layout, bleed in PRINTS]

# A sheet is laid out as the badges on it are.
LAID_OUT = [layout for layout in layout_names() if badge_layout(layout).badges_a_page == 1]

# By so much may a line's ink leave its place, in millimetres: the descenders of the largest names, and the glyphs
# that begin a little left of where they stand.
BELOW, BESIDE = 1.0, 0.5
HAIR = 0.02  # points; what rounding makes


class Rectangle(NamedTuple):
    left: float
    bottom: float
    right: float
    top: float

    def holds(self, other: "Rectangle", *, below: float = 0.0, beside: float = 0.0) -> bool:
        return (
            self.left - beside - HAIR <= other.left
            and self.bottom - below - HAIR <= other.bottom
            and other.right <= self.right + beside + HAIR
            and other.top <= self.top + HAIR
        )


def chosen(bleed: bool) -> list[BadgeFace]:
    """Those of a print run. Bleed moves a page as a whole: it needs no more than some."""
    return FACES[::3] if bleed else ALL


@cache
def printed(layout: str, bleed: bool) -> bytes:
    """A print run of the chosen."""
    return run_of(chosen(bleed), layout, bleed=bleed)


def run_of(faces: list[BadgeFace], layout: str, *, bleed: bool = False) -> bytes:
    with TemporaryDirectory() as folder:
        out = Path(folder, "run.pdf")
        write_badges(faces, out, layout=layout, bleed=bleed, on_page=lambda _: None)
        return out.read_bytes()


@contextmanager
def pages_of(layout: str, bleed: bool) -> Iterator[Iterator[tuple[pypdfium2.PdfPage, list[BadgeFace]]]]:
    """The pages of `printed`, each with its faces."""
    size, faces = badge_layout(layout).badges_a_page, chosen(bleed)
    with pypdfium2.PdfDocument(printed(layout, bleed)) as document:
        yield zip(
            document, (faces[start : start + size] for start in range(0, len(faces), size)), strict=True
        )


def slots(layout: Layout) -> list[tuple[float, float]]:
    """Where badges stand on a page, in CSS pixels."""
    page = layout.sheet(look_of(FACE))
    return [(0.0, 0.0)] if layout.badges_a_page == 1 else [(slot.x, slot.y) for slot in page.places]


def places_on(page: pypdfium2.PdfPage, layout: Layout) -> tuple[list[Rectangle], list[Rectangle]]:
    """The places for lines and those for codes on a page, in points from its lower left."""
    lines, codes = [], []
    for x, y in slots(layout):
        for place in layout.design(look_of(FACE)).places:
            found = _rectangle(place, x, y, foot=page.get_trimbox()[3])
            (codes if place.kinds == ("code",) else lines).append(found)
    return lines, codes


def _rectangle(place: Place, x: float, y: float, *, foot: float) -> Rectangle:
    left, top = (place.x + x) * POINTS, foot - (place.y + y) * POINTS
    return Rectangle(left, top - place.height * POINTS, left + place.width * POINTS, top)


def stamped_on(page: pypdfium2.PdfPage, kind: int) -> list[Rectangle]:
    """What is printed on the design; what belongs to it lies one level deeper."""
    return [Rectangle(*item.get_bounds()) for item in page.get_objects([kind], max_depth=1)]


def grey(page: pypdfium2.PdfPage, *, dpi: float) -> Image.Image:
    return page.render(scale=dpi / 72, grayscale=True).to_pil()


def symbols_of(layout: str, *, dpi: float) -> Iterator[tuple[str, Image.Image, float]]:
    """Four badges' codes, each as it is printed within its quiet zone, and how many pixels a module has."""
    design = badge_layout(layout).design(look_of(FACE))
    place = next(place for place in design.places if place.kinds == ("code",))
    scale = dpi / 96
    module = place.width / qr.BADGE_MODULES
    quiet = module * qr.QUIET_ZONE
    box = (place.x - quiet, place.y - quiet, place.x + place.width + quiet, place.y + place.height + quiet)
    with pypdfium2.PdfDocument(_four(layout)) as document:
        for number, page in enumerate(document):
            picture = grey(page, dpi=dpi).crop(tuple(round(edge * scale) for edge in box))
            yield numbered(number).code, picture, module * scale


@cache
def _four(layout: str) -> bytes:
    return run_of([numbered(number) for number in range(4)], layout)


def solid(text: str) -> str:
    """A text without white space, which line breaks change."""
    return re.sub(r"\s", "", text)


def read_from(page: pypdfium2.PdfPage) -> str:
    """A page's text but for white space; where a line ends with a hyphen the reader has a sign of its own for it."""
    return solid(text_of(page)).replace("\ufffe", "-")


def readable(text: str) -> str:
    """What of a text the reader can tell: it passes over what lies beyond Unicode's first plane."""
    return re.sub("[^\0-\uffff]", "", solid(text))


def read_by_zxing(picture: Image.Image) -> list[str]:
    return sorted(found.text for found in zxingcpp.read_barcodes(picture))


def read_by_zbar(picture: Image.Image) -> list[str]:
    return sorted(found.data.decode() for found in pyzbar.decode(picture, symbols=[pyzbar.ZBarSymbol.QRCODE]))


# --- how it looks -------------------------------------------------------------------------------------------


# The A6 badge itself: test_stamped.py.
@pytest.mark.parametrize(("name", "bleed"), PRINTS[1:], ids=IDS[1:])
def test_a_stamped_layout_looks_as_weasyprint_lays_it_out(name: str, bleed: bool) -> None:
    layout = badge_layout(name, bleed=bleed)
    on_sheet = layout.badges_a_page > 1
    # A sheet shows the badges of another layout, and what is folded shows twice what A6 does.
    faces = FACES[:: 11 if bleed or on_sheet else 3 if name == "a4-fold" else 1]

    dpi = SHEET_DPI if on_sheet else DPI
    stamped = ink_of_pages(run_of(faces, name, bleed=bleed), dpi=dpi)
    plain = ink_of_pages(plain_run(faces, badge_layout("a6") if on_sheet else layout), dpi=dpi)

    if on_sheet:
        stamped = [badge for page in stamped for badge in _cut(page, layout)][: len(faces)]
        plain = [_without_edges(page) for page in plain]
    for face, one, other in zip(faces, stamped, plain, strict=True):
        # Emoji are pictures, whose edges readers blur as they like.
        pictures = "🚀" in face.name
        assert beyond_a_pixel(one, other) < 0.005 if pictures else beyond_a_pixel(one, other) == 0, face.name
        assert elsewhere(one, other) < 0.01 or pictures or on_sheet, face.name


def _cut(sheet: Image.Image, layout: Layout) -> Iterator[Image.Image]:
    """The badges of a sheet."""
    scale = SHEET_DPI / 96
    page = layout.design(look_of(FACE)).page
    for x, y in slots(layout):
        box = (x, y, x + page.width, y + page.height)
        yield _without_edges(sheet.crop(tuple(round(edge * scale) for edge in box)))


def _without_edges(badge: Image.Image) -> Image.Image:
    """A badge but for its outermost millimetre, on which a sheet says where to cut."""
    return ImageOps.crop(badge, 6)


@pytest.mark.parametrize(("name", "bleed"), PRINTS, ids=IDS)
def test_no_font_of_a_layout_draws_the_missing_glyph(name: str, bleed: bool) -> None:
    fonts = fonts_in(printed(name, bleed))

    assert len(fonts) >= 20
    assert not any(fonts.values())


@pytest.mark.parametrize(("name", "bleed"), PRINTS, ids=IDS)
def test_lines_and_codes_stand_in_the_places_of_a_layout(name: str, bleed: bool) -> None:
    layout = badge_layout(name, bleed=bleed)

    with pages_of(name, bleed) as pages:
        for page, faces in pages:
            places, codes = places_on(page, layout)
            pictures = stamped_on(page, pdfium.FPDF_PAGEOBJ_IMAGE)
            symbols = [one for one in pictures if any(code.holds(one) for code in codes)]
            lines = stamped_on(page, pdfium.FPDF_PAGEOBJ_TEXT) + [
                one for one in pictures if one not in symbols
            ]

            assert len(symbols) == len(codes) * len(faces) // layout.badges_a_page
            for line in lines:
                within = any(place.holds(line, below=BELOW * MM, beside=BESIDE * MM) for place in places)
                assert within, (line, [face.name for face in faces])


# --- its code -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "bleed"), PRINTS, ids=IDS)
def test_two_readers_read_every_badge_of_a_layout(name: str, bleed: bool) -> None:
    with pages_of(name, bleed) as pages:
        for page, faces in pages:
            picture = grey(page, dpi=150)
            codes = sorted(face.code for face in faces) * (2 if name == "a4-fold" else 1)

            assert read_by_zxing(picture) == sorted(codes)
            assert read_by_zbar(picture) == sorted(codes)


@pytest.mark.parametrize("dpi", [100, 150, 300])
@pytest.mark.parametrize("name", LAID_OUT)
def test_two_readers_read_a_code_that_is_turned_and_blurred(name: str, dpi: int) -> None:
    for code, picture, module in symbols_of(name, dpi=dpi):
        blurred = picture.filter(ImageFilter.GaussianBlur(0.3 * module))
        for turn in (23, 180):
            seen = blurred.rotate(turn, Image.Resampling.BICUBIC, expand=True, fillcolor=255)

            assert read_by_zxing(picture) == read_by_zxing(seen) == [code], turn
            assert read_by_zbar(picture) == read_by_zbar(seen) == [code], turn


@pytest.mark.parametrize("colour", [0, 255], ids=["black", "white"])
@pytest.mark.parametrize(("share", "read"), [(0.05, 1.0), (0.1, 0.75)])
def test_a_code_with_a_spot_on_it_is_read(share: float, read: float, colour: int) -> None:
    """Level Q mends 11 of 44 codewords, of eight modules each: a spot of a tenth of the symbol reaches up to 15."""
    draw = random.Random(18004)
    seen = []
    for _ in range(25):
        for code, picture, module in symbols_of("card", dpi=150):
            x, y, side = _spot(draw, share)
            box = [(qr.QUIET_ZONE + edge) * module for edge in (x, y, x + side, y + side)]
            ImageDraw.Draw(picture).rectangle(box, fill=colour)
            seen.append(read_by_zxing(picture) == [code])

    assert sum(seen) / len(seen) >= read


def _spot(draw: random.Random, share: float) -> tuple[float, float, float]:
    """Left, top and side of a square of this share of a symbol, in modules, which touches no finder."""
    side = qr.BADGE_MODULES * share**0.5
    while True:
        x, y = (draw.uniform(0, qr.BADGE_MODULES - side) for _ in "xy")
        if not (min(x, y) < 8 and max(x, y) < 8) and not any(
            one < 8 and other + side > qr.BADGE_MODULES - 8 for one, other in ((x, y), (y, x))
        ):
            return x, y, side


# --- what a machine reads of it -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", layout_names())
def test_names_are_read_from_a_page_as_they_were_written(name: str) -> None:
    with pages_of(name, bleed=False) as pages:
        for page, faces in pages:
            text = read_from(page)

            for face in faces:
                for line in (face.name, face.organisation, face.reference):
                    # The reader turns round what stands beside a line from right to left.
                    assert readable(line) in text or scripts.direction(face.name) == "rtl", line


@pytest.mark.parametrize("name", layout_names())
def test_lines_from_left_to_right_stand_beside_their_glyphs_as_they_were_written(name: str) -> None:
    with pikepdf.open(io.BytesIO(printed(name, False))) as document:
        spoken = solid("".join(line for page in document.pages for line in _actual_texts(page)))

    for face in ALL:
        lines = [face.honorific, face.name, face.organisation, face.country, face.reference]
        written = [solid(line) for line in lines if scripts.direction(line) == "ltr"]
        for one, following in pairwise([line for line in written if line]):
            assert one + following in spoken, face.name


def _actual_texts(page: pikepdf.Page) -> Iterator[str]:
    for operands, operator in pikepdf.parse_content_stream(page):
        if str(operator) == "BDC" and "/ActualText" in operands[1]:
            yield str(operands[1].ActualText)


@pytest.mark.parametrize("name", layout_names())
def test_a_run_has_a_language_and_a_title_and_no_code_but_in_its_symbols(name: str) -> None:
    with pikepdf.open(io.BytesIO(printed(name, False))) as document:
        streams = [item.read_bytes() for item in document.objects if isinstance(item, pikepdf.Stream)]
        words = str(document.docinfo).encode()
        assert document.Root.Lang == FACE.language
        assert document.docinfo["/Title"] == FACE.event
    for part in (words, *streams):
        assert not any(form in part for face in ALL for form in _spellings(face.code))


def _spellings(code: str) -> tuple[bytes, ...]:
    return (
        code.encode(),
        code.encode("utf-16-be"),
        code.encode().hex().encode(),
        code.encode("utf-16-be").hex().encode(),
    )


@pytest.mark.parametrize("name", layout_names())
def test_markup_in_names_is_text_and_fetches_nothing(name: str, tmp_path: Path) -> None:
    folder = hide_secrets(tmp_path)

    with web_server() as (web, asked):
        vectors = [vector.format(web=web, folder=folder) for vector in VECTORS.values()]
        faces = [numbered(n, name=text, organisation=text[::-1]) for n, text in enumerate(vectors)]
        document = run_of(faces, name)

    assert asked == []
    assert SECRET not in everything_in(document)
    with pypdfium2.PdfDocument(document) as opened:
        assert len(opened) == -(-len(faces) // badge_layout(name).badges_a_page)
        text = "".join(read_from(page) for page in opened)
    for face in faces:
        assert readable(face.name) in text
        assert readable(face.organisation) in text


@pytest.mark.parametrize("name", layout_names())
def test_empty_and_longest_names_take_one_page_each(name: str) -> None:
    size = badge_layout(name).badges_a_page
    odd = ["", " ", "\u200b", "\u202e", "x" * 400, "\u0301" * 100, "{{ 7 * 7 }}", "%s%n", "(\\) Tj ET Q Q"]
    faces = [numbered(n, honorific=one, name=one, organisation=one, country=one) for n, one in enumerate(odd)]

    with pypdfium2.PdfDocument(run_of([face for face in faces for _ in range(size)], name)) as document:
        assert len(document) == len(faces)
        for page, face in zip(document, faces, strict=True):
            found = set(read_by_zxing(grey(page, dpi=150)))

            assert found == {face.code}
            assert face.reference in text_of(page)
