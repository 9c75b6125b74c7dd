"""Who saw a delegate's data, and its erasure on their request; it owns no table."""

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from checkin import clock, sentences
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.domain import audit, erasing
from checkin.domain.own_data import as_file, own_data
from checkin.domain.seeing import seen
from checkin.errors import Conflict
from checkin.limits import limiter
from checkin.organisers import pages
from checkin.organisers.log import COMMAND_LINE
from checkin.organisers.wording import action, somebody

blueprint = Blueprint("erasing", __name__, url_prefix="/organiser/delegates/<reference>")


@blueprint.get("/seen")
@open_to("organiser")
def who_saw(reference: str) -> str:
    """Who saw or exported this delegate's data, for whoever is asked."""
    now = clock.now()
    with reading() as session:
        plan = pages.programme_now(session)
        delegate = pages.delegate(session, reference)
        looks = seen(session, delegate)
        actors = audit.actors(session) | {COMMAND_LINE: somebody(COMMAND_LINE)}
    with transaction() as session:
        audit.record(session, "delegate opened", actor=pages.actor(), now=now, subject=delegate.reference)
    return render_template(
        "organiser/delegate_seen.html",
        one=delegate,
        looks=[
            (
                pages.moment(one.at, plan),
                actors.get(one.actor) or somebody(one.actor),
                action(one.action),
                one,
            )
            for one in looks
        ],
    )


@blueprint.post("/data.json")
@open_to("organiser")
@limiter.limit("30 per minute")
def data(reference: str) -> Response:
    """Everything that is kept about a delegate as a file, for them; what for is kept, and stands in the file too."""
    now, reason = clock.now(), pages.typed("reason")
    with reading() as session:
        delegate = pages.delegate(session, reference)
    if not reason:
        flash(_("Please say what it is for: it is kept in the audit log."), "warning")
        return redirect(url_for("erasing.who_saw", reference=delegate.reference), 303)
    with transaction() as session:
        audit.record(
            session,
            "data handed over",
            actor=pages.actor(),
            now=now,
            subject=delegate.reference,
            reason=reason,
        )
    with reading() as session:
        text = as_file(own_data(session, pages.delegate(session, reference)))
    response = make_response(text)
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Disposition"] = f"attachment; filename={delegate.reference}.json"
    return response


@blueprint.get("/erase")
@open_to("organiser")
def ask(reference: str) -> Response:
    """What goes and what stays, before it is done."""
    return _asked(reference)


@blueprint.post("/erase")
@open_to("organiser")
def erase(reference: str) -> Response:
    """Erase the person and keep the figures; done before, it changes nothing and says so."""
    now, reason = clock.now(), pages.typed("reason")
    if not reason or not pages.typed("sure"):
        return _asked(reference, reason=reason, lacks="sure" if reason else "reason", status=422)
    try:
        with transaction() as session:
            delegate = pages.delegate(session, reference, hold=True)
            done = erasing.erase(session, delegate, actor=pages.actor(), reason=reason, now=now)
    except Conflict as refusal:
        alert = sentences.on_a_page(refusal.code, refusal.sentence)
        return _asked(reference, reason=reason, alert=alert, status=409)
    flash(
        _("The personal data is erased, and the badge is refused at the doors from now on.")
        if done
        else _("Nothing was changed: it had been done already, here or by somebody else."),
        "success" if done else "warning",
    )
    return redirect(url_for("person.page", reference=delegate.reference), 303)


def _asked(
    reference: str, *, reason: str = "", lacks: str = "", alert: str = "", status: int = 200
) -> Response:
    with reading() as session:
        delegate = pages.delegate(session, reference)
    page = render_template(
        "organiser/delegate_erase.html", one=delegate, reason=reason, lacks=lacks, alert=alert
    )
    return make_response(page, status)
