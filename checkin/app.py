"""create_app: the only module that knows every part; it owns no table."""

import time
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, g, make_response, render_template, request
from flask_babel import Babel, get_locale
from flask_talisman import Talisman
from flask_wtf import CSRFProtect
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as BaseResponse

from checkin import access, assets, lanes, limits, logs, metrics, schema, sentences
from checkin.accounts import passkeys, security
from checkin.accounts import routes as accounts
from checkin.config import LOOPBACK, ROOT, Config
from checkin.db import db, engine_settings, prepare_engines
from checkin.desk import routes as desk
from checkin.documents import inviting, mailing, printing
from checkin.door import api as door
from checkin.door import pages as door_pages
from checkin.door import (  # noqa: F401 - they give the API's blueprint its routes.
    protocol,
    reports,
    rosters,
    routes,
)
from checkin.errors import Refusal
from checkin.operations import routes as operations
from checkin.operations import witness
from checkin.organisers import bulk_doing, duplicate_search, importing, phones, uploads
from checkin.organisers import routes as organisers
from checkin.registration import certificates, self_service
from checkin.registration import routes as registration

LANGUAGES = ("en", "ms")
SMALL_BODY = 64 * 1024
CSP = {
    "default-src": "'self'",
    # Bootstrap's icons and the second factor's QR code are data addresses.
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# What comes every few seconds from every phone, and would drown the rest.
UNREMARKABLE = {
    *("door.scans", "door.get_roster", "door.report", "door.arrivals", "vips.live"),
    *("assets.file", "operations.healthz"),
}
HSTS = "max-age=31536000; includeSubDomains"

csrf = CSRFProtect()
log = structlog.get_logger()


def create_app(config: Config) -> Flask:
    """The application; raises RuntimeError for a route that doesn't say who may open it."""
    logs.configure()
    app = Flask(
        "checkin",
        root_path=str(ROOT / "checkin"),
        template_folder=str(ROOT / "templates"),
        static_folder=None,
    )
    _settle(app, config)
    _connect(app, config)
    _protect(app, config)
    security.start(app, config)
    mailing.start(app, config)
    printing.start(app)
    importing.start(app)
    duplicate_search.start(app)
    bulk_doing.start(app)
    inviting.start(app)
    witness.start(app)
    assets.start(app)
    for part in (
        registration.blueprint,
        self_service.blueprint,
        certificates.blueprint,
        accounts.blueprint,
        passkeys.blueprint,
        *organisers.PARTS,
        *desk.PARTS,
        door.blueprint,
        door.description,
        door_pages.blueprint,
        operations.blueprint,
    ):
        app.register_blueprint(part)
    csrf.exempt(door.blueprint)
    # Its forms ask for the token themselves: where it is too old the form comes back as it was filled in.
    csrf.exempt(registration.blueprint)
    csrf.exempt(self_service.blueprint)
    # Files of 5 and of 20 MB: their routes set the limit before they read the form and its token.
    csrf.exempt(phones.import_queue_file)
    csrf.exempt(uploads.upload)
    _answer_errors(app)
    _observe(app)
    access.guard(app)
    return app


def create_app_from_env() -> Flask:
    """The application with the environment's settings, as each server process makes it."""
    return create_app(Config.from_env())


def _settle(app: Flask, config: Config) -> None:
    host = urlsplit(config.base_url).hostname or "localhost"
    app.config.update(
        CHECKIN=config,
        TESTING=config.testing,
        SECRET_KEY=config.secret_key,
        TRUSTED_HOSTS=sorted({host, *LOOPBACK}),
        MAX_CONTENT_LENGTH=SMALL_BODY,
        # Of a file, too, Werkzeug keeps a piece of 64 KB and a few bytes of the one before it at once.
        MAX_FORM_MEMORY_SIZE=2 * SMALL_BODY,
        MAX_FORM_PARTS=200,
        SESSION_COOKIE_SECURE=config.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # As long as the session: an organiser's page stands open all day.
        WTF_CSRF_TIME_LIMIT=None,
        SESSION_COOKIE_NAME="__Host-checkin" if config.secure else "checkin",
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "checkin" / "translations"),
        BABEL_DEFAULT_LOCALE="en",
        BOOTSTRAP_SERVE_LOCAL=True,
    )
    app.jinja_env.globals["told_door"] = sentences.told_door
    app.jinja_env.filters["zip_same"] = lambda texts: [(text, text) for text in texts]
    app.json.sort_keys = False  # type: ignore[attr-defined]


