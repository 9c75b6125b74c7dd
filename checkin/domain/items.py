"""Scans as phones write them, read into readings for the rule; it owns no table."""

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from checkin.domain.judging import Reading
from checkin.domain.programme import DoorPlace, Programme
from checkin.domain.verdicts import corrected
from checkin.errors import NotFound
from checkin.tokens import looks_like_a_code, lookup_id, read_code

EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)

# A phone's clock may be wrong by decades; what is beyond ten years is no measurement.
SkewMs = Annotated[int, Meta(ge=-315_360_000_000, le=315_360_000_000)]
# Whatever a QR code can hold (ISO/IEC 18004: 7,089 digits) may be read at a door.
CodeText = Annotated[str, Meta(max_length=8000)]
# PostgreSQL's text has no NUL.
Line = Annotated[str, Meta(max_length=500, pattern="^[^\x00]*$")]
Name = Annotated[str, Meta(max_length=100, pattern="^[^\x00]*$")]
Proof = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{16}$")]
Moment = Annotated[datetime, Meta(tz=True)]


class Item(Struct):
    """One scan: `code` as it was read, or `badge`, the roster's look-up id; `seq` is dense for a phone.

    Who sends `badge` shows by `proof` (`tokens.proof_of`) to have read it, and is told whose it is.
    """

    id: uuid.UUID
    seq: Annotated[int, Meta(ge=0, le=2**53)]
    scanned_at: Moment
    direction: Literal["in", "out"]
    input: Literal["camera", "wedge", "typed", "desk", "paper"]
    code: CodeText | UnsetType = UNSET
    badge: CodeText | UnsetType = UNSET
    proof: Proof | None = None
    skew_ms: SkewMs | None = None
    shown: Name | None = None
    door: Name | None = None
    operator: Name | None = None
    reason: Line | None = None


def item_of(raw: Any) -> Item | None:
    """One scan, or None where it is malformed."""
    try:
        item = msgspec.convert(raw, Item)
        ok = item.code is not UNSET or item.badge is not UNSET
        # Raises for a lone surrogate, which no database can keep; in a code it is only hashed.
        "".join(filter(None, (item.shown, item.operator, item.reason, item.door))).encode()
        return item if ok and EARLIEST <= item.scanned_at <= LATEST else None
    except (msgspec.ValidationError, RecursionError, OverflowError, ValueError):
        return None


def moment_of(raw: Any) -> datetime | None:
    """A time of the phone, or None where it is none."""
    try:
        moment = msgspec.convert(raw, Moment)
    except (msgspec.ValidationError, OverflowError, ValueError):
        return None
    return moment if EARLIEST <= moment <= LATEST else None


def lookup_of(item: Item, *, code_prefix: str) -> tuple[str, bool]:
    """The look-up id of what was read, and whether another event made the code."""
    if isinstance(item.code, str):
        code = read_code(item.code)
        return lookup_id(code), not code.startswith(code_prefix) and looks_like_a_code(code)
    badge = str(item.badge)
    # What no look-up id can be is kept in the shape of one.
    return (badge if _is_lookup(badge) else lookup_id(f"badge {badge}")), False


def _is_lookup(text: str) -> bool:
    return len(text) == 16 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()


def door_of(item: Item, programme: Programme) -> DoorPlace | None:
    """The door that a scan names, None where it names none; raises NotFound for one that doesn't exist."""
    return None if item.door is None else programme.door_named(item.door)


def at_of(item: Item) -> datetime:
    """When a scan was made, by its own time put right."""
    return corrected(item.scanned_at.astimezone(UTC), item.skew_ms)


def reading_of(item: Item, programme: Programme, *, door: DoorPlace, operator: str) -> Reading:
    """A scan as the domain judges it; `door` and `operator` are the phone's own where the scan names none."""
    lookup, other_event = lookup_of(item, code_prefix=programme.code_prefix)
    return Reading(
        id=item.id,
        seq=item.seq,
        lookup=lookup,
        other_event=other_event,
        door=door_of(item, programme) or door,
        direction=item.direction,
        input=item.input,
        scanned_at=item.scanned_at.astimezone(UTC),
        skew_ms=item.skew_ms,
        at=at_of(item),
        operator=printable(item.operator or "") or operator,
        note=printable(item.reason or ""),
        shown=printable(item.shown or ""),
    )


def printable(text: str) -> str:
    """A text that people will read without what would hide or turn it: controls, bidi marks."""
    return "".join(letter for letter in text if letter.isprintable()).strip()


def named_doors_exist(item: Item, programme: Programme) -> bool:
    """Whether the door that a scan names, if it names one, exists."""
    try:
        door_of(item, programme)
    except NotFound:
        return False
    return True
