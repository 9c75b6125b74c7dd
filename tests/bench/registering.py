"""What one registration and one badge cost the server."""

import re
import statistics
import time
from collections.abc import Iterator

from flask import Flask

from checkin.db import reading
from checkin.documents.badge_faces import face
from checkin.documents.badges import badge_pdf
from checkin.domain import badges
from checkin.domain.programme import programme

REGISTRATIONS = 200


def measured(app: Flask) -> Iterator[tuple[str, float, str, str]]:
    """Milliseconds of CPU, as medians: a form that is sent and stored with its mail's job; a badge as PDF."""
    yield "one registration, CPU", statistics.median(_registrations(app)), "ms", "at most 15"
    yield "one badge as PDF, CPU", statistics.median(_badges(app)), "ms", "below 60"


def _registrations(app: Flask) -> Iterator[float]:
    client = app.test_client()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/register").text)
    for number in range(REGISTRATIONS):
        person = {
            "csrf_token": token[1] if token else "",
            "name": f"Nurul Aisyah binti Rahman {number}",
            "email": f"aisyah{number}@example.org",
            "organisation": "Majlis Bandaraya Petaling Jaya",
            "country": "MY",
            "category": "Delegate",
            "language": "ms",
            "consent_notice": "y",
        }
        # From many networks, as people come, so that the limits of one are not what is measured.
        elsewhere = {"REMOTE_ADDR": f"198.51.{number // 250}.{number % 250 + 1}"}
        began = time.process_time()
        answer = client.post("/register", data=person, environ_base=elsewhere)
        yield (time.process_time() - began) * 1000
        if answer.status_code != 303:
            raise RuntimeError(f"the registration was answered with {answer.status_code}")


def _badges(app: Flask) -> Iterator[float]:
    with app.app_context():
        with reading() as session:
            plan, key = programme(session), app.config["CHECKIN"].key
            rows = badges.badges_to_print(session, badges.PrintFilter(), at_most=60)
        faces = [face(row.Badge, row.Delegate, row.Category, plan=plan, key=key) for row in rows]
        for number, one in enumerate(faces):
            began = time.process_time()
            badge_pdf(one)
            # The first few fill the caches that a server has filled for good.
            if number >= 10:
                yield (time.process_time() - began) * 1000
