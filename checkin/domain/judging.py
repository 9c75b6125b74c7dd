"""How readings become scans with verdicts and attendance; it owns no table.

An upload is judged in one transaction. The delegates it names are locked in order, so that two uploads about one
person follow each other; the attendance key decides between an upload and the fast way of a lone first entry.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, delete, exists, select, update
from sqlalchemy.orm import Session

from checkin.db import insert_ignoring
from checkin.domain import blanks
from checkin.domain.badges import Badge
from checkin.domain.delegates import Delegate
from checkin.domain.doors import Device
from checkin.domain.programme import DoorPlace, Programme
from checkin.domain.scans import Attendance, Scan, Void
from checkin.domain.test_badges import test_lookups
from checkin.domain.verdicts import (
    ADMITTED,
    HELD,
    JUST_NOW,
    LEFT,
    REFUSED,
    REPEAT,
    RETURNED,
    TEST,
    Credential,
    Moment,
    Passage,
    further_entry,
    nearest,
    refusal,
)

# Each try can lose only to a lone first entry or to the same upload sent twice, both of which it then sees.
TRIES = 20


@dataclass(frozen=True)
class Reading:
    """One reading as a phone sent it, its time corrected; `other_event` marks a code that another event made."""

    id: uuid.UUID
    seq: int
    lookup: str
    other_event: bool
    door: DoorPlace
    direction: str
    input: str
    scanned_at: datetime
    skew_ms: int | None
    at: datetime
    operator: str
    note: str = ""
    shown: str = ""


@dataclass(frozen=True)
class Sighting:
    """When and at which door somebody passed."""

    at: datetime
    door: str


@dataclass(frozen=True)
class Person:
    """What a door may know of the bearer of a badge that it read."""

    reference: str
    name: str
    organisation: str
    category: str
    note: str | None


@dataclass(frozen=True)
class Judgement:
    """The answer to one reading; `person` is whose the badge with `badge_id` is."""

    id: uuid.UUID
    verdict: str
    day: date
    reason: str | None = None
    just_now: bool = False
    person: Person | None = None
    badge_id: uuid.UUID | None = None
    first: Sighting | None = None
    last: Sighting | None = None


class _Overtaken(Exception):  # noqa: N818 - not an error: the upload is judged again.
    """Another transaction wrote what this one was about to write."""


@dataclass(frozen=True)
class _Past:
    """A scan of a delegate that is already recorded."""

    id: uuid.UUID
    device_id: uuid.UUID
    badge_id: uuid.UUID | None
    direction: str
    at: datetime
    door_id: uuid.UUID
    verdict: str
    reason: str | None
    just_now: bool

    @property
    def passage(self) -> Passage:
        return Passage(self.at, self.direction)


_PAST_FIELDS = tuple(field.name for field in fields(_Past))

Place = tuple[int, int, date]


@dataclass
class _First:
    """The attendance row of a delegate, area and day as it will be."""

    scan_id: uuid.UUID
    at: datetime
    door_id: uuid.UUID
    stored: bool
    moved: bool = False


@dataclass
class _State:
    """What the database knows about the badges of one upload, kept up as it is judged."""

    badges: dict[str, Row[Any]]
    known: dict[uuid.UUID, Row[Any]]
    voided: set[uuid.UUID]
    # Blank badges that are nobody's.
    blanks: dict[str, Row[Any]] = field(default_factory=dict)
    past: dict[Place, list[_Past]] = field(default_factory=lambda: defaultdict(list))
    firsts: dict[Place, _First] = field(default_factory=dict)
    scans: list[dict[str, Any]] = field(default_factory=list)


def judge(
    session: Session, device: Device, readings: Sequence[Reading], *, programme: Programme, now: datetime
) -> list[Judgement]:
    """Store readings with their verdicts and answer each, in order; a reading stored before gets the verdict it had.

    The session is in a writing transaction, which the caller commits before it answers.
    """
    return _until_first(
        session, lambda: _judge_once(session, device, readings, programme=programme, now=now, again=False)
    )


def _until_first(session: Session, judge_once: Callable[[], list[Judgement]]) -> list[Judgement]:
    for _ in range(TRIES):
        with session.begin_nested() as savepoint:
            try:
                return judge_once()
            except _Overtaken:
                savepoint.rollback()
    raise RuntimeError("an upload was overtaken again and again")


def _judge_once(
    session: Session,
    device: Device,
    readings: Sequence[Reading],
    *,
    programme: Programme,
    now: datetime,
    again: bool,
) -> list[Judgement]:
    """Judge readings and store them; `again` are held ones, which are stored, but were not judged."""
    state = _load(session, readings, programme, now)
    if again:
        state.known = {}
    answered: dict[uuid.UUID, Judgement] = {}
    for reading in readings:
        # A phone may send one reading twice in the same upload.
        if reading.id not in answered:
            answered[reading.id] = _one(state, device, reading, programme, now)
    _store(session, state, again=again)
    return [answered[reading.id] for reading in readings]


def hold(
    session: Session, device: Device, readings: Sequence[Reading], *, programme: Programme, now: datetime
) -> list[Judgement]:
    """Keep the readings of a revoked phone for an organiser to decide, and tell it nothing about anybody."""
    rows = [scan_row(device.id, reading, HELD, programme=programme, now=now) for reading in readings]
    if rows:
        session.execute(insert_ignoring(session, Scan.__table__), rows)
    query = select(Scan.id, Scan.verdict, Scan.reason, Scan.day).where(
        Scan.id.in_([reading.id for reading in readings])
    )
    stored = {row.id: row for row in session.execute(query)}
    return [
        Judgement(row.id, row.verdict, row.day, row.reason)
        for row in (stored[reading.id] for reading in readings)
    ]


def judge_held(
    session: Session, device: Device, scan_ids: Collection[uuid.UUID], *, programme: Programme, now: datetime
) -> list[Judgement]:
    """Judge held scans of a phone as if they had just arrived, the earliest first.

    The session is in a writing transaction, in which somebody has decided that they count.
    """
    query = select(Scan).where(Scan.id.in_(scan_ids), Scan.device_id == device.id, Scan.verdict == HELD)
    rows = session.scalars(query.order_by(Scan.at, Scan.id)).all()
    readings = [_reading_again(row, programme) for row in rows]
    return _until_first(
        session, lambda: _judge_once(session, device, readings, programme=programme, now=now, again=True)
    )


def _reading_again(scan: Scan, programme: Programme) -> Reading:
    """A stored scan as the reading that it was; only what its phone showed still tells another event's code."""
    return Reading(
        id=scan.id,
        seq=scan.seq,
        lookup=scan.lookup,
        other_event=scan.shown == "refused other_event",
        door=programme.doors[scan.door_id],
        direction=scan.direction,
        input=scan.input,
        scanned_at=scan.scanned_at,
        skew_ms=scan.skew_ms,
        at=scan.at,
        operator=scan.operator,
        note=scan.note,
        shown=scan.shown,
    )


