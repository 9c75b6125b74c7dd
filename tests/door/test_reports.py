"""What phones report of themselves, and what is kept of it."""

import datetime as dt
from typing import Any

import pytest
from flask import Flask

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import doors
from checkin.domain.doors import Device
from tests import world
from tests.world import Phone

PATH = "/api/door/v1/report"


def said(**changes: Any) -> dict[str, Any]:
    """A report of a phone that is ready."""
    now = clock.now().isoformat()
    words = {"sent_at": now, "waiting": 3, "last_seq": 41, "roster_age_s": 20, "battery": 0.8, "camera": "ok"}
    return {**words, "sound": True, "storage": "persisted", "installed": True, "tested_at": now, **changes}


def report(phone: Phone, **changes: Any) -> Any:
    return phone.client.post(PATH, json=said(**changes), headers=phone.headers)


def kept(app: Flask, phone: Phone) -> Device:
    with app.app_context(), reading() as session:
        return doors.device(session, phone.id)


def test_the_last_word_of_a_phone_is_kept(expo: Flask) -> None:
    phone = world.pair(expo)
    report(phone, camera="denied", waiting=9)

    answer = report(phone, battery=None, tested_at=None)

    device = kept(expo, phone)
    assert answer.get_json().keys() == {"now", "epoch"}
    assert (device.last_seq, device.waiting, device.roster_age_s, device.camera) == (41, 3, 20, "ok")
    assert (device.sound, device.storage, device.installed) == (True, "persisted", True)
    assert (device.battery, device.tested_at) == (None, None)
    assert device.reported_at == device.heard_at


def test_a_report_tells_how_far_the_phones_clock_is_off(expo: Flask) -> None:
    phone = world.pair(expo)

    report(phone, sent_at=(clock.now() + dt.timedelta(minutes=5)).isoformat())

    assert kept(expo, phone).skew_ms == pytest.approx(300_000, abs=5_000)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"camera": "broken"}, 400),
        ({"waiting": -1}, 400),
        ({"battery": 7}, 400),
        ({"sent_at": "9999-01-01T00:00:00Z"}, 400),
        ({"tested_at": "yesterday"}, 400),
        ({"more": "x" * 5000}, 413),
    ],
)
def test_a_report_that_is_none_changes_nothing(expo: Flask, changes: dict[str, Any], status: int) -> None:
    phone = world.pair(expo)

    answer = report(phone, **changes)

    assert answer.status_code == status
    assert kept(expo, phone).reported_at is None


def test_a_revoked_phone_reports_no_more(expo: Flask) -> None:
    phone = world.pair(expo)
    with expo.app_context(), transaction() as session:
        doors.revoke_device(session, phone.id, now=clock.now())

    answer = report(phone)

    assert answer.get_json()["code"] == "device_revoked"
