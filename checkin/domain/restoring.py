"""What a restore must not forget of the state that it replaces, and what it has to say of it; it owns no table."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from checkin.domain import audit
from checkin.domain.delegates import Delegate
from checkin.domain.doors import Device
from checkin.domain.event import Event, begin_epoch, the_event
from checkin.domain.messages import Message
from checkin.domain.scans import Scan


@dataclass(frozen=True)
class Standing:
    """A database as it stands before a restore, and how much is newer in it than the backup."""

    event: str
    version: int
    last_reference: int
    revoked: Mapping[uuid.UUID, datetime]
    delegates: int
    phones: int
    scans: int
    letters: int
    # The end of the audit log, which a restore takes back to the backup's.
    audit_end: str


def standing(session: Session, *, since: datetime) -> Standing | None:
    """What stands in a database, with what came since a moment; None where no event is set up."""
    event = session.get(Event, 1)
    if event is None:
        return None
    revoked = session.execute(select(Device.id, Device.revoked_at).where(Device.revoked_at.is_not(None)))
    return Standing(
        event.code,
        event.version,
        event.last_reference,
        {row.id: row.revoked_at for row in revoked},
        delegates=_since(session, Delegate.registered_at, since),
        phones=_since(session, Device.paired_at, since),
        scans=_since(session, Scan.received_at, since),
        letters=_since(session, Message.sent_at, since),
        audit_end=str(audit.end(session) or ""),
    )


def _since(session: Session, moment: InstrumentedAttribute[Any], since: datetime) -> int:
    return session.scalar(select(func.count()).where(moment > since)) or 0


def begin_again(session: Session, *, after: Standing | None) -> Event:
    """Begin a new epoch in a restored state, which takes the place of `after`.

    What would be dangerous to forget is kept: a phone revoked since stays revoked, and no reference is given twice.
    """
    event = begin_epoch(session)
    if after is None:
        return event
    event.version = max(event.version, after.version + 1)
    event.last_reference = max(event.last_reference, after.last_reference)
    for device_id, at in after.revoked.items():
        again = update(Device).where(Device.id == device_id, Device.revoked_at.is_(None))
        session.execute(again.values(revoked_at=at))
    session.flush()
    return event


def event_code(session: Session) -> tuple[str, str]:
    """The event's code and name; raises NotFound where there is none."""
    event = the_event(session)
    return event.code, event.name