def _connect(app: Flask, config: Config) -> None:
    app.config["SQLALCHEMY_ENGINES"] = engine_settings(config)
    db.init_app(app)
    # Flask-SQLAlchemy-Lite also ends asynchronous sessions, on a thread of their own, after every request: there are
    # none, and it took a third of a scan's CPU time.
    app.teardown_appcontext_funcs = [
        end for end in app.teardown_appcontext_funcs if not iscoroutinefunction(end)
    ]
    schema.prepare(app)
    with app.app_context():
        prepare_engines(db.engines)


def _protect(app: Flask, config: Config) -> None:
    if config.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.proxies, x_proto=config.proxies)  # type: ignore[method-assign]
    app.wsgi_app = lanes.Lanes(app.wsgi_app, one_writer=config.sqlite)  # type: ignore[method-assign]
    Babel(app, locale_selector=_language)
    csrf.init_app(app)
    # Before Talisman, whose headers are written first then.
    app.after_request(_let_the_scanner_decode)
    limits.start(app, config)
    Talisman(
        app,
        # The proxy in front redirects; http on loopback works as it is.
        force_https=False,
        strict_transport_security=False,
        session_cookie_secure=config.secure,
        content_security_policy=CSP,
        frame_options="DENY",
        referrer_policy="same-origin",
        permissions_policy={"camera": "(self)", "geolocation": "()", "microphone": "()"},
    )
    if config.secure:
        app.after_request(_only_https)


def _let_the_scanner_decode(response: Response) -> Response:
    """WebAssembly for the scanner and its worker, whose policy is that of its own file; nowhere else."""
    args = request.view_args or {}
    if request.endpoint == "door_pages.page" or str(args.get("name", "")).startswith("door/"):
        response.headers["Content-Security-Policy"] += "; script-src 'self' 'wasm-unsafe-eval'"
    return response


def _language() -> str:
    chosen = request.cookies.get("language")
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or "en"


def _only_https(response: Response) -> Response:
    response.headers["Strict-Transport-Security"] = HSTS
    return response


def _answer_errors(app: Flask) -> None:
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _crashed)


def _refused(refusal: Refusal) -> BaseResponse:
    return _problem(refusal.status, refusal.code, refusal.sentence, **refusal.extra)


def _http_error(error: HTTPException) -> BaseResponse:
    if error.code is None or error.response is not None or error.code < 400:
        return error.get_response()
    if isinstance(error, SecurityError):
        # Under a host that isn't ours no page can be made, since none of its links would lead anywhere.
        return _problem_json(400, "unknown_host", "This server doesn't answer under that name.")
    code = error.name.lower().replace(" ", "_").replace("'", "")
    response = _problem(error.code, code, error.description or error.name)
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _crashed(error: Exception) -> BaseResponse:
    log.error("crashed", endpoint=request.endpoint, kind=type(error).__name__, exc_info=error)
    return _problem(500, "internal_error", "Something went wrong on our side; it has been logged.")


def _problem_json(status: int, code: str, sentence: str, **extra: Any) -> Response:
    body = {
        "type": "about:blank",
        "title": code.replace("_", " "),
        "status": status,
        "code": code,
        "detail": sentence,
    }
    response = make_response({**body, **extra}, status)
    response.content_type = "application/problem+json"
    return response


def _problem(status: int, code: str, sentence: str, **extra: Any) -> BaseResponse:
    """An error as RFC 9457 problem+json for programs, as a page for people."""
    if request.path.startswith("/api/") or not request.accept_mimetypes.accept_html:
        response = _problem_json(status, code, sentence, **extra)
    else:
        sentence = sentences.on_a_page(code, sentence)
        response = make_response(
            render_template("error.html", status=status, code=code, sentence=sentence), status
        )
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _observe(app: Flask) -> None:
    def begin() -> None:
        g.began = time.perf_counter()

    def end(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        metrics.REQUESTS.labels(endpoint, response.status_code).inc()
        if "began" in g:
            metrics.SECONDS.labels(endpoint).observe(time.perf_counter() - g.began)
        if response.status_code >= 500 or endpoint not in UNREMARKABLE:
            # Never the path: it may hold a token.
            log.info("request", endpoint=endpoint, method=request.method, status=response.status_code)
        return response

    app.before_request(begin)
    app.after_request(end)
    app.context_processor(_reader)


def _reader() -> dict[str, str]:
    locale = get_locale()
    return {"language": str(locale), "direction": locale.text_direction if locale else "ltr"}
