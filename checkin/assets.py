"""Styles, scripts and pictures, under addresses that change with their content; it owns no table."""

import hashlib
import mimetypes
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response
from flask_compress import Compress
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from checkin.access import open_to
from checkin.config import ROOT

FOLDER = ROOT / "checkin" / "static"
A_YEAR = 365 * 24 * 3600

blueprint = Blueprint("assets", __name__)
compress = Compress()


def start(app: Flask) -> None:
    """Serve the files, and shorten what is text on its way to those who can read it so."""
    app.config.update(
        COMPRESS_MIMETYPES=[
            "text/html",
            "text/css",
            "text/javascript",
            "application/json",
            "application/wasm",
            "application/manifest+json",
            "image/svg+xml",
        ],
        # What fits one packet gains nothing, and a lone scan's answer is to cost nothing more.
        COMPRESS_MIN_SIZE=1400,
        # 5 is nine tenths of what the best saves, at a thirtieth of its time.
        COMPRESS_BR_LEVEL=5,
        COMPRESS_ALGORITHM=["br", "gzip"],
        # Streamed answers are exports: they are files, and nobody waits for their last kilobyte.
        COMPRESS_STREAMS=False,
    )
    compress.init_app(app)
    app.register_blueprint(blueprint)
    app.jinja_env.globals["asset"] = asset


def asset(name: str) -> str:
    """The address of a file under static/; modules may import each other by relative paths beneath it."""
    return f"/static/{version()}/{name}"


@cache
def version() -> str:
    """A name of what all the files hold, the same in every process that serves them."""
    digest = hashlib.sha256()
    for file in sorted(path for path in FOLDER.rglob("*") if path.is_file()):
        digest.update(str(file.relative_to(FOLDER)).encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _media_type(name: str) -> str:
    """By the name's ending; ours, since a machine's own table may lack WebAssembly."""
    ending = Path(name).suffix
    known = {
        ".js": "text/javascript; charset=utf-8",
        ".wasm": "application/wasm",
        ".css": "text/css; charset=utf-8",
    }
    return known.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"


@blueprint.get("/static/<of>/<path:name>")
@open_to("everyone")
def file(of: str, name: str) -> Response:
    """A file; kept for a year where the address is this version's, else not at all."""
    path = safe_join(str(FOLDER), name)
    if path is None or not Path(path).is_file():
        raise NotFound
    # Read whole rather than streamed from the disc, so that it can be shortened.
    response = Response(Path(path).read_bytes(), content_type=_media_type(name))
    if of == version():
        response.cache_control.public = True
        response.cache_control.max_age = A_YEAR
        response.cache_control.immutable = True
    else:
        # Another server's version, in the minute of an update.
        response.cache_control.no_store = True
    return response
