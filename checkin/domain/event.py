"""The event and what it is made of; it owns the tables event, day, category, category_day, category_area and area."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, delete, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant
from checkin.errors import NotFound
from checkin.tokens import BadgeKey, new_id

UNKNOWN_OFFLINE = ("send_to_desk", "admit_and_note")
# What the event's own row keeps of the set-up; its code is fixed once set.
FACTS = (
    *("name", "theme", "venue", "organiser", "contact", "time_zone", "cutover_hour", "reentry_after_s"),
    *("unknown_offline", "reference_prefix", "erase_on"),
)
CATEGORY_FIELDS = (
    *("name", "colour", "capacity", "self_registration", "approval", "protocol", "opens", "closes"),
)


class Renamed(Protocol):
    """What an organiser sets under a name that may be another than it was."""

    @property
    def name(self) -> str: ...

    @property
    def was(self) -> str: ...


# A row that has a name.
Row = TypeVar("Row", "Area", "Category", Any)
Named = TypeVar("Named", bound=Renamed)


class Event(Base):
    """The one event of this database."""

    __tablename__ = "event"
    __table_args__ = (
        CheckConstraint("id = 1", name="one"),
        CheckConstraint("cutover_hour BETWEEN 0 AND 12", name="cutover_hour"),
        CheckConstraint("reentry_after_s BETWEEN 0 AND 86400", name="reentry_after"),
        CheckConstraint("unknown_offline IN ('send_to_desk', 'admit_and_note')", name="unknown_offline"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    code: Mapped[str]
    name: Mapped[str]
    theme: Mapped[str]
    venue: Mapped[str]
    organiser: Mapped[str]
    # The organisers' own e-mail address, which pages and letters name; empty where none is given.
    contact: Mapped[str] = mapped_column(default="")
    time_zone: Mapped[str]
    cutover_hour: Mapped[int]
    reentry_after_s: Mapped[int]
    unknown_offline: Mapped[str]
    reference_prefix: Mapped[str]
    # From this day on the delegates' personal data may be purged.
    erase_on: Mapped[dt.date | None]
    # Begins every badge code of this event, so that another event's badge is told from an unknown one.
    code_prefix: Mapped[str]
    # A restore from a backup begins a new epoch: phones then offer all their scans again.
    epoch: Mapped[uuid.UUID]
    # Rises with every change of set-up; each process keeps the programme of one version in memory.
    version: Mapped[int] = mapped_column(default=1)
    last_reference: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime] = mapped_column(Instant)


class Day(Base):
    """One day of the event; a build day does not count as attendance."""

    __tablename__ = "day"

    date: Mapped[dt.date] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="")
    counts: Mapped[bool] = mapped_column(default=True)
    # For the categories that have no hours of their own.
    opens: Mapped[dt.time | None]
    closes: Mapped[dt.time | None]


class Area(Base):
    """What one enters; the main one contains the others."""

    __tablename__ = "area"
    __table_args__ = (
        Index(
            "uq_area_one_main", "main", unique=True, postgresql_where=text("main"), sqlite_where=text("main")
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    main: Mapped[bool]
    position: Mapped[int]


class Category(Base):
    """A kind of delegate, with its look on the badge and its places."""

    __tablename__ = "category"
    __table_args__ = (
        CheckConstraint("capacity IS NULL OR taken <= capacity", name="never_oversold"),
        CheckConstraint("taken >= 0", name="taken"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    colour: Mapped[str]
    capacity: Mapped[int | None]
    taken: Mapped[int] = mapped_column(default=0)
    self_registration: Mapped[bool]
    approval: Mapped[bool]
    # A VIP: protocol phones are told of each arrival.
    protocol: Mapped[bool] = mapped_column(default=False)
    # Its own hours on each of its days; none means those of the day.
    opens: Mapped[dt.time | None]
    closes: Mapped[dt.time | None]
    position: Mapped[int]


class CategoryDay(Base):
    """A day on which a category may enter, and between which hours; none means all day."""

    __tablename__ = "category_day"
    __table_args__ = (CheckConstraint("(opens IS NULL) = (closes IS NULL)", name="hours"),)

    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), primary_key=True)
    date: Mapped[dt.date] = mapped_column(ForeignKey("day.date"), primary_key=True)
    opens: Mapped[dt.time | None]
    closes: Mapped[dt.time | None]


class CategoryArea(Base):
    """An area that a category may enter."""

    __tablename__ = "category_area"

    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), primary_key=True)


@dataclass(frozen=True)
class DaySettings:
    """A day as an organiser sets it; `opens` and `closes` hold for the categories that set no hours themselves."""

    date: dt.date
    name: str = ""
    counts: bool = True
    opens: dt.time | None = None
    closes: dt.time | None = None


@dataclass(frozen=True)
class AreaSettings:
    """An area as an organiser sets it; `was` is the name it has had so far, where that changes."""

    name: str
    main: bool = False
    was: str = ""


@dataclass(frozen=True)
class DoorSettings:
    """A door as an organiser sets it; `direction` is in, out or both, `was` as with areas."""

    name: str
    area: str
    direction: str = "both"
    was: str = ""


@dataclass(frozen=True)
class CategorySettings:
    """A category as an organiser sets it; no areas means the main one, no days means every day that counts.

    `was` as with areas.
    """

    name: str
    colour: str
    areas: tuple[str, ...] = ()
    days: tuple[dt.date, ...] = ()
    opens: dt.time | None = None
    closes: dt.time | None = None
    capacity: int | None = None
    self_registration: bool = False
    approval: bool = False
    protocol: bool = False
    was: str = ""


@dataclass(frozen=True)
class EventSettings:
    """The whole set-up, as `checkin event set` and the organisers' pages give it."""

    code: str
    name: str
    time_zone: str
    days: tuple[DaySettings, ...]
    areas: tuple[AreaSettings, ...]
    doors: tuple[DoorSettings, ...]
    categories: tuple[CategorySettings, ...]
    theme: str = ""
    venue: str = ""
    organiser: str = ""
    contact: str = ""
    cutover_hour: int = 4
    reentry_after_s: int = 1200
    unknown_offline: str = "send_to_desk"
    reference_prefix: str = "KL"
    erase_on: dt.date | None = None


