"""Who came on which day, read across scans, voids and decisions for boards and exports; it owns no table."""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, ColumnElement, Row, exists, func, or_, select
from sqlalchemy.orm import Session

from checkin.db import seconds_between
from checkin.domain import afterwards
from checkin.domain.delegates import Delegate
from checkin.domain.doors import Device, Door
from checkin.domain.event import Area, Category
from checkin.domain.programme import Programme
from checkin.domain.scans import Attendance, Decision, Scan, Void
from checkin.domain.verdicts import HELD, JUST_NOW, REFUSED

AT_ONCE = 2000


@dataclass(frozen=True)
class Scope:
    """What an export is about: an area, and of what is not None that one only."""

    area_id: int
    day: dt.date | None = None
    category_id: int | None = None
    door_id: uuid.UUID | None = None
    country: str | None = None
    delegation: str | None = None
    organisation: str | None = None
    status: str | None = None

    @property
    def of_people(self) -> list[ColumnElement[bool]]:
        """What must be true of a delegate."""
        wanted: dict[Any, Any] = {
            Delegate.category_id: self.category_id,
            Delegate.country: self.country,
            Delegate.delegation: self.delegation,
            Delegate.organisation: self.organisation,
            Delegate.status: self.status,
        }
        return [column == value for column, value in wanted.items() if value is not None]


@dataclass(frozen=True)
class DayAttended:
    """A delegate's first entry on a day and how often they were let in.

    Attendance that was added by hand has this instead of a door, and no time where none is known.
    """

    first_in: dt.datetime | None
    door: str
    entries: int


@dataclass(frozen=True)
class AttendanceRow:
    """What was asked for about one delegate, and the days on which they came."""

    delegate: Sequence[Any]
    days: Mapping[dt.date, DayAttended]


def streamed(session: Session, query: Any) -> Iterator[Any]:
    """The rows of a query, few of them in memory at a time; closed with this iterator, however far it came."""
    with session.execute(query, execution_options={"yield_per": AT_ONCE}) as found:
        yield from found


def rows(
    session: Session, scope: Scope, *, programme: Programme, columns: Sequence[str]
) -> Iterator[AttendanceRow]:
    """Every delegate in the order of their references with their days in the scope's area, streamed.

    Who entered an inner area has attended the main one, whether or not a door of the main one saw them.
    """
    by_hand = afterwards.timed(session)
    firsts = _Grouped(streamed(session, _firsts(scope, programme)))
    counts = _Grouped(streamed(session, _entry_counts(scope, programme)))
    for delegate in streamed(session, delegates(scope, columns=columns)):
        days = _days(firsts.of(delegate[0]), counts.of(delegate[0]), programme, by_hand)
        if scope.door_id is None or any(
            day.door == programme.doors[scope.door_id].name for day in days.values()
        ):
            yield AttendanceRow(delegate[1:], days)


def _days(
    firsts: Sequence[Row[Any]],
    counts: Sequence[Row[Any]],
    programme: Programme,
    by_hand: Mapping[uuid.UUID, bool],
) -> dict[dt.date, DayAttended]:
    entries = {row.day: row.entries for row in counts}
    days: dict[dt.date, DayAttended] = {}
    # The first of each day comes first.
    for row in firsts:
        if row.day not in days:
            door, at = programme.doors[row.door_id].name, row.first_at
            if row.scan_id in by_hand:
                door, at = afterwards.TOLD[afterwards.TIMED], at if by_hand[row.scan_id] else None
            # Seen inside without having been seen at the main doors is one entry at least.
            days[row.day] = DayAttended(at, door, entries.get(row.day, 0) or 1)
    return days


class _Grouped:
    """Rows in the order of delegate_id, handed out delegate by delegate, so that only one is in memory."""

    def __init__(self, rows: Any) -> None:
        self._rows = iter(rows)
        self._next = next(self._rows, None)

    def of(self, delegate_id: int) -> list[Row[Any]]:
        """The rows of a delegate; delegates are asked for in ascending order."""
        found = []
        while self._next is not None and self._next.delegate_id <= delegate_id:
            if self._next.delegate_id == delegate_id:
                found.append(self._next)
            self._next = next(self._rows, None)
        return found


def delegates(scope: Scope, *, columns: Sequence[str]) -> Any:
    """These columns of the delegates whom a scope is about, in the order of their references, behind the id.

    `country` is what was given, where that is no country of today.
    """
    return (
        select(Delegate.id, *(_of_delegate(column) for column in columns))
        .join(Category, Category.id == Delegate.category_id)
        .where(*scope.of_people)
        .order_by(Delegate.id)
    )


def _of_delegate(column: str) -> Any:
    """A column of Delegate, `country` and `category` in words."""
    words: dict[str, ColumnElement[Any]] = {
        "country": func.coalesce(Delegate.country, Delegate.country_text),
        "category": Category.__table__.c.name,
    }
    found = words[column] if column in words else Delegate.__table__.c[column]
    return found.label(column)


