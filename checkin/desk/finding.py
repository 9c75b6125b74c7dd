"""The help desk's first page: who is it?; it owns no table."""

import re
from dataclasses import dataclass

from flask import Blueprint, make_response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from checkin import clock
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.desk import blanks, pages
from checkin.domain import audit, searching, walk_ins
from checkin.domain.blanks import Blank, state_of
from checkin.domain.programme import Programme
from checkin.domain.searching import Found
from checkin.domain.words import LONGEST_QUERY, is_enough
from checkin.limits import limiter
from checkin.tokens import looks_like_a_code, lookup_id, read_code

blueprint = Blueprint("desk", __name__, url_prefix="/desk")

_REFERENCE = re.compile(r"(?:(?P<prefix>[A-Z]{1,8})[- ]?)?(?P<number>\d{4,9})", re.ASCII)


@dataclass(frozen=True)
class Line:
    """One person as the results show them; `arrived` is the hour of today's first entry."""

    reference: str
    name: str
    organisation: str
    category: str
    colour: str
    arrived: str
    has_badge: bool
    is_cancelled: bool


@blueprint.get("")
@open_to(*pages.DESK)
def index() -> str:
    """A field to type in, and nobody until something is typed."""
    return render_template("desk/find.html", query="", lines=[], enough=False)


@blueprint.post("")
@open_to(*pages.DESK)
@limiter.limit("240 per minute", key_func=pages.member)
def search() -> Response:
    """At most ten who match; with `part` only the results. Posted, since a code or a name belongs in no address."""
    query = " ".join(request.form.get("q", "")[:LONGEST_QUERY].split())
    with reading() as session:
        plan = pages.programme_now(session)
        blank = blanks.found(session, query, plan)
        found = _found(session, query, plan) if blank is None else _bearer(session, blank, plan)
    with transaction() as session:
        audit.record(
            session,
            "delegates searched",
            actor=pages.actor(),
            now=clock.now(),
            shown=len(found),
            letters=len(query),
        )
    shown = render_template(
        "desk/found.html" if "part" in request.form else "desk/find.html",
        query=query,
        lines=[_line(one, plan) for one in found],
        blank=blank,
        blank_state=None if blank is None else state_of(blank),
        enough=is_enough(query),
    )
    response = make_response(shown)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _bearer(session: Session, blank: Blank, plan: Programme) -> list[Found]:
    """Whose a blank badge is, be it a guest."""
    if blank.delegate_id is None:
        return []
    day = plan.day_of(clock.now())
    return searching.one(session, blank.delegate_id, area_id=plan.main_area, day=day)


def _found(session: Session, query: str, plan: Programme) -> list[Found]:
    """By a badge's code, a walk-in's reference, or words."""
    area_id, day = plan.main_area, plan.day_of(clock.now())
    code = read_code(query)
    if looks_like_a_code(code):
        return searching.bearer(session, lookup_id(code), area_id=area_id, day=day)
    if not is_enough(query):
        return []
    named = _REFERENCE.fullmatch(query.upper())
    if named is not None and named["prefix"] in {None, plan.reference_prefix.upper()}:
        reference = f"{plan.reference_prefix}-{int(named['number']):05d}"
        if (known := walk_ins.named_by(session, reference)) is not None:
            return searching.one(session, known.id, area_id=area_id, day=day)
    return searching.search(session, query, area_id=area_id, day=day)


def _line(found: Found, plan: Programme) -> Line:
    colours = {one.name: one.colour for one in plan.categories.values()}
    return Line(
        reference=found.reference,
        name=found.name,
        organisation=found.organisation,
        category=found.category,
        colour=colours.get(found.category, "#000"),
        arrived=pages.hour(found.today, plan) if found.today else "",
        has_badge=found.badge is not None,
        is_cancelled=found.status == "cancelled",
    )
