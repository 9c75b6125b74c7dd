"""The next hour at the doors, from numbers that can be reckoned by hand."""

import uuid
from collections import Counter

import pytest

from checkin.domain.forecast import LANE, DoorSoFar, NextHour, most_pressing, next_hour

GATE, SIDE = uuid.UUID(int=1), uuid.UUID(int=2)
NINE = 9 * 60


def door(
    door_id: uuid.UUID = GATE,
    *,
    phones: int = 1,
    today: dict[int, int] | None = None,
    before: dict[int, int] | None = None,
    lately: float = 0,
) -> DoorSoFar:
    told = None if before is None else Counter(before)
    return DoorSoFar(door_id, phones, Counter(today or {}), told, lately)


def hour(*doors: DoorSoFar, minute: int = NINE, still_expected: int = 10_000) -> list[NextHour]:
    return next_hour(doors, minute=minute, still_expected=still_expected)


def test_without_a_day_before_arrivals_go_on_as_they_did_lately() -> None:
    [found] = hour(door(lately=6))

    assert found.arrivals == (90, 90, 90, 90)
    assert found.queue == (0, 0, 0, 0)
    assert (found.lanes, found.short_from) == (1, None)


def test_the_day_before_says_how_arrivals_go_on_scaled_by_today() -> None:
    before = {34: 40, 35: 60, 36: 200, 37: 300, 38: 100, 39: 10}

    [found] = hour(door(today={34: 100, 35: 100}, before=before, phones=2))

    assert found.arrivals == (400, 600, 200, 20)
    assert found.queue == (100, 400, 300, 20)
    assert (found.lanes, found.short_from) == (4, 0)


def test_a_quarter_that_has_begun_counts_by_its_part() -> None:
    [found] = hour(door(before={36: 30, 40: 60}), minute=NINE + 5)

    assert found.arrivals == (20, 0, 0, 20)


@pytest.mark.parametrize(("today", "arrivals"), [(1, 20), (1000, 180)])
def test_days_are_not_taken_for_more_unlike_than_three_times(today: int, arrivals: int) -> None:
    [found] = hour(door(today={35: today}, before={35: 60, 36: 60}))

    assert found.arrivals[0] == arrivals


def test_a_few_early_ones_do_not_make_a_scale() -> None:
    [found] = hour(door(today={35: 30}, before={35: 10, 36: 60}))

    assert found.arrivals[0] == 60


def test_no_more_come_than_are_still_expected() -> None:
    found = hour(door(lately=10), door(SIDE, lately=30), still_expected=240)

    assert [sum(one.arrivals) for one in found] == [60, 180]


def test_the_door_with_the_longest_queue_presses_most() -> None:
    found = hour(door(lately=LANE + 2), door(SIDE, lately=LANE + 5))

    pressing = most_pressing(found)

    assert pressing is not None
    assert (pressing.door_id, pressing.lanes, pressing.short_from) == (SIDE, 2, 0)
    assert pressing.longest == 300


def test_a_door_without_a_phone_presses_as_soon_as_people_come() -> None:
    [found] = hour(door(phones=0, lately=2))

    assert (found.lanes, found.short_from) == (1, 0)
    assert most_pressing([found]) is found


def test_nothing_presses_where_nobody_waits() -> None:
    assert most_pressing(hour(door(), door(SIDE, lately=LANE))) is None
    assert most_pressing([]) is None
