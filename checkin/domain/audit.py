"""Who did what, kept with the change itself; it owns the table audit."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant
from checkin.domain.doors import Device
from checkin.domain.staff import Staff

A_PAGE = 50
# Acts that change nothing: somebody saw personal data.
LOOKS = (
    "VIPs listed",
    "VIPs opened",
    "badge looked up",
    "conflicts listed",
    "delegate opened",
    "delegates listed",
    "delegates searched",
    "hand admissions listed",
    "held scans listed",
    "letter opened",
    "letters listed",
)


class Audit(Base):
    """One act of somebody; `details` holds counts and filters, never personal data."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    actor: Mapped[str] = mapped_column(index=True)
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


@dataclass(frozen=True)
class Sought:
    """Which acts to list; None filters nothing. `since` and `until` bound their moments, the end not included."""

    actor: str | None = None
    actions: Collection[str] | None = None
    without: Collection[str] = ()
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def record(
    session: Session,
    action: str,
    *,
    actor: str,
    now: datetime,
    subject: str = "",
    reason: str = "",
    **details: Any,
) -> None:
    """Keep an act in the transaction that does it. `actor` is `staff:<id>`, `device:<id>` or `command line`."""
    session.add(Audit(at=now, actor=actor, action=action, subject=subject, reason=reason, details=details))


def acts(session: Session, sought: Sought, *, before: int | None = None) -> tuple[Sequence[Audit], bool]:
    """A page of acts, the newest first, older than the id `before`; and whether there are older ones still."""
    query = select(Audit).order_by(Audit.id.desc())
    if before is not None:
        query = query.where(Audit.id < before)
    if sought.actor is not None:
        query = query.where(Audit.actor == sought.actor)
    if sought.actions is not None:
        query = query.where(Audit.action.in_(sought.actions))
    if sought.without:
        query = query.where(Audit.action.not_in(sought.without))
    if sought.subject is not None:
        query = query.where(Audit.subject == sought.subject)
    if sought.since is not None:
        query = query.where(Audit.at >= sought.since)
    if sought.until is not None:
        query = query.where(Audit.at < sought.until)
    found = session.scalars(query.limit(A_PAGE + 1)).all()
    return found[:A_PAGE], len(found) > A_PAGE


def actors(session: Session) -> dict[str, str]:
    """The staff's addresses and the phones' names, by what the log calls them."""
    staff = session.execute(select(Staff.id, Staff.email).order_by(Staff.email)).all()
    phones = session.execute(select(Device.id, Device.name).order_by(Device.paired_at, Device.name)).all()
    return {f"staff:{one.id}": one.email for one in staff} | {f"device:{one.id}": one.name for one in phones}
