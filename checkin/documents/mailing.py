"""Messages to delegates: written together with the job that composes and sends them; it owns no table."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, current_app
from sqlalchemy.orm import Session

from checkin import clock
from checkin.adapters import jobs
from checkin.adapters.mail import Letter, MailDelayed, Mailer, MailRefused, read_server
from checkin.config import Config
from checkin.db import transaction
from checkin.documents.badge_faces import face
from checkin.documents.letters import Reader, letter
from checkin.domain import badges, links, messages
from checkin.domain.delegates import Delegate, contact_of, who_stays
from checkin.domain.event import is_set_up
from checkin.domain.programme import Programme, programme
from checkin.tokens import BadgeKey

SEND = "send message"
WITH_BADGE = ("badge", "badge_reissued")
# What only those get who haven't confirmed.
ASKING = ("confirm", *messages.REMINDERS)
UNCONFIRMED_LIFE = timedelta(days=14)
FIRST_REMINDER, SECOND_REMINDER = timedelta(hours=24), timedelta(hours=72)
EVE_BEGINS = time(9)

_EXTENSION = "checkin_mailer"


def start(app: Flask, config: Config) -> None:
    """Teach this application's workers to send mail; raises Refusal for a CHECKIN_SMTP_URL that is none."""
    app.extensions[_EXTENSION] = _mailer(config) if config.smtp_url else None
    send = jobs.Job(
        send_message, give_up_message, at_start=send_what_waits, at_stop=hang_up, now_and_then=remind
    )
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


def write_capped(session: Session, email: str, *, kind: str, now: datetime) -> bool:
    """A message that a stranger may cause, to whoever confirms for an address; False where that is enough for a day.

    `link` turns into `confirm` where the address isn't confirmed yet.
    """
    # Held, so that a hundred requests at once count one after the other.
    contact = contact_of(session, email, hold=True)
    if contact is None or messages.too_many(session, email, now=now):
        return False
    if contact.status == "unconfirmed" and kind == "link":
        kind = "confirm"
    return write_to(session, contact, kind=kind, now=now)


def has_mail_server() -> bool:
    """Whether letters leave; otherwise they wait in the outbox, to be read there."""
    return outgoing() is not None


def reissue_and_mail(
    session: Session, delegate: Delegate, *, reason: str, key: BadgeKey, now: datetime
) -> bool:
    """Replace a delegate's badge and mail the new one; False where it must be printed instead.

    Raises Conflict for one who may have no badge.
    """
    badges.reissue_badge(session, delegate, reason=reason, key=key, now=now)
    return write_to(session, delegate, kind="badge_reissued", now=now)


def try_again(session: Session, *, at_most: int, message_id: uuid.UUID | None = None) -> int:
    """Have failed messages sent after all, or one of them; returns how many."""
    revived = messages.revive(session, at_most=at_most, message_id=message_id)
    for one in revived:
        jobs.enqueue(session, SEND, str(one))
    return len(revived)


# --- sending, in a worker -----------------------------------------------------------------------------------


def send_message(message_id: str) -> None:
    """Send a message if it still waits, and there is a mail server; raises Postponed to be called again."""
    mailer = outgoing()
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
    if outgoing() is None:
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
    if (mailer := outgoing()) is not None:
        mailer.close()


def outgoing() -> Mailer | None:
    """The mail server; None where letters don't leave."""
    return cast(Mailer | None, current_app.extensions[_EXTENSION])


def letter_of(message_id: uuid.UUID) -> Letter | None:
    """The letter of a message, None where it doesn't wait; raises MailRefused where nothing is to be sent.

    Each time it is composed it has a link of its own, whose token is kept nowhere.
    """
    config: Config = current_app.config["CHECKIN"]
    with transaction() as session:
        found = messages.waiting_message(session, message_id)
        if found is None:
            return None
        message, delegate = found
        reader, plan = _reader(session, delegate, message.kind, base_url=config.base_url)
        rows = _badge_rows(session, delegate) if message.kind in WITH_BADGE else ()
    if message.kind in WITH_BADGE and not rows:
        raise MailRefused("There is no badge to send any more.")
    shown = face(rows[0].Badge, delegate, rows[0].Category, plan=plan, key=config.key) if rows else None
    return letter(message.kind, reader, plan, message_id=str(message.id), face=shown)


def _reader(session: Session, delegate: Delegate, kind: str, *, base_url: str) -> tuple[Reader, Programme]:
    if delegate.email is None or (kind in ASKING and delegate.status != "unconfirmed"):
        raise MailRefused("It isn't needed any more.")
    if delegate.merged_into is not None and delegate.cancelled_from == "unconfirmed":
        # Nobody has shown that this address is theirs.
        raise MailRefused("The entry was merged with another one.")
    # About the entry that stayed and to its address, whichever was asked for: the other may be somebody else's.
    delegate = who_stays(session, delegate)
    address = delegate.email
    if address is None:
        raise MailRefused("The entry that stayed has no address.")
    plan, now = programme(session), clock.now()
    life = UNCONFIRMED_LIFE if delegate.status == "unconfirmed" else timedelta(0)
    expires_at = max(links.last_moment(plan, now=now), now + life)
    token = links.mint_link(session, delegate.id, now=now, expires_at=expires_at)
    name = f"{delegate.honorific} {delegate.name}".strip()
    reader = Reader(
        name,
        address,
        delegate.language,
        delegate.reference,
        delegate.status,
        f"{base_url.rstrip('/')}/me/{token}",
    )
    return reader, plan


def _badge_rows(session: Session, delegate: Delegate) -> Sequence[Any]:
    only = badges.PrintFilter(reference=delegate.reference)
    return badges.badges_to_print(session, only, at_most=1)


# --- what becomes due ---------------------------------------------------------------------------------------


def remind() -> None:
    """Write what is due to those who haven't confirmed, and forget links that open nothing any more.

    A day after registering, three days after it, and from nine in the morning of the day before the event.
    """
    now = clock.now()
    with transaction() as session:
        if not is_set_up(session):
            return
        plan = programme(session)
        links.forget_expired(session, now=now)
        for kind, registered_before in due_reminders(plan, now=now):
            for message_id in messages.write_reminders(
                session, kind, registered_before=registered_before, now=now
            ):
                jobs.enqueue(session, SEND, str(message_id))


def due_reminders(plan: Programme, *, now: datetime) -> Iterator[tuple[str, datetime]]:
    """Each reminder that is due, with the moment before which one must have registered to get it."""
    days = [day.date for day in plan.days if day.counts]
    if not days or plan.day_of(now) > days[-1]:
        return
    yield "reminder_first", now - FIRST_REMINDER
    yield "reminder_second", now - SECOND_REMINDER
    eve = datetime.combine(days[0] - timedelta(days=1), EVE_BEGINS, plan.zone)
    if now >= eve:
        # Not to those who have only just registered: their first letter is on its way.
        yield "reminder_eve", now - timedelta(hours=2)
