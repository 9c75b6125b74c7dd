"""What phones report of themselves every few seconds, for those who watch the doors; it owns no table."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from flask import Response, g, request
from msgspec import Meta, Struct

from checkin import clock
from checkin.access import open_to
from checkin.db import transaction
from checkin.domain import doors, items
from checkin.domain.doors import PhoneReport
from checkin.door import payloads
from checkin.door.api import PHONE, api, blueprint, current_programme, described, json_answer
from checkin.errors import Refusal
from checkin.limits import limiter

SMALL_BODY = 4 * 1024

Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Report(Struct):
    """What a phone tells of itself; `last_seq` is the highest number that it has given to a scan, 0 before the first.

    Ages are in seconds, null where there is no roster; `battery` is 0 to 1, left out where it isn't known.
    """

    sent_at: items.Moment
    waiting: Count
    last_seq: Annotated[int, Meta(ge=0, le=2**53)]
    roster_age_s: Count | None
    camera: Literal["ok", "denied", "none", "busy", "insecure", "unknown"]
    sound: bool
    storage: Literal["persisted", "temporary", "refused", "full"]
    installed: bool
    battery: Annotated[float, Meta(ge=0, le=1)] | None = None
    tested_at: items.Moment | None = None


class Reported(Struct):
    """The server's clock, and the epoch: where it is a new one a phone offers all its scans again."""

    now: datetime
    epoch: uuid.UUID


@blueprint.post("/report")
@open_to("device")
@limiter.limit("60/minute")
@api.validate(json=Report, resp=described(Reported, 401, 403, 413), security=PHONE, skip_validation=True)
def report() -> Response:
    """Say how this phone is, every 15 seconds or so; only the last word of each phone is kept."""
    request.max_content_length = SMALL_BODY
    told: Report = payloads.read(request.get_data(), Report)
    sent_at, now = items.moment_of(told.sent_at), clock.now()
    if sent_at is None or (told.tested_at is not None and items.moment_of(told.tested_at) is None):
        raise Refusal("bad_request", "A time lies outside the years 1970 to 2200.", status=400)
    skew = payloads.skew_ms(sent_at, now=now) or 0
    with transaction() as session:
        doors.note_report(session, g.device.id, _kept(told), skew_ms=skew, now=now)
    return json_answer(Reported(now, current_programme().epoch))


def _kept(told: Report) -> PhoneReport:
    return PhoneReport(
        waiting=told.waiting,
        last_seq=told.last_seq,
        roster_age_s=told.roster_age_s,
        battery=told.battery,
        camera=told.camera,
        sound=told.sound,
        storage=told.storage,
        installed=told.installed,
        tested_at=told.tested_at,
    )
