"""The rule of the door, pure: what a reading means; it owns no table.

A phone holds the same rule in JavaScript; `tests/vectors/verdicts.json` binds the two.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from checkin.domain.programme import Entitlement

ADMITTED, RETURNED, REPEAT, LEFT, REFUSED, HELD = "admitted", "returned", "repeat", "left", "refused", "held"

# The reason of a scan of a TEST badge, which is nobody's.
TEST = "test"

JUST_NOW = timedelta(seconds=60)
SKEW_THAT_COUNTS_MS = 2_000


@dataclass(frozen=True)
class Credential:
    """What is known of a badge: `revocation` is None, `replaced` or `revoked`; `status` is its delegate's."""

    revocation: str | None
    status: str
    entitlement: Entitlement


@dataclass(frozen=True)
class Moment:
    """Where and when a badge was read: the event day, the minute after its cut-over, the area."""

    day: date
    minute: int
    area_id: int


@dataclass(frozen=True)
class Passage:
    """An entry or an exit that was recorded and not voided."""

    at: datetime
    direction: str


def corrected(scanned_at: datetime, skew_ms: int | None) -> datetime:
    """A phone's time put right by how far its clock was ahead (ms, negative: behind); under two seconds is none."""
    if skew_ms is None or abs(skew_ms) < SKEW_THAT_COUNTS_MS:
        return scanned_at
    return scanned_at - timedelta(milliseconds=skew_ms)


def refusal(credential: Credential | None, moment: Moment, *, other_event: bool = False) -> str | None:
    """Why an entry is refused, the first reason that applies in the contract's order, or None."""
    if credential is None:
        return "other_event" if other_event else "unknown"
    if credential.revocation is not None:
        return credential.revocation
    if credential.status == "cancelled":
        return "cancelled"
    if credential.status != "confirmed":
        return "pending"
    return _not_entitled(credential.entitlement, moment)


def _not_entitled(entitlement: Entitlement, moment: Moment) -> str | None:
    if moment.day not in entitlement.days:
        return "not_this_day"
    hours = entitlement.days[moment.day]
    if hours is not None and not hours.opens <= moment.minute < hours.closes:
        return "not_open"
    return None if moment.area_id in entitlement.areas else "not_this_area"


def nearest(at: datetime, passages: Iterable[Passage]) -> Passage | None:
    """The passage before a moment that is nearest to it or, where there is none, the nearest after it."""
    ordered = sorted(passages, key=lambda passage: passage.at)
    before = [passage for passage in ordered if passage.at <= at]
    return before[-1] if before else next(iter(ordered), None)


def further_entry(at: datetime, passages: Iterable[Passage], *, reentry_after: timedelta) -> str:
    """Whether an entry after the first is welcome back (`returned`) or one to look at (`repeat`)."""
    passage = nearest(at, passages)
    if passage is None or passage.direction == "out" or abs(at - passage.at) >= reentry_after:
        return RETURNED
    return REPEAT
