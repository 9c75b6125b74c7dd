"""Phones, a server that crashes and is restored, and a network that loses, doubles and reorders: the doors as a model.

The server is the real one, over its API, on a real SQLite file; time is the model's. What must hold after each step and
after everything has been said is written here once more, naively, and compared (guarantees D2 to D9, D11, D12, D15).
"""

import shutil
import sqlite3
import tempfile
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from checkin import clock, limits
from checkin.app import create_app
from checkin.config import Config
from checkin.db import db, reading, transaction
from checkin.domain import badges, conflicts, delegates, doors, gaps, quarantine
from checkin.domain.badges import Badge
from checkin.domain.delegates import Delegate
from checkin.domain.event import begin_epoch
from checkin.domain.programme import programme
from checkin.domain.quarantine import Decided
from tests import servers, world
from tests.model.phone import SENT, Phone, day_of

START = datetime(2025, 9, 17, 0, 30, tzinfo=UTC)
PEOPLE = ("Ada", "Budi", "Chan")
PHONES = (timedelta(0), timedelta(minutes=-7), timedelta(hours=9))
UNKNOWN = "x" * 16
# Who, in which direction, how many seconds after the one before.
DIRECTIONS, LATER = ("in", "in", "in", "out"), (0, 1, 20, 45, 90, 600, 1500)
READING = st.tuples(st.integers(0, 3), st.sampled_from(DIRECTIONS), st.sampled_from(LATER))
READINGS = st.lists(READING, min_size=1, max_size=5)
WAYS = ("well", "well", "reply lost", "request lost", "twice")


@dataclass
class Ground:
    """The event, prepared once: its file as it is at the beginning of each run, and what phones need to know."""

    app: Flask
    client: FlaskClient
    file: Path
    fresh: Path
    tokens: list[tuple[str, uuid.UUID]]
    lookups: list[str]
    runs: int = 0

    def lay(self, copy: Path) -> None:
        """Put a copy of the database in the place of what was there."""
        with self.app.app_context():
            for engine in db.engines.values():
                engine.dispose()
        for rest in ("-wal", "-shm"):
            self.file.with_name(self.file.name + rest).unlink(missing_ok=True)
        shutil.copy(copy, self.file)
        limits._uploads.counts.clear()

    def copy(self, to: Path) -> None:
        """A copy of the database as it is now, as a backup has it."""
        with closing(sqlite3.connect(self.file)) as source, closing(sqlite3.connect(to)) as target:
            source.backup(target)


@contextmanager
def ground(template: Path) -> Iterator[Ground]:
    """The real application on a file of its own, in memory where there is room, at the model's time."""
    with tempfile.TemporaryDirectory(dir=servers.memory()) as folder, _ground(template, Path(folder)) as made:
        yield made


@contextmanager
def _ground(template: Path, folder: Path) -> Iterator[Ground]:
    file, fresh = folder / "model.db", folder / "fresh.db"
    shutil.copy(template, file)
    app = create_app(Config(database_url=f"sqlite:///{file}", testing=True))
    was, limits.limiter.enabled = limits.limiter.enabled, False
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(clock, "now", lambda: START - timedelta(hours=2))
        world.set_event(app)
        world.enrol(app, [world.person(name, email=f"{name}@example.org") for name in PEOPLE])
        phones = [world.pair(app, door) for door in ("Gate A", "Gate B", "Gate C")]
        with app.app_context(), reading() as session:
            found = session.query(Badge.lookup).order_by(Badge.delegate_id).all()
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(fresh)) as target:
            source.backup(target)
        tokens = [(phone.token, phone.id) for phone in phones]
        yield Ground(app, app.test_client(), file, fresh, tokens, [row.lookup for row in found])
    limits.limiter.enabled = was
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


Place = tuple[str, date]


