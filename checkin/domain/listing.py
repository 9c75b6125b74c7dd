"""The delegates as organisers look at them: pages of a list, and everything about one; it owns no table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Row,
    Select,
    String,
    and_,
    case,
    cast,
    distinct,
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
from checkin.domain.searching import best_matches
from checkin.domain.staff import Staff

A_PAGE = 50
COUNTED_AT_MOST = 100_000
HISTORY_AT_MOST = 500


@dataclass(frozen=True)
class Wanted:
    """Whom to list; None filters nothing. `arrived` and `absent` are event days."""

    category_id: int | None = None
    country: str | None = None
    status: str | None = None
    delegation: str | None = None
    arrived: date | None = None
    absent: date | None = None


@dataclass(frozen=True)
class Page:
    """Some rows of a list, with whether there are newer ones before them and older ones after them.

    `count` is how many there are in all, COUNTED_AT_MOST + 1 for more than that; None where it isn't known.
    """

    rows: Sequence[Row[Any]]
    count: int | None
    has_newer: bool = False
    has_older: bool = False


@dataclass(frozen=True)
class Groups:
    """The countries (codes) and delegations that occur, each with how many come from it."""

    countries: dict[str, int]
    delegations: dict[str, int]


def delegates_page(
    session: Session, wanted: Wanted, *, day: date, after: int | None = None, before: int | None = None
) -> Page:
    """A page of delegates, the newest first: those registered before the id `after`, or next after `before`."""
    query = _rows(day).where(*_conditions(wanted))
    if before is not None:
        query = query.where(Delegate.id > before).order_by(Delegate.id)
    else:
        query = query.order_by(Delegate.id.desc())
        query = query if after is None else query.where(Delegate.id < after)
    found = session.execute(query.limit(A_PAGE + 1)).all()
    rows, more = found[:A_PAGE], len(found) > A_PAGE
    counted = _count(session, wanted)
    if before is not None:
        return Page(rows[::-1], counted, has_newer=more, has_older=True)
    return Page(rows, counted, has_newer=after is not None, has_older=more)


def matching_delegates(session: Session, query: str, wanted: Wanted, *, day: date) -> Page:
    """The delegates who match the words of a query, the best first, at most a page of them."""
    best = best_matches(session, query, at_most=A_PAGE + 1, among=_conditions(wanted))
    if not best:
        return Page((), 0)
    place = {delegate_id: number for number, delegate_id in enumerate(best)}
    rows = session.execute(_rows(day).where(Delegate.id.in_(best[:A_PAGE]))).all()
    rows = sorted(rows, key=lambda row: place[row.id])
    return Page(rows, len(rows) if len(best) <= A_PAGE else None)


def _rows(day: date) -> Select[*tuple[Any, ...]]:
    """What a row of the list shows; `first_at` is the first entry anywhere on a day."""
    first_at = select(func.min(Attendance.first_at)).where(
        Attendance.delegate_id == Delegate.id, Attendance.day == day
    )
    days = select(func.count(distinct(Attendance.day))).where(Attendance.delegate_id == Delegate.id)
    return select(
        Delegate.id,
        Delegate.reference,
        Delegate.honorific,
        Delegate.name,
        Delegate.organisation,
        Delegate.delegation,
        Delegate.country,
        Delegate.country_text,
        Delegate.category_id,
        Delegate.status,
        first_at.scalar_subquery().label("first_at"),
        days.scalar_subquery().label("days"),
    )


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    exact: dict[Any, Any] = {
        Delegate.category_id: wanted.category_id,
        Delegate.country: wanted.country,
        Delegate.status: wanted.status,
        Delegate.delegation: wanted.delegation,
    }
    conditions = [column == value for column, value in exact.items() if value is not None]
    if wanted.arrived is not None:
        conditions.append(_came(wanted.arrived))
    if wanted.absent is not None:
        conditions.append(~_came(wanted.absent))
    return conditions


def _came(day: date) -> ColumnElement[bool]:
    """Whoever was let in anywhere on a day: an inner area lies within the main one."""
    return Delegate.id.in_(select(Attendance.delegate_id).where(Attendance.day == day))


def _count(session: Session, wanted: Wanted) -> int:
    some = select(literal(1)).select_from(Delegate).where(*_conditions(wanted)).limit(COUNTED_AT_MOST + 1)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def groups(session: Session) -> Groups:
    """The countries and delegations to choose from."""
    countries = _group(Delegate.country, "country").where(Delegate.country.is_not(None))
    delegations = _group(Delegate.delegation, "delegation").where(Delegate.delegation != "")
    kinds: dict[str, dict[str, int]] = {"country": {}, "delegation": {}}
    for kind, name, people in session.execute(union_all(countries, delegations)):
        kinds[kind][name] = people
    return Groups(kinds["country"], dict(sorted(kinds["delegation"].items())))


def _group(column: Any, kind: str) -> Select[*tuple[Any, ...]]:
    return select(literal(kind), column, func.count()).group_by(column)


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
