"""Flask-Security on our tables, and its settings; it owns no table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, g, request, session
from flask_security import (
    EmailValidateException,
    MailUtil,
    RoleMixin,
    Security,
    UserDatastore,
    UserMixin,
    user_authenticated,
)
from flask_security.utils import get_message, set_request_attr
from ua_parser import parse

from checkin import clock
from checkin.access import FRESH, GRACE
from checkin.accounts.factors import Authenticators, RecoveryCodes
from checkin.accounts.forms import RescueForm, SignInForm
from checkin.accounts.passwords import SHORTEST, Argon2Handler, StaffPasswords
from checkin.config import ROOT, Config
from checkin.db import reading, transaction
from checkin.domain import audit, sessions, staff
from checkin.domain.sessions import SEEN_EVERY, SESSION_LIFE, Place
from checkin.limits import network

ISSUER = "Checkin"
# What a browser keeps, by which its session is told from the others of the same person.
MARK = "mark"
# Of what a browser calls itself.
LONGEST_TOLD = 400


def N_(text: str) -> str:  # noqa: N802 - the name by which Babel finds texts that are translated later.
    """A text that Flask-Security translates when it shows it."""
    return text


MESSAGES = {
    "API_ERROR": N_("This can't be read: please type it again."),
    "GENERIC_AUTHN_FAILED": N_("The e-mail address or the password is wrong."),
    "EMAIL_NOT_PROVIDED": N_("Please type your e-mail address."),
    "PASSWORD_NOT_PROVIDED": N_("Please type a password."),
    "PASSWORD_INVALID_LENGTH": N_("A password has between %(length)s and 128 characters."),
    "PASSWORD_TOO_SIMPLE": N_(
        "This password is easy to guess: four words that don't belong together are not."
    ),
    "INVALID_PASSWORD": N_("This is not your password."),
    "INVALID_REDIRECT": N_("You can't be sent to that address."),
    "TWO_FACTOR_INVALID_TOKEN": N_("This code is wrong or was used: wait for the next one."),
    "INVALID_RECOVERY_CODE": N_("This recovery code is wrong or was used."),
}


@dataclass(eq=False, kw_only=True)
class StaffAccount(UserMixin):
    """A member of the staff as Flask-Security knows one."""

    id: int
    email: str
    role: str
    password: str | None
    active: bool
    # Flask-Security looks for this name on the class.
    fs_uniquifier: str = ""
    tf_primary_method: str | None
    tf_totp_secret: str | None
    # Their hashes: a code is shown once, when it is made.
    mf_recovery_codes: list[str]
    # The one area of a supervisor who hasn't all.
    area_id: int | None = None
    # Of the browser that asks; None where somebody is not signed in yet.
    session_id: int | None = None
    # None of Flask-Security's: access.py says who may open what, by `role`.
    roles: list[RoleMixin] = field(default_factory=list)

    @classmethod
    def of(cls, member: staff.Staff) -> "StaffAccount":
        """The account of somebody the database knows."""
        return cls(
            id=member.id,
            email=member.email,
            role=member.role,
            area_id=member.area_id,
            password=member.password,
            active=member.active,
            fs_uniquifier=member.fs_uniquifier,
            tf_primary_method=member.tf_primary_method,
            tf_totp_secret=member.tf_totp_secret,
            mf_recovery_codes=list(member.mf_recovery_codes or ()),
        )

    @property
    def is_authenticated(self) -> bool:
        """Nobody is, before there is a second factor: a password alone opens nothing."""
        return self.active and bool(self.password and self.tf_primary_method and self.tf_totp_secret)


class Accounts(UserDatastore):
    """The staff, each read in a transaction of its own: no lock is held while a password is hashed."""

    def __init__(self) -> None:
        super().__init__(StaffAccount, RoleMixin)

    def find_user(self, case_insensitive: bool = False, **by: Any) -> StaffAccount | None:
        """By `email` or by `fs_uniquifier`."""
        with reading() as db_session:
            if "email" in by:
                member = staff.staff_with_email(db_session, by["email"])
            else:
                member = staff.staff_with_uniquifier(db_session, by["fs_uniquifier"])
            return None if member is None else StaffAccount.of(member)

    def put(self, model: StaffAccount) -> StaffAccount:
        """Keep the one thing that Flask-Security itself changes: the same password under a newer hash."""
        with transaction() as db_session:
            staff.set_password(db_session, model.id, password=str(model.password))
        return model

    def commit(self) -> None:
        """Nothing to do: each change above commits by itself."""


class Addresses(MailUtil):
    """Addresses as names: whether one takes mail doesn't matter here, ana@localhost may sign in."""

    def normalize(self, email: str) -> str:
        """As the staff's addresses are kept; raises EmailValidateException for what can't be one."""
        if not email.isprintable():
            raise EmailValidateException(get_message("GENERIC_AUTHN_FAILED")[0])
        return email.strip().lower()


