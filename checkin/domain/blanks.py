"""Blank badges: numbered, printed beforehand, dead until they are released; it owns the table blank.

A blank that is let in belongs to a guest, a delegate without a name, until the desk says who it is. Until then it is
in no count and on no list of delegates. A released blank holds a place of its category.
"""

import hashlib
import re
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import CheckConstraint, ForeignKey, func, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant
from checkin.domain.badges import Badge, Card, card_bytes
from checkin.domain.delegates import Delegate
from checkin.domain.details import Details
from checkin.domain.event import Category, give_back_place, next_references, take_places, the_event
from checkin.domain.registering import approve, row_of, withdraw_approval
from checkin.errors import Conflict, NotFound, Refusal
from checkin.tokens import BadgeKey, looks_like_a_code, lookup_id, new_id, read_code, seal_card

AT_ONCE, AT_MOST = 2_000, 20_000
NOT_ASSIGNED = "Not assigned yet"
# Why a blank that isn't released opens nothing.
NOT_RELEASED = "not_released"
STATES = ("dead", "released", "used", "assigned")

_NUMBER = re.compile(r"B?[- ]?(\d{1,6})", re.ASCII)


class Blank(Base):
    """A blank badge; its id is that of the badge that it becomes, so its code stays.

    `delegate_id` is whose it is: a guest's once it was let in, somebody's from `assigned_at` on.
    """

    __tablename__ = "blank"
    __table_args__ = (
        CheckConstraint("number > 0", name="number"),
        CheckConstraint(
            "assigned_at IS NULL OR (released_at IS NOT NULL AND delegate_id IS NOT NULL)", name="assigned"
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), index=True)
    key_id: Mapped[str]
    lookup: Mapped[str] = mapped_column(unique=True)
    card: Mapped[bytes]
    made_at: Mapped[datetime] = mapped_column(Instant)
    printed_at: Mapped[datetime | None] = mapped_column(Instant)
    released_at: Mapped[datetime | None] = mapped_column(Instant)
    # Indexed: phones ask every few seconds what has changed.
    changed_at: Mapped[datetime] = mapped_column(Instant, index=True)
    delegate_id: Mapped[int | None] = mapped_column(ForeignKey("delegate.id"), index=True)
    assigned_at: Mapped[datetime | None] = mapped_column(Instant)

    @property
    def name(self) -> str:
        """As it is printed, such as B-0042."""
        return name_of(self.number)


def name_of(number: int) -> str:
    """A blank's number as it is printed, such as B-0042."""
    return f"B-{number:04d}"


def names_of(first: int, last: int) -> str:
    """Blanks of consecutive numbers, such as B-0001–B-0200."""
    return name_of(first) if first == last else f"{name_of(first)}–{name_of(last)}"


def number_in(typed: str) -> int | None:
    """The number that somebody typed, such as `B-0042`, `b42` or `42`; None where it is none."""
    found = _NUMBER.fullmatch(typed.strip().upper())
    return int(found[1]) if found is not None and int(found[1]) else None


# --- making -----------------------------------------------------------------------------------------------------


def make(session: Session, count: int, *, category_id: int, key: BadgeKey, now: datetime) -> Sequence[Blank]:
    """So many blanks, numbered on; raises Refusal for a count that is none."""
    if not 1 <= count <= AT_ONCE:
        raise Refusal("blanks_count", f"Blank badges are made 1 to {AT_ONCE} at a time.")
    # The event's row is held, so that two who make some at once don't give the same numbers.
    event = the_event(session)
    session.execute(select(type(event).id).where(type(event).id == event.id).with_for_update())
    last = session.scalar(select(func.max(Blank.number))) or 0
    if last + count > AT_MOST:
        raise Refusal(
            "blanks_count", f"There are at most {AT_MOST} blank badges, and {last} are made already."
        )
    category = session.scalars(select(Category.name).where(Category.id == category_id)).one()
    rows = []
    for number in range(last + 1, last + 1 + count):
        blank_id = new_id()
        code = key.code(blank_id, prefix=event.code_prefix)
        rows.append(
            {
                "id": blank_id,
                "number": number,
                "category_id": category_id,
                "key_id": key.id,
                "lookup": lookup_id(code),
                "card": seal_card(code, card_bytes(_card(number, category))),
                "made_at": now,
                "changed_at": now,
            }
        )
    session.execute(insert(Blank), rows)
    query = select(Blank).where(Blank.number > last).order_by(Blank.number)
    return session.scalars(query).all()


def _card(number: int, category: str) -> Card:
    return Card(f"Guest {name_of(number)}", "", category, NOT_ASSIGNED)


