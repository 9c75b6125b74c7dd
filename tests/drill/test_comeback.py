"""Forty phones come back from a day without network while programs flood the sign-up form (D2, D11, D14)."""

import http.client
import itertools
import random
import re
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import psutil
import pytest
from flask import Flask
from sqlalchemy import func, select

from checkin.db import reading
from checkin.domain.gaps import Gap, gaps
from checkin.domain.programme import programme
from checkin.domain.scans import Attendance, Scan
from tests import servers, world
from tests.drill.phones import Away, QueueingPhone
from tests.registration.visitors import FORM, open_registration

FLOODERS = 8
# Each phone's numbers that never come: lost with a phone's storage, say.
MISSING = (7, 31, 32)
IN_TIME, QUICK = 60.0, 0.3
# A person at a door shows a badge this often at most.
PACE = 0.05
# What the scanner waits at first before it tries again.
FIRST_WAIT = 1.0


@dataclass
class Figures:
    """What was measured, in seconds: until the queues were empty, the online phone's answers, the server's CPU."""

    drained: float
    answers: list[float]
    cpu: float
    flooded: int

    def __str__(self) -> str:
        cuts = statistics.quantiles(self.answers, n=100)
        return (
            f"drained in {self.drained:.1f} s with {self.cpu:.1f} s of the server's CPU, beside {self.flooded} "
            f"requests for the form ({self.flooded / self.drained:.0f}/s); the online phone's {len(self.answers)} "
            f"scans: median {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f}, worst {max(self.answers) * 1000:.0f}"
        )

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.answers, n=100)[98]


