"""Everything that is kept about one delegate, for themselves; it owns no table."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from checkin.domain.afterwards import told_place
from checkin.domain.badges import Badge
from checkin.domain.certificates import Certificate
from checkin.domain.delegates import Consent, Delegate, consents_of, merged_with
from checkin.domain.doors import Door
from checkin.domain.event import Area, Category
from checkin.domain.messages import Message
from checkin.domain.scans import Attendance, Scan
from checkin.domain.seeing import Seen, seen


@dataclass(frozen=True)
class OwnData:
    """A delegate with what they agreed to, got, carry, where their badge was read, when they came, and who saw that."""

    delegate: Delegate
    category: str
    consents: Sequence[Consent]
    messages: Sequence[Message]
    badges: Sequence[Badge]
    scans: Sequence[Row[datetime, str, str, str]]
    attendance: Sequence[Row[date, str, datetime, str]]
    seen: Sequence[Seen]
    # Other entries of the same person, which an organiser merged into this one.
    merged: Sequence[Delegate]
    certificates: Sequence[Certificate]


def own_data(session: Session, delegate: Delegate) -> OwnData:
    """All of it, oldest first.

    `scans` are (at, direction, verdict, door's name or that they were added by hand), `attendance` is (day, area, first
    entry, door likewise).
    """
    came = (
        select(Attendance.day, Area.name, Attendance.first_at, told_place())
        .join(Scan, Scan.id == Attendance.scan_id)
        .join(Area, Area.id == Attendance.area_id)
        .join(Door, Door.id == Attendance.door_id)
        .where(Attendance.delegate_id == delegate.id)
    )
    merged = merged_with(session, delegate.id)
    entries = [delegate.id, *(one.id for one in merged)]
    certified = (
        select(Certificate).where(Certificate.delegate_id.in_(entries)).order_by(Certificate.issued_at)
    )
    scans = select(Scan.at, Scan.direction, Scan.verdict, told_place()).join(Door, Door.id == Scan.door_id)
    return OwnData(
        delegate,
        session.scalars(select(Category.name).where(Category.id == delegate.category_id)).one(),
        consents_of(session, delegate.id),
        session.scalars(
            select(Message).where(Message.delegate_id.in_(entries)).order_by(Message.created_at)
        ).all(),
        session.scalars(
            select(Badge).where(Badge.delegate_id == delegate.id).order_by(Badge.issued_at)
        ).all(),
        session.execute(scans.where(Scan.delegate_id == delegate.id).order_by(Scan.at)).all(),
        session.execute(came.order_by(Attendance.first_at, Area.id)).all(),
        seen(session, delegate),
        merged,
        session.scalars(certified).all(),
    )


def as_json(data: OwnData) -> dict[str, object]:
    """The same for a file, with times as RFC 3339; never a badge's code."""
    one = data.delegate
    return {
        **_details(one),
        "category": data.category,
        "registered_at": one.registered_at.isoformat(),
        "changed_at": one.changed_at.isoformat(),
        "cancelled_at": one.cancelled_at.isoformat() if one.cancelled_at else None,
        "merged_entries": [_details(entry) for entry in data.merged],
        "consents": [
            {
                "purpose": consent.purpose,
                "given": consent.given,
                "notice_version": consent.notice_version,
                "language": consent.language,
                "at": consent.at.isoformat(),
            }
            for consent in data.consents
        ],
        "letters": [
            {"kind": one.kind, "status": one.status, "written_at": one.created_at.isoformat()}
            for one in data.messages
        ],
        "badges": [
            {
                "issued_at": badge.issued_at.isoformat(),
                "printed_at": badge.printed_at.isoformat() if badge.printed_at else None,
                "revoked_at": badge.revoked_at.isoformat() if badge.revoked_at else None,
                "revocation": badge.revocation,
            }
            for badge in data.badges
        ],
        "scans": [
            {"at": at.isoformat(), "direction": direction, "verdict": verdict, "door": door}
            for at, direction, verdict, door in data.scans
        ],
        "certificates": [
            {
                "issued_at": one.issued_at.isoformat(),
                "withdrawn_at": one.withdrawn_at.isoformat() if one.withdrawn_at else None,
            }
            for one in data.certificates
        ],
        "attendance": [
            {"day": day.isoformat(), "area": area, "first_in": first.isoformat(), "door": door}
            for day, area, first, door in data.attendance
        ],
        "seen": [
            {
                "at": look.at.isoformat(),
                # Who of the staff it was is told by the organisers.
                "by": look.actor.partition(":")[0],
                "act": look.action,
                "whose": "mine" if look.alone else "many people's",
                "purpose": look.purpose,
            }
            for look in data.seen
        ],
    }


def as_file(data: OwnData) -> str:
    """The same as JSON text, for people and programs."""
    return json.dumps(as_json(data), ensure_ascii=False, indent=2)


def _details(one: Delegate) -> dict[str, object]:
    names = (
        *("reference", "honorific", "name", "short_name", "organisation", "job_title", "country"),
        *("country_text", "delegation", "email", "phone", "language", "interests", "access_needs"),
        *("note", "status"),
    )
    return {name: getattr(one, name) for name in names}
