"""Print runs, made by real workers: whole, in order, once."""

import io
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.adapters import jobs
from checkin.db import reading, transaction
from checkin.documents import printing
from checkin.domain import badges, delegates, print_runs
from checkin.domain.badges import Badge, PrintFilter
from checkin.domain.delegates import Delegate, delegate_with_reference
from checkin.domain.print_runs import Order, PrintBatch, PrintPiece, PrintRun
from checkin.errors import Conflict, Refusal
from tests import world
from tests.journeys.commands import ShellHere
from tests.workers import PATIENCE, worker_process, working

NAMES = [
    "Zoë Ng",
    "Ángel Ruiz",
    "angel Abbot",
    "王小明",
    "علي حسن",
    "Ømer Al",
    "Bo Tan",
    "அமுதன்",
    "Cik Ani",
    "Ada Lim",
]
IN_ORDER = [
    "Ada Lim",
    "angel Abbot",
    "Ángel Ruiz",
    "Bo Tan",
    "Cik Ani",
    "Ømer Al",
    "Zoë Ng",
    "علي حسن",
    "அமுதன்",
    "王小明",
]

WORKER = """
import sys
from checkin.adapters import jobs
from checkin.app import create_app
from checkin.config import Config
from tests.journeys.commands import ShellHere
from tests.workers import QUICK

if __name__ == "__main__":
    app = create_app(Config(database_url=sys.argv[1], testing=True))
    jobs.run_worker(app, pace=QUICK)
"""


@pytest.fixture
def people(expo: Flask, printer_here: None) -> Flask:
    world.enrol(expo, [world.person(name) for name in NAMES])
    return expo


def order(app: Flask, wanted: PrintFilter | None = None, **sizes: Any) -> int:
    """A run, ordered by Aina."""
    wanted, sizes = wanted or PrintFilter(), {"batch_size": 3, "box_size": 4, **sizes}
    with app.app_context():
        return printing.order_run(
            wanted,
            order=Order(**sizes),
            words={"only": "unprinted"} if wanted.unprinted else {},
            actor="staff:1",
            now=clock.now(),
        )


def run(app: Flask, run_id: int) -> PrintRun:
    with app.app_context(), reading() as session:
        return print_runs.the_run(session, run_id)


def until_done(app: Flask, run_id: int) -> None:
    """A real worker's work."""
    pause = threading.Event()
    with working(app):
        for _ in range(int(PATIENCE / 0.05)):
            if run(app, run_id).state == "done":
                break
            pause.wait(0.05)
    assert run(app, run_id).state == "done"


def printed(app: Flask, run_id: int) -> str:
    """What a worker would do at once, and the state in which that leaves the run."""
    with app.app_context():
        printing.print_run(str(run_id))
    return run(app, run_id).state


def references(app: Flask, run_id: int) -> list[str]:
    """Those on the pages of a run's files, in order."""
    with app.app_context(), reading() as session:
        batches = [batch.number for batch in print_runs.made_batches(session, run_id)]
        files = [print_runs.file_of(session, run_id, batch) for batch in batches]
    found = []
    for content in filter(None, files):
        document = pypdfium2.PdfDocument(io.BytesIO(content))
        words = [page.get_textpage().get_text_range().split() for page in document]
        found += [next(word for word in page if word.startswith("KL-")) for page in words]
        document.close()
    return found


def by_name(app: Flask) -> dict[str, str]:
    with app.app_context(), reading() as session:
        return {one.name: one.reference for one in session.scalars(select(Delegate))}


