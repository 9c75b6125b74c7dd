"""The attendance figures, as they are and as they were published; it owns the table publication.

What was published never changes: its words are kept as they were hashed, and the audit log, which is chained, keeps
the hash. A later state is published as the next version.
"""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Text, case, cast, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant
from checkin.domain.delegates import Delegate
from checkin.domain.event import hold_event
from checkin.domain.programme import Programme
from checkin.domain.scans import Attendance
from checkin.errors import Conflict, NotFound

# Of what a figure is, in the order in which they are told.
AREA, CATEGORY, COUNTRY = "area", "category", "country"
KINDS = (AREA, CATEGORY, COUNTRY)
# The day of the figures that tell how many came on any day that counts, each person once.
ANY_DAY = ""

# The kind, the key (an area's or category's id, a country's code or nothing) and the day, as text.
Key = tuple[str, str, str]


class Publication(Base):
    """The figures as an organiser published them; `by` is their address."""

    __tablename__ = "publication"
    __table_args__ = (CheckConstraint("version > 0", name="version"),)

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str]
    # JSON as `Figures.as_text` writes it: sorted, ASCII, no blanks.
    content: Mapped[str] = mapped_column(Text)
    # SHA-256 of the content, in hexadecimal.
    digest: Mapped[str]

    @property
    def is_whole(self) -> bool:
        """Whether the content is what was hashed."""
        return _digest(self.content) == self.digest


@dataclass(frozen=True)
class Figures:
    """How many people came: for each area, category and country by day, and on any day that counts.

    Categories and countries are of the whole event: who entered an inner area has attended the main one. `names` are
    those of areas and categories, the main area first; `days` are dates, names and whether each counts.
    """

    main: str
    names: Mapping[str, Mapping[str, str]]
    days: Sequence[tuple[str, str, bool]]
    people: Mapping[Key, int]

    @property
    def nobody(self) -> bool:
        """Whether nobody came on any day."""
        return not any(self.people.values())

    def count(self, kind: str, key: str, day: str = ANY_DAY) -> int:
        return self.people.get((kind, key, day), 0)

    def keys(self, kind: str) -> list[str]:
        """The areas and categories in the organisers' order, the countries with most people first."""
        if kind == COUNTRY:
            found = {key for of, key, _day in self.people if of == kind}
            return sorted(found, key=lambda key: (-self.most(kind, key), key))
        return list(self.names[kind])

    def most(self, kind: str, key: str) -> int:
        """How many on any day; of days that don't count, the largest."""
        of_days = [self.count(kind, key, day) for day, _name, _counts in self.days]
        return max([self.count(kind, key), *of_days])

    def as_text(self, **said: Any) -> str:
        """The figures with what else is said as JSON: sorted, ASCII, no blanks, so that its hash is always the same."""
        rows = [[*key, people] for key, people in sorted(self.people.items()) if people]
        names = {kind: [[key, name] for key, name in known.items()] for kind, known in self.names.items()}
        content = {**said, "main": self.main, "names": names, "days": self.days, "people": rows}
        return json.dumps(content, sort_keys=True, separators=(",", ":"))


def published_figures(publication: Publication) -> Figures:
    """The figures as they were published."""
    content = json.loads(publication.content)
    return Figures(
        content["main"],
        {kind: dict(known) for kind, known in content["names"].items()},
        [(day, name, counts) for day, name, counts in content["days"]],
        {(kind, key, day): people for kind, key, day, people in content["people"]},
    )


def figures_now(session: Session, programme: Programme) -> Figures:
    """The figures as they are, in one statement."""
    days = [day.date for day in programme.days]
    areas = [programme.main_area, *(one for one in programme.areas if one != programme.main_area)]
    people: Counter[Key] = Counter()
    for category_id, country, number, *masks in session.execute(_groups(areas, days)):
        # Whoever was in an inner area has attended the main one.
        came = {areas[0]: _any_of(masks)} | dict(zip(areas[1:], masks[1:], strict=True))
        for area_id, mask in came.items():
            _add(people, (AREA, str(area_id)), mask, number, programme)
        _add(people, (CATEGORY, str(category_id)), came[areas[0]], number, programme)
        _add(people, (COUNTRY, country or ""), came[areas[0]], number, programme)
    return Figures(
        str(programme.main_area),
        {
            AREA: {str(one): programme.areas[one] for one in areas},
            CATEGORY: {str(key): one.name for key, one in programme.categories.items()},
        },
        [(str(day.date), day.name, day.counts) for day in programme.days],
        people,
    )


