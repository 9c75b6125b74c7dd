"""Lists to print for when nothing else works at a door, in parts for the tables in front of it; it owns no table."""

from datetime import date

from flask import Blueprint, make_response, render_template, request
from flask_babel import format_decimal, get_locale
from flask_babel import gettext as _
from flask_security import current_user
from werkzeug.wrappers import Response

from checkin import clock
from checkin.access import my_doors, open_to
from checkin.db import reading, transaction
from checkin.documents.paper import PaperList, paper_list
from checkin.domain import audit, paper
from checkin.domain.programme import DoorPlace, Programme
from checkin.errors import Refusal
from checkin.limits import limiter
from checkin.organisers import pages

blueprint = Blueprint("paper", __name__, url_prefix="/organiser/paper")


@blueprint.get("")
@open_to("organiser", "supervisor")
def index() -> str:
    """Choose a door and a day; the list comes in parts, each small enough for one table and one download."""
    now = clock.now()
    with reading() as session:
        plan = pages.programme_now(session)
        door = chosen_door(request.args.get("door", ""), plan)
        day = chosen_day(request.args.get("day", ""), plan) or usual_day(plan, plan.day_of(now))
        people = [] if door is None else paper.entitled(session, plan, door, day)
    return render_template(
        "organiser/paper.html",
        doors=my_doors(plan),
        days=[(one.date, pages.day_name(one.date)) for one in plan.days],
        door=door,
        day=day,
        day_name=pages.day_name(day),
        parts=[(part, named(part.first, part.last)) for part in paper.parts(people)],
        people=len(people),
        number=format_decimal,
    )


@blueprint.post("/list.pdf")
@open_to("organiser", "supervisor")
@limiter.limit("30 per minute")
def print_list() -> Response:
    """One part of a list as a PDF; that it was printed is committed before its first byte."""
    now = clock.now()
    with reading() as session:
        plan = pages.programme_now(session)
        door, day = _asked(plan)
        people = paper.entitled(session, plan, door, day)
    first, last = request.form.get("first", ""), request.form.get("last", "")
    part = [one for one in people if first <= one.group <= last]
    if not part:
        raise Refusal("nothing_to_print", _("Nobody is on this part of the list any more: choose again."))
    with transaction() as session:
        audit.record(
            session,
            "paper list printed",
            actor=pages.actor(),
            now=now,
            subject=door.name,
            day=str(day),
            part=named(first, last),
            people=len(part),
        )
    language = str(get_locale())
    who = _("Printed by %(who)s, %(time)s.", who=current_user.email, time=pages.moment(now, plan))
    letters = {one.group: named(one.group, one.group) for one in part}
    head = PaperList(plan, door, pages.day_name(day), who, _words(), letters, language)
    response = make_response(paper_list(part, head=head))
    response.content_type = "application/pdf"
    name = f"{plan.code}-{door.name}-{day}-{first}-{last}.pdf".replace(paper.OTHER, "").replace(" ", "-")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _asked(plan: Programme) -> tuple[DoorPlace, date]:
    door = chosen_door(request.form.get("door", ""), plan)
    day = chosen_day(request.form.get("day", ""), plan)
    if door is None or day is None:
        raise Refusal("unknown_choice", _("Please choose again: one of these isn't offered any more."))
    return door, day


def _words() -> dict[str, str]:
    return {
        "reference": _("Reference"),
        "name": _("Name"),
        "organisation": _("Organisation"),
        "category": _("Category"),
        "time": _("Time"),
        "personal": _("Personal data: hand it back to the organisers, who destroy it."),
    }


def named(first: str, last: str) -> str:
    """A part of a list by its letters, or by its scripts in the reader's language."""
    shown = [_group_name(group) for group in dict.fromkeys((first, last))]
    return " – ".join(shown)


def _group_name(group: str) -> str:
    if not group.startswith(paper.OTHER):
        return group
    locale = get_locale()
    script = locale.scripts.get(group.removeprefix(paper.OTHER)) if locale is not None else None
    return str(script or _("Other scripts"))


def chosen_door(value: str, plan: Programme) -> DoorPlace | None:
    """The door of an id, None for any other text and for doors of others' areas."""
    door_id = pages.identifier(value)
    return next((door for door in my_doors(plan) if door.id == door_id), None)


def chosen_day(value: str, plan: Programme) -> date | None:
    """A day of the event as its date is written, None for any other text."""
    return next((day.date for day in plan.days if str(day.date) == value), None)


def usual_day(plan: Programme, today: date) -> date:
    """Today during the event; before and after it the day that is nearest."""
    return min((day.date for day in plan.days), key=lambda day: abs(day - today))
