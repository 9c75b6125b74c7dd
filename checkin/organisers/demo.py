"""Fills an empty database with the demo event, so that everything can be tried at once; it owns no table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle, islice, zip_longest
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from checkin.db import learn_sizes, transaction
from checkin.domain import event, setting_up
from checkin.domain.badges import live_badge
from checkin.domain.delegates import cancel, delegate_with_reference
from checkin.domain.event import AreaSettings, CategorySettings, DaySettings, DoorSettings, EventSettings
from checkin.domain.programme import Programme, programme
from checkin.domain.registering import enrol
from checkin.errors import Conflict, Refusal
from checkin.organisers import demo_scans
from checkin.organisers.demo_people import invented, turns
from checkin.tokens import BadgeKey

ZONE = ZoneInfo("Asia/Kuala_Lumpur")
DAYS = 3
# Registrations come in over this time, in so many lists.
REGISTRATION = timedelta(days=100)
LISTS = 40
PERCENT_PENDING = 2
PERCENT_CANCELLED = 1
# The categories that somebody has to approve.
APPROVED = ("Media", "VIP")

AREAS = (AreaSettings("Expo", main=True), AreaSettings("Conference Hall"), AreaSettings("VIP Lounge"))
DOORS = (
    *(DoorSettings(f"Gate {letter}", "Expo") for letter in "ABCD"),
    DoorSettings("Hall door", "Conference Hall"),
    DoorSettings("Lounge door", "VIP Lounge"),
)
# Each colour carries white letters and differs from its neighbours in lightness too.
CATEGORIES = (
    CategorySettings("Delegate", "#1B4F72", areas=("Expo", "Conference Hall"), self_registration=True),
    CategorySettings("Speaker", "#8E44AD", areas=("Expo", "Conference Hall")),
    CategorySettings("Exhibitor", "#1E7B46"),
    CategorySettings("Media", "#B9450B", self_registration=True, approval=True),
    CategorySettings(
        "VIP", "#7A1230", areas=("Expo", "Conference Hall", "VIP Lounge"), approval=True, protocol=True
    ),
    CategorySettings("Crew", "#3B3F45"),
)


@dataclass(frozen=True)
class DemoCounts:
    """What the demo event has: `delegates` are confirmed; `withdrawn` and `cancelled` ones kept a badge."""

    delegates: int
    pending: int
    withdrawn: int
    cancelled: int
    scans: int

    def __str__(self) -> str:
        return (
            f"{self.delegates} delegates with live badges, {self.pending + self.withdrawn} pending, "
            f"{self.cancelled} cancelled and {self.scans} scans"
        )


def fill(
    *,
    delegates: int,
    scans: int,
    starts: date,
    key: BadgeKey,
    now: datetime,
    on_steps: Callable[[int], None],
) -> DemoCounts:
    """Set up the demo event with its people and scans, all or nothing.

    `on_steps` hears how many more people and scans there are. Raises Conflict where there is an event
    already, Refusal for scans without anybody to make them.
    """
    if scans and not delegates:
        raise Refusal("nobody_to_scan", "Scans need delegates: ask for at least one.")
    counts = _counts(delegates, scans)
    with transaction() as session:
        plan = _set_up(session, starts=starts, key=key, now=now)
        refused = _admit_crowd(session, counts, plan=plan, key=key, now=now, on_steps=on_steps)
        if scans:
            days = _days_with_scans(plan, today=now.astimezone(ZONE).date())
            demo_scans.make(session, scans, days=days, refused=refused, plan=plan, on_steps=on_steps)
        learn_sizes(session)
    return counts


def _counts(delegates: int, scans: int) -> DemoCounts:
    pending = delegates * PERCENT_PENDING // 100
    withdrawn = pending // 2
    return DemoCounts(delegates, pending - withdrawn, withdrawn, delegates * PERCENT_CANCELLED // 100, scans)


def demo_settings(starts: date) -> EventSettings:
    """The demo event's set-up; no hours, so that it can be tried at any time of the day."""
    return EventSettings(
        code="SCEKL25",
        name="Smart City Expo Kuala Lumpur 2025",
        theme="AI Cities: Shaping Our Digital Future",
        venue="Kuala Lumpur",
        organiser="Co-organised by MDEC and DNB for the Ministry of Digital",
        time_zone=ZONE.key,
        days=tuple(DaySettings(starts + timedelta(days=number)) for number in range(DAYS)),
        areas=AREAS,
        doors=DOORS,
        categories=CATEGORIES,
        cutover_hour=4,
        reentry_after_s=20 * 60,
    )


