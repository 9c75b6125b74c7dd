"""The event's set-up as rows of entries: shown from what is stored, read from what is typed; it owns no table."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext, lazy_gettext
from werkzeug.datastructures import MultiDict

from checkin.domain.event import AreaSettings, CategorySettings, DaySettings, DoorSettings, EventSettings
from checkin.domain.setting_up import MOST_ROWS, SENTENCES, InUse, Problem
from checkin.organisers import pages

LONGEST = 1000
# What is wrong with what was typed before it means anything.
TYPED = {
    "date_wrong": lazy_gettext("Please give a day such as 2025-09-17."),
    "time_wrong": lazy_gettext("Please give a time such as 08:30."),
    "number_wrong": lazy_gettext("Please give a whole number."),
}
# The fields of each part with what kind of thing is typed there.
FIELDS = {
    "facts": {
        **dict.fromkeys(("name", "theme", "venue", "organiser", "contact", "code", "time_zone"), "text"),
        **{"cutover_hour": "number", "reentry_after": "number"},
        **{"unknown_offline": "text", "reference_prefix": "text", "erase_on": "date_or_none"},
    },
    "days": {"date": "date", "name": "text", "counts": "tick", "opens": "time", "closes": "time"},
    "areas": {"name": "text", "main": "one"},
    "doors": {"name": "text", "area": "text", "direction": "text"},
    "categories": {
        **{"name": "text", "colour": "colour", "capacity": "number_or_none"},
        **dict.fromkeys(("self_registration", "approval", "protocol"), "tick"),
        **{"areas": "ticks", "days": "dates", "opens": "time", "closes": "time"},
    },
}
# Parts whose order the organisers choose.
ORDERED = ("areas", "doors", "categories")
ROWS: dict[str, Callable[..., Any]] = {
    "days": DaySettings,
    "areas": AreaSettings,
    "doors": DoorSettings,
    "categories": CategorySettings,
}


@dataclass
class Entry:
    """What one field holds as typed, with its errors; a fixed one can't be changed, which `note` explains."""

    name: str
    data: Any = ""
    errors: list[str] = dataclasses.field(default_factory=list)
    note: str = ""
    fixed: bool = False

    @property
    def id(self) -> str:
        return self.name