def _firsts(scope: Scope, programme: Programme) -> Any:
    query = select(
        Attendance.delegate_id, Attendance.day, Attendance.first_at, Attendance.door_id, Attendance.scan_id
    )
    if scope.area_id != programme.main_area:
        query = query.where(Attendance.area_id == scope.area_id)
    if scope.day is not None:
        query = query.where(Attendance.day == scope.day)
    return query.order_by(Attendance.delegate_id, Attendance.day, Attendance.first_at, Attendance.scan_id)


def _entry_counts(scope: Scope, programme: Programme) -> Any:
    """How often each delegate was let in on each day, from the scans alone, whatever order they arrived in."""
    step = _steps(_passages(scope))
    let_in = or_(
        step.c.before.is_(None),
        step.c.before == "out",
        seconds_between(step.c.at, step.c.before_at) >= programme.reentry_after.total_seconds(),
        step.c.decision == "let_in",
    )
    return (
        select(step.c.delegate_id, step.c.day, func.count().label("entries"))
        .where(step.c.direction == "in", let_in)
        .group_by(step.c.delegate_id, step.c.day)
        .order_by(step.c.delegate_id)
    )


def _passages(scope: Scope) -> CTE:
    """The passages of an area, each with the time at which the same phone read the same badge before."""
    same = [Scan.delegate_id, Scan.day, Scan.device_id, Scan.badge_id, Scan.direction]
    query = select(
        Scan.id,
        Scan.delegate_id,
        Scan.day,
        Scan.direction,
        Scan.at,
        func.lag(Scan.at).over(partition_by=same, order_by=[Scan.at, Scan.id]).label("read_before"),
    ).where(
        Scan.area_id == scope.area_id,
        Scan.verdict.not_in((REFUSED, HELD)),
        ~exists().where(Void.scan_id == Scan.id),
    )
    return (query if scope.day is None else query.where(Scan.day == scope.day)).cte("passages")


def _steps(passage: CTE) -> CTE:
    """The passages without re-reads, each with the one before it and with what the helper decided."""
    order: dict[str, Any] = {
        "partition_by": [passage.c.delegate_id, passage.c.day],
        "order_by": [passage.c.at, passage.c.id],
    }
    return (
        select(
            passage.c.delegate_id,
            passage.c.day,
            passage.c.direction,
            passage.c.at,
            func.lag(passage.c.direction).over(**order).label("before"),
            func.lag(passage.c.at).over(**order).label("before_at"),
            _decision(passage.c.id),
        )
        .where(
            or_(
                passage.c.read_before.is_(None),
                seconds_between(passage.c.at, passage.c.read_before) > JUST_NOW.total_seconds(),
            )
        )
        .cte("steps")
    )


def _decision(scan_id: Any) -> Any:
    """What the helper decided last about a scan."""
    of_scan = (
        select(Decision.decision).where(Decision.scan_id == scan_id).order_by(Decision.id.desc()).limit(1)
    )
    return of_scan.scalar_subquery().label("decision")


def entered_at(session: Session, door_id: uuid.UUID, *, day: dt.date) -> int:
    """How many made their first entry of a day at a door."""
    query = select(func.count()).select_from(Attendance)
    return session.scalar(query.where(Attendance.door_id == door_id, Attendance.day == day)) or 0


def scans(session: Session, scope: Scope, *, area_named: bool, columns: Sequence[str]) -> Iterator[Row[Any]]:
    """These columns of every scan, refused and voided ones too, in the order of their corrected times, streamed.

    `area_named` keeps those of the scope's area; otherwise all areas are in.
    """
    query = (
        select(*(_of_scan(column) for column in columns))
        .select_from(Scan)
        .join(Device, Device.id == Scan.device_id)
        .join(Door, Door.id == Scan.door_id)
        .join(Area, Area.id == Scan.area_id)
        .outerjoin(Delegate, Delegate.id == Scan.delegate_id)
        .outerjoin(Category, Category.id == Delegate.category_id)
        .order_by(Scan.at, Scan.id)
    )
    wanted = {
        Scan.area_id: scope.area_id if area_named else None,
        Scan.day: scope.day,
        Scan.door_id: scope.door_id,
    }
    conditions = [column == value for column, value in wanted.items() if value is not None]
    yield from streamed(session, query.where(*conditions, *scope.of_people))


def _of_scan(column: str) -> Any:
    """A column of Scan, or of what belongs to one, by its name in the file."""
    of_void: dict[str, Any] = {"voided_at": func.min(Void.at), "void_reason": func.min(Void.reason)}
    if column in of_void:
        first = select(of_void[column]).where(Void.scan_id == Scan.id).scalar_subquery()
        return first.label(column)
    if column == "decision":
        return _decision(Scan.id)
    others = {
        "device": Device.name,
        "door": Door.name,
        "area": Area.name,
        "reference": Delegate.reference,
        "name": Delegate.name,
        "organisation": Delegate.organisation,
        "category": Category.name,
    }
    found: Any = others[column] if column in others else Scan.__table__.c[column]
    return found.label(column)
