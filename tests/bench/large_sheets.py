"""How long 100,000 rows take as CSV and as XLSX, and how much memory: each in a process of its own."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from checkin.app import create_app
from checkin.config import Config
from checkin.db import reading
from checkin.domain.attendance import Scope
from checkin.domain.programme import programme
from checkin.organisers import exports

DELEGATES = 100_000
KINDS = ("delegates", "attendance", "scans")


def measured(url: str, runs: int) -> Iterator[tuple[str, float, str, str]]:
    """Seconds of wall time, and megabytes that the process grew by at its largest."""
    for kind in KINDS:
        for form, goal in (("csv", "less than XLSX"), ("xlsx", "at most 6")):
            found = [_in_a_process(url, kind, form) for _ in range(runs)]
            yield (
                f"{kind} of 100,000 as {form.upper()}",
                statistics.median(one["seconds"] for one in found),
                "s",
                goal,
            )
            yield "  more memory", statistics.median(one["megabytes"] for one in found), "MB", "at most 60"


def _in_a_process(url: str, kind: str, form: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.large_sheets", kind, form]
    env = {**os.environ, "CHECKIN_DATABASE_URL": url}
    done = subprocess.run(command, check=True, env=env, capture_output=True, text=True, timeout=300)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def export(url: str, kind: str, form: str) -> dict[str, float]:
    """One export into a file that is gone afterwards, as the page makes it."""
    app = create_app(Config(database_url=url, testing=True))
    with app.app_context(), reading() as session, tempfile.TemporaryFile() as file:
        plan = programme(session)
        before, began = psutil.Process().memory_info().rss, time.perf_counter()
        table = exports.table(session, kind, Scope(plan.main_area), programme=plan)
        exports.write(file, table, form=form)
        seconds = time.perf_counter() - began
    return {"seconds": seconds, "megabytes": (_most_memory() - before) / 1e6}


def _most_memory() -> int:
    """The bytes that this process had at its largest.

    Not `ru_maxrss`: a process takes that over from the one that started it, which has made the database.
    """
    status = Path("/proc/self/status").read_text("utf-8")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kilobytes) * 1024


if __name__ == "__main__":
    print(json.dumps(export(os.environ["CHECKIN_DATABASE_URL"], *sys.argv[1:])))  # noqa: T201 - read by `measured`.
