"""PDFs from HTML by WeasyPrint: loaded at first use, with the fonts of `fonts.conf`, fetching nothing.

What isn't public in WeasyPrint is used in this module and in `stamping.py` only.
"""

import gc
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from checkin.errors import Refusal

FONTS = Path(__file__).with_name("fonts.conf")
LONGEST_HTML = 4_000_000  # characters; a print run's documents of 200 badges have about 400,000

_NOTDEF = ".notdef glyph rendered"
_MM_PER_PX = 25.4 / 96


class _OneAtATime:
    """Pango's font map is shared by all of this process and is not safe to use from two threads.

    Nor to free from another one: what refers to itself in circles, as WeasyPrint's boxes do, would be freed by
    whichever thread collects garbage. So none does meanwhile, and what was made is collected before the next begins.
    """

    def __init__(self) -> None:
        self._lock, self._depth, self._collects = threading.RLock(), 0, True

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1
        if self._depth == 1:
            self._collects = gc.isenabled()
            gc.disable()

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            # All that is new is still in the youngest generation.
            gc.collect(0)
            if self._collects:
                gc.enable()
        self._lock.release()


one_at_a_time = _OneAtATime()


@dataclass(frozen=True)
class Extent:
    """The room that a paragraph took.

    `lines` is their number; in millimetres, `width` is the widest line's, `length` that of all in a row.
    """

    lines: int
    width: float
    length: float
    height: float


@dataclass(frozen=True)
class _Engine:
    weasyprint: Any
    fetcher: Any
    fonts: Any
    stylesheet: Callable[[str], Any]


def render(
    html: str,
    *,
    stylesheet: str = "",
    images: Mapping[str, bytes] | None = None,
    on_missing_glyph: Callable[[int, str], None] | None = None,
) -> bytes:
    """An HTML document as a PDF.

    `images` maps the addresses that the document may use in `src`, such as `given:code`, to PNG bytes;
    nothing else comes in from outside `html` and `stylesheet`. `on_missing_glyph` is told the page (from 0)
    and the character for which no font has a glyph; without it there is only WeasyPrint's warning in the log.
    Raises ValueError for more than 4,000,000 characters, Refusal where WeasyPrint's libraries are missing.
    """
    with one_at_a_time:
        return _rendered(html, stylesheet, images or {}, on_missing_glyph)


def _rendered(
    html: str,
    stylesheet: str,
    images: Mapping[str, bytes],
    on_missing_glyph: Callable[[int, str], None] | None,
) -> bytes:
    document = laid_out(html, stylesheet, images)
    with _glyphs_watched(document, on_missing_glyph):
        pdf: bytes = document.write_pdf()
    return pdf


def missing_characters(text: str) -> list[str]:
    """The characters of a text for which this machine has no font, in their order; raises like `render`."""
    missing: list[str] = []
    html = f"<pre>{text.replace('&', '&amp;').replace('<', '&lt;')}</pre>"
    render(
        html,
        stylesheet="pre { font-size: 8pt }",
        on_missing_glyph=lambda _, character: missing.append(character),
    )
    return missing


def laid_out(html: str, stylesheet: str, images: Mapping[str, bytes]) -> Any:
    if len(html) > LONGEST_HTML:
        raise ValueError(f"A document of {len(html)} characters is longer than {LONGEST_HTML}.")
    engine = _engine()
    page = engine.weasyprint.HTML(string=html, url_fetcher=engine.fetcher(images))
    return page.render(font_config=engine.fonts, stylesheets=[engine.stylesheet(stylesheet)])


@contextmanager
def _glyphs_watched(document: Any, on_missing_glyph: Callable[[int, str], None] | None) -> Iterator[None]:
    """Tell the listener what WeasyPrint logs while it paints, with the page that it is painting then."""
    if on_missing_glyph is None:
        yield
        return
    painting = -1

    def painted(paint: Callable[..., None], number: int, *args: Any) -> None:
        nonlocal painting
        painting = number
        paint(*args)

    for number, page in enumerate(document.pages):
        page.paint = partial(painted, page.paint, number)
    with missing_glyphs_told(lambda character: on_missing_glyph(painting, character)):
        yield


@contextmanager
def missing_glyphs_told(heard: Callable[[str], None]) -> Iterator[None]:
    """Tell of each character for which no font has a glyph, instead of WeasyPrint's warnings in the log."""

    def noted(record: logging.LogRecord) -> bool:
        if not str(record.msg).startswith(_NOTDEF) or not isinstance(record.args, tuple):
            return True
        heard(str(record.args[0]))
        return False

    logger = logging.getLogger("weasyprint")
    level, disabled = logger.level, logger.disabled
    # Whatever the log is set up to keep: a missing glyph must be heard of.
    logger.setLevel(logging.WARNING)
    logger.disabled = False
    logger.addFilter(noted)
    try:
        yield
    finally:
        logger.removeFilter(noted)
        logger.setLevel(level)
        logger.disabled = disabled


@contextmanager
def _own_fonts() -> Iterator[None]:
    """Let fontconfig load our fonts only: it reads this variable once, others start without it."""
    before = os.environ.get("FONTCONFIG_FILE")
    os.environ["FONTCONFIG_FILE"] = str(FONTS)
    try:
        yield
    finally:
        del os.environ["FONTCONFIG_FILE"]
        if before is not None:
            os.environ["FONTCONFIG_FILE"] = before


@cache
def _engine() -> _Engine:
    """WeasyPrint and one font configuration for the whole process: one a document would leak."""
    with _own_fonts():
        try:
            import weasyprint
            from weasyprint.text.fonts import FontConfiguration
            from weasyprint.urls import URLFetcher, URLFetcherResponse
        except OSError as error:
            raise Refusal(
                "no_pango",
                "PDFs need Pango: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0.",
                status=503,
            ) from error
        fonts = FontConfiguration()

    class GivenOnly(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types.
        """Answers with what the caller gave under an address and refuses everything else, data: included."""

        def __init__(self, given: Mapping[str, bytes]) -> None:
            super().__init__(allowed_protocols=frozenset(), allow_redirects=False)
            self._given = given

        def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
            if url not in self._given:
                raise PermissionError(f"Documents fetch nothing, but this one asked for {url[:100]}")
            return URLFetcherResponse(url, self._given[url], {"Content-Type": "image/png"})

    @lru_cache(maxsize=16)
    def stylesheet(css: str) -> Any:
        return weasyprint.CSS(string=css, url_fetcher=GivenOnly({}), font_config=fonts)

    _copy_no_font_files()
    return _Engine(weasyprint, GivenOnly, fonts, stylesheet)


def _copy_no_font_files() -> None:
    """Let WeasyPrint look at fonts without a copy of their files, which have up to 20 MB.

    What it embeds is the part that is used, which HarfBuzz takes from the font itself.
    """
    from weasyprint.pdf import fonts, stream

    whole = fonts.get_hb_object_data

    class Font(fonts.Font):  # type: ignore[misc]  # WeasyPrint has no types.
        def __init__(self, *args: Any) -> None:
            fonts.get_hb_object_data = lambda _face: b""
            try:
                super().__init__(*args)
            finally:
                fonts.get_hb_object_data = whole

    stream.Font = Font
