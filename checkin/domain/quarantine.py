"""What a revoked phone still uploaded, and what organisers decide about it; it owns the table ruling."""

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Row, Select, and_, exists, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant, insert_ignoring
from checkin.domain import judging
from checkin.domain.badges import Badge
from checkin.domain.delegates import Delegate
from checkin.domain.doors import Device
from checkin.domain.programme import Programme
from checkin.domain.scans import Scan
from checkin.domain.verdicts import HELD

APPROVED, DROPPED = "approved", "dropped"
DECISIONS = (APPROVED, DROPPED)
# So few that on SQLite, where one writes at a time, the doors hardly wait.
AT_ONCE = 250


class Ruling(Base):
    """What was decided about a held scan; there is one of each at most, and it stays."""

    __tablename__ = "ruling"
    __table_args__ = (CheckConstraint("decision IN ('approved', 'dropped')", name="decision"),)

    scan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("scan.id"), primary_key=True)
    decision: Mapped[str]
    note: Mapped[str]
    # As the audit log names whoever did it.
    actor: Mapped[str]
    # Indexed: phones ask every few seconds what counts now.
    at: Mapped[datetime] = mapped_column(Instant, index=True)


@dataclass(frozen=True)
class Decided:
    """What somebody decides: `approved` or `dropped`, with their note."""

    decision: str
    note: str
    actor: str
    at: datetime


def _undecided() -> Any:
    return and_(Scan.verdict == HELD, ~exists().where(Ruling.scan_id == Scan.id))


def held_count() -> Select[int]:
    """The statement that counts the scans of revoked phones that wait for a decision."""
    return select(func.count()).select_from(Scan).where(_undecided())


def held_scans(session: Session) -> Counter[uuid.UUID]:
    """How many scans of each revoked phone wait for a decision."""
    query = select(Scan.device_id, func.count().label("scans")).where(_undecided())
    return Counter({row.device_id: row.scans for row in session.execute(query.group_by(Scan.device_id))})


def waiting(session: Session, device_id: uuid.UUID, *, at_most: int) -> Sequence[Row[Any]]:
    """A phone's scans that wait for a decision, the earliest first, each with its badge's bearer where known."""
    query = _with_bearer().where(_undecided(), Scan.device_id == device_id)
    return session.execute(query.order_by(Scan.at, Scan.id).limit(at_most)).all()


def decided(session: Session, device_id: uuid.UUID, *, at_most: int) -> Sequence[Row[Any]]:
    """A phone's scans that were decided about, the latest decision first."""
    ruling = (Ruling.decision, Ruling.note.label("why"), Ruling.actor, Ruling.at.label("decided_at"))
    query = _with_bearer().add_columns(*ruling).join(Ruling, Ruling.scan_id == Scan.id)
    query = query.where(Scan.device_id == device_id)
    return session.execute(query.order_by(Ruling.at.desc(), Scan.at, Scan.id).limit(at_most)).all()


def rulings(session: Session, device_id: uuid.UUID) -> Counter[str]:
    """How many scans of a phone were approved and how many dropped."""
    query = select(Ruling.decision, func.count().label("scans")).join(Scan, Scan.id == Ruling.scan_id)
    rows = session.execute(query.where(Scan.device_id == device_id).group_by(Ruling.decision))
    return Counter({row.decision: row.scans for row in rows})


def _with_bearer() -> Any:
    """Scans with whoever the badge belongs to now: a held scan names nobody itself."""
    scan = (
        Scan.id,
        Scan.seq,
        Scan.at,
        Scan.day,
        Scan.door_id,
        Scan.direction,
        Scan.received_at,
        Scan.skew_ms,
    )
    judged = (Scan.shown, Scan.verdict, Scan.reason)
    person = (Delegate.reference, Delegate.honorific, Delegate.name, Delegate.organisation)
    return (
        select(*scan, *judged, *person)
        .outerjoin(Badge, Badge.lookup == Scan.lookup)
        .outerjoin(Delegate, Delegate.id == Badge.delegate_id)
    )


def rule(
    session: Session,
    device: Device,
    scan_ids: Collection[uuid.UUID] | None,
    what: Decided,
    *,
    programme: Programme,
    seen: datetime,
) -> int:
    """Decide about some of a phone's held scans, or with None about the earliest of all that arrived by `seen`.

    Those approved are judged by the ordinary rule, as of now. About a scan that was decided before nothing changes.
    The session is in a writing transaction. Returns how many it decided about, AT_ONCE at most.
    """
    query = select(Scan.id).where(_undecided(), Scan.device_id == device.id, Scan.received_at <= seen)
    if scan_ids is not None:
        query = query.where(Scan.id.in_(scan_ids))
    # Locked, so that a void that arrives meanwhile sees what becomes of its scan.
    held = session.scalars(
        query.order_by(Scan.at, Scan.id).limit(AT_ONCE).with_for_update(of=Scan, key_share=True)
    ).all()
    rows = [
        {"scan_id": one, "decision": what.decision, "note": what.note, "actor": what.actor, "at": what.at}
        for one in held
    ]
    if not rows:
        return 0
    # The key decides between two organisers who press at the same time.
    inserted = insert_ignoring(session, Ruling.__table__).returning(Ruling.scan_id)
    ruled = set(session.scalars(inserted, rows))
    if what.decision == APPROVED:
        judging.judge_held(session, device, ruled, programme=programme, now=what.at)
    return len(ruled)
