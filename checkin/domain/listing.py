"""Everything about one delegate, as organisers look at them; it owns no table."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    Row,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from checkin.db import Instant
from checkin.domain.afterwards import told_place
from checkin.domain.audit import LOOKS, Audit
from checkin.domain.badges import Badge
from checkin.domain.delegates import Consent, Delegate
from checkin.domain.doors import Door
from checkin.domain.event import Area
from checkin.domain.messages import Message
from checkin.domain.scans import Attendance, Decision, Scan, Void
from checkin.domain.staff import Staff

HISTORY_AT_MOST = 500


# --- one delegate -----------------------------------------------------------------------------------------------


def badges_of(session: Session, delegate_id: int) -> Sequence[Badge]:
    """Every badge that a delegate had, the newest first."""
    query = select(Badge).where(Badge.delegate_id == delegate_id)
    return session.scalars(query.order_by(Badge.issued_at.desc(), Badge.revoked_at.desc())).all()


def history(session: Session, delegate: Delegate) -> Sequence[Row[Any]]:
    """What happened about a delegate besides badges, the newest first, in one statement.

    Each row has `source` (arrival, scan, message, consent, audit), `at`, and of what follows whatever the
    source knows: `what` and `about` it was, `who` did it, `place`, `direction`, `decision`, `details` (JSON)
    and `ended_at`, `ended_by`, `ended_why`: a scan's void, or a message's leaving.
    """
    everything = union_all(
        _scans(delegate), _arrivals(delegate), _messages(delegate), _consents(delegate), _acts(delegate)
    ).subquery()
    newest = select(everything).order_by(everything.c.at.desc(), everything.c.what, everything.c.about)
    return session.execute(newest.limit(HISTORY_AT_MOST)).all()


def _event(source: str, at: Any, **known: Any) -> Select[*tuple[Any, ...]]:
    columns = {
        "what": literal(""),
        "about": literal(""),
        "who": literal(""),
        "place": literal(""),
        "direction": literal(""),
        "decision": literal(""),
        "details": cast(null(), JSON),
        "ended_at": cast(null(), Instant),
        "ended_by": literal(""),
        "ended_why": literal(""),
    } | known
    # Cast, since PostgreSQL can't tell of what type a lone '' is in every part of a UNION.
    return select(
        literal(source).label("source"),
        at.label("at"),
        *(value.label(name) for name, value in columns.items()),
    )


def _scans(delegate: Delegate) -> Select[*tuple[Any, ...]]:
    decided = (
        select(Decision.decision).where(Decision.scan_id == Scan.id).order_by(Decision.id.desc()).limit(1)
    )

    def undone(column: Any) -> Any:
        first = select(column).where(Void.scan_id == Scan.id).order_by(Void.at, Void.id).limit(1)
        return first.scalar_subquery()

    return (
        _event(
            "scan",
            Scan.at,
            what=Scan.verdict,
            about=func.coalesce(Scan.reason, ""),
            who=Scan.operator,
            place=told_place(),
            direction=Scan.direction,
            decision=func.coalesce(decided.scalar_subquery(), ""),
            ended_at=undone(Void.at),
            ended_by=func.coalesce(undone(Void.author), ""),
            ended_why=func.coalesce(undone(Void.reason), ""),
        )
        .join(Door, Door.id == Scan.door_id)
        .where(Scan.delegate_id == delegate.id)
    )


def _arrivals(delegate: Delegate) -> Select[*tuple[Any, ...]]:
    return (
        _event(
            "arrival",
            Attendance.first_at,
            what=Area.name,
            about=cast(Attendance.day, String),
            place=told_place(),
        )
        .join(Scan, Scan.id == Attendance.scan_id)
        .join(Area, Area.id == Attendance.area_id)
        .join(Door, Door.id == Attendance.door_id)
        .where(Attendance.delegate_id == delegate.id)
    )


def _messages(delegate: Delegate) -> Select[*tuple[Any, ...]]:
    return _event(
        "message",
        Message.created_at,
        what=Message.kind,
        about=Message.status,
        ended_at=Message.sent_at,
        ended_why=Message.error,
    ).where(Message.delegate_id == delegate.id)


def _consents(delegate: Delegate) -> Select[*tuple[Any, ...]]:
    given = case((Consent.given, "given"), else_="withdrawn")
    return _event(
        "consent", Consent.at, what=Consent.purpose, about=given, place=Consent.notice_version
    ).where(Consent.delegate_id == delegate.id)


def _acts(delegate: Delegate) -> Select[*tuple[Any, ...]]:
    """What staff and others did; who only looked is in the audit log."""
    by = and_(Audit.actor == literal("staff:") + cast(Staff.id, String))
    return (
        _event(
            "audit",
            Audit.at,
            what=Audit.action,
            about=Audit.reason,
            who=func.coalesce(Staff.email, Audit.actor),
            details=Audit.details,
        )
        .outerjoin(Staff, by)
        .where(Audit.subject == delegate.reference, Audit.action.not_in(LOOKS))
    )
