"""Paper at doors: who may come in, for lists to print, and what was kept by hand, keyed in; it owns no table."""

import datetime as dt
import unicodedata
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import regex
from anyascii import anyascii
from sqlalchemy import Row, and_, exists, func, select
from sqlalchemy.orm import Session

from checkin.domain import judging, undoing
from checkin.domain.badges import Badge
from checkin.domain.delegates import Delegate
from checkin.domain.doors import Device, device_of_pages
from checkin.domain.judging import Judgement, Reading
from checkin.domain.programme import DoorPlace, Programme
from checkin.domain.scans import Attendance, Scan, Void
from checkin.errors import NotFound

# The one device of all that is keyed in, its invitation, and the names of the scans themselves.
DEVICE_ID = uuid.UUID("5f0b9a7e-6c0e-4d5b-9d53-70617065720a")
# What begins the group of names in another script than Latin, before the script's code (ISO 15924).
OTHER = "…"
SCRIPTS = (
    *("Arab", "Armn", "Beng", "Cyrl", "Deva", "Ethi", "Geor", "Grek", "Gujr", "Guru", "Hang", "Hani", "Hebr"),
    *("Khmr", "Knda", "Laoo", "Mlym", "Mymr", "Orya", "Sinh", "Taml", "Telu", "Thaa", "Thai", "Tibt"),
)
# A list is cut into parts of about so many people: one for a table or two, and some seconds of work to print.
PART = 1000

_MARK = regex.compile(r"\p{M}")
_LATIN = regex.compile(r"\p{Script=Latin}")
_IN_SCRIPT = {script: regex.compile(rf"\p{{Script={script}}}") for script in SCRIPTS}
_KANA = regex.compile(r"[\p{Script=Hira}\p{Script=Kana}]")


@dataclass(frozen=True)
class Entitled:
    """Somebody who may come in; `first_at` is when they did that day, if they have; `group` as of `group_of`."""

    reference: str
    name: str
    organisation: str
    category: str
    country: str | None
    first_at: datetime | None
    group: str


@dataclass(frozen=True)
class Part:
    """Consecutive groups of a list, from the first letter to the last, and how many people they are."""

    first: str
    last: str
    people: int


@dataclass(frozen=True)
class Keyed:
    """One line of a paper list: a badge by its look-up id, and when its bearer passed."""

    lookup: str
    at: datetime


def entitled(session: Session, programme: Programme, door: DoorPlace, day: dt.date) -> list[Entitled]:
    """Everybody who may enter by a door on a day, in the order in which one looks for names."""
    categories = [
        key for key, one in programme.categories.items() if door.area_id in one.areas and day in one.days
    ]
    here = and_(
        Attendance.delegate_id == Delegate.id, Attendance.area_id == door.area_id, Attendance.day == day
    )
    query: Any = (
        select(
            *(Delegate.reference, Delegate.name, Delegate.organisation, Delegate.category_id),
            *(Delegate.country, Attendance.first_at),
        )
        .outerjoin(Attendance, here)
        .where(Delegate.status == "confirmed", Delegate.category_id.in_(categories))
        .order_by(Delegate.id)
    )
    people = [_entitled(row, programme) for row in session.execute(query)]
    return sorted(people, key=lambda one: (one.group, _order(one.name), one.reference))


def _entitled(row: Row[Any], programme: Programme) -> Entitled:
    return Entitled(
        row.reference,
        row.name,
        row.organisation,
        programme.categories[row.category_id].name,
        row.country,
        row.first_at,
        group_of(row.name),
    )


def group_of(name: str) -> str:
    """Under what one looks for a name: a letter from A to Z, or, sorted after them, OTHER and a script's code."""
    for letter in unicodedata.normalize("NFKD", name):
        if letter.isalpha():
            plain = anyascii(letter)[:1].upper()
            return plain if _LATIN.match(letter) and plain.isalpha() else OTHER + _script(letter)
    return OTHER


def _script(letter: str) -> str:
    # Japanese names are looked for among those in Han, with which most of them begin.
    if _KANA.match(letter):
        return "Hani"
    return next((script for script, letters in _IN_SCRIPT.items() if letters.match(letter)), "")


def _order(name: str) -> str:
    """Names of one group among each other: accents and case aside, other scripts each by their own order."""
    plain = _MARK.sub("", unicodedata.normalize("NFKD", name)).casefold()
    return "".join(anyascii(letter) if _LATIN.match(letter) else letter for letter in plain)


