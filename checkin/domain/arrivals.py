"""Who has arrived, of whom, and through which door: the board's counts, without a name; it owns no table."""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    and_,
    case,
    exists,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.functions import FunctionElement

from checkin.domain import afterwards, exits
from checkin.domain.attendance import Scope, streamed
from checkin.domain.delegates import Delegate
from checkin.domain.doors import Device
from checkin.domain.exits import WrongWay
from checkin.domain.programme import Programme
from checkin.domain.quarantine import held_count
from checkin.domain.scans import Attendance, Scan

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
QUARTERS_A_DAY = 96
# What a file says of each quarter of an hour: when it begins, where, and how many came then for the first time.
QUARTERS = ("day", "quarter", "area", "door", "arrivals")


class span_number(FunctionElement[int]):  # noqa: N801 - reads like SQL's own functions.
    """Which span of so many seconds since 1970 an Instant lies in."""

    type = BigInteger()
    inherit_cache = True


@compiles(span_number, "postgresql")
def _on_postgresql(element: span_number, compiler: Any, **kw: Any) -> str:
    moment, seconds = (compiler.process(part, **kw) for part in element.clauses)
    return f"FLOOR(EXTRACT(EPOCH FROM {moment}) / {seconds})::bigint"


@compiles(span_number, "sqlite")
def _on_sqlite(element: span_number, compiler: Any, **kw: Any) -> str:
    moment, seconds = (compiler.process(part, **kw) for part in element.clauses)
    return f"({moment}) / ({seconds} * 1000000)"


def _span(moment: Any, length: timedelta) -> Any:
    # The length is written out: as a parameter, PostgreSQL would not see that SELECT and GROUP BY say the same.
    return span_number(moment, literal_column(str(int(length.total_seconds()))))


@dataclass
class Share:
    """How many came of how many who are expected; somebody who was cancelled after coming still came."""

    came: int = 0
    expected: int = 0

    def add(self, *, came: int, expected: int) -> None:
        self.came += came
        self.expected += expected


@dataclass(frozen=True)
class Entries:
    """First entries on a day, by door and by quarter hour since the cut-over.

    Those that were added by hand are under `afterwards.TIMED`; where no time is known, at the end of the day.
    """

    day: dt.date
    by_door: dict[uuid.UUID, Counter[int]]

    @property
    def total(self) -> int:
        return sum(counts.total() for counts in self.by_door.values())

    def until(self, quarter: int) -> int:
        """How many had come before this quarter hour was over."""
        return sum(
            count for counts in self.by_door.values() for when, count in counts.items() if when <= quarter
        )


@dataclass
class People:
    """Shares of everybody and of each group; `statuses` counts registrations whatever their state."""

    all: Share = field(default_factory=Share)
    categories: dict[int, Share] = field(default_factory=lambda: defaultdict(Share))
    countries: dict[str | None, Share] = field(default_factory=lambda: defaultdict(Share))
    delegations: dict[str, Share] = field(default_factory=lambda: defaultdict(Share))
    statuses: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class PhoneSeen:
    """A paired phone as it was last heard; the skew in milliseconds, battery from 0 to 1.

    `roster_age_s` is how old its list of badges was when it last reported.
    """

    id: uuid.UUID
    name: str
    kind: str
    door_id: uuid.UUID
    heard_at: datetime
    skew_ms: int
    waiting: int | None
    battery: float | None
    roster_age_s: float | None


@dataclass(frozen=True)
class Numbers:
    """All that the board shows of an area on a day; `before` is the day of the event before it.

    `inside` is None where not every door of the area scans exits; `a_minute` is how many people came in by each
    door lately, and `returns` how often somebody came back.
    """

    at: datetime
    area_id: int
    entries: Entries
    before: Entries | None
    people: People
    phones: Sequence[PhoneSeen]
    held: int
    inside: int | None
    returns: int
    a_minute: Mapping[uuid.UUID, float]
    wrong_ways: Sequence[WrongWay]


def numbers(
    session: Session,
    programme: Programme,
    *,
    area_id: int,
    day: dt.date,
    now: datetime,
    before: Entries | None = None,
) -> Numbers:
    """The board's numbers in six statements, whatever the number of people and scans, beside an earlier day's."""
    passages = exits.latest(session, day=day, now=now)
    held, returns = session.execute(
        select(held_count().scalar_subquery(), exits.returns(area_id=area_id, day=day).scalar_subquery())
    ).one()
    return Numbers(
        at=now,
        area_id=area_id,
        entries=entries(session, programme, area_id=area_id, day=day),
        before=before,
        people=_people(session, programme, area_id=area_id, day=day),
        phones=phones(session),
        held=held,
        inside=exits.inside(session, area_id=area_id, day=day)
        if exits.scans_exits(programme, area_id)
        else None,
        returns=returns,
        a_minute=exits.a_minute(passages, now=now),
        wrong_ways=exits.wrong_ways(passages),
    )


def day_before(programme: Programme, day: dt.date) -> dt.date | None:
    """The day of the event before a day, to compare it with; build days count only before build days."""
    counts = next((one.counts for one in programme.days if one.date == day), True)
    return max((one.date for one in programme.days if one.date < day and one.counts == counts), default=None)


def entries(session: Session, programme: Programme, *, area_id: int, day: dt.date) -> Entries:
    """An area's first entries on a day."""
    quarter = _span(Attendance.first_at, QUARTER)
    door = _door()
    query = (
        select(door, quarter.label("quarter"), func.count().label("people"))
        .where(Attendance.day == day, _counts_in(programme, area_id))
        .group_by(door, quarter)
        .order_by(quarter)
    )
    found = Entries(day, defaultdict(Counter))
    for row in session.execute(query):
        begins = datetime.fromtimestamp(row.quarter * int(QUARTER.total_seconds()), UTC)
        # A phone whose clock was set between two uploads may name a quarter of another day: it stays in its own.
        when = programme.minute_of(begins) // 15 % QUARTERS_A_DAY
        # Under this id of no door: those who were added by hand.
        found.by_door[row.door_id or afterwards.TIMED][when] += row.people
    return found