def _set_up(session: Session, *, starts: date, key: BadgeKey, now: datetime) -> Programme:
    if event.is_set_up(session):
        raise Conflict(
            "event_exists", "This database has an event already: the demo event needs an empty one."
        )
    settings = demo_settings(starts)
    setting_up.set_up(session, settings, key=key, now=now)
    session.flush()
    return programme(session)


def _admit_crowd(
    session: Session,
    counts: DemoCounts,
    *,
    plan: Programme,
    key: BadgeKey,
    now: datetime,
    on_steps: Callable[[int], None],
) -> list[str]:
    """Enrol everybody; returns the look-up ids of those whose badge is refused by now."""
    fates = _fates(counts)
    closed = min(now, datetime.combine(plan.days[0].date, time(), ZONE).astimezone(UTC))
    people = invented(_categories(fates, pending=counts.pending))
    for start, end, at in _lists(len(fates), closed=closed):
        for _ in enrol(session, islice(people, end - start), programme=plan, key=key, now=at):
            pass
        on_steps(fates[start:end].count(""))
    # Everybody who is left came last and still waits for an approval.
    for _ in enrol(session, people, programme=plan, key=key, now=closed, status="pending"):
        pass
    return _meet_fates(session, fates, plan=plan, now=closed)


def _fates(counts: DemoCounts) -> list[str]:
    """What becomes of each enrolled delegate: nothing, `withdrawn` or `cancelled`, evenly spread."""
    pairs = zip_longest(["withdrawn"] * counts.withdrawn, ["cancelled"] * counts.cancelled)
    fated = [fate for pair in pairs for fate in pair if fate]
    fates = [""] * (counts.delegates + len(fated))
    for number, fate in enumerate(fated):
        fates[(2 * number + 1) * len(fates) // (2 * len(fated))] = fate
    return fates


def _categories(fates: list[str], *, pending: int) -> Iterator[str]:
    """Everybody's category: what can be approved or withdrawn is of a category that needs an approval."""
    others, approved = turns(), cycle(APPROVED)
    for fate in fates:
        yield next(approved if fate == "withdrawn" else others)
    yield from islice(approved, pending)


def _lists(count: int, *, closed: datetime) -> Iterator[tuple[int, int, datetime]]:
    """The lists in which people were registered: where each starts and ends, and when it came."""
    for number in range(LISTS):
        start, end = count * number // LISTS, count * (number + 1) // LISTS
        if start < end:
            yield start, end, closed - REGISTRATION * (LISTS - number) / LISTS


def _meet_fates(session: Session, fates: list[str], *, plan: Programme, now: datetime) -> list[str]:
    lookups = []
    for number, fate in enumerate(fates, start=1):
        if not fate:
            continue
        delegate = delegate_with_reference(session, f"{plan.reference_prefix}-{number:05d}")
        if fate == "cancelled":
            cancel(session, delegate, now=now)
        else:
            delegate.status, delegate.changed_at = "pending", now
        badge = live_badge(session, delegate.id)
        if badge is not None:
            lookups.append(badge.lookup)
    return lookups


def _days_with_scans(plan: Programme, *, today: date) -> list[date]:
    """The days of the event that have begun or, before it, the first one."""
    begun = [day.date for day in plan.days if day.date <= today]
    return begun or [plan.days[0].date]
