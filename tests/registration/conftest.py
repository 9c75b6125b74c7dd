"""The expo for which one can register."""

import pytest
from flask import Flask

from tests.registration.visitors import Visitor, open_registration


@pytest.fixture
def open_expo(app: Flask) -> Flask:
    """The application with an event that is a month away and open for registration."""
    open_registration(app)
    return app


@pytest.fixture
def visitor(open_expo: Flask) -> Visitor:
    """Somebody with a browser, who reads English."""
    return Visitor(open_expo)
