"""The door API: pairing, scans, decisions, voids, search; it owns no table."""

from datetime import datetime
from typing import Any

from flask import Response, current_app, g, jsonify, request
from flask_limiter.util import get_remote_address
from sqlalchemy import Row

from checkin import clock, metrics
from checkin.access import bearer_token, open_to, unknown_token
from checkin.db import db, reading, transaction
from checkin.domain import (
    attendance,
    audit,
    badges,
    doors,
    first_entry,
    items,
    judging,
    searching,
    undoing,
    words,
)
from checkin.domain.doors import HEARD_EVERY, Device, PhoneState
from checkin.domain.first_entry import Question
from checkin.domain.items import Item
from checkin.domain.judging import Judgement
from checkin.domain.programme import Programme
from checkin.door import payloads
from checkin.door.api import (
    PHONE,
    api,
    blueprint,
    current_programme,
    described,
    description,
    door_out,
    event_out,
    json_answer,
    programmes,
)
from checkin.door.pairing import pair_phone
from checkin.door.payloads import Result
from checkin.door.rosters import door_choice
from checkin.errors import NotFound, Refusal
from checkin.limits import count_upload, limiter, refuse_too_many_uploads
from checkin.tokens import BadgeKey, token_hash

BIG_BODY = 2 * 1024 * 1024


@description.get("/api/openapi.json")
@open_to("everyone")
def openapi() -> Response:
    """The door API described, as OpenAPI 3.1."""
    return jsonify(_with_problems(api.spec))


def _with_problems(spec: dict[str, Any]) -> dict[str, Any]:
    """Name the media type of RFC 9457 for errors, where SpecTree knows only plain JSON."""
    operations = [operation for path in spec["paths"].values() for operation in path.values()]
    for response in (one for operation in operations for one in operation["responses"].items()):
        content = response[1].get("content", {})
        if int(response[0]) >= 400 and "application/json" in content:
            content["application/problem+json"] = content.pop("application/json")
    return spec


@blueprint.post("/pair")
@open_to("everyone")
@limiter.limit("300/minute", key_func=get_remote_address)
@api.validate(json=payloads.Pair, resp=described(payloads.Paired, 403), skip_validation=True)
def pair() -> Response:
    """Turn a pairing code, which works once and for ten minutes, into a phone's token."""
    asked = payloads.read(request.get_data(), payloads.Pair)
    now = clock.now()
    programme = current_programme()
    operator = items.printable(asked.operator) or "Helper"
    device, token = pair_phone(asked.code, operator=operator, pin=asked.pin, now=now)
    return json_answer(
        payloads.Paired(
            token,
            payloads.DeviceOut(device.id, device.name, device.kind),
            door_out(programme, device),
            event_out(programme),
        )
    )


@blueprint.post("/move")
@open_to("device")
@limiter.limit("60/minute")
@api.validate(
    json=payloads.Move, resp=described(payloads.Moved, 401, 403, 404), security=PHONE, skip_validation=True
)
def move() -> Response:
    """Stand at another door from now on; scans keep the door where they were made."""
    asked = payloads.read(request.get_data(), payloads.Move)
    programme = current_programme()
    door = programme.door_named(asked.door)
    with transaction() as session:
        doors.move_device(session, g.device.id, door_id=door.id)
    return json_answer(payloads.Moved(payloads.DoorOut(door.id, door.name, door.area)))


@blueprint.post("/scans")
@open_to("device", asks=True)
@limiter.exempt
@api.validate(
    json=payloads.Upload, resp=described(payloads.Results, 401, 413), security=PHONE, skip_validation=True
)
def scans() -> Response:
    """Store scans and say what each means: one result a scan, in the same order."""
    request.max_content_length = BIG_BODY
    token = token_hash(bearer_token())
    now = clock.now()
    refuse_too_many_uploads(token, now=now)
    upload = payloads.read_loosely(request.get_data())
    skew = payloads.skew_ms(items.moment_of(upload.get("sent_at")), now=now)
    phone = payloads.phone_of(upload.get("phone", {}))
    results = _quickly(upload["scans"], token, phone, skew or 0, now) or _judge(
        upload["scans"], token, phone, skew or 0, now
    )
    count_upload(token, now=now)
    for one in results:
        metrics.SCANS.labels(one.verdict).inc()
    latest = programmes().latest
    if latest is None:
        raise RuntimeError("scans were judged without a programme")
    return json_answer(payloads.Results(latest.epoch, skew, results))


