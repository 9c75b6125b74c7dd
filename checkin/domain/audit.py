"""Who did what, kept with the change itself; it owns the table audit."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant


class Audit(Base):
    """One act of somebody; `details` holds counts and filters, never personal data."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    reason: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


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
