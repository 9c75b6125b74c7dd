"""Attendance depends on the set of scans and voids alone, whatever order and batches they arrive in (D3, D5)."""

import io
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from checkin.db import db, reading, transaction
from checkin.domain.attendance import Scope
from checkin.domain.programme import programme
from checkin.organisers import exports
from tests import world
from tests.world import Phone

START = datetime(2025, 9, 17, 0, 0, tzinfo=UTC)


@dataclass
class Doors:
    """The event with its phones, emptied of scans between examples."""

    app: Flask
    codes: list[str]
    phones: list[Phone]

    def empty(self) -> None:
        with self.app.app_context(), transaction() as session:
            connection = session.connection()
            # Scans can't be deleted, so their table's guard rests for the moment.
            guard = "DISABLE" if db.engine.dialect.name == "postgresql" else None
            for table in ("attendance", "void", "decision"):
                connection.execute(text(f"DELETE FROM {table}"))
            if guard:
                connection.execute(text("ALTER TABLE scan DISABLE TRIGGER ALL"))
                connection.execute(text("DELETE FROM scan"))
                connection.execute(text("ALTER TABLE scan ENABLE TRIGGER ALL"))
            else:
                trigger = connection.execute(
                    text("SELECT sql FROM sqlite_master WHERE name = 'scan_is_kept'")
                ).scalar_one()
                connection.execute(text("DROP TRIGGER scan_is_kept"))
                connection.execute(text("DELETE FROM scan"))
                connection.execute(text(trigger))

    def sheet(self) -> bytes:
        with self.app.app_context(), reading() as session:
            plan = programme(session)
            out = io.BytesIO()
            table = exports.table(session, "attendance", Scope(plan.main_area), programme=plan)
            exports.write(out, table, form="csv")
            return out.getvalue()


@pytest.fixture
def doors(expo: Flask) -> Doors:
    world.enrol(
        expo, [world.person(name, email=f"{name}@example.org", category="VIP") for name in ("ada", "budi")]
    )
    phones = [world.pair(expo, door) for door in ("Gate A", "Gate B", "Hall door")]
    return Doors(expo, list(world.codes(expo).values()), phones)


# A scan as (who, phone, minute, direction); a moment in seconds, so that re-reads within a minute occur.
SCANS = st.lists(
    st.tuples(
        st.integers(0, 1), st.integers(0, 2), st.integers(0, 6000), st.sampled_from(["in", "in", "out"])
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scans=SCANS, data=st.data())
def test_late_doubled_reordered_and_split_batches_give_the_same_sheet(
    doors: Doors, scans: Any, data: st.DataObject
) -> None:
    items = [(phone, item(doors, *scan)) for scan in scans for phone in [scan[1]]]
    voided = data.draw(st.lists(st.sampled_from(items), max_size=2, unique_by=lambda one: one[1]["id"]))
    doors.empty()
    for phone, one in items:
        doors.phones[phone].send([one])
    for phone, one in voided:
        void(doors.phones[phone], one["id"])
    in_order = doors.sheet()

    doors.empty()
    deliver(doors, data.draw(st.permutations(items + items[:3])), voided, data)

    assert doors.sheet() == in_order


def item(doors: Doors, who: int, phone: int, second: int, direction: str) -> dict[str, Any]:
    at = (START + timedelta(seconds=second)).isoformat()
    return doors.phones[phone].item(doors.codes[who], at, direction=direction)


def void(phone: Phone, scan: str) -> None:
    body = {"id": str(uuid.uuid4()), "scan": scan, "reason": "undone", "at": START.isoformat()}
    assert phone.client.post("/api/door/v1/voids", json=body, headers=phone.headers).status_code == 200


def deliver(doors: Doors, items: list[Any], voided: list[Any], data: st.DataObject) -> None:
    """Send everything in batches of any size, each by the phone that made its scans, with the voids in between."""
    waiting = list(voided)
    for batch in batches(items, data):
        if waiting and data.draw(st.booleans()):
            phone, one = waiting.pop()
            void(doors.phones[phone], one["id"])
        for phone in range(len(doors.phones)):
            own = [one for sender, one in batch if sender == phone]
            if own:
                doors.phones[phone].send(own)
    for phone, one in waiting:
        void(doors.phones[phone], one["id"])


def batches(items: list[Any], data: st.DataObject) -> Iterator[list[Any]]:
    while items:
        size = data.draw(st.integers(1, len(items)))
        yield items[:size]
        items = items[size:]
