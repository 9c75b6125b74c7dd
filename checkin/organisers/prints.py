"""Print runs: chosen, ordered, followed and fetched; it owns no table."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import PurePath
from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from checkin import clock
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.documents import printing
from checkin.documents.badge_faces import faces
from checkin.documents.badges import short_names_wanted, unprintable
from checkin.documents.layouts import layout_names
from checkin.domain import audit, blanks, print_runs
from checkin.domain.badges import SORTS, PrintFilter
from checkin.domain.blanks import AT_MOST, AT_ONCE, Unnamed
from checkin.domain.countries import country_codes
from checkin.domain.delegates import Delegate
from checkin.domain.items import printable
from checkin.domain.print_runs import LARGEST_BATCH, LARGEST_BOX, Order, PrintRun
from checkin.domain.programme import Programme
from checkin.errors import Conflict, NotFound, Refusal
from checkin.limits import limiter
from checkin.organisers import exports, pages
from checkin.organisers.wording import LAYOUTS, RUN_STATES, SORTED

blueprint = Blueprint("prints", __name__, url_prefix="/organiser/prints")

LATEST = 50
STILL_MAKING = timedelta(minutes=2)
# So many references are named where something is to be done about each.
NAMED = 50
ONLY = ("", "unprinted", "changed")
PACKING = ("box", "place", "reference", "honorific", "name", "organisation", "category")

Asked = MultiDict[str, str]


@blueprint.get("")
@open_to("organiser")
@limiter.limit("60 per minute")
def index() -> str:
    """The runs there were, and the choice of a new one with how many badges it would have."""
    return _index(request.args)


@blueprint.post("")
@open_to("organiser")
@limiter.limit("30 per minute")
def make() -> Response | tuple[str, int]:
    """Have a run printed by a worker."""
    now = clock.now()
    try:
        with reading() as session:
            wanted = _wanted(request.form, pages.programme_now(session))
        run_id = printing.order_run(
            wanted, order=_order(request.form), words=_words(request.form), actor=pages.actor(), now=now
        )
    except Refusal as refusal:
        return _index(request.form, alert=_said(refusal)), 422
    return redirect(url_for("prints.show", run_id=run_id), 303)


@blueprint.post("/blanks")
@open_to("organiser")
@limiter.limit("10 per minute")
def make_blanks() -> Response | tuple[str, int]:
    """Have numbered blank badges made and printed by a worker; they open nothing until they are released."""
    now = clock.now()
    try:
        with reading() as session:
            plan = pages.programme_now(session)
        count, category_id, order = _blanks(request.form, plan)
        run_id = printing.order_blanks(count, category_id, order=order, actor=pages.actor(), now=now)
    except Refusal as refusal:
        return _index(request.form, alert=_said(refusal)), 422
    return redirect(url_for("prints.show", run_id=run_id), 303)


def _blanks(asked: Asked, plan: Programme) -> tuple[int, int, Order]:
    """How many, of which category, in which layout."""
    typed, category = asked.get("blanks", "").strip(), asked.get("blank_category", "")
    if category not in {str(one) for one in plan.categories}:
        raise Refusal("unknown_choice", _("Please choose again: one of these isn't offered any more."))
    if not (typed.isascii() and typed.isdecimal() and 1 <= int(typed[:9]) <= AT_ONCE):
        raise Refusal("blanks_count", "")
    layout = asked.get("blank_layout") or Order().layout
    if layout not in layout_names():
        raise Refusal("unknown_choice", _("Please choose again: one of these isn't offered any more."))
    return int(typed), int(category), Order(layout, asked.get("blank_bleed") == "yes")


@blueprint.get("/<int:run_id>")
@open_to("organiser")
def show(run_id: int) -> str:
    """One run: how far it is, its files, and what to do with them."""
    return _run_page("organiser/print_run.html", run_id)


@blueprint.get("/<int:run_id>/live")
@open_to("organiser")
def live(run_id: int) -> str:
    """The part of the page that changes."""
    return _run_page("organiser/print_run_live.html", run_id)


@blueprint.post("/<int:run_id>/cancel")
@open_to("organiser")
def cancel(run_id: int) -> Response:
    """Stop a run after the file in hand."""
    now = clock.now()
    with transaction() as session:
        run = print_runs.the_run(session, run_id, hold=True)
        stopped = print_runs.end(session, run, state="cancelled", now=now)
        if stopped:
            audit.record(session, "print run cancelled", actor=pages.actor(), now=now, subject=str(run_id))
    if not stopped:
        flash(_("Nothing was changed: the print run had ended already."), "warning")
    return redirect(url_for("prints.show", run_id=run_id), 303)


@blueprint.post("/<int:run_id>/resume")
@open_to("organiser")
def resume(run_id: int) -> Response:
    """Have a run that stopped go on where it is."""
    try:
        with transaction() as session:
            run = print_runs.the_run(session, run_id, hold=True)
            printing.go_on(session, run, actor=pages.actor(), now=clock.now())
    except Conflict:
        flash(_("Nothing was changed: it had been done already, here or by somebody else."), "warning")
    return redirect(url_for("prints.show", run_id=run_id), 303)


@blueprint.post("/<int:run_id>/<int:number>.pdf")
@open_to("organiser")
@limiter.limit("120 per minute")
def file(run_id: int, number: int) -> Response:
    """A file of a run; that it was fetched is committed before its first byte."""
    with reading() as session:
        plan = pages.programme_now(session)
        content = print_runs.file_of(session, run_id, number)
    if not content:
        raise NotFound(
            "no_such_file", _("This file isn't there: it wasn't made yet, or is older than two weeks.")
        )
    with transaction() as session:
        audit.record(
            session,
            "print run fetched",
            actor=pages.actor(),
            now=clock.now(),
            subject=str(run_id),
            file=number,
        )
    return _sent(content, "application/pdf", f"{plan.code}-badges-{run_id}-{number:03d}.pdf")


@blueprint.post("/<int:run_id>/packing.csv")
@open_to("organiser")
@limiter.limit("30 per minute")
def packing(run_id: int) -> Response:
    """Which box and place each badge of a run is for."""
    out = io.BytesIO()
    with reading() as session:
        plan = pages.programme_now(session)
        run = print_runs.the_run(session, run_id)
        exports.write_csv(out, packing_table(print_runs.packing_list(session, run)), on_row=lambda: None)
    with transaction() as session:
        audit.record(
            session, "packing list fetched", actor=pages.actor(), now=clock.now(), subject=str(run_id)
        )
    return _sent(out.getvalue(), "text/csv; charset=utf-8", f"{plan.code}-boxes-{run_id}.csv")


def packing_table(packed: Iterable[tuple[int, int, Delegate | Unnamed, str]]) -> exports.Table:
    """The list of boxes, for a file."""
    rows: Iterator[Sequence[exports.Cell]] = (
        [box, place, one.reference, one.honorific, one.name, one.organisation, category]
        for box, place, one, category in packed
    )
    return PACKING, rows


def _sent(content: bytes, media_type: str, name: str) -> Response:
    response = make_response(content)
    response.content_type = media_type
    response.headers.set("Content-Disposition", "attachment", filename=PurePath(name).name)
    response.headers["Cache-Control"] = "private, no-store"
    return response


# --- the choice -----------------------------------------------------------------------------------------------


def _index(asked: Asked, *, alert: str = "") -> str:
    with reading() as session:
        plan = pages.programme_now(session)
        found = print_runs.runs(session, at_most=LATEST)
        looked_at = None
        if asked.get("look") and not alert:
            try:
                looked_at = _looked_at(session, asked, plan)
            except Refusal as refusal:
                alert = _said(refusal)
    return render_template(
        "organiser/prints.html",
        runs=found,
        asked=asked,
        alert=alert,
        looked_at=looked_at,
        named=NAMED,
        categories=[(str(key), one.name) for key, one in plan.categories.items()],
        countries=pages.by_name((code, pages.country(code)) for code in country_codes()),
        layouts=[(name, LAYOUTS.get(name, name)) for name in layout_names()],
        sorts=SORTED,
        states=RUN_STATES,
        usual=asdict(Order()),
        at_once=AT_ONCE,
        described=lambda run: _described(run, plan),
        plan=plan,
        pages=pages,
        number=format_decimal,
    )


@dataclass(frozen=True)
class LookedAt:
    """What a run would be: how many badges, which of them have letters without a glyph, whose names are too long."""

    matching: int
    unprintable: Mapping[str, str]
    too_long: Sequence[str]


def _looked_at(session: Session, asked: Asked, plan: Programme) -> LookedAt:
    wanted, order = _wanted(asked, plan), _order(asked)
    rows = print_runs.matching(session, wanted)
    shown = list(faces(rows, plan, key=current_app.config["CHECKIN"].key))
    return LookedAt(len(rows), unprintable(shown), short_names_wanted(shown, layout=order.layout))


def _wanted(asked: Asked, plan: Programme) -> PrintFilter:
    category, country = asked.get("category", ""), asked.get("country", "")
    only, sort = asked.get("only", ""), asked.get("sort") or "name"
    known = {str(one) for one in plan.categories}
    if (category and category not in known) or (country and country not in country_codes()):
        raise Refusal("unknown_choice", _("Please choose again: one of these isn't offered any more."))
    if only not in ONLY or sort not in SORTS:
        raise Refusal("unknown_choice", _("Please choose again: one of these isn't offered any more."))
    return PrintFilter(
        category_id=int(category) if category else None,
        country=country or None,
        organisation=printable(asked.get("organisation", ""))[:300] or None,
        delegation=printable(asked.get("delegation", ""))[:300] or None,
        unprinted=only == "unprinted",
        changed=only == "changed",
        sort=sort,
    )


def _order(asked: Asked) -> Order:
    usual = Order()
    layout = asked.get("layout") or usual.layout
    if layout not in layout_names():
        raise Refusal("unknown_choice", _("Please choose again: one of these isn't offered any more."))
    batch = _size(asked, "batch_size", usual.batch_size, LARGEST_BATCH)
    box = _size(asked, "box_size", usual.box_size, LARGEST_BOX)
    return Order(layout, asked.get("bleed") == "yes", batch, box)


def _size(asked: Asked, name: str, usual: int, largest: int) -> int:
    typed = asked.get(name, "").strip() or str(usual)
    if not (typed.isascii() and typed.isdecimal() and 1 <= int(typed[:9]) <= largest):
        raise Refusal(
            "print_sizes",
            _(
                "Badges in a file and in a box are whole numbers from 1; the most are %(batch)s and %(box)s.",
                batch=LARGEST_BATCH,
                box=LARGEST_BOX,
            ),
        )
    return int(typed)


def _said(refusal: Refusal) -> str:
    if refusal.code == "nothing_to_print":
        return str(_("No live badge matches: there is nothing to print."))
    if refusal.code == "blanks_count":
        return str(
            _(
                "Blank badges are made 1 to %(at_once)s at a time, %(all)s in all.",
                at_once=AT_ONCE,
                all=AT_MOST,
            )
        )
    return refusal.sentence


def _words(asked: Asked) -> dict[str, Any]:
    """What was asked for, to be shown later."""
    kept = ("category", "country", "organisation", "delegation", "only", "sort")
    return {name: asked[name].strip() for name in kept if asked.get(name, "").strip()}


def _described(run: PrintRun, plan: Programme) -> str:
    """A run's filter in the reader's language."""
    wanted: dict[str, Any] = run.wanted
    if "blanks" in wanted:
        names = blanks.names_of(*wanted["blanks"])
        category = _category_name(wanted["category"], plan)
        return " · ".join((str(_("Blank badges %(numbers)s", numbers=names)), category))
    parts = [
        _category_name(wanted.get("category", ""), plan),
        pages.country(wanted["country"]) if "country" in wanted else "",
        wanted.get("organisation", ""),
        wanted.get("delegation", ""),
        wanted.get("reference", ""),
        _("chosen in the change of many %(number)s", number=wanted["bulk"]) if "bulk" in wanted else "",
        {"unprinted": _("never printed"), "changed": _("new or changed since their print")}.get(
            wanted.get("only", ""), ""
        ),
    ]
    return " · ".join(filter(None, parts)) or str(_("All live badges"))


def _category_name(value: str, plan: Programme) -> str:
    return next((one.name for key, one in plan.categories.items() if str(key) == value), "")


# --- a run --------------------------------------------------------------------------------------------------


def _run_page(template: str, run_id: int) -> str:
    with reading() as session:
        plan = pages.programme_now(session)
        run = print_runs.the_run(session, run_id)
        batches = print_runs.made_batches(session, run_id)
        kept = print_runs.kept_files(session, run_id)
        progress = print_runs.progress(session, run)
        left_out = print_runs.left_out(session, run_id, at_most=NAMED) if progress.left_out else ()
        who = audit.actors(session).get(run.made_by, run.made_by)
    # A run that was stopped still makes the file in hand.
    settled = run.state == "done" or (run.ended_at is not None and clock.now() - run.ended_at > STILL_MAKING)
    lacking = [reference for batch in batches for reference in batch.lacking]
    return render_template(
        template,
        run=run,
        batches=batches,
        kept=kept,
        progress=progress,
        lacking=lacking,
        settled=settled,
        left_out=left_out,
        named=NAMED,
        states=RUN_STATES,
        layout=LAYOUTS.get(run.layout, run.layout),
        sorts=SORTED,
        described=_described(run, plan),
        who=who,
        plan=plan,
        pages=pages,
        number=format_decimal,
    )
