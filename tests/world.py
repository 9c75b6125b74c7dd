"""A small event for tests to stand on: its set-up, people, badges' codes and paired phones."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import badges, colleagues, doors, links, registering
from checkin.domain.badges import Badge
from checkin.domain.delegates import Agreement, Delegate
from checkin.domain.details import Details
from checkin.domain.programme import programme
from checkin.organisers.settings import apply_settings, settings_of

DAYS = [dt.date(2025, 9, 17), dt.date(2025, 9, 18), dt.date(2025, 9, 19)]
SETTINGS: dict[str, Any] = {
    "code": "SCEKL25",
    "name": "Smart City Expo Kuala Lumpur 2025",
    "time_zone": "Asia/Kuala_Lumpur",
    "days": [
        {"date": dt.date(2025, 9, 16), "counts": False, "name": "Build day"},
        *({"date": day} for day in DAYS),
    ],
    "areas": [{"name": "Expo", "main": True}, {"name": "Hall"}],
    "doors": [
        {"name": "Gate A", "area": "Expo"},
        {"name": "Gate B", "area": "Expo"},
        {"name": "Gate C", "area": "Expo"},
        {"name": "Hall door", "area": "Hall"},
    ],
    "categories": [
        {"name": "Delegate"},
        {"name": "VIP", "areas": ["Expo", "Hall"], "protocol": True},
        {"name": "Crew", "days": [dt.date(2025, 9, 16), *DAYS]},
        {"name": "Press", "opens": dt.time(10), "closes": dt.time(17)},
        {"name": "Workshop", "capacity": 3},
    ],
}


def today() -> dt.date:
    """The day that it is at the small event: the hours before four in Kuala Lumpur belong to the day before."""
    return (clock.now().astimezone(ZoneInfo(SETTINGS["time_zone"])) - dt.timedelta(hours=4)).date()


def set_event(app: Flask, **changes: Any) -> None:
    """The small event, or a change of it."""
    with app.app_context(), transaction() as session:
        apply_settings(session, settings_of(SETTINGS | changes), key=app.config["CHECKIN"].key)


def enrol(app: Flask, people: Iterable[Details], *, status: str = "confirmed") -> registering.Enrolment:
    """Add people as an organiser's list does."""
    enrolled = registering.Enrolment()
    with app.app_context(), transaction() as session:
        plan, key = programme(session), app.config["CHECKIN"].key
        for part in registering.enrol(
            session, people, programme=plan, key=key, now=clock.now(), status=status
        ):
            enrolled += part
    return enrolled


def person(name: str, **details: Any) -> Details:
    """Somebody with a name and whatever else matters."""
    return Details(name=name, **details)


def codes(app: Flask) -> dict[str, str]:
    """Each name's live code."""
    with app.app_context(), reading() as session:
        plan, key = programme(session), app.config["CHECKIN"].key
        query = select(Badge, Delegate.name).join(Delegate, Delegate.id == Badge.delegate_id)
        rows = session.execute(query.where(Badge.revoked_at.is_(None)).order_by(Delegate.id)).all()
        return {row.name: badges.code_of(row.Badge, key=key, prefix=plan.code_prefix) for row in rows}


def link(app: Flask, name: str) -> str:
    """The token of a link to somebody's own page."""
    now = clock.now()
    with app.app_context(), transaction() as session:
        found = session.scalars(select(Delegate.id).where(Delegate.name == name)).one()
        return links.mint_link(session, found, now=now, expires_at=now + dt.timedelta(days=30))


def contact(app: Flask, name: str, *, colleague: str) -> tuple[str, str]:
    """The token of somebody's link, and the reference of a colleague whom they have registered."""
    with app.app_context(), transaction() as session:
        plan, key = programme(session), app.config["CHECKIN"].key
        mine = session.scalars(select(Delegate).where(Delegate.name == name)).one()
        agreed = Agreement({"notice": True}, "2026-11", "en")
        added, _ = colleagues.add_colleague(
            session, mine, person(colleague), agreed, programme=plan, key=key, now=clock.now()
        )
    return link(app, name), added.reference


def pairing_code(app: Flask, door: str = "Gate A", *, desk: bool = False, protocol: bool = False) -> str:
    """An invitation to a phone."""
    with app.app_context(), transaction() as session:
        place = programme(session).door_named(door)
        kind = "desk" if desk else "protocol" if protocol else "door"
        return doors.offer_pairing(session, place.id, kind=kind, now=clock.now())[1]


@dataclass
class Phone:
    """A paired phone that numbers its scans."""

    client: FlaskClient
    token: str
    id: uuid.UUID
    seq: int = 0

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def item(self, code: str, at: str, **more: Any) -> dict[str, Any]:
        """One scan as the API takes it."""
        self.seq += 1
        scan = {"id": str(uuid.uuid4()), "seq": self.seq, "code": code, "scanned_at": at}
        return {**scan, "direction": "in", "input": "camera", **more}

    def send(self, items: Sequence[Any]) -> list[dict[str, Any]]:
        """Upload scans; their results."""
        response = self.client.post("/api/door/v1/scans", json={"scans": items}, headers=self.headers)
        assert response.status_code == 200, response.text
        results: list[dict[str, Any]] = response.get_json()["results"]
        return results

    def scan(self, code: str, at: str, **more: Any) -> dict[str, Any]:
        """Upload one scan; its result."""
        return self.send([self.item(code, at, **more)])[0]


def pair(
    app: Flask, door: str = "Gate A", *, desk: bool = False, pin: str | None = None, operator: str = "Aina"
) -> Phone:
    """A phone paired over the API; one with a PIN is a protocol phone."""
    client = app.test_client()
    code = pairing_code(app, door, desk=desk, protocol=pin is not None)
    asked = {"code": code, "operator": operator, "pin": pin}
    paired = client.post("/api/door/v1/pair", json=asked)
    assert paired.status_code == 200, paired.text
    answer = paired.get_json()
    return Phone(client, answer["token"], uuid.UUID(answer["device"]["id"]))
