"""Badges as PDF pages, one for a delegate or a print run of thousands; it owns no table."""

import gc
import logging
import multiprocessing
import signal
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from math import ceil
from pathlib import Path

import pikepdf
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from PIL import ImageColor

from checkin.adapters import pdf, qr
from checkin.config import ROOT
from checkin.documents import fitting, scripts
from checkin.documents.fitting import Fit, Room, Size, Text
from checkin.errors import Refusal

LAYOUTS = ROOT / "templates" / "badges"
LINES = ("category", "event", "venue_line", "honorific", "name", "organisation", "country")
LONGEST_LINE = 400  # characters: entrances allow 100 for a name and 300 for an organisation

_CHILDREN = 2
_PAGES_A_CHUNK = 100
# Below this a child would take longer to start than it saves.
_PAGES_FOR_CHILDREN = 60

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BadgeFace:
    """All that a badge shows.

    `country` is the name to print (may be empty), `country_code` its ISO 3166-1 alpha-2 code, which decides
    how Han is drawn. `colour` is the category's, as `#rrggbb` or a CSS name. `code` is printed as a QR code
    only. `language` (BCP 47) is that of the document.
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
    language: str = "en"


@dataclass(frozen=True)
class PrintReport:
    """What a print run made: its pages, and in its order the references on which a character had no glyph."""

    pages: int
    missing_glyphs: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """A folder of `templates/badges`: `badge.html`, `badge.css` and, from `layout.toml`, each line's room."""

    template: Template
    stylesheet: str
    rooms: dict[str, Room]


@cache
def badge_layout(name: str) -> Layout:
    """The layout of that name; raises Refusal, naming the layouts there are, for another."""
    known = sorted(path.parent.name for path in LAYOUTS.glob("*/badge.html"))
    if name not in known:
        raise Refusal("unknown_layout", f"There is no badge layout {name!r}, but {', '.join(known)}.")
    folder = LAYOUTS / name
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    rooms = tomllib.loads((folder / "layout.toml").read_text("utf-8"))
    return Layout(
        template=environment.get_template("badge.html"),
        stylesheet=(folder / "badge.css").read_text("utf-8"),
        rooms={line: _room(**rooms[line]) for line in LINES},
    )


def badge_pdf(face: BadgeFace, *, layout: str = "a6") -> bytes:
    """One badge as a PDF of one page.

    Raises Refusal for an unknown layout, a colour that is none, and a line of more than 400 characters;
    ValueError for a code that is no badge code.
    """
    page, missing = _printed([face], badge_layout(layout), title=f"{face.event} · {face.reference}")
    if missing:
        log.warning("Badge %s has a character for which no font has a glyph.", face.reference)
    return page


def write_badges(
    faces: Iterable[BadgeFace], out: Path, *, layout: str = "a6", on_page: Callable[[int], None]
) -> PrintReport:
    """A print run: one page a badge, in order, written to `out` at once when all are done.

    Longer runs are rendered by two child processes. `on_page` is told each time how many more pages are done.
    Whatever goes wrong, `out` stays as it was. Raises like `badge_pdf`, and Refusal for a run of no badges.
    """
    run = list(faces)
    if not run:
        raise Refusal("no_badges", "There are no badges to print.")
    badge_layout(layout)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".badges-") as folder:
        chunks = _chunks(run, Path(folder))
        missing = (_in_children if len(chunks) > 1 else _in_this_process)(chunks, layout, on_page)
        whole = Path(folder, "whole.pdf")
        _join([path for _, path in chunks], whole, face=run[0], pages=len(run))
        whole.replace(out)
    return PrintReport(len(run), tuple(reference for path in sorted(missing) for reference in missing[path]))


def missing_fonts() -> list[str]:
    """The scripts that this machine can't print, by name; raises Refusal without Pango."""
    missing = set(pdf.missing_characters("\n".join(scripts.SAMPLES.values())))
    return [name for name, sample in scripts.SAMPLES.items() if missing & set(sample)]


def readable_ink(colour: str) -> str:
    """Black or white as `#rrggbb`, whichever has more contrast on a colour (WCAG 2.2, relative luminance)."""
    red, green, blue = (_linear(channel / 255) for channel in ImageColor.getrgb(colour)[:3])
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    on_white, on_black = 1.05 / (luminance + 0.05), (luminance + 0.05) / 0.05
    return "#000000" if on_black >= on_white else "#ffffff"


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _room(*, width: float, height: float, sizes: Sequence[str]) -> Room:
    pairs = (size.split("x") for size in sizes)
    return Room(width, height, tuple(Size(float(points), int(lines)) for points, lines in pairs))


def _chunks(run: Sequence[BadgeFace], folder: Path) -> list[tuple[Sequence[BadgeFace], Path]]:
    """The run in parts that fit into memory, with the file for each."""
    size = len(run) if len(run) < _PAGES_FOR_CHILDREN else min(_PAGES_A_CHUNK, ceil(len(run) / _CHILDREN))
    return [
        (run[start : start + size], folder / f"{number:06d}.pdf")
        for number, start in enumerate(range(0, len(run), size))
    ]


