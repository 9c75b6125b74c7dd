"""What scans say that can't all be right: listed with both scans, settled with a note; it owns no table."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, url_for
from flask_babel import format_decimal, format_timedelta, lazy_gettext
from flask_babel import gettext as _
from flask_security import current_user
from sqlalchemy import Row
from werkzeug.wrappers import Response

from checkin import clock
from checkin.access import check_area, my_areas, open_to
from checkin.db import reading, transaction
from checkin.domain import audit, conflicts
from checkin.domain.conflicts import KINDS, OFF_TIME, PRESSING, Conflict
from checkin.domain.programme import Programme
from checkin.organisers import pages
from checkin.organisers.keeping import FORGOTTEN, OLD, Kept
from checkin.organisers.pages import Choices
from checkin.organisers.wording import judged, shown_as, somebody

blueprint = Blueprint("conflicts", __name__, url_prefix="/organiser/conflicts")

A_PAGE = 20
ENTRIES_SHOWN = 8
# The number beside the way to this page may be so old; the page itself waits a little for what is newer.
NUMBER_FRESH, PAGE_PATIENCE = timedelta(seconds=10), timedelta(milliseconds=100)
STATES = {
    "open": lazy_gettext("Open"),
    "settled": lazy_gettext("Settled"),
    "all": lazy_gettext("All"),
}
# What each kind is, and what may have happened.
KIND_NAMES = {
    "doubled": (
        lazy_gettext("Welcomed twice"),
        lazy_gettext("Two phones showed a first entry: one was offline, or the badge was copied."),
    ),
    "overruled": (
        lazy_gettext("Let in, though refused"),
        lazy_gettext("The phone did not know yet that this badge opens nothing here any more."),
    ),
    "two_places": (
        lazy_gettext("At two doors within a minute"),
        lazy_gettext(
            "Nobody walks so fast: the badge may have been copied, or a phone stands at another door."
        ),
    ),
    "off_time": (
        lazy_gettext("Doubtful times"),
        lazy_gettext("The phone's clock was far off. Its scans count, at the time put right."),
    ),
    "many": (
        lazy_gettext("Three entries or more"),
        lazy_gettext("Lunch and prayer may explain it, and so may a badge that goes from hand to hand."),
    ),
}


@dataclass(frozen=True)
class Line:
    """One scan of a conflict: when, where, by whom, what the phone showed and what the server found."""

    time: str
    door: str
    phone: str
    phone_id: UUID
    operator: str
    shown: str
    judged: str
    clock: str


@dataclass(frozen=True)
class Card:
    """One conflict as the page shows it; `more` scans are left out."""

    conflict: Conflict
    title: str
    why: str
    day: str
    area: str
    person: Row[Any] | None
    lines: Sequence[Line]
    more: int
    settled_by: str
    settled_at: str

    @property
    def id(self) -> str:
        """What the page's own anchors call it."""
        return f"{self.conflict.kind}-{self.conflict.subject}".replace(":", "-")


@dataclass(frozen=True)
class Sought:
    """The filters in the address; no kind means those that are pressing."""

    kind: str
    day: str
    state: str
    page: int

    @property
    def kinds(self) -> Sequence[str]:
        return (self.kind,) if self.kind else PRESSING

    @property
    def query(self) -> dict[str, Any]:
        asked = {"kind": self.kind, "day": self.day, "state": "" if self.state == "open" else self.state}
        return {name: value for name, value in asked.items() if value}


@dataclass(frozen=True)
class Typed:
    """A note that was not taken, and why."""

    kind: str
    subject: str
    note: str
    error: str


@blueprint.get("")
@open_to("organiser", "supervisor")
def index() -> str:
    """A page of conflicts, the latest first."""
    return _page(None)


