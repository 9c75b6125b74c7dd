"""Published figures, what differs from them since and why, in words and tables; it owns no table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import format_date, format_decimal, lazy_gettext, ngettext
from flask_babel import gettext as _

from checkin.domain import corrections, publishing
from checkin.domain.corrections import Cause
from checkin.domain.programme import Programme
from checkin.domain.publishing import ANY_DAY, AREA, CATEGORY, COUNTRY, Difference, Figures
from checkin.organisers import pages
from checkin.organisers.board_report import COLOURS, chart
from checkin.organisers.wording import action, somebody

TITLES = {
    AREA: lazy_gettext("By area"),
    CATEGORY: lazy_gettext("By category"),
    COUNTRY: lazy_gettext("By country"),
}
HEADS = {AREA: lazy_gettext("Area"), CATEGORY: lazy_gettext("Category"), COUNTRY: lazy_gettext("Country")}
# The longest bar that lies on its side, in millimetres.
ROOM = 95.0
MOST_BARS = 15


@dataclass(frozen=True)
class Line:
    """An area, category or country: how many on each day, and how many people on any that counts."""

    name: str
    on: Sequence[int]
    people: int


@dataclass(frozen=True)
class Part:
    """The figures of one kind as a table."""

    kind: str
    title: str
    head: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Change:
    """A figure then and now; `because` are the numbers of the causes that may explain it."""

    name: str
    day: str
    then: int
    now: int
    because: Sequence[int]

    @property
    def difference(self) -> str:
        """With its sign."""
        more = self.now - self.then
        return f"+{format_decimal(more)}" if more > 0 else f"−{format_decimal(-more)}"


@dataclass(frozen=True)
class Lying:
    """A bar between a name and a number, in millimetres."""

    name: str
    width: float
    people: str


def day_names(figures: Figures) -> list[str]:
    """The days, those that don't count with their names."""
    names = []
    for day, name, counts in figures.days:
        named = pages.day_name(date.fromisoformat(day))
        names.append(named if counts else f"{named} ({name or _('does not count')})")
    return names


def dates(figures: Figures) -> str:
    """The days that count, in full."""
    counted = [date.fromisoformat(day) for day, _name, counts in figures.days if counts]
    return " · ".join(str(format_date(day, "d MMMM y")) for day in counted)


def name_of(figures: Figures, kind: str, key: str) -> str:
    """An area's, category's or country's name."""
    if kind == COUNTRY:
        return pages.country(key) if key else str(_("No country given"))
    return figures.names[kind].get(key, key)


def parts(figures: Figures) -> list[Part]:
    """The figures as tables, without categories and countries of which nobody came."""
    found = []
    for kind in publishing.KINDS:
        lines = [
            Line(
                name_of(figures, kind, key),
                [figures.count(kind, key, day) for day, _name, _counts in figures.days],
                figures.count(kind, key),
            )
            for key in figures.keys(kind)
            if kind == AREA or figures.most(kind, key)
        ]
        found.append(Part(kind, str(TITLES[kind]), str(HEADS[kind]), lines))
    return found


def everybody(figures: Figures) -> int:
    """How many people came on any day that counts, each once."""
    return figures.count(AREA, figures.main)


def visits(figures: Figures) -> int:
    """The sum of the days that count: who came on two days is two of these."""
    return sum(figures.count(AREA, figures.main, day) for day, _name, counts in figures.days if counts)


def countries(figures: Figures) -> int:
    """How many countries somebody came for."""
    return sum(1 for key in figures.keys(COUNTRY) if key and figures.count(COUNTRY, key))


def changes(
    then: Figures, now: Figures, found: Sequence[Difference], causes: Sequence[Cause]
) -> list[Change]:
    """What differs, in words; causes are numbered from 1 in their order."""
    names: Mapping[str, str] = {str(day): pages.day_name(date.fromisoformat(day)) for day, *_ in then.days}
    return [
        Change(
            name=_("%(kind)s: %(name)s", kind=HEADS[one.kind], name=_known(then, now, one)),
            day=_("any day, each person once") if one.day == ANY_DAY else names.get(one.day, one.day),
            then=one.then,
            now=one.now,
            because=[
                number for number, cause in enumerate(causes, start=1) if cause.explains(one, main=then.main)
            ],
        )
        for one in found
    ]


