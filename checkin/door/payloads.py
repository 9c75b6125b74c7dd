"""The door API's JSON: what phones send and get, as msgspec structs; it owns no table."""

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from checkin.domain.doors import PhoneState
from checkin.domain.items import Item, Moment
from checkin.domain.judging import Judgement, Sighting
from checkin.errors import Refusal
from checkin.tokens import proof_of, same

SCANS_AT_MOST = 1000


class Pair(Struct):
    """A pairing code, the name of the helper who holds the phone, and for a protocol phone its PIN."""

    code: Annotated[str, Meta(min_length=1, max_length=100)]
    operator: Annotated[str, Meta(min_length=1, max_length=100, pattern="^[^\x00]*$")]
    pin: Annotated[str, Meta(pattern="^[0-9]{4,8}$")] | None = None


class Phone(Struct):
    """What a phone tells of itself: scans waiting, its roster's age in seconds, battery from 0 to 1."""

    waiting: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    roster_age_s: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    battery: Annotated[float, Meta(ge=0, le=1)] | None = None


class Upload(Struct):
    """1 to 1,000 scans; `sent_at` is the phone's clock now."""

    scans: Annotated[list[Item], Meta(min_length=1, max_length=SCANS_AT_MOST)]
    epoch: str | None = None
    sent_at: Moment | None = None
    phone: Phone | None = None


class Move(Struct):
    """The door, by its id or its name, at which the phone stands from now on."""

    door: Annotated[str, Meta(min_length=1, max_length=100, pattern="^[^\x00]*$")]


class DecisionMade(Struct):
    """What the helper did after a `repeat`."""

    scan: uuid.UUID
    decision: Literal["let_in", "sent_to_desk"]


class VoidAsked(Struct):
    """The undoing of a scan, which may not have arrived yet."""

    id: uuid.UUID
    scan: uuid.UUID
    reason: Annotated[str, Meta(min_length=1, max_length=500, pattern="^[^\x00]*$")]
    at: Moment


class DeviceOut(Struct):
    """A phone's id and name; `kind` is door, desk or protocol."""

    id: uuid.UUID
    name: str
    kind: str


class DoorOut(Struct):
    """A door and the name of its area."""

    id: uuid.UUID
    name: str
    area: str


class EventOut(Struct):
    """What a phone must know of the event."""

    name: str
    time_zone: str
    days: list[str]
    cutover_hour: int
    epoch: uuid.UUID


class Paired(Struct):
    """The answer to a pairing; the token is told this once."""

    token: str
    device: DeviceOut
    door: DoorOut
    event: EventOut


class PersonOut(Struct):
    """The bearer of a badge."""

    reference: str
    name: str
    organisation: str
    category: str
    note: str | None


class SightingOut(Struct):
    """When and at which door."""

    at: datetime
    door: str


class Result(Struct):
    """The verdict on one scan; `id` is echoed as it came."""

    id: Any
    verdict: Literal["admitted", "returned", "repeat", "left", "refused", "rejected", "held"]
    reason: str | None = None
    day: str | None = None
    just_now: bool = False
    delegate: PersonOut | None = None
    first: SightingOut | None = None
    last: SightingOut | None = None


class Results(Struct):
    """One result a scan, in the same order; `skew_ms` is how far the phone's clock is ahead of ours."""

    epoch: uuid.UUID
    skew_ms: int | None
    results: list[Result]


class DoorChoice(Struct):
    """A door at which a phone can stand; `direction` is in, out or both."""

    id: uuid.UUID
    name: str
    area: str
    direction: str


class ScannerState(Struct):
    """What the scanner page starts from; `today` counts today's first entries at the phone's door.

    `now` is the server's clock, from which the phone measures how far its own is off.
    """

    device: DeviceOut
    operator: str
    door: DoorChoice
    doors: list[DoorChoice]
    event: EventOut
    today: int
    now: datetime


class Lookup(Struct):
    """A damaged badge: the reference that is printed on it, and three letters of a word of the name."""

    reference: Annotated[str, Meta(max_length=100, pattern="^[^\x00]*$")]
    letters: Annotated[str, Meta(max_length=100, pattern="^[^\x00]*$")]


class CardOut(Struct):
    """What a badge's sealed card says: the phone has no code to open it with."""

    name: str
    organisation: str
    category: str
    note: str | None


class LookedUp(Struct):
    """The badge's look-up id, to be sent with a scan, and its bearer."""

    badge: str
    delegate: CardOut


class Moved(Struct):
    """Where the phone stands now."""

    door: DoorOut


class CategoryOut(Struct):
    """What a category opens: areas by name; days with the minutes after the cut-over from which until when, or null."""

    name: str
    colour: str
    protocol: bool
    areas: list[str]
    days: dict[str, list[int] | None]


class ProgrammeOut(Struct):
    """The set-up by which a phone judges; `categories` are keyed by an entry's entitlement.

    `tests` are the TEST badges by look-up id, each with the verdict that it practises.
    """

    code: str
    name: str
    time_zone: str
    cutover_hour: int
    reentry_after_s: int
    unknown_offline: str
    code_prefix: str
    days: list[str]
    doors: list[DoorChoice]
    categories: dict[str, CategoryOut]
    tests: dict[str, str]


