"""Which part of which export somebody chose: read from a form, checked, and told in words; it owns no table."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import request
from flask_babel import gettext as _

from checkin.domain.attendance import Scope
from checkin.domain.countries import country_codes
from checkin.domain.delegate_list import Groups
from checkin.domain.details import MOST
from checkin.domain.exporting import Choice
from checkin.domain.programme import Programme
from checkin.errors import Refusal
from checkin.organisers import exports, pages
from checkin.organisers.export_words import FILTERS, FILTERS_OF
from checkin.organisers.pages import Choices
from checkin.organisers.wording import STATUSES

FIGURES = "figures"
# What can be had, each with what narrows it.
NARROWED: Mapping[str, Sequence[str]] = {
    "attendance": ("day", "category", "country", "delegation", "organisation", "status", "door", "area"),
    "delegates": ("category", "country", "delegation", "organisation", "status"),
    "scans": ("day", "category", "country", "delegation", "organisation", "door", "area"),
    "arrivals": ("day", "category", "country", "delegation", "door", "area"),
    "badges": ("category", "country", "delegation", "organisation"),
    FIGURES: ("language",),
}
KINDS = tuple(NARROWED)
LANGUAGES = {"en": "English", "ms": "Bahasa Malaysia"}
# What may be a person's name: the audit log keeps only that it was asked for.
_MAY_NAME = ("delegation", "organisation")


def forms(kind: str) -> Sequence[str]:
    """The formats that there are of a kind, the one that most want first."""
    return ("pdf",) if kind == FIGURES else ("xlsx", "csv")


def columns(kind: str) -> Sequence[str]:
    """The columns to choose from, in the order of the file."""
    return exports.COLUMNS.get(kind, ())


def usual(kind: str) -> Choice:
    """What a kind is before anything was chosen."""
    return Choice(kind, columns=exports.USUAL.get(kind, ()))


def typed(kind: str) -> Choice:
    """What the form that was sent asks for, whatever it says."""
    kept = {
        name: value for name in NARROWED[kind] if (value := pages.typed(name, longest=MOST["organisation"]))
    }
    wanted = set(request.form.getlist("columns"))
    chosen = [column for column in columns(kind) if column in wanted]
    return Choice(kind, kept, chosen, pages.typed("purpose"))


def offered(plan: Programme, groups: Groups | None = None) -> dict[str, Choices]:
    """What one may choose for each filter but those that are typed; countries and delegations where they are given."""
    found = {
        "day": [(str(day.date), pages.day_name(day.date)) for day in plan.days],
        "category": [(str(key), category.name) for key, category in plan.categories.items()],
        "door": [(str(key), door.name) for key, door in plan.doors.items()],
        "area": [(str(key), name) for key, name in plan.areas.items()],
        "status": [(status, str(name)) for status, name in STATUSES.items()],
        "language": [*LANGUAGES.items()],
    }
    if groups is not None:
        found["country"] = pages.by_name((code, pages.country(code)) for code in groups.countries)
        found["delegation"] = [(name, name) for name in groups.delegations]
    return found


def refuse_unknown(choice: Choice, form: str, plan: Programme) -> None:
    """Raises Refusal for what isn't offered, or isn't any more."""
    among: dict[str, Any] = {name: dict(values) for name, values in offered(plan).items()}
    among["country"] = country_codes()
    for name, value in choice.filters.items():
        if name not in NARROWED[choice.kind] or (name not in _MAY_NAME and value not in among[name]):
            raise _not_offered()
    if form not in forms(choice.kind):
        known = " / ".join(forms(choice.kind))
        raise Refusal("unknown_choice", _("This comes in another format: %(forms)s.", forms=known))
    if set(choice.columns) - set(columns(choice.kind)):
        raise _not_offered()


def _not_offered() -> Refusal:
    return Refusal("unknown_choice", _("Please choose again: one of these isn't offered any more."))


def scope_of(choice: Choice, plan: Programme) -> Scope:
    """A choice that holds, for the queries."""
    asked = choice.filters
    day, door = asked.get("day"), asked.get("door")
    return Scope(
        area_id=int(asked.get("area", plan.main_area)),
        day=date.fromisoformat(day) if day else None,
        category_id=int(asked["category"]) if "category" in asked else None,
        door_id=pages.identifier(door) if door else None,
        country=asked.get("country"),
        delegation=asked.get("delegation"),
        organisation=asked.get("organisation"),
        status=asked.get("status"),
    )


def kept(choice: Choice, plan: Programme) -> dict[str, str]:
    """The filters as the audit log keeps them: by name, but naming nobody."""
    shown = {name: dict(values) for name, values in offered(plan).items()}
    named = {name: shown[name][value] for name, value in choice.filters.items() if name in _NAMED}
    unnamed = dict.fromkeys((name for name in _MAY_NAME if name in choice.filters), "yes")
    return {**choice.filters, **named, **unnamed}


_NAMED = ("category", "door", "area")


def described(choice: Choice, plan: Programme) -> list[tuple[str, str]]:
    """Each filter with its value, in the reader's words."""
    shown = {name: dict(values) for name, values in offered(plan).items()}
    told = []
    for name, value in choice.filters.items():
        words = pages.country(value) if name == "country" else shown.get(name, {}).get(value, value)
        # A category or door that is gone since.
        gone = name in shown and value not in shown[name]
        told.append((label(choice.kind, name), str(_("not there any more") if gone else words)))
    return told


def label(kind: str, name: str) -> str:
    """What a filter of a kind is called."""
    return str(FILTERS_OF.get((kind, name), FILTERS[name]))
