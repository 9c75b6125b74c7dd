"""E-mails to send and sent; it owns the table message."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Row, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant
from checkin.domain.delegates import Delegate
from checkin.tokens import new_id

KINDS = ("badge", "badge_reissued")


class Message(Base):
    """One e-mail to one delegate; its text is made when it is sent, so nothing secret is kept here."""

    __tablename__ = "message"
    __table_args__ = (CheckConstraint("status IN ('waiting', 'sent', 'failed')", name="status"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    delegate_id: Mapped[int] = mapped_column(ForeignKey("delegate.id"), index=True)
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(index=True)
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


def _settle(session: Session, message_id: uuid.UUID, **values: Any) -> None:
    waiting = update(Message).where(Message.id == message_id, Message.status == "waiting")
    session.execute(waiting.values(values))