def test_a_run_is_printed_in_order_in_files_and_boxes(people: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    # By a process of its own, as in earnest.
    monkeypatch.undo()
    run_id = order(people)

    until_done(people, run_id)

    assert references(people, run_id) == [by_name(people)[name] for name in IN_ORDER]
    with people.app_context(), reading() as session:
        made = print_runs.the_run(session, run_id)
        boxes = [(box, place, one.name) for box, place, one, _ in print_runs.packing_list(session, made)]
        assert boxes[:5] == [
            (1, 1, IN_ORDER[0]),
            (1, 2, IN_ORDER[1]),
            (1, 3, IN_ORDER[2]),
            (1, 4, IN_ORDER[3]),
            (2, 1, IN_ORDER[4]),
        ]
        assert [batch.printed for batch in print_runs.made_batches(session, run_id)] == [3, 3, 3, 1]
        cik = delegate_with_reference(session, by_name(people)["Cik Ani"])
        slot = print_runs.last_slot(session, cik.id)
        assert slot is not None
        assert (slot.run_id, slot.box, slot.place) == (run_id, 2, 1)
        assert all(session.scalars(select(Badge.printed_at)))


def test_never_printed_leaves_out_who_is_being_printed(people: Flask) -> None:
    order(people, PrintFilter(reference=by_name(people)["Bo Tan"]))

    with people.app_context(), reading() as session:
        left = print_runs.matching(session, PrintFilter(unprinted=True))

    assert "Bo Tan" not in {row.Delegate.name for row in left}
    assert len(left) == len(NAMES) - 1


def test_changed_means_never_printed_or_changed_since(people: Flask) -> None:
    run_id = order(people)
    assert printed(people, run_id) == "done"
    with people.app_context():
        with transaction() as session:
            bo = delegate_with_reference(session, by_name(people)["Bo Tan"])
            bo.changed_at = clock.now() + timedelta(seconds=1)
        with reading() as session:
            rows = badges.badges_to_print(session, PrintFilter(changed=True))
            assert [row.Delegate.name for row in rows] == ["Bo Tan"]


def test_who_is_cancelled_before_the_turn_comes_is_left_out(people: Flask) -> None:
    run_id = order(people)
    with people.app_context(), transaction() as session:
        bo = delegate_with_reference(session, by_name(people)["Bo Tan"])
        delegates.cancel(session, bo, now=clock.now())

    assert printed(people, run_id) == "done"
    with people.app_context(), reading() as session:
        progress = print_runs.progress(session, print_runs.the_run(session, run_id))

    assert (progress.printed, progress.left_out) == (9, 1)
    assert by_name(people)["Bo Tan"] not in references(people, run_id)
    with people.app_context(), transaction() as session:
        made = print_runs.the_run(session, run_id)
        assert print_runs.left_out(session, run_id, at_most=9) == [by_name(people)["Bo Tan"]]
        packed = list(print_runs.packing_list(session, made))
        places = [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (2, 4), (3, 1), (3, 2)]
        assert [(box, place) for box, place, _, _ in packed] == places
        bo = delegate_with_reference(session, by_name(people)["Bo Tan"])
        delegates.reinstate(session, bo, now=clock.now())
        assert print_runs.last_slot(session, bo.id) is None


def test_a_worker_that_is_told_to_stop_leaves_the_rest_to_the_next(
    people: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, asked = order(people, batch_size=1), iter([False, False, True])
    monkeypatch.setattr(jobs, "stopping", lambda: next(asked))

    assert printed(people, run_id) == "printing"
    assert len(references(people, run_id)) == 2

    monkeypatch.undo()
    until_done(people, run_id)
    assert references(people, run_id) == [by_name(people)[name] for name in IN_ORDER]


def test_a_stopped_run_goes_on_where_it_was(people: Flask) -> None:
    run_id = order(people)
    with people.app_context(), transaction() as session:
        print_runs.end(session, print_runs.the_run(session, run_id), state="cancelled", now=clock.now())
    assert printed(people, run_id) == "cancelled"
    assert references(people, run_id) == []
    with people.app_context(), transaction() as session:
        printing.go_on(session, print_runs.the_run(session, run_id), actor="staff:1", now=clock.now())

    assert printed(people, run_id) == "done"
    assert len(references(people, run_id)) == len(NAMES)
    with people.app_context(), transaction() as session, pytest.raises(Conflict):
        printing.go_on(session, print_runs.the_run(session, run_id), actor="staff:1", now=clock.now())


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_run_of_a_killed_worker_is_finished_by_the_next(people: Flask, database_url: str) -> None:
    run_id = order(people, batch_size=1)
    pause = threading.Event()
    with worker_process(WORKER, database_url) as worker:
        for _ in range(int(PATIENCE / 0.02)):
            with people.app_context(), reading() as session:
                if session.scalars(select(PrintBatch)).first() is not None:
                    break
            pause.wait(0.02)
        worker.kill()
        worker.wait(PATIENCE)

    until_done(people, run_id)

    assert references(people, run_id) == [by_name(people)[name] for name in IN_ORDER]


def test_a_run_that_cannot_be_printed_says_why(people: Flask) -> None:
    with people.app_context(), transaction() as session:
        for badge in session.scalars(select(Badge)):
            badge.key_id = "another"
    run_id = order(people)

    assert printed(people, run_id) == "failed"
    assert "CHECKIN_BADGE_KEY" in run(people, run_id).failure


def test_files_go_two_weeks_after_the_run(people: Flask) -> None:
    run_id = order(people)
    assert printed(people, run_id) == "done"
    with people.app_context():
        with transaction() as session:
            print_runs.drop_old_files(session, now=clock.now() + timedelta(days=13))
        assert len(references(people, run_id)) == len(NAMES)
        with transaction() as session:
            print_runs.drop_old_files(session, now=clock.now() + timedelta(days=15))
            assert session.scalars(select(PrintPiece)).first() is None
            assert len(print_runs.made_batches(session, run_id)) == 4


@pytest.mark.parametrize(
    "sizes", [{"batch_size": 0}, {"box_size": 0}, {"batch_size": 10**6}, {"layout": "a7"}]
)
def test_a_run_that_makes_no_sense_is_refused(people: Flask, sizes: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        order(people, **sizes)


def test_a_run_of_nobody_is_refused(expo: Flask) -> None:
    with pytest.raises(Refusal, match="nothing to print"):
        order(expo)


def test_the_command_line_prints_lists_and_fetches(people: Flask, database_url: str, tmp_path: Path) -> None:
    checkin, out = ShellHere(database_url), tmp_path / "badges.pdf"

    assert "10 badges" in checkin("badges", "print", "--unprinted", "--bleed", "--out", out)
    assert "No live badge" in checkin.refuses("badges", "print", "--changed", "--out", out)
    run_id = order(people)
    with working(people):
        assert "4 files" in checkin("badges", "fetch", str(run_id), "--out", tmp_path / "files")

    listed = checkin("badges", "runs").splitlines()
    assert [line.split()[0] for line in listed] == ["2", "1"]
    assert "command line" in listed[1]
    assert "into a file of its own" in checkin.refuses("badges", "fetch", "1", "--out", tmp_path / "files")
    made = sorted(path.name for path in (tmp_path / "files").iterdir())
    assert [name.rpartition("-")[2] for name in made] == ["001.pdf", "002.pdf", "003.pdf", "004.pdf", "2.csv"]


def test_the_command_line_prints_blank_badges(people: Flask, database_url: str, tmp_path: Path) -> None:
    checkin, out = ShellHere(database_url), tmp_path / "blanks.pdf"

    told = checkin("badges", "blank", "3", "--category", "VIP", "--layout", "label", "--out", out)

    assert "B-0001–B-0003" in told
    assert "/desk/blanks" in told
    assert len(pypdfium2.PdfDocument(out)) == 3
    assert "1 to 2000" in checkin.refuses("badges", "blank", "0", "--out", out)
    assert checkin("badges", "runs").split()[3:7] == ["done", "3", "of", "3"]


def test_a_run_that_goes_on_prints_nobody_whom_another_printed_meanwhile(people: Flask) -> None:
    first = order(people, PrintFilter(unprinted=True))
    with people.app_context(), transaction() as session:
        print_runs.end(session, print_runs.the_run(session, first), state="cancelled", now=clock.now())
    second = order(people, PrintFilter(unprinted=True))
    assert printed(people, second) == "done"
    with people.app_context(), transaction() as session:
        printing.go_on(session, print_runs.the_run(session, first), actor="staff:1", now=clock.now())

    assert printed(people, first) == "done"
    assert len(references(people, second)) == len(NAMES)
    assert references(people, first) == []


def test_a_failed_run_keeps_its_badges_from_others(people: Flask) -> None:
    run_id = order(people)
    with people.app_context(), transaction() as session:
        print_runs.end(session, print_runs.the_run(session, run_id), state="failed", now=clock.now())

    with people.app_context(), reading() as session:
        assert print_runs.matching(session, PrintFilter(unprinted=True)) == []


def test_what_is_corrected_while_it_is_printed_has_changed_since(people: Flask) -> None:
    run_id, name = order(people, PrintFilter(reference=by_name(people)["Bo Tan"])), "Bo Tan"
    before = clock.now()
    assert printed(people, run_id) == "done"

    with people.app_context(), reading() as session:
        bo = delegate_with_reference(session, by_name(people)[name])
        badge = badges.live_badge(session, bo.id)
    assert badge is not None
    assert badge.printed_at is not None
    assert before <= badge.printed_at < run(people, run_id).ended_at  # type: ignore[operator]


def test_a_run_whose_job_was_lost_goes_on(people: Flask) -> None:
    run_id = order(people)
    with people.app_context(), transaction() as session:
        jobs.forget(session)

    until_done(people, run_id)

    assert len(references(people, run_id)) == len(NAMES)
