"""What a process has counted lately, shown to everybody who asks, and counted anew beside the requests."""

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from threading import Lock, Thread
from typing import Generic, TypeVar

import structlog
from flask import Flask, current_app

# How long a request waits for newer figures before it shows those of a moment ago.
PATIENCE = timedelta(milliseconds=25)
# What is older is shown to nobody, unless it is asked for; then it is forgotten.
OLD, FORGOTTEN = timedelta(minutes=1), timedelta(minutes=10)
# What the threads are called.
COUNTING = "counting"
Value = TypeVar("Value")
log = structlog.get_logger()


class Kept(Generic[Value]):
    """Values by key: shown as they are while fresh, counted anew in a thread after that.

    So a page of a large event waits for its figures only where nobody has looked at them since they are old.
    """

    def __init__(self) -> None:
        self._values: dict[Hashable, tuple[datetime, Value]] = {}
        self._counting: dict[Hashable, Thread] = {}
        self._lock = Lock()

    def value(
        self,
        key: Hashable,
        count: Callable[[], Value],
        *,
        now: datetime,
        fresh: timedelta,
        old: timedelta = OLD,
        patience: timedelta = PATIENCE,
    ) -> Value:
        """What `count` gives, or gave a moment ago; it may run in a thread, in the context of this application."""
        with self._lock:
            self._values = {one: value for one, value in self._values.items() if _age(value, now) < FORGOTTEN}
            at_hand = self._values.get(key)
            if at_hand is None or _age(at_hand, now) >= old:
                # Whoever asks at the same time waits for it.
                at_hand = self._values[key] = (now, count())
            if _age(at_hand, now) < fresh:
                return at_hand[1]
            counting = self._counting.get(key) or self._begin(key, count, now=now)
        counting.join(patience.total_seconds())
        return self._values.get(key, at_hand)[1]

    def _begin(self, key: Hashable, count: Callable[[], Value], *, now: datetime) -> Thread:
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

        def work() -> None:
            try:
                with app.app_context():
                    value = count()
                with self._lock:
                    self._values[key] = (now, value)
            except Exception as error:
                log.error("counting failed", kind=type(error).__name__, exc_info=error)
            finally:
                with self._lock:
                    del self._counting[key]

        thread = Thread(target=work, name=COUNTING, daemon=True)
        self._counting[key] = thread
        thread.start()
        return thread


def _age(value: tuple[datetime, object], now: datetime) -> timedelta:
    return abs(now - value[0])
