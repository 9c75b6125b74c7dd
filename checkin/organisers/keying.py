"""Keying in what was kept on paper: references and times, many at once, each line answered; it owns no table."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_security import current_user
from sqlalchemy import Row
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from checkin import clock
from checkin.access import check_area, my_areas, my_doors, open_to
from checkin.db import reading, transaction
from checkin.domain import audit, paper
from checkin.domain.paper import Keyed
from checkin.domain.programme import DoorPlace, Programme
from checkin.domain.scans import Scan
from checkin.domain.test_badges import test_lookups
from checkin.limits import limiter
from checkin.organisers import pages
from checkin.organisers.paper import chosen_day, chosen_door, usual_day
from checkin.organisers.wording import REASONS, VERDICTS
from checkin.tokens import looks_like_a_code, lookup_id, read_code

blueprint = Blueprint("keying", __name__, url_prefix="/organiser/paper/keying")

LINES_AT_MOST = 500
LONGEST_LINE = 100
SHOWN = 60
# A clock on a wall may be a little ahead of ours.
AHEAD = timedelta(minutes=5)

_TIME = re.compile(r"(?P<hour>[01]?\d|2[0-3])[:.H]?(?P<minute>[0-5]\d)", re.ASCII | re.IGNORECASE)
_REFERENCE = re.compile(r"(?:(?P<prefix>[A-Z]{1,8})[- ]?)?(?P<number>\d{1,9})", re.ASCII)


@dataclass(frozen=True)
class Line:
    """A line as it was typed, and what is known of it; `wrong` says what must be mended, empty where nothing."""

    number: int
    text: str
    reference: str = ""
    lookup: str = ""
    at: datetime | None = None
    wrong: str = ""


@dataclass(frozen=True)
class Sheet:
    """What a page of paper says on top, as it was typed."""

    door: DoorPlace | None
    day: date
    direction: str
    default: str
    text: str


@dataclass(frozen=True)
class KeptLine:
    """A line that was keyed in, as the page shows it."""

    id: uuid.UUID
    time: str
    door: str
    reference: str
    name: str
    verdict: str
    tone: str
    operator: str
    voided: bool


@blueprint.get("")
@open_to("organiser", "supervisor", "desk")
def index() -> str:
    """The form, and what was keyed in last."""
    now = clock.now()
    with reading() as session:
        plan = pages.programme_now(session)
    day = chosen_day(request.args.get("day", ""), plan) or usual_day(plan, plan.day_of(now))
    direction = pages.chosen("direction", ("in", "out")) or "in"
    return _page(plan, Sheet(chosen_door(request.args.get("door", ""), plan), day, direction, "", ""))


@blueprint.post("")
@open_to("organiser", "supervisor", "desk")
@limiter.limit("120 per minute")
def key_in() -> BaseResponse:
    """Store the lines that can be read; the others come back to be mended, with why."""
    now = clock.now()
    with reading() as session:
        plan = pages.programme_now(session)
        sheet = _sheet(plan, now=now)
        lines = _found(session, _read(sheet, plan, now=now), plan)
    problems = _problems(sheet, lines)
    if problems:
        return make_response(_page(plan, sheet, problems=problems), 422)
    good, wrong = [one for one in lines if not one.wrong], [one for one in lines if one.wrong]
    _store(good, sheet, plan, now=now)
    if good:
        flash(ngettext("%(num)d line is kept.", "%(num)d lines are kept.", len(good)), "success")
    if wrong:
        rest = replace(sheet, text="\n".join(one.text for one in wrong))
        return make_response(_page(plan, rest, wrong=wrong), 422)
    door = sheet.door.id if sheet.door else None
    return redirect(url_for("keying.index", door=door, day=sheet.day, direction=sheet.direction), 303)


@blueprint.post("/<uuid:scan_id>/undo")
@open_to("organiser", "supervisor", "desk")
@limiter.limit("120 per minute")
def undo(scan_id: uuid.UUID) -> BaseResponse:
    """Void a line that was keyed in by mistake; pressed twice it changes nothing more."""
    now = clock.now()
    with transaction() as session:
        line = session.get(Scan, scan_id)
        if line is not None:
            check_area(line.area_id, pages.programme_now(session))
        if paper.undo(session, scan_id, author=current_user.email, now=now):
            subject = f"scan:{scan_id}"
            audit.record(session, "scan voided", actor=pages.actor(), now=now, subject=subject)
    flash(_("The line is undone: it doesn't count any more."), "success")
    return redirect(url_for("keying.index"), 303)


def _page(
    plan: Programme, sheet: Sheet, *, wrong: Sequence[Line] = (), problems: Mapping[str, str] | None = None
) -> str:
    with reading() as session:
        lately = paper.lately(session, areas=my_areas(plan), at_most=SHOWN)
    return render_template(
        "organiser/keying.html",
        doors=my_doors(plan),
        days=[(one.date, pages.day_name(one.date)) for one in plan.days],
        sheet=sheet,
        example=f"{plan.reference_prefix}-00042 09:15",
        wrong=wrong,
        problems=problems or {},
        lately=[_kept(row, plan) for row in lately],
        at_most=LINES_AT_MOST,
    )


def _kept(row: Row[Any], plan: Programme) -> KeptLine:
    words = str(VERDICTS[row.verdict]) + (f": {REASONS.get(row.reason, row.reason)}" if row.reason else "")
    return KeptLine(
        id=row.id,
        time=pages.moment(row.at, plan),
        door=plan.doors[row.door_id].name,
        reference=row.reference or "",
        name=row.name or "",
        verdict=str(_("Undone: it doesn't count")) if row.voided else words,
        tone="bad" if row.verdict in {"refused", "held"} or row.voided else "good",
        operator=row.operator,
        voided=row.voided,
    )


# --- what was typed ---------------------------------------------------------------------------------------------


def _sheet(plan: Programme, *, now: datetime) -> Sheet:
    typed = request.form
    direction = "out" if typed.get("direction") == "out" else "in"
    day = chosen_day(typed.get("day", ""), plan) or usual_day(plan, plan.day_of(now))
    text = typed.get("lines", "").replace("\r\n", "\n")
    return Sheet(
        chosen_door(typed.get("door", ""), plan), day, direction, typed.get("default", "").strip()[:10], text
    )


def _problems(sheet: Sheet, lines: Sequence[Line]) -> dict[str, str]:
    """What must be mended before any line can be kept, by field."""
    problems: dict[str, str] = {}
    if sheet.door is None:
        problems["door"] = _("Please choose the door at which the list was kept.")
    if sheet.default and _TIME.fullmatch(sheet.default) is None:
        problems["default"] = _("Please write the time as 09:15.")
    if not lines:
        problems["lines"] = _("Please type at least one line.")
    if len(lines) > LINES_AT_MOST:
        problems["lines"] = _("Please key in at most %(num)d lines at a time.", num=LINES_AT_MOST)
    return problems


def _read(sheet: Sheet, plan: Programme, *, now: datetime) -> list[Line]:
    """Each line that isn't empty, with its reference or code and its moment."""
    texts = [(number, text.strip()) for number, text in enumerate(sheet.text.split("\n"), start=1)]
    return [_line(number, text[:LONGEST_LINE], sheet, plan, now=now) for number, text in texts if text]


