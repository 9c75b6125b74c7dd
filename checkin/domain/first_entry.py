"""The quick way of a lone first entry, the door's most frequent question: one statement to ask, one to store.

It owns no table. Whatever isn't plainly a first entry is left to `judging`.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import (
    Connection,
    Date,
    Engine,
    LargeBinary,
    Row,
    String,
    Table,
    Uuid,
    and_,
    bindparam,
    func,
    insert,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from checkin.db import WRITES
from checkin.domain.badges import Badge
from checkin.domain.delegates import Delegate
from checkin.domain.doors import Device, Door
from checkin.domain.event import Event
from checkin.domain.judging import Judgement, Person, Reading, Sighting, scan_row
from checkin.domain.programme import Programme
from checkin.domain.scans import Attendance, Scan, Void
from checkin.domain.verdicts import ADMITTED, Credential, Moment, refusal


def _question() -> Any:
    scan_id = bindparam("scan_id", type_=Uuid())
    door_id = func.coalesce(bindparam("door_id", type_=Uuid()), Device.door_id)
    here = and_(
        Attendance.delegate_id == Badge.delegate_id,
        Attendance.area_id == Door.area_id,
        Attendance.day == bindparam("day", type_=Date()),
    )
    return (
        select(
            Device.id.label("device_id"),
            Device.operator,
            Device.revoked_at,
            Device.heard_at,
            Door.id.label("door_id"),
            Event.epoch,
            Event.version,
            Badge.id.label("badge_id"),
            Badge.revocation,
            Badge.delegate_id,
            Delegate.reference,
            Delegate.name,
            Delegate.organisation,
            Delegate.category_id,
            Delegate.note,
            Delegate.status,
            Scan.id.label("stored"),
            Void.id.label("voided"),
            Attendance.first_at,
        )
        .select_from(Device)
        .join(Door, Door.id == door_id)
        .join(Event, true())
        .outerjoin(Badge, Badge.lookup == bindparam("lookup", type_=String()))
        .outerjoin(Delegate, Delegate.id == Badge.delegate_id)
        .outerjoin(Scan, Scan.id == scan_id)
        .outerjoin(Void, Void.scan_id == scan_id)
        .outerjoin(Attendance, here)
        .where(Device.token_hash == bindparam("token_hash", type_=LargeBinary()))
        .limit(1)
    )


_QUESTION = _question()


@dataclass(frozen=True)
class Question:
    """What has to be looked up for a lone reading; without a door the phone's own is meant."""

    token_hash: bytes
    lookup: str
    scan_id: uuid.UUID
    door_id: uuid.UUID | None
    day: date


def ask(connection: Connection, question: Question) -> Row[Any] | None:
    """The phone of a token with what is known of one reading; None for a token that no phone has."""
    return connection.execute(_QUESTION, vars(question)).first()


def enter(
    engines: Mapping[str, Engine], found: Row[Any], reading: Reading, *, programme: Programme, now: datetime
) -> Judgement | None:
    """Store a first entry and answer it; None where it isn't one, or somebody was faster.

    `engines` are the app's: `autocommit` stores in one statement on PostgreSQL, `default` in two on SQLite.
    """
    day = programme.day_of(reading.at)
    if not _may_be_first(found, reading, programme):
        return None
    values = scan_row(found.device_id, reading, ADMITTED, programme=programme, now=now)
    values |= {"badge_id": found.badge_id, "delegate_id": found.delegate_id}
    if not _store(engines, values):
        return None
    category = programme.categories[found.category_id].name
    return Judgement(
        reading.id,
        ADMITTED,
        day,
        badge_id=found.badge_id,
        person=Person(found.reference, found.name, found.organisation, category, found.note),
        first=Sighting(reading.at, reading.door.name),
    )


def _may_be_first(found: Row[Any], reading: Reading, programme: Programme) -> bool:
    seen_before = found.stored is not None or found.voided is not None or found.first_at is not None
    if found.badge_id is None or seen_before or reading.direction != "in":
        return False
    credential = Credential(found.revocation, found.status, programme.categories[found.category_id])
    moment = Moment(programme.day_of(reading.at), programme.minute_of(reading.at), reading.door.area_id)
    return refusal(credential, moment) is None


_SCAN = cast(Table, Scan.__table__)
_ATTENDANCE = cast(Table, Attendance.__table__)
# The attendance row as the scan's own values give it.
_ROW = {
    "delegate_id": "delegate_id",
    "area_id": "area_id",
    "day": "day",
    "scan_id": "id",
    "first_at": "at",
    "door_id": "door_id",
}
_ENTERED = {column: bindparam(value, type_=_SCAN.c[value].type) for column, value in _ROW.items()}
_SCANNED = {column.name: bindparam(column.name, type_=column.type) for column in _SCAN.c}


def _unmerged() -> Any:
    """The attendance row, unless its delegate was merged since the question: then the badge is somebody else's.

    PostgreSQL waits here for whoever merges them, and looks again.
    """
    columns = [value.label(column) for column, value in _ENTERED.items()]
    merged = select(*columns).select_from(Delegate)
    mine = merged.where(Delegate.id == _SCANNED["delegate_id"], Delegate.merged_into.is_(None))
    return mine.with_for_update(read=True, key_share=True, of=Delegate)


def _in_one_statement() -> Any:
    """PostgreSQL: the scan is stored only if its attendance row is new, in one round trip and one commit."""
    entered = (
        postgresql.insert(_ATTENDANCE)
        .from_select(list(_ENTERED), _unmerged(), include_defaults=False)
        .on_conflict_do_nothing()
        .returning(_ATTENDANCE.c.scan_id)
        .cte("entered")
    )
    values = select(*_SCANNED.values()).where(select(entered.c.scan_id).exists())
    return (
        insert(_SCAN)
        .from_select(list(_SCANNED), values, include_defaults=False)
        .returning(_SCAN.c.id)
        .add_cte(entered)
    )


_STORE_ON_POSTGRESQL = _in_one_statement()
_ENTER_ON_SQLITE = (
    sqlite.insert(_ATTENDANCE)
    .from_select(list(_ENTERED), _unmerged(), include_defaults=False)
    .on_conflict_do_nothing()
    .returning(_ATTENDANCE.c.scan_id)
)
_SCAN_ON_SQLITE = insert(_SCAN).values(_SCANNED)


def _store(engines: Mapping[str, Engine], values: dict[str, Any]) -> bool:
    try:
        if engines["default"].dialect.name == "postgresql":
            with engines["autocommit"].connect() as connection:
                return connection.execute(_STORE_ON_POSTGRESQL, values).first() is not None
        with engines["default"].connect().execution_options(**WRITES) as connection, connection.begin():
            if connection.execute(_ENTER_ON_SQLITE, values).first() is None:
                return False
            connection.execute(_SCAN_ON_SQLITE, values)
            return True
    except IntegrityError:
        # The same scan arrived twice at once; the slow way finds it stored.
        return False
