"""Print runs made by workers: each file by a process of its own, and kept as soon as it is whole; it owns no table."""

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Flask, current_app
from sqlalchemy.orm import Session

from checkin import clock
from checkin.adapters import jobs
from checkin.db import reading, transaction
from checkin.documents.badge_faces import faces
from checkin.documents.layouts import known_layout
from checkin.documents.print_process import Printer, printing_process
from checkin.domain import audit, blanks, print_runs
from checkin.domain.badges import PrintFilter
from checkin.domain.print_runs import PIECE, Order, PrintRun
from checkin.domain.programme import programme
from checkin.errors import Refusal

PRINT = "print run"
FAILED = "The printer stopped at file %d: %s"

log = logging.getLogger(__name__)


def start(app: Flask) -> None:
    """Teach this application's workers to print."""
    jobs.register(
        app, PRINT, jobs.Job(print_run, give_up, at_start=print_what_waits, now_and_then=look_around)
    )


def order_run(wanted: PrintFilter, *, order: Order, words: dict[str, Any], actor: str, now: datetime) -> int:
    """The number of a print run that a worker makes; raises like `print_runs.make_run`."""
    known_layout(order.layout)
    with reading() as session:
        found = print_runs.matching(session, wanted)
    with transaction() as session:
        run = print_runs.make_run(session, wanted, found, order=order, words=words, actor=actor, now=now)
        jobs.enqueue(session, PRINT, str(run.id))
        audit.record(session, "print run made", actor=actor, now=now, subject=str(run.id), badges=run.badges)
        return run.id


def order_blanks(count: int, category_id: int, *, order: Order, actor: str, now: datetime) -> int:
    """The number of a print run of so many new blank badges; raises Refusal for a count that is none."""
    known_layout(order.layout)
    key = current_app.config["CHECKIN"].key
    with transaction() as session:
        made = blanks.make(session, count, category_id=category_id, key=key, now=now)
        run = print_runs.make_blank_run(session, made, order=order, actor=actor, now=now)
        jobs.enqueue(session, PRINT, str(run.id))
        subject = blanks.names_of(made[0].number, made[-1].number)
        audit.record(session, "blank badges made", actor=actor, now=now, subject=subject, run=run.id)
        return run.id


def go_on(session: Session, run: PrintRun, *, actor: str, now: datetime) -> None:
    """Have a run that stopped go on; raises Conflict for one that hasn't."""
    print_runs.go_on(session, run)
    jobs.enqueue(session, PRINT, str(run.id))
    audit.record(session, "print run resumed", actor=actor, now=now, subject=str(run.id))


# --- in a worker --------------------------------------------------------------------------------------------


def print_run(run_id: str) -> None:
    """Print what a run still lacks, file by file; a run that was cancelled meanwhile is left where it is.

    When the worker is told to stop, the next one that starts goes on after the file in hand.
    """
    with printing_process() as printer:
        number: int | None = 0
        while number is not None and not jobs.stopping():
            number = _begin(int(run_id))
            if number is None:
                return
            try:
                _print_batch(int(run_id), number, printer)
            except (Refusal, ValueError, EOFError, RuntimeError) as error:
                log.warning("Print run %s stopped at file %d: %s", run_id, number, type(error).__name__)
                _end(int(run_id), state="failed", failure=FAILED % (number, _told(error)))
                return


def give_up(run_id: str) -> None:
    """The job failed to the last."""
    _end(int(run_id), state="failed", failure="The printer failed again and again: run `checkin doctor`.")


def print_what_waits() -> None:
    """Have runs go on whose job was lost, with a worker that died too often, or in a restore."""
    known = jobs.unfinished(PRINT)
    with transaction() as session:
        for run_id in print_runs.under_way(session):
            if (str(run_id),) not in known:
                jobs.enqueue(session, PRINT, str(run_id))


def look_around() -> None:
    """Have lost runs go on, and delete the files of runs that ended two weeks ago."""
    print_what_waits()
    with transaction() as session:
        print_runs.drop_old_files(session, now=clock.now())


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, Refusal) else "run `checkin doctor`, then let it go on."


def _begin(run_id: int) -> int | None:
    """The next batch of a run; None where it is done or stopped."""
    with transaction() as session:
        run = print_runs.the_run(session, run_id, hold=True)
        if not print_runs.begin(session, run):
            return None
        number = print_runs.next_batch(session, run)
        if number is None:
            _ended(session, run, state="done")
        return number


def _end(run_id: int, *, state: str, failure: str) -> None:
    with transaction() as session:
        _ended(session, print_runs.the_run(session, run_id, hold=True), state=state, failure=failure)


def _ended(session: Session, run: PrintRun, *, state: str, failure: str = "") -> None:
    now = clock.now()
    if print_runs.end(session, run, state=state, now=now, failure=failure):
        action = f"print run {state}"
        audit.record(session, action, actor="worker", now=now, subject=str(run.id))


def _print_batch(run_id: int, number: int, printer: Printer) -> None:
    key, now = current_app.config["CHECKIN"].key, clock.now()
    with reading() as session:
        run = print_runs.the_run(session, run_id)
        rows = print_runs.to_print(session, run, number)
        asked = list(faces(rows, programme(session), key=key))
        layout, bleed = run.layout, run.bleed
    content, lacking = printer.print(asked, layout, bleed=bleed) if asked else (b"", ())
    for start in range(0, len(content), PIECE):
        with transaction() as session:
            part = content[start : start + PIECE]
            print_runs.store_piece(session, run_id, number, number=start // PIECE, content=part)
    # As of when it was read: what is corrected while it is printed has changed since.
    _store(run_id, number, [row.Badge.id for row in rows], size=len(content), lacking=lacking, now=now)


def _store(
    run_id: int,
    number: int,
    printed: Sequence[uuid.UUID],
    *,
    size: int,
    lacking: Sequence[str],
    now: datetime,
) -> None:
    with transaction() as session:
        run = print_runs.the_run(session, run_id, hold=True)
        if number != print_runs.next_batch(session, run):
            return
        print_runs.store_batch(
            session,
            run,
            number,
            printed=printed,
            size=size,
            lacking=lacking,
            now=now,
        )
