"""How long the attendance of 10,000 takes as CSV and as XLSX."""

import gc
import io
import statistics
import time
from collections.abc import Iterator

from flask import Flask

from checkin.db import reading
from checkin.domain.attendance import Scope
from checkin.domain.programme import programme
from checkin.organisers import exports


def measured(app: Flask, runs: int) -> Iterator[tuple[str, float, str, str]]:
    """Seconds of wall time for each format."""
    # What the load before left in this process is not the export's to walk through.
    gc.collect()
    gc.freeze()
    for form, goal in (("csv", "below 0.4"), ("xlsx", "below 1.5")):
        seconds = statistics.median(_seconds(app, form) for _ in range(runs))
        yield f"attendance of 10,000 as {form.upper()}", seconds, "s", goal


def _seconds(app: Flask, form: str) -> float:
    began = time.perf_counter()
    with app.app_context(), reading() as session:
        plan = programme(session)
        table = exports.table(session, "attendance", Scope(plan.main_area), programme=plan)
        exports.write(io.BytesIO(), table, form=form)
    return time.perf_counter() - began
