"""Acts on many delegates done piece by piece, each person judged once more and kept in the log; it owns no table.

A worker that dies leaves everybody done that it had counted, so the next one goes on with the others.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from flask import Flask, current_app
from sqlalchemy.orm import Session

from checkin import clock
from checkin.adapters import jobs
from checkin.db import transaction
from checkin.documents import mailing, printing
from checkin.domain import audit, bulk_runs, delegates, messages, print_runs, registering
from checkin.domain.badges import SORTS, PrintFilter
from checkin.domain.bulk_runs import AGAIN_AFTER, CHANGED, BulkItem, BulkRun
from checkin.domain.delegates import Delegate
from checkin.domain.print_runs import Order
from checkin.errors import Conflict
from checkin.tokens import BadgeKey

BULK = "bulk"
# So many are changed before doors get their turn at the database.
AT_ONCE = 20
# So many are changed while the organiser waits; more by a worker.
AT_THE_DESK = 40

log = logging.getLogger(__name__)


def start(app: Flask) -> None:
    """Teach this application's workers to change many."""
    jobs.register(app, BULK, jobs.Job(do_run, give_up, at_start=do_what_waits, now_and_then=look_around))


def go_on(session: Session, run: BulkRun) -> None:
    """Have a worker do what is still to be done."""
    jobs.enqueue(session, BULK, str(run.id))


def do_run(run_id: str) -> None:
    """Change whoever is still to be changed, until somebody stops it or the worker is told to stop."""
    try:
        if _begins(int(run_id)):
            while not jobs.stopping() and _do_some(int(run_id)):
                pass
    except Conflict:
        # Somebody stopped it meanwhile, or another worker went on with it.
        log.info("Bulk run %s went on elsewhere", run_id)


def give_up(run_id: str) -> None:
    """The job failed to the last."""
    with transaction() as session:
        run = bulk_runs.the_run(session, int(run_id), hold=True)
        if run.state == "applying":
            bulk_runs.move(run, to="stopped", out_of=("applying",), now=clock.now())
            run.failure = "failed"


def do_what_waits() -> None:
    """Have runs go on whose job was lost, with a worker that died too often, or in a restore."""
    known = jobs.unfinished(BULK)
    with transaction() as session:
        for run_id in bulk_runs.under_way(session):
            if (str(run_id),) not in known:
                jobs.enqueue(session, BULK, str(run_id))


def look_around() -> None:
    """Have lost runs go on, and forget what was shown and not ordered for a day."""
    do_what_waits()
    with transaction() as session:
        bulk_runs.forget(session, now=clock.now())


def _begins(run_id: int) -> bool:
    """Whether anybody may be changed: what was shown still holds, or somebody has been changed already."""
    now = clock.now()
    with transaction() as session:
        run = _in_hand(session, run_id)
        if run.begun_at is not None:
            return True
        if not bulk_runs.still_holds(session, run, now=now):
            return False
        bulk_runs.begin(run, now=now)
        return True


def _in_hand(session: Session, run_id: int) -> BulkRun:
    """The run, held; raises Conflict where it isn't to be done any more."""
    run = bulk_runs.the_run(session, run_id, hold=True)
    if run.state != "applying":
        raise Conflict("bulk_went_on", "This change is in another state by now.")
    return run


def _do_some(run_id: int) -> bool:
    """Change the next few, in a transaction of their own; whether there may be more."""
    key, now = current_app.config["CHECKIN"].key, clock.now()
    with transaction() as session:
        run = _in_hand(session, run_id)
        if run.act == "print":
            _order_print_run(session, run, now=now)
            items = []
        else:
            items = list(bulk_runs.due(session, run, at_most=AT_ONCE))
            people = bulk_runs.held(session, items)
            outcomes = {
                item.delegate_id: _done(session, run, item, people.get(item.delegate_id), key=key, now=now)
                for item in items
            }
            if outcomes:
                bulk_runs.keep_outcomes(session, run, outcomes)
        if len(items) < AT_ONCE:
            bulk_runs.move(run, to="done", out_of=("applying",), now=now)
            return False
    return True


# --- one person -------------------------------------------------------------------------------------------------