def _in_this_process(
    chunks: Iterable[tuple[Sequence[BadgeFace], Path]], layout: str, on_page: Callable[[int], None]
) -> dict[Path, list[str]]:
    missing = {}
    for faces, path in chunks:
        missing[path] = _print_chunk(faces, path, layout)
        on_page(len(faces))
    return missing


def _in_children(
    chunks: Iterable[tuple[Sequence[BadgeFace], Path]], layout: str, on_page: Callable[[int], None]
) -> dict[Path, list[str]]:
    # Spawned and not forked: the server's threads, connections and locks stay out of the children.
    children = ProcessPoolExecutor(
        _CHILDREN, mp_context=multiprocessing.get_context("spawn"), initializer=_die_quietly
    )
    missing = {}
    with children:
        work = {children.submit(_print_chunk, faces, path, layout): (faces, path) for faces, path in chunks}
        try:
            for done in as_completed(work):
                faces, path = work[done]
                missing[path] = done.result()
                on_page(len(faces))
        except BaseException:
            children.shutdown(wait=False, cancel_futures=True)
            raise
    return missing


def _die_quietly() -> None:
    """Ctrl-C reaches the children too: they end at once and leave the telling to their parent."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _print_chunk(faces: Sequence[BadgeFace], path: Path, layout: str) -> list[str]:
    """Write a part of a run; the references on which a glyph was missing."""
    pages, missing = _printed(faces, badge_layout(layout), title=faces[0].event)
    path.write_bytes(pages)
    # WeasyPrint's boxes refer to each other in circles, so that a child would grow before they go.
    gc.collect()
    return missing


def _join(parts: Iterable[Path], whole: Path, *, face: BadgeFace, pages: int) -> None:
    with ExitStack() as open_parts, pikepdf.new() as joined:
        for part in parts:
            joined.pages.extend(open_parts.enter_context(pikepdf.open(part)).pages)
        if len(joined.pages) != pages:
            raise RuntimeError(f"{pages} badges took {len(joined.pages)} pages: one doesn't fit its page.")
        joined.docinfo["/Title"] = face.event
        joined.Root.Lang = pikepdf.String(face.language)
        joined.save(whole, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def _printed(faces: Sequence[BadgeFace], layout: Layout, *, title: str) -> tuple[bytes, list[str]]:
    """The badges as one PDF, and the references on which a character had no glyph, in order."""
    texts = [_texts(face) for face in faces]
    fits = fitting.fit(
        dict.fromkeys(text for lines in texts for text in lines.values()),
        rooms=layout.rooms,
        stylesheet=layout.stylesheet,
    )
    codes = {f"given:code/{number}": qr.badge_png(face.code) for number, face in enumerate(faces)}
    html = layout.template.render(
        title=title,
        language=faces[0].language,
        badges=[
            _badge(face, lines, fits, code) for face, lines, code in zip(faces, texts, codes, strict=True)
        ],
    )
    missing: dict[int, None] = {}
    pages = pdf.render(
        html,
        stylesheet=layout.stylesheet,
        images=codes,
        on_missing_glyph=lambda page, _: missing.setdefault(page),
    )
    return pages, [faces[page].reference for page in missing]


def _texts(face: BadgeFace) -> dict[str, Text]:
    """The lines of a badge that aren't empty, each with its language and direction."""
    return {line: _text(face, line) for line in LINES if getattr(face, line).strip()}


def _text(face: BadgeFace, line: str) -> Text:
    text: str = getattr(face, line)
    if len(text) > LONGEST_LINE:
        raise Refusal(
            "line_too_long",
            f"Badge {face.reference} has a line of {len(text)} characters; the most is {LONGEST_LINE}.",
        )
    return Text(line, text, scripts.language(text, country_code=face.country_code), scripts.direction(text))


def _badge(face: BadgeFace, lines: dict[str, Text], fits: dict[Text, Fit], code: str) -> dict[str, str]:
    """What the template prints of one badge: its lines as paragraphs, its colours, its code's address."""
    colour = _colour(face.colour)
    paragraphs = {line: fitting.paragraph(text, fits[text]) for line, text in lines.items()}
    return {
        **dict.fromkeys(LINES, Markup()),
        **paragraphs,
        "colour": colour,
        "ink": readable_ink(colour),
        "code": code,
        "reference": face.reference,
    }


def _colour(colour: str) -> str:
    try:
        red, green, blue = ImageColor.getrgb(colour)[:3]
    except ValueError:
        raise Refusal("unknown_colour", f"{colour[:40]!r} is no colour; write it as #1a5fb4.") from None
    return f"#{red:02x}{green:02x}{blue:02x}"
