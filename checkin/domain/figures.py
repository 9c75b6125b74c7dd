"""The event's attendance in figures, by day, category and country, without a name; it owns no table."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from checkin.domain.delegates import Delegate
from checkin.domain.programme import Programme
from checkin.domain.scans import Attendance

# A category, and the country that somebody represents, None where it isn't known.
Group = tuple[int, str | None]


@dataclass(frozen=True)
class Figures:
    """How many of each group came on each day that counts, on any of them, and how many are confirmed.

    Somebody who was cancelled or erased after coming still came.
    """

    days: Sequence[dt.date]
    on: dict[dt.date, Counter[Group]] = field(default_factory=dict)
    people: Counter[Group] = field(default_factory=Counter)
    confirmed: Counter[Group] = field(default_factory=Counter)


def figures(session: Session, programme: Programme) -> Figures:
    """The figures as they are now, in two statements; whoever entered any area has attended."""
    days = [day.date for day in programme.days if day.counts]
    found = Figures(days, {day: Counter() for day in days})
    group = (Delegate.category_id, Delegate.country)
    came = (
        select(Attendance.day, *group, func.count(Attendance.delegate_id.distinct()).label("people"))
        .join(Delegate, Delegate.id == Attendance.delegate_id)
        .where(Attendance.day.in_(days))
        .group_by(Attendance.day, *group)
    )
    for day, category_id, country, people in session.execute(came):
        found.on[day][category_id, country] = people
    ever = exists().where(Attendance.delegate_id == Delegate.id, Attendance.day.in_(days))
    all_people = select(
        *group,
        func.count().filter(ever).label("people"),
        func.count().filter(Delegate.status == "confirmed").label("confirmed"),
    ).group_by(*group)
    for category_id, country, people, confirmed in session.execute(all_people):
        found.people[category_id, country] = people
        found.confirmed[category_id, country] = confirmed
    return found
