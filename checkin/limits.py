"""How often one may ask: counted by phone token where there is one, since a venue is one address; it owns no table."""

from flask import Flask, request
from flask_limiter import Limiter
from limits import parse

from checkin.config import Config
from checkin.errors import Refusal
from checkin.tokens import token_hash


def _asker() -> str:
    authorization = request.authorization
    if authorization is not None and authorization.type == "bearer" and authorization.token:
        return token_hash(authorization.token).hex()
    return request.remote_addr or "unknown"


SCAN_UPLOADS = parse("6000/minute")

limiter = Limiter(_asker, headers_enabled=False, strategy="fixed-window")


def start(app: Flask, config: Config) -> None:
    """Count in memory, or in Redis for several machines."""
    app.config["RATELIMIT_STORAGE_URI"] = config.limits_url
    limiter.init_app(app)


def count_scan_upload(hashed_token: bytes) -> None:
    """Count one upload of a phone; raises a 429 Refusal beyond 6,000 a minute.

    The scan route is exempt from the extension's own counting, which looks up every limit twice a request.
    """
    if not limiter.limiter.hit(SCAN_UPLOADS, "scans", hashed_token.hex()):
        raise Refusal(
            "too_many_requests", "Too many uploads in a minute: send more scans in each.", status=429
        )
