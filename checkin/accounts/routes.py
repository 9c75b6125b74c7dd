"""Staff sign-in, invitations and one's own account; it owns no table."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, cast

from flask import Blueprint, abort, make_response, redirect, render_template, request, session, url_for
from flask_security import current_user, hash_password, login_user, logout_user
from flask_security import views as library
from flask_security.proxies import _security as security
from flask_security.recovery_codes import mf_recovery as library_recovery
from flask_security.recovery_codes import mf_recovery_codes as library_recovery_codes
from werkzeug.wrappers import Response

from checkin import clock
from checkin.access import View, check_origin, freshly, is_ours, open_to
from checkin.accounts import origins
from checkin.accounts.forms import EnrolmentForm, FactorForm
from checkin.accounts.security import StaffAccount
from checkin.db import reading, transaction
from checkin.domain import audit, event, sessions, staff, tries
from checkin.domain.staff import ROLES, SecondFactor
from checkin.errors import Refusal
from checkin.limits import limiter, network

blueprint = Blueprint("accounts", __name__)

# Where the work of a role begins; for the others it is their account.
FIRST_PAGES = {"organiser": "board.index", "supervisor": "board.index", "desk": "desk.index"}
# In the session of somebody who has just followed their invitation.
JOINING = "joining"
# The secret of an authenticator that is being set up, encrypted, in the session.
NEW_SECRET = "new_totp_secret"  # noqa: S105 - a key's name.


def _address_tried() -> str:
    return f"{request.form.get('email', '').strip().lower()[:320]} {network()}"


def _person_halfway() -> str:
    """Whose second factor is asked for: nobody can guess on by coming from elsewhere."""
    return str(session.get("tf_user_id") or session.get("_user_id") or network())


# How many tries in how long.
QUARTER, DAY = (10, timedelta(minutes=15)), (50, timedelta(days=1))


def slowed(whom: Callable[[], str], *limits: tuple[int, timedelta]) -> Callable[[View], View]:
    """Answer a POST with 429 where `whom` was tried too often: counted in the database, by all processes together."""

    def declare(view: View) -> View:
        @wraps(view)
        def counted(*args: Any, **named: Any) -> Any:
            if request.method == "POST":
                now, what = clock.now(), f"{request.endpoint} {whom()}"
                with transaction() as db_session:
                    may = [
                        tries.may_try(db_session, what, most=most, per=per, now=now) for most, per in limits
                    ]
                if not all(may):
                    raise Refusal("too_many_requests", "Too many tries: wait for a while.", status=429)
            return view(*args, **named)

        return cast(View, counted)

    return declare


@blueprint.before_request
def only_forms() -> None:
    """Take what our own pages' forms send, and nothing else."""
    if request.method == "POST":
        check_origin()
        if request.is_json:
            abort(415)


@blueprint.after_request
def private(response: Response) -> Response:
    """Keep these pages out of every cache."""
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _answered(view: Callable[[], object]) -> Response:
    """The library's answer with our statuses: 422 for a form that comes back, 303 after one that is taken."""
    response: Response = make_response(view())
    if response.location is not None and not is_ours(response.location):
        response.location = url_for("accounts.begin")
    if request.method == "POST":
        response.status_code = {200: 422, 302: 303}.get(response.status_code, response.status_code)
    return response


@blueprint.route("/login", methods=["GET", "POST"])
@open_to("everyone")
@slowed(_address_tried, QUARTER)
@limiter.limit("30 per minute; 300 per hour", key_func=network, methods=["POST"])
def login() -> Response:
    """Address and password; then the second factor."""
    return _answered(library.login)


@blueprint.route("/login/code", methods=["GET", "POST"])
@open_to("everyone")
@slowed(_person_halfway, QUARTER, DAY)
def two_factor_token_validation() -> Response:
    """The authenticator's code of somebody whose password was right."""
    if current_user.is_authenticated:
        return redirect(url_for("accounts.begin"))
    return _answered(library.two_factor_token_validation)


@blueprint.route("/login/recovery", methods=["GET", "POST"])
@open_to("everyone")
@slowed(_person_halfway, QUARTER, DAY)
def mf_recovery() -> Response:
    """A recovery code instead of the authenticator's."""
    return _answered(library_recovery)


# The library links its help for a lost authenticator by this name.
blueprint.add_url_rule(
    "/login/recovery", endpoint="two_factor_rescue", view_func=mf_recovery, methods=["GET"], build_only=True
)


@blueprint.post("/logout")
@open_to("everyone")
def logout() -> Response:
    """End every session of whoever is signed in, so that a copied cookie is worth nothing."""
    if current_user.is_authenticated:
        with transaction() as db_session:
            staff.end_sessions(db_session, current_user.id)
            audit.record(db_session, "staff signed out", actor=f"staff:{current_user.id}", now=clock.now())
        logout_user()
    session.clear()
    return redirect(url_for("accounts.login"), 303)


