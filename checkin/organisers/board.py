"""The board: how many have come, through which doors, from where; no names; it owns no table."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, make_response, render_template, request
from flask_babel import format_date, format_decimal, format_percent, ngettext
from flask_babel import gettext as _
from flask_security import current_user
from werkzeug.wrappers import Response

from checkin import clock
from checkin.access import my_areas, open_to
from checkin.db import reading
from checkin.domain import arrivals
from checkin.domain.afterwards import TIMED
from checkin.domain.arrivals import Entries, Numbers, PhoneSeen, Share
from checkin.domain.programme import DayPlan, DoorPlace, Programme
from checkin.domain.readiness import CLOCK_OFF_MS
from checkin.limits import limiter
from checkin.organisers import attention, hearing, pages
from checkin.organisers.board_report import board_report
from checkin.organisers.keeping import FORGOTTEN, PATIENCE, Kept

blueprint = Blueprint("board", __name__, url_prefix="/organiser")

# Several boards that stand open share what one of them has counted; of an earlier day little arrives late.
FRESH, EARLIER_FRESH = timedelta(seconds=2), timedelta(minutes=1)
# The report on paper rather waits.
REPORT_PATIENCE = timedelta(seconds=10)
BATTERY_LOW = 0.2
# The chart's least: from eight to six, in quarter hours since midnight.
MORNING, EVENING = 8 * 4, 18 * 4
REGISTRATION_DAYS = 30


@dataclass(frozen=True)
class Counted:
    """What is kept for one area and day, with what only matters before the first day or after the last."""

    numbers: Numbers
    registrations: Mapping[dt.date, int]
    came_in_all: int


@dataclass(frozen=True)
class View:
    """The area and day that one looks at; `when` is before, during or after the event."""

    area_id: int
    day: dt.date
    today: dt.date
    when: str

    @property
    def is_today(self) -> bool:
        return self.day == self.today


@dataclass(frozen=True)
class Line:
    """A group with how many came of how many are expected."""

    name: str
    share: Share
    colour: str = ""


@dataclass(frozen=True)
class PhoneLine:
    """A phone at a door: how it is, from `well` over `quiet` to `silent`, and what to look at."""

    name: str
    state: str
    heard: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class DoorLine:
    """A door with its first entries of the day, None where it leads elsewhere, how many a minute, and its phones."""

    name: str
    arrived: int | None
    a_minute: str
    phones: tuple[PhoneLine, ...]


@blueprint.get("")
@open_to("organiser", "supervisor", "protocol")
def index() -> str:
    """The board as a whole page; `wall=1` leaves only the number and the bars, for a projector."""
    return _page("organiser/board.html")


@blueprint.get("/board")
@open_to("organiser", "supervisor", "protocol")
def live() -> str:
    """The parts of the board that change, for the page that stands open."""
    return _page("organiser/board_live.html")


@blueprint.get("/board.pdf")
@open_to("organiser", "supervisor")
@limiter.limit("20 per minute")
def report() -> Response:
    """The day on paper, with the same chart and the tables behind it."""
    now = clock.now()
    plan, view, shown = _looked_at(now, patience=REPORT_PATIENCE)
    when = _("Printed %(when)s by %(who)s.", when=pages.moment(now, plan), who=current_user.email)
    name = f"{plan.code}-board-{view.day}.pdf"
    response = make_response(
        board_report(shown | {"day": pages.day_name(view.day), "per_cent": format_percent}, printed=when)
    )
    response.content_type = "application/pdf"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _page(template: str) -> str:
    *_looked, shown = _looked_at(clock.now())
    return render_template(template, wall="wall" in request.args, **shown)


def _looked_at(now: datetime, *, patience: timedelta = PATIENCE) -> tuple[Programme, View, dict[str, Any]]:
    with reading() as session:
        plan = pages.programme_now(session)
    view = _view(plan, now=now)
    kept: Kept[Counted] = current_app.extensions.setdefault("checkin_board", Kept())
    counted = kept.value(
        (plan.version, plan.epoch, view),
        lambda: _counted(plan, view, now=now),
        now=now,
        fresh=FRESH,
        patience=patience,
    )
    return plan, view, _shown(counted, plan, view, now=now)


def _view(plan: Programme, *, now: datetime) -> View:
    today, days = plan.day_of(now), [day.date for day in plan.days]
    counting = [day.date for day in plan.days if day.counts] or days
    past = [day for day in days if day <= today]
    first = counting[0] if counting else today
    usual = today if today in days else past[-1] if past else first
    asked = pages.chosen("day", map(str, days))
    area, mine = pages.number("area"), my_areas(plan)
    when = "before" if not past else "after" if today > days[-1] else "during"
    return View(
        area_id=area
        if area is not None and area in mine
        else plan.main_area
        if plan.main_area in mine
        else next(iter(mine)),
        day=dt.date.fromisoformat(asked) if asked else usual,
        today=today,
        when=when,
    )


def _before(plan: Programme, view: View, *, now: datetime) -> Entries | None:
    """The entries of the day of the event before the one that one looks at."""
    day = arrivals.day_before(plan, view.day)
    if day is None:
        return None

    def count() -> Entries:
        with reading() as session:
            return arrivals.entries(session, plan, area_id=view.area_id, day=day)

    kept: Kept[Entries] = current_app.extensions.setdefault("checkin_board_earlier", Kept())
    return kept.value(
        (plan.version, plan.epoch, view.area_id, day), count, now=now, fresh=EARLIER_FRESH, old=FORGOTTEN
    )


def _counted(plan: Programme, view: View, *, now: datetime) -> Counted:
    before, since = _before(plan, view, now=now), now - timedelta(days=REGISTRATION_DAYS)
    with reading() as session:
        return Counted(
            arrivals.numbers(session, plan, area_id=view.area_id, day=view.day, now=now, before=before),
            arrivals.registrations(session, plan, since=since) if view.when == "before" else {},
            arrivals.people_who_came(session, plan) if view.when == "after" else 0,
        )


def _shown(counted: Counted, plan: Programme, view: View, *, now: datetime) -> dict[str, Any]:
    numbers = counted.numbers
    goes_on = view.is_today and view.when == "during"
    places = [place for place in _places(numbers, plan, view) if place.area_id == view.area_id]
    hours = attention.next_hour(numbers, places, now_at=plan.minute_of(now)) if goes_on else []
    chart = (
        _registration_chart(counted.registrations, plan, now=now)
        if view.when == "before"
        else _arrival_chart(numbers, plan, view, now=now)
    )
    return {
        "plan": plan,
        "view": view,
        "hero": _hero(counted, plan, view, now=now),
        "as_of": pages.hour(numbers.at, plan),
        "areas": my_areas(plan),
        "days": [(day.date, _day_name(day)) for day in plan.days],
        "chart": chart,
        "doors": _door_lines(numbers, plan, view, now=now),
        "held": numbers.held,
        "to_do": attention.to_do(numbers, hours, plan, now=now) if goes_on else [],
        "hour": attention.table(hours, plan, now=now),
        "groups": _groups(numbers, plan),
        "number": format_decimal,
    }


# --- the number -------------------------------------------------------------------------------------------------


def _hero(counted: Counted, plan: Programme, view: View, *, now: datetime) -> dict[str, Any]:
    numbers = counted.numbers
    everybody = numbers.people.all
    if view.when == "before":
        return _hero_before(numbers, plan, view)
    arrived = numbers.entries.total
    return {
        "figure": arrived,
        "label": _arrived_label(view),
        "of": _("of %(num)s expected", num=format_decimal(everybody.expected)),
        "part": (min(arrived, everybody.expected), everybody.expected),
        "per_cent": format_percent(arrived / everybody.expected) if everybody.expected else "",
        "facts": _facts(counted, plan, view, now=now),
    }


def _hero_before(numbers: Numbers, plan: Programme, view: View) -> dict[str, Any]:
    first = min((day.date for day in plan.days if day.counts), default=plan.days[0].date)
    statuses, wait = numbers.people.statuses, (first - view.today).days
    facts = [
        (_("Awaiting approval"), statuses["pending"]),
        (_("Address not confirmed"), statuses["unconfirmed"]),
        (_("On the waiting list"), statuses["waiting"]),
    ]
    return {
        "figure": statuses["confirmed"],
        "label": _("registered"),
        "of": ngettext("The event starts tomorrow.", "The event starts in %(num)d days.", wait),
        "part": None,
        "per_cent": "",
        "facts": [(name, format_decimal(count)) for name, count in facts if count],
    }


def _arrived_label(view: View) -> str:
    if view.is_today:
        return str(_("arrived today"))
    return str(_("arrived on %(day)s", day=pages.day_name(view.day)))


def _facts(counted: Counted, plan: Programme, view: View, *, now: datetime) -> list[tuple[str, str]]:
    numbers, facts = counted.numbers, []
    if view.is_today and numbers.inside is not None:
        facts.append((_("Inside now"), format_decimal(numbers.inside)))
    if view.is_today:
        quarter = plan.minute_of(now) // 15
        lately = numbers.entries.until(quarter) - numbers.entries.until(quarter - 1)
        facts.append((_("In this quarter hour"), format_decimal(lately)))
        if numbers.a_minute:
            facts.append((_("People a minute"), attention.rate(sum(numbers.a_minute.values()))))
        if numbers.before is not None:
            name = _before_until(numbers.before, view, _clock_time(quarter + 1, plan))
            facts.append((name, format_decimal(numbers.before.until(quarter))))
    elif numbers.before is not None:
        facts.append((pages.day_name(numbers.before.day), format_decimal(numbers.before.total)))
    if numbers.returns:
        facts.append((_("Came back"), format_decimal(numbers.returns)))
    if view.when == "after":
        facts.append((_("Came in all, each person once"), format_decimal(counted.came_in_all)))
    return facts


def _before_until(before: Entries, view: View, time: str) -> str:
    return str(_("%(day)s until %(time)s", day=_before_name(before, view), time=time))


def _day_name(day: DayPlan) -> str:
    return f"{pages.day_name(day.date)} · {day.name}" if day.name else pages.day_name(day.date)


# --- the bars ---------------------------------------------------------------------------------------------------


def _arrival_chart(numbers: Numbers, plan: Programme, view: View, *, now: datetime) -> dict[str, Any]:
    """What the chart and its table show: a row a quarter hour, a series a door, and the day before."""
    places = [(place.id, place.name) for place in _places(numbers, plan, view)]
    if numbers.entries.by_door[TIMED].total():
        places.append((TIMED, str(_("By hand, afterwards"))))
    before = numbers.before if numbers.before is not None and numbers.before.total else None
    quarters = _quarters(numbers, plan, view, now=now)
    totals: Counter[int] = sum(before.by_door.values() if before else (), start=Counter())
    return {
        "title": _("Arrivals by quarter hour"),
        "first_column": _("From"),
        "labels": [_clock_time(quarter, plan) for quarter in quarters],
        "series": [
            {"name": name, "counts": [numbers.entries.by_door[door_id][q] for q in quarters]}
            for door_id, name in places
        ],
        "before": [totals[quarter] for quarter in quarters] if before else None,
        "before_name": _before_name(before, view) if before else "",
        "empty": numbers.entries.total == 0 and before is None,
    }


def _before_name(before: Entries, view: View) -> str:
    return str(_("Yesterday")) if (view.today - before.day).days == 1 else pages.day_name(before.day)


def _places(numbers: Numbers, plan: Programme, view: View) -> list[DoorPlace]:
    """The doors into the area, and others by which somebody was first seen."""
    return [
        place
        for place in plan.doors.values()
        if (place.area_id == view.area_id and place.direction != "out")
        or numbers.entries.by_door[place.id].total()
    ]


def _quarters(numbers: Numbers, plan: Programme, view: View, *, now: datetime) -> range:
    """From the earlier of eight o'clock and the first entry to the later of six o'clock, the last one and now."""
    shift = plan.cutover_hour * 4
    seen = [MORNING - shift, EVENING - shift]
    for entries in (numbers.entries, numbers.before):
        if entries is not None:
            seen += [quarter for counts in entries.by_door.values() for quarter in counts]
    if view.is_today:
        seen.append(plan.minute_of(now) // 15)
    return range(max(min(seen), 0), min(max(seen) + 1, arrivals.QUARTERS_A_DAY))


def _clock_time(quarter: int, plan: Programme) -> str:
    minute = (plan.cutover_hour * 60 + quarter * 15) % (24 * 60)
    return f"{minute // 60:02}:{minute % 60:02}"


def _registration_chart(
    registrations: Mapping[dt.date, int], plan: Programme, *, now: datetime
) -> dict[str, Any]:
    today = now.astimezone(plan.zone).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(REGISTRATION_DAYS))]
    return {
        "title": _("Registrations by day"),
        "first_column": _("Day"),
        "labels": [format_date(day, "d MMM") for day in days],
        "series": [{"name": _("Registrations"), "counts": [registrations.get(day, 0) for day in days]}],
        "before": None,
        "before_name": "",
        "empty": not registrations,
    }


# --- doors, phones and groups -----------------------------------------------------------------------------------


def _door_lines(numbers: Numbers, plan: Programme, view: View, *, now: datetime) -> list[DoorLine]:
    """The doors of the area first, in the organiser's order."""
    counted = {place.id for place in _places(numbers, plan, view)} if view.when != "before" else set()
    at_doors = sorted(numbers.phones, key=lambda phone: (len(phone.name), phone.name))
    return [
        DoorLine(
            place.name,
            numbers.entries.by_door[place.id].total() if place.id in counted else None,
            attention.rate(numbers.a_minute[place.id])
            if view.is_today and place.id in numbers.a_minute
            else "",
            tuple(_phone_line(phone, view, now=now) for phone in at_doors if phone.door_id == place.id),
        )
        for place in sorted(plan.doors.values(), key=lambda place: place.area_id != view.area_id)
    ]


