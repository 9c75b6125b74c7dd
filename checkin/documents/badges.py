"""Badges as PDF pages, one for a delegate or a print run of thousands; it owns no table."""

import logging
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import IO, NamedTuple

from jinja2 import Template
from markupsafe import Markup
from PIL import ImageColor

from checkin.adapters import pdf, qr
from checkin.adapters.stamping import Block, Design, Setting, Stamp, Typesetter, print_pages
from checkin.documents import scripts
from checkin.documents.fitting import Text, fit, fit_at_a_glance, is_read_at_a_glance, paragraph
from checkin.documents.layouts import (
    OWN_LINES,
    SHARED_LINES,
    LayoutFiles,
    SheetFiles,
    read_layout,
    wrong,
)
from checkin.errors import Refusal

LONGEST_LINE = 400  # characters: entrances allow 100 for a name and 300 for an organisation

# Badges on a sheet are cut 6 mm apart. On a page of their own, crop marks begin 5 mm outside, as far as any colour
# goes: they would be drawn beneath it.
_BLEED_ON_SHEET = "\n@page { bleed: 3mm }"
_BLEED_AND_MARKS = "\n@page { bleed: 10mm; marks: crop }"
# So many looks of a layout are kept laid out, and so many lines fitted.
_LOOKS, _FITTED = 64, 8_192
# Whoever wants a badge meanwhile waits for so many names to be measured, which takes 50 ms.
_MEASURED_AT_ONCE = 200
# Of 10 to 100 kB each.
_KEPT = 64

# By which layouts name the logo.
LOGO = "given:logo"
_LOGO = Markup('<img class="logo" src="{}" alt="">').format(LOGO)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BadgeFace:
    """All that a badge shows.

    `country` is the name to print (may be empty), `country_code` its ISO 3166-1 alpha-2 code, which decides
    how Han is drawn. `short_name` (may be empty) stands where `name` has no room in two lines. `colour` is the
    category's, as `#rrggbb` or a CSS name. `code` is printed as a QR code only. `days` are lines about the
    event's days. `language` (BCP 47) is that of the document. `logo` is the event's, as PNG; empty for none.
    """

    reference: str
    honorific: str
    name: str
    organisation: str
    country: str
    country_code: str | None
    category: str
    colour: str
    code: str = field(repr=False)
    event: str
    venue_line: str
    short_name: str = ""
    days: tuple[str, ...] = ()
    language: str = "en"
    logo: bytes = field(default=b"", repr=False)


class Look(NamedTuple):
    """What the badges of one category share."""

    category: str
    colour: str
    event: str
    venue_line: str
    days: tuple[str, ...]
    language: str
    logo: bytes = b""


@dataclass(frozen=True)
class PrintReport:
    """What a print run made: its pages, and in its order the references on which a character had no glyph."""

    pages: int
    missing_glyphs: tuple[str, ...]