def _done(
    session: Session,
    run: BulkRun,
    item: BulkItem,
    delegate: Delegate | None,
    *,
    key: BadgeKey,
    now: datetime,
) -> tuple[str, datetime | None]:
    """What became of one, and when they were changed last then; who is refused stays as they are."""
    if delegate is None:
        return "gone", None
    do, kept_as = _ACTS[run.act]
    try:
        with session.begin_nested():
            outcome = do(session, run, item, delegate, key, now)
            if outcome == CHANGED:
                audit.record(
                    session,
                    kept_as,
                    actor=run.made_by,
                    now=now,
                    subject=delegate.reference,
                    reason=run.reason,
                    bulk=run.id,
                )
    except Conflict as refusal:
        session.refresh(delegate)
        return refusal.code if refusal.code in _REFUSED else "meanwhile", None
    session.refresh(delegate)
    return outcome, delegate.changed_at


# The refusals that say why somebody is left as they are.
_REFUSED = ("cancelled", "category_full", "erased", "not_confirmed")


def _confirm(
    session: Session, run: BulkRun, item: BulkItem, one: Delegate, key: BadgeKey, now: datetime
) -> str:
    if not registering.approve(session, one, key=key, now=now):
        return "confirmed_before"
    mailing.write_to(session, one, kind="badge", now=now)
    return CHANGED


def _cancel(
    session: Session, run: BulkRun, item: BulkItem, one: Delegate, key: BadgeKey, now: datetime
) -> str:
    return CHANGED if delegates.cancel(session, one, now=now) else "cancelled_before"


def _send(session: Session, run: BulkRun, item: BulkItem, one: Delegate, key: BadgeKey, now: datetime) -> str:
    if one.status != "confirmed":
        return "not_confirmed"
    if messages.was_written(session, one.id, kind="badge", since=now - AGAIN_AFTER):
        return "just_written"
    return CHANGED if mailing.write_to(session, one, kind="badge", now=now) else "no_address"


def _reissue(
    session: Session, run: BulkRun, item: BulkItem, one: Delegate, key: BadgeKey, now: datetime
) -> str:
    mailing.reissue_and_mail(session, one, reason=run.reason, key=key, now=now)
    return CHANGED


def _reinstate(
    session: Session, run: BulkRun, item: BulkItem, one: Delegate, key: BadgeKey, now: datetime
) -> str:
    if one.changed_at != item.after:
        return "changed_since"
    return CHANGED if delegates.reinstate(session, one, now=now) else "changed_since"


def _step_back(
    session: Session, run: BulkRun, item: BulkItem, one: Delegate, key: BadgeKey, now: datetime
) -> str:
    if one.changed_at != item.after:
        return "changed_since"
    return CHANGED if registering.step_back(session, one, to=item.before, now=now) else "changed_since"


_One = Callable[[Session, BulkRun, BulkItem, Delegate, BadgeKey, datetime], str]
# What is done for each, and how the log keeps it: as for one alone.
_ACTS: dict[str, tuple[_One, str]] = {
    "confirm": (_confirm, "delegate confirmed"),
    "cancel": (_cancel, "delegate cancelled"),
    "send": (_send, "letter sent again"),
    "reissue": (_reissue, "badge reissued"),
    "undo_cancel": (_reinstate, "delegate reinstated"),
    "undo_confirm": (_step_back, "confirmation taken back"),
}


# --- a print run ------------------------------------------------------------------------------------------------


def _order_print_run(session: Session, run: BulkRun, *, now: datetime) -> None:
    """One print run of everybody, made by the printer's own worker."""
    sort = run.settings.get("sort", "name")
    rows = sorted(bulk_runs.badges_of(session, run), key=SORTS[sort])
    if rows:
        order = Order(layout=run.settings.get("layout", "a6"))
        words = {"sort": sort, "bulk": str(run.id)}
        made = print_runs.make_run(
            session, PrintFilter(sort=sort), rows, order=order, words=words, actor=run.made_by, now=now
        )
        jobs.enqueue(session, printing.PRINT, str(made.id))
        audit.record(
            session,
            "print run made",
            actor=run.made_by,
            now=now,
            subject=str(made.id),
            badges=made.badges,
            bulk=run.id,
        )
        run.print_run_id = made.id
    bulk_runs.all_ordered(session, run, [row.Delegate.id for row in rows])
