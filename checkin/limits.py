"""How often one may ask: counted by phone token where there is one, since a venue is one address; it owns no table."""

from collections import Counter
from datetime import datetime
from ipaddress import ip_address, ip_network

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
    kept = request.cookies.get("__Host-checkin-phone") or request.cookies.get("checkin-phone")
    if kept and request.path.startswith("/api/"):
        return token_hash(kept).hex()
    return request.remote_addr or "unknown"


def network() -> str:
    """The address that asks; of IPv6, where one household has many, its /64."""
    address = ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104 - compared, not listened on.
    return str(ip_network(f"{address}/64", strict=False) if address.version == 6 else address)


UPLOADS_A_MINUTE = 6000

limiter = Limiter(_asker, headers_enabled=False, strategy="fixed-window")


def start(app: Flask, config: Config) -> None:
    """Count in memory, or in Redis for several machines."""
    app.config["RATELIMIT_STORAGE_URI"] = config.limits_url
    limiter.init_app(app)


def allows(what: str, limit: str) -> bool:
    """Count one more of something from the asking network; False where that is more than a limit like `30/hour`.

    For routes that have an answer of their own to those who come too often.
    """
    return limiter.limiter.hit(parse(limit), what, network())


class _Uploads:
    """How often each phone has uploaded in the present minute, as this process saw it."""

    def __init__(self) -> None:
        self.minute, self.counts = 0, Counter[bytes]()

    def of_minute(self, now: datetime) -> Counter[bytes]:
        minute = int(now.timestamp()) // 60
        if minute != self.minute:
            self.minute, self.counts = minute, Counter()
        return self.counts


_uploads = _Uploads()


def refuse_too_many_uploads(hashed_token: bytes, *, now: datetime) -> None:
    """Raise a 429 Refusal beyond 6,000 uploads of a phone a minute and server process.

    Not by the extension: it looks every limit up twice a request, and its memory starts a thread every few
    requests, which took a quarter of a scan's time.
    """
    if _uploads.of_minute(now)[hashed_token] >= UPLOADS_A_MINUTE:
        raise Refusal(
            "too_many_requests", "Too many uploads in a minute: send more scans in each.", status=429
        )


def count_upload(hashed_token: bytes, *, now: datetime) -> None:
    """Count an upload of a phone that is known, so that invented tokens fill no memory."""
    _uploads.of_minute(now)[hashed_token] += 1
