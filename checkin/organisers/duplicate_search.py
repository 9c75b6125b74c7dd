"""Searching for duplicates, by workers: when organisers ask for it, and while people register; it owns no table."""

from flask import Flask
from sqlalchemy.orm import Session

from checkin import clock
from checkin.adapters import jobs
from checkin.db import reading, transaction
from checkin.domain import duplicates
from checkin.domain.likeness import Likeness, likely_pairs

SEARCH = "search duplicates"


def start(app: Flask) -> None:
    """Teach this application's workers to search."""
    jobs.register(app, SEARCH, jobs.Job(search_again, now_and_then=look_around))


def order(session: Session) -> bool:
    """Have a worker search; False where one is at it."""
    asked = duplicates.ask(session, now=clock.now())
    if asked:
        jobs.enqueue(session, SEARCH)
    return asked


def look_around() -> None:
    """Search again once somebody has registered, come with a list or been corrected."""
    with reading() as session:
        due = duplicates.is_due(session, now=clock.now())
    if due:
        with transaction() as session:
            order(session)


def search_again() -> None:
    """Search, and keep what was found."""
    search()


def search() -> list[Likeness]:
    """The pairs there are now, the likeliest first, which are kept for organisers."""
    now = clock.now()
    with reading() as session:
        entries = duplicates.entries(session)
    # Outside of a transaction: the doors go on meanwhile.
    found = likely_pairs(entries)
    with transaction() as session:
        duplicates.keep(session, found, now=now)
    return found
