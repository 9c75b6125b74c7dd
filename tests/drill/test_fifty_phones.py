"""Fifty phones read one badge at the same second, forty times over (D4)."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.journeys.test_one_badge_many_phones import PHONES, fifty_at_once

pytestmark = pytest.mark.drill

ROUNDS = 40


def test_in_forty_rounds_of_fifty_phones_exactly_one_admits(
    expo: Flask, database_url: str, tell: Callable[[str], None]
) -> None:
    fifty_at_once(expo, database_url, rounds=ROUNDS)

    kind = database_url.partition(":")[0]
    tell(
        f"{ROUNDS} rounds of {PHONES} phones on {kind}: {ROUNDS} admitted, "
        f"{ROUNDS * (PHONES - 1)} named its time and door"
    )