def _phone_line(phone: PhoneSeen, view: View, *, now: datetime) -> PhoneLine:
    """How a phone is, in the reader's words."""
    ago = now - phone.heard_at
    notes = []
    if phone.waiting:
        notes.append(ngettext("%(num)d scan waits", "%(num)d scans wait", phone.waiting))
    if phone.battery is not None and phone.battery < BATTERY_LOW:
        notes.append(_("battery %(per_cent)s", per_cent=format_percent(phone.battery)))
    if abs(phone.skew_ms) > CLOCK_OFF_MS:
        notes.append(hearing.clock_off(phone.skew_ms))
    # Phones that are silent before and after the event are only at rest.
    state = hearing.state_of(ago) if view.when == "during" else "quiet"
    return PhoneLine(phone.name, state, hearing.heard(ago), tuple(map(str, notes)))


def _groups(numbers: Numbers, plan: Programme) -> list[tuple[str, str, list[Line]]]:
    people = numbers.people
    categories = [
        Line(category.name, people.categories[key], category.colour)
        for key, category in plan.categories.items()
        if key in people.categories
    ]
    countries = [
        Line(pages.country(code) or str(_("Not known")), share) for code, share in people.countries.items()
    ]
    delegations = [Line(name, share) for name, share in people.delegations.items()]
    return [
        ("categories", str(_("Categories")), categories),
        ("delegations", str(_("Delegations")), _largest_first(delegations)),
        ("countries", str(_("Countries")), _largest_first(countries)),
    ]


def _largest_first(lines: list[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (-line.share.expected, line.name))
