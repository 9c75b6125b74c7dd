"""The door API's description, held against the API itself by generated requests."""

from collections.abc import Iterator

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from checkin.limits import limiter
from tests import world

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def unlimited(expo: Flask) -> Iterator[Flask]:
    """The application, asked more often than anybody may."""
    limiter.enabled = False
    yield expo
    limiter.enabled = True


@pytest.mark.parametrize("path", ["pair", "move", "scans", "decisions", "voids", "report", "search"])
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_described(unlimited: Flask, path: str, mode: GenerationMode) -> None:
    world.enrol(unlimited, [world.person("Ada Lim", email="ada@example.org")])
    desk = world.pair(unlimited, desk=True)
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", unlimited)
    operation = schema[f"/api/door/v1/{path}"]["GET" if path == "search" else "POST"]

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(generation_mode=mode))
    def is_as_described(case: schemathesis.Case) -> None:
        # Through WSGI nothing decompresses an answer on its way.
        headers = {**desk.headers, "Accept-Encoding": "identity"}
        case.call_and_validate(headers=headers, checks=CHECKS)

    is_as_described()
