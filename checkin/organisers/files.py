"""The pages on which exports are chosen, ordered with a purpose, and fetched; it owns no table."""

import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import IO, Any

from flask import Blueprint, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from checkin import clock
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.domain import audit, delegate_list, exporting
from checkin.domain.exporting import Choice, ExportOrder
from checkin.domain.programme import Programme
from checkin.errors import Refusal
from checkin.limits import limiter
from checkin.organisers import export_choices, export_words, exports, figures, pages
from checkin.organisers.export_choices import FIGURES, KINDS

blueprint = Blueprint("files", __name__, url_prefix="/organiser/exports")

OF_KIND = f"/<any({', '.join(KINDS)}):kind>"
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


@blueprint.get("")
@open_to("organiser")
def index() -> str:
    """The reports that are kept under a name, and what else can be had."""
    return index_page()


@blueprint.get(OF_KIND)
@open_to("organiser")
def choose(kind: str) -> str:
    """The filters and columns of a kind; with `report` in the address those of a named report."""
    choice = export_choices.usual(kind)
    report_id = pages.number("report")
    if report_id is not None:
        with reading() as session:
            report = exporting.the_report(session, report_id)
        choice = report.choice if report.kind == kind else choice
    return kind_page(choice)


@blueprint.post(OF_KIND)
@open_to("organiser")
@limiter.limit("20 per minute")
def order(kind: str) -> Response | tuple[str, int]:
    """Keep what is asked for and why; its link follows."""
    choice, form = export_choices.typed(kind), pages.typed("form")
    missing = lacking(choice)
    try:
        return redirect(link(choice, form), 303) if not missing else (kind_page(choice, errors=missing), 422)
    except Refusal as refusal:
        return kind_page(choice, alert=refusal.sentence), refusal.status


@blueprint.get("/files/<token>")
@open_to("organiser")
@limiter.limit("20 per minute")
def fetch(token: str) -> Response:
    """The file, for its maker and ten minutes; that it was fetched is committed before its first byte."""
    now = clock.now()
    with reading() as session:
        wanted = exporting.ordered(session, token, actor=pages.actor(), now=now)
        plan = pages.programme_now(session)
    export_choices.refuse_unknown(wanted.choice, wanted.form, plan)
    file, rows = _written(wanted, plan, now=now)
    with transaction() as session:
        record(
            session,
            wanted.choice,
            wanted.form,
            plan,
            rows=rows,
            report=wanted.report,
            actor=pages.actor(),
            now=now,
        )
    name = f"{plan.code}-{wanted.kind}-{now.astimezone(plan.zone):%Y-%m-%d}.{wanted.form}"
    return _sent(file, name, wanted.form)


def lacking(choice: Choice) -> dict[str, str]:
    """What has to be given first, by the field that lacks it."""
    errors = {}
    if not choice.purpose:
        errors["purpose"] = _("Please say what it is for: it is kept in the audit log.")
    if export_choices.columns(choice.kind) and not choice.columns:
        errors["columns"] = _("Please choose one column at least.")
    return errors


def link(choice: Choice, form: str, *, report: str = "") -> str:
    """The address of an export that is kept from now on; raises Refusal for what isn't offered."""
    now = clock.now()
    with transaction() as session:
        plan = pages.programme_now(session)
        export_choices.refuse_unknown(choice, form, plan)
        token = exporting.order(session, choice, form=form, actor=pages.actor(), now=now, report=report)
        record_order(session, choice, form, report=report, actor=pages.actor(), now=now)
    return url_for("files.fetch", token=token)


def record_order(
    session: Session, choice: Choice, form: str, *, report: str, actor: str, now: datetime
) -> None:
    """Keep that somebody asks for a file, before anything is read for it."""
    known = {"kind": choice.kind, "form": form, **({"report": report} if report else {})}
    audit.record(session, "export ordered", actor=actor, now=now, reason=choice.purpose, **known)


