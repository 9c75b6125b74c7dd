"""What scans say that can't all be right, for people to look at; it owns the table settlement.

A conflict is derived from the scans; only that somebody has settled it is kept. It is open again when more scans
have joined it since.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Row,
    and_,
    cast,
    delete,
    exists,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from checkin.db import Base, Instant, insert_ignoring, seconds_before, seconds_between
from checkin.domain.delegates import Delegate
from checkin.domain.doors import Device
from checkin.domain.scans import Scan, Void
from checkin.domain.verdicts import ADMITTED, REFUSED, REPEAT, RETURNED

# A second welcome for one badge; let in, though the server would not have; a phone's wrong clock; at two doors
# within a minute; in three times or more.
DOUBLED, OVERRULED, OFF_TIME, TWO_PLACES, MANY = "doubled", "overruled", "off_time", "two_places", "many"
# Somebody should look at each of these; many entries may also be lunch and prayer.
PRESSING = (DOUBLED, OVERRULED, TWO_PLACES, OFF_TIME)
KINDS = (*PRESSING, MANY)
ABOUT_A_SCAN = (DOUBLED, OVERRULED, TWO_PLACES)

CLOCK_OFF_MS = 120_000
CLOCK_OFF_S = CLOCK_OFF_MS // 1000
# Phones bring their scans within the event; what is said to be older was made by a wrong clock.
OLD_S = 7 * 24 * 3600
AT_TWO_DOORS_S = 60
MANY_ENTRIES = 3


class Settlement(Base):
    """That somebody looked at a conflict, and what they found; `scans` is how many it had then."""

    __tablename__ = "settlement"
    __table_args__ = (CheckConstraint("length(note) > 0", name="note"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    scans: Mapped[int]
    note: Mapped[str]
    # As the audit log names whoever did it.
    actor: Mapped[str]
    at: Mapped[datetime] = mapped_column(Instant)


@dataclass(frozen=True)
class Conflict:
    """One of the `KINDS` about a subject: a scan's id, a phone and day, or a delegate, area and day.

    `scans` counts what speaks for it, `at` is when the last of that was made, `area_id` where the first of it was;
    `settled` is None while it is open.
    """

    kind: str
    subject: str
    day: date
    area_id: int
    at: datetime
    scans: int
    settled: Settlement | None

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.subject


Place = tuple[int, int, date]


def conflicts(session: Session, *, kinds: Collection[str] = KINDS) -> list[Conflict]:
    """The conflicts there are, settled ones too, the latest first."""
    found = [
        Conflict(row.kind, _subject(row), row.day, row.area_id, row.at, row.scans, None)
        for row in (session.execute(union_all(*(_STATEMENTS[kind]() for kind in kinds))) if kinds else ())
    ]
    return as_settled(session, sorted(found, key=lambda one: (one.at, one.kind, one.subject), reverse=True))


def as_settled(session: Session, found: Iterable[Conflict]) -> list[Conflict]:
    """The same conflicts with what is kept about them now."""
    settled = {(one.kind, one.subject): one for one in session.scalars(select(Settlement))}
    known = ((one, settled.get(one.key)) for one in found)
    return [
        replace(one, settled=it if it is not None and it.scans >= one.scans else None) for one, it in known
    ]


def _subject(row: Row[Any]) -> str:
    if row.kind in ABOUT_A_SCAN:
        return str(row.scan_id)
    if row.kind == OFF_TIME:
        return f"{row.device_id}:{row.day}"
    return f"{row.delegate_id}:{row.area_id}:{row.day}"


def settle(
    session: Session, kind: str, subject: str, *, note: str, actor: str, now: datetime
) -> Conflict | None:
    """Keep that somebody looked at a conflict; None where there is no such one, or somebody has settled it."""
    found = next((one for one in conflicts(session, kinds=[kind]) if one.subject == subject), None)
    if found is None or found.settled is not None:
        return None
    # An older settlement, of fewer scans, makes way.
    session.execute(_settlement(kind, subject).where(Settlement.scans < found.scans))
    row = {"kind": kind, "subject": subject, "scans": found.scans, "note": note, "actor": actor, "at": now}
    inserted = insert_ignoring(session, Settlement.__table__).values(row).returning(Settlement.kind)
    return found if session.execute(inserted).first() else None


def reopen(session: Session, kind: str, subject: str) -> bool:
    """Take back that a conflict was settled; False where it wasn't."""
    taken_back = _settlement(kind, subject).returning(Settlement.kind)
    return session.execute(taken_back).first() is not None


def _settlement(kind: str, subject: str) -> Any:
    return delete(Settlement).where(Settlement.kind == kind, Settlement.subject == subject)


def _counts(scan: Any) -> Any:
    """Whether a scan is an entry that was counted as one."""
    return and_(_entered(scan), ~exists().where(Void.scan_id == scan.id))


def _entered(scan: Any) -> Any:
    """Whether a scan is an entry, voided or not."""
    return and_(
        scan.direction == "in",
        scan.verdict.in_((ADMITTED, RETURNED, REPEAT)),
        scan.just_now.is_(False),
    )


