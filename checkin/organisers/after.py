"""After the event: the figures as published, what was corrected since and why, the closing pack; it owns no table."""

from flask import Blueprint, flash, make_response, redirect, render_template, send_file, url_for
from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_security import current_user
from werkzeug.wrappers import Response

from checkin import clock, sentences
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.domain import audit, certificates, publishing
from checkin.errors import Conflict
from checkin.limits import limiter
from checkin.organisers import after_words, closing_pack, pages

blueprint = Blueprint("after", __name__, url_prefix="/organiser/after")


@blueprint.get("")
@open_to("organiser")
def index() -> Response:
    """The figures of a version, the latest unless another is asked for, with the corrections since."""
    return _page()


def _page(*, alert: str = "", lacks: bool = False, purpose: str = "", status: int = 200) -> Response:
    now = clock.now()
    with reading() as session:
        plan = pages.programme_now(session)
        versions = publishing.publications(session)
        asked = pages.number("version")
        shown = next((one for one in versions if one.version == asked), versions[0] if versions else None)
        state = closing_pack.state_of(session, shown, plan) if shown else None
        figures = state.then if state else publishing.figures_now(session, plan)
    given: dict[str, object] = {}
    if state is not None:
        given = {
            "changes": after_words.changes(state.then, state.now, state.differences, state.causes),
            "causes": [after_words.cause_in_words(one, plan) for one in state.causes],
        }
    page = render_template(
        "organiser/after.html",
        plan=plan,
        pages=pages,
        versions=versions,
        shown=shown,
        is_latest=shown is not None and shown is versions[0],
        figures=figures,
        days=after_words.day_names(figures),
        everybody=after_words.everybody(figures),
        visits=after_words.visits(figures),
        countries=after_words.countries(figures),
        parts=after_words.parts(figures),
        is_over=certificates.is_over(plan, now=now),
        number=format_decimal,
        alert=alert,
        lacks=lacks,
        purpose=purpose,
        **given,
    )
    return make_response(page, status)


@blueprint.post("/publish")
@open_to("organiser")
@limiter.limit("20 per minute")
def publish() -> Response:
    """Freeze the figures as they are as the next version."""
    now = clock.now()
    try:
        with transaction() as session:
            plan = pages.programme_now(session)
            made = publishing.publish(session, plan, by=current_user.email, now=now)
            version, digest = made.version, made.digest
            audit.record(
                session,
                "figures published",
                actor=pages.actor(),
                now=now,
                subject=plan.code,
                version=version,
                sha256=digest,
            )
    except Conflict as refusal:
        return _page(alert=sentences.on_a_page(refusal.code, refusal.sentence), status=409)
    flash(_("The figures are published as version %(number)s.", number=version), "success")
    return redirect(url_for("after.index"), 303)


@blueprint.post("/closing-pack.zip")
@open_to("organiser")
@limiter.limit("10 per minute")
def pack() -> Response:
    """The closing pack; that it was taken along is committed before its first byte."""
    now, purpose = clock.now(), pages.typed("purpose")
    if not purpose:
        return _page(lacks=True, status=422)
    with transaction() as session:
        plan = pages.programme_now(session)
        state = closing_pack.order(session, actor=pages.actor(), purpose=purpose, now=now, plan=plan)
    file = closing_pack.written(state, plan, now=now)
    length = file.tell()
    file.seek(0)
    name = closing_pack.file_name(plan, state)
    response = send_file(file, mimetype="application/zip", as_attachment=True, download_name=name)
    response.content_length = length
    response.headers["Cache-Control"] = "private, no-store"
    return response