class Unnamed(NamedTuple):
    """Of nobody: what is printed on a blank where a delegate's details would be."""

    reference: str
    honorific: str = ""
    name: str = ""
    short_name: str = ""
    organisation: str = ""
    country: str | None = None
    country_text: str = ""


class Printed(NamedTuple):
    """A blank as print runs take badges."""

    Badge: Blank
    Delegate: Unnamed
    Category: Category


def to_print(session: Session, first: int, last: int) -> Sequence[Printed]:
    """The blanks of these numbers that are nobody's yet, in order."""
    query = (
        select(Blank, Category)
        .join(Category, Category.id == Blank.category_id)
        .where(Blank.number.between(first, last), Blank.delegate_id.is_(None))
        .order_by(Blank.number)
    )
    return [Printed(row.Blank, Unnamed(row.Blank.name), row.Category) for row in session.execute(query)]


def mark_printed(session: Session, blank_ids: Collection[uuid.UUID], *, now: datetime) -> None:
    """Keep when blanks were printed last."""
    ids = sorted(blank_ids)
    for start in range(0, len(ids), 500):
        session.execute(update(Blank).where(Blank.id.in_(ids[start : start + 500])).values(printed_at=now))


# --- looking ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stretch:
    """Blanks of consecutive numbers, of one category and in one state."""

    first: int
    last: int
    category_id: int
    state: str

    @property
    def many(self) -> int:
        """How many they are."""
        return self.last - self.first + 1


def stretches(session: Session) -> list[Stretch]:
    """All blanks, the same beside each other taken together, in the order of their numbers."""
    query = select(
        Blank.number, Blank.category_id, Blank.released_at, Blank.delegate_id, Blank.assigned_at
    ).order_by(Blank.number)
    found = []
    # What stays the same along a stretch; numbers have no gaps.
    for (category_id, state), group in groupby(
        session.execute(query), key=lambda row: (row.category_id, _state(row))
    ):
        numbers = [row.number for row in group]
        found.append(Stretch(numbers[0], numbers[-1], category_id, state))
    return found


def counts(all_of_them: Iterable[Stretch]) -> dict[int, Counter[str]]:
    """How many blanks of each category are in each state."""
    told: dict[int, Counter[str]] = {}
    for one in all_of_them:
        told.setdefault(one.category_id, Counter())[one.state] += one.many
    return told


def state_of(blank: Blank) -> str:
    """`dead`, `released`, `used` (let in, nobody's yet) or `assigned`."""
    return _state(blank)


def _state(one: Any) -> str:
    if one.assigned_at is not None:
        return "assigned"
    if one.released_at is None:
        return "dead"
    return "released" if one.delegate_id is None else "used"


def named(session: Session, typed: str, *, hold: bool = False) -> Blank:
    """The blank of a number that was typed, or of a code that was scanned; raises NotFound.

    `hold` makes others who hold wait for this transaction.
    """
    code, number = read_code(typed), number_in(typed)
    is_it = Blank.lookup == lookup_id(code) if looks_like_a_code(code) else Blank.number == number
    query = select(Blank).where(is_it)
    asked = number is not None or looks_like_a_code(code)
    found = session.scalar(query.with_for_update() if hold else query) if asked else None
    if found is None:
        raise NotFound("unknown_blank", "There is no blank badge with this number.")
    return found


def of_guest(session: Session, delegate_id: int) -> Blank | None:
    """The blank by which a guest was let in, as long as it is nobody's."""
    return session.scalar(
        select(Blank).where(Blank.delegate_id == delegate_id, Blank.assigned_at.is_(None)).limit(1)
    )


# --- releasing --------------------------------------------------------------------------------------------------


def release(session: Session, first: int, last: int, *, key: BadgeKey, now: datetime) -> int:
    """Let blanks open doors from now on; how many of these numbers were dead.

    Raises NotFound where numbers are none, Conflict where a category hasn't so many places left.
    """
    gone = (
        select(Delegate.id)
        .join(Blank, Blank.delegate_id == Delegate.id)
        .where(Delegate.status == "cancelled")
    )
    cancelled = set(session.scalars(gone.where(Blank.number.between(first, last))))
    # The badge of a guest whom an organiser cancelled stays dead.
    dead = [
        one
        for one in _range(session, first, last)
        if one.released_at is None and one.delegate_id not in cancelled
    ]
    for category_id, many in Counter(one.category_id for one in dead if one.delegate_id is None).items():
        if not take_places(session, category_id, places=many):
            raise Conflict("category_full", "The category has no place left: raise its capacity first.")
    for one in dead:
        if one.delegate_id is not None:
            # It was let in before it was called back.
            approve(session, session.get_one(Delegate, one.delegate_id), key=key, now=now)
    _set(session, dead, released_at=now, changed_at=now)
    return len(dead)


