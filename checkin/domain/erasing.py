"""What is left of a delegate who asks to be forgotten, and of all of them in the end; it owns no table.

A row without a person stays, with its reference, country and category: attendance and scans belong to it, so the
figures stay what they were. Consents stay too: they prove what was agreed to, and name nobody.
"""

import hashlib
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session

from checkin.domain import audit, bulk_runs, exporting, import_runs
from checkin.domain.audit import Audit
from checkin.domain.badges import Badge
from checkin.domain.conflicts import Settlement
from checkin.domain.delegates import Delegate, colleagues_of, merged_with, refuse_merged, sort_keys
from checkin.domain.event import Event, give_back_place
from checkin.domain.links import Link
from checkin.domain.messages import Message
from checkin.domain.print_runs import PrintItem, PrintPiece, PrintRun
from checkin.domain.quarantine import Ruling
from checkin.domain.scans import Attendance, Scan, Void
from checkin.domain.words import search_text
from checkin.errors import Conflict

# What stands where a name must be, and where somebody must have said why.
NOBODY, UNSAID = "Erased", "erased"
AT_ONCE = 500
LENGTH_OF_AN_ID = 36
_EMPTY = {
    **dict.fromkeys(
        ("honorific", "short_name", "organisation", "job_title", "country_text", "delegation"), ""
    ),
    **dict.fromkeys(("interests", "access_needs"), ""),
    **dict.fromkeys(("email", "share", "phone", "note", "cancelled_from"), None),
}


@dataclass(frozen=True)
class Toll:
    """What a purge takes, in numbers, and what it leaves: the attendance."""

    delegates: int
    badges: int
    links: int
    letters: int
    reasons: int
    notes: int
    attendance: int


def erase(session: Session, delegate: Delegate, *, actor: str, reason: str, now: datetime) -> bool:
    """Leave nothing of the person behind a delegate, whom the caller holds; False where that was done before.

    Who was merged into them is erased with them. The badge is revoked, and the act kept. Raises Conflict for one who
    was merged, and for a contact at whose address colleagues get their letters.
    """
    if delegate.erased_at is not None:
        return False
    refuse_merged(delegate)
    entries = [delegate, *merged_with(session, delegate.id)]
    if any(other not in entries for one in entries for other in colleagues_of(session, one)):
        raise Conflict("has_colleagues", "Colleagues share this address: give them another one first.")
    about = _erase_all(session, entries, now=now)
    subject = delegate.reference
    audit.record_erasure(session, audit.ERASURE, about, actor=actor, now=now, subject=subject, reason=reason)
    session.refresh(delegate)
    return True


def purge_some(session: Session, *, actor: str, now: datetime) -> int:
    """Erase some of those who aren't yet, and keep the act; how many they were, 0 once all are."""
    rest = select(Delegate).where(Delegate.erased_at.is_(None)).order_by(Delegate.id).limit(AT_ONCE)
    people = session.scalars(rest.with_for_update()).all()
    if people:
        about = _erase_all(session, people, now=now)
        exporting.forget_reports(session)
        audit.record_erasure(session, audit.PURGE, about, actor=actor, now=now, people=len(people))
    return len(people)


def toll(session: Session) -> Toll:
    """What would go now if everybody were erased."""
    left = select(Delegate.id).where(Delegate.erased_at.is_(None))
    references = select(Delegate.reference).where(Delegate.erased_at.is_(None))
    about = or_(
        Audit.subject.in_(references),
        Audit.subject.startswith("scan:"),
        Audit.subject.startswith("conflict:"),
    )
    return Toll(
        delegates=_count(session, Delegate.erased_at.is_(None)),
        badges=_count(session, Badge.revoked_at.is_(None), Badge.delegate_id.in_(left)),
        links=_count(session, Link.delegate_id.in_(left)),
        letters=_count(session, Message.delegate_id.in_(left), Message.status == "waiting"),
        reasons=_count(session, Audit.reason != "", about),
        notes=_count(session, Scan.note != "", Scan.delegate_id.in_(left)),
        attendance=session.scalar(select(func.count()).select_from(Attendance)) or 0,
    )


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0


def refuse_early_purge(event: Event, *, today: date) -> None:
    """Raises Conflict before the day that the event's set-up names, and where it names none."""
    if event.erase_on is None:
        raise Conflict(
            "no_erase_on", "The event has no erase_on: put that day into its file and set it again."
        )
    if today < event.erase_on:
        raise Conflict(
            "too_early", f"Personal data is kept until {event.erase_on}: purge on that day or later."
        )


