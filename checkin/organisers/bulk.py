"""Acts on many delegates: shown first, then ordered, followed and taken back; it owns no table."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from checkin import clock
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.documents.layouts import layout_names
from checkin.domain import audit, bulk_runs, print_runs
from checkin.domain.badges import SORTS
from checkin.domain.bulk_runs import ACTS, CHANGED, DUE, BulkRun
from checkin.errors import Conflict
from checkin.limits import limiter
from checkin.organisers import bulk_doing, bulk_words, pages, people
from checkin.organisers.pages import LONGEST_REFERENCE
from checkin.organisers.wording import LAYOUTS, SORTED

blueprint = Blueprint("bulk", __name__, url_prefix="/organiser/delegates/bulk")

LATEST = 30
MOST_TICKED = 200
# Acts for which one says why.
WITH_REASON = ("cancel", "reissue")


@blueprint.get("")
@open_to("organiser")
def index() -> str:
    """The changes of many there were."""
    with reading() as session:
        plan = pages.programme_now(session)
        found = bulk_runs.runs(session, at_most=LATEST)
    return render_template(
        "organiser/bulk_runs.html",
        runs=found,
        titles=bulk_words.TITLES,
        states=bulk_words.BULK_STATES,
        plan=plan,
        pages=pages,
        number=format_decimal,
    )


@blueprint.post("")
@open_to("organiser")
@limiter.limit("30 per minute")
def make() -> Response:
    """Settle whom it is about and what would happen; nobody is changed."""
    act, ticked, now = request.form.get("act", ""), _ticked(), clock.now()
    everybody = request.form.get("whom") == "all"
    back: dict[str, Any] = {name: value for name in people.KEPT if (value := request.form.get(name, ""))}
    if act not in ACTS:
        flash(_("Nothing was changed: choose what is to be done first."), "warning")
        return redirect(url_for("people.index", **back), 303)
    if not everybody and not ticked:
        flash(_("Nobody was ticked: tick some delegates, or choose all who match."), "warning")
        return redirect(url_for("people.index", **back), 303)
    with reading() as session:
        plan = pages.programme_now(session)
    wanted = people.asked(request.form, plan).wanted
    with transaction() as session:
        run = bulk_runs.make_run(
            session,
            act,
            wanted=wanted if everybody else None,
            ticked=ticked,
            day=people.counted_day(wanted, plan, now=now),
            actor=pages.actor(),
            now=now,
        )
        _record(session, "bulk change prepared", run, people=run.people)
    return redirect(url_for("bulk.show", run_id=run.id), 303)


def _ticked() -> Sequence[str]:
    given = request.form.getlist("ticked")[:MOST_TICKED]
    return [one for one in given if one.isascii() and one.isprintable() and len(one) <= LONGEST_REFERENCE]


@blueprint.get("/<int:run_id>")
@open_to("organiser")
def show(run_id: int) -> str:
    """What would happen to whom, how far it is, or what became of them."""
    return _run_page("organiser/bulk_run.html", run_id)


@blueprint.get("/<int:run_id>/live")
@open_to("organiser")
def live(run_id: int) -> str:
    """The part of the page that changes."""
    return _run_page("organiser/bulk_run_live.html", run_id)


@blueprint.post("/<int:run_id>/apply")
@open_to("organiser")
@limiter.limit("30 per minute")
def apply(run_id: int) -> Response:
    """Do what the page showed; where that doesn't hold any more nothing is done, and the page shows what differs."""
    now, looks, reason = clock.now(), pages.typed("looks"), pages.typed("reason")
    settings = {"layout": request.form.get("layout", ""), "sort": request.form.get("sort", "")}
    with reading() as session:
        lacks = _lacks(bulk_runs.the_run(session, run_id), reason, settings)
    if lacks:
        return make_response(_run_page("organiser/bulk_run.html", run_id, lacks=lacks, typed=reason), 422)
    try:
        with transaction() as session:
            run = bulk_runs.the_run(session, run_id, hold=True)
            seen = int(looks) if looks.isascii() and looks.isdecimal() else 0
            kept = settings if run.act == "print" else {}
            bulk_runs.order(run, looks=seen, reason=reason, settings=kept, actor=pages.actor(), now=now)
            holds = bulk_runs.still_holds(session, run, now=now)
            if holds:
                _record(session, "bulk change ordered", run, people=_due(session, run))
            is_small = holds and _due(session, run) <= bulk_doing.AT_THE_DESK
            if holds and not is_small:
                bulk_doing.go_on(session, run)
    except Conflict:
        _say_it_went_on()
        return redirect(url_for("bulk.show", run_id=run_id), 303)
    if not holds:
        return make_response(_run_page("organiser/bulk_run.html", run_id, typed=reason), 409)
    if is_small:
        bulk_doing.do_run(str(run_id))
    return redirect(url_for("bulk.show", run_id=run_id), 303)


