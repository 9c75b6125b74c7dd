"""The scanner on a helper's phone: pairing, the page itself, and what makes it an app; it owns no table."""

import json
from datetime import timedelta

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse
from wtforms import PasswordField, StringField

from checkin import clock, sentences
from checkin.access import open_to, phone_cookie
from checkin.assets import FOLDER, asset, version
from checkin.db import reading
from checkin.domain import doors, items
from checkin.domain.doors import Pairing
from checkin.domain.programme import Programme, programme
from checkin.door.pairing import is_easy, is_pin, pair_phone
from checkin.errors import Forbidden
from checkin.limits import limiter

blueprint = Blueprint("door_pages", __name__, url_prefix="/door")

DECODER = (
    "vendor/idb/build/index.js",
    "vendor/zxing-wasm/dist/es/share.js",
    "vendor/zxing-wasm/dist/es/reader/index.js",
    "vendor/zxing-wasm/dist/reader/zxing_reader.wasm",
)
KEPT = timedelta(days=30)
LONGEST_NAME = 60
# How the browsers inside other apps call themselves: they have no camera for us, and forget what they keep.
IN_APP = (
    *("FBAN", "FBAV", "FB_IAB", "Instagram", " Line/", "MicroMessenger", "WhatsApp", "Telegram", "TikTok"),
    *("musical_ly", "BytedanceWebview", "Snapchat", "Twitter", "LinkedInApp", "; wv)"),
)


class PairingForm(FlaskForm):  # type: ignore[misc]
    """Who holds the phone, and for a protocol phone its PIN, twice."""

    operator = StringField()
    pin = PasswordField()
    again = PasswordField()

    def validate(self, extra_validators: object = None, *, with_pin: bool = False) -> bool:
        """Both what everybody gives and, `with_pin`, the PIN."""
        valid: bool = super().validate(extra_validators)
        return all([valid, self._has_name(), not with_pin or self._has_pin()])

    def _has_name(self) -> bool:
        name = items.printable(self.operator.data or "")[:LONGEST_NAME].strip()
        if not name:
            self.operator.errors = [
                _("Please type your name, so that the organisers know whose phone this is.")
            ]
        self.operator.data = name
        return bool(name)

    def _has_pin(self) -> bool:
        pin = self.pin.data or ""
        if not is_pin(pin):
            self.pin.errors = [_("Please choose 4 to 8 digits.")]
        elif is_easy(pin):
            self.pin.errors = [_("Others try this PIN first: please choose another.")]
        elif self.again.data != pin:
            self.again.errors = [_("The two PINs differ: please type it again.")]
        return not self.pin.errors and not self.again.errors


@blueprint.get("")
@open_to("everyone")
def page() -> Response:
    """The scanner; whose phone it is, the page itself asks. It holds nothing personal and may be kept."""
    return _kept(render_template("door/scanner.html"))


def _kept(page: str) -> Response:
    """A page that phones keep, to open it without a network."""
    response = make_response(page)
    response.headers["Cache-Control"] = "no-cache"
    # By this the service worker knows it from the page of a captive portal, and from another version's.
    response.headers["Checkin-Version"] = version()
    return response


@blueprint.get("/desk")
@open_to("everyone")
def desk() -> Response:
    """The help desk's page: find somebody and let them in; like the scanner it holds nothing personal itself."""
    return _kept(render_template("door/desk.html", reasons=sentences.HAND_REASONS.items()))


@blueprint.get("/protocol")
@open_to("everyone")
def protocol() -> Response:
    """The protocol officer's page, whose names come for a PIN."""
    return _kept(render_template("door/protocol.html", reasons=sentences.PROTOCOL_REASONS.items()))


@blueprint.route("/pair/<code>", methods=["GET", "POST"])
@open_to("everyone")
@limiter.limit("300/minute", key_func=get_remote_address)
def pair(code: str) -> BaseResponse | tuple[str, int]:
    """What a phone opens from the organisers' screen: opening uses nothing up, the button pairs."""
    form, now = PairingForm(), clock.now()
    with reading() as session:
        plan = programme(session)
        offered = doors.offered_pairing(session, code, now=now)
    if offered is None:
        return _refused(plan)
    if request.method == "GET":
        return _asked(form, plan, offered, 200)
    if not form.validate(with_pin=offered.kind == "protocol"):
        return _asked(form, plan, offered, 422)
    try:
        # Only a protocol phone has one.
        pin = form.pin.data if offered.kind == "protocol" else None
        _, token = pair_phone(code, operator=form.operator.data or "", pin=pin, now=now)
    except Forbidden:
        return _refused(plan)
    response = redirect(url_for("door_pages.page"), 303)
    secure = current_app.config["CHECKIN"].secure
    response.set_cookie(
        phone_cookie(), token, max_age=KEPT, secure=secure, httponly=True, samesite="Strict", path="/"
    )
    return response


def _asked(form: PairingForm, plan: Programme, offered: Pairing, status: int) -> tuple[str, int]:
    in_app = any(mark in request.user_agent.string for mark in IN_APP)
    door = plan.doors[offered.door_id]
    # A PIN is not shown again.
    form.pin.data = form.again.data = None
    return render_template(
        "door/pair.html", form=form, event=plan, door=door, kind=offered.kind, in_app=in_app
    ), status


def _refused(plan: Programme) -> tuple[str, int]:
    return render_template("door/pair_refused.html", event=plan), 403


@blueprint.get("/worker.js")
@open_to("everyone")
def service_worker() -> Response:
    """The service worker that opens the scanner without a network; served here, so that it may rule over /door."""
    source = (FOLDER / "door" / "service-worker.js").read_text()
    files = json.dumps([asset(name) for name in _needed_files()])
    # A JSON text in a string of JavaScript, quoted as one.
    source = source.replace("VERSION", version()).replace('"FILES_AS_JSON"', json.dumps(files))
    response = Response(source, content_type="text/javascript; charset=utf-8")
    response.headers["Service-Worker-Allowed"] = "/door"
    response.headers["Cache-Control"] = "no-cache"
    return response


def _needed_files() -> list[str]:
    """What the scanner needs to open and to read codes without a network."""
    own = sorted(f"door/{file.name}" for file in (FOLDER / "door").glob("*.js"))
    return ["css/door.css", "css/door-people.css", "css/vip-alerts.css", *own, *DECODER]


@blueprint.get("/manifest.webmanifest")
@open_to("everyone")
def manifest() -> Response:
    """What a phone needs to put the scanner on its home screen (W3C Web Application Manifest)."""
    icons = [
        {
            "src": asset(f"door/icon-{side}.png"),
            "sizes": f"{side}x{side}",
            "type": "image/png",
            "purpose": purpose,
        }
        for side in (192, 512)
        for purpose in ("any", "maskable")
    ]
    app = {
        "id": "/door",
        "name": _("Checkin door"),
        "short_name": _("Door"),
        "start_url": "/door",
        "scope": "/door",
        "display": "standalone",
        "orientation": "portrait",
        "background_color": "#0b1214",
        "theme_color": "#0b1214",
        "icons": icons,
    }
    response = make_response(app)
    response.content_type = "application/manifest+json"
    return response
