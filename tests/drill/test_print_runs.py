"""A print run whose worker is killed again and again: every badge on one page, in order."""

import io
import random
import signal
import subprocess
import time
from collections.abc import Callable

import psutil
import pypdfium2
import pytest
from flask import Flask
from sqlalchemy import func, select

from checkin import clock
from checkin.config import Config
from checkin.db import reading
from checkin.documents import printing
from checkin.domain import print_runs
from checkin.domain.badges import PrintFilter
from checkin.domain.print_runs import Order, PrintRun
from checkin.organisers import demo
from tests import servers
from tests.journeys.commands import SCRIPT
from tests.workers import PATIENCE

pytestmark = pytest.mark.drill

BADGES, IN_A_FILE, KILLS = 10_000, 250, 20
# A worker takes some seconds to start, and then makes a file in a second or less.
SOONEST, LATEST = 3.0, 9.0


def order(app: Flask, people: int, batch: int) -> int:
    now = clock.now()
    with app.app_context():
        demo.fill(
            delegates=people,
            scans=0,
            starts=now.date(),
            key=Config(testing=True).key,
            now=now,
            on_steps=lambda _: None,
        )
        wanted = Order(batch_size=batch)
        return printing.order_run(PrintFilter(), order=wanted, words={}, actor="staff:1", now=now)


def state(app: Flask, run_id: int) -> tuple[str, int]:
    with app.app_context(), reading() as session:
        run = print_runs.the_run(session, run_id)
        return run.state, print_runs.progress(session, run).files


def kill(worker: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """As the kernel does without memory; the processes that it leaves."""
    children = psutil.Process(worker.pid).children(recursive=True)
    worker.send_signal(signal.SIGKILL)
    worker.wait(PATIENCE)
    return children


def pages(app: Flask, run_id: int) -> list[str]:
    """The references on the pages of a run's files, in order."""
    found = []
    with app.app_context(), reading() as session:
        for batch in print_runs.made_batches(session, run_id):
            document = pypdfium2.PdfDocument(io.BytesIO(print_runs.file_of(session, run_id, batch.number)))
            words = [page.get_textpage().get_text_range().split() for page in document]
            found += [next(word for word in page if word.startswith("KL-")) for page in words]
            document.close()
    return found


def test_a_run_whose_worker_is_killed_is_whole(
    app: Flask, database_url: str, tell: Callable[[str], None]
) -> None:
    run_id, dice = order(app, BADGES, IN_A_FILE), random.Random(KILLS)
    environment = servers.environment(database_url)
    killed, left = 0, []
    while state(app, run_id)[0] != "done":
        command = [SCRIPT, "worker", "--name", "printer"]
        worker = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + dice.uniform(SOONEST, LATEST)
        while state(app, run_id)[0] != "done" and (killed >= KILLS or time.monotonic() < deadline):
            time.sleep(0.1)
        if state(app, run_id)[0] == "done":
            worker.terminate()
            worker.wait(PATIENCE)
        else:
            left += kill(worker)
            killed += 1

    with app.app_context(), reading() as session:
        run = session.scalars(select(PrintRun)).one()
        expected = [one.reference for _, _, one, _ in print_runs.packing_list(session, run)]
        assert session.scalar(select(func.count()).select_from(PrintRun)) == 1
    assert pages(app, run_id) == expected
    psutil.wait_procs(left, timeout=PATIENCE)
    assert not [process for process in left if process.is_running()]
    tell(
        f"a print run of {BADGES} on {database_url.partition(':')[0]}, its worker killed {killed} times: "
        f"{len(expected)} pages, none missing, none doubled, no process left"
    )