def _door() -> Any:
    """By which door somebody came first; NULL for those who were added by hand."""
    by_hand = Attendance.scan_id.in_(select(Scan.id).where(Scan.device_id.in_(afterwards.BY_HAND)))
    return case((by_hand, null()), else_=Attendance.door_id).label("door_id")


def _counts_in(programme: Programme, area_id: int) -> Any:
    """Whether an attendance is somebody's first one of its day in an area.

    Whoever entered an inner area has attended the main one, whether or not a door of the main one saw them.
    """
    if area_id != programme.main_area:
        return Attendance.area_id == area_id
    other = aliased(Attendance)
    earlier = or_(
        other.first_at < Attendance.first_at,
        and_(other.first_at == Attendance.first_at, other.scan_id < Attendance.scan_id),
    )
    same = (other.delegate_id == Attendance.delegate_id, other.day == Attendance.day)
    return ~exists().where(*same, earlier)


def _people(session: Session, programme: Programme, *, area_id: int, day: dt.date) -> People:
    here = [Attendance.day == day]
    if area_id != programme.main_area:
        here.append(Attendance.area_id == area_id)
    came = select(Attendance.delegate_id).where(*here).distinct().subquery()
    group = (Delegate.status, Delegate.category_id, Delegate.country, Delegate.delegation)
    query = select(*group, func.count().label("people"), func.count(came.c.delegate_id).label("came"))
    query = query.outerjoin(came, came.c.delegate_id == Delegate.id).group_by(*group)
    people = People()
    for row in session.execute(query):
        people.statuses[row.status] += row.people
        expected = row.status == "confirmed" and _may_enter(programme, row.category_id, area_id, day)
        if expected or row.came:
            groups = [people.all, people.categories[row.category_id], people.countries[row.country]]
            for share in groups + ([people.delegations[row.delegation]] if row.delegation else []):
                share.add(came=row.came, expected=row.people if expected else 0)
    return people


def _may_enter(programme: Programme, category_id: int, area_id: int, day: dt.date) -> bool:
    category = programme.categories[category_id]
    inside = bool(category.areas) if area_id == programme.main_area else area_id in category.areas
    return inside and day in category.days


def phones(session: Session) -> Sequence[PhoneSeen]:
    """The phones that are paired and not revoked, by door and then as they were paired."""
    columns = (
        *(Device.id, Device.name, Device.kind, Device.door_id),
        *(Device.heard_at, Device.skew_ms, Device.waiting, Device.battery, Device.roster_age_s),
    )
    paired = select(*columns).where(Device.revoked_at.is_(None), Device.kind != "paper")
    query = paired.order_by(Device.paired_at, Device.id)
    return [PhoneSeen(*row) for row in session.execute(query)]


def registrations(session: Session, programme: Programme, *, since: datetime) -> Counter[dt.date]:
    """How many registered on each date at the event, from a moment on."""
    hour = _span(Delegate.registered_at, HOUR)
    query = select(hour.label("hour"), func.count().label("people")).where(Delegate.registered_at >= since)
    found: Counter[dt.date] = Counter()
    for row in session.execute(query.group_by(hour)):
        begins = datetime.fromtimestamp(row.hour * 3600, UTC)
        found[begins.astimezone(programme.zone).date()] += row.people
    return found


def people_who_came(session: Session, programme: Programme) -> int:
    """How many came on any day that counts, each person once."""
    days = [day.date for day in programme.days if day.counts]
    query = select(func.count(Attendance.delegate_id.distinct())).where(Attendance.day.in_(days))
    return session.scalar(query) or 0


def quarters(
    session: Session, scope: Scope, *, programme: Programme, area_named: bool, columns: Sequence[str]
) -> Iterator[list[Any]]:
    """First entries by quarter of an hour, area and door, some of QUARTERS each; of the scope's area if it is named.

    An area's sum is what the board says of it, so that of the main area has those whom only an inner door saw.
    """
    areas = [scope.area_id] if area_named else [*programme.areas]
    query = union_all(*(_area_quarters(scope, programme, area_id) for area_id in areas)).subquery()
    found = query.c
    order = (found.day, found.quarter, found.area_id, found.door_id)
    for row in streamed(session, select(query).order_by(*order)):
        told = {
            "day": row.day,
            "quarter": datetime.fromtimestamp(row.quarter * int(QUARTER.total_seconds()), UTC),
            "area": programme.areas[row.area_id],
            "door": programme.doors[row.door_id].name if row.door_id else afterwards.TOLD[afterwards.TIMED],
            "arrivals": row.people,
        }
        yield [told[column] for column in columns]


def _area_quarters(scope: Scope, programme: Programme, area_id: int) -> Any:
    quarter = _span(Attendance.first_at, QUARTER)
    door = _door()
    conditions = [Attendance.day == scope.day] if scope.day is not None else []
    if scope.door_id is not None:
        conditions.append(door == scope.door_id)
    return (
        select(
            literal(area_id).label("area_id"),
            Attendance.day,
            door,
            quarter.label("quarter"),
            func.count().label("people"),
        )
        .join(Delegate, Delegate.id == Attendance.delegate_id)
        .where(_counts_in(programme, area_id), *conditions, *scope.of_people)
        .group_by(Attendance.day, door, quarter)
    )
