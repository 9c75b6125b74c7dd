"""Why the figures are not what was published: what was done, or came in, since then; it owns no table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import String, and_, case, cast, exists, func, literal, select
from sqlalchemy.orm import Session

from checkin.domain.afterwards import BY_HAND
from checkin.domain.audit import Audit
from checkin.domain.delegates import Delegate
from checkin.domain.doors import Device
from checkin.domain.publishing import AREA, Difference, Publication
from checkin.domain.scans import Attendance, Scan, Void
from checkin.domain.staff import Staff
from checkin.domain.verdicts import HELD, REFUSED

LATE, NEW, ADDED, WITHDRAWN, ACT = "late", "new", "added", "withdrawn", "act"
AT_MOST = 500
# Acts that may change figures without a scan that comes in.
CAUSES = (
    "delegate corrected",
    "delegate erased",
    "delegates merged",
    "event purged",
    "event set",
    "held scans approved",
)
# What a correction must have changed to change a figure.
FIELDS = ("category", "country")


@dataclass(frozen=True)
class Cause:
    """Something that may have changed figures: of a day and area, or, where these are None, of any.

    `who` is a phone's name or whoever did it; `people` how many attendances came by it; `until` is the last of
    several moments. `what` is an act's name.
    """

    kind: str
    at: datetime
    who: str
    day: date | None = None
    area_id: int | None = None
    people: int = 1
    until: datetime | None = None
    reason: str = ""
    reference: str = ""
    what: str = ""

    def explains(self, difference: Difference, *, main: str) -> bool:
        """Whether a figure may differ by this."""
        if self.day is None:
            return self.what != "delegate corrected" or difference.kind != AREA
        same_area = difference.kind != AREA or difference.key in {str(self.area_id), main}
        return same_area and difference.day in {"", str(self.day)}


def causes(session: Session, publication: Publication) -> list[Cause]:
    """What happened since a publication, the earliest first, in three statements."""
    found = [
        *_came_in(session, publication.at),
        *_by_hand_and_voided(session, publication.at),
        *_acts(session, publication.at),
    ]
    return sorted(found, key=lambda one: one.at)


def _came_in(session: Session, since: datetime) -> Sequence[Cause]:
    """Attendance by scans that came in since then, by phone, day and area; made before it they are late."""
    kind = case((Scan.at <= since, LATE), else_=NEW).label("kind")
    group = (kind, Scan.device_id, Device.name, Scan.day, Scan.area_id)
    query = (
        select(*group, func.count(), func.min(Scan.received_at), func.max(Scan.received_at))
        .join(Attendance, Attendance.scan_id == Scan.id)
        .join(Device, Device.id == Scan.device_id)
        .where(Scan.received_at > since, Scan.device_id.not_in(BY_HAND))
        .group_by(*group)
        .order_by(func.min(Scan.received_at))
        .limit(AT_MOST)
    )
    return [
        Cause(what, first, name, day, area_id, people, last)
        for what, _device, name, day, area_id, people, first, last in session.execute(query)
    ]


def _by_hand_and_voided(session: Session, since: datetime) -> Sequence[Cause]:
    """What was added by hand since then and holds, and what had counted and was voided since."""
    columns: tuple[Any, ...] = (Scan.day, Scan.area_id, Delegate.reference)
    added = select(
        literal(ADDED), Scan.received_at.label("at"), Scan.operator, *columns, Scan.note.label("reason")
    ).where(
        Scan.device_id.in_(BY_HAND),
        Scan.received_at > since,
        ~exists().where(Void.scan_id == Scan.id),
    )
    voided = (
        select(literal(WITHDRAWN), Void.received_at.label("at"), Void.author, *columns, Void.reason)
        .join(Void, Void.scan_id == Scan.id)
        .where(
            Void.received_at > since,
            Scan.received_at <= since,
            Scan.direction == "in",
            Scan.verdict.not_in((REFUSED, HELD)),
        )
    )
    both = (one.outerjoin(Delegate, Delegate.id == Scan.delegate_id) for one in (added, voided))
    first, second = both
    query = first.union_all(second).order_by("at").limit(AT_MOST)
    return [
        Cause(kind, at, who, day, area_id, reason=reason, reference=reference or "")
        for kind, at, who, day, area_id, reference, reason in session.execute(query)
    ]


def _acts(session: Session, since: datetime) -> Sequence[Cause]:
    by = and_(Audit.actor == literal("staff:") + cast(Staff.id, String))
    query = (
        select(Audit, func.coalesce(Staff.email, Audit.actor).label("who"))
        .outerjoin(Staff, by)
        .where(Audit.action.in_(CAUSES), Audit.at > since)
        .order_by(Audit.id)
        .limit(AT_MOST)
    )
    found = []
    for act, who in session.execute(query):
        fields = act.details.get("fields", ())
        if act.action == "delegate corrected" and not set(FIELDS) & set(fields):
            continue
        cause = Cause(ACT, act.at, who, reason=act.reason, what=act.action)
        found.append(replace(cause, reference=act.subject if act.action.startswith("delegate") else ""))
    return found
