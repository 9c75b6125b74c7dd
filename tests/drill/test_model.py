"""The doors as a model, at length: whatever happens, what is guaranteed holds, and each mistake is caught."""

from collections.abc import Callable

import pytest

from tests.model.faults import FAULTS
from tests.model.machine import Ground
from tests.model.test_doors import doors, run

__all__ = ["doors"]
pytestmark = pytest.mark.drill

RUNS, STEPS = 2_000, 50


def test_the_doors_hold(doors: Ground, tell: Callable[[str], None]) -> None:
    before = doors.runs

    run(RUNS, STEPS)

    tell(f"the doors as a model: {doors.runs - before} runs of at most {STEPS} steps, every guarantee held")


@pytest.mark.parametrize("fault", FAULTS)
def test_each_mistake_is_caught(doors: Ground, tell: Callable[[str], None], fault: str) -> None:
    before = doors.runs

    with FAULTS[fault](), pytest.raises(AssertionError) as found:
        run(RUNS, STEPS)

    tell(f"{fault}: caught after {doors.runs - before} runs ({str(found.value).splitlines()[0]})")
