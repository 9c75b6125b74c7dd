"""Browsers of people who have signed in already: the way in is tested elsewhere, and hashing takes its time."""

from flask import Flask

from checkin import clock, tokens
from checkin.db import transaction
from checkin.domain import sessions, staff
from checkin.domain.sessions import Place
from tests.accounts.people import Browser


def signed_in(app: Flask, role: str = "organiser", *, name: str = "", area_id: int | None = None) -> Browser:
    """The browser of a new member of the staff, `<name or role>@example.org`, a supervisor perhaps of one area."""
    uniquifier = tokens.new_id().hex
    with app.app_context(), transaction() as session:
        member = staff.add_staff(
            session,
            f"{name or role}@example.org",
            role=role,
            uniquifier=uniquifier,
            now=clock.now(),
            area_id=area_id,
        )
        member.password, member.tf_primary_method, member.tf_totp_secret = "hash", "authenticator", "secret"
        session.flush()
        mark = sessions.begin(session, member.id, Place("Chrome", "Android", "192.0.2.1"), now=clock.now())
    browser = Browser(app)
    with browser.client.session_transaction() as kept:
        kept["_user_id"], kept["_fresh"], kept["mark"] = uniquifier, True, mark
    return browser
