"""Designs laid out once by WeasyPrint, and lines of text stamped into copies of them: pages by the thousand.

What isn't public in WeasyPrint stays in this module and in `pdf.py`. Its version is pinned, and a test compares
what is stamped with WeasyPrint's own layout of the same page.
"""

import copy
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache, partial
from types import SimpleNamespace
from typing import IO, Any, ClassVar, NamedTuple, TypeVar

from checkin.adapters import pdf
from checkin.adapters.pdf import Extent
from checkin.adapters.qr import BADGE_MODULES

T = TypeVar("T")

# Texts are shaped at this size in CSS pixels, and scaled to the one at which they are printed.
_SHAPED_AT = 100.0
_PX_PER_POINT = 96 / 72
_PX_PER_MM = 96 / 25.4
_WORD_JOINER = "\u2060"
# Lines that are kept to be repeated: organisations and countries, where names come once.
_LINES_KEPT = 8_192


class Setting(NamedTuple):
    """How texts of a kind are set: a class of the stylesheet, a BCP 47 language, `ltr` or `rtl`, words cut or not."""

    kind: str
    language: str
    direction: str
    breaks_words: bool = False


class Block(NamedTuple):
    """A text to be stamped: its setting, its size in points, and the width in millimetres in which it is broken.

    The text isn't empty, and has no white space that HTML would not show.
    """

    setting: Setting
    text: str
    points: float
    width: float

    @property
    def scale(self) -> float:
        """From the size at which texts are shaped to that of this one."""
        return self.points * _PX_PER_POINT / _SHAPED_AT


class Place(NamedTuple):
    """A design's room for these kinds of lines, in CSS pixels; they stand at its `top`, `middle` or `bottom`."""

    x: float
    y: float
    width: float
    height: float
    align: str
    kinds: tuple[str, ...]


class Design:
    """A page of HTML, laid out. Its places are the elements with `data-place`, which hold those with `data-line`.

    `images` as in `pdf.render`. Raises ValueError for HTML that takes more than a page.
    """

    def __init__(self, html: str, *, stylesheet: str, images: Mapping[str, bytes] | None = None) -> None:
        with pdf.one_at_a_time:
            self.document = pdf.laid_out(html, stylesheet, images or {})
        if len(self.document.pages) != 1:
            raise ValueError(f"A design takes one page, this one {len(self.document.pages)}.")
        self.page = self.document.pages[0]
        self.places = tuple(_places(self.page._page_box))


def _places(page: Any) -> Iterator[Place]:
    for found in page.descendants(placeholders=True):
        box = getattr(found, "_box", found)
        element = getattr(box, "element", None)
        if element is None or element.get("data-place") is None:
            continue
        kinds = tuple(child.get("data-line") for child in element.iter() if child.get("data-line"))
        x, y = box.content_box_x(), box.content_box_y()
        yield Place(x, y, box.width, box.height, box.style["vertical_align"], kinds)


class Stamp(NamedTuple):
    """A copy of a design: its texts by kind, its QR code as `qr.badge_bitmap` has it, where it stands (CSS pixels)."""

    design: Design
    blocks: Mapping[str, Block]
    symbol: bytes
    where: tuple[float, float] = (0.0, 0.0)


class _Line(NamedTuple):
    """A line at the size at which texts are shaped; `layout` is there for lines of a text that was broken."""

    text: str
    width: float
    height: float
    baseline: float
    layout: Any = None


class _Reach(NamedTuple):
    height: float
    baseline: float


