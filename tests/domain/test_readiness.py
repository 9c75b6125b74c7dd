"""The rule of a phone's readiness, by the vectors that JavaScript must pass too."""

import json
from pathlib import Path
from typing import Any

import pytest

from checkin.domain.readiness import Facts, missing
from checkin.organisers.readiness import LACKS

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "readiness.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_phone_lacks_what_the_vectors_say(vector: dict[str, Any]) -> None:
    lacks = missing(Facts(**vector["facts"]))

    assert lacks == vector["missing"]
    assert set(lacks) <= set(LACKS)
