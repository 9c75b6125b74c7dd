"""Visitors who fill in the public forms, and the expo for which they can register."""

import datetime as dt
import html
import re
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from checkin import clock
from checkin.domain.delegates import Delegate
from checkin.domain.messages import Message
from tests import world

FORM = {
    "name": "Aina binti Yusof",
    "email": "aina@example.org",
    "organisation": "Majlis Bandaraya Ipoh",
    "country": "MY",
    "category": "Delegate",
    "language": "en",
    "consent_notice": "y",
}
CATEGORIES = [
    {"name": "Delegate", "self_registration": True},
    {"name": "Media", "self_registration": True, "approval": True},
    {"name": "Workshop", "self_registration": True, "capacity": 2},
    {"name": "Crew"},
]


def open_registration(app: Flask, **changes: Any) -> None:
    """The small event, now a month away, with categories into which one may register oneself."""
    first = clock.now().date() + dt.timedelta(days=30)
    days = [{"date": first + dt.timedelta(days=number)} for number in range(3)]
    world.set_event(app, **{"days": days, "categories": CATEGORIES, **changes})


class Visitor:
    """A browser that opens a form once and may send it often, from an address of its own."""

    def __init__(self, app: Flask, *, network: str = "198.51.100.7", language: str = "en") -> None:
        self.client = app.test_client()
        self.network = network
        self.token: str | None = None
        self.headers = {"Accept": "text/html", "Accept-Language": language}

    def open(self, path: str = "/register") -> TestResponse:
        page = self.client.get(path, headers=self.headers, environ_base={"REMOTE_ADDR": self.network})
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
        self.token = token[1] if token else ""
        return page

    def post(self, path: str, form: dict[str, Any]) -> TestResponse:
        if self.token is None:
            self.open(path)
        return self.client.post(
            path,
            data={"csrf_token": self.token, **form},
            headers=self.headers,
            environ_base={"REMOTE_ADDR": self.network},
        )

    def register(self, **changes: Any) -> TestResponse:
        """Send the form with changes; None leaves a field out."""
        form = {name: value for name, value in {**FORM, **changes}.items() if value is not None}
        return self.post("/register", form)

    def find(self, email: str, **more: str) -> TestResponse:
        return self.post("/find", {"email": email, **more})


def errors_at(page: str) -> dict[str, str]:
    """What is said beside each field, by the field's name."""
    found = re.findall(r'id="([\w-]+)-error">([^<]+)<', page)
    return {name: html.unescape(sentence) for name, sentence in found}


def summary(page: str) -> list[str]:
    """What is said above the form, in plain text."""
    box = re.search(r'<div class="alert alert-danger summary".*?</ul>', page, re.DOTALL)
    items = re.findall(r"<li>(.*?)</li>", box[0] if box else "", re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]+>", "", item)) for item in items]


def typed_in(page: str) -> dict[str, str]:
    """What stands in a form's fields, choices and ticks as it comes back."""
    shown = {}
    for tag in re.findall(r"<input[^>]+>", page):
        given = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        ticks = given.get("type") in {"checkbox", "radio"}
        if "name" in given and (not ticks or re.search(r"\bchecked\b", tag)):
            shown[given["name"]] = html.unescape(given.get("value", ""))
    for name, options in re.findall(r'<select[^>]*name="(\w+)".*?>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        shown[name] = html.unescape(chosen[1]) if chosen else ""
    areas = re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    return shown | {name: html.unescape(text) for name, text in areas}


def people(session: Session) -> list[Delegate]:
    """Everybody, in the order in which they came."""
    return list(session.scalars(select(Delegate).order_by(Delegate.id)))


def kinds(session: Session) -> list[str]:
    """What was written to anybody, in the order in which it was."""
    return list(session.scalars(select(Message.kind).order_by(Message.created_at)))