def the_event(session: Session) -> Event:
    """The event; raises NotFound where none has been set up."""
    event = session.get(Event, 1)
    if event is None:
        raise NotFound(
            "no_event",
            "There is no event yet: set one up with `checkin event set FILE.toml` or `checkin demo`.",
        )
    return event


def raise_version(session: Session) -> None:
    """Let every process and phone learn that the set-up is another one."""
    session.execute(update(Event).values(version=Event.version + 1))


def hold_event(session: Session) -> None:
    """Let nobody else change the set-up before this transaction ends."""
    session.execute(select(Event.id).with_for_update())


def is_set_up(session: Session) -> bool:
    """Whether there is an event."""
    return session.scalar(select(func.count()).select_from(Event)) == 1


def begin_epoch(session: Session) -> Event:
    """Let phones offer all of their scans again, since a restored state may lack some that were acknowledged."""
    event = the_event(session)
    event.epoch = new_id()
    event.version += 1
    session.flush()
    return event


def set_event(session: Session, settings: EventSettings, *, key: BadgeKey, now: dt.datetime) -> Event:
    """Create the event or change its set-up, but for its doors; whether it may be is told by `setting_up`."""
    event = session.get(Event, 1)
    if event is None:
        event = Event(
            id=1,
            code=settings.code,
            code_prefix=key.prefix(settings.code),
            epoch=new_id(),
            created_at=now,
            version=0,
            last_reference=0,
        )
        session.add(event)
    for name in FACTS:
        setattr(event, name, getattr(settings, name))
    event.version += 1
    _set_days(session, settings.days)
    _set_areas(session, settings.areas)
    session.flush()
    _set_categories(session, settings)
    return event


