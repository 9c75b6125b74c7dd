"""The rules of the event's set-up, whoever changes it: what is wrong, what is fixed, what changed; it owns no table."""

import dataclasses
import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import exists, or_, select, union
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from checkin.domain import doors, event
from checkin.domain.badges import Badge
from checkin.domain.blanks import Blank
from checkin.domain.delegates import Delegate
from checkin.domain.details import email_address
from checkin.domain.doors import Device, Pairing
from checkin.domain.event import (
    FACTS,
    AreaSettings,
    Category,
    CategorySettings,
    DaySettings,
    DoorSettings,
    Event,
    EventSettings,
)
from checkin.domain.programme import Programme, programme
from checkin.domain.scans import Attendance
from checkin.domain.staff import supervised_areas
from checkin.errors import Conflict, Refusal
from checkin.tokens import BadgeKey

LONGEST_NAME = 200
LONGEST_FACT = 300
# How many days, areas, doors and categories an event may have of each.
MOST_ROWS = 60
DIRECTIONS = ("in", "out", "both")
# Control characters, and those that turn the text around them.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_COLOUR = re.compile("#[0-9A-Fa-f]{6}")
_CODE = re.compile("[A-Za-z0-9-]{2,20}")
_PREFIX = re.compile("[A-Z]{1,6}")


def N_(sentence: str) -> str:  # noqa: N802  The name by which Babel finds sentences that are translated later.
    """Mark a sentence for the catalogues."""
    return sentence


SENTENCES = {
    "missing": N_("Please give a name."),
    "too_long": N_("This is too long: at most %(most)s characters fit."),
    "unprintable": N_("There is a character in it that can't be printed: type it again."),
    "too_many": N_("There may be at most %(most)s of these."),
    "none": N_("There must be at least one."),
    "zone_unknown": N_("There is no time zone %(value)s; use a name such as Asia/Kuala_Lumpur."),
    "contact_wrong": N_("%(value)s is not one e-mail address. Write it like name@example.org."),
    "code_wrong": N_("The code has 2 to 20 letters, digits and hyphens."),
    "prefix_wrong": N_("The beginning of references has 1 to 6 capital letters."),
    "cutover_wrong": N_("The day may end between 0 and 12 o'clock."),
    "reentry_wrong": N_("This must be between 0 and 1440 minutes."),
    "erased_too_early": N_("Personal data is needed until the event is over: give a day after its last one."),
    "choice_wrong": N_("Please choose one of these."),
    "one_main": N_("Exactly one area is the main one."),
    "twice": N_("%(name)s is there twice."),
    "colour_wrong": N_("Write the colour as # and six digits from 0 to F, such as #1B4F72."),
    "capacity_wrong": N_("The capacity is a number from 0 on, or nothing."),
    "area_unknown": N_("%(area)s is no area of this event."),
    "day_unknown": N_("%(day)s is no day of this event."),
    "half_hours": N_("Give both hours, when it opens and when it closes, or neither."),
    # What can't change any more.
    "event_code_fixed": N_(
        "This database holds the event %(code)s: its badges' codes begin with what that gives, "
        "so another event needs a database of its own."
    ),
    "time_fixed": N_("Somebody has come in already: another time would move them to another day."),
    "prefix_fixed": N_("References such as %(prefix)s-00001 were given out already."),
    "day_in_use": N_("Somebody came in on %(day)s: this day stays."),
    "day_counts_fixed": N_("Somebody came in on %(day)s: whether it counts can't change any more."),
    "area_in_use": N_("Somebody came into %(name)s: this area stays."),
    "area_supervised": N_(
        "%(name)s has a supervisor: give them another area first, on the page of the staff."
    ),
    "main_fixed": N_("Somebody has come in already: the main area, by which days are counted, stays."),
    "door_in_use": N_("Phones have stood at %(name)s: this door stays. It can get another name."),
    "door_area_fixed": N_("Somebody came in through %(name)s: it leads where it has led."),
    "category_in_use": N_("%(name)s has delegates: move them to another category first."),
    "category_name_fixed": N_("Badges of %(name)s are out and bear this name: it stays."),
    "capacity_below_taken": N_(
        "%(name)s already has %(taken)s delegates: the capacity can't be %(capacity)s."
    ),
    "in_use": N_("Something that was to be removed has come into use meanwhile: look at it again."),
}