@dataclass
class Row:
    """A row of a part; `was` is its name so far, empty for a new one, and `stays` says why it can't be removed."""

    part: str
    number: int
    was: str
    entries: dict[str, Entry]
    gone: bool = False
    stays: str = ""

    def __getitem__(self, name: str) -> Entry:
        return self.entries[name]

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed into a new row."""
        named = self.entries["date" if self.part == "days" else "name"]
        return self.part != "facts" and not self.was and not named.data

    @property
    def has_errors(self) -> bool:
        return any(one.errors for one in self.entries.values())


# --- from what is stored ----------------------------------------------------------------------------------------------


def stored_rows(settings: EventSettings, part: str) -> list[Row]:
    """The rows of a part as they are stored."""
    if part == "facts":
        values = {name: getattr(settings, name, None) for name in FIELDS["facts"]}
        return [_row(part, 0, settings.code, {**values, "reentry_after": settings.reentry_after_s // 60})]
    return [
        _row(part, number, key_of(one), _values(settings, part, one))
        for number, one in enumerate(getattr(settings, part))
    ]


def blank_row(settings: EventSettings, part: str, number: int) -> Row:
    """A row for one more."""
    values: dict[str, Any] = {"counts": True, "direction": "both", "colour": "#1B4F72"}
    if part == "categories":
        values |= {"areas": _mains(settings), "days": _counted(settings)}
    if part == "doors":
        values["area"] = next(iter(_mains(settings)), "")
    row = _row(part, number, "", {name: values.get(name) for name in FIELDS[part]})
    if part in ORDERED:
        row["place"].data = ""
    return row


def key_of(one: Any) -> str:
    """The name of a row as it is stored."""
    return str(one.date) if isinstance(one, DaySettings) else str(one.name)


def _values(settings: EventSettings, part: str, one: Any) -> dict[str, Any]:
    values = {name: getattr(one, name) for name in FIELDS[part]}
    if part == "categories":
        values |= {"areas": one.areas or _mains(settings), "days": one.days or _counted(settings)}
    return values


def _mains(settings: EventSettings) -> tuple[str, ...]:
    return tuple(area.name for area in settings.areas if area.main)


def _counted(settings: EventSettings) -> tuple[dt.date, ...]:
    return tuple(day.date for day in settings.days if day.counts)


def _row(part: str, number: int, was: str, values: Mapping[str, Any]) -> Row:
    names = {name: f"{part}-{number}-{name}" for name in (*FIELDS[part], "place")}
    entries = {
        name: Entry(names[name], _as_typed(kind, values.get(name))) for name, kind in FIELDS[part].items()
    }
    entries["place"] = Entry(names["place"], str(number + 1))
    return Row(part, number, was, entries)


def _as_typed(kind: str, value: Any) -> Any:
    if kind in {"tick", "one"}:
        return bool(value)
    if kind in {"ticks", "dates"}:
        return [str(one) for one in value or ()]
    if kind == "time":
        return value.strftime("%H:%M") if value else ""
    return "" if value is None else str(value)


# --- from what is typed -----------------------------------------------------------------------------------------------


def typed_rows(form: MultiDict[str, str], part: str) -> list[Row]:
    """The rows of a part as they were typed, in the order of the page, at most a few more than there may be."""
    rows = []
    for number in range(MOST_ROWS + 5):
        was = form.get(f"{part}-{number}-was")
        # The facts are one row, whatever was sent.
        if number > 0 if part == "facts" else was is None:
            break
        row = _row(part, number, (was or "")[:LONGEST], {})
        for name, kind in {**FIELDS[part], "place": "number_or_none"}.items():
            row[name].data = _typed(form, row[name].name, kind)
            if kind == "one":
                # Of all rows one is chosen, by its number.
                row[name].data = form.get(f"{part}-{name}") == str(number)
        row.gone = f"{part}-{number}-gone" in form
        rows.append(row)
    return rows


def _typed(form: MultiDict[str, str], name: str, kind: str) -> Any:
    if kind == "tick":
        return name in form
    if kind in {"ticks", "dates"}:
        return [one[:LONGEST] for one in form.getlist(name)[:MOST_ROWS]]
    return " ".join(form.get(name, "")[:LONGEST].split())


@dataclass
class Typed:
    """What was typed on a page: its rows by part, and those of them that count, in the order they are to have."""

    rows: dict[str, list[Row]]

    def __post_init__(self) -> None:
        self.kept = {part: sorted(filter(_is_kept, rows), key=_place) for part, rows in self.rows.items()}
        self.wrong = False

    def onto(self, before: EventSettings) -> EventSettings:
        """The set-up with what was typed in it; `wrong` is set, and errors are shown, where something means nothing."""
        given = {part: [self._value(row) for row in rows] for part, rows in self.kept.items()}
        after = before
        if "facts" in given:
            facts = given["facts"][0]
            facts["reentry_after_s"] = (facts.pop("reentry_after") or 0) * 60
            after = replace(after, **facts)
        for part in ROWS.keys() & given.keys():
            rows: Any = tuple(ROWS[part](**values) for values in given[part])
            after = replace(after, **{part: rows})
        return self._following(after)

    def _value(self, row: Row) -> dict[str, Any]:
        values = {}
        for name, kind in FIELDS[row.part].items():
            try:
                values[name] = _meant(kind, row[name].data)
            except ValueError:
                self.wrong = True
                row[name].errors.append(str(TYPED[WRONG[kind]]))
                values[name] = dt.date.max if kind == "date" else None
        if row.part not in {"facts", "days"}:
            values["was"] = row.was
        return values

    def _following(self, after: EventSettings) -> EventSettings:
        """Doors and categories name areas and days as they are called from now on."""
        if "areas" in self.kept:
            names = {row.was: str(row["name"].data) for row in self.kept["areas"] if row.was}
            doors = tuple(replace(one, area=names.get(one.area, one.area)) for one in after.doors)
            categories = tuple(
                replace(one, areas=tuple(names.get(area, area) for area in one.areas))
                for one in after.categories
            )
            after = replace(after, doors=doors, categories=categories)
        if "days" in self.kept:
            dates = {row.was: str(row["date"].data) for row in self.kept["days"]}
            categories = tuple(
                replace(one, days=tuple(_moved(day, dates) for day in one.days)) for one in after.categories
            )
            after = replace(after, categories=categories)
        return after

    def blame(self, problems: Sequence[Problem]) -> list[str]:
        """Show each problem beside its field; returns those that have none on this page, in words."""
        elsewhere = []
        for one in problems:
            rows, sentence = self.kept.get(one.part, []), gettext(SENTENCES[one.code]) % one.params
            row = rows[one.row] if 0 <= one.row < len(rows) else None
            if row is not None and one.field in row.entries:
                row[one.field].errors.append(sentence)
            else:
                elsewhere.append(sentence)
        return elsewhere


WRONG = {
    "date": "date_wrong",
    "date_or_none": "date_wrong",
    "dates": "date_wrong",
    "time": "time_wrong",
    "number": "number_wrong",
    "number_or_none": "number_wrong",
}


def _is_kept(row: Row) -> bool:
    return not row.gone and not row.is_blank


def _place(row: Row) -> tuple[int, int]:
    """Where a row is to stand; what has no number comes last."""
    text = str(row["place"].data)
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 10**6
    return number if row.part in ORDERED else 0, row.number


def _moved(day: dt.date, dates: Mapping[str, str]) -> dt.date:
    try:
        return dt.date.fromisoformat(dates.get(str(day), str(day)))
    except ValueError:
        return day


def _meant(kind: str, typed: Any) -> Any:
    """What a typed text means; raises ValueError where it means nothing."""
    if kind in {"tick", "one", "text"}:
        return typed
    if kind == "ticks":
        return tuple(typed)
    if kind == "dates":
        return tuple(dt.date.fromisoformat(one) for one in typed)
    if kind == "colour":
        return typed.upper()
    if not typed and kind in {"number_or_none", "date_or_none"}:
        return None
    if kind in {"date", "date_or_none"}:
        return dt.date.fromisoformat(typed)
    if kind == "time":
        return dt.time.fromisoformat(typed).replace(second=0, microsecond=0, tzinfo=None) if typed else None
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 10):
        raise ValueError(typed)
    return int(typed)


# --- what is fixed, and what was changed meanwhile --------------------------------------------------------------------


def say_what_is_fixed(rows: Sequence[Row], used: InUse) -> None:
    """Mark what can't be changed any more, and say why."""
    for row in rows:
        for name, code, params in FIXED[row.part](row, used):
            sentence = gettext(SENTENCES[code]) % params if code else ""
            if name == "stays":
                row.stays = sentence
            elif not row[name].errors:
                row[name].fixed, row[name].note = True, sentence