def _of_a_scan(kind: str, *where: Any) -> Any:
    one = {"scan_id": Scan.id, "area_id": Scan.area_id, "at": Scan.at, "scans": literal(1)}
    return select(*_columns(kind, one)).where(*where, ~exists().where(Void.scan_id == Scan.id))


def _of_many(kind: str, *where: Any, of: Collection[str]) -> Any:
    """The scans of each of the columns `of`, area and day that speak for one conflict together."""
    columns = {name: getattr(Scan, name) for name in of}
    counted = {"at": func.max(Scan.at), "scans": func.count(), "area_id": func.min(Scan.area_id)}
    return select(*_columns(kind, counted | columns)).where(*where).group_by(*columns.values(), Scan.day)


def _columns(kind: str, columns: Mapping[str, Any]) -> list[Any]:
    """The same columns for each kind: what a kind doesn't tell is NULL, of its type, which PostgreSQL asks for."""
    told_by_some = ("device_id", "delegate_id")
    every: dict[str, Any] = {name: cast(null(), getattr(Scan, name).type) for name in told_by_some}
    every |= {"scan_id": cast(null(), Scan.id.type), "day": Scan.day, **columns}
    return [literal(kind).label("kind"), *(every[name].label(name) for name in sorted(every))]


# In the words of ix_scan_shown_otherwise.
_SHOWN_OTHERWISE = text("scan.shown <> scan.verdict AND scan.shown <> ''")


def _doubled() -> Any:
    """A phone showed a first entry that another phone had shown before."""
    again = (Scan.shown == ADMITTED, Scan.verdict.in_((REPEAT, RETURNED)))
    return _of_a_scan(DOUBLED, _SHOWN_OTHERWISE, *again)


def _overruled() -> Any:
    """A phone let somebody in whom the server refuses: it did not know yet that a badge was revoked."""
    refused = (Scan.shown.in_((ADMITTED, RETURNED)), Scan.verdict == REFUSED)
    return _of_a_scan(OVERRULED, _SHOWN_OTHERWISE, *refused)


def is_off_time(scan: Any = Scan) -> Any:
    """Whether a scan's time is doubtful: a clock that was far off, or a time that can't be."""
    # Literal, in the words of ix_scan_off_time: SQLite finds no index by a parameter.
    off_ms: Any = literal_column(str(CLOCK_OFF_MS))
    off_s: Any = literal_column(str(CLOCK_OFF_S))
    minus: Any = literal_column(str(-CLOCK_OFF_MS))
    old_s: Any = literal_column(str(OLD_S))
    return and_(
        scan.input != literal_column("'paper'"),
        or_(
            scan.skew_ms > off_ms,
            scan.skew_ms < minus,
            seconds_between(scan.at, scan.received_at) > off_s,
            seconds_between(scan.received_at, scan.at) > old_s,
        ),
    )


def _off_time() -> Any:
    """A phone's scans of a day that were made by a wrong clock: one conflict for all of them."""
    return _of_many(OFF_TIME, is_off_time(), of=["device_id"])


def _two_places() -> Any:
    """Somebody entered an area at two doors within a minute; the later entry is the subject."""
    # Few have entered twice within a minute: an index alone tells who, and of these the rest is asked.
    one, other, before = aliased(Scan), aliased(Scan), aliased(Scan)
    again = select(one.id).where(_entered(one), select(literal(1)).where(*_shortly(other, one)).exists())
    elsewhere = exists().where(
        *_shortly(before, Scan),
        before.device_id != Scan.device_id,
        before.door_id != Scan.door_id,
        or_(before.at < Scan.at, before.id < Scan.id),
        ~exists().where(Void.scan_id == before.id),
    )
    return _of_a_scan(TWO_PLACES, Scan.id.in_(again), elsewhere)


def _shortly(before: Any, scan: Any) -> Any:
    """Whether an entry, voided or not, was within the minute before another one of the same person and place."""
    return (
        before.delegate_id == scan.delegate_id,
        before.area_id == scan.area_id,
        before.day == scan.day,
        before.at.between(seconds_before(scan.at, AT_TWO_DOORS_S), scan.at),
        before.id != scan.id,
        _entered(before),
    )


def _many() -> Any:
    """Somebody entered an area three times a day or more."""
    often = _of_many(MANY, _counts(Scan), of=["delegate_id", "area_id"])
    return often.having(func.count() >= MANY_ENTRIES)


_STATEMENTS = {
    DOUBLED: _doubled,
    OVERRULED: _overruled,
    OFF_TIME: _off_time,
    TWO_PLACES: _two_places,
    MANY: _many,
}


# --- what speaks for a conflict ---------------------------------------------------------------------------------


