"""The links that let a delegate in without a password; it owns the table link."""

from datetime import datetime, time, timedelta

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant
from checkin.domain.delegates import Delegate
from checkin.domain.programme import Programme
from checkin.errors import NotFound
from checkin.tokens import new_token, token_hash

AFTER_THE_EVENT = timedelta(days=30)


class Link(Base):
    """The way to one delegate's own page, as their mail has it: 128 random bits, kept as a hash only."""

    __tablename__ = "link"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    delegate_id: Mapped[int] = mapped_column(ForeignKey("delegate.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


def last_moment(plan: Programme, *, now: datetime) -> datetime:
    """Until when links work: a month beyond the event's last day, and never less than a month from now."""
    ends = max((day.date for day in plan.days), default=plan.day_of(now))
    midnight = datetime.combine(ends, time(0), plan.zone)
    return max(midnight, now) + AFTER_THE_EVENT


def mint_link(session: Session, delegate_id: int, *, now: datetime, expires_at: datetime) -> str:
    """A fresh token for a delegate's page, kept nowhere; the earlier ones go on working until they expire."""
    token = new_token()
    session.add(
        Link(token_hash=token_hash(token), delegate_id=delegate_id, created_at=now, expires_at=expires_at)
    )
    session.flush()
    return token


def linked_delegate(session: Session, token: str, *, now: datetime) -> Delegate:
    """Whose page a token opens; raises NotFound for one that is wrong or has expired."""
    query = select(Delegate).join(Link, Link.delegate_id == Delegate.id)
    found = session.scalar(query.where(Link.token_hash == token_hash(token), Link.expires_at > now))
    if found is None:
        raise NotFound("link_refused", "This link doesn't work any more: have a fresh one mailed to you.")
    return found


def end_links(session: Session, delegate_id: int) -> None:
    """Every link to a delegate's page stops working."""
    session.execute(delete(Link).where(Link.delegate_id == delegate_id))


def forget_expired(session: Session, *, now: datetime) -> None:
    """Remove links that open nothing any more."""
    session.execute(delete(Link).where(Link.expires_at <= now))
