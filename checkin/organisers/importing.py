"""Lists read, looked at and applied by workers, piece by piece, each in a transaction of its own; it owns no table.

A worker that dies leaves a list with all pieces done that it had counted, so the next one goes on after them.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Flask, current_app
from sqlalchemy.orm import Session

from checkin import clock
from checkin.adapters import jobs
from checkin.db import learn_sizes, reading, transaction
from checkin.domain import audit, import_runs, registering
from checkin.domain.details import Details, Problem
from checkin.domain.import_runs import WORK, Counts, ImportRun, Line
from checkin.domain.programme import Programme, programme
from checkin.domain.registering import Enrolment
from checkin.errors import Conflict, NotFound, Refusal
from checkin.organisers.imports import Checked, File, check_rows, chosen_columns
from checkin.organisers.list_process import Head, reading_process

IMPORT = "import"
LONGEST_CELL = 32_767  # What a cell of a spreadsheet holds.

log = logging.getLogger(__name__)


def start(app: Flask) -> None:
    """Teach this application's workers to import."""
    jobs.register(
        app, IMPORT, jobs.Job(import_list, give_up, at_start=import_what_waits, now_and_then=look_around)
    )


def go_on(session: Session, run: ImportRun) -> None:
    """Have a worker do what is to be done next."""
    jobs.enqueue(session, IMPORT, str(run.id))


def import_list(run_id: str) -> None:
    """Do whatever is to be done about a list, until it is an organiser's turn or the worker is told to stop."""
    acts = {"reading": _read, "checking": _look, "applying": _apply}
    try:
        while not jobs.stopping():
            with reading() as session:
                state = import_runs.the_run(session, int(run_id)).state
            if state not in acts:
                return
            acts[state](int(run_id))
    except Conflict:
        # Somebody deleted the list or stopped it meanwhile, or another worker went on with it.
        log.info("Import %s went on elsewhere", run_id)


def give_up(run_id: str) -> None:
    """The job failed to the last."""
    with transaction() as session:
        run = import_runs.the_run(session, int(run_id), hold=True)
        if run.state == "applying":
            import_runs.stop(run, why="import_failed", now=clock.now())
        elif run.state in WORK:
            why = Refusal("import_failed", "It failed again and again: run `checkin doctor`.")
            import_runs.fail(session, run, why, now=clock.now())


def import_what_waits() -> None:
    """Have lists go on whose job was lost, with a worker that died too often, or in a restore."""
    known = jobs.unfinished(IMPORT)
    with transaction() as session:
        for run_id in import_runs.under_way(session):
            if (str(run_id),) not in known:
                jobs.enqueue(session, IMPORT, str(run_id))


def look_around() -> None:
    """Have lost lists go on, and delete those with which nobody went on for a day."""
    import_what_waits()
    with transaction() as session:
        import_runs.drop_old(session, now=clock.now())


# --- reading ----------------------------------------------------------------------------------------------------


def _read(run_id: int) -> None:
    with reading() as session:
        file = File("The list", import_runs.file_of(session, run_id))
    try:
        head, rows, pieces = _store_rows(run_id, file)
    except Refusal as refusal:
        if isinstance(refusal, Conflict | NotFound):
            raise
        with transaction() as session:
            run = import_runs.the_run(session, run_id, hold=True)
            import_runs.fail(session, run, refusal, now=clock.now())
        return
    with transaction() as session:
        import_runs.understand(
            session,
            import_runs.the_run(session, run_id, hold=True),
            header=head.header,
            samples=head.samples,
            notes=[(note.code, note.params) for note in head.notes],
            fields=head.fields,
            rows=rows,
            pieces=pieces,
            now=clock.now(),
        )


def _store_rows(run_id: int, file: File) -> tuple[Head, int, int]:
    """Keep the rows of a file; its head, and how many rows and pieces they are. Raises Refusal."""
    rows = pieces = 0
    with reading_process(file) as parts:
        head = next(parts)
        if not isinstance(head, Head):
            raise TypeError("The head comes first.")
        for part in parts:
            if isinstance(part, list):
                with transaction() as session:
                    _in_state(session, run_id, "reading")
                    import_runs.store_rows(session, run_id, pieces, part)
                rows, pieces = rows + len(part), pieces + 1
    if not rows:
        raise Refusal("list_without_rows", "The list has no rows below the names of its columns.")
    return head, rows, pieces


def _in_state(session: Session, run_id: int, state: str) -> ImportRun:
    """The run, held; raises Conflict where it is in another state by now."""
    run = import_runs.the_run(session, run_id, hold=True)
    if run.state != state:
        raise Conflict("list_went_on", "This list is in another state by now.")
    return run


# --- looking at every row ---------------------------------------------------------------------------------------


