"""Who was let in after a search instead of by a code: whom, when, why, by whom; it owns no table."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, exists, func, select
from sqlalchemy.orm import Session

from checkin.domain.delegates import Delegate
from checkin.domain.doors import Device, Door
from checkin.domain.scans import Scan, Void

A_PAGE = 100


def admissions(session: Session, *, day: dt.date, page: int) -> tuple[Sequence[Row[Any]], bool]:
    """A page of a day's scans by hand, refused and voided ones too, the latest first; and whether there are more.

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
        .where(Scan.input == "desk", Scan.day == day)
        .order_by(Scan.at.desc(), Scan.id)
        .offset(page * A_PAGE)
        .limit(A_PAGE + 1)
    )
    rows = session.execute(query).all()
    return rows[:A_PAGE], len(rows) > A_PAGE


def count(session: Session, *, day: dt.date) -> int:
    """How many scans by hand a day has."""
    query = select(func.count()).select_from(Scan).where(Scan.input == "desk", Scan.day == day)
    return session.scalar(query) or 0