def _page(typed: Typed | None) -> str:
    with reading() as session:
        plan = pages.programme_now(session)
        sought = _sought(plan)
        every = [
            one
            for one in conflicts.as_settled(
                session, _lately(fresh=timedelta(0), old=OLD, patience=PAGE_PATIENCE)
            )
            if one.area_id in my_areas(plan) and sought.day in ("", str(one.day))
        ]
        found = [one for one in every if one.kind in sought.kinds and _is_in(one, sought.state)]
        begin = sought.page * A_PAGE
        shown = found[begin : begin + A_PAGE]
        evidence = conflicts.evidence(session, shown)
        actors = audit.actors(session) if any(one.settled for one in shown) else {}
    with transaction() as session:
        audit.record(session, "conflicts listed", actor=pages.actor(), now=clock.now(), shown=len(shown))
    return render_template(
        "organiser/conflicts.html",
        cards=[_card(one, evidence[one.key], plan, actors) for one in shown if one.key in evidence],
        count=len(found),
        number=format_decimal,
        counts=Counter(one.kind for one in every if one.settled is None),
        names={kind: str(name) for kind, (name, _why) in KIND_NAMES.items()},
        sought=sought,
        choices=_choices(plan),
        typed=typed,
        newer=_turn(sought, -1) if sought.page else "",
        older=_turn(sought, 1) if begin + A_PAGE < len(found) else "",
    )


def _sought(plan: Programme) -> Sought:
    return Sought(
        kind=pages.chosen("kind", KINDS) or "",
        day=pages.chosen("day", [str(day.date) for day in plan.days]) or "",
        state=pages.chosen("state", STATES) or "open",
        page=min(pages.number("page") or 0, 10_000),
    )


def _is_in(conflict: Conflict, state: str) -> bool:
    return state == "all" or (conflict.settled is None) == (state == "open")


def _choices(plan: Programme) -> dict[str, Choices]:
    return {
        "kind": [(kind, str(KIND_NAMES[kind][0])) for kind in KINDS],
        "day": [(str(day.date), pages.day_name(day.date)) for day in plan.days],
        "state": [(state, str(name)) for state, name in STATES.items()],
    }


def _turn(sought: Sought, by: int) -> str:
    return url_for("conflicts.index", **sought.query, page=sought.page + by)


def _card(conflict: Conflict, scans: Sequence[Row[Any]], plan: Programme, actors: Mapping[str, str]) -> Card:
    title, why = KIND_NAMES[conflict.kind]
    settled = conflict.settled
    of_somebody = conflict.kind != OFF_TIME and scans[0].reference
    return Card(
        conflict=conflict,
        title=str(title),
        why=str(why),
        day=pages.day_name(conflict.day),
        area=plan.areas[scans[0].area_id] if len(plan.areas) > 1 else "",
        person=scans[0] if of_somebody else None,
        lines=[_line(scan, plan) for scan in scans[:ENTRIES_SHOWN]],
        more=max(conflict.scans, len(scans)) - min(len(scans), ENTRIES_SHOWN),
        settled_by="" if settled is None else actors.get(settled.actor, somebody(settled.actor)),
        settled_at="" if settled is None else pages.moment(settled.at, plan),
    )


def _line(scan: Row[Any], plan: Programme) -> Line:
    return Line(
        time=pages.second(scan.at, plan),
        door=plan.doors[scan.door_id].name,
        phone=scan.phone,
        phone_id=scan.device_id,
        operator=scan.operator,
        shown=shown_as(scan.shown),
        judged=judged(scan.verdict, scan.reason),
        clock=clock_said(scan),
    )


