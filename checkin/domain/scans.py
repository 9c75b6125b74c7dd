"""Scans, and the attendance, voids and decisions that follow from them; it owns those four tables."""

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, delete, insert, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant


class Scan(Base):
    """One reading of a badge at a door, as the phone made it and as it was judged; it never changes.

    But for two things: a held scan gets its verdict, and with it whose it is, when an organiser approves it; and those
    of one delegate become another's who turns out to be the same person.
    """

    __tablename__ = "scan"
    __table_args__ = (
        CheckConstraint("direction IN ('in', 'out')", name="direction"),
        CheckConstraint("input IN ('camera', 'wedge', 'typed', 'desk', 'paper')", name="input"),
        CheckConstraint(
            "verdict IN ('admitted', 'returned', 'repeat', 'left', 'refused', 'held')", name="verdict"
        ),
        CheckConstraint("(verdict = 'refused') = (reason IS NOT NULL)", name="reason"),
        CheckConstraint(
            "verdict IN ('refused', 'held') OR delegate_id IS NOT NULL", name="let_in_is_somebody"
        ),
        CheckConstraint("seq >= 0", name="seq"),
        # Whole: who is inside and who came often is counted from it alone.
        Index(
            "ix_scan_passage",
            *("delegate_id", "area_id", "day", "at"),
            *("direction", "verdict", "just_now", "id"),
        ),
        Index("ix_scan_device_seq", "device_id", "seq"),
        # Few: those of revoked phones, which the board counts.
        Index(
            "ix_scan_held",
            "device_id",
            postgresql_where=text("verdict = 'held'"),
            sqlite_where=text("verdict = 'held'"),
        ),
        # Few: those of which a phone showed something else than the server found.
        Index(
            "ix_scan_shown_otherwise",
            "day",
            postgresql_where=text("shown <> verdict AND shown <> ''"),
            sqlite_where=text("shown <> verdict AND shown <> ''"),
        ),
        # Few: those whose time is doubtful, as conflicts.is_off_time has it.
        Index(
            "ix_scan_off_time",
            *("device_id", "day", "at", "area_id"),
            postgresql_where=text(
                "input <> 'paper' AND (skew_ms > 120000 OR skew_ms < -120000"
                " OR EXTRACT(EPOCH FROM at - received_at) > 120"
                " OR EXTRACT(EPOCH FROM received_at - at) > 604800)"
            ),
            sqlite_where=text(
                "input <> 'paper' AND (skew_ms > 120000 OR skew_ms < -120000"
                " OR (at - received_at) / 1000000.0 > 120 OR (received_at - at) / 1000000.0 > 604800)"
            ),
        ),
        # Those who came back, whom the board counts.
        Index(
            "ix_scan_returned",
            "area_id",
            "day",
            postgresql_where=text("verdict = 'returned'"),
            sqlite_where=text("verdict = 'returned'"),
        ),
        # Few as well: those of help desks, which organisers list apart.
        Index(
            "ix_scan_by_hand",
            "day",
            "at",
            postgresql_where=text("input = 'desk'"),
            sqlite_where=text("input = 'desk'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    device_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("device.id"))
    # Not unique: a number seen before is a fact like others.
    seq: Mapped[int] = mapped_column(BigInteger)
    # No foreign key: a scan of a forged code is still a fact.
    lookup: Mapped[str]
    badge_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("badge.id"))
    delegate_id: Mapped[int | None] = mapped_column(ForeignKey("delegate.id"))
    door_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("door.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    day: Mapped[date]
    direction: Mapped[str]
    input: Mapped[str]
    scanned_at: Mapped[datetime] = mapped_column(Instant)
    skew_ms: Mapped[int | None] = mapped_column(BigInteger)
    # The corrected time, by which everything is judged and counted.
    at: Mapped[datetime] = mapped_column(Instant)
    # Indexed: phones ask every few seconds what other doors have seen.
    received_at: Mapped[datetime] = mapped_column(Instant, index=True)
    operator: Mapped[str]
    note: Mapped[str]
    shown: Mapped[str]
    verdict: Mapped[str]
    reason: Mapped[str | None]
    # The same phone read the same badge within 60 seconds before: shown again, not counted again.
    just_now: Mapped[bool]


class Attendance(Base):
    """A delegate's earliest entry to an area on a day that is not voided; the key keeps it single."""

    __tablename__ = "attendance"
    # Whole: the board counts a day's arrivals from it alone.
    __table_args__ = (
        Index("ix_attendance_arrival", "day", "delegate_id", "first_at", "scan_id", "door_id", "area_id"),
    )

    delegate_id: Mapped[int] = mapped_column(ForeignKey("delegate.id"), primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    # Deferred: the row that decides the race is written before the scan it points to.
    # Indexed: SQLite looks here for each new scan while a deferred key is open.
    scan_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("scan.id", deferrable=True, initially="DEFERRED"), index=True
    )
    first_at: Mapped[datetime] = mapped_column(Instant)
    door_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("door.id"))


class Void(Base):
    """The undoing of a scan, with its author and a reason; the only way in which a count falls."""

    __tablename__ = "void"
    __table_args__ = (
        CheckConstraint("length(reason) > 0", name="reason"),
        CheckConstraint("length(author) > 0", name="author"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    # No foreign key: the scan may still wait on its phone.
    scan_id: Mapped[uuid.UUID] = mapped_column(index=True)
    device_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("device.id"))
    author: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(Instant)
    received_at: Mapped[datetime] = mapped_column(Instant)


class Decision(Base):
    """What a helper did after a `repeat`; the latest one of a scan holds."""

    __tablename__ = "decision"
    __table_args__ = (CheckConstraint("decision IN ('let_in', 'sent_to_desk')", name="decision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    # No foreign key: the scan may still wait on its phone.
    scan_id: Mapped[uuid.UUID] = mapped_column(index=True)
    device_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("device.id"))
    operator: Mapped[str]
    decision: Mapped[str]
    at: Mapped[datetime] = mapped_column(Instant)


_ENTRY = (Attendance.area_id, Attendance.day, Attendance.scan_id, Attendance.first_at, Attendance.door_id)


def give_scans(session: Session, of: int, *, to: int) -> None:
    """One delegate's scans and attendance become another's, the earliest entry of each area and day as with all scans.

    The caller holds both.
    """
    session.execute(update(Scan).where(Scan.delegate_id == of).values(delegate_id=to))
    both = Attendance.delegate_id.in_((of, to))
    entries = session.execute(select(*_ENTRY).where(both).order_by(Attendance.first_at, Attendance.scan_id))
    firsts: dict[tuple[object, object], dict[str, object]] = {}
    for row in entries:
        firsts.setdefault((row.area_id, row.day), {**row._mapping, "delegate_id": to})
    session.execute(delete(Attendance).where(both))
    if firsts:
        session.execute(insert(Attendance), list(firsts.values()))
