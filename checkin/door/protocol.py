"""The door API of protocol phones: VIPs behind a PIN, their arrivals, their entourages; it owns no table."""

from flask import Response, g, request

from checkin import clock
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.domain import audit, items, protocol
from checkin.domain.doors import Device
from checkin.domain.programme import Programme
from checkin.domain.protocol import Vip
from checkin.door import payloads
from checkin.door import protocol_payloads as told
from checkin.door.api import PHONE, api, blueprint, current_programme, described, json_answer
from checkin.errors import Forbidden
from checkin.limits import limiter
from checkin.tokens import fits


@blueprint.post("/protocol/vips")
@open_to("protocol_device")
@limiter.limit("20/minute")
@api.validate(
    json=told.PinTried, resp=described(told.VipsOut, 401, 403), security=PHONE, skip_validation=True
)
def vips() -> Response:
    """Everything that a protocol officer sees, for the phone's PIN; five wrong ones lock it for 15 minutes."""
    asked = payloads.read(request.get_data(), told.PinTried)
    device: Device = g.device
    _unlock(device, asked.pin)
    programme, now = current_programme(), clock.now()
    today = programme.day_of(now)
    with transaction() as session:
        # Together with the look, so that nobody looks without it.
        audit.record(session, "VIPs opened", actor=f"device:{device.id}", now=now)
        found = protocol.vips(session, programme=programme, day=today)
        groups = protocol.delegations(session, programme=programme, day=today)
    delegations = [told.DelegationOut(name, one.arrived, one.expected) for name, one in groups.items()]
    return json_answer(told.VipsOut([_vip_out(one, programme) for one in found], delegations))


def _unlock(device: Device, pin: str) -> None:
    """Judge a PIN outside of any transaction, since that takes a tenth of a second; raises Forbidden."""
    now = clock.now()
    with transaction() as session:
        hashed, left = protocol.try_pin(session, device.id, now=now)
    right = fits(pin, hashed)
    with transaction() as session:
        if right:
            protocol.accept_pin(session, device.id)
        elif left == 0:
            audit.record(session, "PIN locked", actor=f"device:{device.id}", now=now, subject=device.name)
    if not right:
        raise Forbidden("wrong_pin", f"This isn't the phone's PIN; {left} more tries.")


def _vip_out(vip: Vip, programme: Programme) -> told.VipOut:
    entry = vip.entry
    return told.VipOut(
        reference=vip.reference,
        badge=vip.badge,
        name=vip.name,
        organisation=vip.organisation,
        delegation=vip.delegation,
        category=programme.categories[vip.category_id].name,
        today=None if entry is None else told.EntryOut(entry.at, programme.doors[entry.door_id].name),
        entourage=vip.entourage,
    )


@blueprint.get("/protocol/arrivals")
@open_to("protocol_device")
@limiter.limit("120/minute")
@api.validate(
    query=told.ArrivalsQuery,
    resp=described(told.ArrivalsOut, 401, 403),
    security=PHONE,
    skip_validation=True,
)
def arrivals() -> Response:
    """Which VIPs were read at which doors since the last answer, without a name."""
    programme, now = current_programme(), clock.now()
    since = items.moment_of(request.args.get("since") or None)
    today = programme.day_of(now)
    with reading() as session:
        rows = (
            protocol.arrivals(session, programme=programme, since=since, day=today)
            if since is not None
            else []
        )
        counted = protocol.entourages_by_badge(session, day=today)
    news = [
        told.ArrivalOut(r.id, r.lookup, r.at, programme.doors[r.door_id].name, r.verdict, r.reason)
        for r in rows
    ]
    return json_answer(told.ArrivalsOut(now, programme.time_zone, news, counted))


@blueprint.post("/protocol/entourage")
@open_to("protocol_device")
@limiter.limit("120/minute")
@api.validate(
    json=told.EntourageCounted,
    resp=described(payloads.Accepted, 401, 403, 404),
    security=PHONE,
    skip_validation=True,
)
def entourage() -> Response:
    """Count how many came with a VIP today; idempotent by `id`."""
    asked = payloads.read(request.get_data(), told.EntourageCounted)
    device: Device = g.device
    programme, now = current_programme(), clock.now()
    with transaction() as session:
        reference = protocol.count_entourage(
            session,
            device,
            count_id=asked.id,
            badge=asked.badge,
            people=asked.people,
            programme=programme,
            now=now,
        )
        if reference is not None:
            actor, people = f"device:{device.id}", asked.people
            audit.record(session, "entourage counted", actor=actor, now=now, subject=reference, people=people)
    return json_answer(payloads.Accepted(asked.id))
