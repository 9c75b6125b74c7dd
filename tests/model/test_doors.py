"""The doors as a model: a short run, and one with each mistake made on purpose; `make drill` runs it at length."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.faults import FAULTS
from tests.model.machine import Doors, Ground, ground


@pytest.fixture(scope="module")
def doors(sqlite_template: Path) -> Iterator[Ground]:
    with ground(sqlite_template) as made:
        Doors.ground = made
        yield made


def run(runs: int, steps: int) -> None:
    """Run the model so often with so many steps; raises what it found."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Doors,
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=False,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_happens_at_the_doors_what_is_guaranteed_holds(doors: Ground) -> None:
    run(10, 30)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_mistake_at_the_doors_is_noticed(doors: Ground, fault: str) -> None:
    with FAULTS[fault](), pytest.raises(AssertionError):
        run(300, 40)