def _erase_all(session: Session, people: Sequence[Delegate], *, now: datetime) -> list[str]:
    """Erase all but the audit log's reasons; returns of what acts may be about that name these people."""
    ids = [one.id for one in people]
    for category_id, places in Counter(
        one.category_id for one in people if one.status == "confirmed"
    ).items():
        give_back_place(session, category_id, places=places)
    session.connection().execute(_empty_row(), [_emptied(one, now) for one in people])
    _erase_badges(session, ids, now=now)
    _erase_words(session, ids)
    import_runs.drop_all(session, now=now)
    exporting.forget_orders(session)
    bulk_runs.forget_words(session)
    session.execute(delete(Link).where(Link.delegate_id.in_(ids)))
    theirs = update(Message).where(Message.delegate_id.in_(ids))
    session.execute(theirs.values(error=""))
    session.execute(theirs.where(Message.status == "waiting").values(status="failed"))
    scans = [f"scan:{one}" for one in _theirs(session, audit.subjects_of(session, "scan"), ids)]
    conflicts = [f"conflict:{one}" for one in _theirs(session, audit.subjects_of(session, "conflict"), ids)]
    return [*(one.reference for one in people), *scans, *conflicts]


def _empty_row() -> Any:
    values = _EMPTY | {"name": NOBODY, "status": "cancelled", **sort_keys(NOBODY, "")}
    own = ("identity", "search", "cancelled_at", "changed_at", "erased_at")
    return (
        update(Delegate.__table__)  # type: ignore[arg-type]
        .where(Delegate.__table__.c.id == bindparam("delegate"))
        .values({**values, **{name: bindparam(name) for name in own}})
    )


def _emptied(one: Delegate, now: datetime) -> dict[str, Any]:
    return {
        "delegate": one.id,
        # Nobody's, and nobody else's.
        "identity": hashlib.sha256(f"erased {one.id}".encode()).digest(),
        "search": search_text(one.reference),
        "cancelled_at": one.cancelled_at or now,
        "changed_at": now,
        "erased_at": now,
    }


def _erase_badges(session: Session, ids: Sequence[int], *, now: datetime) -> None:
    """Revoke, with the cards that phones could open, and the printed files that show them."""
    theirs = update(Badge).where(Badge.delegate_id.in_(ids))
    session.execute(theirs.values(card=b"", reason=""))
    session.execute(theirs.where(Badge.revoked_at.is_(None)).values(revoked_at=now, revocation="revoked"))
    files = (
        select(PrintItem.run_id, (PrintItem.position // PrintRun.batch_size + 1).label("batch"))
        .join(PrintRun, PrintRun.id == PrintItem.run_id)
        .join(Badge, Badge.id == PrintItem.badge_id)
        .where(Badge.delegate_id.in_(ids))
        .distinct()
    )
    for run_id, batch in session.execute(files).all():
        session.execute(delete(PrintPiece).where(PrintPiece.run_id == run_id, PrintPiece.batch == batch))


def _erase_words(session: Session, ids: Sequence[int]) -> None:
    """What helpers and organisers typed about their scans."""
    scans: Select[Any] = select(Scan.id).where(Scan.delegate_id.in_(ids))
    noted = update(Scan).where(Scan.delegate_id.in_(ids), Scan.note != "")
    session.execute(noted.values(note=""), execution_options={"synchronize_session": False})
    session.execute(update(Void).where(Void.scan_id.in_(scans)).values(reason=UNSAID))
    session.execute(update(Ruling).where(Ruling.scan_id.in_(scans)).values(note=""))
    settled = _theirs(session, session.scalars(select(Settlement.subject)).all(), ids)
    session.execute(update(Settlement).where(Settlement.subject.in_(settled)).values(note=UNSAID))


def _theirs(session: Session, subjects: Sequence[str], ids: Sequence[int]) -> set[str]:
    """Those that are scans of these delegates, or a conflict of theirs: a delegate, an area and a day."""
    scans = {uuid.UUID(one) for one in subjects if len(one) == LENGTH_OF_AN_ID}
    query = select(Scan.id).where(Scan.id.in_(scans), Scan.delegate_id.in_(ids))
    theirs = {str(one) for one in session.scalars(query)} if scans else set()
    delegates = set(map(str, ids))
    return theirs | {one for one in subjects if one.partition(":")[0] in delegates}
