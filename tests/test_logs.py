"""What an operator reads has no values of people in it."""

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from checkin import logs
from checkin.db import transaction
from checkin.domain import delegates
from checkin.domain.delegates import Delegate
from tests import world


def _same_address_again() -> None:
    with transaction() as session:
        ada = delegates.delegate_with_reference(session, "KL-00001")
        columns = {column.name: getattr(ada, column.name) for column in Delegate.__table__.columns}
        session.execute(Delegate.__table__.insert().values({**columns, "id": 99, "reference": "KL-99999"}))


def test_a_broken_rule_of_the_database_is_logged_without_its_values(expo: Flask) -> None:
    world.enrol(expo, [world.person("Ada Lim", email="ada@example.org")])

    with expo.app_context(), pytest.raises(IntegrityError) as broken:
        _same_address_again()
    event = logs.without_values(None, "error", {"event": "crashed", "exc_info": broken.value})

    assert event["exc_info"] is None
    assert event["exception"].startswith("IntegrityError")
    assert "test_logs.py" in event["exception"]
    assert "ada@example.org" not in event["exception"]


def test_other_errors_keep_their_words() -> None:
    error = ValueError("a badge code is at most 29 characters")

    assert logs.without_values(None, "error", {"exc_info": error}) == {"exc_info": error}