def _quickly(
    raws: list[Any], token: bytes, phone: PhoneState, skew_ms: int, now: datetime
) -> list[Result] | None:
    """The answer to a lone first entry; None for everything else."""
    programme = programmes().latest
    item = items.item_of(raws[0]) if len(raws) == 1 else None
    if programme is None or item is None or not items.named_doors_exist(item, programme):
        return None
    found = _ask(item, token, programme)
    if found is None:
        raise unknown_token()
    if found.revoked_at is not None or not programmes().is_latest(found.epoch, found.version):
        return None
    asked = items.reading_of(item, programme, door=programme.doors[found.door_id], operator=found.operator)
    judgement = first_entry.enter(db.engines, found, asked, programme=programme, now=now)
    if judgement is None:
        return None
    if now - found.heard_at > HEARD_EVERY:
        with transaction() as session:
            doors.note_heard(session, found.device_id, phone=phone, skew_ms=skew_ms, now=now)
    return [_result(raws[0], judgement, programme)]


def _ask(item: Item, token: bytes, programme: Programme) -> Row[Any] | None:
    lookup, _ = items.lookup_of(item, code_prefix=programme.code_prefix)
    door = items.door_of(item, programme)
    day = programme.day_of(items.at_of(item))
    with db.get_engine("autocommit").connect() as connection:
        return first_entry.ask(
            connection, Question(token, lookup, item.id, None if door is None else door.id, day)
        )


def _judge(raws: list[Any], token: bytes, phone: PhoneState, skew_ms: int, now: datetime) -> list[Result]:
    """The answers to any upload, its malformed scans rejected and the others stored."""
    with reading() as session:
        device = doors.device_with_token_hash(session, token)
        programme = programmes().current(session)
    if device is None:
        raise unknown_token()
    given = [items.item_of(raw) for raw in raws]
    good = [item is not None and items.named_doors_exist(item, programme) for item in given]
    readings = [
        items.reading_of(item, programme, door=programme.doors[device.door_id], operator=device.operator)
        for item, is_good in zip(given, good, strict=True)
        if item is not None and is_good
    ]
    with transaction() as session:
        judge = judging.hold if device.revoked_at is not None else judging.judge
        judged = iter(judge(session, device, readings, programme=programme, now=now))
        doors.note_heard(session, device.id, phone=phone, skew_ms=skew_ms, now=now)
    return [
        _result(raw, next(judged) if is_good else None, programme)
        for raw, is_good in zip(raws, good, strict=True)
    ]


def _result(raw: Any, judgement: Judgement | None, programme: Programme) -> Result:
    if judgement is None:
        return payloads.rejected(raw)
    key: BadgeKey = current_app.config["CHECKIN"].key
    return payloads.result(
        judgement, raw, code_of=lambda badge_id: key.code(badge_id, prefix=programme.code_prefix)
    )


@blueprint.get("/state")
@open_to("device")
@limiter.limit("120/minute")
@api.validate(resp=described(payloads.ScannerState, 401, 403), security=PHONE, skip_validation=True)
def state() -> Response:
    """Who this phone is, where it stands and may stand, and how many came in there today."""
    programme, now = current_programme(), clock.now()
    device: Device = g.device
    with reading() as session:
        today = attendance.entered_at(session, device.door_id, day=programme.day_of(now))
    if now - device.heard_at > HEARD_EVERY:
        # A phone before which nobody stands is heard too: it asks this every minute.
        with transaction() as session:
            doors.note_alive(session, device.id, now=now)
    choices = {door.id: door_choice(door) for door in programme.doors.values()}
    return json_answer(
        payloads.ScannerState(
            payloads.DeviceOut(device.id, device.name, device.kind),
            device.operator,
            choices[device.door_id],
            list(choices.values()),
            event_out(programme),
            today,
            now,
        )
    )


