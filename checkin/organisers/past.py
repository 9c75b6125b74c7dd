"""A delegate's past attendance by hand, and their certificate, for organisers; it owns no table."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_security import current_user
from werkzeug.wrappers import Response

from checkin import clock, sentences
from checkin.access import open_to
from checkin.config import Config
from checkin.db import reading, transaction
from checkin.documents.certificates import LANGUAGES, certificate_pdf, face_of
from checkin.domain import afterwards, audit, certificates
from checkin.domain.afterwards import TIMED, Presence
from checkin.domain.programme import Programme
from checkin.errors import Refusal
from checkin.limits import limiter
from checkin.organisers import pages
from checkin.tokens import new_id

blueprint = Blueprint("past", __name__, url_prefix="/organiser/delegates/<reference>")

_TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)", re.ASCII)


@dataclass(frozen=True)
class Line:
    """An attendance by hand in words; `undone` says who withdrew it and why."""

    id: str
    day: str
    area: str
    time: str
    reason: str
    who: str
    undone: str


@blueprint.get("/attendance")
@open_to("organiser")
def index(reference: str) -> Response:
    """What was added by hand so far, and the form."""
    return _page(reference, {})


@blueprint.post("/attendance")
@open_to("organiser")
@limiter.limit("60 per minute")
def add(reference: str) -> Response:
    """Keep that somebody was there; what can't be kept comes back filled in."""
    now = clock.now()
    with reading() as session:
        plan = pages.programme_now(session)
    presence, problems = _typed(plan)
    if presence is None:
        return _page(reference, problems, status=422)
    try:
        with transaction() as session:
            delegate = pages.delegate(session, reference, hold=True)
            operator = current_user.email
            added = afterwards.add(session, delegate, presence, operator=operator, programme=plan, now=now)
            if added:
                audit.record(
                    session,
                    "attendance added by hand",
                    actor=pages.actor(),
                    now=now,
                    subject=delegate.reference,
                    reason=presence.reason,
                    day=str(presence.day),
                    area=plan.areas[presence.area_id],
                )
    except Refusal as refusal:
        if refusal.status != 409:
            raise
        return _page(reference, {"day": _why_not(refusal)}, status=409)
    flash(_("Kept: it counts from now on, and is told as added by hand."), "success")
    return redirect(url_for("past.index", reference=delegate.reference), 303)


def _why_not(refusal: Refusal) -> str:
    reason = refusal.extra.get("reason")
    if reason is None:
        return sentences.on_a_page(refusal.code, refusal.sentence)
    why = sentences.REASONS.get(reason, reason)
    return str(_("A door would have refused them: %(why)s. Correct that first.", why=why))


def _typed(plan: Programme) -> tuple[Presence | None, dict[str, str]]:
    """What the form says, or what must be mended, by field."""
    problems: dict[str, str] = {}
    day, area, reason = request.form.get("day", ""), request.form.get("area", ""), pages.typed("reason")
    if day not in {str(one.date) for one in plan.days}:
        problems["day"] = _("Please choose the day.")
    if area not in {str(one) for one in plan.areas}:
        problems["area"] = _("Please choose the area.")
    clock_time, time = request.form.get("time", "").strip()[:10], None
    if clock_time:
        time = _TIME.fullmatch(clock_time)
        if time is None:
            problems["time"] = _("Please write the time as 09:15, or leave it empty.")
    if not reason:
        problems["reason"] = _("Please say how one knows it: it stands beside the figures.")
    sent = pages.identifier(request.form.get("id", ""))
    if problems:
        return None, problems
    minute = None
    if time is not None:
        minute = (int(time[1]) - plan.cutover_hour) % 24 * 60 + int(time[2])
    return Presence(sent or new_id(), date.fromisoformat(day), int(area), minute, reason), {}


