"""The people who run the event; it owns the table staff."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant
from checkin.errors import Conflict

ROLES = ("organiser", "supervisor", "desk", "protocol")


class Staff(Base):
    """Somebody who signs in, with one role; the columns are those that Flask-Security reads."""

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint("role IN ('organiser', 'supervisor', 'desk', 'protocol')", name="role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    # Empty until the person has set one by the link they were given.
    password: Mapped[str | None]
    active: Mapped[bool]
    # Changed to end every session of this person at once.
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    tf_primary_method: Mapped[str | None]
    tf_totp_secret: Mapped[str | None]
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Instant)


def add_staff(session: Session, email: str, *, role: str, uniquifier: str, now: datetime) -> Staff:
    """A new member of staff without a password; raises Conflict for an address that is on the staff already."""
    known = session.scalar(select(Staff).where(Staff.email == email))
    if known is not None:
        raise Conflict("staff_known", f"{email} is on the staff already, as {known.role}.")
    staff = Staff(email=email, role=role, active=True, fs_uniquifier=uniquifier, created_at=now)
    session.add(staff)
    session.flush()
    return staff
