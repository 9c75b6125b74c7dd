"""Certificates of attendance: one's own, and the public page that says whether one is genuine; it owns no table."""

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from checkin import clock
from checkin.access import open_to
from checkin.config import Config
from checkin.db import reading, transaction
from checkin.documents.certificates import LANGUAGES, certificate_pdf, days_in_words, face_of, in_groups
from checkin.domain import audit, certificates, links
from checkin.domain.programme import programme
from checkin.limits import limiter, network
from checkin.registration.self_service import costly
from checkin.tokens import looks_like_a_certificate, read_code

blueprint = Blueprint("certificates", __name__)

# More than anybody types, and far too few to find one of so many codes.
checks = limiter.shared_limit("30/minute", scope="certificates", key_func=network)


@blueprint.after_request
def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@blueprint.get("/certificates")
@open_to("everyone")
@checks
def index() -> BaseResponse:
    """Where a code is typed in."""
    typed = request.args.get("code", "")[:60]
    code = read_code(typed)
    if looks_like_a_certificate(code):
        return redirect(url_for("certificates.check", code=code), 303)
    return make_response(
        render_template("registration/certificates.html", typed=typed), 422 if typed.strip() else 200
    )


@blueprint.get("/certificates/<code>")
@open_to("everyone")
@checks
def check(code: str) -> Response:
    """Whether a certificate is genuine, with no more than stands on it."""
    known = read_code(code[:60])
    with reading() as session:
        plan = programme(session)
        found = certificates.checked(session, known, plan) if looks_like_a_certificate(known) else None
    page = render_template(
        "registration/certificate.html",
        found=found,
        event=plan,
        code=in_groups(known) if looks_like_a_certificate(known) else "",
        days=days_in_words(found.days) if found else "",
    )
    return make_response(page, 404 if found is None else 200)


@blueprint.post("/me/<token>/certificate.pdf")
@open_to("everyone")
@costly
def mine(token: str) -> Response:
    """One's own certificate, once the event is over."""
    config: Config = current_app.config["CHECKIN"]
    now = clock.now()
    with transaction() as session:
        plan = programme(session)
        delegate = links.linked_delegate(session, token, now=now)
        one, code, is_new = certificates.issue(session, delegate, programme=plan, key=config.key, now=now)
        if is_new:
            actor, subject = f"delegate:{delegate.reference}", delegate.reference
            audit.record(session, "certificate issued", actor=actor, now=now, subject=subject)
        face = face_of(one, code, plan=plan, base_url=config.base_url)
    wanted = request.form.get("language", "")
    content = certificate_pdf(face, language=wanted if wanted in LANGUAGES else "en")
    response = Response(content, content_type="application/pdf")
    name = f"certificate-{delegate.reference}.pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
