"""The queue of a phone that can't get online again, as the file that it exports; it owns no table.

JSON: `{"format": "checkin-queue", "version": 1, "event", "epoch", "device": {"id", "name"}, "exported_at", "scans",
"decisions", "voids"}`, its scans as `POST /scans` of the door API takes them.
"""

import json
import re
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.domain import items, judging, undoing
from checkin.domain.doors import Device
from checkin.domain.items import Item, Line, Moment
from checkin.domain.programme import Programme
from checkin.domain.scans import Decision, Scan
from checkin.domain.verdicts import HELD, REFUSED
from checkin.errors import Refusal

MOST_BYTES = 5 * 1024**2
# So few that on SQLite, where one writes at a time, the doors hardly wait.
AT_ONCE = 250

# Why a scan can't be stored as it stands in the file.
WRONG = {
    "scan_field": "is missing, or isn't what a scan has there",
    "scan_door": "names a door that isn't there",
    "scan_time": "lies outside the years 1970 to 2200",
    "no_scan": "is no scan at all",
}


@dataclass(frozen=True)
class QueueFile:
    """What a file says; its scans and what followed them are unread yet."""

    device_id: uuid.UUID
    device: str
    event: str
    scans: Sequence[Any]
    decisions: Sequence[Any]
    voids: Sequence[Any]


@dataclass(frozen=True)
class Malformed:
    """The `number`th scan of a file, counted from 1, with what is wrong with which field (a key of WRONG)."""

    number: int
    field: str
    wrong: str


@dataclass
class Imported:
    """What became of a file: new scans by verdict, scans known before, malformed ones; decisions and voids taken.

    `aside` voids were not taken: a revoked phone undoes nothing that counts.
    """

    verdicts: Counter[str] = field(default_factory=Counter)
    known: int = 0
    malformed: list[Malformed] = field(default_factory=list)
    decisions: int = 0
    voids: int = 0
    aside: int = 0

    @property
    def new(self) -> int:
        return self.verdicts.total()


class _DecisionMade(msgspec.Struct):
    scan: uuid.UUID
    decision: Literal["let_in", "sent_to_desk"]


class _VoidAsked(msgspec.Struct):
    id: uuid.UUID
    scan: uuid.UUID
    reason: Line
    at: Moment


def read_queue_file(body: bytes) -> QueueFile:
    """A file's content; raises a Refusal for what is no such file."""
    try:
        content = json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _no_queue_file() from error
    if not isinstance(content, dict) or content.get("format") != "checkin-queue":
        raise _no_queue_file()
    if content.get("version") != 1:
        raise Refusal(
            "newer_queue_file", "This file was written by a newer scanner: update the server first."
        )
    device = content.get("device")
    lists = [content.get(name, []) for name in ("scans", "decisions", "voids")]
    if not isinstance(device, dict) or not all(isinstance(one, list) for one in lists):
        raise _no_queue_file()
    try:
        device_id = uuid.UUID(str(device.get("id")))
    except ValueError as error:
        raise _no_queue_file() from error
    return QueueFile(device_id, str(device.get("name", "")), str(content.get("event", "")), *lists)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _no_queue_file() -> Refusal:
    return Refusal(
        "no_queue_file", "This is no file that a phone has saved its scans in, or only a part of one."
    )


def import_scans(
    session: Session,
    device: Device,
    raws: Sequence[Any],
    *,
    programme: Programme,
    now: datetime,
    begin: int,
    into: Imported,
) -> None:
    """Judge scans of a file as the phone's own, or hold them where it is revoked; `begin` is the first's number.

    The session is in a writing transaction.
    """
    readings = []
    for number, raw in enumerate(raws, begin):
        item = items.item_of(raw)
        if item is None or not items.named_doors_exist(item, programme):
            into.malformed.append(_malformed(number, raw, item))
            continue
        door = programme.doors[device.door_id]
        readings.append(items.reading_of(item, programme, door=door, operator=device.operator))
    known = set(session.scalars(select(Scan.id).where(Scan.id.in_([one.id for one in readings]))))
    judge = judging.hold if device.revoked_at is not None else judging.judge
    # One transaction of at most AT_ONCE, so that the same scan twice in the file counts as new once.
    for judgement in judge(session, device, readings, programme=programme, now=now) if readings else ():
        if judgement.id in known:
            into.known += 1
        else:
            known.add(judgement.id)
            into.verdicts[judgement.verdict] += 1


def _malformed(number: int, raw: Any, item: Item | None) -> Malformed:
    if item is not None:
        return Malformed(number, "door", "scan_door")
    if not isinstance(raw, dict):
        return Malformed(number, "", "no_scan")
    try:
        read = msgspec.convert(raw, Item)
    except (msgspec.ValidationError, RecursionError, OverflowError, ValueError) as error:
        named = re.search(r"`\$\.(\w+)|field `(\w+)`", str(error))
        return Malformed(number, (named[1] or named[2]) if named else "", "scan_field")
    if not items.EARLIEST <= read.scanned_at <= items.LATEST:
        return Malformed(number, "scanned_at", "scan_time")
    return Malformed(number, "badge", "scan_field")


def import_decisions(
    session: Session, device: Device, raws: Sequence[Any], *, now: datetime, into: Imported
) -> None:
    """Keep what the helper did after a `repeat`, where that isn't known yet."""
    for raw in raws:
        made = _converted(raw, _DecisionMade)
        if made is None:
            continue
        latest = select(Decision.decision).where(
            Decision.scan_id == made.scan, Decision.device_id == device.id
        )
        if session.scalar(latest.order_by(Decision.id.desc()).limit(1)) == made.decision:
            continue
        try:
            undoing.decide(session, device, scan_id=made.scan, decision=made.decision, now=now)
        except Refusal:
            continue
        into.decisions += 1


def import_voids(
    session: Session, device: Device, raws: Sequence[Any], *, now: datetime, into: Imported
) -> list[_VoidAsked]:
    """Undo the phone's own scans; those undone now. A revoked phone undoes only what is still held."""
    undone = []
    for raw in raws:
        asked = _converted(raw, _VoidAsked)
        if asked is not None:
            asked.reason = items.printable(asked.reason)
        if asked is None or not asked.reason or not items.EARLIEST <= asked.at <= items.LATEST:
            into.aside += 1
            continue
        if device.revoked_at is not None and _counts(session, asked.scan):
            into.aside += 1
            continue
        try:
            is_new = undoing.void(
                session,
                device,
                void_id=asked.id,
                scan_id=asked.scan,
                reason=asked.reason,
                at=asked.at,
                now=now,
            )
        except Refusal:
            into.aside += 1
            continue
        if is_new:
            undone.append(asked)
            into.voids += 1
    return undone


def _counts(session: Session, scan_id: uuid.UUID) -> bool:
    verdict = session.scalar(select(Scan.verdict).where(Scan.id == scan_id))
    return verdict is not None and verdict not in {HELD, REFUSED}


def _converted(raw: Any, shape: type[Any]) -> Any:
    try:
        return msgspec.convert(raw, shape)
    except (msgspec.ValidationError, RecursionError, OverflowError, ValueError):
        return None