class _Set:
    """A setting as the stylesheet has it: WeasyPrint's style, and a layout of Pango's that is used again and again."""

    def __init__(self, setting: Setting, stylesheet: str) -> None:
        from weasyprint.text.line_break import Layout, strut

        block = _probe(setting, stylesheet)
        self.style = next(box.style for box in block.descendants() if hasattr(box, "pango_layout"))
        self.block = block.style
        self.margin_top, self.margin_bottom = block.margin_top, block.margin_bottom
        self._line_height, self._strut_baseline = strut(self.style)
        self._layout = Layout(self.style)
        self._layout.text = None
        self.whole = lru_cache(maxsize=_LINES_KEPT)(self._whole)
        self.broken = lru_cache(maxsize=1_024)(self._broken)

    def shaped(self, line: _Line) -> Any:
        """WeasyPrint's layout, in which the line's text is shaped."""
        if line.layout is not None:
            line.layout.reactivate(self.style)
            return line.layout
        if self._layout.text != line.text:
            self._layout.set_text(line.text)
        return self._layout

    def _whole(self, text: str) -> _Line:
        from weasyprint.text.ffi import FROM_UNITS, pango
        from weasyprint.text.line_break import line_size

        self._layout.set_text(text)
        line, _ = self._layout.get_first_line()
        width, height = line_size(line, self.style)
        return _Line(text, width, height, pango.pango_layout_get_baseline(self._layout.layout) * FROM_UNITS)

    def _broken(self, text: str, room: float) -> tuple[_Line, ...]:
        from weasyprint.text.line_break import split_first_line

        lines = []
        rest = text.encode()
        while rest:
            layout, _, resume, width, height, baseline = split_first_line(
                rest.decode(), self.style, None, room, 0
            )
            lines.append(_Line(layout.text, width, height, baseline, layout))
            rest = b"" if resume is None else rest[resume:].lstrip(b" ")
        return tuple(lines)

    def reach(self, line: _Line) -> _Reach:
        """The height of a line's box and its baseline therein: CSS 2.1, 10.8.1, with the strut."""
        baseline = line.baseline + (self._line_height - line.height) / 2
        above = max(baseline, self._strut_baseline)
        below = max(self._line_height - baseline, self._line_height - self._strut_baseline)
        return _Reach(above + below, above)

    def left(self, line: _Line, block: Block, place: Place) -> float:
        """Where a line begins: its block stands in its place by its margins, and it in its block by `text-align`."""
        width = block.width * _PX_PER_MM
        autos = self.block["margin_left"] == "auto", self.block["margin_right"] == "auto"
        start = place.x + (place.width - width) * {(True, True): 0.5, (True, False): 1.0}.get(autos, 0.0)
        side = self.block["text_align_all"]
        if side in ("start", "end"):
            side = "left" if (side == "start") == (self.block["direction"] == "ltr") else "right"
        return start + (width - line.width * block.scale) * {"center": 0.5, "right": 1.0}.get(side, 0.0)


def _probe(setting: Setting, stylesheet: str) -> Any:
    """The block of a text that stands for all of its setting, at the shaping size."""
    style = f"font-size: {_SHAPED_AT}px; width: {_SHAPED_AT * 100}px"
    if setting.breaks_words:
        style += "; overflow-wrap: anywhere"
    html = (
        f'<html lang="en"><body><p class="line {setting.kind}" lang="{setting.language}"'
        f' dir="{setting.direction}" style="{style}">x</p>'
    )
    document = pdf.laid_out(html, stylesheet + "\n@page { size: 9000mm }", {})
    boxes = document.pages[0]._page_box.descendants()
    return next(box for box in boxes if getattr(box, "element_tag", "") == "p" and hasattr(box, "margin_top"))


class Typesetter:
    """Breaks and measures the texts of one stylesheet. Whoever uses it holds `pdf.one_at_a_time`."""

    def __init__(self, stylesheet: str) -> None:
        self.set = cache(lambda setting: _Set(setting, stylesheet))

    def margins(self, setting: Setting) -> tuple[float, float]:
        """What a text keeps free above and below it, in millimetres."""
        how = self.set(setting)
        return how.margin_top / _PX_PER_MM, how.margin_bottom / _PX_PER_MM

    def extent(self, block: Block, at_most: int) -> Extent | None:
        """The room that a text takes; None where that is certainly more than `at_most` lines."""
        how = self.set(block.setting)
        scale = block.scale
        room, to_mm = block.width * _PX_PER_MM / scale, scale / _PX_PER_MM
        whole: _Line = how.whole(block.text)
        if whole.width <= room:
            return Extent(1, whole.width * to_mm, whole.width * to_mm, how.reach(whole).height * to_mm)
        # Where a line ends, a space is left out.
        if whole.width > room * at_most + _SHAPED_AT * (at_most - 1):
            return None
        lines = how.broken(block.text, room)
        widths = [line.width for line in lines]
        height = sum(how.reach(line).height for line in lines)
        return Extent(len(lines), max(widths) * to_mm, sum(widths) * to_mm, height * to_mm)

    def lines(self, block: Block) -> Sequence[_Line]:
        """A text's lines, at the shaping size."""
        how = self.set(block.setting)
        room = block.width * _PX_PER_MM / block.scale
        whole: _Line = how.whole(block.text)
        return (whole,) if whole.width <= room else how.broken(block.text, room)


class _Drawn(NamedTuple):
    operators: bytes
    lacks_a_glyph: bool


