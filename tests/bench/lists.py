"""How long a server takes for the organisers' list of delegates and for acts on many, by how many there are.

`python -m tests.bench.lists [DELEGATES] [ADDRESS]` fills a database of that many (100,000 unless told; an address that
has an event already is taken as it is), on SQLite and PostgreSQL, and prints medians in milliseconds.
"""

import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import click
from flask import Flask
from sqlalchemy import insert, select, update

from checkin import clock, schema
from checkin.app import create_app
from checkin.config import Config
from checkin.db import db, learn_sizes, reading, transaction
from checkin.domain import event
from checkin.domain.badges import Badge
from checkin.domain.delegates import Consent, Delegate
from checkin.organisers import demo
from tests import servers
from tests.accounts.people import Browser
from tests.bench.statements import counted
from tests.organisers.staff import signed_in

LIST = "/organiser/delegates"
RUNS = 7
Row = tuple[str, float, str, str]


def main() -> None:
    """Measure on both databases, or on the one whose address is given."""
    delegates = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    if len(sys.argv) > 2:
        report(sys.argv[2], delegates)
        return
    with tempfile.TemporaryDirectory() as folder:
        report(f"sqlite:///{folder}/lists.db", delegates)
    with servers.postgresql(durable=True) as server:
        report(server.create_database("lists"), delegates)


def report(url: str, delegates: int) -> None:
    """Fill a database where it is empty, and print what was measured on it."""
    app = filled(url, delegates=delegates)
    for what, value, unit, goal in measured(app):
        click.echo(f"{urlsplit(url).scheme.partition('+')[0]:<11} {what:<52} {value:>8.1f} {unit:<3} {goal}")
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


def filled(url: str, *, delegates: int) -> Flask:
    """The demo event, with most badges printed and everybody's consents; left alone where there is an event."""
    app = create_app(Config(database_url=url, testing=True))
    with app.app_context():
        schema.upgrade()
        with reading() as session:
            is_there = event.is_set_up(session)
        if not is_there:
            now, key = clock.now(), app.config["CHECKIN"].key
            scans = delegates * 3 // 2
            demo.fill(
                delegates=delegates, scans=scans, starts=now.date(), key=key, now=now, on_steps=lambda _: None
            )
            _print_and_agree()
    return app


def _print_and_agree() -> None:
    now = clock.now()
    with transaction() as session:
        session.execute(update(Badge).where(Badge.delegate_id % 5 != 0).values(printed_at=now))
        ids = session.scalars(select(Delegate.id)).all()
        common = {"notice_version": "2026-11", "language": "en", "at": now}
        for start in range(0, len(ids), 5000):
            rows = [
                {"id": uuid.uuid4(), "delegate_id": one, "purpose": purpose, "given": one % 3 == 0, **common}
                for one in ids[start : start + 5000]
                for purpose in ("updates", "leads")
            ]
            session.execute(insert(Consent), rows)
        learn_sizes(session)


def measured(app: Flask) -> Iterator[Row]:
    """The list in its orders, by its filters and words, on its first and its last page; then acts on many."""
    browser = signed_in(app, name=f"bench{uuid.uuid4().hex[:8]}")
    with app.app_context(), reading() as session:
        total = len(session.scalars(select(Delegate.id)).all())
    goal = "below 200" if total > 20_000 else "below 100"
    day = clock.now().date()
    pages = {
        "the list": "",
        "  its last page": "last",
        **{f"  by {by}": f"sort={by}" for by in ("name", "organisation", "country", "category", "status")},
        "  by today's arrival": "sort=arrived",
        "  by name, last page": "sort=name&last",
        "  by name, in the middle": f"sort=name&after={total // 2}",
        "  confirmed": "status=confirmed",
        "  of a category": "category=1",
        "  of a country, by name": "country=MY&sort=name",
        "  arrived today": f"came=arrived:{day}",
        "  not arrived today": f"came=absent:{day}",
        "  badge not printed": "printed=no",
        "  agreed to news": "consent=updates",
        "  confirmed, arrived, printed, by organisation": f"status=confirmed&came=arrived:{day}&printed=yes"
        "&sort=organisation",
        "  words that many have": "q=ahmad",
        "  two letters": "q=an",
        "  a mistyped name": "q=zulkfli",
        "  nobody": "q=nosuchperson",
    }
    most = 0
    for what, query in pages.items():
        path = f"{LIST}?{query}"
        browser.get(path)
        with counted(app) as sent:
            assert browser.get(path).status_code == 200
        most = max(most, len(sent))
        yield f"{total:,}: {what}", _median(browser, path), "ms", f"{goal}; CPU {_cpu(browser, path):.0f} ms"
    yield f"{total:,}: statements of a page, at most", most, "", "at most 8"
    yield from _acts(browser, total, goal)


def _acts(browser: Browser, total: int, goal: str) -> Iterator[Row]:
    began = time.perf_counter()
    made = browser.send(f"{LIST}/bulk", page=LIST, act="confirm", whom="all", status="confirmed")
    yield f"{total:,}: preparing a change of all confirmed", _ms(began), "ms", ""
    yield f"{total:,}:   its page", _median(browser, made.location), "ms", goal


def _median(browser: Browser, path: str) -> float:
    browser.get(path)
    times = []
    for _run in range(RUNS):
        began = time.perf_counter()
        assert browser.get(path).status_code == 200
        times.append(_ms(began))
    return statistics.median(times)


def _cpu(browser: Browser, path: str) -> float:
    """Of this process alone: what SQLite works is in it, what PostgreSQL works isn't."""
    began = time.process_time()
    for _run in range(RUNS):
        browser.get(path)
    return (time.process_time() - began) * 1000 / RUNS


def _ms(began: float) -> float:
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