def _load(session: Session, readings: Sequence[Reading], programme: Programme, now: datetime) -> _State:
    lookups = {reading.lookup for reading in readings}
    badges = _badges(session, lookups)
    nobodys = blanks.met(session, lookups - badges.keys())
    if _became_badges(session, lookups - badges.keys() - nobodys.keys()):
        raise _Overtaken
    entering = _entering(readings, nobodys, programme)
    if entering:
        if not blanks.let_in(session, entering, now=now):
            raise _Overtaken
        badges |= _badges(session, entering)
    ids = [reading.id for reading in readings]
    known = {row.id: row for row in session.execute(_stored_scans(ids))}
    voided = set(session.scalars(select(Void.scan_id).where(Void.scan_id.in_(ids))))
    state = _State(badges, known, voided, nobodys)
    delegates = sorted(
        {row.delegate_id for row in (*badges.values(), *known.values()) if row.delegate_id is not None}
    )
    days = sorted(
        {programme.day_of(reading.at) for reading in readings} | {row.day for row in known.values()}
    )
    for row in session.execute(_past_scans(delegates, days)):
        state.past[row.delegate_id, row.area_id, row.day].append(_Past(*row[:9]))
    for row in session.execute(_attendance(delegates, days)):
        state.firsts[row.delegate_id, row.area_id, row.day] = _First(
            row.scan_id, row.first_at, row.door_id, stored=True
        )
    return state


def _became_badges(session: Session, lookups: set[str]) -> bool:
    """Whether one of these is a badge after all: a blank that was given to somebody while we waited for its guest."""
    if not lookups:
        return False
    return session.scalar(select(Badge.id).where(Badge.lookup.in_(lookups)).limit(1)) is not None


def _entering(readings: Iterable[Reading], nobodys: Mapping[str, Row[Any]], programme: Programme) -> set[str]:
    """The blank badges that one of these readings lets in, or sees leaving: from now on they are a guest's."""
    return {
        reading.lookup
        for reading in readings
        if reading.lookup in nobodys
        and nobodys[reading.lookup].released_at is not None
        and (reading.direction == "out" or _refusal_of(reading, nobodys[reading.lookup], programme) is None)
    }


