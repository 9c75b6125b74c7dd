"""The door API's sealed roster: by it phones judge without the server; it owns no table."""

from base64 import urlsafe_b64encode

from flask import Response, g, request

from checkin import clock
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.domain import doors, roster
from checkin.domain.doors import HEARD_EVERY, Device
from checkin.domain.programme import DoorPlace, Entitlement, Programme
from checkin.domain.roster import Roster
from checkin.domain.test_badges import test_lookups
from checkin.door import payloads
from checkin.door.api import PHONE, api, blueprint, current_programme, described, json_answer
from checkin.limits import limiter


def _asks_for_changes() -> bool:
    """Whether a request has a cursor that spares it the whole roster."""
    cursor = roster.cursor_of(request.args.get("since"))
    return cursor is not None and roster.is_known(cursor, programme=current_programme(), now=clock.now())


@blueprint.get("/roster")
@open_to("device")
@limiter.limit("60/minute")
# A whole roster of ten thousand costs the server a tenth of a second.
@limiter.limit("12/minute", exempt_when=_asks_for_changes)
@api.validate(
    query=payloads.RosterQuery,
    resp=described(payloads.RosterOut, 401, 403),
    security=PHONE,
    skip_validation=True,
)
def get_roster() -> Response:
    """Everything a phone needs to judge by itself, or what has changed since the cursor it was given.

    A card is sealed with a key that only its own badge's code gives: the roster tells nobody's name.
    """
    programme, now = current_programme(), clock.now()
    device: Device = g.device
    since = request.args.get("since") or None
    cursor = roster.cursor_of(since)
    with reading() as session:
        found = roster.roster(session, programme=programme, device_id=device.id, since=cursor, now=now)
    if now - device.heard_at > HEARD_EVERY:
        with transaction() as session:
            doors.note_alive(session, device.id, now=now)
    known = cursor is not None and not found.whole and cursor.version == programme.version
    return json_answer(_roster_out(found, since, None if known else programme_out(programme)))


def _roster_out(
    found: Roster, since: str | None, programme: payloads.ProgrammeOut | None
) -> payloads.RosterOut:
    return payloads.RosterOut(
        epoch=found.cursor.epoch,
        cursor=str(found.cursor),
        since=since,
        whole=found.whole,
        now=found.cursor.at,
        entries=[
            (row.lookup, urlsafe_b64encode(row.card).decode(), str(row.category_id)) for row in found.live
        ],
        removed=[lookup for lookup, _ in found.dead],
        reasons=[reason for _, reason in found.dead],
        passages=[(row.lookup, row.at, row.door_id, row.direction, row.id) for row in found.passages],
        voided=list(found.voided),
        programme=programme,
    )


def programme_out(programme: Programme) -> payloads.ProgrammeOut:
    """The set-up as phones judge by it."""
    return payloads.ProgrammeOut(
        code=programme.code,
        name=programme.name,
        time_zone=programme.time_zone,
        cutover_hour=programme.cutover_hour,
        reentry_after_s=int(programme.reentry_after.total_seconds()),
        unknown_offline=programme.unknown_offline,
        code_prefix=programme.code_prefix,
        days=[day.date.isoformat() for day in programme.days],
        doors=[door_choice(door) for door in programme.doors.values()],
        categories={
            str(number): _category_out(one, programme) for number, one in programme.categories.items()
        },
        tests=dict(test_lookups(programme)),
    )


def door_choice(door: DoorPlace) -> payloads.DoorChoice:
    """A door at which a phone can stand."""
    return payloads.DoorChoice(door.id, door.name, door.area, door.direction)


def _category_out(category: Entitlement, programme: Programme) -> payloads.CategoryOut:
    return payloads.CategoryOut(
        name=category.name,
        colour=category.colour,
        protocol=category.protocol,
        areas=[programme.areas[area] for area in sorted(category.areas)],
        days={
            day.isoformat(): None if hours is None else [hours.opens, hours.closes]
            for day, hours in category.days.items()
        },
    )
