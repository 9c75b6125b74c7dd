"""VIPs and those who receive them: PINs, arrivals, entourages; it owns the tables pin and entourage."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Row, and_, case, exists, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant, insert_ignoring
from checkin.domain.badges import Badge
from checkin.domain.delegates import Delegate
from checkin.domain.doors import Device
from checkin.domain.programme import Programme
from checkin.domain.roster import COMMITTED_WITHIN
from checkin.domain.scans import Attendance, Scan, Void
from checkin.domain.verdicts import HELD
from checkin.errors import Forbidden, NotFound

WRONG_AT_MOST = 5
LOCKED_FOR = timedelta(minutes=15)
# Nobody reads more than this of what happened while a phone was away.
ALERTS_AT_MOST = 100


class Pin(Base):
    """What opens the names on a protocol phone; a try counts from before it is judged until one is right."""

    __tablename__ = "pin"
    __table_args__ = (CheckConstraint("tries >= 0", name="tries"),)

    device_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("device.id"), primary_key=True)
    hashed: Mapped[str]
    tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(Instant)


class Entourage(Base):
    """How many came with a VIP on a day, as somebody counted them; the latest count holds."""

    __tablename__ = "entourage"
    __table_args__ = (
        CheckConstraint("people BETWEEN 0 AND 99", name="people"),
        Index("ix_entourage_day", "day", "delegate_id", "at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    delegate_id: Mapped[int] = mapped_column(ForeignKey("delegate.id"))
    day: Mapped[dt.date]
    people: Mapped[int]
    device_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("device.id"))
    operator: Mapped[str]
    at: Mapped[datetime] = mapped_column(Instant)


@dataclass(frozen=True)
class Entry:
    """A delegate's first entry of a day, to whichever area."""

    at: datetime
    door_id: uuid.UUID


@dataclass(frozen=True)
class Vip:
    """Somebody of a category with protocol; `badge` is the look-up id, `entourage` None where nobody counted."""

    reference: str
    badge: str | None
    name: str
    organisation: str
    delegation: str
    category_id: int
    entry: Entry | None
    entourage: int | None


@dataclass(frozen=True)
class Delegation:
    """How many of a delegation's members, VIPs or not, have come of how many who may."""

    arrived: int
    expected: int


# --- the PIN ----------------------------------------------------------------------------------------------------


def set_pin(session: Session, device_id: uuid.UUID, *, hashed: str) -> None:
    """Give a phone its PIN."""
    session.add(Pin(device_id=device_id, hashed=hashed, tries=0))
    session.flush()


def try_pin(session: Session, device_id: uuid.UUID, *, now: datetime) -> tuple[str, int]:
    """The hash to compare a try with, and how many tries are left after it; raises Forbidden while it is locked.

    The try is counted before it is judged, so that many at once are not more than five.
    """
    unlocked = or_(Pin.locked_until.is_(None), Pin.locked_until <= now)
    # A lock that has run out gives five new tries.
    tries = case((Pin.locked_until.is_(None), Pin.tries + 1), else_=1)
    tried = update(Pin).where(Pin.device_id == device_id, unlocked)
    values = {"tries": tries, "locked_until": case((tries >= WRONG_AT_MOST, now + LOCKED_FOR), else_=None)}
    row = session.execute(tried.values(values).returning(Pin.hashed, Pin.tries)).first()
    if row is None:
        raise Forbidden("pin_locked", "Too many wrong PINs: this phone stays locked for 15 minutes.")
    return row.hashed, WRONG_AT_MOST - row.tries


def accept_pin(session: Session, device_id: uuid.UUID) -> None:
    """The try was right: all of them are forgotten."""
    session.execute(update(Pin).where(Pin.device_id == device_id).values(tries=0, locked_until=None))


def locked_phones(session: Session, *, now: datetime) -> set[uuid.UUID]:
    """The phones that too many wrong PINs have locked."""
    return set(session.scalars(select(Pin.device_id).where(Pin.locked_until > now)))


# --- who they are, and who has come -----------------------------------------------------------------------------


def vips(session: Session, *, programme: Programme, day: dt.date) -> list[Vip]:
    """Every confirmed VIP by name, with the first entry and the entourage of a day."""
    query = (
        select(
            Delegate.id,
            Delegate.reference,
            Delegate.honorific,
            Delegate.name,
            Delegate.organisation,
            Delegate.delegation,
            Delegate.category_id,
            Badge.lookup,
        )
        .outerjoin(Badge, and_(Badge.delegate_id == Delegate.id, Badge.revoked_at.is_(None)))
        .where(_are_vips(programme), Delegate.status == "confirmed")
        .order_by(Delegate.name, Delegate.id)
    )
    entries, counted = _first_entries(session, programme, day=day), entourages(session, day=day)
    return [
        Vip(
            row.reference,
            row.lookup,
            f"{row.honorific} {row.name}".strip(),
            row.organisation,
            row.delegation,
            row.category_id,
            entries.get(row.id),
            counted.get(row.id),
        )
        for row in session.execute(query)
    ]