@dataclass(frozen=True)
class Problem:
    """What is wrong at a place: a part of the set-up, the number of its row, a field of that.

    `SENTENCES[code] % params` says it, so that it can be translated. The part of the event's own facts is `facts`;
    a problem of a whole part has the row -1 and no field.
    """

    code: str
    part: str
    row: int = 0
    field: str = ""
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What is wrong and how to mend it, in English."""
        return SENTENCES[self.code] % self.params


class SetUpRefused(Refusal):
    """The set-up can't be taken; `problems` has all that is wrong with it, or all that is fixed in it."""

    def __init__(
        self, wrong: Sequence[Problem], forbidden: Sequence[Problem], *, named: Callable[[Problem], str]
    ) -> None:
        self.problems = (*forbidden, *wrong)
        told = " ".join(f"{named(one)}: {one.sentence}" for one in self.problems)
        code, status = (forbidden[0].code, 409) if forbidden else ("bad_settings", 422)
        super().__init__(code, f"The event's set-up can't be taken. {told}", status=status)


# --- what is wrong --------------------------------------------------------------------------------------------------


def problems(settings: EventSettings) -> Iterator[Problem]:
    """Everything that no event may have, in the order of the set-up."""
    yield from _facts(settings)
    for part in ("days", "areas", "doors", "categories"):
        rows = getattr(settings, part)
        if not rows:
            yield Problem("none", part, -1)
        if len(rows) > MOST_ROWS:
            yield Problem("too_many", part, -1, params={"most": MOST_ROWS})
    yield from _days(settings)
    yield from _named("areas", settings.areas)
    if sum(area.main for area in settings.areas) != 1:
        yield Problem("one_main", "areas", -1)
    yield from _doors(settings)
    yield from _categories(settings)


def is_colour(text: str) -> bool:
    """Whether a text is a colour such as #1B4F72."""
    return _COLOUR.fullmatch(text) is not None


def _facts(settings: EventSettings) -> Iterator[Problem]:
    for name in ("name", "theme", "venue", "organiser"):
        yield from _text(
            "facts", 0, name, getattr(settings, name), most=LONGEST_FACT, required=name == "name"
        )
    checks = {
        "contact": (not settings.contact or email_address(settings.contact) is not None, "contact_wrong"),
        "code": (_CODE.fullmatch(settings.code), "code_wrong"),
        "time_zone": (_is_zone(settings.time_zone), "zone_unknown"),
        "cutover_hour": (0 <= settings.cutover_hour <= 12, "cutover_wrong"),
        "reentry_after": (0 <= settings.reentry_after_s <= 24 * 3600, "reentry_wrong"),
        "unknown_offline": (settings.unknown_offline in event.UNKNOWN_OFFLINE, "choice_wrong"),
        "erase_on": (not _is_too_early(settings), "erased_too_early"),
        "reference_prefix": (_PREFIX.fullmatch(settings.reference_prefix), "prefix_wrong"),
    }
    for name, (well, code) in checks.items():
        if not well:
            yield Problem(code, "facts", 0, name, {"value": str(getattr(settings, name, ""))[:LONGEST_FACT]})


def _is_too_early(settings: EventSettings) -> bool:
    return settings.erase_on is not None and any(day.date >= settings.erase_on for day in settings.days)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _text(part: str, row: int, name: str, text: str, *, most: int, required: bool) -> Iterator[Problem]:
    if required and not text.strip():
        yield Problem("missing", part, row, name)
    if len(text) > most:
        yield Problem("too_long", part, row, name, {"most": most})
    elif _UNPRINTABLE.search(text):
        yield Problem("unprintable", part, row, name)


def _named(part: str, rows: Sequence[AreaSettings | DoorSettings | CategorySettings]) -> Iterator[Problem]:
    counted = Counter(one.name.casefold() for one in rows)
    for row, one in enumerate(rows):
        yield from _text(part, row, "name", one.name, most=LONGEST_NAME, required=True)
        if one.name and counted[one.name.casefold()] > 1:
            yield Problem("twice", part, row, "name", {"name": one.name})


