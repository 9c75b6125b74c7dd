"""Printed badges, and that they were handed to their bearers: when and by whom; it owns the table handover."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Row,
    and_,
    func,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from checkin.db import Base, Instant, insert_ignoring
from checkin.domain.attendance import Scope, streamed
from checkin.domain.badges import Badge
from checkin.domain.delegates import Delegate
from checkin.domain.event import Category
from checkin.domain.print_runs import PrintBatch, PrintItem, PrintRun
from checkin.tokens import new_id

# What a file says of each badge that was printed: `run`, `box` and `place` are those of the last run that printed it.
PRINTED = (
    *("reference", "honorific", "name", "organisation", "country", "category", "delegation", "issued_at"),
    *("printed_at", "state", "run", "box", "place", "handed_over_at"),
)


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


def printed_badges(session: Session, scope: Scope, *, columns: Sequence[str]) -> Iterator[Row[Any]]:
    """Some of PRINTED of every badge that was printed, in the order of its bearers' references, streamed."""
    standing = and_(Handover.badge_id == Badge.id, Handover.undone_at.is_(None))
    item = and_(PrintItem.badge_id == Badge.id, PrintItem.run_id == _last_run())
    query = (
        select(*(_of_badge(column) for column in columns))
        .select_from(Badge)
        .join(Delegate, Delegate.id == Badge.delegate_id)
        .join(Category, Category.id == Delegate.category_id)
        .outerjoin(Handover, standing)
        .outerjoin(PrintItem, item)
        .outerjoin(PrintRun, PrintRun.id == PrintItem.run_id)
        .where(Badge.printed_at.is_not(None), *scope.of_people)
        .order_by(Badge.delegate_id, Badge.issued_at, Badge.id)
    )
    yield from streamed(session, query)


def _last_run() -> Any:
    """The last run whose file has the badge: of one under way, its turn may be yet to come."""
    item, run = aliased(PrintItem), aliased(PrintRun)
    made = (PrintBatch.run_id == run.id) & (PrintBatch.number == item.position // run.batch_size + 1)
    query = select(func.max(item.run_id)).join(run, run.id == item.run_id).join(PrintBatch, made)
    return query.where(item.badge_id == Badge.id, item.left_out.is_(False)).scalar_subquery()


def _of_badge(column: str) -> Any:
    others: dict[str, Any] = {
        "country": func.coalesce(Delegate.country, Delegate.country_text),
        "category": Category.name,
        "issued_at": Badge.issued_at,
        "printed_at": Badge.printed_at,
        "state": func.coalesce(Badge.revocation, "live"),
        "run": PrintItem.run_id,
        "box": PrintItem.position // PrintRun.box_size + 1,
        "place": PrintItem.position % PrintRun.box_size + 1,
        "handed_over_at": Handover.at,
    }
    found: Any = others[column] if column in others else Delegate.__table__.c[column]
    return found.label(column)
