"""Doors and phones: how each is, pairing by a code on the screen, moving, revoking; it owns no table."""

import uuid
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_security import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from checkin import clock
from checkin.access import check_area, my_doors, open_to
from checkin.adapters import qr
from checkin.config import LOOPBACK
from checkin.db import reading, transaction
from checkin.domain import audit, doors
from checkin.domain.doors import PAIRING_LIFE
from checkin.domain.programme import DoorPlace, Programme
from checkin.errors import Forbidden, NotFound, Refusal
from checkin.limits import limiter, network
from checkin.organisers import pages, phones

blueprint = Blueprint("doors", __name__, url_prefix="/organiser/doors")

# How many codes of one screen may work at a time: helpers type their names while the next one scans.
LIVE_CODES = 4
# A screen that stands open takes a fresh code a minute before its own is too old.
FRESH_BEFORE = timedelta(minutes=1)
# The pairings that this browser's screens have offered, in the session.
OFFERED = "pairings"


def _member() -> str:
    return str(session.get("_user_id") or network())


@blueprint.get("")
@open_to("organiser", "supervisor")
def index() -> str:
    """Every door with its phones."""
    now = clock.now()
    with reading() as db_session:
        plan = pages.programme_now(db_session)
        paired = [device for device in doors.devices(db_session) if device.kind != "paper"]
        devices = sorted(paired, key=lambda device: (len(device.name), device.name))
        of_all = phones.known(db_session, now=now)
    mine = my_doors(plan)
    rows = [
        (device, phones.phone_row(device, plan, of_all, now=now))
        for device in devices
        if plan.doors[device.door_id] in mine
    ]
    live = [(device.door_id, row) for device, row in rows if device.revoked_at is None]
    return render_template(
        "organiser/doors.html",
        doors=[(door, [row for at, row in live if at == door.id]) for door in mine],
        revoked=[row for device, row in rows if device.revoked_at is not None],
        phones=len(live),
        unreachable=_unreachable(),
        directions=_directions(),
    )


def _directions() -> dict[str, str]:
    return {"in": str(_("in")), "out": str(_("out")), "both": str(_("in and out"))}


def _unreachable() -> str:
    """Why phones can't use the address that they are given; empty where they can."""
    address = urlsplit(_base_url())
    if address.hostname in LOOPBACK:
        return "loopback"
    return "" if address.scheme == "https" else "http"


def _base_url() -> str:
    base_url: str = current_app.config["CHECKIN"].base_url
    return base_url.rstrip("/")


# --- pairing ----------------------------------------------------------------------------------------------------


@blueprint.route("/<uuid:door_id>/pair", methods=["GET", "POST"])
@open_to("organiser", "supervisor")
@limiter.limit("60 per minute; 2000 per day", key_func=_member, methods=["POST"])
def pair(door_id: uuid.UUID) -> str:
    """The screen that phones scan. Each POST offers one more code and shows it: it is kept nowhere.

    With `part` in the address only the code is shown, for the screen that stands open.
    """
    kind = pages.chosen("kind", doors.KINDS) or "door"
    if kind != "door" and current_user.role != "organiser":
        raise Forbidden("not_yours", "Only an organiser may pair a phone that shows names.")
    with reading() as db_session:
        plan = pages.programme_now(db_session)
    door = _door(plan, door_id)
    shown = _offer(door, kind=kind) if request.method == "POST" else None
    part = "part" in request.args and shown is not None
    return render_template(
        "organiser/pairing_code.html" if part else "organiser/pairing.html",
        door=door,
        kind=kind,
        offered=shown,
        places=my_doors(plan),
        unreachable=_unreachable(),
        base_url=_base_url(),
    )


def _door(plan: Programme, door_id: uuid.UUID) -> DoorPlace:
    if door_id not in plan.doors:
        raise NotFound("unknown_door", "There is no such door.")
    check_area(plan.doors[door_id].area_id, plan)
    return plan.doors[door_id]


