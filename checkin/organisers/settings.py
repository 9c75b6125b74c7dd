"""Reading the event's set-up from a TOML file, and applying it; it owns no table."""

import datetime as dt
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct
from sqlalchemy.orm import Session

from checkin import clock
from checkin.domain import doors, event
from checkin.domain.event import AreaSettings, CategorySettings, DaySettings, DoorSettings, EventSettings
from checkin.errors import Refusal
from checkin.tokens import BadgeKey

Named = Annotated[str, Meta(min_length=1, max_length=200)]
Colour = Annotated[str, Meta(pattern="^#[0-9A-Fa-f]{6}$")]


class DayFile(Struct, forbid_unknown_fields=True):
    """`[[days]]`: with `counts = false` a build day."""

    date: dt.date
    name: str = ""
    counts: bool = True
    opens: dt.time | None = None
    closes: dt.time | None = None


class AreaFile(Struct, forbid_unknown_fields=True):
    """`[[areas]]`: one has `main = true`."""

    name: Named
    main: bool = False


class DoorFile(Struct, forbid_unknown_fields=True):
    """`[[doors]]`: of an area, in, out or both."""

    name: Named
    area: Named
    direction: Literal["in", "out", "both"] = "both"


class CategoryFile(Struct, forbid_unknown_fields=True):
    """`[[categories]]`: no areas means the main one, no days every day that counts."""

    name: Named
    colour: Colour = "#1B4F72"
    areas: tuple[Named, ...] = ()
    days: tuple[dt.date, ...] = ()
    opens: dt.time | None = None
    closes: dt.time | None = None
    capacity: Annotated[int, Meta(ge=0)] | None = None
    self_registration: bool = False
    approval: bool = False
    protocol: bool = False


class EventFile(Struct, forbid_unknown_fields=True):
    """The whole file; `reentry_after` is in minutes."""

    name: Named
    code: Annotated[str, Meta(pattern="^[A-Za-z0-9-]{2,20}$")]
    time_zone: Named
    days: Annotated[tuple[DayFile, ...], Meta(min_length=1)]
    categories: Annotated[tuple[CategoryFile, ...], Meta(min_length=1)]
    areas: Annotated[tuple[AreaFile, ...], Meta(min_length=1)]
    doors: Annotated[tuple[DoorFile, ...], Meta(min_length=1)]
    theme: str = ""
    venue: str = ""
    organiser: str = ""
    cutover_hour: Annotated[int, Meta(ge=0, le=12)] = 4
    reentry_after: Annotated[int, Meta(ge=0, le=1440)] = 20
    unknown_offline: Literal["send_to_desk", "admit_and_note"] = "send_to_desk"
    reference_prefix: Annotated[str, Meta(pattern="^[A-Z]{1,6}$")] = "KL"
    erase_on: dt.date | None = None


def read_settings(path: Path) -> EventSettings:
    """The set-up in a TOML file; raises Refusal that names what is wrong and where."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refusal("no_file", f"{path} can't be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refusal("not_toml", f"{path} is not TOML: {error}.") from error
    return settings_of(raw)


def settings_of(raw: dict[str, Any]) -> EventSettings:
    """The set-up in a TOML document; raises Refusal that names what is wrong and where."""
    try:
        # TOML has its own dates and times; msgspec reads them as such, or as texts.
        file = msgspec.convert(raw, EventFile)
    except msgspec.ValidationError as error:
        raise Refusal("bad_settings", f"The event's set-up is wrong: {error}.") from error
    problems = list(_problems(file))
    if problems:
        raise Refusal("bad_settings", "The event's set-up is wrong: " + " ".join(problems))
    return _settings(file)


def _problems(file: EventFile) -> Iterator[str]:
    try:
        ZoneInfo(file.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield f"There is no time zone {file.time_zone}; use a name such as Asia/Kuala_Lumpur."
    if sum(area.main for area in file.areas) != 1:
        yield "Exactly one area must have main = true."
    if file.erase_on is not None and file.erase_on <= max(day.date for day in file.days):
        yield "erase_on must be a day after the event's last."
    yield from _twice("day", [str(day.date) for day in file.days])
    yield from _twice("area", [area.name for area in file.areas])
    yield from _twice("door", [door.name for door in file.doors])
    yield from _twice("category", [category.name for category in file.categories])
    yield from _unknown_places(file)
    yield from _half_hours([(str(day.date), day.opens, day.closes) for day in file.days])
    yield from _half_hours([(one.name, one.opens, one.closes) for one in file.categories])


def _twice(kind: str, names: list[str]) -> Iterator[str]:
    counted = Counter(name.casefold() for name in names)
    for name in sorted({name for name in names if counted[name.casefold()] > 1}):
        yield f"The {kind} {name} is there twice."


def _unknown_places(file: EventFile) -> Iterator[str]:
    areas, days = {area.name for area in file.areas}, {day.date for day in file.days}
    for door in file.doors:
        if door.area not in areas:
            yield f"The door {door.name} leads to {door.area}, which is no area."
    for category in file.categories:
        for area in sorted(set(category.areas) - areas):
            yield f"The category {category.name} may enter {area}, which is no area."
        for day in sorted(set(category.days) - days):
            yield f"The category {category.name} may come on {day}, which is no day of the event."


def _half_hours(hours: list[tuple[str, dt.time | None, dt.time | None]]) -> Iterator[str]:
    for name, opens, closes in hours:
        if (opens is None) != (closes is None):
            yield f"{name} has opens without closes, or closes without opens."


def _settings(file: EventFile) -> EventSettings:
    plain = {
        name: getattr(file, name)
        for name in (
            "code",
            "name",
            "time_zone",
            "theme",
            "venue",
            "organiser",
            "cutover_hour",
            "unknown_offline",
            "reference_prefix",
            "erase_on",
        )
    }
    return EventSettings(
        **plain,
        reentry_after_s=file.reentry_after * 60,
        days=tuple(DaySettings(**msgspec.structs.asdict(day)) for day in file.days),
        areas=tuple(AreaSettings(**msgspec.structs.asdict(area)) for area in file.areas),
        doors=tuple(DoorSettings(**msgspec.structs.asdict(door)) for door in file.doors),
        categories=tuple(
            CategorySettings(**msgspec.structs.asdict(category)) for category in file.categories
        ),
    )


def apply_settings(session: Session, settings: EventSettings, *, key: BadgeKey) -> None:
    """Create the event or change its set-up, doors included."""
    event.set_event(session, settings, key=key, now=clock.now())
    doors.set_doors(session, settings.doors)
