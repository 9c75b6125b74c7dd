"""`make bench`: what the README claims, measured on this machine; a table, then the same as JSON.

Each figure is the median of several runs. Checkin's CPU is that of its server processes; the load generator
and PostgreSQL share the machine's cores.
"""

import json
import os
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from urllib.parse import urlsplit

import click
import httpx
import psutil
from flask import Flask

from checkin import clock, schema
from checkin.app import create_app
from checkin.config import Config
from checkin.db import db, reading
from checkin.domain import badges
from checkin.domain.programme import programme
from checkin.organisers import demo
from tests import servers, world
from tests.bench import (
    frames,
    hard_frames,
    large_sheets,
    load,
    organising,
    pages,
    printing,
    registering,
    sheets,
    statements,
)
from tests.organisers.staff import signed_in

RUNS = 3
CONNECTIONS = 32
DELEGATES = 10_000
CHECK_INS = 3_000
SCANS_A_SECOND = 50
# From tomorrow on: registration is closed once the last day is over.
DAYS = tuple((clock.now().date() + timedelta(days=ahead)).isoformat() for ahead in (1, 2, 3))


@dataclass(frozen=True)
class Figure:
    """One measured number beside what it should be."""

    database: str
    what: str
    value: float
    unit: str
    goal: str


def main() -> None:
    """Measure everything on both databases."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        figures += measured(f"sqlite:///{folder}/bench.db")
        figures += measured_large(f"sqlite:///{folder}/large.db")
        figures += measured_pages(f"sqlite:///{folder}/pages-{{}}.db")
        with servers.postgresql(durable=True) as server:
            figures += measured(server.create_database("bench"))
            figures += measured_large(server.create_database("large"))
            named = {size: server.create_database(f"pages_{size}") for size, _most in organising.SIZES}
            figures += measured_pages(next(iter(named.values())).replace(f"pages_{min(named)}", "pages_{}"))
    click.echo(machine())
    for figure in figures:
        click.echo(
            f"{figure.database:<11} {figure.what:<44} {figure.value:>9.2f} {figure.unit:<5} {figure.goal}"
        )
    click.echo(json.dumps({"machine": machine(), "figures": [asdict(figure) for figure in figures]}))


def machine() -> str:
    """What was measured on, and when."""
    memory = psutil.virtual_memory().total // 1024**3
    return f"{os.cpu_count()} cores, {memory} GB, Python {platform.python_version()}, {clock.now().date()}"


def measured(url: str) -> Iterator[Figure]:
    """All figures of one database."""
    kind = urlsplit(url).scheme.partition("+")[0]
    progress(f"{kind}: {DELEGATES} delegates")
    app = filled(url)
    rows = [
        *check_ins(app, url),
        *searches(app, url),
        *searches_of_the_desk(app, url),
        *sheets.measured(app, RUNS),
        *registering.measured(app),
    ]
    # The browser's and the printer's figures don't depend on the database.
    if kind == "sqlite":
        rows += [
            *printing.measured(RUNS),
            *frames.measured(app, url),
            *hard_frames.measured(app, url),
            *pages.measured(app, url, RUNS),
        ]
    for what, value, unit, goal in rows:
        yield Figure(kind, what, value, unit, goal)
    dispose(app)


def measured_large(url: str) -> Iterator[Figure]:
    """The figures of a database of many delegates."""
    kind = urlsplit(url).scheme.partition("+")[0]
    progress(f"{kind}: {large_sheets.DELEGATES} delegates")
    dispose(filled(url, delegates=large_sheets.DELEGATES, scans=large_sheets.DELEGATES))
    for what, value, unit, goal in large_sheets.measured(url, RUNS):
        yield Figure(kind, what, value, unit, goal)


def measured_pages(url: str) -> Iterator[Figure]:
    """The organisers' and the desk's pages; `{}` in the address stands for how many delegates a database has."""
    kind = urlsplit(url).scheme.partition("+")[0]
    progress(f"{kind}: pages")
    for what, value, unit, goal in organising.measured(url):
        yield Figure(kind, what, value, unit, goal)


def dispose(app: Flask) -> None:
    """Leave no connection behind."""
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


def progress(sentence: str) -> None:
    click.echo(sentence, err=True)


def filled(url: str, *, delegates: int = DELEGATES, scans: int = 0) -> Flask:
    """An application whose database holds the demo event."""
    app = create_app(Config(database_url=url, testing=True))
    with app.app_context():
        schema.upgrade()
        key, starts = app.config["CHECKIN"].key, date.fromisoformat(DAYS[0])
        demo.fill(
            delegates=delegates,
            scans=scans,
            starts=starts,
            key=key,
            now=clock.now(),
            on_steps=lambda _: None,
        )
    return app


Row = tuple[str, float, str, str]


def check_ins(app: Flask, url: str) -> Iterator[Row]:
    """Durable first check-ins over HTTP: how many a second, how long one takes, what it costs."""
    codes = good_codes(app)
    phones = [world.pair(app, door) for door in ("Gate A", "Gate B") * (CONNECTIONS // 2)]
    rates, slowest, cpu = [], [], []
    with servers.checkin_server(url, workers=2) as server:
        for day in DAYS[:RUNS]:
            progress(f"check-ins on {day}")
            warm_up, measured = (
                uploads(codes[part], phones, day, server.base_url)
                for part in (slice(200), slice(200, 200 + CHECK_INS))
            )
            address = urlsplit(server.base_url)
            load.fire((str(address.hostname), int(address.port or 0)), warm_up, connections=CONNECTIONS)
            before = cpu_seconds(server.process.pid)
            answers = load.fire(
                (str(address.hostname), int(address.port or 0)), measured, connections=CONNECTIONS
            )
            cpu.append((cpu_seconds(server.process.pid) - before) / CHECK_INS * 1000)
            admitted = sum(b'"verdict":"admitted"' in body for body in answers.bodies)
            if admitted != CHECK_INS:
                raise RuntimeError(f"only {admitted} of {CHECK_INS} were admitted: {answers.bodies[0]!r}")
            rates.append(CHECK_INS / answers.elapsed)
            slowest.append(statistics.quantiles(answers.seconds, n=100)[98] * 1000)
    yield "first check-ins over HTTP, 32 connections", statistics.median(rates), "/s", "at least 800"
    yield "  the slowest in a hundred", statistics.median(slowest), "ms", "below 130"
    yield "  CPU of the server each", statistics.median(cpu), "ms", "at most 1.5"
    yield (
        "  statements each",
        statements.of_a_first_entry(app, codes[-1], phones[0], DAYS[0]),
        "",
        "at most 3",
    )


def good_codes(app: Flask) -> list[str]:
    """The codes of those who may enter, in the order of their references."""
    with app.app_context(), reading() as session:
        plan, key = programme(session), app.config["CHECKIN"].key
        rows = badges.badges_to_print(session, badges.PrintFilter(sort="reference"))
        return [badges.code_of(row.Badge, key=key, prefix=plan.code_prefix) for row in rows]


def uploads(codes: list[str], phones: list[world.Phone], day: str, base_url: str) -> list[bytes]:
    """One upload for each code, spread over the phones."""
    host = urlsplit(base_url).netloc
    made = []
    for number, code in enumerate(codes):
        phone = phones[number % len(phones)]
        body = {
            "epoch": "",
            "sent_at": clock.now().isoformat(),
            "scans": [phone.item(code, f"{day}T01:00:00Z")],
        }
        made.append(
            load.request("/api/door/v1/scans", json.dumps(body).encode(), host=host, token=phone.token)
        )
    return made


def cpu_seconds(leader: int) -> float:
    """What a process and its children have used so far."""
    process = psutil.Process(leader)
    return sum(sum(one.cpu_times()[:2]) for one in (process, *process.children(recursive=True)))


QUERIES = (
    "tan",
    "lim embun",
    "ahmad",
    "subramaniam",
    "zulkfli",
    "KL-00042",
    "kuala lumpur",
    "王",
    "김민",
    "example.org wong",
    "mayor",
    "nguyen",
    "dato",
    "oliver boston",
    "1234",
)


def searches(app: Flask, url: str) -> Iterator[Row]:
    """What a desk waits for when it looks for somebody, over HTTP."""
    desk = world.pair(app, desk=True)
    seconds = []
    with (
        servers.serving(url, workers=2) as base_url,
        httpx.Client(base_url=base_url, headers=desk.headers) as client,
    ):
        # Several rounds, so that each worker process has answered each of them.
        for query in QUERIES * 2:
            client.get("/api/door/v1/search", params={"q": query}).raise_for_status()
        for number in range(200):
            answer = client.get("/api/door/v1/search", params={"q": QUERIES[number % len(QUERIES)]})
            answer.raise_for_status()
            seconds.append(answer.elapsed.total_seconds())
    yield "search among 10,000 over HTTP, median", statistics.median(seconds) * 1000, "ms", ""
    yield "  the slowest in a hundred", statistics.quantiles(seconds, n=100)[98] * 1000, "ms", "below 15"


def searches_of_the_desk(app: Flask, url: str) -> Iterator[Row]:
    """What the help desk's page takes to find somebody while phones send fifty scans a second, one by one."""
    codes, phones = good_codes(app)[CHECK_INS + 500 :], [world.pair(app, "Gate A") for _ in range(8)]
    cookies = {"checkin": signed_in(app, "desk").cookie()}
    seconds, stop = [], threading.Event()
    with servers.serving(url, workers=2) as base_url:
        scanning = threading.Thread(
            target=_scan, args=(uploads(codes, phones, DAYS[0], base_url), base_url, stop)
        )
        scanning.start()
        with httpx.Client(base_url=base_url, cookies=cookies) as client:
            for number in range(300):
                answer = client.get("/desk", params={"q": QUERIES[number % len(QUERIES)]})
                answer.raise_for_status()
                seconds.append(answer.elapsed.total_seconds())
                time.sleep(0.02)
        stop.set()
        scanning.join()
    slowest = statistics.quantiles(seconds, n=100)[98] * 1000
    yield "the desk's page while 50 scans a second come", statistics.median(seconds) * 1000, "ms", ""
    yield "  the slowest in a hundred", slowest, "ms", "below 100"


def _scan(requests: list[bytes], base_url: str, stop: threading.Event) -> None:
    """Send fifty a second, on time, until there are no more or somebody stops it."""
    address = urlsplit(base_url)
    began = time.monotonic()
    for number in range(0, len(requests), 5):
        if stop.wait(max(0.0, began + number / SCANS_A_SECOND - time.monotonic())):
            return
        target = (str(address.hostname), int(address.port or 0))
        load.fire(target, requests[number : number + 5], connections=5)


if __name__ == "__main__":
    main()