class RosterOut(Struct):
    """The sealed roster, or what has changed in it since the cursor that is echoed as `since`.

    `entries` are look-up id, sealed card (base64url of nonce, ciphertext and tag) and entitlement. Those `removed`
    open nothing any more, for the `reasons` in the same order. `passages` are today's entries and exits: look-up id,
    time, door, direction, scan; the scans `voided` count no more. `programme` is null where it has not changed.
    """

    epoch: uuid.UUID
    cursor: str
    since: str | None
    whole: bool
    now: datetime
    entries: list[tuple[str, str, str]]
    removed: list[str]
    reasons: list[str]
    passages: list[tuple[str, datetime, uuid.UUID, str, uuid.UUID]]
    voided: list[uuid.UUID]
    programme: ProgrammeOut | None


class RosterQuery(Struct):
    """The cursor of the roster that a phone has; none for the whole."""

    since: Annotated[str, Meta(max_length=100)] = ""


class Accepted(Struct):
    """What was kept."""

    id: uuid.UUID
    status: Literal["accepted"] = "accepted"


class FoundPerson(Struct):
    """One result of a search; `today` is the first entry of the day to the main area, or null.

    `badge` is the look-up id of the live badge, to be sent with a scan; null where there is none. `status` is that of
    the registration: the badge of somebody `cancelled` is refused.
    """

    reference: str
    name: str
    organisation: str
    category: str
    today: datetime | None
    badge: str | None
    status: str


class SearchResults(Struct):
    """At most ten people."""

    results: list[FoundPerson]


class SearchQuery(Struct):
    """Words of a name, an organisation, an e-mail address or a reference, or a phone's last four digits."""

    q: Annotated[str, Meta(min_length=1, max_length=100)]


class Problem(Struct):
    """RFC 9457 problem details with a stable `code`."""

    type: str
    title: str
    status: int
    code: str
    detail: str


def read(body: bytes, payload: type[Any]) -> Any:
    """A request's JSON as a payload; raises a 400 Refusal that says what is wrong."""
    try:
        return msgspec.json.decode(body, type=payload)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Refusal("bad_request", f"This isn't what the API expects: {error}.", status=400) from error


def read_loosely(body: bytes) -> dict[str, Any]:
    """An upload's JSON, its scans unread, so that one malformed scan never blocks its neighbours."""
    try:
        upload = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        upload = _with_odd_texts(body)
    if not isinstance(upload, dict) or not isinstance(upload.get("scans"), list) or not upload["scans"]:
        raise Refusal(
            "bad_request", "An upload is a JSON object with a list of 1 to 1,000 `scans`.", status=400
        )
    if len(upload["scans"]) > SCANS_AT_MOST:
        raise Refusal(
            "too_many_scans", "An upload holds at most 1,000 scans: send them in several.", status=413
        )
    return upload


def _with_odd_texts(body: bytes) -> Any:
    """JSON with lone surrogates, which msgspec refuses: a QR code may hold anything."""
    try:
        return json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal("bad_request", "This isn't JSON.", status=400) from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def phone_of(raw: Any) -> PhoneState:
    """What a phone says of itself; nothing where that is malformed."""
    try:
        phone = msgspec.convert(raw, Phone)
    except (msgspec.ValidationError, RecursionError, ValueError):
        return PhoneState()
    return PhoneState(phone.waiting, phone.roster_age_s, phone.battery)


def rejected(raw: Any) -> Result:
    """The answer to a scan that can't be stored as it was sent."""
    return Result(raw.get("id") if isinstance(raw, dict) else None, "rejected", "malformed")


def result(judgement: Judgement, raw: dict[str, Any], *, code_of: Callable[[uuid.UUID], str]) -> Result:
    """A judgement as the API gives it; `code_of` gives a badge's code.

    Only who shows to have read a badge is told whose it is: every phone knows every look-up id, by which a hostile
    one could ask for everybody's name.
    """
    person = judgement.person if _has_read(raw, judgement.badge_id, code_of) else None
    return Result(
        id=raw["id"],
        verdict=judgement.verdict,  # type: ignore[arg-type]
        reason=judgement.reason,
        day=judgement.day.isoformat(),
        just_now=judgement.just_now,
        delegate=None if person is None else PersonOut(**vars(person)),
        first=_sighting(judgement.first),
        last=_sighting(judgement.last),
    )


def _has_read(raw: dict[str, Any], badge_id: uuid.UUID | None, code_of: Callable[[uuid.UUID], str]) -> bool:
    if isinstance(raw.get("code"), str):
        return True
    proof = raw.get("proof")
    return badge_id is not None and isinstance(proof, str) and same(proof, proof_of(code_of(badge_id)))


def _sighting(sighting: Sighting | None) -> SightingOut | None:
    return None if sighting is None else SightingOut(sighting.at, sighting.door)


def encode(answer: Any) -> bytes:
    """JSON; also of an id that was echoed although it is no text that UTF-8 can hold."""
    try:
        return msgspec.json.encode(answer)
    except (UnicodeEncodeError, ValueError):
        return json.dumps(msgspec.to_builtins(answer)).encode()


def skew_ms(sent_at: datetime | None, *, now: datetime) -> int | None:
    """How far a phone's clock is ahead of ours, in milliseconds; negative: behind; None: it didn't say."""
    return None if sent_at is None else (sent_at - now) // timedelta(milliseconds=1)