@dataclass
class Flood:
    """Programs that open and send the sign-up form without a pause, each request from another network."""

    port: int
    numbers: Iterator[int] = field(default_factory=itertools.count)
    stop: threading.Event = field(default_factory=threading.Event)
    done: int = 0

    @contextmanager
    def rising(self) -> Iterator[None]:
        with ThreadPoolExecutor(FLOODERS) as pool:
            flooders = [pool.submit(self.pour, number % 2 == 0) for number in range(FLOODERS)]
            try:
                yield
            finally:
                self.stop.set()
        for flooder in flooders:
            flooder.result()

    def pour(self, sends: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        answer, page = self.ask(connection, "GET")
        cookie = answer.getheader("Set-Cookie", "").split(";")[0]
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token is not None
        while not self.stop.is_set():
            form = {**FORM, "csrf_token": token[1], "email": f"flood{next(self.numbers)}@example.org"}
            answer, _ = self.ask(
                connection, "POST" if sends else "GET", form=form if sends else None, cookie=cookie
            )
            assert answer.status in {200, 303}, answer.status
            self.done += 1
        connection.close()

    def ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        *,
        form: dict[str, str] | None = None,
        cookie: str = "",
    ) -> tuple[http.client.HTTPResponse, str]:
        number = next(self.numbers)
        head = {
            "X-Forwarded-For": f"10.{number // 65_536}.{number // 256 % 256}.{number % 256}",
            "Cookie": cookie,
        }
        head |= {"Accept": "text/html"}
        if form:
            head["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, "/register", urlencode(form) if form else None, head)
        answer = connection.getresponse()
        return answer, answer.read().decode()


@dataclass
class Scene:
    """Phones with full queues, one that has been online all the time, and whom they see."""

    app: Flask
    away: list[QueueingPhone]
    online: QueueingPhone
    opening: datetime
    newcomers: Iterator[str]

    def come_back(self, url: str, port: int) -> Figures:
        with servers.checkin_server(url, port=port, env={"CHECKIN_PROXIES": "1"}) as server:
            flood, answers = Flood(port), list[float]()
            self.ask_online(answers)
            answers.clear()
            with flood.rising(), ThreadPoolExecutor(len(self.away)) as pool:
                began, before = time.monotonic(), cpu_seconds(server)
                draining = [pool.submit(drain, phone) for phone in self.away]
                while not all(one.done() for one in draining):
                    self.ask_online(answers)
                    threading.Event().wait(PACE)
                drained, spent = time.monotonic() - began, cpu_seconds(server) - before
                for one in draining:
                    one.result()
            for phone in (*self.away, self.online):
                phone.hang_up()
        return Figures(drained, answers, spent, flood.done)

    def ask_online(self, answers: list[float]) -> None:
        self.online.scan(next(self.newcomers), at=self.opening + timedelta(seconds=self.online.seq))
        began = time.monotonic()
        self.online.upload()
        answers.append(time.monotonic() - began)


def drain(phone: QueueingPhone) -> None:
    """Send until nothing waits; what isn't acknowledged is sent again."""
    while phone.waiting:
        try:
            phone.upload()
        except Away:
            threading.Event().wait(FIRST_WAIT)


def cpu_seconds(server: servers.Checkin) -> float:
    """What the server's processes have used so far; PostgreSQL's are not among them."""
    leader = psutil.Process(server.process.pid)
    times = [one.cpu_times() for one in (leader, *leader.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def set_up(app: Flask, *, port: int, phones: int, scans: int) -> Scene:
    """So many phones with so many scans each, made all over the first day by badges that come twice."""
    open_registration(app)
    delegates = phones * scans // 2
    people = [
        world.person(f"Delegate {n}", email=f"d{n}@example.org")
        for n in range(delegates + 2 * delegates // 10)
    ]
    world.enrol(app, people)
    codes, dice = list(world.codes(app).values()), random.Random(phones)
    crowd, newcomers = codes[:delegates], codes[delegates:]
    with app.app_context(), reading() as session:
        day = programme(session).days[0].date
    opening = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
    away = [QueueingPhone.of(world.pair(app), port=port) for _ in range(phones)]
    for phone in away:
        for number in range(scans):
            while phone.seq + 1 in MISSING:
                phone.seq += 1
            phone.scan(dice.choice(crowd), at=opening + timedelta(seconds=number * 36_000 / scans))
    online = QueueingPhone.of(world.pair(app), port=port)
    return Scene(app, away, online, opening, itertools.cycle(newcomers))


def look(scene: Scene) -> int:
    """Assert that every scan is there once and every gap is named; returns how many gaps."""
    phones = [*scene.away, scene.online]
    with scene.app.app_context(), reading() as session:
        stored = session.execute(select(Scan.id, Scan.verdict)).all()
        delegates = session.scalar(select(func.count(Scan.delegate_id.distinct())))
        attended = session.scalar(select(func.count()).select_from(Attendance))
        named = gaps(session)
    told = {one: verdict for phone in phones for one, verdict in phone.acknowledged.items()}
    assert {str(row.id): row.verdict for row in stored} == told
    assert set(told) == set().union(*(phone.made for phone in phones))
    assert attended == delegates
    assert {phone.id: numbers(named, phone) for phone in scene.away} == {
        phone.id: list(MISSING) for phone in scene.away
    }
    assert numbers(named, scene.online) == []
    return len(MISSING) * len(scene.away)


def numbers(named: dict[uuid.UUID, list[Gap]], phone: QueueingPhone) -> list[int]:
    """The missing numbers of a phone, one by one."""
    return [number for gap in named.get(phone.id, []) for number in range(gap.first, gap.last + 1)]


FEW, MANY = (6, 40), (40, 500)


@pytest.mark.parametrize(("phones", "scans"), [FEW, pytest.param(*MANY, marks=pytest.mark.drill)])
def test_phones_that_come_back_drain_while_the_form_is_flooded(
    app: Flask, database_url: str, phones: int, scans: int, tell: Callable[[str], None]
) -> None:
    port = servers.free_port()
    scene = set_up(app, port=port, phones=phones, scans=scans)

    figures = scene.come_back(database_url, port)

    named = look(scene)
    kind = database_url.partition(":")[0]
    tell(f"{phones * scans} scans of {phones} phones on {kind}: {figures}; none lost, {named} gaps named")
    assert figures.drained < IN_TIME
    # A few phones are done before there is a hundredth part to speak of.
    assert figures.p99 < QUICK or (phones, scans) == FEW