def _due(session: Session, run: BulkRun) -> int:
    return bulk_runs.tally(session, run)[DUE]


def _lacks(run: BulkRun, reason: str, settings: dict[str, str]) -> str:
    """The sentence about what is missing; empty where nothing is."""
    if run.act in WITH_REASON and not reason:
        return str(_("Please say why: it is kept in the history."))
    if run.act == "print" and (settings["layout"] not in layout_names() or settings["sort"] not in SORTS):
        return str(_("Please choose again: one of these isn't offered any more."))
    return ""


@blueprint.post("/<int:run_id>/stop")
@open_to("organiser")
def stop(run_id: int) -> Response:
    """Leave the rest as they are; who is changed stays changed, until it is undone."""
    now = clock.now()
    try:
        with transaction() as session:
            run = bulk_runs.the_run(session, run_id, hold=True)
            bulk_runs.move(run, to="stopped", out_of=("applying",), now=now)
            _record(session, "bulk change stopped", run)
    except Conflict:
        _say_it_went_on()
    return redirect(url_for("bulk.show", run_id=run_id), 303)


@blueprint.post("/<int:run_id>/resume")
@open_to("organiser")
def resume(run_id: int) -> Response:
    """Have a change that stopped go on with the rest."""
    now = clock.now()
    try:
        with transaction() as session:
            run = bulk_runs.the_run(session, run_id, hold=True)
            bulk_runs.refuse_undone(session, run)
            bulk_runs.move(run, to="applying", out_of=("stopped",), now=now)
            run.ended_at, run.failure = None, ""
            bulk_doing.go_on(session, run)
            _record(session, "bulk change resumed", run)
    except Conflict:
        _say_it_went_on()
    return redirect(url_for("bulk.show", run_id=run_id), 303)


@blueprint.post("/<int:run_id>/undo")
@open_to("organiser")
@limiter.limit("30 per minute")
def undo(run_id: int) -> Response:
    """Take back what was changed, for whom nobody has changed since."""
    now = clock.now()
    try:
        with transaction() as session:
            run = bulk_runs.the_run(session, run_id, hold=True)
            if run.act == "print":
                _stop_print_run(session, run)
                return redirect(url_for("bulk.show", run_id=run_id), 303)
            back = bulk_runs.make_undo(session, run, actor=pages.actor(), now=now)
            _record(session, "bulk change undone", run, people=back.people)
            is_small = back.people <= bulk_doing.AT_THE_DESK
            if not is_small:
                bulk_doing.go_on(session, back)
    except Conflict as refusal:
        if refusal.code == "too_late_to_undo":
            flash(_("It is too late to undo this: nothing was changed."), "warning")
        else:
            _say_it_went_on()
        return redirect(url_for("bulk.show", run_id=run_id), 303)
    if is_small:
        bulk_doing.do_run(str(back.id))
    return redirect(url_for("bulk.show", run_id=back.id), 303)


def _stop_print_run(session: Session, run: BulkRun) -> None:
    """Stop the print run that was ordered, while none of its files is made."""
    now = clock.now()
    if run.print_run_id is None or not bulk_runs.may_be_undone(run, now=now):
        flash(_("It is too late to undo this: nothing was changed."), "warning")
        return
    made = print_runs.the_run(session, run.print_run_id, hold=True)
    # A worker that prints already makes the file in hand.
    if made.state != "waiting" or not print_runs.end(session, made, state="cancelled", now=now):
        flash(_("Nothing was changed: the print run is being made, or has ended."), "warning")
        return
    audit.record(session, "print run cancelled", actor=pages.actor(), now=now, subject=str(made.id))
    flash(_("The print run is stopped before anything was printed."), "success")


