"""The event's set-up in the browser, by the same rules as `checkin event set`; it owns no table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from checkin import clock, sentences
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.documents.badges import contrast, readable_ink
from checkin.domain import audit, event, setting_up
from checkin.domain.event import EventSettings
from checkin.domain.programme import programme
from checkin.domain.setting_up import InUse, SetUpRefused
from checkin.errors import Conflict, Refusal
from checkin.organisers import pages, settings, setup_rows
from checkin.organisers.setup_rows import Row, Typed
from checkin.organisers.wording import SET_UP_FIELDS

blueprint = Blueprint("setup", __name__, url_prefix="/organiser/setup")

# What each page changes.
SUBJECTS = {
    "event": ("facts",),
    "days": ("days",),
    "places": ("areas", "doors"),
    "categories": ("categories",),
}
TITLES = {
    "event": lazy_gettext("The event"),
    "days": lazy_gettext("Days"),
    "places": lazy_gettext("Areas and doors"),
    "categories": lazy_gettext("Categories"),
}
# Contrast of graphics (WCAG 2.2, 1.4.11); of two colours nearer than this in RGB one is taken for the other.
SEEN_ON_PAPER = 3.0
ALIKE = 70.0


@dataclass(frozen=True)
class Look:
    """How a category's colour looks: its ink, contrasts as texts, whether it shows on paper, and which is like it."""

    colour: str
    ink: str
    on_band: str
    on_paper: str
    is_seen: bool
    alike: str


@blueprint.get("")
@open_to("organiser")
def index() -> Response | str:
    """What there is, subject by subject; where there is no event yet, the way to one."""
    with reading() as session:
        if not event.is_set_up(session):
            return redirect(url_for("setup_first.ask"), 303)
        plan = pages.programme_now(session)
    now = setting_up.settings_of(plan)
    return render_template(
        "organiser/setup.html", plan=plan, settings=now, titles=TITLES, day_name=pages.day_name
    )


@blueprint.get("/event.toml")
@open_to("organiser")
def file() -> Response:
    """The set-up as it is now, as a file for `checkin event set`."""
    with reading() as session:
        now = setting_up.settings_of(pages.programme_now(session))
    response = make_response(settings.as_toml(now))
    response.headers["Content-Type"] = "application/toml"
    response.headers["Content-Disposition"] = f"attachment; filename={now.code}.toml"
    return response


@blueprint.route("/<any(event, days, places, categories):subject>", methods=["GET", "POST"])
@open_to("organiser")
def edit(subject: str) -> Response:
    """A page with the rows of one subject; one who saves where somebody else has done so meanwhile is told."""
    if request.method == "GET":
        return _shown(subject)
    typed = Typed({part: setup_rows.typed_rows(request.form, part) for part in SUBJECTS[subject]})
    if "more" in request.form:
        return _shown(subject, typed, seen=request.form.get("seen", ""))
    try:
        with transaction() as session:
            changed = _save(session, subject, typed)
    except SetUpRefused as refused:
        said = typed.blame(refused.problems)
        return _shown(subject, typed, said=said, status=refused.status, seen=request.form.get("seen", ""))
    except Refusal as refusal:
        return _told(subject, typed, refusal)
    said = (
        _("The set-up is saved; phones learn of it by themselves.")
        if changed
        else _("Nothing was different.")
    )
    flash(said, "success")
    return redirect(url_for("setup.index"), 303)


def _save(session: Session, subject: str, typed: Typed) -> list[str]:
    """Change what differs, with its line in the audit log; raises Refusal where it can't be taken."""
    event.hold_event(session)
    before = setting_up.settings_of(programme(session))
    if setup_rows.stamp(before, SUBJECTS[subject]) != request.form.get("seen"):
        raise Conflict("changed_meanwhile", "The set-up was changed meanwhile.")
    after = typed.onto(before)
    if typed.wrong:
        raise Refusal("bad_settings", "Something means nothing.")
    now = clock.now()
    changed = setting_up.set_up(session, after, key=current_app.config["CHECKIN"].key, now=now)
    if changed:
        audit.record(session, "event set", actor=pages.actor(), now=now, subject=after.code, fields=changed)
    return changed