@blueprint.post("/lookup")
@open_to("device")
@limiter.limit("10/minute; 100/day")
@api.validate(
    json=payloads.Lookup,
    resp=described(payloads.LookedUp, 401, 403, 404),
    security=PHONE,
    skip_validation=True,
)
def lookup() -> Response:
    """Find a badge whose code can't be read, by its reference and three letters of its bearer's name.

    Wrong letters and unknown references are answered alike, and not often.
    """
    asked = payloads.read(request.get_data(), payloads.Lookup)
    with transaction() as session:
        found = badges.named_badge(session, asked.reference, letters=asked.letters)
        actor = f"device:{g.device.id}"
        audit.record(session, "badge looked up", actor=actor, now=clock.now(), found=found is not None)
    if found is None:
        raise NotFound("no_such_badge", "There is no badge with this reference and these letters.")
    lookup_id, card = found
    return json_answer(payloads.LookedUp(lookup_id, payloads.CardOut(**vars(card))))


@blueprint.post("/decisions")
@open_to("device")
@limiter.limit("600/minute")
@api.validate(
    json=payloads.DecisionMade,
    resp=described(payloads.Accepted, 401, 403),
    security=PHONE,
    skip_validation=True,
)
def decisions() -> Response:
    """Add what the helper did after a `repeat`."""
    asked = payloads.read(request.get_data(), payloads.DecisionMade)
    with transaction() as session:
        undoing.decide(session, g.device, scan_id=asked.scan, decision=asked.decision, now=clock.now())
    return json_answer(payloads.Accepted(asked.scan))


@blueprint.post("/voids")
@open_to("device")
@limiter.limit("600/minute")
@api.validate(
    json=payloads.VoidAsked,
    resp=described(payloads.Accepted, 401, 403, 409),
    security=PHONE,
    skip_validation=True,
)
def voids() -> Response:
    """Undo a scan with a reason; idempotent by `id`, also for a scan that has not arrived yet."""
    asked = payloads.read(request.get_data(), payloads.VoidAsked)
    now = clock.now()
    at = items.moment_of(asked.at)
    if at is None:
        raise Refusal("bad_request", "`at` lies outside the years 1970 to 2200.", status=400)
    device, subject = g.device, f"scan:{asked.scan}"
    with transaction() as session:
        undone = undoing.void(
            session, device, void_id=asked.id, scan_id=asked.scan, reason=asked.reason, at=at, now=now
        )
        if undone:
            actor = f"device:{device.id}"
            audit.record(session, "scan voided", actor=actor, now=now, subject=subject, reason=asked.reason)
    return json_answer(payloads.Accepted(asked.id))


@blueprint.get("/search")
@open_to("desk_device")
@limiter.limit("240/minute")
@api.validate(
    query=payloads.SearchQuery,
    resp=described(payloads.SearchResults, 401, 403),
    security=PHONE,
    skip_validation=True,
)
def search() -> Response:
    """Find people by words of name, organisation, e-mail and reference, or a phone's last four digits."""
    query = request.args.get("q", "").strip()
    if len(query) > 100 or not words.is_enough(query):
        raise Refusal("query_too_short", "Type at least two letters, or one Chinese character.", status=400)
    now = clock.now()
    programme = current_programme()
    with transaction() as session:
        audit.record(
            session, "delegates searched", actor=f"device:{g.device.id}", now=now, letters=len(query)
        )
    with reading() as session:
        found = searching.search(session, query, area_id=programme.main_area, day=programme.day_of(now))
    people = [payloads.FoundPerson(**vars(person)) for person in found]
    return json_answer(payloads.SearchResults(people))
