"""How many statements a first entry sends to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

from flask import Flask
from sqlalchemy import event

from checkin.db import db
from tests.world import Phone


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements that this thread sends meanwhile, without the beginning and the end of transactions."""
    sent: list[str] = []
    here = get_ident()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if get_ident() == here and not statement.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")):
            sent.append(statement)

    with app.app_context():
        engines = list(db.engines.values())
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def of_a_first_entry(app: Flask, code: str, phone: Phone, day: str) -> int:
    """The number for one lone first entry, the programme being in memory."""
    phone.scan("nobody's", f"{day}T01:00:00Z")
    with counted(app) as sent:
        assert phone.scan(code, f"{day}T01:00:00Z")["verdict"] == "admitted"
    return len(sent)
