"""Lines of text at the largest size at which they fit, measured by the engine that prints them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from checkin.adapters import pdf
from checkin.adapters.pdf import Extent

_SHRINK = 0.85
_SMALLEST = 0.2  # points; nothing that may be printed comes near it
_ANY_NUMBER_OF_LINES = 1_000
# Texts are measured one below the other on a page so long that none of them meets its end.
_MEASURING_PAGE = "\n@page { size: 500mm 900000mm; margin: 0 }"
# How much wider than the mean line the widest may be, tried from the best.
_BALANCES = (1.02, 1.07, 1.13, 1.2, 1.3)
# As in "Muniandy a/l Subramaniam", son of: no line ends after such a slash.
_SLASH_IN_A_WORD = re.compile(r"(?<=\S)/(?=\S)")
_WORD_JOINER = "\u2060"


@dataclass(frozen=True)
class Size:
    """A font size in points and the most lines that a text may take at it."""

    points: float
    lines: int


@dataclass(frozen=True)
class Room:
    """The room for one kind of line: width and height in millimetres, sizes in the order they are tried."""

    width: float
    height: float
    sizes: tuple[Size, ...]


@dataclass(frozen=True)
class Text:
    """A text for one kind of line (a class of the stylesheet), in a BCP 47 language and a direction."""

    kind: str
    text: str
    language: str
    direction: str


@dataclass(frozen=True)
class Fit:
    """How a text is set: its size, its width in millimetres, and whether words may be broken anywhere."""

    size: Size
    width: float
    breaks_words: bool = False


def fit(texts: Iterable[Text], *, rooms: Mapping[str, Room], stylesheet: str) -> dict[Text, Fit]:
    """How each text is set in the room of its kind, so that all of it shows.

    The first size in which it fits is taken. What fits in none may break inside words, and then shrinks until
    it fits. Texts of several lines are set as narrow as their lines allow, so that these are of like length.
    Raises ValueError for a text that can't be made to fit, such as one with a room of no height.
    """
    fits: dict[Text, Fit] = {}
    extents: dict[Text, Extent] = {}
    attempts = {text: _attempts(rooms[text.kind]) for text in texts}
    while attempts:
        tried = {text: _next(text, fits_to_try) for text, fits_to_try in attempts.items()}
        for text, extent in _measured(list(tried.items()), stylesheet):
            if _holds(rooms[text.kind], extent, lines=tried[text].size.lines):
                fits[text], extents[text] = tried[text], extent
                del attempts[text]
    return _balanced(fits, extents, stylesheet)


def paragraph(text: Text, fit: Fit, *, id: str | None = None) -> Markup:
    """The text as an HTML paragraph of class `line` and of its kind's class, set as `fit` says."""
    style = f"font-size: {fit.size.points:g}pt; width: {fit.width:.2f}mm"
    if fit.breaks_words:
        style += "; overflow-wrap: anywhere"
    named = Markup(' id="{}"').format(id) if id is not None else ""
    return Markup('<p{} class="line {}" lang="{}" dir="{}" style="{}">{}</p>').format(
        named, text.kind, text.language, text.direction, style, _joined(text.text)
    )


def _joined(text: str) -> str:
    return _SLASH_IN_A_WORD.sub("/" + _WORD_JOINER, text)


def _attempts(room: Room) -> Iterator[Fit]:
    for size in room.sizes:
        yield Fit(size, room.width)
    for size in room.sizes:
        if size.lines > 1:
            yield Fit(size, room.width, breaks_words=True)
    points = room.sizes[-1].points * _SHRINK
    while points > _SMALLEST:
        yield Fit(Size(points, _ANY_NUMBER_OF_LINES), room.width, breaks_words=True)
        points *= _SHRINK


def _next(text: Text, attempts: Iterator[Fit]) -> Fit:
    attempt = next(attempts, None)
    if attempt is None:
        raise ValueError(f"A text of {len(text.text)} characters can't be made to fit as {text.kind}.")
    return attempt


def _holds(room: Room, extent: Extent, *, lines: int) -> bool:
    return extent.lines <= lines and extent.width <= room.width and extent.height <= room.height


def _measured(fits: Sequence[tuple[Text, Fit]], stylesheet: str) -> list[tuple[Text, Extent]]:
    """The extent of each text as it would be set; a text may be asked about several times."""
    if not fits:
        return []
    html = "".join(paragraph(text, fit, id=str(number)) for number, (text, fit) in enumerate(fits))
    extents = pdf.measure(html, stylesheet=stylesheet + _MEASURING_PAGE)
    return [(text, extents[str(number)]) for number, (text, _) in enumerate(fits)]


def _balanced(fits: Mapping[Text, Fit], extents: Mapping[Text, Extent], stylesheet: str) -> dict[Text, Fit]:
    narrower = [
        (text, replace(fits[text], width=extent.length / extent.lines * balance))
        for text, extent in extents.items()
        for balance in reversed(_BALANCES)
        if extent.lines > 1 and extent.length / extent.lines * balance < extent.width
    ]
    balanced = dict(fits)
    for (text, tried), (_, extent) in zip(narrower, _measured(narrower, stylesheet), strict=True):
        if extent.lines == extents[text].lines and extent.width <= tried.width:
            balanced[text] = tried
    return balanced
