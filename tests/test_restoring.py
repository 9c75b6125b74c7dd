"""Backups and restores: online, refused before anything is touched, and after them the phones bring back the rest."""

import json
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock, restoring, schema
from checkin.adapters import backups, copying
from checkin.cli import application
from checkin.config import Config
from checkin.db import db, reading, transaction
from checkin.domain import audit, doors, messages
from checkin.domain.delegates import Delegate
from checkin.domain.doors import Device
from checkin.domain.event import the_event
from checkin.domain.scans import Attendance
from checkin.errors import Refusal
from tests import servers, world
from tests.journeys.commands import Shell

NAMES = ("Ada", "Budi", "Chong")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def event(expo: Flask) -> Flask:
    """The small event with three delegates."""
    world.enrol(expo, [world.person(name, email=f"{name}@example.org".lower()) for name in NAMES])
    return expo


@contextmanager
def silent(_label: str, _length: int | None) -> Iterator[Callable[[int], None]]:
    yield lambda _steps: None


def back_up(app: Flask, folder: Path) -> Path:
    """What `checkin backup` does."""
    with app.app_context():
        return restoring.back_up(app.config["CHECKIN"], folder, actor="test", now=clock.now(), bar=silent)


def older_backup(app: Flask, folder: Path) -> Path:
    """What `checkin backup` of the release before did, whose schema the database has; it isn't in the audit log."""
    folder.mkdir()
    content, config = folder / "content", app.config["CHECKIN"]
    with app.app_context(), db.engine.connect() as connection:
        code = connection.exec_driver_sql("SELECT code FROM event").scalar_one()
        kind = connection.dialect.name
        about = backups.About(code, "", kind, schema.revision(), clock.now())
        copying.copier(config.database_url).copy(content, on_step=lambda _steps: None)
    return backups.pack(content, about, folder, on_megabyte=lambda _steps: None)


def restore(app: Flask, file: Path) -> restoring.Restored:
    """What `checkin restore --yes` does."""
    with app.app_context():
        return restoring.restore(
            app.config["CHECKIN"],
            file,
            actor="test",
            application=application,
            agreed=lambda _about, _replaced: None,
            bar=silent,
        )


def refused(app: Flask, file: Path) -> str:
    """The refusal of a restore, which must change nothing."""
    before = epoch_and_version(app)
    with pytest.raises(Refusal) as refusal:
        restore(app, file)
    assert epoch_and_version(app) == before
    return refusal.value.sentence


def attendance(app: Flask) -> list[Any]:
    with app.app_context(), reading() as session:
        query = select(Attendance.delegate_id, Attendance.day, Attendance.scan_id, Attendance.first_at)
        return [tuple(row) for row in session.execute(query.order_by(Attendance.delegate_id))]


def epoch_and_version(app: Flask) -> tuple[str, int]:
    with app.app_context(), reading() as session:
        event = the_event(session)
        return str(event.epoch), event.version


# --- the whole way ----------------------------------------------------------------------------------------------


def test_after_a_restore_under_a_running_server_phones_bring_attendance_back(
    event: Flask, database_url: str, folder: Path
) -> None:
    phone, codes = world.pair(event), list(world.codes(event).values())
    with (
        servers.serving(database_url, workers=1) as address,
        httpx.Client(base_url=address, timeout=30) as client,
    ):
        sent = [send(client, phone, phone.item(codes[0], "2025-09-17T01:00:00Z"))]
        file = back_up(event, folder)
        # Enough of them for the server to have everything in memory and every statement prepared.
        sent += [send(client, phone, phone.item(codes[1], f"2025-09-17T02:00:{n:02}Z")) for n in range(20)]
        before, epoch = attendance(event), sent[-1]["epoch"]

        restore(event, file)
        between = attendance(event)
        again = [send(client, phone, item["item"]) for item in sent for _ in range(2)]

    assert len(before) == 2
    assert len(between) == 1
    assert {answer["epoch"] for answer in again} == {epoch_and_version(event)[0]}
    assert epoch not in {answer["epoch"] for answer in again}
    assert [one["verdict"] for one in again] == [one["verdict"] for one in sent for _ in range(2)]
    assert attendance(event) == before


def send(client: httpx.Client, phone: world.Phone, item: dict[str, Any]) -> dict[str, Any]:
    """One scan's verdict, with the epoch of the answer and the scan as it was sent."""
    answer = client.post("/api/door/v1/scans", json={"scans": [item]}, headers=phone.headers)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return {"item": item, "epoch": told["epoch"], "verdict": told["results"][0]["verdict"]}


def test_a_restore_begins_an_epoch_and_keeps_what_would_be_dangerous_to_forget(
    event: Flask, folder: Path
) -> None:
    lost = world.pair(event)
    file, (epoch, _) = back_up(event, folder), epoch_and_version(event)
    with event.app_context(), transaction() as session:
        doors.revoke_device(session, lost.id, now=clock.now())
    world.enrol(event, [world.person("Dewi", email="dewi@example.org")])
    world.set_event(event)
    version = epoch_and_version(event)[1]

    outcome = restore(event, file)

    assert outcome.replaced is not None
    assert outcome.replaced.delegates == 1
    world.enrol(event, [world.person("Emil", email="emil@example.org")])
    with event.app_context(), reading() as session:
        references = dict(session.execute(select(Delegate.name, Delegate.reference)).all())
        revoked = session.scalars(select(Device.revoked_at).where(Device.id == lost.id)).one()
        acts = [act.action for act in audit.acts(session, audit.Sought())[0]]
    assert epoch_and_version(event) != (epoch, version)
    assert epoch_and_version(event)[1] > version
    # KL-00004 was Dewi's, and stands on a badge somewhere.
    assert references == {"Ada": "KL-00001", "Budi": "KL-00002", "Chong": "KL-00003", "Emil": "KL-00005"}
    assert revoked is not None
    assert acts[0] == "backup restored"