def _days(settings: EventSettings) -> Iterator[Problem]:
    counted = Counter(day.date for day in settings.days)
    for row, day in enumerate(settings.days):
        yield from _text("days", row, "name", day.name, most=LONGEST_NAME, required=False)
        if counted[day.date] > 1:
            yield Problem("twice", "days", row, "date", {"name": day.date})
        yield from _half_hours("days", row, day)


def _half_hours(part: str, row: int, one: DaySettings | CategorySettings) -> Iterator[Problem]:
    if (one.opens is None) != (one.closes is None):
        yield Problem("half_hours", part, row, "closes" if one.closes is None else "opens")


def _doors(settings: EventSettings) -> Iterator[Problem]:
    yield from _named("doors", settings.doors)
    areas = {area.name for area in settings.areas}
    for row, door in enumerate(settings.doors):
        if door.area not in areas:
            yield Problem("area_unknown", "doors", row, "area", {"area": door.area})
        if door.direction not in DIRECTIONS:
            yield Problem("choice_wrong", "doors", row, "direction")


def _categories(settings: EventSettings) -> Iterator[Problem]:
    yield from _named("categories", settings.categories)
    areas, days = {area.name for area in settings.areas}, {day.date for day in settings.days}
    for row, one in enumerate(settings.categories):
        for area in sorted(set(one.areas) - areas):
            yield Problem("area_unknown", "categories", row, "areas", {"area": area})
        for day in sorted(set(one.days) - days):
            yield Problem("day_unknown", "categories", row, "days", {"day": day})
        if not is_colour(one.colour):
            yield Problem("colour_wrong", "categories", row, "colour")
        if one.capacity is not None and not 0 <= one.capacity < 2**31:
            yield Problem("capacity_wrong", "categories", row, "capacity")
        yield from _half_hours("categories", row, one)


# --- what is fixed --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InUse:
    """What of the set-up is in use, and can't change or go any more; places by their names.

    `entered` are doors through which somebody came in, `manned` those at which a phone has stood; `peopled`
    categories have delegates, `taken` counts their places, and badges of the `badged` are out.
    """

    days: frozenset[dt.date] = frozenset()
    areas: frozenset[str] = frozenset()
    supervised: frozenset[str] = frozenset()
    entered: frozenset[str] = frozenset()
    manned: frozenset[str] = frozenset()
    peopled: frozenset[str] = frozenset()
    badged: frozenset[str] = frozenset()
    taken: Mapping[str, int] = dataclasses.field(default_factory=dict)
    references: bool = False


def in_use(session: Session, plan: Programme) -> InUse:
    """What is in use now, by four statements."""
    entries = session.execute(select(Attendance.day, Attendance.area_id, Attendance.door_id).distinct()).all()
    stood = union(select(Pairing.door_id), select(Device.door_id))
    manned = {*session.scalars(stood), *(row.door_id for row in entries)}
    blank = exists().where(Blank.category_id == Category.id)
    peopled = or_(exists().where(Delegate.category_id == Category.id), blank)
    with_badge = exists().where(Badge.delegate_id == Delegate.id, Delegate.category_id == Category.id)
    badged = or_(with_badge, blank)
    of_categories = session.execute(
        select(
            Category.name,
            Category.taken,
            peopled.label("peopled"),
            badged.label("badged"),
            select(Event.last_reference).scalar_subquery().label("references"),
        )
    ).all()
    return InUse(
        days=frozenset(row.day for row in entries),
        areas=frozenset(plan.areas[row.area_id] for row in entries),
        supervised=frozenset(plan.areas[one] for one in supervised_areas(session)),
        entered=frozenset(plan.doors[row.door_id].name for row in entries),
        manned=frozenset(plan.doors[one].name for one in manned),
        peopled=frozenset(row.name for row in of_categories if row.peopled),
        badged=frozenset(row.name for row in of_categories if row.badged),
        taken={row.name: row.taken for row in of_categories},
        references=any(row.references for row in of_categories),
    )


