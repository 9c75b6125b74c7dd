"""Reading the event's set-up from a TOML file, and applying it; it owns no table."""

import dataclasses
import datetime as dt
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy.orm import Session

from checkin import clock
from checkin.domain import setting_up
from checkin.domain.event import AreaSettings, CategorySettings, DaySettings, DoorSettings, EventSettings
from checkin.errors import Refusal
from checkin.tokens import BadgeKey

# What the file and the settings call by the same name.
PLAIN = (
    *("name", "code", "theme", "venue", "organiser", "contact", "time_zone"),
    *("cutover_hour", "unknown_offline", "reference_prefix", "erase_on"),
)


class DayFile(Struct, forbid_unknown_fields=True):
    """`[[days]]`: with `counts = false` a build day."""

    date: dt.date
    name: str = ""
    counts: bool = True
    opens: dt.time | None = None
    closes: dt.time | None = None


class AreaFile(Struct, forbid_unknown_fields=True):
    """`[[areas]]`: one has `main = true`."""

    name: str
    main: bool = False
    was: str = ""


class DoorFile(Struct, forbid_unknown_fields=True):
    """`[[doors]]`: of an area, in, out or both."""

    name: str
    area: str
    direction: str = "both"
    was: str = ""


class CategoryFile(Struct, forbid_unknown_fields=True):
    """`[[categories]]`: no areas means the main one, no days every day that counts."""

    name: str
    colour: str = "#1B4F72"
    areas: tuple[str, ...] = ()
    days: tuple[dt.date, ...] = ()
    opens: dt.time | None = None
    closes: dt.time | None = None
    capacity: int | None = None
    self_registration: bool = False
    approval: bool = False
    protocol: bool = False
    was: str = ""


class EventFile(Struct, forbid_unknown_fields=True):
    """The whole file, as far as types go: the rules are those of `setting_up`. `reentry_after` is in minutes."""

    name: str
    code: str
    time_zone: str
    days: tuple[DayFile, ...]
    categories: tuple[CategoryFile, ...]
    areas: tuple[AreaFile, ...]
    doors: tuple[DoorFile, ...]
    theme: str = ""
    venue: str = ""
    organiser: str = ""
    contact: str = ""
    cutover_hour: int = 4
    reentry_after: int = 20
    unknown_offline: str = "send_to_desk"
    reference_prefix: str = "KL"
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
    """The set-up in a TOML document; raises Refusal that names what has the wrong type and where."""
    try:
        # TOML has its own dates and times; msgspec reads them as such, or as texts.
        return _settings(msgspec.convert(raw, EventFile))
    except msgspec.ValidationError as error:
        raise Refusal("bad_settings", f"The event's set-up is wrong: {error}.") from error


def _settings(file: EventFile) -> EventSettings:
    plain = {name: getattr(file, name) for name in PLAIN}
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


def as_toml(settings: EventSettings) -> str:
    """The set-up as a file that `read_settings` reads back as the same."""
    facts = {name: getattr(settings, name) for name in PLAIN}
    lines = [*_lines(facts | {"reentry_after": settings.reentry_after_s // 60})]
    for part in ("days", "areas", "doors", "categories"):
        for row in getattr(settings, part):
            lines += ["", f"[[{part}]]", *_lines(dataclasses.asdict(row))]
    return "\n".join(lines) + "\n"


def _lines(values: dict[str, Any]) -> Iterator[str]:
    yield from (f"{name} = {_value(value)}" for name, value in values.items() if value not in (None, "", ()))


def _value(value: Any) -> str:
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    # What JSON writes of truths, numbers and texts without control characters is TOML too.
    return json.dumps(value, ensure_ascii=False)


def apply_settings(session: Session, settings: EventSettings, *, key: BadgeKey) -> list[str]:
    """Create the event or change its set-up, doors included; returns what changed."""
    return setting_up.set_up(session, settings, key=key, now=clock.now())