class Layout:
    """A layout in which badges are printed, with bleed or without; raises Refusal where its sheet is wrong."""

    def __init__(self, files: LayoutFiles, *, bleed: bool) -> None:
        self.rooms = files.rooms
        self._files = files
        self.stylesheet = files.stylesheet
        if bleed:
            self.stylesheet += _BLEED_ON_SHEET if files.sheet else _BLEED_AND_MARKS
        self._sheet = _sheet(files.name, files.sheet, bleed=bleed) if files.sheet else None
        self.typesetter = Typesetter(self.stylesheet)
        self.design = lru_cache(maxsize=_LOOKS)(self._design)
        self._fitted = lru_cache(maxsize=_FITTED)(self._fit)

    def sheet(self, look: Look) -> Design:
        """The design that is as large as a page."""
        return self._sheet or self.design(look)

    @property
    def badges_a_page(self) -> int:
        """How many badges a page has room for."""
        return len(self._sheet.places) if self._sheet else 1

    def stamps(self, faces: Sequence[BadgeFace]) -> list[Stamp]:
        """What a page shows of these badges."""
        if self._sheet is None:
            return [self._stamp(face, (0.0, 0.0)) for face in faces]
        slots = zip(faces, self._sheet.places, strict=False)
        # The sheet's own marks are drawn over the badges.
        return [*(self._stamp(face, (slot.x, slot.y)) for face, slot in slots), Stamp(self._sheet, {}, b"")]

    def blocks(self, face: BadgeFace) -> dict[str, Block]:
        """A badge's own lines that aren't empty, as they are set."""
        return {kind: self.block(face, kind) for kind in OWN_LINES if getattr(face, kind).strip()}

    def block(self, face: BadgeFace | Look, kind: str) -> Block:
        """One line, as it is set; raises Refusal for one of more than 400 characters."""
        text: str = getattr(face, kind)
        if len(text) > LONGEST_LINE:
            whose = getattr(face, "reference", "of this category")
            raise Refusal(
                "line_too_long",
                f"Badge {whose} has a line of {len(text)} characters; the most is {LONGEST_LINE}.",
            )
        short = getattr(face, "short_name", "") if kind == "name" else ""
        return self._fitted(kind, text, short, getattr(face, "country_code", None))

    def asks_for_a_short_name(self, face: BadgeFace) -> bool:
        """Whether the name has no room in two lines of a size that is read at a glance, nor has its short form."""
        names = filter(None, (face.name.strip(), face.short_name.strip()))
        texts = (_text("name", name, face.country_code) for name in names)
        room, measure = self.rooms["name"], self.typesetter.extent
        return not any(is_read_at_a_glance(text, room, measure=measure) for text in texts)

    def html(self, look: Look, lines: dict[str, Markup]) -> str:
        """A badge's HTML with these lines (and `code`) in its places."""
        shared = {
            kind: paragraph(self.block(look, kind)) for kind in SHARED_LINES if getattr(look, kind).strip()
        }
        return _rendered(
            self._files.badge,
            self._files.template,
            **{**dict.fromkeys((*SHARED_LINES, *OWN_LINES, "code"), Markup()), **shared, **lines},
            title=look.event,
            language=look.language,
            category_name=look.category,
            colour=_colour(look.colour),
            ink=readable_ink(_colour(look.colour)),
            days=look.days,
            logo=_LOGO if look.logo else "",
        )

    def marked(self, look: Look) -> str:
        """A badge's HTML in which a mark stands for each of its own lines and for the code."""
        marks = {kind: Markup('<p data-line="{}"></p>').format(kind) for kind in (*OWN_LINES, "code")}
        return self.html(look, marks)

    def height_of(self, kinds: Iterable[str]) -> float:
        """The most that these lines may take, one below the other, in millimetres."""
        height = margin = 0.0
        for kind in kinds:
            above, below = self.typesetter.margins(Setting(kind, "en", "ltr"))
            height += max(margin, above) + self.rooms[kind].height
            margin = below
        return height + margin

    def _design(self, look: Look) -> Design:
        return _laid_out(self._files.badge, "badge.html", self.marked(look), self.stylesheet, look.logo)

    def _stamp(self, face: BadgeFace, where: tuple[float, float]) -> Stamp:
        return Stamp(self.design(look_of(face)), self.blocks(face), qr.badge_bitmap(face.code), where)

    def _fit(self, kind: str, line: str, short: str, country_code: str | None) -> Block:
        room, measure = self.rooms[kind], self.typesetter.extent
        whole = _text(kind, line, country_code)
        if not short.strip():
            return fit(whole, room, measure=measure)
        shortened = _text(kind, short, country_code)
        return fit_at_a_glance(whole, room, measure=measure) or fit(shortened, room, measure=measure)


def _text(kind: str, line: str, country_code: str | None) -> Text:
    return Text(kind, line, scripts.language(line, country_code=country_code), scripts.direction(line))


@cache
def badge_layout(name: str, *, bleed: bool = False) -> Layout:
    """The layout of that name; raises like `read_layout`."""
    files = read_layout(name)
    with pdf.one_at_a_time:
        return Layout(files, bleed=bleed)


def look_of(face: BadgeFace) -> Look:
    """What a badge has in common with the others of its category."""
    return Look(face.category, face.colour, face.event, face.venue_line, face.days, face.language, face.logo)


@lru_cache(maxsize=_KEPT)
def badge_pdf(face: BadgeFace, *, layout: str = "a6", opens_print: bool = False) -> bytes:
    """One badge as a PDF of one page; the last ones are kept. With `opens_print` it shows the print dialogue itself.

    Raises Refusal for an unknown layout, a colour that is none, and a line of more than 400 characters;
    ValueError for a code that is no badge code.
    """
    out = BytesIO()
    title = f"{face.event} · {face.reference}"
    chosen = badge_layout(layout)
    if _print([face], out, chosen, title=title, on_page=lambda _: None, opens_print=opens_print):
        log.warning("Badge %s has a character for which no font has a glyph.", face.reference)
    return out.getvalue()


def write_badges(
    faces: Iterable[BadgeFace],
    out: Path,
    *,
    layout: str = "a6",
    bleed: bool = False,
    on_page: Callable[[int], None],
) -> PrintReport:
    """A print run's file, written to `out` at once when all are done; whatever goes wrong, `out` stays as it was.

    Raises like `print_badges`.
    """
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".badges-") as folder:
        whole = Path(folder, "whole.pdf")
        with whole.open("wb") as file:
            report = print_badges(faces, file, layout=layout, bleed=bleed, on_page=on_page)
        whole.replace(out)
    return report


def print_badges(
    faces: Iterable[BadgeFace],
    out: IO[bytes],
    *,
    layout: str = "a6",
    bleed: bool = False,
    on_page: Callable[[int], None],
) -> PrintReport:
    """Badges in their order, as one PDF; `on_page` is told each time how many more are done.

    Raises like `badge_pdf`, and Refusal for a run of no badges.
    """
    run = list(faces)
    if not run:
        raise Refusal("no_badges", "There are no badges to print.")
    chosen = badge_layout(layout, bleed=bleed)
    missing = _print(run, out, chosen, title=run[0].event, on_page=on_page)
    return PrintReport(len(run), tuple(missing))


