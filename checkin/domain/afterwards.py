"""Past attendance that organisers add by hand: somebody was there and wasn't scanned; it owns no table.

It is kept as a scan of a device of our own, judged and counted like any other, and is undone like any other, by a void.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, case, func, select
from sqlalchemy.orm import Session, aliased

from checkin.domain import judging, undoing
from checkin.domain.badges import live_badge
from checkin.domain.delegates import Delegate
from checkin.domain.doors import Device, Door, device_of_pages
from checkin.domain.judging import Reading
from checkin.domain.programme import DoorPlace, Programme
from checkin.domain.scans import Attendance, Scan, Void
from checkin.domain.verdicts import Credential, Moment, refusal
from checkin.errors import Conflict, NotFound, Refusal

# The two devices of all that is added by hand: when somebody came is known, or only the day.
TIMED = uuid.UUID("5f0b9a7e-6c0e-4d5b-9d53-68616e64740a")
UNTIMED = uuid.UUID("5f0b9a7e-6c0e-4d5b-9d53-68616e64750a")
BY_HAND = (TIMED, UNTIMED)
NAMES = {TIMED: "By hand, afterwards", UNTIMED: "By hand, afterwards, time not known"}
# Told instead of a door.
TOLD = {TIMED: "by hand", UNTIMED: "by hand, time not known"}
# Who came at a time that nobody knows is kept as having come at the end of the day, so that any scan is earlier.
USUAL_END = 18


@dataclass(frozen=True)
class Presence:
    """A day and area at which somebody was; `minute` after the cut-over, where it is known.

    `id` makes it the same scan when it is sent twice.
    """

    id: uuid.UUID
    day: dt.date
    area_id: int
    minute: int | None
    reason: str


def add(
    session: Session,
    delegate: Delegate,
    presence: Presence,
    *,
    operator: str,
    programme: Programme,
    now: datetime,
) -> bool:
    """Keep that a delegate, whom the caller holds, was there; False where the same was sent before.

    Raises Conflict where they have attended already, nothing leads there, or the time is still to come; Refusal
    with the `reason` that a door would have had.
    """
    if session.scalar(select(Scan.id).where(Scan.id == presence.id)) is not None:
        return False
    place, minute = _door(programme, presence.area_id), presence.minute
    if minute is None:
        minute = _last_minute(delegate, presence.day, programme)
    at = moment_of(presence.day, minute, programme)
    _refuse(session, delegate, presence, minute, at, programme=programme, now=now)
    badge = live_badge(session, delegate.id)
    if badge is None:
        raise Conflict("no_live_badge", f"{delegate.reference} has no badge.")
    hand = UNTIMED if presence.minute is None else TIMED
    device = device_of_pages(session, hand, name=NAMES[hand], door_id=place.id, now=now)
    number = session.scalar(select(func.max(Scan.seq)).where(Scan.device_id == hand)) or 0
    reading = Reading(
        id=presence.id,
        seq=number + 1,
        lookup=badge.lookup,
        other_event=False,
        door=place,
        direction="in",
        # Known from elsewhere and entered later, as what was kept on paper is.
        input="paper",
        scanned_at=at,
        skew_ms=None,
        at=at,
        operator=operator,
        note=presence.reason,
    )
    judging.judge(session, device, [reading], programme=programme, now=now)
    return True


def _door(programme: Programme, area_id: int) -> DoorPlace:
    for place in programme.doors.values():
        if place.area_id == area_id and place.direction != "out":
            return place
    raise Conflict("no_door", "No door leads into this area.")


def _last_minute(delegate: Delegate, day: dt.date, programme: Programme) -> int:
    """The last minute of a day at which a door would have let somebody in, or that of a usual day."""
    hours = programme.categories[delegate.category_id].days.get(day)
    return (hours.closes if hours else (USUAL_END - programme.cutover_hour) % 24 * 60) - 1


def moment_of(day: dt.date, minute: int, programme: Programme) -> datetime:
    """The moment so many minutes after the cut-over of an event day, on the clock of the event's zone."""
    local = datetime.combine(day, dt.time(0)) + timedelta(hours=programme.cutover_hour, minutes=minute)
    return local.replace(tzinfo=programme.zone).astimezone(dt.UTC)


def _refuse(
    session: Session,
    delegate: Delegate,
    presence: Presence,
    minute: int,
    at: datetime,
    *,
    programme: Programme,
    now: datetime,
) -> None:
    # Without a time the day must be over: until then somebody may still be scanned.
    if at > now or (presence.minute is None and presence.day >= programme.day_of(now)):
        raise Conflict("still_to_come", "This time is still to come: only past attendance is added by hand.")
    came = select(Attendance.area_id).where(
        Attendance.delegate_id == delegate.id, Attendance.day == presence.day
    )
    areas = set(session.scalars(came))
    if presence.area_id in areas or (areas and presence.area_id == programme.main_area):
        raise Conflict("was_there", f"{delegate.reference} has attended there on this day already.")
    credential = Credential(None, delegate.status, programme.categories[delegate.category_id])
    reason = refusal(credential, Moment(presence.day, minute, presence.area_id))
    if reason is not None:
        sentence = f"A door would not have let {delegate.reference} in: {reason}."
        raise Refusal("not_entitled", sentence, status=409, extra={"reason": reason})


def withdraw(
    session: Session, delegate: Delegate, scan_id: uuid.UUID, *, reason: str, author: str, now: datetime
) -> bool:
    """Undo what was added by hand to a delegate; False where that was done before. Raises NotFound for other scans."""
    device = session.scalar(
        select(Device)
        .join(Scan, Scan.device_id == Device.id)
        .where(Scan.id == scan_id, Scan.delegate_id == delegate.id, Device.id.in_(BY_HAND))
    )
    if device is None:
        raise NotFound("unknown_scan", "There is no such attendance by hand.")
    # One void a scan, however often the button is pressed.
    void_id = uuid.uuid5(device.id, f"void {scan_id}")
    return undoing.void(
        session, device, void_id=void_id, scan_id=scan_id, reason=reason, at=now, now=now, author=author
    )


def of_delegate(session: Session, delegate_id: int) -> Sequence[Row[Any]]:
    """What was added by hand to a delegate, by day: id, day, area_id, device_id, at, note, operator, received_at.

    And `author` and `why` of its void, both None where it holds.
    """
    void = aliased(Void)
    query: Any = (
        select(
            *(Scan.id, Scan.day, Scan.area_id, Scan.device_id, Scan.at, Scan.note, Scan.operator),
            *(Scan.received_at, void.author, void.reason.label("why")),
        )
        .outerjoin(void, void.scan_id == Scan.id)
        .where(Scan.delegate_id == delegate_id, Scan.device_id.in_(BY_HAND))
        .order_by(Scan.day, Scan.at, Scan.id)
    )
    found: Sequence[Row[Any]] = session.execute(query).all()
    return found


def told_place() -> Any:
    """By which door a scan was made, for statements that join Scan and Door; of what was added by hand one of TOLD."""
    return case(*((Scan.device_id == hand, told) for hand, told in TOLD.items()), else_=Door.name)


def timed(session: Session) -> Mapping[uuid.UUID, bool]:
    """The scans that were added by hand, and whether their time is known; few."""
    query = select(Scan.id, Scan.device_id).where(Scan.device_id.in_(BY_HAND))
    return {row.id: row.device_id == TIMED for row in session.execute(query)}
