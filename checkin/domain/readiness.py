"""Whether a phone is ready for its door, a pure rule over what it reported; it owns no table.

A phone holds the same rule in JavaScript; `tests/vectors/readiness.json` binds the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.domain.doors import Device
from checkin.domain.programme import Programme

# Phones report every 15 seconds.
SILENT_AFTER_S = 120
ROSTER_OLD_AFTER_S = 15 * 60
CLOCK_OFF_MS = 120_000
BATTERY_LOW = 0.3


@dataclass(frozen=True)
class Facts:
    """What is known of a phone: seconds since it was heard, None if never; the rest as the door API has it."""

    heard_ago_s: float | None
    camera: str | None
    sound: bool
    storage: str | None
    roster_age_s: float | None
    skew_ms: int
    battery: float | None
    tested_today: bool


def missing(facts: Facts) -> list[str]:
    """What a phone lacks, in the order in which one mends it: `camera_denied`, `roster_old`; empty when ready."""
    if facts.heard_ago_s is None:
        # Nothing is known of the rest.
        return ["heard_never"]
    lacks = [
        "heard_silent" if facts.heard_ago_s > SILENT_AFTER_S else "",
        "" if facts.camera == "ok" else f"camera_{facts.camera or 'unknown'}",
        "" if facts.sound else "sound_off",
        "" if facts.storage == "persisted" else f"storage_{facts.storage or 'temporary'}",
        _roster(facts.roster_age_s),
        "clock_off" if abs(facts.skew_ms) > CLOCK_OFF_MS else "",
        "" if facts.battery is None or facts.battery > BATTERY_LOW else "battery_low",
        "" if facts.tested_today else "test_missing",
    ]
    return [one for one in lacks if one]


def _roster(age_s: float | None) -> str:
    if age_s is None:
        return "roster_none"
    return "roster_old" if age_s > ROSTER_OLD_AFTER_S else ""


def facts_of(device: Device, *, programme: Programme, now: datetime) -> Facts:
    """What a phone's last report says now: it ages, and so does the roster it told of."""
    ago = None if device.reported_at is None else (now - device.reported_at).total_seconds()
    return Facts(
        heard_ago_s=ago,
        camera=device.camera,
        sound=bool(device.sound),
        storage=device.storage,
        roster_age_s=None if device.roster_age_s is None else device.roster_age_s + (ago or 0),
        skew_ms=device.skew_ms,
        battery=device.battery,
        tested_today=device.tested_at is not None
        and programme.day_of(device.tested_at) == programme.day_of(now),
    )


def phones(session: Session) -> Sequence[Device]:
    """The phones that are paired and not revoked, as they were paired."""
    paired = select(Device).where(Device.revoked_at.is_(None), Device.kind != "paper")
    return session.scalars(paired.order_by(Device.paired_at, Device.id)).all()