def test_what_a_restore_replaced_is_kept_and_can_be_restored_in_turn(event: Flask, folder: Path) -> None:
    file = back_up(event, folder)
    world.enrol(event, [world.person("Dewi", email="dewi@example.org")])
    kept = restore(event, file).kept
    assert kept is not None

    restore(event, kept)

    assert list(world.codes(event)) == [*NAMES, "Dewi"]


def test_letters_that_waited_in_the_backup_are_in_the_queue_once(event: Flask, folder: Path) -> None:
    with event.app_context(), transaction() as session:
        someone = session.scalars(select(Delegate).where(Delegate.name == "Ada")).one()
        messages.write_message(session, someone.id, kind="badge", now=clock.now())
    file = back_up(event, folder)

    restore(event, file)
    outcome = restore(event, file)

    assert outcome.letters == 1
    assert queued(event) == 1


def queued(app: Flask) -> int:
    table = "workflow_status" if db_kind(app) == "sqlite" else "dbos.workflow_status"
    with app.app_context(), db.engine.connect() as connection:
        count = f"SELECT count(*) FROM {table} WHERE status = 'ENQUEUED'"
        return int(connection.exec_driver_sql(count).scalar_one())


def db_kind(app: Flask) -> str:
    with app.app_context():
        return db.engine.dialect.name


def test_a_backup_restores_into_an_empty_database(event: Flask, folder: Path, empty: Flask) -> None:
    file = back_up(event, folder)

    outcome = restore(empty, file)

    assert (outcome.replaced, outcome.kept) == (None, None)
    assert list(world.codes(empty)) == list(NAMES)


@pytest.fixture
def empty(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application on another database of the same kind, in which there is no event."""
    if database_url.startswith("sqlite"):
        yield application(Config(database_url=f"sqlite:///{tmp_path / 'empty.db'}", testing=True))
        return
    server: servers.PostgreSQL = request.getfixturevalue("postgresql")
    name = f"empty_{os.getpid()}"
    app = application(Config(database_url=server.create_database(name), testing=True))
    yield app
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()
    server.drop_database(name)


# --- the file -----------------------------------------------------------------------------------------------------


def test_a_backup_is_readable_for_its_owner_alone_and_says_what_it_is(event: Flask, folder: Path) -> None:
    file = back_up(event, folder)

    with zipfile.ZipFile(file) as archive:
        about = json.loads(archive.read("about.json"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (about["event"], about["format"]) == ("SCEKL25", 1)
    assert [path.name for path in folder.iterdir()] == [file.name]


def test_wrong_and_damaged_files_are_refused_and_change_nothing(event: Flask, folder: Path) -> None:
    file = back_up(event, folder)
    whole = file.read_bytes()
    turned = bytearray(whole)
    turned[len(whole) // 3 : len(whole) // 3 + 64] = bytes(64)
    bad = {
        "cut": whole[: len(whole) // 2],
        "turned": bytes(turned),
        "nothing": b"",
        "text": b"not a backup",
    }
    for name, content in bad.items():
        (folder / name).write_bytes(content)

    refusals = [refused(event, folder / name) for name in bad]

    assert all("nothing was changed" in refusal for refusal in refusals)


def test_a_backup_of_a_newer_schema_or_another_event_is_refused(event: Flask, folder: Path) -> None:
    file = back_up(event, folder)
    newer = retold(file, folder / "newer.zip", revision="9999")
    other = retold(file, folder / "other.zip", event="OTHER26")
    kind = retold(file, folder / "kind.zip", database="mysql")

    refusals = [refused(event, path) for path in (newer, other, kind)]

    assert "update the program first" in refusals[0]
    assert "backup of OTHER26, and the database holds SCEKL25" in refusals[1]
    assert "backup is of mysql" in refusals[2]


def retold(file: Path, out: Path, **changes: str) -> Path:
    """The same backup saying something else of itself."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(out, "w") as new:
        about = json.loads(old.read("about.json"))
        new.writestr("database", old.read("database"))
        new.writestr("about.json", json.dumps({**about, **changes}))
    return out


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_event_in_place_is_replaced_only_when_somebody_says_so(
    event: Flask, database_url: str, folder: Path
) -> None:
    shell, before = Shell(database_url), epoch_and_version(event)
    file = Path(shell("backup", folder).strip())

    refusal = shell.refuses("restore", file)
    between = epoch_and_version(event)
    told = shell("restore", file, "--yes")

    assert "--yes" in refusal
    assert between == before
    assert "in a new epoch" in told
    assert epoch_and_version(event) != before


def test_an_older_backup_is_brought_up_to_date(event: Flask, folder: Path) -> None:
    with event.app_context():
        schema.alembic.downgrade("0007")
    file = older_backup(event, folder)
    with event.app_context():
        schema.upgrade()

    restore(event, file)

    with event.app_context():
        assert schema.is_current()
        assert schema.alembic.compare_metadata() == []
    assert list(world.codes(event)) == list(NAMES)
