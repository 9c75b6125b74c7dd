"""Mistakes that a model must notice: each is made on purpose, one at a time, and never a switch in the product."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from checkin import clock
from checkin.domain import items, judging
from checkin.door import routes
from checkin.errors import Forbidden
from tests.model.phone import Phone


@contextmanager
def no_idempotency() -> Iterator[None]:
    """The server takes every scan for a new one."""
    real = items.item_of

    def anew(raw: Any) -> Any:
        item = real(raw)
        if item is not None:
            item.id = uuid.uuid4()
        return item

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(items, "item_of", anew)
        yield


@contextmanager
def delete_before_acknowledgement() -> Iterator[None]:
    """The phone takes what it has sent for arrived."""
    real = Phone.waiting

    def forgetful(phone: Phone) -> list[dict[str, Any]]:
        waiting = real(phone)
        for item in waiting:
            phone.kept[item["id"]] = replace(phone.kept[item["id"]], state="sent")
        return waiting

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Phone, "waiting", forgetful)
        yield


@contextmanager
def server_time_as_the_day() -> Iterator[None]:
    """The server counts a scan on the day on which it arrives."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(items, "at_of", lambda item: clock.now())
        yield


@contextmanager
def refusing_revoked_uploads() -> Iterator[None]:
    """The server sends a revoked phone away, and what it holds with it."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise Forbidden("device_revoked", "This phone was revoked.")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(routes.judging, "hold", refuse)
        yield


@contextmanager
def no_epoch() -> Iterator[None]:
    """The phone offers nothing again after a restore."""

    def enter(phone: Phone, epoch: str) -> None:
        phone.epoch = epoch

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Phone, "enter", enter)
        yield


@contextmanager
def first_come_instead_of_earliest() -> Iterator[None]:
    """The first entry is the one that arrives first."""
    real = judging._note_first

    def first_come(state: Any, place: Any, reading: Any) -> None:
        if state.firsts.get(place) is None:
            real(state, place, reading)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(judging, "_note_first", first_come)
        yield


FAULTS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "no idempotency": no_idempotency,
    "delete before acknowledgement": delete_before_acknowledgement,
    "server time as the day": server_time_as_the_day,
    "refusing revoked uploads": refusing_revoked_uploads,
    "no epoch": no_epoch,
    "first-come instead of earliest": first_come_instead_of_earliest,
}
