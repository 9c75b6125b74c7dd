"""Printed badges handed to their bearers: when and by whom; it owns the table handover."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Row, and_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant, insert_ignoring
from checkin.domain.badges import Badge
from checkin.tokens import new_id


class Handover(Base):
    """A badge was handed over, as `by` (of the audit log) said; `undone_at` where that was a mistake."""

    __tablename__ = "handover"
    __table_args__ = (
        CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone"),
        # A badge is handed over once, unless that is undone.
        Index(
            "uq_handover_standing",
            "badge_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
            sqlite_where=text("undone_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    badge_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("badge.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str]
    undone_at: Mapped[datetime | None] = mapped_column(Instant)
    undone_by: Mapped[str | None]


def badges_of(session: Session, delegate_id: int) -> Sequence[Row[Badge, Handover | None]]:
    """Every badge that a delegate had, the newest first, with its handover where that stands."""
    standing = and_(Handover.badge_id == Badge.id, Handover.undone_at.is_(None))
    query = select(Badge, Handover).outerjoin(Handover, standing).where(Badge.delegate_id == delegate_id)
    return session.execute(query.order_by(Badge.issued_at.desc(), Badge.revoked_at.desc())).all()


def hand_over(session: Session, badge_id: uuid.UUID, *, by: str, now: datetime) -> bool:
    """Keep that a badge was handed over; False where it had been already."""
    row = {"id": new_id(), "badge_id": badge_id, "at": now, "by": by}
    added = insert_ignoring(session, Handover.__table__).values(row).returning(Handover.id)
    return session.execute(added).first() is not None


def take_back(session: Session, badge_id: uuid.UUID, *, by: str, now: datetime) -> bool:
    """Undo a handover that was kept by mistake; False where there is none."""
    standing = update(Handover).where(Handover.badge_id == badge_id, Handover.undone_at.is_(None))
    undone = standing.values(undone_at=now, undone_by=by).returning(Handover.id)
    return session.execute(undone).first() is not None
