"""Turning a pairing code into a phone, over the API and on the page; it owns no table."""

from datetime import datetime

from checkin.db import reading, transaction
from checkin.domain import audit, doors, protocol
from checkin.domain.doors import Device
from checkin.errors import Refusal
from checkin.tokens import slow_hash

SHORTEST_PIN, LONGEST_PIN = 4, 8
DIGITS = "01234567890"


def pair_phone(code: str, *, operator: str, pin: str | None, now: datetime) -> tuple[Device, str]:
    """A new phone and its token; a protocol phone needs a PIN, and without one the code stays good.

    Raises Forbidden for a code that is wrong, old or used, and a 400 Refusal where the PIN is missing or easy.
    """
    with reading() as session:
        offered = doors.offered_pairing(session, code, now=now)
    # Before the transaction, since it takes its time, and for nobody without an invitation.
    hashed = slow_hash(_good(pin)) if pin is not None and offered and offered.kind == "protocol" else None
    with transaction() as session:
        device, token = doors.pair_device(session, code, operator=operator, now=now)
        if device.kind == "protocol":
            if hashed is None:
                raise Refusal("pin_needed", "A protocol phone needs a `pin` of 4 to 8 digits.", status=400)
            protocol.set_pin(session, device.id, hashed=hashed)
        audit.record(session, "device paired", actor=f"device:{device.id}", now=now, kind=device.kind)
    return device, token


def _good(pin: str) -> str:
    if not is_pin(pin) or is_easy(pin):
        raise Refusal(
            "pin_refused", "A `pin` is 4 to 8 digits, and not an easy one such as 1234.", status=400
        )
    return pin


def is_pin(text: str) -> bool:
    """Whether this is 4 to 8 digits."""
    return text.isascii() and text.isdecimal() and SHORTEST_PIN <= len(text) <= LONGEST_PIN


def is_easy(pin: str) -> bool:
    """Whether a PIN is among the first that anybody tries: 0000, 1234, 9876."""
    return len(set(pin)) == 1 or pin in DIGITS or pin in DIGITS[::-1]
