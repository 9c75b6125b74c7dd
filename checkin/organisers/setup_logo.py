"""The event's logo in the browser, with a look at it on pages and on a badge; it owns no table."""

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as BaseResponse

from checkin import clock, sentences
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.documents.badge_samples import with_logo
from checkin.documents.badges import badge_pdf
from checkin.documents.logos import MOST_BYTES, read_logo
from checkin.documents.pictures import first_page
from checkin.domain import audit, event, logos
from checkin.domain.logos import Logo
from checkin.errors import NotFound, Refusal
from checkin.limits import limiter
from checkin.organisers import pages

blueprint = Blueprint("setup_logo", __name__, url_prefix="/organiser/setup/logo")

# The form's own parts around the file.
AROUND_FILE = 16 * 1024
PICTURE_WIDTH = 480


class LogoForm(FlaskForm):  # type: ignore[misc]
    """The file alone; its token is asked for here, since nothing may read so big a form before."""


@blueprint.get("")
@open_to("organiser")
def index() -> BaseResponse:
    """The logo as it is shown, and the form for another one."""
    return _shown()


@blueprint.post("")
@open_to("organiser")
@limiter.limit("10 per minute")
def save() -> BaseResponse:
    """Show another logo from now on; no file means that nothing changes."""
    if (request.content_length or 0) > MOST_BYTES + AROUND_FILE:
        return _shown(said=sentences.on_a_page("logo_too_big", ""), status=413)
    request.max_content_length = MOST_BYTES + AROUND_FILE
    if not LogoForm().validate():
        return _shown(said=sentences.on_a_page("bad_request", ""), status=422)
    given = request.files.get("file")
    if given is None or not given.filename:
        return _shown(said=_("Please choose the file first."), status=422)
    try:
        wanted = read_logo(given.stream)
    except Refusal as refusal:
        return _shown(said=sentences.on_a_page(refusal.code, refusal.sentence), status=refusal.status)
    _keep(wanted)
    flash(_("The logo is kept: pages show it now, and badges from the next print on."), "success")
    return redirect(url_for("setup_logo.index"), 303)


@blueprint.post("/remove")
@open_to("organiser")
def remove() -> BaseResponse:
    """Show none any more."""
    _keep(None)
    flash(_("The logo is gone: badges name the event instead."), "success")
    return redirect(url_for("setup_logo.index"), 303)


@blueprint.get("/badge.png")
@open_to("organiser")
def badge() -> Response:
    """A badge of nobody with the logo; raises NotFound where there is none."""
    with reading() as session:
        logo = pages.programme_now(session).logo
    if logo is None:
        raise NotFound("no_logo", "There is no logo.")
    response = Response(
        first_page(badge_pdf(with_logo(logo.png)), width=PICTURE_WIDTH), content_type="image/png"
    )
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _keep(wanted: Logo | None) -> None:
    now = clock.now()
    with transaction() as session:
        event.hold_event(session)
        if logos.logo(session) == wanted:
            return
        logos.set_logo(session, wanted, now=now)
        event.raise_version(session)
        action = "logo set" if wanted else "logo removed"
        audit.record(session, action, actor=pages.actor(), now=now, subject=wanted.digest if wanted else "")


def _shown(*, said: str = "", status: int = 200) -> BaseResponse:
    with reading() as session:
        plan = pages.programme_now(session)
    page = render_template("organiser/setup_logo.html", plan=plan, said=said, most=MOST_BYTES // 1024**2)
    return make_response(page, status)
