"""Liveness, readiness and metrics for those who run the servers; it owns no table."""

from typing import Any

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from checkin import metrics, schema
from checkin.access import open_to
from checkin.db import reading
from checkin.domain.messages import waiting_messages

blueprint = Blueprint("operations", __name__)


@blueprint.get("/healthz")
@open_to("everyone")
def healthz() -> dict[str, Any]:
    """This process answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
@open_to("everyone")
def readyz() -> tuple[dict[str, Any], int]:
    """The database answers and has every migration, and the queue of mail can be read."""
    checks = {"database": False, "migrations": False, "queue": False}
    try:
        checks["migrations"] = schema.is_current()
        checks["database"] = True
        with reading() as session:
            waiting_messages(session)
        checks["queue"] = True
    except SQLAlchemyError:
        pass
    ready = all(checks.values())
    return {"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503


@blueprint.get("/metrics")
@open_to("operator")
def metrics_text() -> Response:
    """Prometheus text: for this machine, or for whoever has CHECKIN_METRICS_TOKEN."""
    return Response(metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")