def evidence(session: Session, of: Sequence[Conflict]) -> dict[tuple[str, str], list[Row[Any]]]:
    """The scans of each conflict, the earliest first; of a wrong clock the first and the last that it made.

    A conflict that is none any more, because its scans were voided or purged meanwhile, may be left out.
    """
    subjects = _subjects(session, [uuid.UUID(one.subject) for one in of if one.kind in ABOUT_A_SCAN])
    of = [one for one in of if one.kind not in ABOUT_A_SCAN or one.subject in subjects]
    places = {one.key: _place(one, subjects) for one in of if one.kind != OFF_TIME}
    entries = _entries(session, {place for place in places.values() if place is not None})
    first_and_last = _first_and_last(session, [one.subject for one in of if one.kind == OFF_TIME])
    found = {}
    for one in of:
        if one.kind == OFF_TIME:
            found[one.key] = first_and_last[one.subject]
        elif one.kind == MANY:
            found[one.key] = entries[places[one.key]]
        else:
            subject = subjects[one.subject]
            partner = _partner(one.kind, subject, entries[places[one.key]])
            found[one.key] = sorted([subject, *partner], key=lambda row: (row.at, row.id))
    return {key: rows for key, rows in found.items() if rows}


def _place(conflict: Conflict, subjects: dict[str, Row[Any]]) -> Place | None:
    if conflict.kind == MANY:
        delegate_id, area_id, day = conflict.subject.split(":")
        return int(delegate_id), int(area_id), date.fromisoformat(day)
    scan = subjects[conflict.subject]
    return None if conflict.kind == OVERRULED else (scan.delegate_id, scan.area_id, scan.day)


def _partner(kind: str, subject: Row[Any], entries: Sequence[Row[Any]]) -> list[Row[Any]]:
    """The other scan: the one that was welcomed first, or the one at another door just before."""
    others = [row for row in entries if row.id != subject.id]
    if kind == TWO_PLACES:
        before = [
            row
            for row in others
            if (row.at, row.id) < (subject.at, subject.id)
            and row.device_id != subject.device_id
            and row.door_id != subject.door_id
        ]
        return before[-1:]
    welcomed = [row for row in others if row.shown == ADMITTED or row.verdict == ADMITTED]
    return (welcomed or others)[:1]


def _detailed() -> Any:
    scan = (
        Scan.id,
        Scan.seq,
        Scan.direction,
        Scan.delegate_id,
        Scan.area_id,
        Scan.day,
        Scan.at,
        Scan.scanned_at,
        Scan.received_at,
    )
    made = (Scan.skew_ms, Scan.door_id, Scan.device_id, Device.name.label("phone"), Scan.operator, Scan.input)
    judged = (Scan.shown, Scan.verdict, Scan.reason)
    person = (Delegate.reference, Delegate.honorific, Delegate.name, Delegate.organisation)
    return (
        select(*scan, *made, *judged, *person)
        .join(Device, Device.id == Scan.device_id)
        .outerjoin(Delegate, Delegate.id == Scan.delegate_id)
    )


def _subjects(session: Session, ids: Sequence[uuid.UUID]) -> dict[str, Row[Any]]:
    return {str(row.id): row for row in session.execute(_detailed().where(Scan.id.in_(ids)))} if ids else {}


def _entries(session: Session, places: set[Place]) -> dict[Place | None, list[Row[Any]]]:
    found: dict[Place | None, list[Row[Any]]] = defaultdict(list)
    if not places:
        return found
    delegates, days = {place[0] for place in places}, {place[2] for place in places}
    query = _detailed().where(Scan.delegate_id.in_(delegates), Scan.day.in_(days), _counts(Scan))
    for row in session.execute(query.order_by(Scan.at, Scan.id)):
        found[row.delegate_id, row.area_id, row.day].append(row)
    return found


def _first_and_last(session: Session, subjects: Sequence[str]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    if not subjects:
        return found
    phones = [uuid.UUID(subject.partition(":")[0]) for subject in subjects]
    of_day = (Scan.device_id, Scan.day)
    from_first = func.row_number().over(partition_by=of_day, order_by=(Scan.at, Scan.id))
    from_last = func.row_number().over(partition_by=of_day, order_by=(Scan.at.desc(), Scan.id.desc()))
    wanted = (
        select(Scan.id, from_first.label("from_first"), from_last.label("from_last"))
        .where(Scan.device_id.in_(phones), is_off_time())
        .subquery()
    )
    ends = select(wanted.c.id).where(or_(wanted.c.from_first == 1, wanted.c.from_last == 1))
    for row in session.execute(_detailed().where(Scan.id.in_(ends)).order_by(Scan.at, Scan.id)):
        found[f"{row.device_id}:{row.day}"].append(row)
    return found


def off_time_scans(session: Session, device_id: uuid.UUID, *, at_most: int) -> tuple[Sequence[Row[Any]], int]:
    """A phone's scans whose time is doubtful, the latest first, and how many there are."""
    of_it = (Scan.device_id == device_id, is_off_time())
    count = session.scalar(select(func.count()).where(*of_it)) or 0
    rows = session.execute(_detailed().where(*of_it).order_by(Scan.at.desc(), Scan.id).limit(at_most)).all()
    return rows, count
