"""What phones know without the server: sealed entries, dead badges, today's passages; it owns no table."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, exists, select, union
from sqlalchemy.orm import Session

from checkin.db import EPOCH, MICROSECOND
from checkin.domain import blanks
from checkin.domain.badges import Badge
from checkin.domain.blanks import NOT_RELEASED
from checkin.domain.delegates import Delegate
from checkin.domain.programme import Programme
from checkin.domain.quarantine import APPROVED, Ruling
from checkin.domain.scans import Scan, Void
from checkin.domain.verdicts import HELD, REFUSED

# A change bears the time at which its request began, and may be committed so much later: after SQLite's longest
# wait for its lock. What is told twice does no harm.
COMMITTED_WITHIN = timedelta(seconds=30)


@dataclass(frozen=True)
class Cursor:
    """Up to where a phone knows the roster, as it gives it back the next time; to phones a text without meaning."""

    epoch: uuid.UUID
    version: int
    at: datetime

    def __str__(self) -> str:
        return f"{self.epoch.hex}.{self.version}.{(self.at - EPOCH) // MICROSECOND}"


def cursor_of(text: str | None) -> Cursor | None:
    """The cursor that a phone sent; None for none, and for what never was one."""
    parts = (text or "").split(".")
    try:
        epoch, version, at = uuid.UUID(hex=parts[0]), int(parts[1]), EPOCH + int(parts[2]) * MICROSECOND
    except (IndexError, ValueError, OverflowError):
        return None
    return Cursor(epoch, version, at)


@dataclass(frozen=True)
class Roster:
    """The roster, or what has changed in it.

    `live` rows have lookup, card and category_id, `dead` ones lookup and reason; `passages` have id, lookup, at,
    door_id and direction, in no order; `voided` are scans that count no more. `whole` ones replace what a phone has.
    """

    cursor: Cursor
    whole: bool
    live: Sequence[Row[Any]]
    dead: Sequence[tuple[str, str]]
    passages: Sequence[Row[Any]]
    voided: Sequence[uuid.UUID]


def roster(
    session: Session, *, programme: Programme, device_id: uuid.UUID, since: Cursor | None, now: datetime
) -> Roster:
    """Everything, or what has changed since a cursor of this epoch that isn't from the future.

    Whole ones have all of today's passages; changes have those of other phones, and everybody's of new badges.
    """
    cursor = Cursor(programme.epoch, programme.version, now)
    today = programme.day_of(now)
    if since is None or not is_known(since, programme=programme, now=now):
        rows = session.execute(_badges()).all()
        passages = session.execute(_passages().where(Scan.day == today)).all()
        return Roster(cursor, True, *_parted(rows, blanks.for_phones(session, after=None)), passages, ())
    after = since.at - COMMITTED_WITHIN
    changed = _changed(after)
    rows = session.execute(_badges().where(Badge.id.in_(changed))).all()
    # Whoever has a new badge, or had another's scans merged into theirs, whose badge died then.
    owners = [
        row.delegate_id
        for row in rows
        if row.issued_at >= after or (row.merged_from is not None and row.revoked_at >= after)
    ]
    news = _passages().where(Scan.day == today, Scan.id.in_(_news(after, device_id, owners)))
    voided = session.scalars(select(Void.scan_id).where(Void.received_at >= after)).all()
    parted = _parted(rows, blanks.for_phones(session, after=after))
    return Roster(cursor, False, *parted, session.execute(news).all(), voided)


def is_known(cursor: Cursor, *, programme: Programme, now: datetime) -> bool:
    """Whether a cursor is of this epoch and of today, so that what has changed since can be told."""
    same_day = programme.day_of(cursor.at) == programme.day_of(now)
    return cursor.epoch == programme.epoch and cursor.at <= now and same_day


def _badges() -> Any:
    return select(
        Badge.lookup,
        Badge.card,
        Badge.revocation,
        Badge.issued_at,
        Badge.revoked_at,
        Badge.merged_from,
        Badge.delegate_id,
        Delegate.category_id,
        Delegate.status,
    ).join(Delegate, Delegate.id == Badge.delegate_id)


def _changed(after: datetime) -> Any:
    """The badges that were issued, revoked or corrected, or whose delegate was cancelled or reinstated."""
    of_delegates = (
        select(Badge.id).join(Delegate, Delegate.id == Badge.delegate_id).where(Delegate.changed_at >= after)
    )
    issued = select(Badge.id).where(Badge.issued_at >= after)
    revoked = select(Badge.id).where(Badge.revoked_at >= after)
    # Each by its own index; joined by OR they would be found by none.
    return union(of_delegates, issued, revoked)


def _news(after: datetime, device_id: uuid.UUID, owners: Sequence[int]) -> Any:
    """Scans that other phones made, that organisers approved, or that are of somebody who has a badge or scans anew."""
    elsewhere = select(Scan.id).where(Scan.received_at >= after, Scan.device_id != device_id)
    approved = select(Ruling.scan_id).where(Ruling.at >= after, Ruling.decision == APPROVED)
    if not owners:
        return union(elsewhere, approved)
    # Each by its own index, as above.
    return union(elsewhere, approved, select(Scan.id).where(Scan.delegate_id.in_(owners)))


def _parted(
    rows: Sequence[Row[Any]], unnamed: Iterable[Row[Any]]
) -> tuple[list[Row[Any]], list[tuple[str, str]]]:
    live = [row for row in rows if row.revocation is None and row.status == "confirmed"]
    dead = [(row.lookup, _reason(row)) for row in rows if row.revocation or row.status != "confirmed"]
    for blank in unnamed:
        if blank.released_at is not None:
            live.append(blank)
        else:
            dead.append((blank.lookup, NOT_RELEASED))
    return live, dead


def _reason(row: Row[Any]) -> str:
    """Why a badge opens nothing, in the contract's order."""
    if row.revocation is not None:
        return str(row.revocation)
    return "cancelled" if row.status == "cancelled" else "pending"


def _passages() -> Any:
    """Entries and exits that count, under the badge that their delegate has now."""
    return (
        select(Scan.id, Badge.lookup, Scan.at, Scan.door_id, Scan.direction)
        .join(Badge, and_(Badge.delegate_id == Scan.delegate_id, Badge.revoked_at.is_(None)))
        .where(
            Scan.verdict.not_in((REFUSED, HELD)),
            Scan.just_now.is_(False),
            ~exists().where(Void.scan_id == Scan.id),
        )
    )