def _print(
    run: Sequence[BadgeFace],
    out: IO[bytes],
    layout: Layout,
    *,
    title: str,
    on_page: Callable[[int], None],
    opens_print: bool = False,
) -> list[str]:
    """Write the badges; the references on which a character had no glyph, in order."""
    size = layout.badges_a_page
    pages = [run[start : start + size] for start in range(0, len(run), size)]

    def compose(page: Sequence[BadgeFace]) -> list[Stamp]:
        stamps = layout.stamps(page)
        on_page(len(page))
        return stamps

    look = look_of(run[0])
    with pdf.one_at_a_time:
        lacking = print_pages(
            pages,
            compose,
            out,
            sheet=layout.sheet(look),
            typesetter=layout.typesetter,
            title=title,
            language=look.language,
            opens_print=opens_print,
        )
    return [pages[page][stamp].reference for page, stamp in lacking]


def unprintable(faces: Iterable[BadgeFace]) -> dict[str, str]:
    """The characters for which no font has a glyph, by the reference of the badge; badges without such are left out.

    What was once looked for is kept, so that another run costs next to nothing. Raises Refusal without Pango.
    """
    lines = [(face.reference, _all_lines(face)) for face in faces]
    lacking = _lacking(set().union(*(line for _, line in lines)))
    if not lacking:
        return {}
    found = ((reference, "".join(sorted(lacking.intersection(line)))) for reference, line in lines)
    return {reference: characters for reference, characters in found if characters}


def short_names_wanted(faces: Sequence[BadgeFace], *, layout: str = "a6") -> list[str]:
    """The references of badges whose names would be printed small, so that a short form had better be given.

    Raises Refusal for an unknown layout, and without Pango.
    """
    chosen = badge_layout(layout)
    wanted = []
    for start in range(0, len(faces), _MEASURED_AT_ONCE):
        some = faces[start : start + _MEASURED_AT_ONCE]
        with pdf.one_at_a_time:
            wanted += [face.reference for face in some if chosen.asks_for_a_short_name(face)]
    return wanted


def _all_lines(face: BadgeFace) -> str:
    return " ".join(getattr(face, kind) for kind in (*SHARED_LINES, *OWN_LINES, "short_name"))


# Characters that were looked for, and whether a font has them: as long as the process runs, fonts stay what they are.
_known_characters: dict[str, bool] = {}


def _lacking(characters: set[str]) -> set[str]:
    new = sorted(characters - _known_characters.keys())
    if new:
        missing = pdf.missing_characters(" ".join(new))
        # The spaces between them may be said to lack in a font that has no space.
        _known_characters.update((character, character not in missing) for character in new)
        _known_characters[" "] = True
    return {character for character in characters if not _known_characters[character]}


def missing_fonts() -> list[str]:
    """The scripts that this machine can't print, by name; raises Refusal without Pango."""
    missing = set(pdf.missing_characters("\n".join(scripts.SAMPLES.values())))
    return [name for name, sample in scripts.SAMPLES.items() if missing & set(sample)]


def readable_ink(colour: str) -> str:
    """Black or white as `#rrggbb`, whichever has more contrast on a colour (WCAG 2.2, relative luminance)."""
    on_white, on_black = contrast(colour, "#ffffff"), contrast(colour, "#000000")
    return "#000000" if on_black >= on_white else "#ffffff"


def contrast(colour: str, other: str) -> float:
    """How much two colours stand out from each other, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    darker, lighter = sorted((_luminance(colour), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in ImageColor.getrgb(colour)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _colour(colour: str) -> str:
    try:
        red, green, blue = ImageColor.getrgb(colour)[:3]
    except ValueError:
        raise Refusal("unknown_colour", f"{colour[:40]!r} is no colour; write it as #1a5fb4.") from None
    return f"#{red:02x}{green:02x}{blue:02x}"


def _sheet(name: str, files: SheetFiles, *, bleed: bool) -> Design:
    return _laid_out(name, "sheet.html", _rendered(name, files.template, bleed=bleed), files.stylesheet)


def _rendered(folder: str, template: Template, /, **variables: object) -> str:
    try:
        return template.render(**variables)
    except Exception as error:
        # What stands in a template is run, and may fail in any way.
        raise wrong(folder, template.name or "", f"{error}.") from error


def _laid_out(name: str, file: str, html: str, stylesheet: str, logo: bytes = b"") -> Design:
    try:
        with pdf.one_at_a_time:
            return Design(html, stylesheet=stylesheet, images={LOGO: logo} if logo else {})
    except ValueError as error:
        raise wrong(name, file, str(error)) from error