def start(app: Flask, config: Config) -> None:
    """Connect Flask-Security; its routes are ours, in routes.py."""
    app.config.update(_settings(config))
    app.config.update({f"SECURITY_MSG_{name}": (text, "error") for name, text in MESSAGES.items()})
    security = Security(
        app,
        Accounts(),
        register_blueprint=False,
        login_form=SignInForm,
        two_factor_rescue_form=RescueForm,
        password_util_cls=StaffPasswords,
        totp_cls=Authenticators,
        mf_recovery_codes_util_cls=RecoveryCodes,
        mail_util_cls=Addresses,
    )
    # Pages only: no JSON replies and no tokens, which would open the account without a second factor.
    security.want_json(lambda _: False)
    app.login_manager.request_loader(lambda _: None)  # type: ignore[attr-defined]
    app.login_manager.user_loader(_in_session)  # type: ignore[attr-defined]
    _spare_other_requests(app, security)
    user_authenticated.connect(_signed_in, app)


def _spare_other_requests(app: Flask, security: Security) -> None:
    """Leave out what would read a session on every request, those of door phones and static files too.

    Flask-Principal's roles and Flask-Login's cookie that outlives a session are both unused here.
    """
    app.before_request_funcs[None].remove(security.principal._on_before_request)
    app.after_request_funcs[None].remove(security.login_manager._update_remember_cookie)


def _settings(config: Config) -> dict[str, Any]:
    return {
        "PERMANENT_SESSION_LIFETIME": SESSION_LIFE,
        "SESSION_REFRESH_EACH_REQUEST": False,
        "SECURITY_BLUEPRINT_NAME": "accounts",
        "SECURITY_CLI_USERS_NAME": None,
        "SECURITY_CLI_ROLES_NAME": None,
        "SECURITY_FLASH_MESSAGES": False,
        "SECURITY_I18N_DOMAIN": "messages",
        "SECURITY_I18N_DIRNAME": [str(ROOT / "checkin" / "translations")],
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_API_ENABLED_METHODS": ["session"],
        "SECURITY_PASSWORD_HASH": Argon2Handler.name,
        "SECURITY_PASSWORD_SCHEMES": [Argon2Handler.name],
        "SECURITY_PASSWORD_SINGLE_HASH": {Argon2Handler.name},
        "SECURITY_PASSWORD_LENGTH_MIN": SHORTEST,
        "SECURITY_PASSWORD_NORMALIZE_FORM": "NFKC",
        "SECURITY_TWO_FACTOR": True,
        "SECURITY_TWO_FACTOR_REQUIRED": True,
        "SECURITY_TWO_FACTOR_ALWAYS_VALIDATE": True,
        "SECURITY_TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "SECURITY_TWO_FACTOR_RESCUE_EMAIL": False,
        "SECURITY_TOTP_SECRETS": {"1": config.secret_key},
        "SECURITY_TOTP_ISSUER": ISSUER,
        "SECURITY_MULTI_FACTOR_RECOVERY_CODES": True,
        "SECURITY_FRESHNESS": FRESH,
        "SECURITY_FRESHNESS_GRACE_PERIOD": GRACE,
        "SECURITY_POST_LOGIN_VIEW": "/staff",
        "SECURITY_POST_VERIFY_VIEW": "/account",
    }


def _signed_in(app: Flask, user: StaffAccount, authn_via: Sequence[str] | None = None, **_: Any) -> None:
    session.permanent = True
    # A form's token from before the sign-in, which others may have seen, is worth nothing after it.
    name = app.config["WTF_CSRF_FIELD_NAME"]
    session.pop(name, None)
    g.pop(name, None)
    with transaction() as db_session:
        session[MARK] = sessions.begin(db_session, user.id, _place(), now=clock.now())
        how = {"by": "passkey"} if "passkey" in (authn_via or ()) else {}
        audit.record(db_session, "staff signed in", actor=f"staff:{user.id}", now=clock.now(), **how)


def _place() -> Place:
    """What the browser that asks tells of itself."""
    told = parse(request.user_agent.string[:LONGEST_TOLD])
    browser = told.user_agent.family if told.user_agent is not None else ""
    system = told.os.family if told.os is not None else ""
    return Place(browser=browser, system=system, network=network())


def _in_session(uniquifier: str) -> StaffAccount | None:
    """Who is signed in in this browser, as Flask-Login asks: nobody whose session was ended elsewhere."""
    now = clock.now()
    with reading() as db_session:
        found = sessions.whose(db_session, uniquifier, session.get(MARK, ""), now=now)
        if found is None or not found[0].active:
            return None
        account = StaffAccount.of(found[0])
        account.session_id, seen_at = found[1].id, found[1].seen_at
    if now - seen_at >= SEEN_EVERY:
        with transaction() as db_session:
            sessions.seen(db_session, account.session_id, now=now)
    set_request_attr("fs_authn_via", "session")
    set_request_attr("fs_paa", session.get("fs_paa", 0))
    return account
