"""Passkeys (W3C Web Authentication): added by somebody who is signed in, then a whole sign-in; it owns no table.

A passkey is possession and, by the verification that we require, a fingerprint, a face or a PIN. The ceremonies are
py_webauthn's; Flask-Security's own pages would need inline scripts and take the site's name from the request.
"""

from datetime import datetime, timedelta
from typing import Any

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_security import current_user, login_user
from flask_wtf import FlaskForm
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_authentication_credential_json, parse_registration_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from werkzeug.wrappers import Response as BaseResponse
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired

from checkin import clock, sentences, tokens
from checkin.access import freshly, is_ours, open_to
from checkin.accounts import origins
from checkin.accounts.routes import only_forms, private
from checkin.accounts.security import ISSUER, StaffAccount
from checkin.db import transaction
from checkin.domain import audit, proofs, staff
from checkin.domain.staff import ROLES, NewPasskey, Passkey
from checkin.errors import Refusal
from checkin.limits import limiter, network

blueprint = Blueprint("passkeys", __name__)
blueprint.before_request(only_forms)
blueprint.after_request(private)

LONGEST_NAME = 60
# How long a browser may take to ask for a finger or a PIN.
CEREMONY = timedelta(minutes=5)
ASKED = "passkey"
# What py_webauthn raises for what is no credential, or not the right one.
WRONG = (WebAuthnException, ValueError, KeyError, TypeError)


class PasskeyForm(FlaskForm):  # type: ignore[misc]
    """A name to know the passkey by; the browser adds the credential that it made."""

    name = StringField(validators=[InputRequired()])
    credential = HiddenField()

    def validate(self, extra_validators: object = None) -> bool:
        printable = "".join(letter for letter in self.name.data or "" if letter.isprintable())
        self.name.data = " ".join(printable.split())[:LONGEST_NAME]
        valid: bool = super().validate(extra_validators)
        if not self.name.data:
            self.name.errors = [_("Please give it a name, such as “my phone”.")]
        return valid and bool(self.name.data)


def _somebody() -> str:
    return str(session.get("_user_id") or network())


# --- challenges -------------------------------------------------------------------------------------------------


def _challenge(purpose: str) -> bytes:
    """A new challenge, kept in the session until it is answered."""
    challenge = tokens.new_token()
    until = clock.now() + CEREMONY
    session[ASKED] = {"purpose": purpose, "challenge": challenge, "until": until.timestamp()}
    return challenge.encode()


def _asked(purpose: str) -> bytes:
    """The challenge that the browser has to answer, which no second answer can use.

    The session is the browser's to keep and to send again: that a challenge was used is kept here.
    """
    asked: dict[str, Any] = session.pop(ASKED, None) or {}
    now = clock.now()
    if asked.get("purpose") != purpose or asked["until"] < now.timestamp():
        raise _too_late()
    expires_at = datetime.fromtimestamp(asked["until"], tz=now.tzinfo)
    used = tokens.token_hash(asked["challenge"])
    with transaction() as db_session:
        if not proofs.use_proof(db_session, used, expires_at=expires_at, now=now):
            raise _too_late()
    return str(asked["challenge"]).encode()


def _too_late() -> Refusal:
    return Refusal("passkey_too_late", "That took too long, or was sent twice: please try again.")


def _refused() -> Refusal:
    return Refusal("passkey_refused", "This passkey doesn't open this account: sign in with your password.")


def _json(options: Any) -> Response:
    return Response(options_to_json(options), content_type="application/json")


# --- adding and removing ----------------------------------------------------------------------------------------


@blueprint.route("/account/passkeys/new", methods=["GET", "POST"])
@open_to(*ROLES)
@limiter.limit("30 per hour", key_func=_somebody, methods=["POST"])
@freshly
def add() -> BaseResponse:
    """Name a passkey and keep what the browser has made."""
    form = PasskeyForm()
    if not form.validate_on_submit():
        return _form(form, status=422 if form.is_submitted() else 200)
    try:
        _add(_made(form))
    except Refusal as refusal:
        form.form_errors = [sentences.on_a_page(refusal.code, refusal.sentence)]
        return _form(form, status=422)
    flash(_("The passkey “%(name)s” is added: you can sign in with it.", name=form.name.data), "success")
    return redirect(url_for("accounts.account"), 303)


def _form(form: PasskeyForm, *, status: int) -> Response:
    works = origins.passkeys_work()
    return make_response(render_template("security/passkey.html", form=form, works=works), status)


