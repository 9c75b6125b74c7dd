"""The rule of the door as the server applies it, case by case as tests/js/rule.test.js applies the phone's."""

import datetime as dt
import json
import uuid
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.db import transaction
from checkin.domain import badges, delegates, registering
from checkin.domain.delegates import Delegate
from checkin.tokens import BadgeKey
from tests import world
from tests.world import Phone

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "verdicts.json").read_text())
Case = dict[str, Any]
PLACEHOLDERS = {"unknown", "other_event", "text", "forged"}


@cache
def settings(event: str) -> dict[str, Any]:
    """The event's set-up, with real dates and times, as a TOML file gives it."""
    given = json.loads(json.dumps(VECTORS["events"][event]))
    for day in given["days"]:
        day["date"] = dt.date.fromisoformat(day["date"])
    for category in given["categories"]:
        if "days" in category:
            category["days"] = [dt.date.fromisoformat(day) for day in category["days"]]
        for hour in ("opens", "closes"):
            if hour in category:
                category[hour] = dt.time.fromisoformat(category[hour])
    given["reentry_after"] = given.pop("reentry_after_s") // 60
    return given


def set_state(app: Flask, name: str, state: str) -> None:
    """Let something happen to a badge or its bearer."""
    key, now = app.config["CHECKIN"].key, clock.now()
    with app.app_context(), transaction() as session:
        delegate = session.scalars(select(Delegate).where(Delegate.name == name)).one()
        badge = badges.live_badge(session, delegate.id)
        assert badge is not None
        match state:
            case "revoked" | "revoked since":
                badges.revoke_badge(session, badge, revocation="revoked", reason="lost", now=now)
            case "replaced":
                badges.reissue_badge(session, delegate, reason="lost", key=key, now=now)
            case "cancelled":
                delegates.cancel(session, delegate, now=now)
            case "pending":
                registering.withdraw_approval(session, delegate, now=now)
            case "reinstated":
                delegates.cancel(session, delegate, now=now)
                delegates.reinstate(session, delegate, now=now)


def code_of(state: str, live: str) -> str:
    """What the phone reads in a state: the badge's own code, or one that no badge of this event has."""
    other = BadgeKey(bytes(32))
    match state:
        case "unknown":
            return next(code for code in _invented() if code[:2] == live[:2])
        case "other_event":
            prefix = "ZZ" if live[:2] != "ZZ" else "YY"
            return other.code(uuid.uuid4(), prefix=prefix)
        case "forged":
            return live[:-1] + ("0" if live[-1] != "0" else "1")
        case "text":
            return "https://example.org/menu"
    return live


def _invented() -> list[str]:
    key = BadgeKey(b"\1" * 32)
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return [key.code(uuid.UUID(int=7), prefix=one + other) for one in digits for other in digits]


def seen(phones: dict[str, Phone], case: Case, code: str, app: Flask, name: str) -> Case:
    """What the server says to the case's scan, after what was before it."""
    for past in case["before"]:
        phone = phones[past["phone"]]
        item = phone.item(code, past["at"], door=past["door"], direction=past["direction"])
        phone.send([item])
        if past.get("voided"):
            void = {"id": str(uuid.uuid4()), "scan": item["id"], "reason": "wrong", "at": past["at"]}
            done = phone.client.post("/api/door/v1/voids", json=void, headers=phone.headers)
            assert done.status_code == 200
    if case["state"] not in PLACEHOLDERS:
        set_state(app, name, case["state"])
    scan = dict(case["scan"])
    return phones["this"].scan(code_of(case["state"], code), scan.pop("at"), **scan)


def expected(case: Case) -> Case:
    return {part: instant(case[part]) for part in ("verdict", "reason", "just_now", "day", "first", "last")}


def instant(value: Any) -> Any:
    """A sighting with its time as a moment, however it is written; anything else as it is."""
    if not isinstance(value, dict):
        return value
    return dt.datetime.fromisoformat(value["at"]).astimezone(dt.UTC), value["door"]


@pytest.mark.parametrize("event", VECTORS["events"])
def test_the_server_gives_each_case_its_verdict(app: Flask, event: str) -> None:
    wrong = {}
    world.set_event(app, **settings(event))
    phones = {which: world.pair(app) for which in ("this", "other", "third")}
    cases = {f"Case {n}": one for n, one in enumerate(VECTORS["cases"]) if one["event"] == event}
    world.enrol(app, [world.person(name, category=one["category"]) for name, one in cases.items()])
    codes = world.codes(app)

    for name, case in cases.items():
        told = seen(phones, case, codes[name], app, name)
        got = {part: instant(told[part]) for part in expected(case)}
        if got != expected(case):
            wrong[case["name"]] = (got, expected(case))

    assert wrong == {}


def test_there_are_cases_of_every_verdict_and_reason() -> None:
    verdicts = {case["verdict"] for case in VECTORS["cases"]}
    reasons = {case["reason"] for case in VECTORS["cases"]} - {None}

    assert len(VECTORS["cases"]) >= 80
    assert verdicts == {"admitted", "returned", "repeat", "left", "refused"}
    assert reasons == {
        *("other_event", "unknown", "replaced", "revoked", "cancelled", "pending"),
        *("not_this_day", "not_open", "not_this_area"),
    }
