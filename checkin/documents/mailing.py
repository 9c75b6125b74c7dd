"""Messages to delegates: written together with the job that composes and sends them; it owns no table."""

import uuid
from datetime import datetime
from typing import cast
from urllib.parse import urlsplit

from flask import Flask, current_app
from sqlalchemy.orm import Session

from checkin import clock
from checkin.adapters import jobs
from checkin.adapters.mail import Letter, MailDelayed, Mailer, MailRefused, read_server
from checkin.config import Config
from checkin.db import reading, transaction
from checkin.documents.badge_faces import face
from checkin.documents.letters import Reader, badge_letter
from checkin.domain import badges, messages
from checkin.domain.delegates import Delegate
from checkin.domain.programme import programme
from checkin.tokens import BadgeKey

SEND = "send message"

_EXTENSION = "checkin_mailer"


def start(app: Flask, config: Config) -> None:
    """Teach this application's workers to send mail; raises Refusal for a CHECKIN_SMTP_URL that is none."""
    app.extensions[_EXTENSION] = _mailer(config) if config.smtp_url else None
    send = jobs.Job(send_message, give_up=give_up_message, at_start=send_what_waits, at_stop=hang_up)
    jobs.register(app, SEND, send)


def _mailer(config: Config) -> Mailer:
    domain = urlsplit(config.base_url).hostname or "localhost"
    return Mailer(read_server(config.smtp_url or ""), sender=config.mail_from, domain=domain)


# --- writing ------------------------------------------------------------------------------------------------


def write_to(session: Session, delegate: Delegate, *, kind: str, now: datetime) -> bool:
    """A message to a delegate, sent once the transaction is committed; False where there is no address."""
    if delegate.email is None:
        return False
    message = messages.write_message(session, delegate.id, kind=kind, now=now)
    jobs.enqueue(session, SEND, str(message.id))
    return True


def reissue_and_mail(
    session: Session, delegate: Delegate, *, reason: str, key: BadgeKey, now: datetime
) -> bool:
    """Replace a delegate's badge and mail the new one; False where it must be printed instead.

    Raises Conflict for one who may have no badge.
    """
    badges.reissue_badge(session, delegate, reason=reason, key=key, now=now)
    return write_to(session, delegate, kind="badge_reissued", now=now)


# --- sending, in a worker -----------------------------------------------------------------------------------


def send_message(message_id: str) -> None:
    """Send a message if it still waits, and there is a mail server; raises Postponed to be called again."""
    mailer = _outgoing()
    if mailer is None:
        return
    message = uuid.UUID(message_id)
    try:
        letter = letter_of(message)
        if letter is None:
            return
        mailer.send(letter, now=clock.now())
    except MailRefused as refused:
        with transaction() as session:
            messages.mark_failed(session, message, error=str(refused))
    except MailDelayed as delayed:
        with transaction() as session:
            messages.mark_delayed(session, message, error=str(delayed))
        raise jobs.Postponed from None
    else:
        with transaction() as session:
            messages.mark_sent(session, message, now=clock.now())


def give_up_message(message_id: str) -> None:
    """The last attempt is over."""
    with transaction() as session:
        messages.mark_failed(session, uuid.UUID(message_id))


def send_what_waits() -> None:
    """Enqueue what waits without a job: from a time without a mail server, or left by a failure."""
    if _outgoing() is None:
        return
    with transaction() as session:
        # Held first and compared then: two workers that start together don't enqueue the same one.
        waiting = messages.waiting_messages(session, hold=True)
        in_hand = jobs.unfinished(SEND)
        for message_id in waiting:
            if (str(message_id),) not in in_hand:
                jobs.enqueue(session, SEND, str(message_id))


def hang_up() -> None:
    """Leave the mail server."""
    if (mailer := _outgoing()) is not None:
        mailer.close()


def _outgoing() -> Mailer | None:
    return cast(Mailer | None, current_app.extensions[_EXTENSION])


def letter_of(message_id: uuid.UUID) -> Letter | None:
    """The letter of a message, None where it doesn't wait; raises MailRefused where nothing is to be sent."""
    with reading() as session:
        found = messages.waiting_message(session, message_id)
        if found is None:
            return None
        message, delegate = found
        only = badges.PrintFilter(reference=delegate.reference)
        rows = badges.badges_to_print(session, only, at_most=1)
        plan = programme(session)
    if not rows or delegate.email is None:
        raise MailRefused("There is no badge to send any more.")
    name = f"{delegate.honorific} {delegate.name}".strip()
    return badge_letter(
        message.kind,
        Reader(name, delegate.email, delegate.language),
        face(rows[0].Badge, delegate, rows[0].Category, plan=plan, key=current_app.config["CHECKIN"].key),
        message_id=str(message.id),
        organiser=plan.organiser,
    )
