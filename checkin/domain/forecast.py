"""What the next hour brings to each door, and which door needs hands first: a pure rule; it owns no table."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

# People whom one phone lets in within a minute, names read and nobody hurried.
LANE = 10
QUARTERS = 4
QUARTER = 15  # minutes
# So many must have come by this time on the day before, before today is measured by it.
ENOUGH = 50
# However unlike the two days are.
MOST_ALIKE = 3.0
# People in a queue that nobody minds.
SHORT_QUEUE = 15


@dataclass(frozen=True)
class DoorSoFar:
    """A door's phones that are in use, its first entries by quarter hour since the cut-over on both days.

    `before` is None where there is no day before; `lately` is how many people a minute it let in lately.
    """

    door_id: uuid.UUID
    phones: int
    today: Counter[int]
    before: Counter[int] | None
    lately: float


@dataclass(frozen=True)
class NextHour:
    """What a door may expect in each of the next four quarter hours, and the queue at the end of each.

    `lanes` is how many phones keep everybody moving; with fewer, a queue begins in `short_from`, a quarter
    from 0, which is None where the phones suffice.
    """

    door_id: uuid.UUID
    phones: int
    arrivals: tuple[int, ...]
    queue: tuple[int, ...]
    lanes: int
    short_from: int | None

    @property
    def longest(self) -> int:
        return max(self.queue)


def next_hour(doors: Sequence[DoorSoFar], *, minute: int, still_expected: int) -> list[NextHour]:
    """Each door's next hour, `minute` minutes after the cut-over, in the order given.

    The day before says how arrivals go on, scaled by how many came today until now; a door without one goes
    on as it did lately. No more come than are still expected.
    """
    scale = _scale(doors, minute)
    coming = [_coming(door, minute=minute, scale=scale) for door in doors]
    everybody = sum(map(sum, coming))
    part = min(1.0, still_expected / everybody) if everybody else 1.0
    return [_next(door, [part * one for one in hour]) for door, hour in zip(doors, coming, strict=True)]


def most_pressing(hours: Sequence[NextHour]) -> NextHour | None:
    """The door that needs another lane first: where the longest queue would form; None where nobody waits."""
    short = [one for one in hours if one.short_from is not None]
    return max(short, key=lambda one: (one.longest, -(one.short_from or 0)), default=None)


def _scale(doors: Sequence[DoorSoFar], minute: int) -> float:
    """How today compares with the day before, until now."""
    then = sum(_until(door.before, minute) for door in doors if door.before is not None)
    today = sum(door.today.total() for door in doors)
    return min(max(today / then, 1 / MOST_ALIKE), MOST_ALIKE) if then >= ENOUGH else 1.0


def _coming(door: DoorSoFar, *, minute: int, scale: float) -> list[float]:
    ends = [minute + QUARTER * number for number in range(QUARTERS + 1)]
    if door.before is None or not door.before.total():
        return [door.lately * QUARTER] * QUARTERS
    until = [_until(door.before, end) for end in ends]
    return [scale * (later - sooner) for sooner, later in pairwise(until)]


def _until(counts: Mapping[int, int], minute: int) -> float:
    """How many had come by a minute, as if they came evenly within each quarter hour."""
    return sum(
        count * min(max((minute - quarter * QUARTER) / QUARTER, 0.0), 1.0)
        for quarter, count in counts.items()
    )


def _next(door: DoorSoFar, coming: Sequence[float]) -> NextHour:
    capacity = door.phones * LANE * QUARTER
    waiting, queue = 0.0, []
    for people in coming:
        waiting = max(0.0, waiting + people - capacity)
        queue.append(waiting)
    return NextHour(
        door_id=door.door_id,
        phones=door.phones,
        arrivals=tuple(round(people) for people in coming),
        queue=tuple(round(people) for people in queue),
        lanes=ceil(round(max(coming)) / (LANE * QUARTER)),
        short_from=next((at for at, people in enumerate(queue) if people >= SHORT_QUEUE), None),
    )
