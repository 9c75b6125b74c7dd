"""The throw-away servers: they answer, they keep to themselves, and nothing of them stays."""

import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.servers import CARELESS, PostgreSQL, environment, free_port, postgresql

HOLD_A_SERVER = """
import sys
from tests.servers import postgresql
with postgresql() as server:
    print(server.process.pid, server.folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with postgresql() as server:
        yield server


def connect(url: str) -> psycopg.Connection[tuple[str, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def setting(url: str, name: str) -> str:
    with connect(url) as connection:
        [value] = connection.execute("SELECT current_setting(%s)", [name]).fetchone() or ("",)
    return value


def test_a_database_is_a_copy_of_its_template(server: PostgreSQL) -> None:
    with connect(server.create_database("pattern")) as pattern:
        pattern.execute("CREATE TABLE delegate (name text)")
        pattern.execute("INSERT INTO delegate VALUES ('Nurul Aina')")

    copy = server.create_database("copy", template="pattern")

    with connect(copy) as connection:
        assert connection.execute("SELECT name FROM delegate").fetchall() == [("Nurul Aina",)]


def test_a_database_can_be_dropped_while_somebody_is_connected(server: PostgreSQL) -> None:
    with connect(server.create_database("busy")) as connection:
        server.drop_database("busy")

        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_tests_do_without_durability(server: PostgreSQL) -> None:
    found = {name: setting(server.url("postgres"), name) for name in CARELESS}

    assert found == CARELESS


def test_measurements_get_a_production_servers_durability_and_nothing_stays_behind() -> None:
    with postgresql(durable=True, settings={"work_mem": "32MB"}) as server:
        url = server.url("postgres")
        names = ("fsync", "synchronous_commit", "full_page_writes", "work_mem")

        found = [setting(url, name) for name in names]

    assert found == ["on", "on", "on", "32MB"]
    assert server.process.returncode == 0
    assert not server.folder.exists()


def test_the_server_is_stopped_when_the_test_fails() -> None:
    with pytest.raises(ZeroDivisionError), postgresql() as server:
        raise ZeroDivisionError

    assert server.process.returncode == 0


def test_the_server_is_never_root(server: PostgreSQL) -> None:
    assert Path(f"/proc/{server.process.pid}").stat().st_uid != 0


def test_the_server_ends_with_a_test_run_that_is_killed() -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", HOLD_A_SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert run.stdout is not None
    pid, folder = run.stdout.readline().split()
    watch = os.pidfd_open(int(pid))

    run.kill()

    ended, _, _ = select.select([watch], [], [], 10)
    os.close(watch)
    run.communicate()
    shutil.rmtree(folder)
    assert ended


def test_free_ports_differ() -> None:
    assert len({free_port() for _ in range(5)}) > 1


def test_settings_of_the_developer_do_not_reach_a_server_under_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHECKIN_SMTP_URL", "smtp://mail.example.org")

    given = environment("sqlite:////tmp/a.db", {"CHECKIN_MAIL_FROM": "a@example.org"})

    assert given["CHECKIN_SMTP_URL"] == ""
    assert given["CHECKIN_MAIL_FROM"] == "a@example.org"
