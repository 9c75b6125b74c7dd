"""Lets answers leave at a beat, so that their time tells nothing of what was found; it owns no table."""

import time

BEAT = 0.03


def wait_for_the_beat(began: float) -> None:
    """Wait until a whole number of beats has passed since `began` (seconds of `time.perf_counter`).

    Adding somebody takes a fraction of a millisecond more than finding that an address is known; that a
    clever stranger could measure, but not which beat an answer leaves at.
    """
    spent = time.perf_counter() - began
    time.sleep(-spent % BEAT)
