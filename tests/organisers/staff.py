"""Browsers of people who have signed in already: the way in is tested elsewhere, and hashing takes its time."""

from flask import Flask

from checkin import clock, tokens
from checkin.db import transaction
from checkin.domain import staff
from tests.accounts.people import Browser


def signed_in(app: Flask, role: str = "organiser", *, name: str = "") -> Browser:
    """The browser of a new member of the staff, `<name or role>@example.org`."""
    uniquifier = tokens.new_id().hex
    with app.app_context(), transaction() as session:
        member = staff.add_staff(
            session, f"{name or role}@example.org", role=role, uniquifier=uniquifier, now=clock.now()
        )
        member.password, member.tf_primary_method, member.tf_totp_secret = "hash", "authenticator", "secret"
    browser = Browser(app)
    with browser.client.session_transaction() as kept:
        kept["_user_id"], kept["_fresh"] = uniquifier, True
    return browser