def parts(people: Sequence[Entitled]) -> list[Part]:
    """A list cut between letters into parts of about PART people."""
    counts: dict[str, int] = {}
    for one in people:
        counts[one.group] = counts.get(one.group, 0) + 1
    found: list[Part] = []
    for group, count in counts.items():
        last = found[-1] if found else None
        # What is in another script is looked for by other people.
        apart = last is not None and group.startswith(OTHER) != last.first.startswith(OTHER)
        if last is None or apart or last.people + count > PART:
            found.append(Part(group, group, count))
        else:
            found[-1] = Part(last.first, group, last.people + count)
    return found


# --- keyed in ---------------------------------------------------------------------------------------------------


def device(session: Session, *, door_id: uuid.UUID, now: datetime) -> Device:
    """The device of what is keyed in, held until the transaction ends."""
    return device_of_pages(session, DEVICE_ID, name="Paper", door_id=door_id, now=now)


def badges_of(session: Session, references: Sequence[str]) -> Mapping[str, str]:
    """The look-up id of the badge that each of these references has now; none where there is none."""
    query = (
        select(Delegate.reference, Badge.lookup)
        .join(Badge, and_(Badge.delegate_id == Delegate.id, Badge.revoked_at.is_(None)))
        .where(Delegate.reference.in_(references))
    )
    return {row.reference: row.lookup for row in session.execute(query)}


def known(session: Session, lookups: Sequence[str]) -> set[str]:
    """Which of these look-up ids are badges of ours, revoked ones too."""
    return set(session.scalars(select(Badge.lookup).where(Badge.lookup.in_(lookups))))


def key_in(
    session: Session,
    lines: Sequence[Keyed],
    *,
    door: DoorPlace,
    direction: str,
    operator: str,
    programme: Programme,
    now: datetime,
) -> list[Judgement]:
    """Store lines of a paper list as scans, judged like those of any phone; the same line again is the same scan."""
    paper = device(session, door_id=door.id, now=now)
    ids = [scan_id(line, door_id=door.id, direction=direction) for line in lines]
    stored = set(session.scalars(select(Scan.id).where(Scan.id.in_(ids))))
    number = session.scalar(select(func.max(Scan.seq)).where(Scan.device_id == paper.id)) or 0
    numbers: dict[uuid.UUID, int] = {}
    for one in ids:
        # Dense, so that nothing seems missing: what is stored already takes no number.
        if one not in stored and one not in numbers:
            numbers[one] = number = number + 1
    readings = [
        Reading(
            id=one,
            seq=numbers.get(one, 0),
            lookup=line.lookup,
            other_event=False,
            door=door,
            direction=direction,
            input="paper",
            scanned_at=line.at,
            skew_ms=None,
            at=line.at,
            operator=operator,
        )
        for one, line in zip(ids, lines, strict=True)
    ]
    judge = judging.hold if paper.revoked_at is not None else judging.judge
    return judge(session, paper, readings, programme=programme, now=now)


def scan_id(line: Keyed, *, door_id: uuid.UUID, direction: str) -> uuid.UUID:
    """The id of a line's scan, which follows from what it says (RFC 9562, version 5)."""
    return uuid.uuid5(DEVICE_ID, f"{line.lookup} {line.at.isoformat()} {door_id} {direction}")


def lately(session: Session, *, areas: Collection[int], at_most: int) -> Sequence[Row[Any]]:
    """What was keyed in last in these areas, the newest first: scan, time, door, verdict, reason, person, voided."""
    query: Any = (
        select(
            *(Scan.id, Scan.at, Scan.day, Scan.door_id, Scan.direction, Scan.verdict, Scan.reason),
            *(Scan.operator, Delegate.reference, Delegate.name),
            exists().where(Void.scan_id == Scan.id).label("voided"),
        )
        .outerjoin(Delegate, Delegate.id == Scan.delegate_id)
        .where(Scan.device_id == DEVICE_ID, Scan.area_id.in_(areas))
        .order_by(Scan.seq.desc())
        .limit(at_most)
    )
    found: Sequence[Row[Any]] = session.execute(query).all()
    return found


def undo(session: Session, scan: uuid.UUID, *, author: str, now: datetime) -> bool:
    """Void a scan that was keyed in; False where it was voided already. Raises NotFound for any other scan."""
    if session.scalar(select(Scan.id).where(Scan.id == scan, Scan.device_id == DEVICE_ID)) is None:
        raise NotFound("unknown_scan", "There is no such line.")
    paper = session.scalars(select(Device).where(Device.id == DEVICE_ID)).one()
    # One void a scan, however often the button is pressed.
    void_id, reason = uuid.uuid5(DEVICE_ID, f"void {scan}"), "keyed in by mistake"
    return undoing.void(
        session, paper, void_id=void_id, scan_id=scan, reason=reason, at=now, now=now, author=author
    )
