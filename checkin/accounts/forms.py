"""The forms of sign-in and enrolment; their labels are in the templates; it owns no table."""

from typing import Any, cast

from flask import url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_security import LoginForm, TwoFactorRescueForm, UserMixin
from flask_security.proxies import _security as security
from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, RadioField, StringField
from wtforms.validators import EqualTo, InputRequired, ValidationError

from checkin.access import is_ours
from checkin.accounts.factors import Authenticators


class SignInForm(LoginForm):
    """Address and password; no browser is remembered beyond its session."""

    # WTForms leaves such a field out.
    remember = None  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_ours(self.next.data or ""):
            self.next.data = url_for("accounts.begin")


class RescueForm(TwoFactorRescueForm):
    """Not shown, but the library makes one beside each code's form; WTForms deprecates its own choices."""

    help_setup = RadioField(choices=[])


class FactorForm(FlaskForm):  # type: ignore[misc]
    """A code of the authenticator that is being set up; `counter` is the time step at which it was right."""

    code = StringField(validators=[InputRequired(_("Please type the six digits."))])

    def __init__(self, *, secret: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.secret = secret
        self.counter = 0

    def validate_code(self, field: Field) -> None:
        """The new authenticator must be shown to work before it is needed."""
        counter = cast(Authenticators, security.totp_factory).counter(field.data, self.secret)
        if counter is None:
            raise ValidationError(
                gettext("This code is wrong: wait for the next one, or scan the picture again.")
            )
        self.counter = counter


class EnrolmentForm(FactorForm):
    """A first password, twice, and a code of the new authenticator."""

    password = PasswordField(validators=[InputRequired(_("Please type a password."))])
    password_again = PasswordField(
        validators=[EqualTo("password", _("The two passwords are not the same: please type them again."))]
    )

    def __init__(self, *, secret: str, who: UserMixin, **kwargs: Any) -> None:
        super().__init__(secret=secret, **kwargs)
        self.who = who

    def validate_password(self, field: Field) -> None:
        """Leaves the password in its normal form in the field."""
        problems, field.data = security.password_util.validate(field.data, False, user=self.who)
        if problems:
            raise ValidationError(problems[0])