def _add(made: NewPasskey) -> None:
    now = clock.now()
    with transaction() as db_session:
        staff.add_passkey(db_session, current_user.id, made, now=now)
        audit.record(db_session, "passkey added", actor=f"staff:{current_user.id}", now=now)


@blueprint.post("/account/passkeys/options")
@open_to(*ROLES)
@limiter.limit("60 per hour", key_func=_somebody)
@freshly
def creation_options() -> Response:
    """What the browser is to make."""
    with transaction() as db_session:
        handle = staff.passkey_handle(db_session, current_user.id)
        kept = staff.passkeys(db_session, current_user.id)
    options = generate_registration_options(
        rp_id=origins.site(),
        rp_name=ISSUER,
        user_id=handle.encode(),
        user_name=current_user.email,
        user_display_name=current_user.email,
        challenge=_challenge("add"),
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one.credential_id) for one in kept],
    )
    return _json(options)


def _made(form: PasskeyForm) -> NewPasskey:
    challenge = _asked("add")
    try:
        credential = parse_registration_credential_json(form.credential.data or "")
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=origins.site(),
            expected_origin=origins.origin(),
            require_user_verification=True,
        )
    except WRONG as error:
        raise _refused() from error
    return NewPasskey(
        name=form.name.data or "",
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        transports=[transport.value for transport in credential.response.transports or ()],
        backup_state=verified.credential_backed_up,
        device_type=verified.credential_device_type.value,
    )


@blueprint.post("/account/passkeys/<int:passkey_id>/remove")
@open_to(*ROLES)
def remove(passkey_id: int) -> BaseResponse:
    """Remove one of my passkeys; where it is gone already there is nothing to say."""
    now = clock.now()
    with transaction() as db_session:
        if staff.remove_passkey(db_session, current_user.id, passkey_id):
            audit.record(db_session, "passkey removed", actor=f"staff:{current_user.id}", now=now)
    flash(_("The passkey is removed. Delete it from your device too, where it is still offered."), "success")
    return redirect(url_for("accounts.account"), 303)


# --- signing in -------------------------------------------------------------------------------------------------


@blueprint.post("/login/passkey/options")
@open_to("everyone")
@limiter.limit("60 per minute; 600 per hour", key_func=network)
def request_options() -> Response:
    """What the browser is to sign; the same for everybody, since the passkey tells whose it is."""
    options = generate_authentication_options(
        rp_id=origins.site(),
        challenge=_challenge("sign in"),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return _json(options)


@blueprint.post("/login/passkey")
@open_to("everyone")
@limiter.limit("30 per minute; 300 per hour", key_func=network)
def sign_in() -> BaseResponse:
    """Sign in by a passkey alone."""
    onward = request.form.get("next", "")
    onward = onward if is_ours(onward) else url_for("accounts.begin")
    try:
        account = _holder(request.form.get("credential", ""))
    except Refusal as refusal:
        flash(sentences.on_a_page(refusal.code, refusal.sentence), "danger")
        return redirect(url_for("accounts.login", next=onward), 303)
    # Nothing of whoever used this browser before stays.
    session.clear()
    login_user(account, authn_via=["passkey"])
    return redirect(onward, 303)


def _holder(text: str) -> StaffAccount:
    """Whose passkey signed the challenge; raises Refusal, which never says what was wrong."""
    challenge = _asked("sign in")
    try:
        credential = parse_authentication_credential_json(text)
    except WRONG as error:
        raise _refused() from error
    with transaction() as db_session:
        found = staff.passkey_with_credential(db_session, credential.raw_id)
        if found is None:
            raise _refused()
        passkey, member = found
        handle = credential.response.user_handle
        if handle is not None and handle != (member.passkey_handle or "").encode():
            raise _refused()
        _verify(credential, passkey, challenge)
    account = StaffAccount.of(member)
    if not account.is_authenticated:
        raise _refused()
    return account


def _verify(credential: Any, passkey: Passkey, challenge: bytes) -> None:
    """Check the signature and keep its count: raises Refusal where an older copy of the passkey signed."""
    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=origins.site(),
            expected_origin=origins.origin(),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except WRONG as error:
        raise _refused() from error
    passkey.sign_count = verified.new_sign_count
    passkey.backup_state = verified.credential_backed_up
    passkey.last_used_at = clock.now()
