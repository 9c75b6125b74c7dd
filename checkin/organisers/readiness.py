"""Before doors open: which phones are ready, what the others lack, and TEST badges to print; it owns no table."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, make_response, render_template
from flask_babel import format_percent, gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response

from checkin import clock
from checkin.access import my_doors, open_to
from checkin.db import reading, transaction
from checkin.documents.practice import practice_sheet
from checkin.domain import audit, readiness
from checkin.domain.doors import Device
from checkin.domain.programme import Programme
from checkin.limits import limiter
from checkin.organisers import hearing, pages

blueprint = Blueprint("readiness", __name__, url_prefix="/organiser/readiness")

# What each lack is, and how to mend it; a phone says the same on its own card.
LACKS = {
    "heard_never": (_("Not heard yet"), _("Open the scanner on it: it reports by itself.")),
    "heard_silent": (_("Silent for over two minutes"), _("Wake the phone, and look at its network.")),
    "camera_denied": (_("Camera not allowed"), _("Allow the camera for the page in the browser's settings.")),
    "camera_none": (_("No camera found"), _("Use a hand scanner, or another phone.")),
    "camera_busy": (_("Camera in use"), _("Close the other app, then start the camera again.")),
    "camera_insecure": (_("Page not secure"), _("Open the scanner by its https address.")),
    "camera_unknown": (_("Camera not started"), _("Tap to start scanning on the phone.")),
    "sound_off": (_("Sound off"), _("Turn the sound on and the volume up.")),
    "storage_temporary": (
        _("Storage not lasting"),
        _("Put the scanner on the home screen and open it there, so that the phone keeps its scans."),
    ),
    "storage_refused": (_("Storage refused"), _("Leave private browsing, or use another browser.")),
    "storage_full": (_("Storage full"), _("Make room on the phone.")),
    "roster_none": (_("No list of badges"), _("Keep the phone connected until the list has come.")),
    "roster_old": (_("List of badges older than 15 minutes"), _("Look at the phone's network.")),
    "clock_off": (
        _("Clock off by more than two minutes"),
        _("Set the clock to automatic in the phone's settings."),
    ),
    "battery_low": (_("Battery low"), _("Charge the phone, or take a power bank to the door.")),
    "test_missing": (_("No TEST badge read today"), _("Scan one of the printed TEST badges.")),
}


@dataclass(frozen=True)
class PhoneLine:
    """A phone as the page shows it; `lacks` are keys of LACKS."""

    id: uuid.UUID
    name: str
    operator: str
    door: str
    heard: str
    battery: str
    lacks: Sequence[str]


@blueprint.get("")
@open_to("organiser", "supervisor")
def index() -> str:
    """Every phone, ready or not, and what to do about it."""
    return _page("organiser/readiness.html")


@blueprint.get("/live")
@open_to("organiser", "supervisor")
def live() -> str:
    """The parts that change, for the page that stands open."""
    return _page("organiser/readiness_live.html")


def _page(template: str) -> str:
    now = clock.now()
    with reading() as session:
        plan = pages.programme_now(session)
        phones = readiness.phones(session)
    order = {door.id: place for place, door in enumerate(my_doors(plan))}
    phones = sorted(
        (phone for phone in phones if phone.door_id in order),
        key=lambda phone: (order[phone.door_id], len(phone.name), phone.name),
    )
    lines = [_line(phone, plan, now=now) for phone in phones]
    return render_template(
        template,
        plan=plan,
        waiting=[line for line in lines if line.lacks],
        ready=[line for line in lines if not line.lacks],
        said=LACKS,
        often=Counter(lack for line in lines for lack in line.lacks).most_common(),
        as_of=pages.moment(now, plan),
    )


def _line(phone: Device, plan: Programme, *, now: datetime) -> PhoneLine:
    return PhoneLine(
        id=phone.id,
        name=phone.name,
        operator=phone.operator,
        door=plan.doors[phone.door_id].name,
        heard="" if phone.reported_at is None else hearing.heard(now - phone.reported_at),
        battery="" if phone.battery is None else str(format_percent(phone.battery)),
        lacks=readiness.missing(readiness.facts_of(phone, programme=plan, now=now)),
    )


@blueprint.post("/test-badges.pdf")
@open_to("organiser")
@limiter.limit("20 per minute")
def test_badges() -> Response:
    """The sheet of TEST badges."""
    with reading() as session:
        plan = pages.programme_now(session)
    sheet = practice_sheet(plan)
    with transaction() as session:
        audit.record(session, "TEST badges printed", actor=pages.actor(), now=clock.now())
    response = make_response(sheet)
    response.content_type = "application/pdf"
    name = gettext("TEST badges")
    response.headers.set("Content-Disposition", "attachment", filename=f"{plan.code}-{name}.pdf")
    return response