def _offer(door: DoorPlace, *, kind: str) -> dict[str, Any]:
    now = clock.now()
    with transaction() as db_session:
        pairing, code = doors.offer_pairing(db_session, door.id, kind=kind, now=now)
        _keep_few(db_session, pairing.id, now=now)
        audit.record(
            db_session, "pairing offered", actor=pages.actor(), now=now, subject=door.name, kind=kind
        )
    address = f"{_base_url()}/door/pair/{quote(code)}"
    side, path = qr.picture(address)
    again = PAIRING_LIFE - FRESH_BEFORE
    return {
        "id": pairing.id,
        "address": address,
        "side": side,
        "path": path,
        "seconds": int(again.total_seconds()),
    }


def _keep_few(db_session: Session, pairing_id: uuid.UUID, *, now: datetime) -> None:
    """Remember what this browser's screens have offered, and end what is older than the last few."""
    offered = [*_offered(), pairing_id]
    for old in offered[:-LIVE_CODES]:
        doors.withdraw_pairing(db_session, old, now=now)
    session[OFFERED] = [str(one) for one in offered[-LIVE_CODES:]]


def _offered() -> list[uuid.UUID]:
    return [uuid.UUID(one) for one in session.get(OFFERED, [])]


@blueprint.get("/pairings")
@open_to("organiser", "supervisor")
@limiter.limit("120 per minute", key_func=_member)
def pairings() -> Response:
    """What became of the codes that this browser's screens have offered, as JSON."""
    with reading() as db_session:
        paired = doors.devices_paired_by(db_session, _offered())
    ready = [
        {
            "pairing": str(device.pairing_id),
            "said": _("%(name)s · %(phone)s is ready", name=device.operator, phone=device.name),
        }
        for device in paired
    ]
    return jsonify({"ready": ready})


# --- one phone --------------------------------------------------------------------------------------------------


@blueprint.get("/phones/<uuid:device_id>")
@open_to("organiser", "supervisor")
def phone(device_id: uuid.UUID) -> str:
    """A phone: how it is, what is missing and held of its scans, and the doors to which it can be moved."""
    return phones.page(device_id)


@blueprint.post("/phones/<uuid:device_id>/move")
@open_to("organiser", "supervisor")
def move(device_id: uuid.UUID) -> BaseResponse:
    """Stand the phone at another door; its earlier scans keep theirs."""
    door_id, now = pages.identifier(pages.typed("door")), clock.now()
    with transaction() as db_session:
        plan = pages.programme_now(db_session)
        if door_id is None or door_id not in plan.doors:
            raise Refusal("unknown_door", "Please choose one of the doors.")
        door = _door(plan, door_id)
        device = doors.device(db_session, device_id)
        _door(plan, device.door_id)
        doors.move_device(db_session, device.id, door_id=door.id)
        audit.record(
            db_session,
            "device moved",
            actor=pages.actor(),
            now=now,
            subject=device.name,
            door=door.name,
        )
    flash(_("%(phone)s stands at %(door)s now.", phone=device.name, door=door.name), "success")
    return redirect(url_for("doors.index"), 303)


@blueprint.route("/phones/<uuid:device_id>/revoke", methods=["GET", "POST"])
@open_to("organiser", "supervisor")
def revoke(device_id: uuid.UUID) -> BaseResponse | str:
    """Ask once more, then end the phone's access; what it still uploads is held."""
    if request.method == "GET":
        return phones.page(device_id, template="organiser/doors_revoke.html")
    now = clock.now()
    with transaction() as db_session:
        device = doors.device(db_session, device_id)
        _door(pages.programme_now(db_session), device.door_id)
        # A second click finds it done.
        if device.revoked_at is None:
            doors.revoke_device(db_session, device.id, now=now)
            reason, subject = pages.typed("reason"), device.name
            audit.record(
                db_session, "device revoked", actor=pages.actor(), now=now, subject=subject, reason=reason
            )
    flash(_("%(phone)s is revoked: it can't scan any more.", phone=device.name), "success")
    return redirect(url_for("doors.index"), 303)