class Doors(RuleBasedStateMachine):
    """Three phones at three doors of one area, three badges and one that nobody has."""

    ground: ClassVar[Ground]

    @initialize(skews=st.permutations(PHONES))
    def open(self, skews: list[timedelta]) -> None:
        self.ground.lay(self.ground.fresh)
        self.ground.runs += 1
        self.now, self.ids = START, 0
        self.patched = pytest.MonkeyPatch()
        self.patched.setattr(clock, "now", lambda: self.now)
        self.phones = [
            Phone(number, token, device, ahead)
            for number, ((token, device), ahead) in enumerate(zip(self.ground.tokens, skews, strict=True))
        ]
        self.backup = self.ground.fresh
        self.answers: dict[str, Any] = {}
        self.attended, self.may_fall = 0, False
        self.revoked: set[str] = set()
        for phone in self.phones:
            self._sync(phone)

    # --- what happens ----------------------------------------------------------------------------------------

    def _id(self) -> str:
        self.ids += 1
        return str(uuid.UUID(int=self.ids))

    @rule(phone=st.integers(0, 2), people=READINGS)
    def scan_offline(self, phone: int, people: list[tuple[int, str, int]]) -> None:
        """People hold their badges before a phone, one after the other; what it reads waits."""
        self._scan(self.phones[phone], people)

    @rule(phone=st.integers(0, 2), people=READINGS)
    def scan_online(self, phone: int, people: list[tuple[int, str, int]]) -> None:
        """The same, and the phone sends at once whatever it has."""
        holder = self.phones[phone]
        self._scan(holder, people)
        if holder.waiting():
            self._settle(holder, *self._post(holder, holder.waiting()))

    def _scan(self, phone: Phone, people: list[tuple[int, str, int]]) -> None:
        for who, direction, later in people:
            self.now += timedelta(seconds=later)
            lookup = [*self.ground.lookups, UNKNOWN][who]
            before = {(badge, day) for badge, day, _ in phone.greens}
            one = phone.scan(lookup, direction, now=self.now, scan_id=self._id())
            if one is not None and one.item["shown"] == "admitted":
                assert not self._shown_before(phone, one.id, before, lookup, day_of(one.at)), (
                    "D8: green twice"
                )

    def _shown_before(self, phone: Phone, scan: str, before: set[Place], lookup: str, day: date) -> bool:
        """Whether a green of this badge and day stands, which neither a void nor the server has taken back."""
        if (lookup, day) not in before:
            return False
        earlier = [
            phone.kept[one] for badge, on, one in phone.greens if (badge, on) == (lookup, day) and one != scan
        ]
        stands = [one for one in earlier if not one.undone and one.id not in phone.voided]
        return any(one.verdict not in {"refused", "held"} for one in stands)

    @rule(
        phone=st.integers(0, 2), way=st.sampled_from(WAYS), part=st.integers(1, 12), backwards=st.booleans()
    )
    def upload(self, phone: int, way: str, part: int, backwards: bool) -> None:
        """A phone sends some of what waits; in whichever order it arrives."""
        sender = self.phones[phone]
        waiting = sender.waiting()[:part]
        if not waiting or way == "request lost":
            return
        batch = waiting[::-1] if backwards else waiting
        if way == "twice":
            self._post(sender, batch)
        epoch, results = self._post(sender, [*batch, {"id": "torn"}])
        if way != "reply lost":
            self._settle(sender, epoch, results)

    def _settle(self, phone: Phone, epoch: str, results: list[dict[str, Any]]) -> None:
        phone.settle(epoch, results)
        if epoch != phone.epoch:
            self._sync(phone)
            # A revoked phone gets no roster: it takes the server's word for the epoch, to hand over what it holds.
            if phone.stopped:
                phone.enter(epoch)

    @rule(phone=st.integers(0, 2))
    def sync(self, phone: int) -> None:
        """A phone asks for its roster, measures its clock, and tells of what was undone."""
        self._sync(self.phones[phone])
        self._tell(self.phones[phone])

    @rule(hours=st.sampled_from((1, 5, 13, 24)))
    def wait(self, hours: int) -> None:
        """Time goes by, at most into the last day of the event."""
        self.now = min(self.now + timedelta(hours=hours), START + timedelta(days=2, hours=9))

    @rule(who=st.integers(0, 2), what=st.sampled_from(("cancel", "reinstate", "revoke")))
    def change(self, who: int, what: str) -> None:
        """Something happens to a delegate or a badge."""
        with self.ground.app.app_context(), transaction() as session:
            delegate = session.get_one(Delegate, who + 1)
            badge = badges.live_badge(session, delegate.id)
            if what == "cancel":
                delegates.cancel(session, delegate, now=self.now)
            elif what == "reinstate":
                delegates.reinstate(session, delegate, now=self.now)
            elif badge is not None:
                badges.revoke_badge(session, badge, revocation="revoked", reason="lost", now=self.now)

    @rule()
    def stop(self) -> None:
        """An organiser revokes a phone, the last one: two go on."""
        device = self.phones[-1].device
        if device not in self.revoked:
            self.revoked.add(device)
            with self.ground.app.app_context(), transaction() as session:
                doors.revoke_device(session, device, now=self.now)

    @rule(phone=st.integers(0, 2), which=st.integers(0, 5))
    def undo(self, phone: int, which: int) -> None:
        """A helper undoes one of the last scans, which the server may have or not."""
        holder = self.phones[phone]
        candidates = [one for one in list(holder.kept.values())[-6:] if not one.undone]
        if candidates and not holder.stopped:
            one = candidates[which % len(candidates)]
            holder.undo(one.id, now=self.now, void_id=self._id())

    @rule()
    def back_up(self) -> None:
        """A backup is made while the doors go on."""
        self.backup = self.ground.file.with_name("backup.db")
        self.ground.copy(self.backup)

    @rule()
    def restore(self) -> None:
        """The server is lost, and comes back as it was when it was backed up, in a new epoch."""
        self.ground.lay(self.backup)
        with self.ground.app.app_context(), transaction() as session:
            begin_epoch(session)
            revoked = {device.id for device in doors.devices(session) if device.revoked_at is not None}
        self.revoked, self.answers, self.may_fall = revoked, {}, True

    # --- the network -----------------------------------------------------------------------------------------

    def _post(self, phone: Phone, scans: list[Any]) -> tuple[str, list[dict[str, Any]]]:
        body = {"epoch": phone.epoch, "sent_at": (self.now + phone.ahead).isoformat(), "scans": scans}
        told = self.ground.client.post("/api/door/v1/scans", json=body, headers=self._headers(phone))
        if told.status_code != 200:
            return "", []
        answer = told.get_json()
        for result in answer["results"]:
            if result["verdict"] not in {"rejected", "held"}:
                # D3: whenever it is asked, the same scan gets the same verdict.
                first = self.answers.setdefault(
                    result["id"], (result["verdict"], result["reason"], result["day"])
                )
                assert first == (result["verdict"], result["reason"], result["day"]), "D3: another answer"
        assert [one["id"] for one in answer["results"]] == [one["id"] for one in scans]
        return answer["epoch"], answer["results"]

    def _headers(self, phone: Phone) -> dict[str, str]:
        return {"Authorization": f"Bearer {phone.token}", "Accept-Encoding": "identity"}

    def _sync(self, phone: Phone) -> None:
        query = {} if phone.cursor is None else {"since": phone.cursor}
        told = self.ground.client.get("/api/door/v1/roster", query_string=query, headers=self._headers(phone))
        if told.status_code == 403:
            phone.stopped = True
            return
        answer = told.get_json()
        phone.skew = self.now + phone.ahead - datetime.fromisoformat(answer["now"])
        phone.learn(answer)
        phone.enter(answer["epoch"])

    def _tell(self, phone: Phone) -> None:
        for void in list(phone.voids):
            told = self.ground.client.post("/api/door/v1/voids", json=void, headers=self._headers(phone))
            if told.status_code == 200:
                self.may_fall = True

    # --- what must hold --------------------------------------------------------------------------------------

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.ground.file)) as connection:
            return connection.execute(query).fetchall()

    @invariant()
    def nothing_is_lost(self) -> None:
        """D2: each scan waits on its phone or is with the server, of whose restore the phone may not know yet."""
        if not hasattr(self, "phones"):
            return
        stored = {str(uuid.UUID(row[0])) for row in self._rows("SELECT id FROM scan")}
        (epoch,) = (str(uuid.UUID(row[0])) for row in self._rows("SELECT epoch FROM event"))
        for phone in self.phones:
            sent = {one.id for one in phone.kept.values() if one.state == SENT}
            assert phone.epoch != epoch or sent <= stored, "D2: an acknowledged scan is nowhere"

    @invariant()
    def counts_fall_by_voids_only(self) -> None:
        """D15, and D4 by the key."""
        if not hasattr(self, "phones"):
            return
        ((attended,),) = self._rows("SELECT count(*) FROM attendance")
        assert attended >= self.attended or self.may_fall, "D15: a count fell by itself"
        self.attended, self.may_fall = attended, False

    def teardown(self) -> None:
        if not hasattr(self, "phones"):
            return
        try:
            self._say_everything()
            self._compare()
            self._say_it_again()
            self._compare()
        finally:
            self.patched.undo()

    def _say_everything(self) -> None:
        """Everybody is online at last; what was held is approved."""
        for phone in self.phones:
            self._sync(phone)
            self._tell(phone)
            for _ in range(3):
                # A phone that has nothing to send asks all the same, with a scan that can't be kept.
                self._settle(phone, *self._post(phone, phone.waiting() or [{"id": "torn"}]))
        self._approve()

    def _say_it_again(self) -> None:
        """D3: everything once more changes nothing."""
        for phone in self.phones:
            everything = [one.item for one in phone.kept.values()]
            if everything:
                self._post(phone, everything)

    def _approve(self) -> None:
        decided = Decided("approved", "looked at", "organiser", self.now)
        with self.ground.app.app_context(), transaction() as session:
            plan = programme(session)
            for device in doors.devices(session):
                while quarantine.rule(session, device, None, decided, programme=plan, seen=self.now):
                    pass

    def _compare(self) -> None:
        made = {one.id: (phone, one) for phone in self.phones for one in phone.kept.values()}
        rows = {
            str(uuid.UUID(scan)): (lookup, at, day, direction, verdict, just_now)
            for scan, lookup, at, day, direction, verdict, just_now in self._rows(
                "SELECT id, lookup, at, day, direction, verdict, just_now FROM scan"
            )
        }
        voided = {str(uuid.UUID(row[0])) for row in self._rows("SELECT scan_id FROM void")}
        assert set(rows) == set(made), "D2: not every scan, or not only those, reached the server"
        for scan, (_, one) in made.items():
            at = (one.at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
            assert rows[scan][1] == at, "D7: the wrong time"
            assert rows[scan][2] == day_of(one.at).isoformat(), "D7: the wrong day"
        self._recount(made, rows, voided)
        self._doubles(made, rows, voided)
        with self.ground.app.app_context(), reading() as session:
            assert gaps.gaps(session) == {}, "D11: a gap where nothing is missing"

    def _recount(self, made: Any, rows: Any, voided: set[str]) -> None:
        """D5: attendance is the earliest entry that was let in, by the set of scans alone."""
        entries = defaultdict(list)
        for scan, (_, one) in made.items():
            lookup, _, day, direction, verdict, _ = rows[scan]
            if direction == "in" and verdict not in {"refused", "held"} and scan not in voided:
                entries[lookup, day].append((one.at, scan))
        owners = dict(self._rows("SELECT delegate_id, lookup FROM badge WHERE revocation IS NOT 'replaced'"))
        stored = {
            (owners[who], day): str(uuid.UUID(scan))
            for who, day, scan in self._rows("SELECT delegate_id, day, scan_id FROM attendance")
        }
        assert stored == {place: min(found)[1] for place, found in entries.items()}, (
            "D5: not the earliest entry"
        )

    def _doubles(self, made: Any, rows: Any, voided: set[str]) -> None:
        """D9: greens for one badge and day are at most one a phone, and each that was too many is listed."""
        greens = Counter(
            (phone.number, lookup, day)
            for phone in self.phones
            for lookup, day, scan in phone.greens
            # A void of a phone that was revoked meanwhile is not taken.
            if scan not in voided | phone.voided
            and not phone.kept[scan].undone
            and rows[scan][4] not in {"refused", "held"}
        )
        assert max(greens.values(), default=0) <= 1, "D9: one phone was green twice"
        with self.ground.app.app_context(), reading() as session:
            listed = {one.subject for one in conflicts.conflicts(session)}
        for scan, (_, one) in made.items():
            excess = one.item["shown"] == "admitted" and rows[scan][4] in {"repeat", "returned"}
            told = scan in voided or scan in listed
            assert told or not excess, f"D9: a double that nobody is told of: {one.item}, {rows[scan]}"
