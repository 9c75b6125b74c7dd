"""The JSON of the door API for protocol phones, as msgspec structs; it owns no table."""

import uuid
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct


class PinTried(Struct):
    """The PIN that was chosen when the phone was paired."""

    pin: Annotated[str, Meta(pattern="^[0-9]{4,8}$")]


class EntryOut(Struct):
    """The first entry of the day, and the door's name."""

    at: datetime
    door: str


class VipOut(Struct):
    """A VIP; `badge` is the look-up id or null, `today` the first entry, `entourage` null where nobody counted."""

    reference: str
    badge: str | None
    name: str
    organisation: str
    delegation: str
    category: str
    today: EntryOut | None
    entourage: int | None


class DelegationOut(Struct):
    """How many of a delegation have come, VIPs or not."""

    name: str
    arrived: int
    expected: int


class VipsOut(Struct):
    """What a phone keeps in memory while it is unlocked."""

    vips: list[VipOut]
    delegations: list[DelegationOut]


class ArrivalOut(Struct):
    """A VIP read at a door: by the badge's look-up id, never by name."""

    scan: uuid.UUID
    badge: str | None
    at: datetime
    door: str
    verdict: str
    reason: str | None


class ArrivalsOut(Struct):
    """What came in since the time that is given back as `since` the next time; some of it is told twice.

    `entourages` are today's counts by look-up id.
    """

    now: datetime
    time_zone: str
    arrivals: list[ArrivalOut]
    entourages: dict[str, int]


class ArrivalsQuery(Struct):
    """`now` of the last answer; none for the first question, which tells nothing of the past."""

    since: Annotated[str, Meta(max_length=40)] = ""


class EntourageCounted(Struct):
    """How many came with a VIP today; counting again takes another `id`, and the latest holds."""

    id: uuid.UUID
    badge: Annotated[str, Meta(min_length=1, max_length=40, pattern="^[^\x00]*$")]
    people: Annotated[int, Meta(ge=0, le=99)]