def _refusal_of(reading: Reading, blank: Row[Any], programme: Programme) -> str | None:
    """Why a blank badge is refused where it was read."""
    if blank.released_at is None:
        return blanks.NOT_RELEASED
    moment = Moment(programme.day_of(reading.at), programme.minute_of(reading.at), reading.door.area_id)
    return refusal(Credential(None, "confirmed", programme.categories[blank.category_id]), moment)


def _badges(session: Session, lookups: set[str]) -> dict[str, Row[Any]]:
    badge = (Badge.lookup, Badge.id, Badge.revocation, Badge.revoked_at, Badge.merged_from, Badge.delegate_id)
    query = (
        select(*badge, *_person_columns(), Delegate.status, Delegate.merged_into)
        .join(Delegate, Delegate.id == Badge.delegate_id)
        .where(Badge.lookup.in_(lookups))
        .order_by(Delegate.id)
        .with_for_update(of=Delegate, key_share=True)
    )
    rows = {row.lookup: row for row in session.execute(query)}
    if any(row.merged_into is not None for row in rows.values()):
        # Merged while we waited for them: their badge is somebody else's by now.
        raise _Overtaken
    return rows


def _person_columns() -> tuple[Any, ...]:
    return Delegate.reference, Delegate.name, Delegate.organisation, Delegate.category_id, Delegate.note


def _stored_scans(ids: Sequence[uuid.UUID]) -> Any:
    return (
        select(
            Scan.id,
            Scan.device_id,
            Scan.badge_id,
            Scan.delegate_id,
            Scan.area_id,
            Scan.day,
            Scan.at,
            Scan.direction,
            Scan.verdict,
            Scan.reason,
            Scan.just_now,
            *_person_columns(),
        )
        .outerjoin(Delegate, Delegate.id == Scan.delegate_id)
        .where(Scan.id.in_(ids))
    )


def _past_scans(delegates: Sequence[int], days: Sequence[date]) -> Any:
    return (
        select(
            Scan.id,
            Scan.device_id,
            Scan.badge_id,
            Scan.direction,
            Scan.at,
            Scan.door_id,
            Scan.verdict,
            Scan.reason,
            Scan.just_now,
            Scan.delegate_id,
            Scan.area_id,
            Scan.day,
        )
        .where(Scan.delegate_id.in_(delegates), Scan.day.in_(days), ~exists().where(Void.scan_id == Scan.id))
        .order_by(Scan.at, Scan.id)
    )


def _attendance(delegates: Sequence[int], days: Sequence[date]) -> Any:
    return (
        select(Attendance)
        .where(Attendance.delegate_id.in_(delegates), Attendance.day.in_(days))
        .with_only_columns(
            Attendance.delegate_id,
            Attendance.area_id,
            Attendance.day,
            Attendance.scan_id,
            Attendance.first_at,
            Attendance.door_id,
        )
    )


def _one(state: _State, device: Device, reading: Reading, programme: Programme, now: datetime) -> Judgement:
    if reading.id in state.known:
        return _again(state, device, state.known[reading.id], programme)
    day = programme.day_of(reading.at)
    badge = state.badges.get(reading.lookup)
    moment = Moment(day, programme.minute_of(reading.at), reading.door.area_id)
    if badge is None:
        reason = _unknown(state, reading, moment, programme)
        return _keep(
            state, device, reading, None, Judgement(reading.id, REFUSED, day, reason), programme, now
        )
    place = (badge.delegate_id, reading.door.area_id, day)
    earlier = _read_just_now(state, place, device, badge, reading)
    judgement = Judgement(
        reading.id,
        LEFT,
        day,
        just_now=earlier is not None,
        person=_person(badge, programme),
        badge_id=badge.id,
    )
    if reading.direction == "in":
        credential = Credential(
            _revocation(badge, reading), badge.status, programme.categories[badge.category_id]
        )
        judgement = _entry(state, place, reading, earlier, refusal(credential, moment), judgement, programme)
    return _keep(state, device, reading, badge, judgement, programme, now)


def _revocation(badge: Row[Any], reading: Reading) -> str | None:
    """Why a badge was dead when it was read.

    What was scanned of one before its bearer was merged with their other entry counts, however late it arrives.
    """
    was_live = badge.merged_from is not None and reading.at < badge.revoked_at
    return None if was_live else badge.revocation


