"""The migrations and the models: in step, and passable in both directions."""

import datetime as dt

from flask import Flask

from checkin import schema
from checkin.db import reading
from checkin.domain import setting_up
from checkin.domain.programme import programme
from tests import world


def test_models_and_migrations_agree(app: Flask) -> None:
    with app.app_context():
        differences = schema.alembic.compare_metadata()

    assert differences == []


def test_hours_of_days_and_of_categories_are_told_apart(app: Flask) -> None:
    days = [{"date": day} for day in world.DAYS[:2]]
    days[0] |= {"opens": dt.time(8), "closes": dt.time(19)}
    press = {"name": "Press", "opens": dt.time(10), "closes": dt.time(17)}
    early = {"name": "Early", "days": world.DAYS[:1]}
    world.set_event(app, days=days, categories=[{"name": "Delegate"}, press, early])
    with app.app_context(), reading() as session:
        before = setting_up.settings_of(programme(session))

    with app.app_context():
        schema.alembic.downgrade("0018")
        schema.upgrade()

    with app.app_context(), reading() as session:
        assert setting_up.settings_of(programme(session)) == before


def test_migrations_go_up_down_and_up_again(app: Flask) -> None:
    with app.app_context():
        schema.alembic.downgrade("base")
    with app.app_context():
        assert not schema.is_current()

    with app.app_context():
        schema.upgrade()

    with app.app_context():
        assert schema.is_current()
        assert schema.alembic.compare_metadata() == []
