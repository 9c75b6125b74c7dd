"""How often one may ask: counted by phone token where there is one, since a venue is one address; it owns no table."""

from flask import Flask, request
from flask_limiter import Limiter

from checkin.config import Config
from checkin.tokens import token_hash


def _asker() -> str:
    authorization = request.authorization
    if authorization is not None and authorization.type == "bearer" and authorization.token:
        return token_hash(authorization.token).hex()
    return request.remote_addr or "unknown"


limiter = Limiter(_asker, headers_enabled=False, strategy="fixed-window")


def start(app: Flask, config: Config) -> None:
    """Count in memory, or in Redis for several machines."""
    app.config["RATELIMIT_STORAGE_URI"] = config.limits_url
    limiter.init_app(app)
