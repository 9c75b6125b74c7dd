"""E-mails to send and sent; it owns the table message."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Row, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant, insert_ignoring
from checkin.domain.delegates import Delegate
from checkin.tokens import new_id

REMINDERS = ("reminder_first", "reminder_second", "reminder_eve")
KINDS = ("confirm", "known", "link", *REMINDERS, "badge", "badge_reissued")
# What anybody who knows an address can cause to be sent to it, and how often in a day at most.
CAUSED_BY_ANYBODY = ("confirm", "known", "link")
A_DAY_AT_MOST = 5
REMINDED_AT_ONCE = 500


class Message(Base):
    """One e-mail to one delegate; its text is made when it is sent, so nothing secret is kept here."""

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'sent', 'failed')", name="status"),
        Index("ix_message_status_created_at", "status", "created_at"),
        # Nobody is reminded twice of the same, whichever worker comes first.
        Index(
            "uq_message_reminder",
            "delegate_id",
            "kind",
            unique=True,
            postgresql_where=text("kind LIKE 'reminder%'"),
            sqlite_where=text("kind LIKE 'reminder%'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    delegate_id: Mapped[int] = mapped_column(ForeignKey("delegate.id"), index=True)
    kind: Mapped[str]
    status: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    # What the mail server said last, without the address; of one that waits, why it still does.
    error: Mapped[str] = mapped_column(default="")


def write_message(session: Session, delegate_id: int, *, kind: str, now: datetime) -> Message:
    """A message that waits to be sent by a job."""
    message = Message(id=new_id(), delegate_id=delegate_id, kind=kind, status="waiting", created_at=now)
    session.add(message)
    session.flush()
    return message


def too_many(session: Session, email: str, *, now: datetime) -> bool:
    """Whether an address has got what strangers may cause in a day; the caller holds its contact's row."""
    caused = (
        select(func.count())
        .select_from(Message)
        .join(Delegate, Delegate.id == Message.delegate_id)
        .where(
            Delegate.email == email,
            Message.kind.in_(CAUSED_BY_ANYBODY),
            Message.created_at > now - timedelta(days=1),
        )
    )
    return (session.scalar(caused) or 0) >= A_DAY_AT_MOST


def was_written(session: Session, delegate_id: int, *, kind: str, since: datetime) -> bool:
    """Whether a delegate has been written a message of a kind since a moment, sent or not."""
    same = select(Message.id).where(
        Message.delegate_id == delegate_id, Message.kind == kind, Message.created_at > since
    )
    return session.scalar(same.limit(1)) is not None


def write_reminders(
    session: Session, kind: str, *, registered_before: datetime, now: datetime
) -> Sequence[uuid.UUID]:
    """A reminder to everybody who registered before then and hasn't confirmed; returns the new messages."""
    reminded = select(Message.id).where(Message.delegate_id == Delegate.id, Message.kind == kind).exists()
    due = select(Delegate.id).where(
        Delegate.status == "unconfirmed", Delegate.registered_at <= registered_before, ~reminded
    )
    rows = [
        {
            "id": new_id(),
            "delegate_id": one,
            "kind": kind,
            "status": "waiting",
            "created_at": now,
            "error": "",
        }
        for one in session.scalars(due.order_by(Delegate.id).limit(REMINDED_AT_ONCE))
    ]
    if not rows:
        return []
    written = insert_ignoring(session, Message.__table__).returning(Message.__table__.c.id)
    return session.scalars(written, rows).all()


def waiting_messages(session: Session, *, hold: bool = False) -> Sequence[uuid.UUID]:
    """What waits to be sent, the oldest first; `hold` makes others who hold wait for this transaction."""
    waiting = select(Message.id).where(Message.status == "waiting").order_by(Message.created_at, Message.id)
    return session.scalars(waiting.with_for_update() if hold else waiting).all()


def waiting_message(session: Session, message_id: uuid.UUID) -> Row[Message, Delegate] | None:
    """A message and whom it is for, as long as it waits to be sent."""
    query = select(Message, Delegate).join(Delegate, Delegate.id == Message.delegate_id)
    return session.execute(query.where(Message.id == message_id, Message.status == "waiting")).first()


def mark_sent(session: Session, message_id: uuid.UUID, *, now: datetime) -> None:
    """The mail server took the message."""
    _settle(session, message_id, status="sent", sent_at=now, error="")


def mark_delayed(session: Session, message_id: uuid.UUID, *, error: str) -> None:
    """The message didn't go out, and goes on waiting."""
    _settle(session, message_id, error=error)


def mark_failed(session: Session, message_id: uuid.UUID, *, error: str | None = None) -> None:
    """The message will not be sent; without an error for the reason of its last delay."""
    last = func.coalesce(func.nullif(Message.error, ""), "It could not be sent, and the log says why.")
    _settle(session, message_id, status="failed", error=last if error is None else error)


def revive(session: Session, *, at_most: int, message_id: uuid.UUID | None = None) -> Sequence[uuid.UUID]:
    """Let failed messages wait again, the oldest first, or one of them; returns which."""
    failed = select(Message.id).where(Message.status == "failed")
    if message_id is not None:
        failed = failed.where(Message.id == message_id)
    some = failed.order_by(Message.created_at, Message.id).limit(at_most)
    revived = update(Message).where(Message.id.in_(some), Message.status == "failed")
    return session.scalars(revived.values(status="waiting", error="").returning(Message.id)).all()


def _settle(session: Session, message_id: uuid.UUID, **values: Any) -> None:
    waiting = update(Message).where(Message.id == message_id, Message.status == "waiting")
    session.execute(waiting.values(values))