def fixed(before: EventSettings, after: EventSettings, used: InUse) -> Iterator[Problem]:
    """Every change that what is in use forbids."""
    yield from _fixed_facts(before, after, used)
    yield from _fixed_days(before, after, used)
    yield from _fixed_areas(before, after, used)
    yield from _fixed_doors(before, after, used)
    yield from _fixed_categories(after, before, used)


def _fixed_facts(before: EventSettings, after: EventSettings, used: InUse) -> Iterator[Problem]:
    if before.code != after.code:
        yield Problem("event_code_fixed", "facts", 0, "code", {"code": before.code})
    for name in ("time_zone", "cutover_hour"):
        if used.days and getattr(before, name) != getattr(after, name):
            yield Problem("time_fixed", "facts", 0, name)
    if used.references and before.reference_prefix != after.reference_prefix:
        prefix = {"prefix": before.reference_prefix}
        yield Problem("prefix_fixed", "facts", 0, "reference_prefix", prefix)


def _fixed_days(before: EventSettings, after: EventSettings, used: InUse) -> Iterator[Problem]:
    rows = {day.date: (row, day) for row, day in enumerate(after.days)}
    for day in before.days:
        if day.date not in used.days:
            continue
        row, changed = rows.get(day.date, (-1, None))
        if changed is None:
            yield Problem("day_in_use", "days", row, params={"day": day.date})
        elif changed.counts != day.counts:
            yield Problem("day_counts_fixed", "days", row, "counts", {"day": day.date})


def _fixed_areas(before: EventSettings, after: EventSettings, used: InUse) -> Iterator[Problem]:
    for gone in _gone(before.areas, after.areas):
        if gone in used.areas:
            yield Problem("area_in_use", "areas", -1, params={"name": gone})
        elif gone in used.supervised:
            yield Problem("area_supervised", "areas", -1, params={"name": gone})
    was_main = {area.name for area in before.areas if area.main}
    for row, area in enumerate(after.areas):
        if used.areas and area.main and not was_main & {area.was, area.name}:
            yield Problem("main_fixed", "areas", row, "main")


def _fixed_doors(before: EventSettings, after: EventSettings, used: InUse) -> Iterator[Problem]:
    for gone in _gone(before.doors, after.doors):
        if gone in used.manned:
            yield Problem("door_in_use", "doors", -1, params={"name": gone})
    known = {door.name: door for door in before.doors}
    areas = {area.was or area.name: area.name for area in after.areas}
    for row, door in enumerate(after.doors):
        old = known.get(door.was) or known.get(door.name)
        if old and old.name in used.entered and door.area != areas.get(old.area):
            yield Problem("door_area_fixed", "doors", row, "area", {"name": old.name})


def _fixed_categories(after: EventSettings, before: EventSettings, used: InUse) -> Iterator[Problem]:
    for gone in _gone(before.categories, after.categories):
        if gone in used.peopled:
            yield Problem("category_in_use", "categories", -1, params={"name": gone})
    for row, one in enumerate(after.categories):
        old = one.was if one.was in used.taken else one.name
        if old in used.badged and old != one.name:
            yield Problem("category_name_fixed", "categories", row, "name", {"name": old})
        taken = used.taken.get(old, 0)
        if one.capacity is not None and one.capacity < taken:
            told = {"name": old, "taken": taken, "capacity": one.capacity}
            yield Problem("capacity_below_taken", "categories", row, "capacity", told)


def _gone(before: Iterable[Any], after: Iterable[Any]) -> list[str]:
    kept = {name for one in after for name in (one.was, one.name)}
    return [one.name for one in before if one.name not in kept]


# --- what it is, and what changes -----------------------------------------------------------------------------------


def settings_of(plan: Programme) -> EventSettings:
    """The set-up as it is now."""
    counted = {day.date for day in plan.days if day.counts}
    areas = tuple(AreaSettings(name, number == plan.main_area) for number, name in plan.areas.items())
    return EventSettings(
        code=plan.code,
        **{name: getattr(plan, name) for name in FACTS if name != "reentry_after_s"},
        reentry_after_s=int(plan.reentry_after.total_seconds()),
        days=tuple(DaySettings(day.date, day.name, day.counts, day.opens, day.closes) for day in plan.days),
        areas=areas,
        doors=tuple(DoorSettings(door.name, door.area, door.direction) for door in plan.doors.values()),
        categories=tuple(
            CategorySettings(
                one.name,
                one.colour.upper(),
                areas=() if one.areas == {plan.main_area} else _names(plan, one.areas),
                days=() if one.days.keys() == counted else tuple(sorted(one.days)),
                opens=one.opens,
                closes=one.closes,
                capacity=one.capacity,
                self_registration=one.self_registration,
                approval=one.approval,
                protocol=one.protocol,
            )
            for one in plan.categories.values()
        ),
    )


