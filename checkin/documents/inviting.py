"""Invitations to the staff, mailed by workers: each has a link of its own, kept nowhere; it owns no table."""

from flask import Flask, current_app
from sqlalchemy.orm import Session

from checkin import clock
from checkin.adapters import jobs
from checkin.adapters.mail import MailDelayed, MailRefused
from checkin.config import Config
from checkin.db import transaction
from checkin.documents import mailing
from checkin.documents.letters import invitation
from checkin.domain import audit, staff
from checkin.domain.programme import programme
from checkin.tokens import new_id

INVITE = "send invitation"


def start(app: Flask) -> None:
    """Teach this application's workers to invite."""
    jobs.register(app, INVITE, jobs.Job(send_invitation))


def mail_invitation(session: Session, staff_id: int, *, language: str) -> None:
    """Have somebody invited by mail once the transaction is committed."""
    jobs.enqueue(session, INVITE, str(staff_id), language)


def send_invitation(staff_id: str, language: str) -> None:
    """Mail a fresh invitation to somebody who may have one; raises Postponed to be called again."""
    mailer = mailing.outgoing()
    if mailer is None:
        return
    config: Config = current_app.config["CHECKIN"]
    now = clock.now()
    with transaction() as session:
        member = staff.member(session, int(staff_id))
        if not member.active:
            return
        token, plan = staff.invite(session, member, now=now), programme(session)
    link = f"{config.base_url.rstrip('/')}/invitation/{token}"
    letter = invitation(member.email, plan, link=link, language=language, message_id=new_id().hex)
    try:
        mailer.send(letter, now=now)
    except MailDelayed:
        raise jobs.Postponed from None
    except MailRefused as refused:
        with transaction() as session:
            subject = f"staff:{staff_id}"
            audit.record(
                session, "invitation not sent", actor="worker", now=now, subject=subject, reason=str(refused)
            )
