"""`kill -9` of the server and of PostgreSQL in the middle of uploads: nothing is lost, nothing doubled (D2, D3)."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from checkin.cli import application
from checkin.config import Config
from checkin.db import db, reading
from checkin.domain.scans import Attendance, Scan
from tests import servers, world
from tests.drill.phones import Away, QueueingPhone

PHONES, DELEGATES = 6, 1_000
# What waits on a phone at most: this is about kills, not about numbers.
QUEUE = 200
OPENING = datetime(2025, 9, 17, tzinfo=UTC)
# A phone that was not answered tries again after a moment; another scan comes at the pace of a busy door.
PAUSE, PACE = 0.05, 0.02
# So many seconds of uploads at most between two kills, and a kill no later than that after an acknowledgement.
SPAN = 0.25


@dataclass
class Door:
    """Phones at their work, each on a thread of its own, until told to stop; `codes` are whom they see."""

    phones: list[QueueingPhone]
    codes: list[str]
    stop: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)
    given_up: threading.Event = field(default_factory=threading.Event)
    refused: int = 0

    def work(self, phone: QueueingPhone, seed: int) -> None:
        dice, began = random.Random(seed), time.monotonic()
        while not self.stop.wait(PACE):
            for _ in range(dice.randint(1, 4) if len(phone.waiting) < QUEUE else 0):
                phone.scan(dice.choice(self.codes), at=OPENING + timedelta(seconds=time.monotonic() - began))
            self.send(phone)
        while phone.waiting and not self.given_up.is_set():
            self.send(phone)

    def send(self, phone: QueueingPhone) -> None:
        try:
            phone.upload()
            self.answered.set()
        except Away:
            self.refused += 1
            threading.Event().wait(PAUSE)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Phones scan and send meanwhile; at the end each sends the rest."""
        threads = [
            threading.Thread(target=self.work, args=(phone, number))
            for number, phone in enumerate(self.phones)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        except BaseException:
            # There may be no server any more for which to wait.
            self.given_up.set()
            raise
        finally:
            self.stop.set()
            for thread in threads:
                thread.join()
            for phone in self.phones:
                phone.hang_up()

    def busy(self, dice: random.Random) -> None:
        """Return in the middle of uploads: a moment after one was acknowledged."""
        self.answered.clear()
        assert self.answered.wait(60), "No phone is answered any more."
        self.stop.wait(dice.random() * SPAN)


def stand_up(app: Flask, *, port: int) -> Door:
    """The small event with delegates and phones in front of a server that is still to come."""
    world.set_event(app)
    people = [world.person(f"Delegate {n}", email=f"d{n}@example.org") for n in range(DELEGATES)]
    world.enrol(app, people)
    phones = [QueueingPhone.of(world.pair(app), port=port) for _ in range(PHONES)]
    return Door(phones, list(world.codes(app).values()))


# --- the campaigns --------------------------------------------------------------------------------------------


def kill_checkin(door: Door, url: str, *, port: int, kills: int) -> None:
    dice, workers = random.Random(kills), processes(kills)
    with door.open():
        for _ in range(kills):
            with servers.checkin_server(url, port=port, workers=workers) as server:
                door.busy(dice)
                server.kill()
        with servers.checkin_server(url, port=port, workers=workers):
            settle(door)


def kill_postgresql(door: Door, url: str, server: servers.PostgreSQL, *, port: int, kills: int) -> None:
    dice, workers = random.Random(kills), processes(kills)
    with servers.checkin_server(url, port=port, workers=workers), door.open():
        for _ in range(kills):
            door.busy(dice)
            server.kill()
            server.start()
        settle(door)


def processes(kills: int) -> int:
    """As many as there are usually; for a few kills, where starting them would be most of the work, one."""
    return 1 if kills < 10 else 2


def settle(door: Door) -> None:
    """Let every phone send its rest while the server is still there."""
    door.stop.set()
    deadline = time.monotonic() + 120
    while any(phone.waiting for phone in door.phones):
        assert time.monotonic() < deadline, "The phones' queues do not drain."
        threading.Event().wait(PAUSE)


def look(app: Flask, door: Door) -> str:
    """Assert that every scan is stored once with the verdict that was told, and every entry counted once."""
    with app.app_context(), no_connections(), reading() as session:
        stored = session.execute(
            select(
                Scan.id, Scan.device_id, Scan.seq, Scan.verdict, Scan.just_now, Scan.delegate_id, Scan.at
            ).order_by(Scan.at, Scan.id)
        ).all()
        entered = dict(session.execute(select(Attendance.delegate_id, Attendance.scan_id)).all())
    told = {one: verdict for phone in door.phones for one, verdict in phone.acknowledged.items()}
    assert {str(row.id): row.verdict for row in stored} == told
    assert set(told) == set().union(*(phone.made for phone in door.phones))
    for phone in door.phones:
        numbers = sorted(row.seq for row in stored if row.device_id == phone.id)
        assert numbers == list(range(1, phone.seq + 1))
    # A badge that the same phone reads again at once has its earlier verdict, and isn't counted again.
    admitted = Counter(row.delegate_id for row in stored if row.verdict == "admitted" and not row.just_now)
    assert set(admitted.values()) == {1}
    assert set(admitted) == set(entered)
    assert entered == {row.delegate_id: row.id for row in reversed(stored)}
    return (
        f"{len(stored)} scans by {len(door.phones)} phones, {door.refused} uploads tried again: "
        "none lost, none doubled"
    )


@contextmanager
def no_connections() -> Iterator[None]:
    """None to a server that was killed, which are dead; and none that stay open."""
    for engine in db.engines.values():
        engine.dispose()
    yield
    for engine in db.engines.values():
        engine.dispose()


SHORT, LONG = 1, 100


@pytest.mark.parametrize("kills", [SHORT, pytest.param(LONG, marks=pytest.mark.drill)])
def test_killing_the_server_on_sqlite_loses_and_doubles_nothing(
    kills: int, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    url, port = f"sqlite:///{tmp_path / 'checkin.db'}", servers.free_port()
    app = application(Config(database_url=url, testing=True))
    door = stand_up(app, port=port)

    kill_checkin(door, url, port=port, kills=kills)

    figure = look(app, door)
    tell(f"{kills} kills of the server on SQLite: {figure}")


@pytest.mark.parametrize(
    ("of_checkin", "of_postgresql"),
    [(0, 2 * SHORT), pytest.param(LONG // 2, LONG // 2, marks=pytest.mark.drill)],
)
def test_killing_the_server_and_postgresql_loses_and_doubles_nothing(
    of_checkin: int, of_postgresql: int, tell: Callable[[str], None]
) -> None:
    port = servers.free_port()
    with servers.postgresql(durable=True) as server:
        url = server.create_database("drill")
        app = application(Config(database_url=url, testing=True))
        door = stand_up(app, port=port)

        kill_postgresql(door, url, server, port=port, kills=of_postgresql)
        if of_checkin:
            door.stop.clear()
            kill_checkin(door, url, port=port, kills=of_checkin)

        figure = look(app, door)
    tell(f"{of_postgresql} kills of PostgreSQL and {of_checkin} of the server on it: {figure}")
