"""What follows a scan: its void and the helper's decision; it owns no table."""

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.db import insert_ignoring
from checkin.domain.doors import Device
from checkin.domain.judging import void_scan
from checkin.domain.scans import Decision, Scan, Void
from checkin.errors import Conflict, Forbidden


def _own_or_desk(session: Session, device: Device, scan_id: uuid.UUID) -> None:
    made_by = session.scalar(select(Scan.device_id).where(Scan.id == scan_id))
    if made_by is not None and made_by != device.id and device.kind != "desk":
        raise Forbidden(
            "not_this_phones_scan", "A door phone can only change what it scanned itself: ask the help desk."
        )


def void(
    session: Session,
    device: Device,
    *,
    void_id: uuid.UUID,
    scan_id: uuid.UUID,
    reason: str,
    at: datetime,
    now: datetime,
    author: str | None = None,
) -> bool:
    """Undo a scan, which may not have arrived yet; False for the same void again, which changes nothing.

    `author` is who undid it where that isn't the phone's helper.
    Raises Conflict for an id that undid another scan.
    """
    _own_or_desk(session, device, scan_id)
    row = {
        "id": void_id,
        "scan_id": scan_id,
        "device_id": device.id,
        "author": author or device.operator,
        "reason": reason,
        "at": at,
        "received_at": now,
    }
    if session.execute(insert_ignoring(session, Void.__table__).values(row).returning(Void.id)).first():
        void_scan(session, scan_id)
        return True
    if session.scalar(select(Void.scan_id).where(Void.id == void_id)) != scan_id:
        raise Conflict("void_id_taken", "This id undid another scan: make a new id for each void.")
    return False


def decide(session: Session, device: Device, *, scan_id: uuid.UUID, decision: str, now: datetime) -> None:
    """Keep what the helper did after a `repeat`; the latest decision of a scan holds."""
    _own_or_desk(session, device, scan_id)
    session.add(
        Decision(scan_id=scan_id, device_id=device.id, operator=device.operator, decision=decision, at=now)
    )
