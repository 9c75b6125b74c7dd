"""Which of a phone's scans have not arrived, by the numbers that it gives them; it owns no table."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from checkin.domain.doors import Device
from checkin.domain.scans import Scan


@dataclass(frozen=True)
class Gap:
    """Numbers that are missing, both ends included."""

    first: int
    last: int

    @property
    def scans(self) -> int:
        return self.last - self.first + 1


def gaps(session: Session, device_id: uuid.UUID | None = None) -> dict[uuid.UUID, list[Gap]]:
    """What is missing of each phone's numbers, which begin at 1 and have no gaps on the phone; or of one phone's.

    Up to the last one that the phone has told of. Phones that lack nothing are left out.
    """
    found: dict[uuid.UUID, list[Gap]] = defaultdict(list)
    for device, before, number in session.execute(_between(device_id)):
        found[device].append(Gap(before + 1, number - 1))
    for device, last, told in session.execute(_at_the_end(device_id)):
        found[device].append(Gap(last + 1, told))
    return dict(found)


def total(missing: Sequence[Gap]) -> int:
    """How many numbers are missing."""
    return sum(gap.scans for gap in missing)


def _between(device_id: uuid.UUID | None) -> Any:
    other = aliased(Scan)
    same_phone = other.device_id == Scan.device_id
    before = select(func.coalesce(func.max(other.seq), 0)).where(same_phone, other.seq < Scan.seq)
    query = select(Scan.device_id, before.scalar_subquery(), Scan.seq).distinct()
    query = query.where(Scan.seq > 1, ~exists().where(same_phone, other.seq == Scan.seq - 1))
    if device_id is not None:
        query = query.where(Scan.device_id == device_id)
    return query.order_by(Scan.device_id, Scan.seq)


def _at_the_end(device_id: uuid.UUID | None) -> Any:
    last = func.coalesce(select(func.max(Scan.seq)).where(Scan.device_id == Device.id).scalar_subquery(), 0)
    query = select(Device.id, last, Device.last_seq).where(Device.last_seq > last)
    return query if device_id is None else query.where(Device.id == device_id)
