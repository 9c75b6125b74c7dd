"""Blank badges: released and called back by supervisors, given to people by the desk; it owns no table."""

from datetime import datetime

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from checkin import clock, sentences
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.desk import pages
from checkin.documents import mailing
from checkin.domain import audit, blanks, giving_blanks, handing_over, walk_ins
from checkin.domain.blanks import STATES, Blank
from checkin.domain.delegates import Delegate
from checkin.domain.programme import Programme
from checkin.errors import Conflict, NotFound, Refusal
from checkin.limits import limiter
from checkin.tokens import BadgeKey

blueprint = Blueprint("desk_blanks", __name__, url_prefix="/desk")

SHOWN = 200
STATE_NAMES = {
    "dead": lazy_gettext("Not released"),
    "released": lazy_gettext("Released"),
    "used": lazy_gettext("Let in, nobody's yet"),
    "assigned": lazy_gettext("Somebody's"),
}
# How a state is coloured, in the pages' words for delegates.
TONES = {"dead": "waiting", "released": "confirmed", "used": "pending", "assigned": ""}


@blueprint.get("/blanks")
@open_to("supervisor", "organiser")
def index() -> Response:
    """How many blanks are in which state, and the form that releases a batch or calls it back."""
    return _index()


def _index(*, alert: str = "", status: int = 200) -> Response:
    with reading() as session:
        plan = pages.programme_now(session)
        found = blanks.stretches(session)
    shown = render_template(
        "desk/blanks.html",
        counts=[(plan.categories[one], many) for one, many in blanks.counts(found).items()],
        stretches=found[:SHOWN],
        more=max(len(found) - SHOWN, 0),
        plan=plan,
        names=blanks.names_of,
        states=STATES,
        state_names=STATE_NAMES,
        tones=TONES,
        asked=request.form,
        alert=alert,
    )
    return make_response(shown, status)


@blueprint.post("/blanks/<any(release, recall):act>")
@open_to("supervisor", "organiser")
@limiter.limit("60 per minute", key_func=pages.member)
def change(act: str) -> Response:
    """Release blanks by their numbers, from one to another, or call them back where they are nobody's."""
    first, last = (blanks.number_in(pages.typed(name)) for name in ("first", "last"))
    if first is None or last is None or last < first:
        return _index(alert=_("Please give two numbers, such as B-0001 and B-0050."), status=422)
    try:
        with transaction() as session:
            changed = _change(session, act, first, last)
    except Conflict as refused:
        return _index(alert=sentences.on_a_page(refused.code, refused.sentence), status=409)
    except NotFound as refused:
        return _index(alert=sentences.on_a_page(refused.code, refused.sentence), status=422)
    if not changed:
        flash(_("Nothing was changed: it had been done already, here or by somebody else."), "warning")
    elif act == "release":
        said = ngettext("%(num)d blank badge is released.", "%(num)d blank badges are released.", changed)
        flash(said, "success")
    else:
        said = ngettext(
            "%(num)d blank badge is called back.", "%(num)d blank badges are called back.", changed
        )
        flash(said, "success")
    return redirect(url_for("desk_blanks.index"), 303)


def _change(session: Session, act: str, first: int, last: int) -> int:
    now, key = clock.now(), current_app.config["CHECKIN"].key
    if act == "release":
        changed = blanks.release(session, first, last, key=key, now=now)
        kept_as = "blank badges released"
    else:
        changed = blanks.call_back(session, first, last, now=now)
        kept_as = "blank badges called back"
    if changed:
        subject = blanks.names_of(first, last)
        audit.record(session, kept_as, actor=pages.actor(), now=now, subject=subject, badges=changed)
    return changed


# --- given to somebody ------------------------------------------------------------------------------------------


@blueprint.post("/people/<reference>/blank")
@open_to(*pages.DESK)
@limiter.limit("120 per minute", key_func=pages.member)
def give(reference: str) -> Response:
    """Make a released blank somebody's badge, who is confirmed with it where a desk may confirm them."""
    typed, now, key = pages.typed("blank"), clock.now(), current_app.config["CHECKIN"].key
    try:
        with transaction() as session:
            plan = pages.programme_now(session)
            delegate = pages.delegate(session, reference, hold=True)
            blank = giving_blanks.take(session, typed)
            is_fresh = walk_ins.confirm(session, delegate, plan, key=key, now=now)
            hand_to(session, blank, delegate, key=key, now=now, is_fresh=is_fresh)
            name = blank.name
    except Refusal as refused:
        flash(said(refused), "danger")
        return redirect(url_for("desk_person.page", reference=reference, blank=shown_number(typed)), 303)
    flash(_("%(blank)s is this person's badge now; an older one is refused.", blank=name), "success")
    return redirect(url_for("desk_person.page", reference=delegate.reference), 303)


def hand_to(
    session: Session, blank: Blank, delegate: Delegate, *, key: BadgeKey, now: datetime, is_fresh: bool
) -> None:
    """Give a blank that was taken to a confirmed delegate, who has it in hand; kept in the log, and told by mail."""
    session.refresh(delegate)
    had_another = giving_blanks.give(session, blank, delegate, key=key, now=now, is_fresh=is_fresh)
    handing_over.hand_over(session, blank.id, by=pages.actor(), now=now)
    kind = "badge_reissued" if had_another else "badge"
    mailing.write_to(session, delegate, kind=kind, now=now)
    audit.record(
        session,
        "blank badge given",
        actor=pages.actor(),
        now=now,
        subject=delegate.reference,
        blank=blank.name,
    )


def said(refused: Refusal) -> str:
    """Why a blank can't be given."""
    return sentences.on_a_page(refused.code, refused.sentence)


def shown_number(typed: str) -> str | None:
    """A number that was typed, to be shown again; a code stands in no address."""
    number = blanks.number_in(typed)
    return None if number is None else blanks.name_of(number)


# --- found ------------------------------------------------------------------------------------------------------


def found(session: Session, query: str, plan: Programme) -> Blank | None:
    """The blank of a number that was typed with its B, or of a code that was scanned."""
    if blanks.number_in(query) is not None and not query.strip().upper().startswith("B"):
        return None
    if plan.reference_prefix.upper() == "B" and "-" in query:
        return None
    try:
        return blanks.named(session, query)
    except NotFound:
        return None