def _are_vips(programme: Programme) -> Any:
    return Delegate.category_id.in_(sorted(programme.protocol_categories))


def _first_entries(session: Session, programme: Programme, *, day: dt.date) -> dict[int, Entry]:
    query = (
        select(Attendance.delegate_id, Attendance.first_at, Attendance.door_id)
        .join(Delegate, Delegate.id == Attendance.delegate_id)
        .where(_are_vips(programme), Attendance.day == day)
        .order_by(Attendance.first_at.desc(), Attendance.scan_id.desc())
    )
    # The earliest comes last and stays.
    return {row.delegate_id: Entry(row.first_at, row.door_id) for row in session.execute(query)}


def entourages(session: Session, *, day: dt.date) -> dict[int, int]:
    """How many came with each VIP on a day, by the VIPs' ids."""
    query = select(Entourage.delegate_id, Entourage.people).where(Entourage.day == day)
    return {
        row.delegate_id: row.people for row in session.execute(query.order_by(Entourage.at, Entourage.id))
    }


def delegations(session: Session, *, programme: Programme, day: dt.date) -> Mapping[str, Delegation]:
    """The delegations that have a VIP, by name, with all of their confirmed members."""
    with_vips = select(Delegate.delegation).where(_are_vips(programme), Delegate.delegation != "")
    came = exists().where(Attendance.delegate_id == Delegate.id, Attendance.day == day)
    query = (
        select(
            Delegate.delegation,
            func.count().label("expected"),
            func.sum(case((came, 1), else_=0)).label("came"),
        )
        .where(Delegate.status == "confirmed", Delegate.delegation.in_(with_vips))
        .group_by(Delegate.delegation)
        .order_by(Delegate.delegation)
    )
    return {row.delegation: Delegation(row.came, row.expected) for row in session.execute(query)}


# --- arrivals, as they happen -----------------------------------------------------------------------------------


def arrivals(session: Session, *, programme: Programme, since: datetime, day: dt.date) -> Sequence[Row[Any]]:
    """The day's readings of VIPs at any door that came in since a moment, oldest first; some are told twice.

    Rows have id, at, door_id, verdict, reason and lookup: that of the badge which the VIP has now, or None.
    """
    query: Any = (
        select(Scan.id, Scan.at, Scan.door_id, Scan.verdict, Scan.reason, Badge.lookup)
        .join(Delegate, Delegate.id == Scan.delegate_id)
        .outerjoin(Badge, and_(Badge.delegate_id == Delegate.id, Badge.revoked_at.is_(None)))
        .where(
            _are_vips(programme),
            Scan.received_at >= since - COMMITTED_WITHIN,
            Scan.day == day,
            Scan.direction == "in",
            Scan.verdict != HELD,
            Scan.just_now.is_(False),
            ~exists().where(Void.scan_id == Scan.id),
        )
        .order_by(Scan.received_at.desc(), Scan.id)
    )
    rows = session.execute(query.limit(ALERTS_AT_MOST)).all()
    return rows[::-1]


def count_entourage(
    session: Session,
    device: Device,
    *,
    count_id: uuid.UUID,
    badge: str,
    people: int,
    programme: Programme,
    now: datetime,
) -> str | None:
    """Keep how many came with a VIP today and return the VIP's reference; None for an id that is kept already.

    Raises NotFound for a badge that no VIP has.
    """
    query = select(Delegate.id, Delegate.reference).join(Badge, Badge.delegate_id == Delegate.id)
    vip = session.execute(query.where(Badge.lookup == badge, _are_vips(programme))).first()
    if vip is None:
        raise NotFound("no_such_vip", "There is no VIP with this badge.")
    row = {
        "id": count_id,
        "delegate_id": vip.id,
        "day": programme.day_of(now),
        "people": people,
        "device_id": device.id,
        "operator": device.operator,
        "at": now,
    }
    kept = session.execute(
        insert_ignoring(session, Entourage.__table__).values(row).returning(Entourage.id)
    ).first()
    return None if kept is None else str(vip.reference)


def entourages_by_badge(session: Session, *, day: dt.date) -> dict[str, int]:
    """How many came with each VIP on a day, by the look-up ids of the VIPs' badges."""
    query = (
        select(Badge.lookup, Entourage.people)
        .join(Badge, and_(Badge.delegate_id == Entourage.delegate_id, Badge.revoked_at.is_(None)))
        .where(Entourage.day == day)
        .order_by(Entourage.at, Entourage.id)
    )
    return {row.lookup: row.people for row in session.execute(query)}
