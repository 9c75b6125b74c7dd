"""Lists of delegates given in the browser: columns matched, problems shown, then imported; it owns no table."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from io import BytesIO
from math import ceil
from pathlib import PurePath
from typing import IO, Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, send_file, url_for
from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from checkin import clock, sentences
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.domain import audit, import_runs
from checkin.domain.import_runs import FILE, PIECE, REMARKS, WORK, ImportRemark, ImportRun
from checkin.domain.items import printable
from checkin.errors import Conflict, Refusal
from checkin.limits import limiter
from checkin.organisers import exports, importing, pages
from checkin.organisers.files import MEDIA_TYPES
from checkin.organisers.import_words import COLUMNS, KINDS, LIST_STATES, note, refused, remarks
from checkin.organisers.imports import OUR_FIELDS, chosen_columns

blueprint = Blueprint("uploads", __name__, url_prefix="/organiser/import")

MOST_BYTES = 20 * 1024**2
# The form's own parts around the file.
AROUND_FILE = 64 * 1024
LATEST = 30
REMARKS_ON_A_PAGE = 50
LONGEST_NAME = 100


class UploadForm(FlaskForm):  # type: ignore[misc]
    """The file alone; its token is asked for here, since nothing may read so big a form before."""


@blueprint.get("")
@open_to("organiser")
def index() -> str:
    """The lists there were, and the form for another one."""
    return _index()


@blueprint.post("")
@open_to("organiser")
@limiter.limit("10 per minute")
def upload() -> Response:
    """Keep a list, for a worker to read; nothing of it is believed here."""
    if (request.content_length or 0) > MOST_BYTES + AROUND_FILE:
        return _refused(_too_big())
    request.max_content_length = MOST_BYTES + AROUND_FILE
    # In memory and not in a temporary file on the disc: it tells of people.
    request._get_file_stream = lambda *_args, **_named: BytesIO()  # type: ignore[method-assign]
    if not UploadForm().validate():
        return _refused(sentences.on_a_page("bad_request", ""))
    given = request.files.get("file")
    if given is None or not given.filename:
        return _refused(_("Please choose the file first."))
    content, name = given.read(), printable(PurePath(given.filename).name)[:LONGEST_NAME]
    if not content:
        return _refused(refused({"code": "list_empty"}))
    if len(content) > MOST_BYTES:
        return _refused(_too_big())
    try:
        run_id = _stored(content, name)
    except Conflict as refusal:
        return _refused(refused({"code": refusal.code}))
    return redirect(url_for("uploads.show", run_id=run_id), 303)


def _too_big() -> str:
    most = MOST_BYTES // 1024**2
    return str(_("This file is bigger than %(most)s MB: split the list into several.", most=most))


def _stored(content: bytes, name: str) -> int:
    """The run of a list that is kept, in several transactions, that doors needn't wait for all of them."""
    now = clock.now()
    with transaction() as session:
        run_id = import_runs.make_run(session, name=name, actor=pages.actor(), now=now).id
    for start in range(0, len(content), PIECE):
        with transaction() as session:
            import_runs.store(session, run_id, FILE, start // PIECE, content[start : start + PIECE])
    with transaction() as session:
        run = import_runs.the_run(session, run_id, hold=True)
        import_runs.move(run, to="reading", out_of=("uploading",), now=now)
        importing.go_on(session, run)
        audit.record(
            session,
            "list uploaded",
            actor=pages.actor(),
            now=now,
            subject=_subject(run_id),
            size=len(content),
        )
    return run_id


@blueprint.get("/<int:run_id>")
@open_to("organiser")
def show(run_id: int) -> str:
    """One list: its columns to be matched, what would happen, or how far it is."""
    return _run_page("organiser/import_run.html", run_id)


@blueprint.get("/<int:run_id>/live")
@open_to("organiser")
def live(run_id: int) -> str:
    """The part of the page that changes."""
    return _run_page("organiser/import_run_live.html", run_id)


@blueprint.post("/<int:run_id>/columns")
@open_to("organiser")
@limiter.limit("30 per minute")
def columns(run_id: int) -> Response:
    """Have every row looked at, with what the organiser says of the columns."""
    now = clock.now()
    with reading() as session:
        header = import_runs.the_run(session, run_id).header
    fields = [_field(index) for index in range(len(header))]
    try:
        chosen_columns(header, fields)
    except Refusal as refusal:
        alert = refused({"code": refusal.code, **refusal.extra})
        page = _run_page("organiser/import_run.html", run_id, fields=fields, alert=alert)
        return make_response(page, 422)
    pending = pages.typed("status") == "pending"
    try:
        with transaction() as session:
            run = import_runs.the_run(session, run_id, hold=True)
            import_runs.choose(run, fields=fields, pending=pending, now=now)
            importing.go_on(session, run)
            _record(session, "list columns chosen", run_id, now=now)
    except Conflict:
        _say_it_went_on()
    return redirect(url_for("uploads.show", run_id=run_id), 303)


def _field(index: int) -> str:
    """Our field that was chosen for a column; empty where it is left aside."""
    value = request.form.get(f"column-{index}", "")
    return value if value in OUR_FIELDS else ""


@blueprint.post("/<int:run_id>/apply")
@open_to("organiser")
@limiter.limit("30 per minute")
def apply(run_id: int) -> Response:
    """Import what the page showed; the worker asks once more whether that still holds."""
    now, looks = clock.now(), pages.typed("looks")
    try:
        with transaction() as session:
            run = import_runs.the_run(session, run_id, hold=True)
            seen = int(looks) if looks.isascii() and looks.isdecimal() else 0
            import_runs.order(run, looks=seen, actor=pages.actor(), now=now)
            importing.go_on(session, run)
            _record(session, "list import ordered", run_id, now=now)
    except Conflict:
        _say_it_went_on()
    return redirect(url_for("uploads.show", run_id=run_id), 303)


@blueprint.post("/<int:run_id>/stop")
@open_to("organiser")
def stop(run_id: int) -> Response:
    """Leave the rest of a list for later; who is in stays in."""
    now = clock.now()
    try:
        with transaction() as session:
            import_runs.stop(import_runs.the_run(session, run_id, hold=True), now=now)
            _record(session, "list import stopped", run_id, now=now)
    except Conflict:
        _say_it_went_on()
    return redirect(url_for("uploads.show", run_id=run_id), 303)


@blueprint.post("/<int:run_id>/resume")
@open_to("organiser")
def resume(run_id: int) -> Response:
    """Have an import that stopped go on where it is."""
    now = clock.now()
    try:
        with transaction() as session:
            run = import_runs.the_run(session, run_id, hold=True)
            import_runs.move(run, to="applying", out_of=("stopped",), now=now)
            importing.go_on(session, run)
            _record(session, "list import resumed", run_id, now=now)
    except Conflict:
        _say_it_went_on()
    return redirect(url_for("uploads.show", run_id=run_id), 303)


@blueprint.post("/<int:run_id>/delete")
@open_to("organiser")
def delete(run_id: int) -> Response:
    """Delete what a list says of people; who was imported from it stays."""
    now = clock.now()
    with transaction() as session:
        run = import_runs.the_run(session, run_id, hold=True)
        gone = run.state != "applying" and import_runs.drop(session, run, now=now)
        if gone:
            _record(session, "list deleted", run_id, now=now)
    if gone:
        flash(_("The list is deleted."), "success")
        return redirect(url_for("uploads.index"), 303)
    _say_it_went_on()
    return redirect(url_for("uploads.show", run_id=run_id), 303)


@blueprint.post("/<int:run_id>/marked.xlsx")
@open_to("organiser")
@limiter.limit("20 per minute")
def marked(run_id: int) -> Response:
    """The rows about which something is to be said, as they came, with what; kept in the log before the first byte."""
    with transaction() as session:
        import_runs.the_run(session, run_id)
        _record(session, "list fetched", run_id, now=clock.now())
    with ExitStack() as closing:
        file = closing.enter_context(tempfile.TemporaryFile())
        with reading() as session:
            plan = pages.programme_now(session)
            run = import_runs.the_run(session, run_id)
            header = (_("Line"), _("State"), _("What is wrong"), *run.header)
            exports.write(file, (header, map(_marked, import_runs.all_remarks(session, run))), form="xlsx")
        # Closed with the response from here on.
        closing.pop_all()
    return _sent(file, f"{plan.code}-list-{run_id}-marked.xlsx")


def _marked(row: ImportRemark) -> Sequence[exports.Cell]:
    wrong = "\n".join(f"{where}: {sentence}" for where, sentence in remarks(row.said))
    return [row.line, str(KINDS[row.kind]), wrong, *row.cells]


def _sent(file: IO[bytes], name: str) -> Response:
    length = file.tell()
    file.seek(0)
    response = send_file(file, mimetype=MEDIA_TYPES["xlsx"], as_attachment=True, download_name=name)
    response.content_length = length
    response.headers["Cache-Control"] = "private, no-store"
    return response


# --- what the pages share -------------------------------------------------------------------------------------


def _subject(run_id: int) -> str:
    return f"list:{run_id}"


def _record(session: Any, action: str, run_id: int, *, now: Any) -> None:
    audit.record(session, action, actor=pages.actor(), now=now, subject=_subject(run_id))


def _say_it_went_on() -> None:
    flash(refused({"code": "list_went_on"}), "warning")


def _refused(alert: str) -> Response:
    return make_response(_index(alert=alert), 422)


def _index(*, alert: str = "") -> str:
    with reading() as session:
        plan = pages.programme_now(session)
        found = import_runs.runs(session, at_most=LATEST)
        actors = audit.actors(session)
    return render_template(
        "organiser/imports.html",
        runs=found,
        alert=alert,
        states=LIST_STATES,
        who=lambda run: actors.get(run.made_by, run.made_by),
        most_megabytes=MOST_BYTES // 1024**2,
        most_rows=import_runs.MOST_ROWS,
        tones=TONES,
        plan=plan,
        pages=pages,
        number=format_decimal,
    )


# How a state looks, by the classes that there are.
TONES = {"done": "live", "failed": "failed", "deleted": "cancelled", "stopped": "failed"}


def _run_page(template: str, run_id: int, *, fields: Sequence[str] = (), alert: str = "") -> str:
    with reading() as session:
        plan = pages.programme_now(session)
        run = import_runs.the_run(session, run_id)
        counts = import_runs.counts_of(run)
        kind, page, last = _asked_page(run)
        shown = import_runs.remarks(session, run, kind, page=page, size=REMARKS_ON_A_PAGE) if last else ()
        actors = audit.actors(session)
    if shown or run.state == "matching":
        with transaction() as session:
            _record(session, "list opened", run_id, now=clock.now())
    return render_template(
        template,
        run=run,
        counts=counts,
        alert=alert,
        failure=refused(run.failure),
        notes=[note(code, params) for code, params in run.notes],
        columns=list(zip(run.header, run.samples, fields or run.fields, strict=False)),
        choices=COLUMNS,
        kinds=[(one, KINDS[one], getattr(counts, one)) for one in REMARKS if getattr(counts, one)],
        kind=kind,
        page=page,
        last=last,
        remarks=[(row.line, _whose(row, run), remarks(row.said)) for row in shown],
        work=WORK,
        states=LIST_STATES,
        tones=TONES,
        who=actors.get(run.made_by, run.made_by),
        gone_at=pages.moment(run.changed_at + import_runs.KEPT, plan),
        plan=plan,
        pages=pages,
        number=format_decimal,
    )


def _asked_page(run: ImportRun) -> tuple[str, int, int]:
    """Which remarks the address asks for: their kind, the page from 1, and the last page; 0 where there are none."""
    there = [one for one in REMARKS if run.counts.get(one)] if run.deleted_at is None else []
    if not there or run.state in ("matching", *WORK):
        return "", 1, 0
    kind = pages.chosen("kind", there) or there[0]
    last = ceil(run.counts[kind] / REMARKS_ON_A_PAGE)
    return kind, min(pages.number("page") or 1, last), last


def _whose(row: ImportRemark, run: ImportRun) -> str:
    """What stands in the columns of a row that make its name."""
    parts = {our: cell for our, cell in zip(run.fields, row.cells, strict=False) if our in _NAMES}
    return " ".join(parts[name] for name in _NAMES if parts.get(name))[:LONGEST_NAME]


_NAMES = ("first_name", "name", "middle_name", "last_name")