# --- what the pages share ---------------------------------------------------------------------------------------


def _record(session: Session, action: str, run: BulkRun, **known: Any) -> None:
    audit.record(
        session,
        action,
        actor=pages.actor(),
        now=clock.now(),
        subject=f"bulk:{run.id}",
        kind=run.act,
        **known,
    )


def _say_it_went_on() -> None:
    flash(_("Nothing was changed: somebody went on with this meanwhile. Look at it as it is now."), "warning")


def _run_page(template: str, run_id: int, *, lacks: str = "", typed: str = "") -> str:
    now = clock.now()
    with reading() as session:
        plan = pages.programme_now(session)
        shown = bulk_runs.shown_run(session, run_id)
        run = shown.run
        many = bulk_runs.tally(session, run)
        left = sorted((name for name in many if name not in (DUE, CHANGED)), key=lambda name: -many[name])
        named = (DUE, *left) if run.state == "shown" else left
        some = bulk_runs.some_of_each(session, run, named)
        particulars = bulk_runs.particulars(session, run) if run.state == "shown" else None
        back = _may_go_back(session, shown, many) if bulk_runs.may_be_undone(run, now=now) else None
    if some:
        with transaction() as session:
            _record(session, "bulk change opened", run)
    return render_template(
        template,
        run=run,
        who=shown.who,
        undone_by=shown.undone_by,
        many=many,
        left=[(name, bulk_words.outcome(name), many[name], some.get(name, ())) for name in left],
        to_change=some.get(DUE, ()),
        particulars=particulars,
        differs=_differing(run, some),
        back=back,
        undo_until=pages.hour(run.ended_at + bulk_runs.UNDO_FOR, plan) if run.ended_at else "",
        title=bulk_words.TITLES[run.act],
        state=bulk_words.BULK_STATES[run.state],
        button=bulk_words.will(run.act, many[DUE]),
        done=bulk_words.was(run.act, many[CHANGED]),
        failed=bulk_words.FAILED,
        with_reason=WITH_REASON,
        lacks=lacks,
        typed=typed or run.reason,
        layouts=[(name, LAYOUTS.get(name, name)) for name in layout_names()],
        sorts=SORTED,
        named=bulk_runs.NAMED,
        plan=plan,
        pages=pages,
        number=format_decimal,
    )


def _may_go_back(session: Session, shown: bulk_runs.Shown, many: Counter[str]) -> dict[str, Any] | None:
    """What an undo would do: its button, and how many would be left as they are."""
    if shown.undone_by is not None or not many[CHANGED]:
        return None
    if shown.run.act == "print":
        return {"button": _("Undo: stop the print run before it is made"), "left": 0}
    same = bulk_runs.unchanged_since(session, shown.run)
    if not same:
        return {"button": "", "left": many[CHANGED]}
    num = format_decimal(same)
    if shown.run.act == "cancel":
        button = ngettext(
            "Undo: reinstate %(count)s registration",
            "Undo: reinstate %(count)s registrations",
            same,
            count=num,
        )
    else:
        button = ngettext(
            "Undo: take %(count)s confirmation back",
            "Undo: take %(count)s confirmations back",
            same,
            count=num,
        )
    return {"button": button, "left": many[CHANGED] - same}


def _differing(run: BulkRun, some: dict[str, list[tuple[str, str]]]) -> dict[str, Any]:
    """What is different from the page before: how many, and of some what was and what is."""
    if not run.differs or run.state != "shown":
        return {}
    lines = []
    for one, was, now in run.differs["some"]:
        for reference, name in some.get(str(one), ()):
            lines.append(
                (
                    reference,
                    name,
                    bulk_words.outcome(was) if was else _("was not among them"),
                    bulk_words.outcome(now) if now else _("doesn't match any more"),
                )
            )
    return {"people": run.differs["people"], "lines": lines}
