"""The staff: who may sign in with which role, invited, stopped and let back; it owns no table."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_security import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from checkin import clock, sentences
from checkin.access import freshly, open_to
from checkin.db import reading, transaction
from checkin.documents import mailing
from checkin.documents.inviting import mail_invitation
from checkin.domain import audit, sessions, staff
from checkin.domain.details import email_address
from checkin.domain.programme import Programme
from checkin.domain.staff import ROLES, Staff
from checkin.errors import Refusal
from checkin.limits import limiter
from checkin.organisers import pages
from checkin.organisers.wording import STAFF_ROLES
from checkin.tokens import new_id

blueprint = Blueprint("staff", __name__, url_prefix="/organiser/staff")


@blueprint.get("")
@open_to("organiser")
@freshly
def index() -> str:
    """Everybody, with what may be done about each."""
    return _page()


@blueprint.post("")
@open_to("organiser")
@limiter.limit("30 per minute")
@freshly
def add() -> Response | str | tuple[str, int]:
    """A new member, invited by mail, or by an address that is shown once."""
    typed, wanted, now = request.form.get("email", ""), request.form.get("role", ""), clock.now()
    email, asked = email_address(typed.strip()[:320]), _role(wanted)
    if email is None or asked is None:
        wrong = _("Write one e-mail address, and choose a role.")
        return _page(email=typed, role=wanted, alert=wrong), 422
    role, area_id = asked
    try:
        with transaction() as session:
            member = staff.add_staff(
                session, email, role=role, uniquifier=new_id().hex, now=now, area_id=area_id
            )
            _record(session, "staff added", member, now=now, role=wanted)
            link = _invited(session, member, now=now)
    except Refusal as refusal:
        return _page(email=typed, role=wanted, alert=sentences.on_a_page(refusal.code, refusal.sentence)), 422
    return _told(email, link)


@blueprint.post("/<int:staff_id>/invite")
@open_to("organiser")
@limiter.limit("30 per minute")
@freshly
def invite(staff_id: int) -> Response | str:
    """Another invitation for somebody who lost theirs, their password or their second factor."""
    now = clock.now()
    with transaction() as session:
        member = staff.member(session, staff_id)
        email, link = member.email, _invited(session, member, now=now) if member.active else None
        if member.active:
            _record(session, "staff invited", member, now=now)
    return _told(email, link)


@blueprint.post("/<int:staff_id>/role")
@open_to("organiser")
@freshly
def role(staff_id: int) -> Response | tuple[str, int]:
    """Another role."""
    wanted = request.form.get("role", "")
    asked = _role(wanted)
    if asked is None:
        return _page(alert=_("Write one e-mail address, and choose a role.")), 422
    role, area_id = asked

    def change(session: Session, member: Staff) -> str:
        before = _value(member.role, member.area_id)
        changed = staff.change_role(session, member, role=role, area_id=area_id)
        if changed:
            _record(session, "staff role changed", member, now=clock.now(), role=wanted, was=before)
        return _("The role is changed.") if changed else ""

    return _done(staff_id, change)


@blueprint.post("/<int:staff_id>/stop")
@open_to("organiser")
@freshly
def stop(staff_id: int) -> Response | tuple[str, int]:
    """Sign somebody out everywhere, and in no more."""

    def change(session: Session, member: Staff) -> str:
        stopped = staff.stop(session, member)
        if stopped:
            _record(session, "staff stopped", member, now=clock.now())
        return (
            _("%(email)s is signed out everywhere and can't sign in.", email=member.email) if stopped else ""
        )

    return _done(staff_id, change)


@blueprint.post("/<int:staff_id>/let-back")
@open_to("organiser")
@freshly
def let_back(staff_id: int) -> Response | tuple[str, int]:
    """Let somebody sign in again."""

    def change(session: Session, member: Staff) -> str:
        back = staff.let_back(session, member)
        if back:
            _record(session, "staff let back", member, now=clock.now())
        return _("%(email)s may sign in again.", email=member.email) if back else ""

    return _done(staff_id, change)


@blueprint.post("/<int:staff_id>/sign-out")
@open_to("organiser")
@freshly
def sign_out(staff_id: int) -> Response | tuple[str, int]:
    """End somebody's sessions on every device, such as a lost one."""

    def change(session: Session, member: Staff) -> str:
        staff.end_sessions(session, member.id)
        _record(session, "staff sessions ended", member, now=clock.now())
        return str(_("%(email)s is signed out everywhere.", email=member.email))

    return _done(staff_id, change)


def _value(role: str, area_id: int | None) -> str:
    """A role as forms and the audit log have it: `supervisor:2` is one of the area with this number alone."""
    return role if area_id is None else f"{role}:{area_id}"


def _role(value: str) -> tuple[str, int | None] | None:
    """The role and area of a form; None for what is none of those offered."""
    with reading() as session:
        plan = pages.programme_now(session)
    offered = {_value(role, area): (role, area) for role, area, _name in _roles(plan)}
    return offered.get(value)


def _roles(plan: Programme) -> list[tuple[str, int | None, str]]:
    """What somebody on the staff may be; with several areas, a supervisor may have one of them."""
    several = plan.areas.items() if len(plan.areas) > 1 else ()
    found: list[tuple[str, int | None, str]] = []
    for role in ROLES:
        name = str(STAFF_ROLES[role])
        found.append((role, None, name))
        if role == "supervisor":
            found += [(role, area, f"{name} · {area_name}") for area, area_name in several]
    return found


def _done(staff_id: int, change: Callable[[Session, Staff], str]) -> Response | tuple[str, int]:
    """The list again, with what was done; a refusal stands above it."""
    try:
        with transaction() as session:
            said = change(session, staff.member(session, staff_id))
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _page(alert=sentences.on_a_page(refusal.code, refusal.sentence)), 409
    flash(said or _("Nothing was changed: it had been done already, here or by somebody else."))
    return redirect(url_for("staff.index"), 303)


def _record(session: Session, action: str, member: Staff, *, now: datetime, **details: str) -> None:
    subject = f"staff:{member.id}"
    audit.record(session, action, actor=pages.actor(), now=now, subject=subject, **details)


def _invited(session: Session, member: Staff, *, now: datetime) -> str | None:
    """Have the invitation mailed; without a mail server its address, to be handed over."""
    if mailing.has_mail_server():
        mail_invitation(session, member.id, language=str(get_locale()))
        return None
    base = current_app.config["CHECKIN"].base_url.rstrip("/")
    return f"{base}/invitation/{staff.invite(session, member, now=now)}"


def _told(email: str, link: str | None) -> Response | str:
    """What was done; an address that works once is in this answer alone, and in no cookie."""
    if link is None:
        flash(_("The invitation goes to %(email)s by mail. It works once, for 24 hours.", email=email))
        return redirect(url_for("staff.index"), 303)
    return _page(invited=email, link=link)


def _page(*, email: str = "", role: str = "desk", alert: str = "", invited: str = "", link: str = "") -> str:
    now = clock.now()
    with reading() as session:
        plan = pages.programme_now(session)
        members = staff.everybody(session, now=now)
        signed_in = sessions.last_seen(session, now=now)
    return render_template(
        "organiser/staff.html",
        members=members,
        signed_in=signed_in,
        roles={_value(role, area): name for role, area, name in _roles(plan)},
        value=_value,
        email=email,
        role=role,
        alert=alert,
        invited=invited,
        link=link,
        me=current_user.id,
        plan=plan,
        pages=pages,
    )
