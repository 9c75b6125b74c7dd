"""Who was let in after a search instead of by a code: whom, when, why, by whom; it owns no table."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, func, select
from sqlalchemy.orm import Session

from checkin.domain import judging, undoing
from checkin.domain.afterwards import told_place
from checkin.domain.delegates import Delegate
from checkin.domain.doors import Device, Door, device_of_pages
from checkin.domain.judging import Judgement, Reading
from checkin.domain.programme import DoorPlace, Programme
from checkin.domain.scans import Scan, Void
from checkin.errors import NotFound

A_PAGE = 100
# The one device of all that is admitted on the desk's pages, where there is no phone.
DESK_ID = uuid.UUID("5f0b9a7e-6c0e-4d5b-9d53-6465736b0a0a")


@dataclass(frozen=True)
class Admission:
    """Somebody to let in at a door, by their badge's look-up id; `id` makes it the same scan when it is sent twice."""

    id: uuid.UUID
    lookup: str
    door: DoorPlace
    reason: str


def admit(
    session: Session, admission: Admission, *, operator: str, programme: Programme, now: datetime
) -> Judgement:
    """Store a first or later entry by hand on the desk's page, judged like that of any phone."""
    desk = device_of_pages(session, DESK_ID, name="Help desk", door_id=admission.door.id, now=now)
    number = session.scalar(select(func.max(Scan.seq)).where(Scan.device_id == desk.id)) or 0
    reading = Reading(
        id=admission.id,
        seq=number + 1,
        lookup=admission.lookup,
        other_event=False,
        door=admission.door,
        direction="in",
        input="desk",
        scanned_at=now,
        skew_ms=None,
        at=now,
        operator=operator,
        note=admission.reason,
    )
    judge = judging.hold if desk.revoked_at is not None else judging.judge
    return judge(session, desk, [reading], programme=programme, now=now)[0]


def undo(session: Session, scan_id: uuid.UUID, *, author: str, now: datetime) -> bool:
    """Void what was admitted on the desk's page; False where it was voided. Raises NotFound for any other scan."""
    desk = session.scalar(
        select(Device).join(Scan, Scan.device_id == Device.id).where(Scan.id == scan_id, Device.id == DESK_ID)
    )
    if desk is None:
        raise NotFound("unknown_scan", "There is no such admission.")
    # One void a scan, however often the button is pressed.
    void_id = uuid.uuid5(DESK_ID, f"void {scan_id}")
    return undoing.void(
        session,
        desk,
        void_id=void_id,
        scan_id=scan_id,
        reason="admitted by mistake",
        at=now,
        now=now,
        author=author,
    )


def passages_of(session: Session, delegate_id: int, *, day: dt.date) -> Sequence[Row[Any]]:
    """A delegate's scans of a day that weren't voided, the latest first, at most fifty.

    Rows have id, at, door, area_id, direction, input, verdict, reason, just_now and device_id.
    """
    query: Any = (
        select(
            *(Scan.id, Scan.at, told_place().label("door"), Scan.area_id, Scan.direction, Scan.input),
            *(Scan.verdict, Scan.reason, Scan.just_now, Scan.device_id),
        )
        .join(Door, Door.id == Scan.door_id)
        .where(Scan.delegate_id == delegate_id, Scan.day == day, ~exists().where(Void.scan_id == Scan.id))
        .order_by(Scan.at.desc(), Scan.id)
        .limit(50)
    )
    rows: Sequence[Row[Any]] = session.execute(query).all()
    return rows


def admissions(
    session: Session, *, day: dt.date, page: int, areas: Collection[int]
) -> tuple[Sequence[Row[Any]], bool]:
    """A page of a day's scans by hand in some areas, the latest first, and whether there are more.

    Refused and voided ones are in it, too.

    Rows have at, operator, device, kind, door, reference, name, organisation, note, verdict, reason and voided.
    """
    voided = exists().where(Void.scan_id == Scan.id)
    query: Any = (
        select(
            Scan.at,
            Scan.operator,
            Device.name.label("device"),
            Device.kind,
            Door.name.label("door"),
            Delegate.reference,
            Delegate.name,
            Delegate.organisation,
            Scan.note,
            Scan.verdict,
            Scan.reason,
            voided.label("voided"),
        )
        .join(Device, Device.id == Scan.device_id)
        .join(Door, Door.id == Scan.door_id)
        .outerjoin(Delegate, Delegate.id == Scan.delegate_id)
        .where(*_by_hand(day, areas))
        .order_by(Scan.at.desc(), Scan.id)
        .offset(page * A_PAGE)
        .limit(A_PAGE + 1)
    )
    rows = session.execute(query).all()
    return rows[:A_PAGE], len(rows) > A_PAGE


def _by_hand(day: dt.date, areas: Collection[int]) -> tuple[Any, ...]:
    return Scan.input == "desk", Scan.day == day, Scan.area_id.in_(areas)


def count(session: Session, *, day: dt.date, areas: Collection[int]) -> int:
    """How many scans by hand a day has in some areas."""
    query = select(func.count()).select_from(Scan).where(*_by_hand(day, areas))
    return session.scalar(query) or 0
