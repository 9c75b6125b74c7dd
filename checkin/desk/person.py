"""One person at the help desk: today's state, the badge, and what can be done about it; it owns no table."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_security import current_user
from sqlalchemy import Row
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from checkin import clock, sentences
from checkin.access import check_area, my_doors, open_to
from checkin.db import reading, transaction
from checkin.desk import pages
from checkin.documents import mailing
from checkin.documents.layouts import layout_names
from checkin.domain import audit, badges, blanks, by_hand, handing_over, print_runs, walk_ins
from checkin.domain.badges import Badge
from checkin.domain.blanks import NOT_ASSIGNED
from checkin.domain.by_hand import Admission
from checkin.domain.delegates import Delegate
from checkin.domain.programme import Programme
from checkin.domain.scans import Scan
from checkin.domain.verdicts import HELD, LEFT, REFUSED, Credential, Moment, refusal
from checkin.errors import Conflict
from checkin.limits import limiter
from checkin.tokens import BadgeKey, new_id

blueprint = Blueprint("desk_person", __name__, url_prefix="/desk/people/<reference>")

# On what a desk prints unless it chose something else.
USUAL_LAYOUT = "label"
# What follows an act at once: the badge is printed, or its button is where the next key goes.
PRINTS = ("confirm", "reissue")


@dataclass(frozen=True)
class Today:
    """Whether somebody is in, since when, by which door, and why a door would refuse them now (empty: it wouldn't).

    `undoable` are the admissions by hand of this page, as (id, hour, door).
    """

    since: str = ""
    door: str = ""
    left: str = ""
    refused: str = ""
    why_not: str = ""
    undoable: Sequence[tuple[uuid.UUID, str, str]] = ()


@dataclass(frozen=True)
class Occasion:
    """With what an act is done; `seen` is the badge that was live when the page was shown."""

    plan: Programme
    key: BadgeKey
    now: datetime
    reason: str
    seen: str


@dataclass(frozen=True)
class Act:
    """Something a desk does about somebody: `do` returns what became of it, or None where nothing did."""

    do: Callable[[Session, Delegate, Occasion], str | None]
    kept_as: str
    needs_reason: bool = False


@blueprint.get("")
@open_to(*pages.DESK)
def page(reference: str) -> Response:
    """What a desk needs to know of somebody, and no more."""
    return _shown(reference)


def _shown(
    reference: str, *, alert: str = "", lacks: str = "", chosen: str = "", typed: str = "", status: int = 200
) -> Response:
    """The page; `lacks` names the act whose reason is missing, `alert` says why one was not done."""
    now = clock.now()
    with reading() as session:
        plan = pages.programme_now(session)
        delegate = pages.delegate(session, reference)
        held = handing_over.badges_of(session, delegate.id)
        was_printed = any(badge.printed_at for badge, _handover in held)
        slot = print_runs.last_slot(session, delegate.id) if was_printed else None
        guest_blank = blanks.of_guest(session, delegate.id) if delegate.note == NOT_ASSIGNED else None
        passed = by_hand.passages_of(session, delegate.id, day=plan.day_of(now))
    with transaction() as session:
        audit.record(session, "delegate opened", actor=pages.actor(), now=now, subject=delegate.reference)
    live, handover = next(((b, h) for b, h in held if b.revoked_at is None), (None, None))
    shown = render_template(
        "desk/person.html",
        one=delegate,
        plan=plan,
        pages=pages,
        category=plan.categories[delegate.category_id],
        status_name=sentences.STATUSES[delegate.status],
        today=_today(delegate, live, passed, plan, now=now),
        live=live,
        handover=handover,
        replaced=sum(badge.revoked_at is not None for badge, _handover in held),
        slot=slot,
        is_stale=bool(live and live.printed_at and delegate.changed_at > live.printed_at),
        may_confirm=delegate.status in {"unconfirmed", "waiting"}
        and not plan.categories[delegate.category_id].approval,
        layout=usual_layout(),
        layouts={name: sentences.LAYOUTS.get(name, name) for name in layout_names()},
        doors=[door for door in my_doors(plan) if door.direction != "out"],
        door=pages.usual_door(plan),
        reasons=sentences.HAND_REASONS,
        new_id=new_id(),
        blank=_typed_blank(),
        guest_blank=guest_blank,
        prints_now=request.args.get("then") == "print" and live is not None,
        alert=alert,
        lacks=lacks,
        chosen=chosen,
        typed=typed,
    )
    response = make_response(shown, status)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _typed_blank() -> str:
    """The number of a blank badge that couldn't be given."""
    number = blanks.number_in(request.args.get("blank", ""))
    return "" if number is None else blanks.name_of(number)


def usual_layout() -> str:
    """The layout on which this desk prints."""
    kept = request.cookies.get(pages.LAYOUT, "")
    return kept if kept in layout_names() else USUAL_LAYOUT


def _today(
    delegate: Delegate, live: Badge | None, passed: Sequence[Row[Any]], plan: Programme, *, now: datetime
) -> Today:
    """Of the day's scans, the latest first."""
    let_in = [row for row in passed if row.verdict not in {REFUSED, HELD}]
    entries = [row for row in let_in if row.direction == "in" and row.area_id == plan.main_area]
    first = entries[-1] if entries else None
    credential = Credential(None, delegate.status, plan.categories[delegate.category_id])
    moment = Moment(plan.day_of(now), plan.minute_of(now), plan.main_area)
    # Without a badge there is nothing that a door could let in.
    reason = refusal(credential if live or delegate.status != "confirmed" else None, moment)
    last = passed[0] if passed else None
    return Today(
        since=pages.hour(first.at, plan) if first else "",
        door=sentences.told_door(first.door) if first else "",
        left=pages.hour(let_in[0].at, plan) if first and let_in[0].verdict == LEFT else "",
        refused=_refusal(last, plan) if last is not None and last.verdict == REFUSED else "",
        why_not=str(sentences.REASONS.get(reason, reason)) if reason else "",
        undoable=[
            (row.id, pages.hour(row.at, plan), row.door)
            for row in let_in
            if row.device_id == by_hand.DESK_ID and not row.just_now
        ],
    )


def _refusal(row: Row[Any], plan: Programme) -> str:
    reason = sentences.REASONS.get(row.reason, row.reason)
    return str(
        _("Refused at %(time)s, %(door)s: %(why)s", time=pages.hour(row.at, plan), door=row.door, why=reason)
    )


# --- what can be done -------------------------------------------------------------------------------------------


@blueprint.post("/<any(confirm, reissue, give, back):act>")
@open_to(*pages.DESK)
@limiter.limit("120 per minute", key_func=pages.member)
def act(reference: str, act: str) -> Response:
    """Do something about somebody and show them again; done before, it changes nothing and says so."""
    asked, now, reason = ACTS[act], clock.now(), pages.typed("reason")
    if asked.needs_reason and not reason:
        return _shown(reference, lacks=act, status=422)
    key = current_app.config["CHECKIN"].key
    try:
        with transaction() as session:
            plan = pages.programme_now(session)
            delegate = pages.delegate(session, reference, hold=True)
            said = asked.do(session, delegate, Occasion(plan, key, now, reason, pages.typed("seen")))
            if said is not None:
                audit.record(
                    session,
                    asked.kept_as,
                    actor=pages.actor(),
                    now=now,
                    subject=delegate.reference,
                    reason=reason,
                )
    except Conflict as refused:
        alert = sentences.on_a_page(refused.code, refused.sentence)
        return _shown(reference, alert=alert, lacks=act if reason else "", typed=reason, status=409)
    if said is None:
        flash(_("Nothing was changed: it had been done already, here or by somebody else."), "warning")
    else:
        flash(said, "success")
    then = "print" if said is not None and act in PRINTS else None
    return redirect(url_for("desk_person.page", reference=delegate.reference, then=then), 303)


def _confirm(session: Session, delegate: Delegate, on: Occasion) -> str | None:
    if not walk_ins.confirm(session, delegate, on.plan, key=on.key, now=on.now):
        return None
    mailing.write_to(session, delegate, kind="badge", now=on.now)
    return str(_("The registration is confirmed: print the badge."))


def _reissue(session: Session, delegate: Delegate, on: Occasion) -> str | None:
    live = badges.live_badge(session, delegate.id)
    if live is not None and str(live.id) != on.seen:
        return None
    mailing.reissue_and_mail(session, delegate, reason=on.reason, key=on.key, now=on.now)
    return str(_("There is a new badge, and the old one is refused from now on: print the new one."))


def _give(session: Session, delegate: Delegate, on: Occasion) -> str | None:
    live = badges.live_badge(session, delegate.id)
    if live is None or str(live.id) != on.seen:
        raise Conflict("changed_meanwhile", f"{delegate.reference} has another badge meanwhile.")
    done = handing_over.hand_over(session, live.id, by=pages.actor(), now=on.now)
    return str(_("Handed over.")) if done else None


def _back(session: Session, delegate: Delegate, on: Occasion) -> str | None:
    live = badges.live_badge(session, delegate.id)
    if live is None or not handing_over.take_back(session, live.id, by=pages.actor(), now=on.now):
        return None
    return str(_("Undone: the badge lies here again."))


ACTS = {
    "confirm": Act(_confirm, "delegate confirmed"),
    "reissue": Act(_reissue, "badge reissued", needs_reason=True),
    "give": Act(_give, "badge handed over"),
    "back": Act(_back, "badge handover undone"),
}


# --- by hand ----------------------------------------------------------------------------------------------------


@blueprint.post("/admit")
@open_to(*pages.DESK)
@limiter.limit("120 per minute", key_func=pages.member)
def admit(reference: str) -> Response:
    """Let somebody in who has no badge in hand, with a reason, at a door; judged as a door would."""
    now, chosen, words = clock.now(), request.form.get("why", ""), pages.typed("reason")
    reason = _reason(chosen, words)
    if not reason:
        return _shown(reference, lacks="admit", chosen=chosen, typed=words, status=422)
    with transaction() as session:
        plan = pages.programme_now(session)
        door = plan.door_named(request.form.get("door", ""))
        check_area(door.area_id, plan)
        delegate = pages.delegate(session, reference)
        live = badges.live_badge(session, delegate.id)
        if live is not None:
            admission = Admission(_scan_id(), live.lookup, door, reason)
            operator = current_user.email
            judged = by_hand.admit(session, admission, operator=operator, programme=plan, now=now)
            audit.record(
                session,
                "delegate admitted",
                actor=pages.actor(),
                now=now,
                subject=delegate.reference,
                reason=reason,
                door=door.name,
                verdict=judged.verdict,
            )
    if live is None:
        alert = sentences.on_a_page("no_live_badge", "There is no badge.")
        return _shown(reference, alert=alert, status=409)
    words = str(sentences.VERDICTS[judged.verdict])
    if judged.reason:
        words = f"{words}: {sentences.REASONS.get(judged.reason, judged.reason)}"
    flash(f"{door.name}: {words}", "danger" if judged.verdict in {REFUSED, HELD} else "success")
    response = redirect(url_for("desk_person.page", reference=delegate.reference), 303)
    pages.keep(response, pages.DOOR, str(door.id))  # type: ignore[arg-type]
    return response


def _reason(chosen: str, words: str) -> str:
    """As phones keep it: the chosen one, what was typed, or both; empty where there is neither."""
    if chosen not in sentences.HAND_REASONS:
        return ""
    if chosen == "other":
        return f"other: {words}" if words else ""
    return f"{chosen}: {words}" if words else chosen


def _scan_id() -> uuid.UUID:
    """The scan's id, as the page gave it."""
    try:
        return uuid.UUID(request.form.get("id", ""))
    except ValueError:
        return new_id()


@blueprint.post("/admissions/<uuid:scan_id>/undo")
@open_to(*pages.DESK)
@limiter.limit("120 per minute", key_func=pages.member)
def undo(reference: str, scan_id: uuid.UUID) -> Response:
    """Void what was admitted on this page by mistake; pressed twice it changes nothing more."""
    now = clock.now()
    with transaction() as session:
        admission = session.get(Scan, scan_id)
        if admission is not None:
            check_area(admission.area_id, pages.programme_now(session))
        if by_hand.undo(session, scan_id, author=current_user.email, now=now):
            subject = f"scan:{scan_id}"
            audit.record(session, "scan voided", actor=pages.actor(), now=now, subject=subject)
    flash(_("Undone: this admission doesn't count any more."), "success")
    return redirect(url_for("desk_person.page", reference=reference), 303)