@blueprint.get("/staff")
@open_to(*ROLES)
def begin() -> Response:
    """Where somebody's work begins; on their first day they are offered a passkey on the way."""
    if session.pop(JOINING, False) and origins.passkeys_work():
        return redirect(url_for("passkeys.add"), 303)
    with reading() as db_session:
        nothing_yet = current_user.role == "organiser" and not event.is_set_up(db_session)
    first = "setup_first.ask" if nothing_yet else FIRST_PAGES.get(current_user.role, "accounts.account")
    return redirect(url_for(first), 303)


@blueprint.get("/account")
@open_to(*ROLES)
def account() -> str:
    """Who I am here."""
    with reading() as db_session:
        kept = staff.passkeys(db_session, current_user.id)
        places = sessions.of(db_session, current_user.id, now=clock.now())
    return render_template(
        "security/account.html",
        me=current_user,
        passkeys=kept,
        sessions=places,
        passkeys_work=origins.passkeys_work(),
        begins=FIRST_PAGES.get(current_user.role),
    )


@blueprint.post("/account/sessions/<int:session_id>/end")
@open_to(*ROLES)
def end_session(session_id: int) -> Response:
    """Sign out in one browser, such as the one of a borrowed computer; in this one it is a plain sign-out."""
    with transaction() as db_session:
        if sessions.end(db_session, current_user.id, session_id):
            actor = f"staff:{current_user.id}"
            audit.record(db_session, "staff session ended", actor=actor, now=clock.now(), subject=actor)
    if session_id != current_user.session_id:
        return redirect(url_for("accounts.account"), 303)
    logout_user()
    session.clear()
    return redirect(url_for("accounts.login"), 303)


@blueprint.route("/account/verify", methods=["GET", "POST"])
@open_to(*ROLES)
@slowed(_person_halfway, QUARTER)
def verify() -> Response:
    """The password once more, before something that matters."""
    return _answered(library.verify)


@blueprint.route("/account/recovery-codes", methods=["GET", "POST"])
@open_to(*ROLES)
def mf_recovery_codes() -> Response:
    """New recovery codes, shown once."""
    return make_response(library_recovery_codes())


@blueprint.route("/account/second-factor", methods=["GET", "POST"])
@open_to(*ROLES)
@slowed(_person_halfway, QUARTER)
@freshly
def second_factor() -> Response:
    """Another authenticator instead of the present one."""
    form = FactorForm(secret=_new_secret())
    if not form.validate_on_submit():
        return _setting_up("security/second_factor.html", form, current_user)
    with transaction() as db_session:
        factor = SecondFactor(form.secret, form.counter)
        staff.set_second_factor(db_session, current_user.id, factor=factor)
        audit.record(db_session, "second factor changed", actor=f"staff:{current_user.id}", now=clock.now())
    session.pop(NEW_SECRET)
    return redirect(url_for("accounts.account"), 303)


@blueprint.route("/invitation/<token>", methods=["GET", "POST"])
@open_to("everyone")
@limiter.limit("30 per minute; 300 per hour", key_func=network)
def invitation(token: str) -> Response:
    """Set a password and a second factor by the one-time link, then sign in; looking uses nothing up."""
    with reading() as db_session:
        invited = StaffAccount.of(staff.invited_staff(db_session, token, now=clock.now()))
    form = EnrolmentForm(secret=_new_secret(), who=invited)
    if not form.validate_on_submit():
        return _setting_up("security/invitation.html", form, invited)
    password, now = hash_password(str(form.password.data)), clock.now()
    with transaction() as db_session:
        factor = SecondFactor(form.secret, form.counter)
        member = staff.accept_invitation(db_session, token, password=password, factor=factor, now=now)
        audit.record(db_session, "invitation accepted", actor=f"staff:{member.id}", now=now)
    # Nothing of whoever used this browser before stays.
    session.clear()
    session[JOINING] = True
    login_user(StaffAccount.of(member), authn_via=["password", "authenticator"])
    return redirect(url_for("accounts.mf_recovery_codes"), 303)


def _new_secret() -> str:
    """The secret of the authenticator that is being set up: the same one until it is set up, in any tab."""
    secret: str = session.setdefault(NEW_SECRET, security.totp_factory.generate_totp_secret())
    return secret


def _setting_up(template: str, form: FactorForm, who: StaffAccount) -> Response:
    setup = security.totp_factory.fetch_setup_values(form.secret, who)
    status = 422 if form.is_submitted() else 200
    return make_response(render_template(template, form=form, who=who, setup=setup), status)