def _told(subject: str, typed: Typed, refusal: Refusal) -> Response:
    """The page as it was typed; where somebody was faster, beside what is stored now: saving again is then meant."""
    if refusal.code == "bad_settings":
        return _shown(subject, typed, status=refusal.status, seen=request.form.get("seen", ""))
    return _shown(
        subject,
        typed,
        said=[sentences.on_a_page(refusal.code, _(refusal.sentence))],
        status=refusal.status,
        compared=True,
    )


def _shown(
    subject: str,
    typed: Typed | None = None,
    *,
    said: Sequence[str] = (),
    status: int = 200,
    seen: str | None = None,
    compared: bool = False,
) -> Response:
    with reading() as session:
        plan = pages.programme_now(session)
        used = setting_up.in_use(session, plan)
    now = setting_up.settings_of(plan)
    rows = {part: _rows(now, part, typed, used, compared=compared) for part in SUBJECTS[subject]}
    page = render_template(
        f"organiser/setup_{subject}.html",
        title=TITLES[subject],
        rows=rows,
        said=said,
        labels=SET_UP_FIELDS,
        seen=seen if seen is not None else setup_rows.stamp(now, SUBJECTS[subject]),
        **_choices(subject, now, rows, used),
    )
    return make_response(page, status)


def _rows(now: EventSettings, part: str, typed: Typed | None, used: InUse, *, compared: bool) -> list[Row]:
    stored = setup_rows.stored_rows(now, part)
    rows = stored if typed is None else typed.rows[part]
    if compared:
        setup_rows.say_what_is_stored(rows, stored)
    else:
        setup_rows.say_what_is_fixed(rows, used)
    if part != "facts" and not (rows and rows[-1].is_blank and "more" not in request.form):
        rows = [*rows, setup_rows.blank_row(now, part, len(rows))]
    return rows


def _choices(subject: str, now: EventSettings, rows: Mapping[str, list[Row]], used: InUse) -> dict[str, Any]:
    if subject == "event":
        return {
            "zones": pages.zones(),
            "unknowns": [
                ("send_to_desk", _("send them to the help desk")),
                ("admit_and_note", _("let them in and note them")),
            ],
        }
    if subject == "places":
        return {
            "areas": [(area.name, area.name) for area in now.areas],
            "directions": [("both", _("in and out")), ("in", _("in")), ("out", _("out"))],
        }
    if subject == "categories":
        return {
            "areas": [(area.name, area.name) for area in now.areas],
            "days": [(str(day.date), pages.day_name(day.date)) for day in now.days],
            "looks": _looks(rows["categories"]),
            "taken": used.taken,
        }
    return {}


def _looks(rows: Sequence[Row]) -> dict[int, Look]:
    """How each row's colour looks, by the row's number; none for what is no colour."""
    colours = {row.number: str(row["colour"].data) for row in rows if not row["colour"].errors}
    known = {number: one for number, one in colours.items() if setting_up.is_colour(one)}
    named = {row.number: str(row["name"].data) for row in rows if row["name"].data}
    return {number: _look(number, known, named) for number in known}


def _look(number: int, colours: Mapping[int, str], named: Mapping[int, str]) -> Look:
    colour = colours[number]
    ink, on_paper = readable_ink(colour), contrast(colour, "#ffffff")
    alike = (
        named[other]
        for other, one in colours.items()
        if other != number and {other, number} <= named.keys() and _distance(one, colour) < ALIKE
    )
    return Look(
        colour,
        ink,
        f"{contrast(colour, ink):.1f}",
        f"{on_paper:.1f}",
        on_paper >= SEEN_ON_PAPER,
        next(alike, ""),
    )


def _distance(one: str, other: str) -> float:
    pairs = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True)
    return float(sum((a - b) ** 2 for a, b in pairs) ** 0.5)