def _unknown(state: _State, reading: Reading, moment: Moment, programme: Programme) -> str | None:
    """Why a code that is nobody's badge is refused."""
    if reading.lookup in test_lookups(programme):
        return TEST
    blank = state.blanks.get(reading.lookup)
    if blank is not None:
        return _refusal_of(reading, blank, programme)
    return refusal(None, moment, other_event=reading.other_event)


def _read_just_now(
    state: _State, place: Place, device: Device, badge: Row[Any], reading: Reading
) -> _Past | None:
    """The same phone's reading of the same badge, in the same direction, nearest in time within 60 seconds."""
    near = [
        past
        for past in state.past[place]
        if (past.device_id, past.badge_id, past.direction) == (device.id, badge.id, reading.direction)
        and abs(past.at - reading.at) <= JUST_NOW
        and past.verdict != HELD
    ]
    return min(near, key=lambda past: abs(past.at - reading.at), default=None)


def _entry(
    state: _State,
    place: Place,
    reading: Reading,
    earlier: _Past | None,
    reason: str | None,
    judgement: Judgement,
    programme: Programme,
) -> Judgement:
    if reason is not None:
        return replace(
            judgement,
            verdict=REFUSED,
            reason=reason,
            just_now=earlier is not None and earlier.reason == reason,
        )
    counted = _passages(state.past[place])
    if earlier is not None and earlier.verdict != REFUSED:
        verdict = earlier.verdict
    elif place not in state.firsts:
        verdict = ADMITTED
    else:
        verdict = further_entry(
            reading.at, [past.passage for past in counted], reentry_after=programme.reentry_after
        )
    _note_first(state, place, reading)
    just_now = earlier is not None and earlier.verdict != REFUSED
    # A first entry has nothing before it that a helper would look at.
    last = None if verdict == ADMITTED else _last(counted, reading.at, programme)
    return replace(judgement, verdict=verdict, just_now=just_now, last=last)


def _passages(past: Iterable[_Past]) -> list[_Past]:
    return [one for one in past if one.verdict not in {REFUSED, HELD} and not one.just_now]


def _note_first(state: _State, place: Place, reading: Reading) -> None:
    first = state.firsts.get(place)
    if reading.id in state.voided:
        return
    if first is None:
        state.firsts[place] = _First(reading.id, reading.at, reading.door.id, stored=False)
    elif (reading.at, reading.id) < (first.at, first.scan_id):
        first.scan_id, first.at, first.door_id, first.moved = reading.id, reading.at, reading.door.id, True


def _last(counted: Iterable[_Past], at: datetime, programme: Programme) -> Sighting | None:
    passages = {past.passage: past for past in counted}
    passage = nearest(at, passages)
    return None if passage is None else _sighting(passages[passage].at, passages[passage].door_id, programme)


def _sighting(at: datetime, door_id: uuid.UUID, programme: Programme) -> Sighting:
    return Sighting(at, programme.doors[door_id].name)


def _person(row: Row[Any], programme: Programme) -> Person:
    category = programme.categories[row.category_id].name
    return Person(row.reference, row.name, row.organisation, category, row.note)


def _keep(
    state: _State,
    device: Device,
    reading: Reading,
    badge: Row[Any] | None,
    judgement: Judgement,
    programme: Programme,
    now: datetime,
) -> Judgement:
    """Queue the scan for storing, and remember it for the readings of this upload that follow."""
    row = scan_row(device.id, reading, judgement.verdict, programme=programme, now=now)
    row |= {"reason": judgement.reason, "just_now": judgement.just_now}
    state.scans.append(row)
    if badge is None:
        return judgement
    row |= {"badge_id": badge.id, "delegate_id": badge.delegate_id}
    place = (badge.delegate_id, reading.door.area_id, judgement.day)
    if reading.id not in state.voided:
        state.past[place].append(_Past(**{name: row[name] for name in _PAST_FIELDS}))
    return replace(judgement, first=_first_sighting(state, place, programme))


def _again(state: _State, device: Device, row: Row[Any], programme: Programme) -> Judgement:
    """The answer to a reading that is stored already: the verdict it had."""
    judgement = Judgement(row.id, row.verdict, row.day, row.reason, row.just_now)
    # Another phone that sends this id hasn't shown that it read the badge.
    if row.delegate_id is None or row.device_id != device.id:
        return judgement
    place = (row.delegate_id, row.area_id, row.day)
    others = [past for past in state.past[place] if past.id != row.id]
    return replace(
        judgement,
        person=_person(row, programme),
        badge_id=row.badge_id,
        first=_first_sighting(state, place, programme),
        last=_last(_passages(others), row.at, programme) if row.verdict in (RETURNED, REPEAT) else None,
    )


