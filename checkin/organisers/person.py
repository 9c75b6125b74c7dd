"""One delegate, for organisers: details, badges, history, and what can be done about them; it owns no table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_security import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from checkin import clock, sentences
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.documents import mailing
from checkin.documents.badge_faces import face
from checkin.documents.badges import badge_pdf
from checkin.domain import audit, badges, delegates, duplicates, listing, messages, print_runs, registering
from checkin.domain.badges import PrintFilter
from checkin.domain.delegates import Delegate
from checkin.errors import Conflict
from checkin.limits import limiter
from checkin.organisers import histories, pages
from checkin.organisers.wording import LETTERS, MERGED, PURPOSES, STATUSES
from checkin.tokens import BadgeKey

blueprint = Blueprint("person", __name__, url_prefix="/organiser/delegates/<reference>")

# Within this the same letter isn't sent twice: that was a double click.
AGAIN_AFTER = timedelta(minutes=1)
# What is sent again, by the state of the registration.
AGAIN = {"confirmed": "badge", "unconfirmed": "confirm", "pending": "link", "waiting": "link"}


@dataclass(frozen=True)
class Occasion:
    """With what an act is done; `seen` is the badge that was live when the page was shown."""

    key: BadgeKey
    now: datetime
    reason: str
    seen: str


@dataclass(frozen=True)
class Act:
    """Something an organiser does about a delegate: `do` returns what became of it, or None where nothing did."""

    do: Callable[[Session, Delegate, Occasion], str | None]
    kept_as: str
    needs_reason: bool = False


@blueprint.get("")
@open_to("organiser", "supervisor")
def page(reference: str) -> Response:
    """Everything about one delegate but the code on the badge."""
    return _shown(reference)


def _shown(
    reference: str, *, alert: str = "", lacks: str = "", typed: str = "", status: int = 200
) -> Response:
    """The page; `lacks` names the act whose reason is missing, `alert` says why one was not done."""
    now = clock.now()
    with reading() as session:
        plan = pages.programme_now(session)
        delegate = pages.delegate(session, reference)
        held = listing.badges_of(session, delegate.id)
        rows = listing.history(session, delegate)
        was_printed = any(badge.printed_at for badge in held)
        likely = [] if delegate.status == "cancelled" else duplicates.likely(session, delegate.id)
        stays = delegates.who_stays(session, delegate)
        slot = print_runs.last_slot(session, delegate.id) if was_printed else None
    with transaction() as session:
        audit.record(session, "delegate opened", actor=pages.actor(), now=now, subject=delegate.reference)
    shown = render_template(
        "organiser/delegate.html",
        one=delegate,
        plan=plan,
        pages=pages,
        category=plan.categories[delegate.category_id],
        status_name=STATUSES[delegate.status] if stays is delegate else MERGED,
        badges=held,
        slot=slot,
        live=next((str(badge.id) for badge in held if badge.revoked_at is None), ""),
        arrivals=[row for row in rows if row.source == "arrival"],
        consents=_consents(rows),
        entries=histories.timeline(delegate, held, rows),
        likely=likely,
        stays=None if stays is delegate else stays,
        letter=LETTERS.get(AGAIN.get(delegate.status, "")),
        may_change=current_user.role == "organiser",
        alert=alert,
        lacks=lacks,
        typed=typed,
    )
    return make_response(shown, status)


def _consents(rows: Iterable[Any]) -> list[tuple[str, bool]]:
    """The purposes and whether they hold, by the latest fact of each."""
    latest: dict[str, bool] = {}
    for row in rows:
        if row.source == "consent":
            latest.setdefault(row.what, row.about == "given")
    return [(str(name), latest[purpose]) for purpose, name in PURPOSES.items() if purpose in latest]


# --- what can be done -------------------------------------------------------------------------------------------


@blueprint.post("/<any(confirm, withdraw, cancel, reinstate, reissue, send):act>")
@open_to("organiser")
def act(reference: str, act: str) -> Response:
    """Do something about a delegate and show them again; done before, it changes nothing and says so."""
    asked, now = ACTS[act], clock.now()
    reason = pages.typed("reason")
    if asked.needs_reason and not reason:
        return _shown(reference, lacks=act, status=422)
    key = current_app.config["CHECKIN"].key
    try:
        with transaction() as session:
            delegate = pages.delegate(session, reference, hold=True)
            said = asked.do(session, delegate, Occasion(key, now, reason, pages.typed("seen")))
            if said is not None:
                audit.record(
                    session,
                    asked.kept_as,
                    actor=pages.actor(),
                    now=now,
                    subject=delegate.reference,
                    reason=reason,
                )
    except Conflict as refusal:
        alert = sentences.on_a_page(refusal.code, refusal.sentence)
        return _shown(reference, alert=alert, lacks=act, typed=reason, status=409)
    if said is None:
        flash(_("Nothing was changed: it had been done already, here or by somebody else."), "warning")
    else:
        flash(said, "success")
    return redirect(url_for("person.page", reference=delegate.reference), 303)


def _confirm(session: Session, delegate: Delegate, on: Occasion) -> str | None:
    if not registering.approve(session, delegate, key=on.key, now=on.now):
        return None
    if mailing.write_to(session, delegate, kind="badge", now=on.now):
        return str(_("The registration is confirmed, and the badge is on its way by mail."))
    return str(_("The registration is confirmed. There is no e-mail address: print the badge."))


def _withdraw(session: Session, delegate: Delegate, on: Occasion) -> str | None:
    if not registering.withdraw_approval(session, delegate, now=on.now):
        return None
    return str(_("The approval is withdrawn: the badge is refused at the doors until you confirm again."))


def _cancel(session: Session, delegate: Delegate, on: Occasion) -> str | None:
    if not delegates.cancel(session, delegate, now=on.now):
        return None
    return str(_("The registration is cancelled: the badge is refused at the doors from now on."))


def _reinstate(session: Session, delegate: Delegate, on: Occasion) -> str | None:
    if not delegates.reinstate(session, delegate, now=on.now):
        return None
    return str(_("The registration is reinstated: the same badge works again."))


def _reissue(session: Session, delegate: Delegate, on: Occasion) -> str | None:
    live = badges.live_badge(session, delegate.id)
    if live is not None and str(live.id) != on.seen:
        return None
    if mailing.reissue_and_mail(session, delegate, reason=on.reason, key=on.key, now=on.now):
        return str(_("A new badge is on its way by mail; the old one is refused from now on."))
    return str(
        _(
            "There is a new badge, and the old one is refused from now on. Print it: there is no e-mail address."
        )
    )


def _send(session: Session, delegate: Delegate, on: Occasion) -> str | None:
    kind = AGAIN.get(delegate.status)
    if kind is None:
        raise Conflict("cancelled", f"{delegate.reference} is cancelled: reinstate the registration instead.")
    if messages.was_written(session, delegate.id, kind=kind, since=on.now - AGAIN_AFTER):
        return None
    if not mailing.write_to(session, delegate, kind=kind, now=on.now):
        raise Conflict("no_address", f"{delegate.reference} has no e-mail address.")
    return str(_("“%(letter)s” is on its way again.", letter=LETTERS[kind]))


ACTS = {
    "confirm": Act(_confirm, "delegate confirmed"),
    "withdraw": Act(_withdraw, "approval withdrawn", needs_reason=True),
    "cancel": Act(_cancel, "delegate cancelled", needs_reason=True),
    "reinstate": Act(_reinstate, "delegate reinstated", needs_reason=True),
    "reissue": Act(_reissue, "badge reissued", needs_reason=True),
    "send": Act(_send, "letter sent again"),
}


@blueprint.post("/badge.pdf")
@open_to("organiser")
@limiter.limit("120 per minute")
def badge(reference: str) -> Response:
    """The live badge as a PDF, kept as printed now."""
    key, now = current_app.config["CHECKIN"].key, clock.now()
    with reading() as session:
        plan = pages.programme_now(session)
        delegate = pages.delegate(session, reference)
        rows = badges.badges_to_print(session, PrintFilter(reference=delegate.reference))
    if not rows:
        raise Conflict("no_live_badge", f"{delegate.reference} has no badge that could be printed.")
    row = rows[0]
    pdf = badge_pdf(face(row.Badge, row.Delegate, row.Category, plan=plan, key=key))
    with transaction() as session:
        badges.mark_printed(session, [row.Badge.id], now=now)
        audit.record(session, "badge printed", actor=pages.actor(), now=now, subject=delegate.reference)
    response = make_response(pdf)
    response.content_type = "application/pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="badge-{delegate.reference}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
