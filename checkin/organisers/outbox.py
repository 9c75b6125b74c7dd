"""The outbox: what waits, failed and was sent, and letters to read where there is no mail server; it owns no table."""

from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from checkin import clock
from checkin.access import open_to
from checkin.adapters.mail import Letter, MailRefused
from checkin.db import reading, transaction
from checkin.documents import mailing
from checkin.domain import audit, outbox
from checkin.errors import Conflict, NotFound
from checkin.limits import limiter
from checkin.organisers import pages
from checkin.organisers.wording import LETTER_STATES, LETTERS, why_not_sent

blueprint = Blueprint("outbox", __name__, url_prefix="/organiser/outbox")

AGAIN_AT_ONCE = 500
# A letter has its style within it, and nothing else: no script, no picture from elsewhere, no form. Its links
# open pages of their own, outside of this.
LETTER_POLICY = {
    "default-src": "'none'",
    "style-src": "'unsafe-inline'",
    "img-src": "data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'self'",
    "sandbox": "allow-popups allow-popups-to-escape-sandbox",
}


@blueprint.get("")
@open_to("organiser")
def index() -> str:
    """A page of letters in one state, the newest first."""
    with reading() as session:
        plan = pages.programme_now(session)
        counts = outbox.counts(session)
        status = pages.chosen("status", LETTER_STATES) or ("failed" if counts.get("failed") else "waiting")
        before = pages.identifier(request.args.get("before", ""))
        letters, has_older = outbox.letters(session, status, before=before)
    with transaction() as session:
        audit.record(
            session, "letters listed", actor=pages.actor(), now=clock.now(), shown=len(letters), state=status
        )
    return render_template(
        "organiser/outbox.html",
        letters=letters,
        counts=counts,
        status=status,
        states=LETTER_STATES,
        kinds=LETTERS,
        older=url_for("outbox.index", status=status, before=letters[-1].id) if has_older else "",
        goes_out=mailing.has_mail_server(),
        plan=plan,
        pages=pages,
        why=why_not_sent,
    )


@blueprint.post("/retry")
@open_to("organiser")
def retry() -> Response:
    """Have one failed letter tried again, or all of them."""
    message_id, now = pages.identifier(pages.typed("letter")), clock.now()
    with transaction() as session:
        tried = mailing.try_again(session, at_most=AGAIN_AT_ONCE, message_id=message_id)
        if tried:
            audit.record(session, "letters retried", actor=pages.actor(), now=now, messages=tried)
    if tried:
        flash(
            ngettext("%(num)d letter is tried again.", "%(num)d letters are tried again.", tried), "success"
        )
    else:
        flash(_("Nothing was changed: it had been done already, here or by somebody else."), "warning")
    return redirect(url_for("outbox.index", status="waiting" if tried else "failed"), 303)


@blueprint.get("/<uuid:message_id>")
@open_to("organiser")
@limiter.limit("60 per minute")
def letter(message_id: UUID) -> str:
    """A letter that waits for a mail server, as it would arrive, with a link that works."""
    with reading() as session:
        plan = pages.programme_now(session)
        row = outbox.letter(session, message_id)
    composed, refused = _composed(message_id)
    return render_template(
        "organiser/outbox_letter.html",
        row=row,
        letter=composed,
        refused=refused,
        kind=LETTERS.get(row.kind, row.kind),
        plan=plan,
        pages=pages,
    )


@blueprint.get("/<uuid:message_id>/letter.html")
@open_to("organiser")
@limiter.limit("60 per minute")
def html(message_id: UUID) -> Response:
    """The letter's own page, for the frame on ours."""
    composed, _refused = _composed(message_id)
    if composed is None:
        raise _nothing_to_read()
    # A link that opened within the frame would meet a page that lets no other frame it.
    response = make_response(composed.html.replace("<head>", '<head><base target="_blank">', 1))
    response.headers["Cache-Control"] = "private, no-store"
    return response


html.talisman_view_options = {  # type: ignore[attr-defined]
    "content_security_policy": LETTER_POLICY,
    "frame_options": "SAMEORIGIN",
}


@blueprint.get("/<uuid:message_id>/<int:number>")
@open_to("organiser")
@limiter.limit("60 per minute")
def attachment(message_id: UUID, number: int) -> Response:
    """What is attached to a letter, counted from 0."""
    composed, _refused = _composed(message_id)
    if composed is None or number >= len(composed.attachments):
        raise _nothing_to_read()
    file = composed.attachments[number]
    response = make_response(file.content)
    response.content_type = file.media_type
    response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _composed(message_id: UUID) -> tuple[Letter | None, str]:
    """The letter, or why nothing will be sent; raises Conflict where letters leave, for their links are secret then."""
    if mailing.has_mail_server():
        raise Conflict("letters_leave", "There is a mail server: letters are read by whom they are for.")
    with transaction() as session:
        subject = outbox.letter(session, message_id).reference
        audit.record(session, "letter opened", actor=pages.actor(), now=clock.now(), subject=subject)
    try:
        composed = mailing.letter_of(message_id)
    except MailRefused as refused:
        return None, why_not_sent(str(refused))
    if composed is None:
        raise _nothing_to_read()
    return composed, ""


def _nothing_to_read() -> NotFound:
    return NotFound("unknown_letter", "There is no such letter, or it doesn't wait any more.")
