"""The migrations and the models: in step, and passable in both directions."""

from flask import Flask

from checkin import schema


def test_models_and_migrations_agree(app: Flask) -> None:
    with app.app_context():
        differences = schema.alembic.compare_metadata()

    assert differences == []


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
