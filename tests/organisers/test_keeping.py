"""What is counted for many is shown for a moment, then counted anew beside the requests."""

import datetime as dt
from threading import Event

from flask import Flask

from checkin.db import reading
from checkin.domain import event
from checkin.organisers.keeping import Kept

NOW = dt.datetime(2025, 9, 17, 1, 0, tzinfo=dt.UTC)
TWO, LONG = dt.timedelta(seconds=2), dt.timedelta(seconds=30)


def _at(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def test_what_is_fresh_is_not_counted_again(app: Flask) -> None:
    kept, counts = Kept[int](), iter(range(9))

    with app.app_context():
        values = [
            kept.value("board", lambda: next(counts), now=_at(after), fresh=TWO, patience=LONG)
            for after in (0, 1.9, 2, 3, 4.1)
        ]

    assert values == [0, 0, 1, 1, 2]


def test_who_asks_meanwhile_sees_what_was_counted_before(app: Flask) -> None:
    kept, goes_on, began = Kept[str](), Event(), []

    def count() -> str:
        began.append(1)
        goes_on.wait(30)
        return "new"

    with app.app_context():
        first = kept.value("board", lambda: "old", now=_at(0), fresh=TWO)
        meanwhile = [
            kept.value("board", count, now=_at(after), fresh=TWO, patience=dt.timedelta(0))
            for after in (5, 6)
        ]
        goes_on.set()
        then = kept.value("board", count, now=_at(7), fresh=TWO, patience=LONG)

    assert (first, meanwhile, then) == ("old", ["old", "old"], "new")
    assert len(began) == 1


def test_what_is_old_is_shown_to_nobody(app: Flask) -> None:
    kept = Kept[str]()

    with app.app_context():
        kept.value("board", lambda: "old", now=_at(0), fresh=TWO)
        later = kept.value("board", lambda: "new", now=_at(60), fresh=TWO, patience=dt.timedelta(0))

    assert later == "new"


def test_a_count_that_fails_leaves_the_one_before_and_is_tried_again(app: Flask) -> None:
    kept = Kept[str]()

    def fails() -> str:
        raise RuntimeError

    with app.app_context():
        kept.value("board", lambda: "old", now=_at(0), fresh=TWO)
        after = kept.value("board", fails, now=_at(3), fresh=TWO, patience=LONG)
        again = kept.value("board", lambda: "new", now=_at(4), fresh=TWO, patience=LONG)

    assert (after, again) == ("old", "new")


def test_a_count_beside_the_requests_reads_the_database(expo: Flask) -> None:
    kept = Kept[bool]()

    def is_set_up() -> bool:
        with reading() as session:
            return event.is_set_up(session)

    with expo.app_context():
        kept.value("event", lambda: False, now=_at(0), fresh=TWO)
        after = kept.value("event", is_set_up, now=_at(3), fresh=TWO, patience=LONG)

    assert after
