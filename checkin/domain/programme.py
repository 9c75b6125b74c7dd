"""The event's set-up as one frozen value, for rules and pages to read; it owns no table."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.domain.doors import Door
from checkin.domain.event import Area, Category, CategoryArea, CategoryDay, Day, Event, the_event
from checkin.domain.logos import Logo, logo
from checkin.domain.notices import Notice, notice
from checkin.domain.own_words import Wordings, wordings
from checkin.errors import NotFound


@dataclass(frozen=True)
class Hours:
    """From when until when, as minutes after the day's cut-over; the end is not included."""

    opens: int
    closes: int


@dataclass(frozen=True)
class Entitlement:
    """Which days (with hours; None means all day) and areas a category may enter, and how one gets into it."""

    name: str
    colour: str
    days: Mapping[date, Hours | None]
    areas: frozenset[int]
    self_registration: bool = False
    approval: bool = False
    protocol: bool = False
    capacity: int | None = None
    # Its own hours, if it has any, as they were set.
    opens: time | None = None
    closes: time | None = None


@dataclass(frozen=True)
class DoorPlace:
    """A door and the area it leads to."""

    id: uuid.UUID
    name: str
    area_id: int
    area: str
    direction: str


@dataclass(frozen=True)
class DayPlan:
    """A day, whether it counts as attendance, and its hours for categories that have none of their own."""

    date: dt.date
    name: str
    counts: bool
    opens: time | None = None
    closes: time | None = None


@dataclass(frozen=True)
class Programme:
    """The set-up of the event as one value, loaded once per version and process."""

    version: int
    code: str
    name: str
    theme: str
    venue: str
    organiser: str
    contact: str
    time_zone: str
    cutover_hour: int
    reentry_after: timedelta
    unknown_offline: str
    reference_prefix: str
    erase_on: date | None
    code_prefix: str
    epoch: uuid.UUID
    days: tuple[DayPlan, ...]
    areas: Mapping[int, str]
    main_area: int
    doors: Mapping[uuid.UUID, DoorPlace]
    categories: Mapping[int, Entitlement]
    own_words: Wordings
    notice: Notice
    logo: Logo | None = None

    @property
    def whom(self) -> str:
        """Whom to ask: the organisers, and their address where it is known."""
        return ", ".join(part for part in (self.organiser or self.name, self.contact) if part)

    @property
    def protocol_categories(self) -> frozenset[int]:
        """The categories of whose arrivals protocol officers are told."""
        return frozenset(number for number, one in self.categories.items() if one.protocol)

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def day_of(self, at: datetime) -> date:
        """The event day of a moment: its local date, where the small hours belong to the day before."""
        return (at.astimezone(self.zone) - timedelta(hours=self.cutover_hour)).date()

    def minute_of(self, at: datetime) -> int:
        """Minutes from the cut-over to a moment, on the clock of the event's zone."""
        local = at.astimezone(self.zone)
        return ((local.hour - self.cutover_hour) % 24) * 60 + local.minute

    def door_named(self, name: str) -> DoorPlace:
        """The door of that name in any case, or with that id; raises NotFound naming the doors there are."""
        for door in self.doors.values():
            if name.casefold() in {door.name.casefold(), str(door.id)}:
                return door
        raise NotFound(
            "unknown_door",
            f"There is no door “{name}”. The doors are: {_list(d.name for d in self.doors.values())}.",
        )

    def area_named(self, name: str) -> int:
        """The id of the area of that name in any case; raises NotFound naming the areas there are."""
        for area_id, area in self.areas.items():
            if name.casefold() == area.casefold():
                return area_id
        raise NotFound(
            "unknown_area", f"There is no area “{name}”. The areas are: {_list(self.areas.values())}."
        )

    def category_named(self, name: str) -> int:
        """The id of the category of that name in any case; raises NotFound naming the categories there are."""
        for category_id, category in self.categories.items():
            if name.casefold() == category.name.casefold():
                return category_id
        names = _list(c.name for c in self.categories.values())
        raise NotFound("unknown_category", f"There is no category “{name}”. The categories are: {names}.")


def programme(session: Session) -> Programme:
    """The set-up as it is now; raises NotFound where there is no event."""
    event = the_event(session)
    areas = session.scalars(select(Area).order_by(Area.position)).all()
    names = {area.id: area.name for area in areas}
    doors = session.scalars(select(Door).order_by(Door.position))
    return Programme(
        version=event.version,
        code=event.code,
        name=event.name,
        theme=event.theme,
        venue=event.venue,
        organiser=event.organiser,
        contact=event.contact,
        time_zone=event.time_zone,
        cutover_hour=event.cutover_hour,
        reentry_after=timedelta(seconds=event.reentry_after_s),
        unknown_offline=event.unknown_offline,
        reference_prefix=event.reference_prefix,
        erase_on=event.erase_on,
        code_prefix=event.code_prefix,
        epoch=event.epoch,
        days=tuple(
            DayPlan(day.date, day.name, day.counts, day.opens, day.closes)
            for day in session.scalars(select(Day).order_by(Day.date))
        ),
        areas=names,
        main_area=next(area.id for area in areas if area.main),
        doors={d.id: DoorPlace(d.id, d.name, d.area_id, names[d.area_id], d.direction) for d in doors},
        categories=_entitlements(session, cutover_hour=event.cutover_hour),
        own_words=wordings(session),
        notice=notice(session),
        logo=logo(session),
    )


def _entitlements(session: Session, *, cutover_hour: int) -> dict[int, Entitlement]:
    days: dict[int, dict[date, Hours | None]] = {}
    for row in session.scalars(select(CategoryDay)):
        days.setdefault(row.category_id, {})[row.date] = _hours(row.opens, row.closes, cutover_hour)
    areas: dict[int, set[int]] = {}
    for pair in session.scalars(select(CategoryArea)):
        areas.setdefault(pair.category_id, set()).add(pair.area_id)
    return {
        c.id: Entitlement(
            c.name,
            c.colour,
            days.get(c.id, {}),
            frozenset(areas.get(c.id, ())),
            self_registration=c.self_registration,
            approval=c.approval,
            protocol=c.protocol,
            capacity=c.capacity,
            opens=c.opens,
            closes=c.closes,
        )
        for c in session.scalars(select(Category).order_by(Category.position))
    }


def _hours(opens: time | None, closes: time | None, cutover_hour: int) -> Hours | None:
    if opens is None or closes is None:
        return None
    return Hours(_minute(opens, cutover_hour), _minute(closes, cutover_hour) or 24 * 60)


def _minute(at: time, cutover_hour: int) -> int:
    return ((at.hour - cutover_hour) % 24) * 60 + at.minute


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


class Programmes:
    """The programme in this process's memory, loaded again when the event's version has risen."""

    def __init__(self) -> None:
        self.latest: Programme | None = None

    def current(self, session: Session) -> Programme:
        """The programme of the event's present version; raises NotFound where there is no event."""
        stamp = session.execute(select(Event.epoch, Event.version)).first()
        if self.latest is None or stamp is None or not self.is_latest(*stamp):
            self.latest = programme(session)
        return self.latest

    def is_latest(self, epoch: uuid.UUID, version: int) -> bool:
        """Whether what is in memory is of this version."""
        return self.latest is not None and (self.latest.epoch, self.latest.version) == (epoch, version)