def _known(then: Figures, now: Figures, one: Difference) -> str:
    named = now if one.key in now.names.get(one.kind, {}) else then
    return name_of(named, one.kind, one.key)


def cause_in_words(one: Cause, plan: Programme, *, named: bool = True) -> str:
    """What happened, such as “3 scans of the phone Gate A 2 arrived late”; `named` tells references, too."""
    where = ""
    if one.day is not None:
        area = plan.areas.get(one.area_id or 0, "")
        where = _("%(day)s, %(area)s", day=pages.day_name(one.day), area=area)
    when = pages.moment(one.at, plan)
    if one.kind in {corrections.LATE, corrections.NEW}:
        return _came_in(one, where, when)
    of = f" ({one.reference})" if named and one.reference else ""
    if one.kind == corrections.ADDED:
        said = _("Added by hand%(of)s, %(where)s: %(why)s", of=of, where=where, why=one.reason)
    elif one.kind == corrections.WITHDRAWN:
        said = _("Voided%(of)s, %(where)s: %(why)s", of=of, where=where, why=one.reason)
    else:
        said = action(one.what) + of + (f": {one.reason}" if one.reason else "")
    if not named:
        return f"{said} ({when})"
    return str(_("%(what)s (%(who)s, %(when)s)", what=said, who=somebody(one.who), when=when))


def _came_in(one: Cause, where: str, when: str) -> str:
    known = {"phone": one.who, "where": where, "when": when}
    if one.kind == corrections.LATE:
        return str(
            ngettext(
                "%(num)d first entry by a scan that came in late: %(where)s, phone %(phone)s, received %(when)s",
                "%(num)d first entries by scans that came in late: %(where)s, phone %(phone)s, "
                "received from %(when)s on",
                one.people,
                **known,
            )
        )
    return str(
        ngettext(
            "%(num)d first entry since the publication: %(where)s, phone %(phone)s, %(when)s",
            "%(num)d first entries since the publication: %(where)s, phone %(phone)s, from %(when)s on",
            one.people,
            **known,
        )
    )


def bars(part: Part) -> dict[str, Any]:
    """The longest bars of a table, one beneath the other, for charts on paper."""
    lines = sorted((line for line in part.lines if line.people), key=lambda line: -line.people)[:MOST_BARS]
    most = max((line.people for line in lines), default=1)
    return {
        "room": ROOM,
        "bars": [Lying(one.name, ROOM * one.people / most, format_decimal(one.people)) for one in lines],
    }


def by_day(figures: Figures, categories: Sequence[Line]) -> dict[str, Any]:
    """The days' bars, made of the largest categories and the sum of the others."""
    ordered = sorted(categories, key=lambda line: -line.people)
    few = ordered if len(ordered) <= len(COLOURS) else ordered[: len(COLOURS) - 1]
    series = [{"name": line.name, "counts": line.on} for line in few]
    if len(few) < len(ordered):
        rest = [line.on for line in ordered[len(few) :]]
        series.append({"name": _("Others"), "counts": [sum(each) for each in zip(*rest, strict=True)]})
    shown = {"labels": day_names(figures), "series": series, "before": None}
    return {"series": series, "drawn": chart(shown, every=1)}


METHOD = (
    lazy_gettext(
        "Each delegate has one badge with a code of their own. Phones read the codes at the doors; what a phone reads "
        "without a network it keeps and sends later, with the time at which it was read."
    ),
    lazy_gettext(
        "Somebody has attended an area on a day by their first entry there that was let in and not voided, however "
        "often they came back. Whoever entered an inner area has attended the main area."
    ),
    lazy_gettext(
        "A day begins and ends at the cut-over hour of the event's time zone, not at midnight. Days for building up "
        "are listed, but don't count."
    ),
    lazy_gettext(
        "“People” are counted once, on however many days they came; the sum of the days counts them on each. By "
        "category and country everybody is counted in the main area, by what was registered for them."
    ),
    lazy_gettext(
        "Attendance by hand is that of somebody who was there without being scanned; an organiser adds it with a "
        "written reason, and it can be withdrawn. It counts like any other, and is listed."
    ),
    lazy_gettext(
        "Figures are frozen when they are published, with a hash of their text. Whatever comes later is listed as a "
        "correction with its reasons, and a new version is published; older versions stay."
    ),
    lazy_gettext(
        "When personal data is erased the attendance stays, with country and category, so that figures don't change."
    ),
)
