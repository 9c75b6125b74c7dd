"""Applying an organiser's list of delegates: every row looked at first, then all or nothing; it owns no table."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from checkin.db import learn_sizes, transaction
from checkin.domain import audit, registering
from checkin.domain.details import Details
from checkin.domain.programme import programme
from checkin.domain.registering import Enrolment
from checkin.errors import Refusal
from checkin.organisers.imports import Checked, DelegateList, check_rows
from checkin.tokens import BadgeKey

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """What the organiser asked for: only to see, the good rows alone, as pending without badges."""

    dry_run: bool = False
    partial: bool = False
    pending: bool = False


@dataclass
class Survey:
    """What a first look at every row found; `categories` counts the good ones."""

    good: int = 0
    rejected: int = 0
    repeated: int = 0
    categories: Counter[str] = field(default_factory=Counter)


def survey(people: DelegateList, *, categories: list[str], tell: Tell) -> Survey:
    """Look at every row; `tell` hears a line for each that is rejected, doubtful or there twice."""
    found = Survey()
    for row in check_rows(people, categories=categories):
        for sentence in _remarks(row):
            tell(f"line {row.line}: {sentence}")
        found.rejected += bool(row.problems)
        found.repeated += row.duplicate_of is not None
        if row.details is not None:
            found.good += 1
            found.categories[row.details.category] += 1
    return found


def _remarks(row: Checked) -> Iterator[str]:
    for problem in row.problems:
        yield f"rejected: {problem.field.replace('_', ' ')}: {problem.sentence}"
    for warning in row.warnings:
        yield f"warning: {warning.field.replace('_', ' ')}: {warning.sentence}"
    if row.duplicate_of is not None:
        yield f"the same person as on line {row.duplicate_of}, added once."


def import_list(
    people: DelegateList,
    wanted: Wanted,
    *,
    key: BadgeKey,
    actor: str,
    now: datetime,
    tell: Tell,
    on_rows: Callable[[int], None],
) -> tuple[Survey, Enrolment]:
    """Add whoever is new; raises Refusal, and changes nothing, for rejected rows unless `partial` is wanted."""
    with transaction() as session:
        names = [category.name for category in programme(session).categories.values()]
        found = survey(people, categories=names, tell=tell)
        if found.rejected and not wanted.partial and not wanted.dry_run:
            raise Refusal(
                "rows_rejected",
                f"{found.rejected} of {found.rejected + found.good + found.repeated} rows are rejected, so nothing was "
                "imported. Mend them and run it again, or import the others with --partial.",
            )
        enrolled = _enrol(session, people, names, wanted, key=key, now=now, on_rows=on_rows)
        if wanted.dry_run:
            session.rollback()
        else:
            learn_sizes(session)
            audit.record(session, "delegates imported", actor=actor, now=now, **vars(enrolled))
    return found, enrolled


def _enrol(
    session: Session,
    people: DelegateList,
    names: list[str],
    wanted: Wanted,
    *,
    key: BadgeKey,
    now: datetime,
    on_rows: Callable[[int], None],
) -> Enrolment:
    status = "pending" if wanted.pending else "confirmed"
    plan = programme(session)
    enrolled = Enrolment()
    good = _good(people, names)
    for part in registering.enrol(session, good, programme=plan, key=key, now=now, status=status):
        enrolled += part
        on_rows(part.added + part.waiting + part.known)
    return enrolled


def _good(people: DelegateList, names: list[str]) -> Iterator[Details]:
    return (row.details for row in check_rows(people, categories=names) if row.details is not None)
