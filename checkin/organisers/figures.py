"""The attendance by day, category and country on paper, for the ministry; it owns no table."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template
from flask_babel import force_locale, format_date, format_decimal, format_percent
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from checkin.adapters import pdf
from checkin.config import ROOT
from checkin.domain import figures
from checkin.domain.figures import Figures
from checkin.domain.programme import Programme
from checkin.organisers import pages
from checkin.organisers.board_report import COLOURS, chart

STYLES = tuple(ROOT / "templates" / "paper" / name for name in ("board.css", "figures.css"))
# The longest bar that lies on its side, in millimetres: the names and numbers beside it take the rest.
ROOM = 95.0
MOST_LINES = 15


@dataclass(frozen=True)
class Line:
    """A group: how many came on each day, on any day, and how many are confirmed."""

    name: str
    on: Sequence[int]
    people: int
    confirmed: int


@dataclass(frozen=True)
class Lying:
    """A bar between a name and a number, in millimetres."""

    name: str
    width: float
    people: str


def report(session: Session, plan: Programme, *, language: str, now: datetime) -> bytes:
    """The report as an A4 PDF, in English or Bahasa Malaysia."""
    found = figures.figures(session, plan)
    with force_locale(language):
        categories = _lines(found, {one: plan.categories[one].name for one in plan.categories}, place=0)
        named = {code: pages.country(code) for _category, code in found.confirmed if code}
        countries = _lines(found, {**named, None: _("No country given")}, place=1)
        html = render_template(
            "paper/figures.html",
            plan=plan,
            language=language,
            printed=_("As counted on %(when)s.", when=_moment(now, plan)),
            dates=" · ".join(str(format_date(day, "d MMMM y")) for day in found.days),
            days=[pages.day_name(day) for day in found.days],
            totals=[found.on[day].total() for day in found.days],
            people=found.people.total(),
            confirmed=found.confirmed.total(),
            categories=sorted(categories, key=lambda line: [*plan.categories].index(_id(line.name, plan))),
            countries=countries,
            represented=sum(1 for line in countries if line.people and line.name in named.values()),
            by_day=_by_day(found, categories),
            by_category=_lying(categories),
            by_country=_lying(countries),
            most_lines=MOST_LINES,
            colours=COLOURS,
            number=format_decimal,
            per_cent=format_percent,
        )
    return pdf.render(html, stylesheet="\n".join(one.read_text("utf-8") for one in STYLES))


def _moment(at: datetime, plan: Programme) -> str:
    return f"{format_date(at.astimezone(plan.zone).date(), 'd MMMM y')}, {pages.hour(at, plan)}"


def _id(name: str, plan: Programme) -> int:
    return next(key for key, one in plan.categories.items() if one.name == name)


def _lines(found: Figures, names: dict[Any, str], *, place: int) -> list[Line]:
    """The groups with anybody in them, the largest first; `place` is that of their key among a group's."""

    def summed(counts: Counter[Any]) -> Counter[Any]:
        sums: Counter[Any] = Counter()
        for group, people in counts.items():
            sums[group[place]] += people
        return sums

    days = [summed(found.on[day]) for day in found.days]
    people, confirmed = summed(found.people), summed(found.confirmed)
    lines = [
        Line(name, [counts[key] for counts in days], people[key], confirmed[key])
        for key, name in names.items()
        if people[key] or confirmed[key]
    ]
    return sorted(lines, key=lambda line: (-line.people, -line.confirmed, line.name))


def _by_day(found: Figures, categories: Sequence[Line]) -> dict[str, Any]:
    """The days' bars, made of the largest categories and the sum of the others."""
    few = categories if len(categories) <= len(COLOURS) else categories[: len(COLOURS) - 1]
    series = [{"name": line.name, "counts": line.on} for line in few]
    if len(few) < len(categories):
        rest = [line.on for line in categories[len(few) :]]
        series.append({"name": _("Others"), "counts": [sum(each) for each in zip(*rest, strict=True)]})
    days = [pages.day_name(day) for day in found.days]
    return {"series": series, "drawn": chart({"labels": days, "series": series, "before": None}, every=1)}


def _lying(lines: Sequence[Line]) -> dict[str, Any]:
    """The longest bars, one beneath the other."""
    shown = [line for line in lines if line.people][:MOST_LINES]
    most = max((line.people for line in shown), default=1)
    bars = [Lying(line.name, ROOM * line.people / most, format_decimal(line.people)) for line in shown]
    return {"room": ROOM, "bars": bars}
