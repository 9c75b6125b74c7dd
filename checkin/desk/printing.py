"""A badge printed from the desk's browser: a PDF that opens the print dialogue; it owns no table."""

from flask import Blueprint, current_app, make_response, request
from werkzeug.wrappers import Response

from checkin import clock
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.desk import pages
from checkin.desk.person import usual_layout
from checkin.documents.badge_faces import face
from checkin.documents.badges import badge_pdf
from checkin.documents.layouts import layout_names
from checkin.domain import audit, badges
from checkin.domain.badges import PrintFilter
from checkin.errors import Conflict
from checkin.limits import limiter

blueprint = Blueprint("desk_printing", __name__, url_prefix="/desk/people/<reference>")

# Chromium shows a PDF within its own viewer, which `object-src 'none'` would forbid; the desk's page frames it.
VIEWED = {
    "content_security_policy": {
        "default-src": "'none'",
        "object-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",
        "frame-ancestors": "'self'",
    },
    "frame_options": "SAMEORIGIN",
}


@blueprint.post("/badge.pdf")
@open_to(*pages.DESK)
@limiter.limit("120 per minute", key_func=pages.member)
def badge(reference: str) -> Response:
    """The live badge in this desk's layout, or in the one that was asked for; kept as printed now."""
    key, now = current_app.config["CHECKIN"].key, clock.now()
    asked = request.form.get("layout", "")
    layout = asked if asked in layout_names() else usual_layout()
    with reading() as session:
        plan = pages.programme_now(session)
        delegate = pages.delegate(session, reference)
        rows = badges.badges_to_print(session, PrintFilter(reference=delegate.reference))
    if not rows:
        raise Conflict("no_live_badge", f"{delegate.reference} has no badge that could be printed.")
    row = rows[0]
    shown = face(row.Badge, row.Delegate, row.Category, plan=plan, key=key)
    pdf = badge_pdf(shown, layout=layout, opens_print=True)
    with transaction() as session:
        badges.mark_printed(session, [row.Badge.id], now=now)
        subject = delegate.reference
        audit.record(session, "badge printed", actor=pages.actor(), now=now, subject=subject, layout=layout)
    response = make_response(pdf)
    response.content_type = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="badge-{delegate.reference}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    if "keep" in request.form:
        pages.keep(response, pages.LAYOUT, layout)
    return response


badge.talisman_view_options = VIEWED  # type: ignore[attr-defined]
