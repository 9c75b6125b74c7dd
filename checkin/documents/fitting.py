"""Lines of text at the largest size at which they fit, measured by the engine that prints them."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from checkin.adapters.pdf import Extent
from checkin.adapters.stamping import Block, Setting

# In more lines a text is no longer read at a glance.
_LINES_AT_A_GLANCE = 2
_SHRINK = 0.85
_SMALLEST = 0.2  # points; nothing that may be printed comes near it
_ANY_NUMBER_OF_LINES = 1_000
# How much wider than the mean line the widest may be, tried from the best.
_BALANCES = (1.02, 1.07, 1.13, 1.2, 1.3)
# As in "Muniandy a/l Subramaniam", son of: no line ends after such a slash.
_SLASH_IN_A_WORD = re.compile(r"(?<=\S)/(?=\S)")
_WORD_JOINER = "\u2060"
# HTML shows each run of these as one space.
_WHITE_SPACE = re.compile(r"[ \t\r\n\f]+")

# The room that a block takes; None where that is certainly more than so many lines.
Measure = Callable[[Block, int], Extent | None]


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


def fit(text: Text, room: Room, *, measure: Measure) -> Block:
    """How a text is set in a room, so that all of it shows.

    The first size in which it fits is taken. What fits in none may break inside words, and then shrinks until
    it fits. A text of several lines is set as narrow as its lines allow, so that these are of like length.
    Raises ValueError for a text that can't be made to fit, such as in a room of no height.
    """
    found = _first(text, room, _attempts(room), measure)
    if found is None:
        raise ValueError(f"A text of {len(text.text)} characters can't be made to fit as {text.kind}.")
    return found


def fit_at_a_glance(text: Text, room: Room, *, measure: Measure) -> Block | None:
    """How a text is set in at most two lines of whole words; None where that needs too small a size."""
    return _first(text, room, ((size, False) for size in _at_a_glance(room)), measure)


def is_read_at_a_glance(text: Text, room: Room, *, measure: Measure) -> bool:
    """Whether `fit_at_a_glance` finds a way, by the smallest size alone, which is quicker."""
    sizes = _at_a_glance(room)
    smallest = min(sizes, key=lambda size: (size.points, -size.lines), default=None)
    return smallest is not None and _first(text, room, [(smallest, False)], measure) is not None


def _first(text: Text, room: Room, attempts: Iterable[tuple[Size, bool]], measure: Measure) -> Block | None:
    shown = _SLASH_IN_A_WORD.sub("/" + _WORD_JOINER, _WHITE_SPACE.sub(" ", text.text).strip(" "))
    whole, broken = (Setting(text.kind, text.language, text.direction, breaks) for breaks in (False, True))
    for size, breaks_words in attempts:
        block = Block(broken if breaks_words else whole, shown, size.points, room.width)
        extent = measure(block, size.lines)
        if extent is not None and _holds(room, extent, lines=size.lines):
            return _balanced(block, extent, measure)
    return None


def paragraph(block: Block) -> Markup:
    """The block as an HTML paragraph of class `line` and of its kind's class."""
    kind, language, direction, breaks_words = block.setting
    style = f"font-size: {block.points:g}pt; width: {block.width:.4f}mm"
    if breaks_words:
        style += "; overflow-wrap: anywhere"
    return Markup('<p class="line {}" lang="{}" dir="{}" style="{}">{}</p>').format(
        kind, language, direction, style, block.text
    )


def _at_a_glance(room: Room) -> list[Size]:
    return [size for size in room.sizes if size.lines <= _LINES_AT_A_GLANCE]


def _attempts(room: Room) -> Iterator[tuple[Size, bool]]:
    for size in room.sizes:
        yield size, False
    for size in room.sizes:
        if size.lines > 1:
            yield size, True
    points = room.sizes[-1].points * _SHRINK
    while points > _SMALLEST:
        yield Size(points, _ANY_NUMBER_OF_LINES), True
        points *= _SHRINK


def _holds(room: Room, extent: Extent, *, lines: int) -> bool:
    return extent.lines <= lines and extent.width <= room.width and extent.height <= room.height


def _balanced(block: Block, extent: Extent, measure: Measure) -> Block:
    if extent.lines < 2:
        return block
    for balance in _BALANCES:
        narrower = block._replace(width=round(extent.length / extent.lines * balance, 4))
        if narrower.width >= extent.width:
            break
        found = measure(narrower, extent.lines)
        if found is not None and found.lines == extent.lines and found.width <= narrower.width:
            return narrower
    return block