def _names(plan: Programme, areas: frozenset[int]) -> tuple[str, ...]:
    return tuple(name for number, name in plan.areas.items() if number in areas)


def _plain(settings: EventSettings) -> EventSettings:
    """The same set-up as `settings_of` would give it back."""
    main = tuple(area.name for area in settings.areas if area.main)
    counted = {day.date for day in settings.days if day.counts}
    order = [area.name for area in settings.areas]
    return replace(
        settings,
        days=tuple(sorted(settings.days, key=lambda day: day.date)),
        contact=email_address(settings.contact) or "",
        categories=tuple(
            replace(
                one,
                colour=one.colour.upper(),
                areas=() if one.areas == main else tuple(sorted(set(one.areas), key=order.index)),
                days=() if set(one.days) == counted else tuple(sorted(set(one.days))),
            )
            for one in settings.categories
        ),
    )


def differences(before: EventSettings, after: EventSettings) -> Iterator[str]:
    """What changed: `venue` for a fact, `doors:Gate A:direction` for a row's field, `doors:Gate A:added`."""
    for name in FACTS:
        if getattr(before, name) != getattr(after, name):
            yield name
    for part in ("days", "areas", "doors", "categories"):
        yield from _differences(part, getattr(before, part), getattr(after, part))


def _differences(part: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[str]:
    old = {_name(one): one for one in before}
    kept = []
    for one in after:
        name = getattr(one, "was", "") if getattr(one, "was", "") in old else _name(one)
        if name not in old:
            yield f"{part}:{name}:added"
            continue
        kept.append(name)
        changed = (f.name for f in fields(one) if f.name != "was")
        yield from (f"{part}:{name}:{f}" for f in changed if getattr(old[name], f) != getattr(one, f))
    yield from (f"{part}:{name}:removed" for name in old if name not in kept)
    if kept != [name for name in old if name in kept]:
        yield f"{part}::order"


def _name(one: Any) -> str:
    return str(one.date) if isinstance(one, DaySettings) else str(one.name)


def set_up(session: Session, settings: EventSettings, *, key: BadgeKey, now: dt.datetime) -> list[str]:
    """Create the event or change its set-up; returns what changed, as `differences` does, nothing where nothing did.

    Raises SetUpRefused for a set-up that no event may have, or that what is in use forbids.
    """
    event.hold_event(session)
    plan = programme(session) if event.is_set_up(session) else None
    before = settings_of(plan) if plan else None
    forbidden = list(fixed(before, settings, in_use(session, plan))) if plan and before else []
    wrong = list(problems(settings))
    if wrong or forbidden:
        raise SetUpRefused(wrong, forbidden, named=lambda one: _place(one, settings))
    settings = _plain(settings)
    changed = list(differences(before, settings)) if before else ["code"]
    if changed:
        _write(session, settings, key=key, now=now)
    return changed


def _write(session: Session, settings: EventSettings, *, key: BadgeKey, now: dt.datetime) -> None:
    try:
        event.set_event(session, settings, key=key, now=now)
        doors.set_doors(session, settings.doors)
        event.drop_areas(session, settings)
    except IntegrityError:
        # A delegate, a phone or a scan was faster than the look at what is in use.
        raise Conflict("in_use", SENTENCES["in_use"]) from None


def _place(problem: Problem, settings: EventSettings) -> str:
    """Where a problem is, for somebody who reads the file, such as “doors, Gate A, area”."""
    rows = getattr(settings, problem.part, ())
    row = [_name(rows[problem.row])] if rows and 0 <= problem.row < len(rows) else []
    part = [] if problem.part == "facts" else [problem.part]
    return ", ".join(word for word in (*part, *row, problem.field) if word)
