"""What the organisers' and the desk's pages take, among ten thousand delegates and among a hundred thousand."""

import statistics
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from unittest.mock import patch

from flask import Flask
from sqlalchemy import text

from checkin import clock, schema
from checkin.app import create_app
from checkin.config import Config
from checkin.db import db, reading
from checkin.domain import event
from checkin.organisers import demo
from checkin.organisers.keeping import COUNTING
from tests import world
from tests.accounts.people import Browser
from tests.bench.statements import counted
from tests.organisers.staff import signed_in

# How many delegates, with three scans each, and the milliseconds that a page may take then.
SIZES = ((10_000, 100), (100_000, 200))
RUNS = 5
MOST_STATEMENTS = 8
# So long after the one before each page is asked for: what is kept is not fresh any more, and counted anew.
APART = timedelta(seconds=15)
PAGES = (
    "/organiser",
    "/organiser?area=2",
    "/organiser/board",
    "/organiser/delegates",
    "/organiser/delegates?q=tan",
    "/organiser/delegates?q=majlis+kuala+lumpur",
    "/organiser/delegates?q=nosuchperson",
    "/organiser/delegates?last=yes",
    "/organiser/delegates?sort=name",
    "/organiser/delegates?sort=organisation&last=yes",
    "/organiser/delegates?sort=country",
    "/organiser/delegates?sort=arrived",
    "/organiser/delegates?status=confirmed&sort=name",
    "/organiser/delegates?country=MY&sort=name",
    "/organiser/delegates?came=arrived:{today}",
    "/organiser/delegates?came=absent:{today}",
    "/organiser/delegates?printed=no",
    "/organiser/delegates?consent=updates",
    "/organiser/delegates?status=confirmed&came=arrived:{today}&printed=yes&sort=organisation",
    "/organiser/delegates/bulk",
    "/organiser/delegates/KL-00042",
    "/organiser/doors",
    "/organiser/readiness",
    "/organiser/conflicts",
    "/organiser/vips",
    "/organiser/by-hand",
    "/organiser/paper",
    "/organiser/prints",
    "/organiser/exports",
    "/organiser/outbox",
    "/organiser/staff",
    "/organiser/setup",
    "/organiser/setup/categories",
    "/organiser/after",
    "/organiser/delegates/KL-00042/attendance",
    "/organiser/audit",
    "/organiser/import",
    "/desk",
    "/desk?q=tan",
    "/desk/people/KL-00042",
)


def measured(
    url_of: str, sizes: tuple[tuple[int, int], ...] = SIZES
) -> Iterator[tuple[str, float, str, str]]:
    """The milliseconds that each page takes, and its statements where they are too many; `{}` in the URL is a size."""
    for delegates, most in sizes:
        app = filled(url_of.format(delegates), delegates)
        browser = signed_in(app, name=f"bench{time.time_ns()}")
        with browser.client.session_transaction() as kept:
            kept["fs_paa"] = time.time()
        for page in PAGES:
            path = page.format(today=world.today())
            taken = [_asked(browser, path, at=clock.now() + run * APART) for run in range(RUNS)]
            with counted(app) as sent:
                taken.append(_asked(browser, path, at=clock.now() + RUNS * APART))
            yield f"{page} of {delegates:,}", statistics.median(taken[1:]), "ms", f"below {most}"
            if len(sent) > MOST_STATEMENTS:
                yield "  statements", len(sent), "", f"at most {MOST_STATEMENTS}"
        with app.app_context():
            for engine in db.engines.values():
                engine.dispose()


def _asked(browser: Browser, path: str, *, at: datetime) -> float:
    """The milliseconds until a page is there; what is counted beside it then ends in peace."""
    with patch.object(clock, "now", lambda: at):
        begun = time.perf_counter()
        answer = browser.get(path)
        taken = (time.perf_counter() - begun) * 1000
        for thread in threading.enumerate():
            if thread.name == COUNTING:
                thread.join()
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")
    return taken


def filled(url: str, delegates: int) -> Flask:
    """An application in the middle of the demo event's second day; one that is there is taken as it is."""
    app = create_app(Config(database_url=url, testing=True))
    now = clock.now()
    with app.app_context():
        schema.upgrade()
        with reading() as session:
            if event.is_set_up(session):
                return app
        key, starts = app.config["CHECKIN"].key, world.today() - timedelta(days=1)
        demo.fill(
            delegates=delegates, scans=3 * delegates, starts=starts, key=key, now=now, on_steps=lambda _: None
        )
        tidy()
    return app


def tidy() -> None:
    """What PostgreSQL does by itself within a minute or so of many new rows, so that indexes alone can be read."""
    with db.engines["autocommit"].connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("VACUUM ANALYZE"))