class _Press:
    """Draws stamps into one document, each design and each line once: later ones repeat its operators."""

    def __init__(self, typesetter: Typesetter) -> None:
        self._typesetter = typesetter
        self._designs: dict[int, str] = {}
        self._draw = lru_cache(maxsize=_LINES_KEPT)(self._draw_first)
        self._colour = cache(self._colour_of)
        self._scratch: Any = None
        self.heard_of_a_lack = False

    def stamp(self, stream: Any, stamp: Stamp) -> bool:
        """Draw one; whether it lacks a glyph."""
        self._scratch = self._scratch or stream.clone()
        lacks = False
        with stream.stacked():
            if stamp.where != (0.0, 0.0):
                stream.transform(e=stamp.where[0], f=stamp.where[1])
            stream.draw_x_object(self._design(stream, stamp.design))
            for place in stamp.design.places:
                if place.kinds == ("code",):
                    stream.stream.append(_symbol(stamp.symbol, place))
                else:
                    blocks = [stamp.blocks[kind] for kind in place.kinds if kind in stamp.blocks]
                    lacks |= self._fill(stream, place, blocks)
        return lacks

    def _design(self, stream: Any, design: Design) -> str:
        from weasyprint.draw import draw_page

        if id(design) not in self._designs:
            form = stream.add_group(*_with_bleed(design.page))
            # An opaque picture: printers are slow at groups.
            del form.extra["Group"]
            draw_page(design.page._page_box, form)
            self._designs[id(design)] = form.id
        return self._designs[id(design)]

    def _fill(self, stream: Any, place: Place, blocks: Sequence[Block]) -> bool:
        """Draw the blocks of a place, one below the other as CSS has it; whether one lacks a glyph."""
        rows, height = self._rows(blocks)
        free = place.height - height
        top = place.y + free * {"middle": 0.5, "bottom": 1.0}.get(place.align, 0.0)
        lacks = False
        for block, line, baseline in rows:
            drawn = self._draw(block.setting, line)
            left = self._typesetter.set(block.setting).left(line, block, place)
            stream.stream.append(
                b"q %.5f 0 0 %.5f %.3f %.3f cm" % (block.scale, block.scale, left, top + baseline)
            )
            stream.stream.append(drawn.operators)
            stream.stream.append(b"Q")
            lacks |= drawn.lacks_a_glyph
        return lacks

    def _rows(self, blocks: Sequence[Block]) -> tuple[list[tuple[Block, _Line, float]], float]:
        """The lines of blocks with their baselines from the top of the first, and the height of all."""
        rows = []
        height = margin = 0.0
        for block in blocks:
            how = self._typesetter.set(block.setting)
            # Margins between blocks collapse; those at the ends stay, as at the edges of a table's cell.
            height += max(margin, how.margin_top)
            for line in self._typesetter.lines(block):
                reach = how.reach(line)
                rows.append((block, line, height + reach.baseline * block.scale))
                height += reach.height * block.scale
            margin = how.margin_bottom
        return rows, height + margin

    def _draw_first(self, setting: Setting, line: _Line) -> _Drawn:
        from weasyprint.draw.text import draw_emojis, draw_first_line
        from weasyprint.matrix import Matrix

        how = self._typesetter.set(setting)
        layout = how.shaped(line)
        box = SimpleNamespace(text=line.text, style=how.style, pango_layout=layout, baseline=line.baseline)
        colour = self._colour(setting)
        stream, self.heard_of_a_lack = self._empty_scratch(), False
        stream.stream += [_spoken(line.text, setting), colour]
        stream.begin_text()
        emojis = draw_first_line(stream, box, "clip", "none", Matrix(d=-1))
        stream.end_text()
        draw_emojis(stream, how.style, 0, 0, emojis)
        stream.end_marked_content()
        if line.layout is not None:
            layout.deactivate()
        return _Drawn(_joined(stream), self.heard_of_a_lack)

    def _colour_of(self, setting: Setting) -> bytes:
        stream = self._empty_scratch()
        stream.set_color(self._typesetter.set(setting).style["color"])
        return _joined(stream)

    def _empty_scratch(self) -> Any:
        """A stream of this document that is on no page; it remembers nothing of the line before."""
        stream = self._scratch
        stream.stream = []
        stream._current_color = stream._current_alpha = stream._current_font = stream._old_font = None
        return stream


def _with_bleed(page: Any) -> tuple[float, float, float, float]:
    left, top, right, bottom = (page.bleed[side] for side in ("left", "top", "right", "bottom"))
    return -left, -top, page.width + left + right, page.height + top + bottom