def _line(number: int, text: str, sheet: Sheet, plan: Programme, *, now: datetime) -> Line:
    line = Line(number, text)
    words = re.split(r"[\s,;]+", text.upper())
    # A code, as a hand scanner types it, has no blanks; a reference may have been written with one.
    clock_time = _TIME.fullmatch(words[-1]) if len(words) > 1 else None
    named = "".join(words[:-1] if clock_time else words)
    clock_time = clock_time or _TIME.fullmatch(sheet.default)
    code, reference = read_code(named), _REFERENCE.fullmatch(named)
    if looks_like_a_code(code):
        line = replace(line, lookup=lookup_id(code))
    elif reference is not None and reference["prefix"] in {None, plan.reference_prefix.upper()}:
        line = replace(line, reference=f"{plan.reference_prefix}-{int(reference['number']):05d}")
    else:
        return replace(line, wrong=_("neither a reference nor a badge's code"))
    if clock_time is None:
        return replace(line, wrong=_("no time: write it behind, as 09:15"))
    at = _moment(sheet.day, time(int(clock_time["hour"]), int(clock_time["minute"])), plan)
    if at > now + AHEAD:
        return replace(line, wrong=_("this time is still to come"))
    return replace(line, at=at)


def _moment(day: date, at: time, plan: Programme) -> datetime:
    """A time on the wall's clock on an event day, whose small hours belong to the next date."""
    date_of = day + timedelta(days=1) if at.hour < plan.cutover_hour else day
    return datetime.combine(date_of, at, plan.zone)


def _found(session: Session, lines: Sequence[Line], plan: Programme) -> list[Line]:
    """The lines with the look-up ids of their badges; wrong where there is none."""
    lines = lines[: LINES_AT_MOST + 1]
    badges = paper.badges_of(session, [one.reference for one in lines if one.reference])
    known = paper.known(session, [one.lookup for one in lines if one.lookup])
    tests = test_lookups(plan)
    found = []
    for one in lines:
        lookup = one.lookup or badges.get(one.reference, "")
        if one.wrong:
            found.append(one)
        elif one.reference and not lookup:
            found.append(replace(one, wrong=_("nobody with a badge has this reference")))
        elif lookup in tests:
            found.append(replace(one, wrong=_("a TEST badge, which counts nowhere")))
        elif one.lookup and lookup not in known:
            found.append(replace(one, wrong=_("not a badge of this event")))
        else:
            found.append(replace(one, lookup=lookup))
    return found


def _store(lines: Sequence[Line], sheet: Sheet, plan: Programme, *, now: datetime) -> None:
    if not lines or sheet.door is None:
        return
    keyed = [Keyed(one.lookup, one.at) for one in lines if one.at is not None]
    with transaction() as session:
        paper.key_in(
            session,
            keyed,
            door=sheet.door,
            direction=sheet.direction,
            operator=current_user.email,
            programme=plan,
            now=now,
        )
        audit.record(
            session,
            "paper keyed in",
            actor=pages.actor(),
            now=now,
            subject=sheet.door.name,
            day=str(sheet.day),
            lines=len(keyed),
        )
