"""Who may open which route: a route that doesn't say so stops start-up; it owns no table."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask_security import auth_required, current_user

from checkin import tokens
from checkin.db import reading
from checkin.domain import doors
from checkin.domain.programme import DoorPlace, Programme
from checkin.domain.staff import ROLES
from checkin.errors import Forbidden, NotFound, Refusal

View = TypeVar("View", bound=Callable[..., Any])

STAFF = frozenset(ROLES)
# How long ago somebody may have typed the password before something that matters, and how long they are in it.
FRESH, GRACE = timedelta(minutes=15), timedelta(minutes=5)
# Phones of one kind, with the refusal that others get.
KINDS = {
    "desk_device": ("desk", "desk_only", "Only a desk device may do this."),
    "protocol_device": ("protocol", "protocol_only", "Only a protocol phone may do this."),
}
# `everyone` needs nothing; `device` and the KINDS need a phone's token; `operator` is this machine or a
# Prometheus that knows the token; `visitor` is somebody not signed in; the others are staff roles.
WHO = STAFF | {"everyone", "device", *KINDS, "operator"}

# Routes that libraries register, by endpoint: they can't carry our decorator.
LIBRARY_ROUTES: dict[str, frozenset[str]] = {}


def open_to(*who: str, asks: bool = False) -> Callable[[View], View]:
    """Say who may open a route. With `asks` it looks the phone's token up itself, with its own statement."""
    unknown = set(who) - WHO
    if unknown or not who:
        raise ValueError(f"nobody is called {unknown or who}")

    def declare(view: View) -> View:
        view.open_to = frozenset(who)  # type: ignore[attr-defined]
        view.asks = asks  # type: ignore[attr-defined]
        return view

    return declare


def freshly(view: View) -> View:
    """Open a route only to who typed the password within a quarter of an hour; others are asked for it first."""
    asked: View = auth_required("session", within=lambda: FRESH, grace=lambda: GRACE)(view)
    return asked


def opened_to(app: Flask, endpoint: str) -> frozenset[str] | None:
    """Who may open an endpoint, or None where nothing is declared."""
    declared = getattr(app.view_functions[endpoint], "open_to", None)
    return declared or LIBRARY_ROUTES.get(endpoint)


def guard(app: Flask) -> None:
    """Refuse to start with an undeclared route, and ask at the door of each request."""
    undeclared = sorted(
        {rule.endpoint for rule in app.url_map.iter_rules() if opened_to(app, rule.endpoint) is None}
    )
    if undeclared:
        raise RuntimeError(f"these routes don't say who may open them: {', '.join(undeclared)}")
    app.before_request(_ask)


def bearer_token() -> str:
    """The phone's token, of the header or of the scanner page's cookie; raises a 401 Refusal where there is none.

    Where it is the cookie's, what changes something must come from our own page.
    """
    authorization = request.authorization
    if authorization is not None and authorization.type == "bearer" and authorization.token:
        return authorization.token
    kept = request.cookies.get(phone_cookie())
    if not kept:
        raise Refusal("unknown_token", "This needs a phone's token: Authorization: Bearer …", status=401)
    if request.method not in {"GET", "HEAD"}:
        check_origin()
    return kept


def phone_cookie() -> str:
    """The name of the cookie in which the scanner page keeps its phone's token."""
    return "__Host-checkin-phone" if current_app.config["CHECKIN"].secure else "checkin-phone"


def unknown_token() -> Refusal:
    """The answer to a token that no phone has."""
    return Refusal("unknown_token", "No phone has this token: pair it again.", status=401)


def _ask() -> None:
    endpoint = request.endpoint
    if endpoint is None:
        return
    who = opened_to(current_app, endpoint) or frozenset()
    if "everyone" in who:
        return
    if who & {"device", *KINDS}:
        if not getattr(current_app.view_functions[endpoint], "asks", False):
            g.device = _device(who)
    elif "operator" in who:
        _operator()
    else:
        _staff(who)


def _device(who: frozenset[str]) -> doors.Device:
    with reading() as session:
        device = doors.device_with_token(session, bearer_token())
    if device is None:
        raise unknown_token()
    if device.revoked_at is not None:
        raise Forbidden("device_revoked", "This phone was revoked: bring it to an organiser.")
    allowed = {KINDS[one] for one in who & set(KINDS)}
    if "device" not in who and device.kind not in {kind for kind, *_ in allowed}:
        raise Forbidden(*sorted(allowed)[0][1:])
    return device


def _operator() -> None:
    token = current_app.config["CHECKIN"].metrics_token
    given = request.authorization.token if request.authorization is not None else None
    if token is not None and given is not None and tokens.same(given, token):
        return
    if token is None and request.remote_addr in {"127.0.0.1", "::1"}:
        return
    # Not a 403: a stranger needn't learn that this exists.
    raise NotFound("not_found", "There is nothing here.")


def _staff(who: frozenset[str]) -> None:
    if not current_user.is_authenticated:
        if request.method in {"GET", "HEAD"} and request.accept_mimetypes.accept_html:
            abort(redirect(url_for("accounts.login", next=request.full_path.rstrip("?"))))
        raise Refusal("sign_in", "Please sign in first.", status=401)
    if current_user.role not in who:
        raise Forbidden("not_yours", "Your role can't open this page.")
    if request.method not in {"GET", "HEAD", "OPTIONS"}:
        check_origin()


def my_areas(plan: Programme) -> Mapping[int, str]:
    """The areas of whoever is signed in: all, but for a supervisor who has one."""
    mine = current_user.area_id
    return plan.areas if mine is None else {mine: plan.areas[mine]}


def my_doors(plan: Programme) -> list[DoorPlace]:
    """The doors that lead to the areas of whoever is signed in."""
    return [door for door in plan.doors.values() if door.area_id in my_areas(plan)]


def check_area(area_id: int, plan: Programme) -> None:
    """Raises Forbidden where a supervisor asks for what is in somebody else's area."""
    if area_id not in my_areas(plan):
        raise Forbidden("not_your_area", "This is in another area: ask its supervisor, or an organiser.")


def check_origin() -> None:
    """Raises Forbidden where another site's page made the browser send this."""
    origin = request.headers.get("Origin")
    ours = {current_app.config["CHECKIN"].base_url, request.host_url}
    if origin is not None and origin not in {_origin(address) for address in ours}:
        raise Forbidden("other_origin", "This was sent from another site's page, so nothing was done.")


def is_ours(address: str) -> bool:
    """Whether this is a path of ours: browsers take `//`, `\\` and control characters for another site."""
    return (
        address.startswith("/")
        and not address.startswith("//")
        and "\\" not in address
        and address.isprintable()
    )


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