def _spoken(text: str, setting: Setting) -> bytes:
    """What search and screen readers are given instead of glyphs (PDF 1.7, 14.9.4).

    Nothing but the language where a text goes right to left: readers turn such texts round.
    """
    actual = b""
    if setting.direction == "ltr":
        actual = b"/ActualText <feff%s>" % text.replace(_WORD_JOINER, "").encode("utf-16-be").hex().encode()
    return b"/Span <</Lang (%s) %s>> BDC" % (setting.language.encode(), actual)


def _symbol(bitmap: bytes, place: Place) -> bytes:
    """A QR code as an inline image mask (PDF 1.7, 8.9.7)."""
    return b"q 0 g %.4f 0 0 %.4f %.4f %.4f cm BI /W %d /H %d /BPC 1 /IM true /D [1 0] ID %s\nEI Q" % (
        *(place.width, -place.height, place.x, place.y + place.height),
        *(BADGE_MODULES, BADGE_MODULES, bitmap),
    )


def _joined(stream: Any) -> bytes:
    return b"\n".join(item if isinstance(item, bytes) else str(item).encode() for item in stream.stream)


class _Page:
    """What WeasyPrint asks of a page, painted only when it comes to be written."""

    links: tuple[()] = ()
    bookmarks: tuple[()] = ()

    def __init__(self, like: Any, paint: Callable[[Any], None]) -> None:
        self.width, self.height, self.bleed = like.width, like.height, like.bleed
        self.anchors: dict[str, Any] = {}
        self.forms: dict[Any, Any] = {None: []}
        self._paint = paint

    def paint(self, stream: Any, scale: float = 1) -> None:
        """Paint the page into the PDF, and pack its operators at once."""
        with stream.stacked():
            stream.transform(a=scale, d=scale)
            self._paint(stream)
        stream.stream = [zlib.compress(_joined(stream))]
        stream.extra["Filter"], stream.compress = "/FlateDecode", False


class _Fonts(dict[Any, Any]):
    """The fonts of a document, of which each is looked at once a process."""

    _known: ClassVar[dict[Any, Any]] = {}

    def __contains__(self, key: object) -> bool:
        if not super().__contains__(key) and key in self._known:
            super().__setitem__(key, _unused(self._known[key]))
        return super().__contains__(key)

    def __setitem__(self, key: Any, font: Any) -> None:
        # Of one with pictures, WeasyPrint holds what is Pango's, and may be gone later.
        if not (font.png or font.svg or font.colr):
            self._known[key] = _unused(font)
        super().__setitem__(key, font)


def _unused(font: Any) -> Any:
    fresh = copy.copy(font)
    fresh.widths, fresh.to_unicode, fresh.missing = {}, {}, {}
    fresh.variations = dict(font.variations)
    return fresh


def print_pages(
    pages: Sequence[T],
    compose: Callable[[T], Sequence[Stamp]],
    out: IO[bytes],
    *,
    sheet: Design,
    typesetter: Typesetter,
    title: str,
    language: str,
    opens_print: bool = False,
) -> list[tuple[int, int]]:
    """Write one PDF, a page as large as `sheet` for each of `pages`, with the stamps that `compose` gives for it.

    With `opens_print` a viewer shows its print dialogue as it opens the file (ISO 32000-1, 12.6.4.11).
    `compose` is called when a page is written. Returned are the pages and the numbers of the stamps on them, from 0,
    that lack a glyph. Whoever calls it holds `pdf.one_at_a_time`, since what it leaves is freed as it returns.
    """
    press, lacking = _Press(typesetter), []

    def paint(number: int, stream: Any) -> None:
        for position, stamp in enumerate(compose(pages[number])):
            if press.stamp(stream, stamp):
                lacking.append((number, position))

    document = copy.copy(sheet.document)
    document.fonts = _Fonts()
    document.metadata = copy.copy(document.metadata)
    document.metadata.title, document.metadata.lang = title, language
    document.pages = [_Page(sheet.page, partial(paint, number)) for number in range(len(pages))]
    with _hearing_of_lacks(press):
        document.write_pdf(out, finisher=_open_print if opens_print else None)
    return lacking


def _open_print(_document: Any, made: Any) -> None:
    made.catalog["OpenAction"] = "<< /S /Named /N /Print >>"


@contextmanager
def _hearing_of_lacks(press: _Press) -> Iterator[None]:
    def heard(_character: str) -> None:
        press.heard_of_a_lack = True

    with pdf.missing_glyphs_told(heard):
        yield