def _page(reference: str, problems: Mapping[str, str], *, lacks: str = "", status: int = 200) -> Response:
    now = clock.now()
    with reading() as session:
        plan = pages.programme_now(session)
        delegate = pages.delegate(session, reference)
        rows = afterwards.of_delegate(session, delegate.id)
        certificate = certificates.certificate_of(session, delegate.id)
        days = certificates.days_attended(session, delegate.id, plan)
    lines = [
        Line(
            id=str(row.id),
            day=pages.day_name(row.day),
            area=plan.areas[row.area_id],
            time=pages.hour(row.at, plan) if row.device_id == TIMED else str(_("time not known")),
            reason=row.note,
            who=f"{row.operator}, {pages.moment(row.received_at, plan)}",
            undone=_("Withdrawn by %(who)s: %(why)s", who=row.author, why=row.why) if row.author else "",
        )
        for row in rows
    ]
    past = [one for one in plan.days if one.date <= plan.day_of(now)]
    page = render_template(
        "organiser/delegate_attendance.html",
        one=delegate,
        lines=lines,
        days=[(str(one.date), pages.day_name(one.date)) for one in past],
        areas=list(plan.areas.items()),
        main_area=plan.main_area,
        typed=request.form,
        problems=problems,
        lacks=lacks,
        new_id=request.form.get("id") or new_id(),
        is_over=certificates.is_over(plan, now=now),
        attended=[pages.day_name(day) for day in days],
        certificate=certificate,
        issued=pages.moment(certificate.issued_at, plan) if certificate else "",
    )
    return make_response(page, status)


@blueprint.post("/attendance/<uuid:scan>/withdraw")
@open_to("organiser")
@limiter.limit("60 per minute")
def withdraw(reference: str, scan: str) -> Response:
    """Undo what was added by hand, with why."""
    now, reason = clock.now(), pages.typed("reason")
    if not reason:
        return _page(reference, {}, lacks=str(scan), status=422)
    with transaction() as session:
        delegate = pages.delegate(session, reference, hold=True)
        identifier = pages.identifier(str(scan)) or new_id()
        author = current_user.email
        done = afterwards.withdraw(session, delegate, identifier, reason=reason, author=author, now=now)
        if done:
            audit.record(
                session,
                "attendance by hand withdrawn",
                actor=pages.actor(),
                now=now,
                subject=delegate.reference,
                reason=reason,
            )
    flash(_("Withdrawn: it doesn't count any more."), "success")
    return redirect(url_for("past.index", reference=delegate.reference), 303)


# --- the certificate ----------------------------------------------------------------------------------------------


@blueprint.post("/certificate.pdf")
@open_to("organiser")
@limiter.limit("60 per minute")
def certificate(reference: str) -> Response:
    """The same certificate as the delegate's own page gives."""
    config: Config = current_app.config["CHECKIN"]
    now, wanted = clock.now(), request.form.get("language", "")
    with transaction() as session:
        plan = pages.programme_now(session)
        delegate = pages.delegate(session, reference)
        one, code, _is_new = certificates.issue(session, delegate, programme=plan, key=config.key, now=now)
        audit.record(session, "certificate issued", actor=pages.actor(), now=now, subject=delegate.reference)
        face = face_of(one, code, plan=plan, base_url=config.base_url)
    response = make_response(certificate_pdf(face, language=wanted if wanted in LANGUAGES else "en"))
    response.content_type = "application/pdf"
    name = f"certificate-{delegate.reference}.pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.post("/certificate/<any(withdraw, restore):what>")
@open_to("organiser")
def rule(reference: str, what: str) -> Response:
    """Withdraw a certificate or let it hold again, with why."""
    now, reason = clock.now(), pages.typed("reason")
    if not reason:
        return _page(reference, {}, lacks="certificate", status=422)
    with transaction() as session:
        delegate = pages.delegate(session, reference, hold=True)
        if what == "withdraw":
            done, act = certificates.withdraw(session, delegate.id, now=now), "certificate withdrawn"
        else:
            done, act = certificates.give_back(session, delegate.id), "certificate restored"
        if done:
            audit.record(
                session, act, actor=pages.actor(), now=now, subject=delegate.reference, reason=reason
            )
    if done:
        flash(_("Kept: the page that checks certificates says so from now on."), "success")
    else:
        flash(_("Nothing was changed: it had been done already, here or by somebody else."), "warning")
    return redirect(url_for("past.index", reference=delegate.reference), 303)
