"""Members of staff with their authenticators, and browsers that fill in forms as people do."""

import html
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from flask_security import hash_password
from flask_security.proxies import _security as security
from passlib.totp import TOTP
from werkzeug.test import TestResponse

from checkin import clock, tokens
from checkin.app import create_app
from checkin.config import Config
from checkin.db import db, transaction
from checkin.domain import staff
from checkin.domain.staff import SecondFactor

PASSWORD = "hujan turun di Ipoh"
PAGE = {"Accept": "text/html"}


@dataclass
class Member:
    """Somebody on the staff, with the phone in their hand."""

    id: int
    email: str
    authenticator: TOTP

    def code(self, step: int = 0) -> str:
        """What the phone shows now, or a number of half minutes later."""
        return self.authenticator.generate(int(time.time()) + 30 * step).token


@contextmanager
def opened(config: Config) -> Iterator[Flask]:
    """An application that leaves no connection behind."""
    app = create_app(config)
    try:
        yield app
    finally:
        with app.app_context():
            for engine in db.engines.values():
                engine.dispose()


def invite(app: Flask, *, role: str = "organiser", domain: str = "example.org", now=None) -> tuple[str, str]:
    """A new member's address and the path of their one-time link."""
    email = f"{tokens.new_id().hex}@{domain}"
    now = now or clock.now()
    with app.app_context(), transaction() as session:
        member = staff.add_staff(session, email, role=role, uniquifier=tokens.new_id().hex, now=now)
        return email, f"/invitation/{staff.invite(session, member, now=now)}"


def enrol(app: Flask, *, password: str = PASSWORD, domain: str = "example.org") -> Member:
    """A member who has followed their link some time ago."""
    email, path = invite(app, domain=domain)
    with app.app_context():
        hashed, secret = hash_password(password), security.totp_factory.generate_totp_secret()
        uri = security.totp_factory.get_totp_uri(email, secret)
        factor = SecondFactor(secret, counter=0)
        with transaction() as session:
            token = path.removeprefix("/invitation/")
            member = staff.accept_invitation(session, token, password=hashed, factor=factor, now=clock.now())
    return Member(member.id, email, TOTP.from_uri(uri))


class Browser:
    """A client that sends each form with the token of the page it stands on."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers=PAGE)

    def filled(self, path: str) -> dict[str, str]:
        """What a form holds when it is opened; of its longer texts nothing."""
        page = self.get(path).text
        fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*?value="([^"]*)"', page))
        fields |= {
            name: (re.findall(r'value="([^"]*)"\s+selected', options) or [""])[0]
            for name, options in re.findall(
                r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL
            )
        }
        fields.pop("csrf_token")
        return {name: html.unescape(value) for name, value in fields.items()}

    def send(self, path: str, *, page: str | None = None, headers=None, **fields: str) -> TestResponse:
        """Open a page and send its form, to the page's own address unless `page` is another."""
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(page or path).text)
        form = {"csrf_token": token[1] if token else "", **fields}
        return self.client.post(path, data=form, headers={**PAGE, **(headers or {})})

    def sign_in(self, member: Member, *, password: str = PASSWORD, step: int = 0) -> TestResponse:
        """Password, then code."""
        halfway = self.send("/login", email=member.email, password=password)
        assert halfway.location.startswith("/login/code"), halfway.text
        return self.send(halfway.location, code=member.code(step))

    def cookie(self) -> str:
        """The session's cookie as it is kept now."""
        kept = self.client.get_cookie("checkin")
        assert kept is not None
        return kept.value


def authenticator_on(page: str) -> TOTP:
    """The authenticator that scans the picture on a page."""
    uri = re.search(r'href="(otpauth:[^"]+)"', page)
    assert uri is not None
    return TOTP.from_uri(html.unescape(uri[1]))


def errors_on(page: str) -> list[str]:
    """What a form says beside its fields, or above them."""
    found = re.findall(r"invalid-feedback[^>]*>([^<]+)|<li>([^<]+)</li>", page)
    return [html.unescape(beside or above) for beside, above in found]
