"""Certificates of attendance: who has one, and whether it holds; it owns the table certificate.

A delegate has one certificate. Its code is derived from its id, as a badge's is, and never stored. What it says is
what is known now: after a correction the same code shows the corrected name, on paper and on the page that checks it.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ForeignKey, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant, insert_ignoring
from checkin.domain.delegates import Delegate, who_stays
from checkin.domain.programme import Programme
from checkin.domain.scans import Attendance
from checkin.errors import Conflict
from checkin.tokens import BadgeKey, lookup_id, new_id

GENUINE, WITHDRAWN, ERASED, NO_ATTENDANCE = "genuine", "withdrawn", "erased", "no attendance"


class Certificate(Base):
    """That a delegate has a certificate, and since when it holds no more."""

    __tablename__ = "certificate"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    delegate_id: Mapped[int] = mapped_column(ForeignKey("delegate.id"), unique=True)
    # Of the code, as that of a badge.
    lookup: Mapped[str] = mapped_column(unique=True)
    issued_at: Mapped[datetime] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)


@dataclass(frozen=True)
class Checked:
    """What became of a certificate whose code somebody has, with whose it is and the days."""

    state: str
    certificate: Certificate
    delegate: Delegate
    days: Sequence[date]


def is_over(programme: Programme, *, now: datetime) -> bool:
    """Whether the last day that counts is over, or its doors are closed."""
    counted = [day for day in programme.days if day.counts]
    if not counted:
        return False
    last, today = counted[-1], programme.day_of(now)
    if today != last.date or last.closes is None:
        return today > last.date
    closes = (last.closes.hour - programme.cutover_hour) % 24 * 60 + last.closes.minute
    return programme.minute_of(now) >= closes


def days_attended(session: Session, delegate_id: int, programme: Programme) -> Sequence[date]:
    """The days that count on which a delegate came, in order."""
    counted = [day.date for day in programme.days if day.counts]
    query = select(Attendance.day).where(Attendance.delegate_id == delegate_id, Attendance.day.in_(counted))
    return session.scalars(query.distinct().order_by(Attendance.day)).all()


def certificate_of(session: Session, delegate_id: int) -> Certificate | None:
    """A delegate's certificate, where they have one; of those of a merged entry too, one that was withdrawn first."""
    return min(_all_of(session, delegate_id), key=lambda one: one.withdrawn_at is None, default=None)


def issue(
    session: Session, delegate: Delegate, *, programme: Programme, key: BadgeKey, now: datetime
) -> tuple[Checked, str, bool]:
    """A delegate's certificate, made where there was none; its code, and whether it is new.

    Raises Conflict before the event is over, for somebody who wasn't there or was erased, and where it was withdrawn.
    """
    if not is_over(programme, now=now):
        raise Conflict("not_over", "Certificates are given once the event is over.")
    days = days_attended(session, delegate.id, programme)
    if delegate.erased_at is not None or not days:
        raise Conflict("no_attendance", f"{delegate.reference} was let in on no day of the event.")
    new, is_new = new_id(), False
    row = {"id": new, "delegate_id": delegate.id, "lookup": lookup_id(key.certificate_code(new))}
    if any(one.withdrawn_at is not None for one in _all_of(session, delegate.id)):
        raise Conflict("certificate_withdrawn", "This certificate was withdrawn.")
    certificate = certificate_of(session, delegate.id)
    if certificate is None:
        inserted = insert_ignoring(session, Certificate.__table__).values(row | {"issued_at": now})
        is_new = session.execute(inserted.returning(Certificate.id)).first() is not None
        certificate = session.scalars(select(Certificate).where(Certificate.delegate_id == delegate.id)).one()
    code = key.certificate_code(certificate.id)
    if lookup_id(code) != certificate.lookup:
        raise Conflict("other_badge_key", "This certificate was made under another CHECKIN_BADGE_KEY.")
    return Checked(GENUINE, certificate, delegate, days), code, is_new


def checked(session: Session, code: str, programme: Programme) -> Checked | None:
    """What a certificate's code stands for; None where there is no such certificate."""
    query = (
        select(Certificate, Delegate)
        .join(Delegate, Delegate.id == Certificate.delegate_id)
        .where(Certificate.lookup == lookup_id(code))
    )
    found = session.execute(query).first()
    if found is None:
        return None
    certificate, delegate = found[0], who_stays(session, found[1])
    days = days_attended(session, delegate.id, programme)
    was_withdrawn = any(one.withdrawn_at is not None for one in _all_of(session, delegate.id))
    return Checked(_state(delegate, days, was_withdrawn=was_withdrawn), certificate, delegate, days)


def _state(delegate: Delegate, days: Sequence[date], *, was_withdrawn: bool) -> str:
    if delegate.erased_at is not None:
        return ERASED
    if was_withdrawn:
        return WITHDRAWN
    return GENUINE if days else NO_ATTENDANCE


def withdraw(session: Session, delegate_id: int, *, now: datetime) -> bool:
    """Let a delegate's certificate hold no more, under every code that it has; False where none holds."""
    held = [one for one in _all_of(session, delegate_id) if one.withdrawn_at is None]
    for one in held:
        one.withdrawn_at = now
    return bool(held)


def give_back(session: Session, delegate_id: int) -> bool:
    """Let a certificate hold again; False where it does, or there is none."""
    withdrawn = [one for one in _all_of(session, delegate_id) if one.withdrawn_at is not None]
    for one in withdrawn:
        one.withdrawn_at = None
    return bool(withdrawn)


def _all_of(session: Session, delegate_id: int) -> Sequence[Certificate]:
    """The certificate of a delegate, and those of whoever was merged into them, which tell the same."""
    theirs = select(Delegate.id).where(or_(Delegate.id == delegate_id, Delegate.merged_into == delegate_id))
    query = select(Certificate).where(Certificate.delegate_id.in_(theirs))
    return session.scalars(query.order_by(Certificate.issued_at, Certificate.id)).all()
