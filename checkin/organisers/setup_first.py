"""The first set-up of an event in the browser, by the same rules as `checkin event set`; it owns no table."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from checkin import clock
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.domain import audit, event, setting_up
from checkin.domain.event import AreaSettings, CategorySettings, DaySettings, DoorSettings, EventSettings
from checkin.domain.setting_up import MOST_ROWS, SENTENCES, Problem, SetUpRefused
from checkin.errors import Conflict
from checkin.organisers import pages
from checkin.organisers.setup_rows import LONGEST, TYPED, Entry
from checkin.organisers.wording import SET_UP_FIELDS

blueprint = Blueprint("setup_first", __name__, url_prefix="/organiser/setup/first")

FACTS = ("name", "venue", "organiser", "contact", "time_zone", "code", "reference_prefix")
DAYS = ("first_day", "last_day")
# One a line.
LINES = ("doors", "categories")
FIELDS = (*FACTS, *DAYS, "area", *LINES)
# Where a part's problem is shown, whatever its row.
PLACES = {"days": "last_day", "areas": "area", "doors": "doors", "categories": "categories"}
LABELS = {
    **SET_UP_FIELDS,
    "first_day": lazy_gettext("First day"),
    "last_day": lazy_gettext("Last day"),
    "doors": lazy_gettext("Doors"),
    "categories": lazy_gettext("Categories"),
}
AREA, DOORS = lazy_gettext("Expo"), lazy_gettext("Gate A\nGate B")
CATEGORIES = lazy_gettext("Delegate\nSpeaker\nExhibitor\nVIP\nMedia\nCrew")
# Bands that are told from one another on paper, each with an ink that is read on it.
COLOURS = ("#1B4F72", "#B03A2E", "#1E8449", "#6C3483", "#B9770E", "#424949", "#117A65", "#922B6B")


@blueprint.get("")
@open_to("organiser")
def ask() -> Response:
    """What an event needs to begin with."""
    if _is_there():
        return redirect(url_for("setup.index"), 303)
    usual = {"time_zone": "Asia/Kuala_Lumpur", "area": str(AREA), "reference_prefix": "KL"}
    usual |= {"doors": str(DOORS), "categories": str(CATEGORIES)}
    return _shown({name: Entry(name, usual.get(name, "")) for name in FIELDS})


@blueprint.post("")
@open_to("organiser")
def create() -> Response:
    """The event, where there is none yet: somebody else may have been faster, whose event then stays."""
    entries = {name: Entry(name, _typed(name)) for name in FIELDS}
    wanted = _wanted(entries)
    if wanted is None:
        return _shown(entries, status=422)
    try:
        with transaction() as session:
            is_new = not event.is_set_up(session)
            if is_new:
                key, now = current_app.config["CHECKIN"].key, clock.now()
                changed = setting_up.set_up(session, wanted, key=key, now=now)
                audit.record(
                    session, "event set", actor=pages.actor(), now=now, subject=wanted.code, fields=changed
                )
    except SetUpRefused as refused:
        return _shown(entries, said=_blame(entries, refused.problems), status=refused.status)
    except Conflict:
        is_new = False
    if is_new:
        flash(_("The event is set up. Look through each part: all of it can be changed."), "success")
    return redirect(url_for("setup.index"), 303)


def _is_there() -> bool:
    with reading() as session:
        return event.is_set_up(session)


def _typed(name: str) -> str:
    typed = request.form.get(name, "")
    if name in LINES:
        lines = (" ".join(line[:LONGEST].split()) for line in typed.splitlines()[: 2 * MOST_ROWS])
        return "\n".join(line for line in lines if line)
    return " ".join(typed[:LONGEST].split())


def _wanted(entries: dict[str, Entry]) -> EventSettings | None:
    """The set-up that was typed; None, with errors beside the fields, where a day means nothing."""
    dates = {name: _date(entries[name]) for name in DAYS}
    first, last = (dates[name] or dt.date.max for name in DAYS)
    if None not in dates.values() and not 0 <= (last - first).days < MOST_ROWS:
        entries["last_day"].errors.append(
            _("An event has 1 to %(most)s days: give its first one, and a last one after it.", most=MOST_ROWS)
        )
    if any(entries[name].errors for name in DAYS):
        return None
    facts: dict[str, Any] = {name: entries[name].data for name in FACTS}
    facts["code"] = facts["code"].upper()
    area = entries["area"].data
    return EventSettings(
        **facts,
        days=tuple(DaySettings(first + dt.timedelta(days=n)) for n in range((last - first).days + 1)),
        areas=(AreaSettings(area, main=True),),
        doors=tuple(DoorSettings(name, area) for name in entries["doors"].data.splitlines()),
        categories=tuple(
            CategorySettings(name, COLOURS[number % len(COLOURS)], self_registration=number == 0)
            for number, name in enumerate(entries["categories"].data.splitlines())
        ),
    )


def _date(entry: Entry) -> dt.date | None:
    try:
        return dt.date.fromisoformat(entry.data)
    except ValueError:
        entry.errors.append(str(TYPED["date_wrong"]))
        return None


def _blame(entries: dict[str, Entry], problems: Sequence[Problem]) -> list[str]:
    """Show each problem beside its field; returns those that have none here, in words."""
    elsewhere = []
    for one in problems:
        entry = entries.get(one.field if one.part == "facts" else PLACES[one.part])
        sentence = _(SENTENCES[one.code]) % one.params
        if entry is None:
            elsewhere.append(sentence)
        elif sentence not in entry.errors:
            entry.errors.append(sentence)
    return elsewhere


def _shown(entries: dict[str, Entry], *, said: list[str] | None = None, status: int = 200) -> Response:
    page = render_template(
        "organiser/setup_first.html",
        entries=entries,
        labels=LABELS,
        said=said or [],
        zones=pages.zones(),
    )
    return make_response(page, status)