def _any_of(masks: Iterable[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found


def _add(people: Counter[Key], group: tuple[str, str], mask: int, number: int, programme: Programme) -> None:
    """Count people who came on the days of a mask, in which the bit of each day is set."""
    counted = False
    for place, day in enumerate(programme.days):
        if mask >> place & 1:
            people[*group, str(day.date)] += number
            counted = counted or day.counts
    if counted:
        people[*group, ANY_DAY] += number


def _groups(areas: Sequence[int], days: Sequence[dt.date]) -> Any:
    """How many people of each category and country came on the same days to the same areas: a mask for each area."""
    masks = [
        cast(
            func.sum(
                case(
                    *(
                        ((Attendance.area_id == area_id) & (Attendance.day == day), 1 << place)
                        for place, day in enumerate(days)
                    ),
                    else_=0,
                )
            ),
            BigInteger,
        ).label(f"mask{number}")
        for number, area_id in enumerate(areas)
    ]
    each = select(Attendance.delegate_id, *masks).group_by(Attendance.delegate_id).subquery()
    group = (Delegate.category_id, Delegate.country)
    of_each = [each.c[f"mask{number}"] for number in range(len(areas))]
    return (
        select(*group, func.count(), *of_each)
        .join(each, each.c.delegate_id == Delegate.id)
        .group_by(*group, *of_each)
    )


# --- published ----------------------------------------------------------------------------------------------------


def publications(session: Session) -> Sequence[Publication]:
    """Every version, the latest first."""
    return session.scalars(select(Publication).order_by(Publication.version.desc())).all()


def the_publication(session: Session, version: int | None = None) -> Publication:
    """That version, or the latest; raises NotFound."""
    query = select(Publication).order_by(Publication.version.desc()).limit(1)
    found = session.scalar(query if version is None else query.where(Publication.version == version))
    if found is None:
        raise NotFound("not_published", "The figures haven't been published yet: publish them first.")
    return found


def publish(session: Session, programme: Programme, *, by: str, now: datetime) -> Publication:
    """Freeze the figures as the next version; raises Conflict where nobody came, or nothing has changed since."""
    # Two who publish at once follow each other.
    hold_event(session)
    figures = figures_now(session, programme)
    if figures.nobody:
        raise Conflict("nobody_came", "Nobody was let in on any day: there are no figures to publish.")
    latest = session.scalar(select(Publication).order_by(Publication.version.desc()).limit(1))
    if latest is not None and not differences(published_figures(latest), figures):
        raise Conflict(
            "published_already", f"Nothing has changed since version {latest.version} was published."
        )
    version = 1 if latest is None else latest.version + 1
    content = figures.as_text(
        event=programme.name, code=programme.code, version=version, at=now.isoformat(timespec="seconds")
    )
    publication = Publication(version=version, at=now, by=by, content=content, digest=_digest(content))
    session.add(publication)
    session.flush()
    return publication


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True)
class Difference:
    """A figure that isn't what it was."""

    kind: str
    key: str
    day: str
    then: int
    now: int


def differences(then: Figures, now: Figures) -> list[Difference]:
    """The figures that differ, areas first, each by day and then on any day."""
    found = []
    for kind in KINDS:
        for key in dict.fromkeys((*then.keys(kind), *now.keys(kind))):
            days = sorted({day for of, one, day in (*then.people, *now.people) if (of, one) == (kind, key)})
            # On any day, which sorts first, comes last.
            for day in sorted(days, key=lambda day: (day == ANY_DAY, day)):
                before, after = then.count(kind, key, day), now.count(kind, key, day)
                if before != after:
                    found.append(Difference(kind, key, day, before, after))
    return found
