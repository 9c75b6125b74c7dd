"""E-mails to send and sent; it owns the table message."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant
from checkin.tokens import new_id

KINDS = ("badge_reissued",)


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
    # What the mail server said, without the address.
    error: Mapped[str] = mapped_column(default="")


def write_message(session: Session, delegate_id: int, *, kind: str, now: datetime) -> Message:
    """A message that waits to be sent by a job."""
    message = Message(id=new_id(), delegate_id=delegate_id, kind=kind, status="waiting", created_at=now)
    session.add(message)
    session.flush()
    return message


def waiting_messages(session: Session) -> Sequence[uuid.UUID]:
    """What waits to be sent, the oldest first."""
    return session.scalars(
        select(Message.id).where(Message.status == "waiting").order_by(Message.created_at)
    ).all()


def mark_sent(session: Session, message_id: uuid.UUID, *, now: datetime) -> None:
    """The mail server took the message."""
    session.execute(
        update(Message).where(Message.id == message_id).values(status="sent", sent_at=now, error="")
    )


def mark_failed(session: Session, message_id: uuid.UUID, *, error: str) -> None:
    """The mail server refused the message for good."""
    session.execute(update(Message).where(Message.id == message_id).values(status="failed", error=error))
