"""Who is inside, how many a minute come in, and doors where the direction seems to be wrong; it owns no table."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, takewhile
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, select
from sqlalchemy.orm import Session

from checkin.domain.doors import Device
from checkin.domain.programme import Programme
from checkin.domain.scans import Attendance, Scan, Void
from checkin.domain.verdicts import ADMITTED, HELD, REFUSED, RETURNED

# Phones that were set to OUT by mistake let people in as exits: so many in a row are no chance.
IN_A_ROW = 5
LATELY = timedelta(minutes=30)
# Over which people a minute are counted: long enough for a group not to look like a rush.
PACE = timedelta(minutes=10)


@dataclass(frozen=True)
class WrongWay:
    """A door whose last readings are all exits of people who never entered: how many, since when, by which phones."""

    door_id: uuid.UUID
    exits: int
    since: datetime
    phones: tuple[str, ...]


def scans_exits(programme: Programme, area_id: int) -> bool:
    """Whether every door of an area scans exits too, so that one can say who is inside."""
    doors = [door for door in programme.doors.values() if door.area_id == area_id]
    return bool(doors) and all(door.direction != "in" for door in doors)


def inside(session: Session, *, area_id: int, day: date) -> int:
    """How many are in an area: those whose last passage of the day was an entry. At the cut-over nobody is."""
    entered, left = (_last(way) for way in ("in", "out"))
    passages = select(Scan.delegate_id).where(_counts(), Scan.area_id == area_id, Scan.day == day)
    people = passages.group_by(Scan.delegate_id).having(
        and_(entered.is_not(None), (left.is_(None)) | (entered > left))
    )
    return session.scalar(select(func.count()).select_from(people.subquery())) or 0


def returns(*, area_id: int, day: date) -> Select[int]:
    """The statement that counts who came back into an area on a day, as often as they did."""
    returned = (Scan.verdict == RETURNED, Scan.area_id == area_id, Scan.day == day)
    return select(func.count()).select_from(Scan).where(*returned, _counts())


def _last(direction: str) -> Any:
    return func.max(case((Scan.direction == direction, Scan.at)))


def _counts() -> Any:
    return and_(
        Scan.verdict.not_in((REFUSED, HELD)),
        Scan.just_now.is_(False),
        ~exists().where(Void.scan_id == Scan.id),
    )


def latest(session: Session, *, day: date, now: datetime) -> Sequence[Any]:
    """The passages of a day that came in within the last half hour, by door, the latest first."""
    had_entered = exists().where(
        Attendance.delegate_id == Scan.delegate_id,
        Attendance.area_id == Scan.area_id,
        Attendance.day == Scan.day,
    )
    query = (
        select(
            Scan.door_id, Scan.at, Scan.direction, Scan.verdict, Device.name, had_entered.label("had_entered")
        )
        .join(Device, Device.id == Scan.device_id)
        .where(_counts(), Scan.day == day, Scan.received_at >= now - LATELY)
        .order_by(Scan.door_id, Scan.at.desc(), Scan.id)
    )
    return session.execute(query).all()


def a_minute(passages: Sequence[Any], *, now: datetime) -> dict[uuid.UUID, float]:
    """How many people a minute came in by each door in the last ten minutes."""
    came = Counter(
        row.door_id for row in passages if row.verdict in (ADMITTED, RETURNED) and row.at > now - PACE
    )
    return {door_id: people / (PACE.total_seconds() / 60) for door_id, people in came.items()}


def wrong_ways(passages: Sequence[Any]) -> Sequence[WrongWay]:
    """Doors at which five or more left in a row who had not entered the area that day.

    An entry there, or the exit of somebody who had entered, ends it.
    """
    found = []
    for door_id, rows in groupby(passages, key=lambda row: row.door_id):
        run = list(takewhile(_is_strange, rows))
        if len(run) >= IN_A_ROW:
            phones = tuple(sorted({row.name for row in run}))
            found.append(WrongWay(door_id, len(run), run[-1].at, phones))
    return found


def _is_strange(row: Any) -> bool:
    return row.direction == "out" and not row.had_entered