def call_back(session: Session, first: int, last: int, *, now: datetime) -> int:
    """Let blanks that are nobody's open nothing any more; how many of these numbers did."""
    live = [
        one for one in _range(session, first, last) if one.released_at is not None and one.assigned_at is None
    ]
    for category_id, many in Counter(one.category_id for one in live if one.delegate_id is None).items():
        give_back_place(session, category_id, places=many)
    for one in live:
        if one.delegate_id is not None:
            # Whoever came in has come: the guest stays counted, the badge is refused.
            withdraw_approval(session, session.get_one(Delegate, one.delegate_id), now=now)
    _set(session, live, released_at=None, changed_at=now)
    return len(live)


def _range(session: Session, first: int, last: int) -> Sequence[Blank]:
    query = select(Blank).where(Blank.number.between(first, last)).order_by(Blank.number)
    found = session.scalars(query.with_for_update()).all()
    if not found or found[0].number != first or found[-1].number != last:
        raise NotFound("unknown_blank", "There is no blank badge with this number.")
    return found


def _set(session: Session, some: Sequence[Blank], **values: Any) -> None:
    ids = [one.id for one in some]
    for start in range(0, len(ids), 500):
        session.execute(update(Blank).where(Blank.id.in_(ids[start : start + 500])).values(values))


# --- at the door ------------------------------------------------------------------------------------------------


def met(session: Session, lookups: Collection[str]) -> dict[str, Any]:
    """Those of these look-up ids that are blanks' and nobody's: lookup, number, category_id, released_at."""
    if not lookups:
        return {}
    query = select(Blank.lookup, Blank.number, Blank.category_id, Blank.released_at)
    nobodys = query.where(Blank.lookup.in_(lookups), Blank.delegate_id.is_(None)).order_by(Blank.number)
    return {row.lookup: row for row in session.execute(nobodys)}


def let_in(session: Session, lookups: Collection[str], *, now: datetime) -> bool:
    """Give released blanks that are let in to a guest each; False where another was faster with one of them."""
    query = (
        select(Blank)
        .where(Blank.lookup.in_(lookups))
        .order_by(Blank.number)
        .execution_options(populate_existing=True)
    )
    found = session.scalars(query.with_for_update()).all()
    if any(one.delegate_id is not None or one.released_at is None for one in found):
        return False
    references = next_references(session, count=len(found))
    for blank, reference in zip(found, references, strict=True):
        blank.delegate_id = _guest(session, blank, reference, now=now)
        blank.changed_at = now
    session.flush()
    session.execute(insert(Badge), [_badge(one, now) for one in found])
    return True


def _guest(session: Session, blank: Blank, reference: str, *, now: datetime) -> int:
    """A guest, in the place that the blank holds."""
    person = Details(name=f"Guest {blank.name}")
    row = row_of(person, reference=reference, category_id=blank.category_id, status="confirmed", now=now)
    # Whoever is named like this on a list is somebody else.
    row |= {"note": NOT_ASSIGNED, "identity": hashlib.sha256(blank.id.bytes).digest()}
    return session.scalars(insert(Delegate).returning(Delegate.id), [row]).one()


def _badge(blank: Blank, now: datetime) -> dict[str, Any]:
    """The badge that a blank becomes, under the same code."""
    return {
        "id": blank.id,
        "delegate_id": blank.delegate_id,
        "key_id": blank.key_id,
        "lookup": blank.lookup,
        "card": blank.card,
        "issued_at": now,
        "printed_at": blank.printed_at,
        "reason": "",
    }


def for_phones(session: Session, *, after: datetime | None) -> Sequence[Any]:
    """Of blanks that are nobody's, or of those changed since: lookup, card, category_id, released_at."""
    query = select(Blank.lookup, Blank.card, Blank.category_id, Blank.released_at)
    nobodys = query.where(Blank.delegate_id.is_(None))
    return session.execute(nobodys if after is None else nobodys.where(Blank.changed_at >= after)).all()


# --- whose they become --------------------------------------------------------------------------------------------


def assign_to_guest(session: Session, delegate_id: int, *, now: datetime) -> None:
    """Whoever was let in as a guest is known now, and the blank theirs, with its place."""
    theirs = update(Blank).where(Blank.delegate_id == delegate_id, Blank.assigned_at.is_(None))
    session.execute(theirs.values(assigned_at=now, changed_at=now))