def clock_said(scan: Row[Any]) -> str:
    """What is doubtful about a scan's time; empty where nothing is."""
    skew = timedelta(milliseconds=scan.skew_ms or 0)
    if abs(skew.total_seconds()) > conflicts.CLOCK_OFF_S:
        off = format_timedelta(abs(skew), granularity="second")
        return str(
            _("clock %(time)s ahead", time=off)
            if skew > timedelta(0)
            else _("clock %(time)s behind", time=off)
        )
    if (scan.at - scan.received_at).total_seconds() > conflicts.CLOCK_OFF_S:
        ahead = format_timedelta(scan.at - scan.received_at, granularity="second")
        return str(_("%(time)s after it arrived", time=ahead))
    if (scan.received_at - scan.at).total_seconds() > conflicts.OLD_S:
        old = format_timedelta(scan.received_at - scan.at, granularity="second")
        return str(_("arrived %(time)s later", time=old))
    return ""


# --- settling ---------------------------------------------------------------------------------------------------


@blueprint.post("/settle")
@open_to("organiser", "supervisor")
def settle() -> Response:
    """Keep a note about a conflict, which nobody has to look at any more."""
    kind, subject, note = pages.typed("kind"), pages.typed("subject"), pages.typed("note")
    if not note:
        error = _("Please write what you found: it is kept with the conflict.")
        return make_response(_page(Typed(kind, subject, note, error)), 422)
    now = clock.now()
    with transaction() as session:
        done = kind in KINDS and conflicts.settle(
            session, kind, subject, note=note, actor=pages.actor(), now=now
        )
        _check_area(done or None, session)
        if done:
            audit.record(
                session,
                "conflict settled",
                actor=pages.actor(),
                now=now,
                subject=f"conflict:{subject}",
                reason=note,
                kind=kind,
                day=str(done.day),
            )
    return _back(bool(done), _("Settled."))


@blueprint.post("/reopen")
@open_to("organiser", "supervisor")
def reopen() -> Response:
    """Take back that a conflict was settled."""
    kind, subject, now = pages.typed("kind"), pages.typed("subject"), clock.now()
    with transaction() as session:
        every = conflicts.conflicts(session, kinds=[kind] if kind in KINDS else [])
        _check_area(next((one for one in every if one.subject == subject), None), session)
        done = conflicts.reopen(session, kind, subject)
        if done:
            about = f"conflict:{subject}"
            audit.record(session, "conflict reopened", actor=pages.actor(), now=now, subject=about, kind=kind)
    return _back(done, _("Open again."))


def _check_area(conflict: Conflict | None, session: Any) -> None:
    """Raises Forbidden where a supervisor decides about somebody else's area; the transaction ends with it."""
    if conflict is not None:
        check_area(conflict.area_id, pages.programme_now(session))


def _back(done: bool, said: str) -> Response:
    # The number beside the way is counted anew.
    _lately(fresh=timedelta(0), old=OLD, patience=PAGE_PATIENCE)
    if done:
        flash(said, "success")
    else:
        flash(_("Nothing was changed: it had been done already, here or by somebody else."), "warning")
    with reading() as session:
        sought = _sought(pages.programme_now(session))
    return redirect(url_for("conflicts.index", **sought.query), 303)


# --- how many are open, beside the way to this page -------------------------------------------------------------


def _lately(*, fresh: timedelta, old: timedelta, patience: timedelta) -> Sequence[Conflict]:
    """The conflicts of all kinds as they were a moment ago, and as they were settled then."""

    def count() -> Sequence[Conflict]:
        with reading() as session:
            return conflicts.conflicts(session)

    kept: Kept[Sequence[Conflict]] = current_app.extensions.setdefault("checkin_conflicts", Kept())
    return kept.value("all", count, now=clock.now(), fresh=fresh, old=old, patience=patience)


def _open_conflicts() -> int:
    mine = current_user.area_id
    return sum(
        one.settled is None and one.kind in PRESSING and mine in (None, one.area_id)
        for one in _lately(fresh=NUMBER_FRESH, old=FORGOTTEN, patience=timedelta(0))
    )


@blueprint.app_context_processor
def _beside_the_way() -> dict[str, Any]:
    """For the layout of the organisers' pages, which asks only where it shows the way."""
    return {"open_conflicts": _open_conflicts}
