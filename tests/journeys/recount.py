"""A deliberately naive recount of the scans that a test sent, to compare the attendance sheet with."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Kuala_Lumpur")
CUTOVER = timedelta(hours=4)
REENTRY = timedelta(minutes=20)
RE_READ = timedelta(seconds=60)


@dataclass(frozen=True)
class Sent:
    """A scan that should count, as the test made it."""

    id: str
    reference: str
    phone: str
    door: str
    area: str
    at: datetime
    direction: str
    let_in: bool = False


@dataclass(frozen=True)
class Attended:
    """What the sheet should say of a person's day."""

    first_in: str
    door: str
    entries: int


def recount(sent: Iterable[Sent], *, main: str) -> dict[tuple[str, date], Attended]:
    """What the attendance sheet of the main area must say, by reference and day."""
    by_day = defaultdict(list)
    for scan in sent:
        by_day[scan.reference, (scan.at.astimezone(ZONE) - CUTOVER).date()].append(scan)
    found = {}
    for place, scans in by_day.items():
        scans.sort(key=lambda scan: (scan.at, scan.id))
        entries = [scan for scan in scans if scan.direction == "in"]
        if entries:
            first = entries[0]
            local = first.at.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S")
            counted = count([scan for scan in scans if scan.area == main])
            found[place] = Attended(local, first.door, counted or 1)
    return found


def count(scans: list[Sent]) -> int:
    """How often somebody was let in at the doors of one area on one day; the scans are in order of time."""
    passages: list[Sent] = []
    read: dict[tuple[str, str], datetime] = {}
    for scan in scans:
        again = read.get((scan.phone, scan.direction))
        read[scan.phone, scan.direction] = scan.at
        if again is None or scan.at - again > RE_READ:
            passages.append(scan)
    entries = 0
    for before, scan in zip([None, *passages], passages, strict=False):
        welcome = before is None or before.direction == "out" or scan.at - before.at >= REENTRY or scan.let_in
        entries += scan.direction == "in" and welcome
    return entries