def _look(run_id: int) -> None:
    with transaction() as session:
        run = _in_state(session, run_id, "checking")
        import_runs.forget_remarks(session, run)
        columns, pieces, pending = chosen_columns(run.header, run.fields), run.pieces, run.pending
        names = [category.name for category in programme(session).categories.values()]
    counts, lines = Counts(), dict[str | bytes, int]()
    for number in range(pieces):
        if jobs.stopping():
            return
        with reading() as session:
            rows = import_runs.rows_of(session, run_id, number)
        found = check_rows((columns.row(*row) for row in rows), categories=names, lines=lines)
        _keep_look(run_id, number, rows, list(found), counts)
    with reading() as session:
        happens = _happens(session, run_id, pieces, programme(session), pending=pending)
    counts = replace(happens, rejected=counts.rejected, doubtful=counts.doubtful, repeated=counts.repeated)
    with transaction() as session:
        import_runs.look_ended(_in_state(session, run_id, "checking"), counts, now=clock.now())


def _keep_look(
    run_id: int, number: int, rows: Sequence[Line], found: Sequence[Checked], counts: Counts
) -> None:
    """Keep what was found in a piece: the good people, and a remark on each row about which something is to be said."""
    remarks = [
        _remark(kind, row, cells, counts)
        for row, (_, cells) in zip(found, rows, strict=True)
        if (kind := _kind(row)) is not None
    ]
    with transaction() as session:
        run = _in_state(session, run_id, "checking")
        people = [row.details for row in found if row.details is not None]
        import_runs.store_good(session, run_id, number, people)
        import_runs.remark(session, run, remarks)
        run.looked = number + 1


def _kind(row: Checked) -> str | None:
    if row.problems:
        return "rejected"
    if row.duplicate_of is not None:
        return "repeated"
    return "doubtful" if row.warnings else None


def _remark(kind: str, row: Checked, cells: Sequence[str], counts: Counts) -> Mapping[str, Any]:
    """A remark for the database; `counts` counts it."""
    number = getattr(counts, kind)
    setattr(counts, kind, number + 1)
    said = [_said(problem) for problem in (*row.problems, *row.warnings)]
    if row.duplicate_of is not None:
        said = [["repeated", "row", {"line": row.duplicate_of}]]
    cut = [cell[:LONGEST_CELL] for cell in cells]
    return {"kind": kind, "number": number, "line": row.line, "said": said, "cells": cut}


def _said(problem: Problem) -> list[Any]:
    # A value may be as long as the file.
    params = {
        name: value[:200] if isinstance(value, str) else value for name, value in problem.params.items()
    }
    return [problem.code, problem.field, params]


def _happens(session: Session, run_id: int, pieces: int, plan: Programme, *, pending: bool) -> Counts:
    people = (import_runs.good_of(session, run_id, number) for number in range(pieces))
    return import_runs.would_happen(session, people, programme=plan, pending=pending)


# --- applying ---------------------------------------------------------------------------------------------------


def _apply(run_id: int) -> None:
    if not _still_holds(run_id):
        return
    is_last = False
    while not is_last and not jobs.stopping():
        try:
            is_last = _apply_piece(run_id)
        except NotFound:
            # A category was taken out of the event's set-up in the middle.
            with transaction() as session:
                import_runs.stop(_in_state(session, run_id, "applying"), why="category_gone", now=clock.now())
            return


def _still_holds(run_id: int) -> bool:
    """Whether what the organiser saw would happen, before the first row is applied; else all is looked at again."""
    with reading() as session:
        run = import_runs.the_run(session, run_id)
        if run.begun_at is not None:
            return True
        try:
            now_is = _happens(session, run_id, run.pieces, programme(session), pending=run.pending).happens
        except NotFound:
            now_is = None
    with transaction() as session:
        run = _in_state(session, run_id, "applying")
        if now_is == import_runs.counts_of(run).happens:
            import_runs.begin(run, now=clock.now())
            return True
        import_runs.look_again(run, now=clock.now())
        return False


def _apply_piece(run_id: int) -> bool:
    """Add the people of the next piece; whether it was the last one. Who is known already is left as they are."""
    key, now = current_app.config["CHECKIN"].key, clock.now()
    with transaction() as session:
        run = _in_state(session, run_id, "applying")
        people = import_runs.good_of(session, run_id, run.applied)
        enrolled = sum(_enrolled(session, people, run, programme(session), key=key, now=now), Enrolment())
        audit.record(
            session,
            "delegates imported",
            actor=run.begun_by,
            now=now,
            subject=f"list:{run_id}",
            part=run.applied + 1,
            **vars(enrolled),
        )
        is_last = import_runs.applied(session, run, enrolled, now=now)
        if is_last:
            learn_sizes(session)
    return is_last


def _enrolled(
    session: Session, people: Sequence[Details], run: ImportRun, plan: Programme, **more: Any
) -> Iterator[Enrolment]:
    status = "pending" if run.pending else "confirmed"
    return registering.enrol(session, people, programme=plan, status=status, **more)