def record(
    session: Session,
    choice: Choice,
    form: str,
    plan: Programme,
    *,
    rows: int,
    report: str,
    actor: str,
    now: datetime,
) -> None:
    """Keep that a file leaves: its purpose, filters, columns and number of rows, and nobody's name."""
    known: dict[str, Any] = {"form": form, **export_choices.kept(choice, plan)}
    known |= {"report": report} if report else {}
    if choice.kind != FIGURES:
        known |= {"columns": list(choice.columns), "rows": rows}
    audit.record(
        session,
        f"{choice.kind} exported",
        actor=actor,
        now=now,
        reason=choice.purpose,
        **known,
    )


# --- pages ------------------------------------------------------------------------------------------------------


def index_page(*, alert: str = "", asked: int | None = None, typed: Mapping[str, str] | None = None) -> str:
    """The page of all exports; `typed` is what was sent about the report `asked`."""
    with reading() as session:
        plan = pages.programme_now(session)
        found = exporting.reports(session)
        who = audit.actors(session)
    return render_template(
        "organiser/exports.html",
        reports=found,
        described=lambda report: export_choices.described(report.choice, plan),
        who=lambda report: who.get(report.made_by, report.made_by),
        kinds=KINDS,
        forms=export_choices.forms,
        words=export_words,
        alert=alert,
        asked=asked,
        typed=typed or {},
        longest_name=exporting.LONGEST_NAME,
    )


def kind_page(choice: Choice, *, alert: str = "", errors: Mapping[str, str] | None = None) -> str:
    """The page of one kind, with what is chosen."""
    with reading() as session:
        plan = pages.programme_now(session)
        groups = delegate_list.groups(session) if "country" in export_choices.NARROWED[choice.kind] else None
    return render_template(
        "organiser/export.html",
        choice=choice,
        filters=export_choices.NARROWED[choice.kind],
        columns=export_choices.columns(choice.kind),
        offered=export_choices.offered(plan, groups),
        label=export_choices.label,
        forms=export_choices.forms(choice.kind),
        names_nobody=choice.kind in {"arrivals", FIGURES},
        words=export_words,
        alert=alert,
        errors=errors or {},
        report_name=request.form.get("name", ""),
        longest_name=exporting.LONGEST_NAME,
    )


# --- files ------------------------------------------------------------------------------------------------------


def _written(wanted: ExportOrder, plan: Programme, *, now: datetime) -> tuple[IO[bytes], int]:
    """The file and how many rows it has.

    It is on the disc and not in memory, whole before it is sent: what breaks off is no file. It has no name there, so
    that nothing stays, whatever happens.
    """
    rows = Counted()
    with ExitStack() as closing:
        file = closing.enter_context(tempfile.TemporaryFile())
        with reading() as session:
            write(file, session, wanted.choice, wanted.form, plan, on_row=rows, now=now)
        # Closed with the response from here on.
        closing.pop_all()
    return file, rows.rows


def write(
    out: IO[bytes],
    session: Session,
    choice: Choice,
    form: str,
    plan: Programme,
    *,
    on_row: Callable[[], None],
    now: datetime,
) -> None:
    """A choice that holds, in one of its formats."""
    if choice.kind == FIGURES:
        language = choice.filters.get("language", "en")
        out.write(figures.report(session, plan, language=language, now=now))
        return
    table = exports.table(
        session,
        choice.kind,
        export_choices.scope_of(choice, plan),
        programme=plan,
        area_named="area" in choice.filters,
        columns=choice.columns,
    )
    exports.write(out, table, form=form, on_row=on_row)


class Counted:
    """How many rows there were."""

    def __init__(self) -> None:
        self.rows = 0

    def __call__(self) -> None:
        self.rows += 1


def _sent(file: IO[bytes], name: str, form: str) -> Response:
    length = file.tell()
    file.seek(0)
    response = send_file(file, mimetype=MEDIA_TYPES[form], as_attachment=True, download_name=name)
    response.content_length = length
    response.headers["Cache-Control"] = "private, no-store"
    return response