def _set_days(session: Session, days: Iterable[DaySettings]) -> None:
    session.execute(delete(CategoryDay))
    kept = {day.date for day in days}
    session.execute(delete(Day).where(Day.date.not_in(kept)))
    for day in days:
        session.merge(
            Day(date=day.date, name=day.name, counts=day.counts, opens=day.opens, closes=day.closes)
        )


def _set_areas(session: Session, areas: Sequence[AreaSettings]) -> None:
    # One main area at a time: the old one steps down before the new one is named.
    session.execute(update(Area).values(main=False))
    known = {area.name: area for area in session.scalars(select(Area))}
    for position, (given, area) in enumerate(matched(session, areas, known)):
        area = area or Area()
        area.name, area.main, area.position = given.name, given.main, position
        session.add(area)


def matched(
    session: Session, given: Sequence[Named], known: Mapping[str, Row]
) -> Iterator[tuple[Named, Row | None]]:
    """Each one as it is given with the row that it changes, None for a new one; rows change names freely."""
    rows = [(one, known.get(one.was) or known.get(one.name)) for one in given]
    for one, row in rows:
        if row is not None and row.name != one.name:
            # Out of the way first: two may change names with each other.
            row.name = new_id().hex
    session.flush()
    yield from rows


def _set_categories(session: Session, settings: EventSettings) -> None:
    known = {category.name: category for category in session.scalars(select(Category))}
    session.execute(delete(CategoryArea))
    kept = set()
    for position, (given, category) in enumerate(matched(session, settings.categories, known)):
        category = category or Category(taken=0)
        for name in CATEGORY_FIELDS:
            setattr(category, name, getattr(given, name))
        category.position = position
        session.add(category)
        session.flush()
        kept.add(category.id)
        _entitle(session, category, given, settings)
    session.execute(delete(Category).where(Category.id.not_in(kept)))


def drop_areas(session: Session, settings: EventSettings) -> None:
    """Remove the areas that are left out, once no door leads there any more."""
    session.execute(delete(Area).where(Area.name.not_in({area.name for area in settings.areas})))


def _entitle(session: Session, category: Category, given: CategorySettings, settings: EventSettings) -> None:
    areas = {area.name: area.id for area in session.scalars(select(Area))}
    mains = tuple(area.name for area in settings.areas if area.main)
    session.add_all(
        CategoryArea(category_id=category.id, area_id=areas[name]) for name in given.areas or mains
    )
    for day in settings.days:
        if day.date in given.days or (not given.days and day.counts):
            hours = (given.opens, given.closes) if given.opens else (day.opens, day.closes)
            session.add(CategoryDay(category_id=category.id, date=day.date, opens=hours[0], closes=hours[1]))
    session.flush()


def take_places(session: Session, category_id: int, *, places: int = 1) -> bool:
    """Take places of a category, all or none; the guard in the UPDATE decides between two who want the last one."""
    guarded = update(Category).where(
        Category.id == category_id,
        (Category.capacity.is_(None)) | (Category.taken + places <= Category.capacity),
    )
    return (
        session.execute(guarded.values(taken=Category.taken + places).returning(Category.id)).first()
        is not None
    )


def free_places(session: Session) -> dict[int, int]:
    """How many places each category has left that doesn't take everybody."""
    query = select(Category.id, Category.capacity - Category.taken).where(Category.capacity.is_not(None))
    return {category_id: max(0, free or 0) for category_id, free in session.execute(query)}


def give_back_place(session: Session, category_id: int, *, places: int = 1) -> None:
    """One place of a category is free again, or several."""
    session.execute(update(Category).where(Category.id == category_id).values(taken=Category.taken - places))


def next_references(session: Session, *, count: int) -> list[str]:
    """The next references, such as KL-04217: counted on in the event's row, so that none is given twice."""
    advanced = update(Event).values(last_reference=Event.last_reference + count)
    last, prefix = session.execute(advanced.returning(Event.last_reference, Event.reference_prefix)).one()
    return [f"{prefix}-{number:05d}" for number in range(last - count + 1, last + 1)]