def _first_sighting(state: _State, place: Place, programme: Programme) -> Sighting | None:
    first = state.firsts.get(place)
    if first is None:
        return None
    # Of several at the very same moment the table keeps the lowest id; helpers are told of the one that was let in.
    let_in = (past.door_id for past in state.past[place] if past.verdict == ADMITTED and past.at == first.at)
    return _sighting(first.at, next(let_in, first.door_id), programme)


def scan_row(
    device_id: uuid.UUID, reading: Reading, verdict: str, *, programme: Programme, now: datetime
) -> dict[str, Any]:
    """A reading as a row of the table scan."""
    return {
        "id": reading.id,
        "device_id": device_id,
        "seq": reading.seq,
        "lookup": reading.lookup,
        "badge_id": None,
        "delegate_id": None,
        "door_id": reading.door.id,
        "area_id": reading.door.area_id,
        "day": programme.day_of(reading.at),
        "direction": reading.direction,
        "input": reading.input,
        "scanned_at": reading.scanned_at,
        "skew_ms": reading.skew_ms,
        "at": reading.at,
        "received_at": now,
        "operator": reading.operator,
        "note": reading.note,
        "shown": reading.shown,
        "verdict": verdict,
        "reason": None,
        "just_now": False,
    }


def _store(session: Session, state: _State, *, again: bool) -> None:
    """Write new attendance, new scans and earlier first entries; raises _Overtaken where somebody was faster."""
    new = [
        {
            "delegate_id": place[0],
            "area_id": place[1],
            "day": place[2],
            "scan_id": first.scan_id,
            "first_at": first.at,
            "door_id": first.door_id,
        }
        for place, first in state.firsts.items()
        if not first.stored
    ]
    _insert_all(session, Attendance, new)
    if again:
        _rewrite(session, state.scans)
    else:
        _insert_all(session, Scan, state.scans)
    for place, first in state.firsts.items():
        if first.stored and first.moved:
            session.execute(
                update(Attendance)
                .where(
                    Attendance.delegate_id == place[0],
                    Attendance.area_id == place[1],
                    Attendance.day == place[2],
                )
                .values(scan_id=first.scan_id, first_at=first.at, door_id=first.door_id)
            )


def _insert_all(session: Session, table: type[Attendance] | type[Scan], rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    key = next(iter(table.__table__.primary_key))
    inserted = session.execute(insert_ignoring(session, table.__table__).returning(key), rows).all()
    if len(inserted) < len(rows):
        raise _Overtaken


def _rewrite(session: Session, scans: list[dict[str, Any]]) -> None:
    """Give held scans their verdicts; when they were made and arrived stays as it is."""
    judged = ("id", "badge_id", "delegate_id", "area_id", "day", "verdict", "reason", "just_now")
    if scans:
        session.execute(update(Scan), [{name: scan[name] for name in judged} for scan in scans])


def void_scan(session: Session, scan_id: uuid.UUID) -> None:
    """Take a voided scan out of attendance: the earliest entry that is left, or none, takes its place."""
    # Locked: an organiser may be approving it, which gives it its delegate.
    voided = select(Scan.delegate_id, Scan.area_id, Scan.day).where(Scan.id == scan_id)
    scan = session.execute(voided.with_for_update(key_share=True)).first()
    if scan is None or scan.delegate_id is None:
        return
    session.execute(
        select(Delegate.id).where(Delegate.id == scan.delegate_id).with_for_update(key_share=True)
    )
    place = (
        Attendance.delegate_id == scan.delegate_id,
        Attendance.area_id == scan.area_id,
        Attendance.day == scan.day,
    )
    entry = session.execute(_earliest_entry(scan)).first()
    if entry is None:
        session.execute(delete(Attendance).where(*place))
    else:
        session.execute(
            update(Attendance)
            .where(*place)
            .values(scan_id=entry.id, first_at=entry.at, door_id=entry.door_id)
        )


def _earliest_entry(scan: Any) -> Any:
    return (
        select(Scan.id, Scan.at, Scan.door_id)
        .where(
            Scan.delegate_id == scan.delegate_id,
            Scan.area_id == scan.area_id,
            Scan.day == scan.day,
            Scan.direction == "in",
            Scan.verdict.not_in((REFUSED, HELD)),
            ~exists().where(Void.scan_id == Scan.id),
        )
        .order_by(Scan.at, Scan.id)
        .limit(1)
    )
