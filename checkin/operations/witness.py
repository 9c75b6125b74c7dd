"""Tells the logs how far the audit log has come, so that its end can't be taken off unnoticed; it owns no table."""

import structlog
from flask import Flask

from checkin.adapters import jobs
from checkin.db import reading
from checkin.domain import audit

JOB = "tell the audit log's end"

log = structlog.get_logger()


def start(app: Flask) -> None:
    """Teach this application's workers to tell it, about once a minute where it has changed."""
    told: list[str] = []

    def tell(*_ids: str) -> None:
        with reading() as session:
            end = str(audit.end(session) or "")
        if end and [end] != told:
            told[:] = [end]
            log.info("audit log", end=end)

    jobs.register(app, JOB, jobs.Job(tell, at_stop=tell, now_and_then=tell))
