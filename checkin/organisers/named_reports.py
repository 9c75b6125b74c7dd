"""Exports kept under a name: made, run again, renamed and deleted; it owns no table."""

from dataclasses import replace

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from checkin import clock
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.domain import audit, exporting
from checkin.errors import Refusal
from checkin.limits import limiter
from checkin.organisers import export_choices, files, pages

blueprint = Blueprint("named_reports", __name__, url_prefix="/organiser/exports")


@blueprint.post(f"{files.OF_KIND}/reports")
@open_to("organiser")
@limiter.limit("30 per minute")
def keep(kind: str) -> Response | tuple[str, int]:
    """Keep what is chosen under a name."""
    choice, name, now = export_choices.typed(kind), _name(), clock.now()
    errors = {field: said for field, said in files.lacking(choice).items() if field == "columns"}
    if not name:
        errors["name"] = _("Please give the report a name.")
    if errors:
        return files.kind_page(choice, errors=errors), 422
    try:
        with transaction() as session:
            plan = pages.programme_now(session)
            export_choices.refuse_unknown(choice, export_choices.forms(kind)[0], plan)
            exporting.keep_report(session, name, choice, actor=pages.actor(), now=now)
            known = export_choices.kept(choice, plan)
            audit.record(
                session,
                "report kept",
                actor=pages.actor(),
                now=now,
                reason=choice.purpose,
                report=name,
                kind=kind,
                **known,
                columns=list(choice.columns),
            )
    except Refusal as refusal:
        if refusal.code == "report_name_taken":
            errors["name"] = _("Another report has this name already.")
        alert = "" if errors else refusal.sentence
        return files.kind_page(choice, errors=errors, alert=alert), refusal.status
    flash(_("The report is kept: it can be exported again from here."), "success")
    return redirect(url_for("files.index"), 303)


@blueprint.post("/reports/<int:report_id>")
@open_to("organiser")
@limiter.limit("20 per minute")
def run(report_id: int) -> Response | tuple[str, int]:
    """Export a report again; the purpose is the one it is kept with, unless another is given."""
    with reading() as session:
        report = exporting.the_report(session, report_id)
    choice, form = replace(report.choice, purpose=pages.typed("purpose")), pages.typed("form")
    lacks = files.lacking(choice)
    try:
        if not lacks:
            return redirect(files.link(choice, form, report=report.name), 303)
        alert, status = next(iter(lacks.values())), 422
    except Refusal as refusal:
        alert, status = refusal.sentence, refusal.status
    return files.index_page(alert=alert, asked=report_id, typed={"purpose": choice.purpose}), status


@blueprint.post("/reports/<int:report_id>/rename")
@open_to("organiser")
@limiter.limit("30 per minute")
def rename(report_id: int) -> Response | tuple[str, int]:
    """Give a report another name."""
    name = _name()
    try:
        with transaction() as session:
            report = exporting.the_report(session, report_id)
            before = report.name
            exporting.rename_report(session, report, name=name)
            audit.record(
                session,
                "report renamed",
                actor=pages.actor(),
                now=clock.now(),
                report=name,
                before=before,
            )
    except Refusal as refusal:
        said = {
            "report_name": _("Please give the report a name."),
            "report_name_taken": _("Another report has this name already."),
        }
        if refusal.code not in said:
            raise
        alert = said[refusal.code]
        return files.index_page(alert=alert, asked=report_id, typed={"name": name}), refusal.status
    flash(_("The report has another name now."), "success")
    return redirect(url_for("files.index"), 303)


@blueprint.post("/reports/<int:report_id>/delete")
@open_to("organiser")
@limiter.limit("30 per minute")
def delete(report_id: int) -> Response:
    """Forget a report."""
    with transaction() as session:
        report = exporting.the_report(session, report_id)
        exporting.delete_report(session, report)
        audit.record(session, "report deleted", actor=pages.actor(), now=clock.now(), report=report.name)
    flash(_("The report is deleted; what was exported by it stays in the audit log."), "success")
    return redirect(url_for("files.index"), 303)


def _name() -> str:
    return pages.typed("name", longest=exporting.LONGEST_NAME)
