"""Pairs of delegates who are likely one person; it owns the tables duplicate and duplicate_search.

They are found by a job (`likeness` says how), kept, and looked at by organisers, who merge them (`merging`) or say that
they are two people: such a pair isn't offered again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Row,
    and_,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from checkin.db import Base, Instant, insert_ignoring
from checkin.domain.blanks import NOT_ASSIGNED
from checkin.domain.delegates import Delegate
from checkin.domain.likeness import Entry, Likeness, entry

A_PAGE = 20
# While people register, they are searched so often.
SEARCHED_EVERY = timedelta(minutes=10)


class Duplicate(Base):
    """Two delegates who are likely one person; `settled_at` where somebody said that they are two."""

    __tablename__ = "duplicate"
    __table_args__ = (
        CheckConstraint("first_id < second_id", name="order"),
        CheckConstraint("(settled_at IS NULL) = (settled_by IS NULL)", name="settled"),
        Index("ix_duplicate_score", "score", "first_id", "second_id"),
    )

    first_id: Mapped[int] = mapped_column(ForeignKey("delegate.id", ondelete="CASCADE"), primary_key=True)
    second_id: Mapped[int] = mapped_column(
        ForeignKey("delegate.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    score: Mapped[int]
    # Of likeness.REASONS, with spaces between.
    reasons: Mapped[str]
    found_at: Mapped[datetime] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    # As the audit log names whoever did it.
    settled_by: Mapped[str | None]


class DuplicateSearch(Base):
    """When duplicates were searched for last, and asked for; there is one row at most."""

    __tablename__ = "duplicate_search"

    id: Mapped[int] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)


def are_live(one: Any) -> ColumnElement[bool]:
    """Whether a delegate may be one of a pair: not who was cancelled, nor a guest with a blank badge."""
    return and_(one.status != "cancelled", or_(one.note.is_(None), one.note != NOT_ASSIGNED))


# --- searching ------------------------------------------------------------------------------------------------


def entries(session: Session) -> list[Entry]:
    """What is compared of everybody who may be one of a pair."""
    query = select(
        Delegate.id,
        Delegate.name,
        Delegate.organisation,
        Delegate.job_title,
        Delegate.country,
        Delegate.email,
        Delegate.phone,
    ).where(are_live(Delegate))
    rows = session.execute(query.order_by(Delegate.id), execution_options={"yield_per": 2000})
    return [
        entry(
            row.id,
            row.name,
            organisation=row.organisation,
            job=row.job_title,
            country=row.country,
            email=row.email,
            phone=row.phone,
        )
        for row in rows
    ]


def keep(session: Session, pairs: Iterable[Likeness], *, now: datetime) -> None:
    """The pairs of a search replace those of the one before; what somebody settled stays settled."""
    session.execute(delete(Duplicate).where(Duplicate.settled_at.is_(None)))
    rows = [
        {
            "first_id": one.first_id,
            "second_id": one.second_id,
            "score": one.score,
            "reasons": " ".join(one.reasons),
            "found_at": now,
        }
        for one in pairs
    ]
    for start in range(0, len(rows), 500):
        session.execute(insert_ignoring(session, Duplicate.__table__), rows[start : start + 500])
    row = {"id": 1, "asked_at": now}
    session.execute(insert_ignoring(session, DuplicateSearch.__table__).values(row))
    session.execute(update(DuplicateSearch).values(done_at=now))


def ask(session: Session, *, now: datetime) -> bool:
    """Keep that a search was asked for; False where one is under way that began within the last minutes."""
    row = {"id": 1, "asked_at": now}
    asked = insert_ignoring(session, DuplicateSearch.__table__).values(row).returning(DuplicateSearch.id)
    if session.execute(asked).first() is not None:
        return True
    idle = or_(
        DuplicateSearch.done_at >= DuplicateSearch.asked_at, DuplicateSearch.asked_at < now - SEARCHED_EVERY
    )
    again = update(DuplicateSearch).where(idle).values(asked_at=now).returning(DuplicateSearch.id)
    return session.execute(again).first() is not None


def is_due(session: Session, *, now: datetime) -> bool:
    """Whether somebody registered or was corrected since the last search, which was a while ago."""
    last = the_search(session)
    if last is None:
        return session.scalar(select(Delegate.id).limit(1)) is not None
    newest = session.scalar(select(func.max(Delegate.changed_at)))
    return newest is not None and newest > last.asked_at and now - last.asked_at >= SEARCHED_EVERY


def the_search(session: Session) -> DuplicateSearch | None:
    """The last search."""
    return session.scalars(select(DuplicateSearch)).first()


# --- looking at them ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """Some pairs (Duplicate, first, second), with how many there are in all and whether more follow."""

    rows: Sequence[Any]
    count: int
    has_more: bool


def pairs(session: Session, *, settled: bool, page: int) -> Page:
    """A page of pairs, the likeliest first, or of those that are settled, the latest first."""
    query, first, second = _live_pairs(settled=settled)
    order = (Duplicate.settled_at.desc(),) if settled else (Duplicate.score.desc(),)
    in_all = func.count().over()
    query = query.with_only_columns(Duplicate, first, second, in_all, maintain_column_froms=True)
    query = query.order_by(*order, Duplicate.first_id, Duplicate.second_id)
    rows = session.execute(query.offset(page * A_PAGE).limit(A_PAGE + 1)).all()
    return Page(rows[:A_PAGE], rows[0][3] if rows else 0, len(rows) > A_PAGE)


def _live_pairs(*, settled: bool) -> tuple[Any, Any, Any]:
    first, second = aliased(Delegate), aliased(Delegate)
    query = (
        select(Duplicate)
        .join(first, first.id == Duplicate.first_id)
        .join(second, second.id == Duplicate.second_id)
    )
    is_settled = Duplicate.settled_at.is_not(None) if settled else Duplicate.settled_at.is_(None)
    return query.where(is_settled, are_live(first), are_live(second)), first, second


def likely(session: Session, delegate_id: int) -> Sequence[Row[str, str]]:
    """Reference and name of those who are likely the same person as a delegate, the likeliest first."""
    of = or_(Duplicate.first_id == delegate_id, Duplicate.second_id == delegate_id)
    query = select(Delegate.reference, Delegate.name).join(
        Duplicate, or_(Delegate.id == Duplicate.first_id, Delegate.id == Duplicate.second_id)
    )
    query = query.where(of, Delegate.id != delegate_id, Duplicate.settled_at.is_(None), are_live(Delegate))
    return session.execute(query.order_by(Duplicate.score.desc(), Delegate.id).limit(5)).all()


def named(session: Session, found: Sequence[Likeness]) -> dict[int, str]:
    """Reference, name and organisation of each in these pairs, by their ids."""
    ids = sorted({one for pair in found for one in (pair.first_id, pair.second_id)})
    names: dict[int, str] = {}
    for start in range(0, len(ids), 500):
        query = select(Delegate.id, Delegate.reference, Delegate.name, Delegate.organisation)
        for row in session.execute(query.where(Delegate.id.in_(ids[start : start + 500]))):
            names[row.id] = ", ".join(
                part for part in (f"{row.reference} {row.name}", row.organisation) if part
            )
    return names


def pair(session: Session, first_id: int, second_id: int) -> Duplicate | None:
    """What is kept of two delegates as a pair."""
    low, high = sorted((first_id, second_id))
    return session.get(Duplicate, (low, high))


def settle(session: Session, first_id: int, second_id: int, *, by: str, now: datetime) -> bool:
    """Keep that two delegates are two people, so that they aren't offered again; False where that was kept before."""
    low, high = sorted((first_id, second_id))
    told = {"settled_at": now, "settled_by": by}
    row = {"first_id": low, "second_id": high, "score": 0, "reasons": "", "found_at": now}
    added = insert_ignoring(session, Duplicate.__table__).values(row | told).returning(Duplicate.first_id)
    if session.execute(added).first() is not None:
        return True
    known = update(Duplicate).where(_is(low, high), Duplicate.settled_at.is_(None))
    return session.execute(known.values(told).returning(Duplicate.first_id)).first() is not None


def reopen(session: Session, first_id: int, second_id: int) -> bool:
    """Take back that two delegates are two people; False where nobody had said so."""
    known = update(Duplicate).where(_is(*sorted((first_id, second_id))), Duplicate.settled_at.is_not(None))
    taken_back = known.values(settled_at=None, settled_by=None).returning(Duplicate.first_id)
    return session.execute(taken_back).first() is not None


def _is(low: int, high: int) -> ColumnElement[bool]:
    return and_(Duplicate.first_id == low, Duplicate.second_id == high)


def forget(session: Session, delegate_id: int) -> None:
    """A delegate is one of no pair any more."""
    theirs = or_(Duplicate.first_id == delegate_id, Duplicate.second_id == delegate_id)
    session.execute(delete(Duplicate).where(theirs))
