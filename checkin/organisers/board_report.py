"""The board of a day on paper: its numbers, its chart and the tables behind; it owns no table."""

from dataclasses import dataclass
from typing import Any

from flask import render_template

from checkin.adapters import pdf
from checkin.config import ROOT

STYLES = ROOT / "templates" / "paper" / "board.css"
# As the board's own, in the light.
COLOURS = ("#0b6470", "#c98a1b", "#7d4a94", "#3f78c2", "#b0503a", "#6d7f2b")
BEFORE = "#c3cecb"
# The chart's units are millimetres: an A4 page without its margins.
WIDTH, HEIGHT = 180.0, 62.0
LEFT, HEAD, FOOT = 10.0, 3.0, 6.0
# A time beside the last bars would be cut off.
NO_TIMES = 8.0
LINES = 4
WIDEST = 26.0


@dataclass(frozen=True)
class Bar:
    """A rectangle of the chart, in millimetres from its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True)
class Mark:
    """A number or a time beside the chart, and where it stands."""

    x: float
    y: float
    text: str


def board_report(shown: dict[str, Any], *, printed: str) -> bytes:
    """What the board shows, as an A4 PDF; `printed` says when and by whom."""
    html = render_template(
        "paper/board.html",
        **shown,
        printed=printed,
        drawn=chart(shown["chart"], every=_every(shown["chart"])),
        colours=COLOURS,
        before_colour=BEFORE,
    )
    return pdf.render(html, stylesheet=STYLES.read_text("utf-8"))


def _every(shown: dict[str, Any]) -> int:
    """Which quarter hours have their time beneath them."""
    return 4 if len(shown["labels"]) <= 48 else 8


def chart(shown: dict[str, Any], *, every: int) -> dict[str, Any]:
    """A bar for each label, made of the series upon each other, and beside it that of the day before.

    `every` so many labels one is written beneath.
    """
    counts, before, labels = [one["counts"] for one in shown["series"]], shown["before"], shown["labels"]
    sums = [sum(column) for column in zip(*counts, strict=True)] or [0]
    top = _rounded(max([*sums, *(before or []), LINES]))
    step = (WIDTH - LEFT) / max(len(labels), 1)
    wide = min(step * (0.4 if before else 0.8), WIDEST)

    def bar(place: int, offset: float, low: int, count: int, colour: str) -> Bar:
        high = (HEIGHT - FOOT) * count / top
        y = (HEIGHT - FOOT) * (1 - low / top) - high
        return Bar(LEFT + place * step + offset, y, wide, high, colour)

    bars = [bar(at, 0, 0, count, BEFORE) for at, count in enumerate(before or [])]
    for at in range(len(labels)):
        low = 0
        for number, series in enumerate(counts):
            bars.append(bar(at, wide if before else 0, low, series[at], COLOURS[number % len(COLOURS)]))
            low += series[at]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "head": HEAD,
        "foot": HEIGHT - FOOT,
        "bars": [one for one in bars if one.height],
        "lines": [
            Mark(LEFT - 1, (HEIGHT - FOOT) * (1 - part / LINES), f"{top * part // LINES}")
            for part in range(LINES + 1)
        ],
        "times": [
            Mark(LEFT + at * step, HEIGHT - 1, label)
            for at, label in enumerate(labels)
            if at % every == 0 and LEFT + at * step < WIDTH - NO_TIMES
        ],
    }


def _rounded(most: int) -> int:
    """A round number that is no less, and that four lines divide evenly."""
    unit = 4
    while unit * 10 < most:
        unit *= 10
    return -(-most // unit) * unit