# A field, or `stays` for the whole row; the code of the sentence and what it names.
Fixed = Iterator[tuple[str, str, dict[str, object]]]


def _fixed_facts(row: Row, used: InUse) -> Fixed:
    yield "code", "event_code_fixed", {"code": row.was}
    if used.days:
        yield from ((one, "time_fixed", {}) for one in ("time_zone", "cutover_hour"))
    if used.references:
        yield "reference_prefix", "prefix_fixed", {"prefix": row["reference_prefix"].data}


def _fixed_days(row: Row, used: InUse) -> Fixed:
    if row.was in map(str, used.days):
        yield "date", "", {}
        yield "counts", "day_counts_fixed", {"day": row.was}
        yield "stays", "day_in_use", {"day": row.was}


def _fixed_areas(row: Row, used: InUse) -> Fixed:
    if used.areas:
        # Told once, beside the one that stays it.
        yield "main", "main_fixed" if row["main"].data else "", {}
    if row.was in used.areas:
        yield "stays", "area_in_use", {"name": row.was}


def _fixed_doors(row: Row, used: InUse) -> Fixed:
    if row.was in used.entered:
        yield "area", "door_area_fixed", {"name": row.was}
    if row.was in used.manned:
        yield "stays", "door_in_use", {"name": row.was}


def _fixed_categories(row: Row, used: InUse) -> Fixed:
    if row.was in used.badged:
        yield "name", "category_name_fixed", {"name": row.was}
    if row.was in used.peopled:
        yield "stays", "category_in_use", {"name": row.was}


FIXED = {
    "facts": _fixed_facts,
    "days": _fixed_days,
    "areas": _fixed_areas,
    "doors": _fixed_doors,
    "categories": _fixed_categories,
}


def say_what_is_stored(rows: Sequence[Row], stored: Sequence[Row]) -> None:
    """Beside each field that differs from what is stored now: what that is."""
    now = {row.was: row for row in stored}
    for row in rows:
        if row.was and row.was not in now:
            row["date" if row.part == "days" else "name"].note = gettext("This one is gone meanwhile.")
            row.was = ""
        for name, entry in row.entries.items():
            if row.was and name != "place" and entry.data != now[row.was][name].data:
                entry.note = gettext("Stored now: %(value)s", value=_in_words(now[row.was][name].data))


def _in_words(data: Any) -> str:
    if isinstance(data, bool):
        return str(gettext("yes") if data else gettext("no"))
    return ", ".join(data) if isinstance(data, list) else str(data or "–")


def stamp(settings: EventSettings, parts: Sequence[str]) -> str:
    """What tells whether what a page shows was changed meanwhile: the same for the same contents."""
    shown: list[Any] = [[sorted(_contents(row)) for row in stored_rows(settings, part)] for part in parts]
    if "categories" in parts:
        shown.append([key_of(one) for one in (*settings.areas, *settings.days)])
    return pages.stamp(shown)


def _contents(row: Row) -> Iterator[tuple[str, str]]:
    yield from ((name, repr(entry.data)) for name, entry in row.entries.items())
