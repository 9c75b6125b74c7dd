"""How people become delegates, from the form, the desk or a list; it owns no table."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from checkin.db import insert_ignoring
from checkin.domain.badges import Badge, Bearer, Card, bearer, issue_badges, live_badge
from checkin.domain.delegates import Agreement, Consent, Delegate, cancel, record_consents, sort_keys
from checkin.domain.details import Details
from checkin.domain.event import give_back_place, next_references, take_places
from checkin.domain.links import Link
from checkin.domain.messages import Message
from checkin.domain.programme import Programme
from checkin.domain.words import search_text
from checkin.errors import Conflict, NotFound
from checkin.tokens import BadgeKey

CHUNK = 1000


@dataclass(frozen=True)
class Enrolment:
    """What became of one chunk: how many were added with a badge, how many wait, who was known before."""

    added: int = 0
    waiting: int = 0
    known: int = 0

    def __add__(self, other: "Enrolment") -> "Enrolment":
        return Enrolment(self.added + other.added, self.waiting + other.waiting, self.known + other.known)


def identity(details: Details) -> bytes:
    """What makes two entries the same person where there is no e-mail address: 32 bytes of SHA-256."""
    parts = (details.name, details.organisation, details.job_title, details.country or details.country_text)
    folded = "\0".join(" ".join(part.casefold().split()) for part in parts)
    return hashlib.sha256(folded.encode()).digest()


def enrol(
    session: Session,
    people: Iterable[Details],
    *,
    programme: Programme,
    key: BadgeKey,
    now: datetime,
    status: str = "confirmed",
) -> Iterator[Enrolment]:
    """Add people of an organiser's list, whoever is new among them, chunk by chunk.

    Confirmed ones get a badge; where a category is full they wait instead. Yields what became of each chunk.
    """
    waiting = iter(people)
    while chunk := list(islice(waiting, CHUNK)):
        yield _enrol_chunk(session, chunk, programme=programme, key=key, now=now, status=status)


@dataclass(frozen=True)
class Registration:
    """Who an address stands for now: somebody new, or whoever was registered under it before."""

    delegate_id: int
    is_new: bool


def register(
    session: Session, person: Details, agreement: Agreement, *, programme: Programme, now: datetime
) -> Registration:
    """Add somebody who fills in the form, unconfirmed; a known address changes nothing.

    Neither the answer nor, by the beat at which it leaves, its time tells which of the two it was.
    """
    [reference] = next_references(session, count=1)
    category_id = programme.category_named(person.category)
    row = row_of(person, reference=reference, category_id=category_id, status="unconfirmed", now=now)
    added = session.scalar(insert_ignoring(session, Delegate.__table__).values(row).returning(Delegate.id))
    contact = session.scalars(
        select(func.coalesce(Delegate.merged_into, Delegate.id)).where(
            Delegate.email == person.email, Delegate.share == 0
        )
    ).one()
    if added is not None:
        record_consents(session, added, agreement, now=now)
    return Registration(contact, added is not None)


@dataclass(frozen=True)
class Confirmation:
    """The state that a delegate has from now on, and whether it was this tap that gave it to them."""

    state: str
    is_new: bool


def confirm(
    session: Session, delegate: Delegate, *, programme: Programme, key: BadgeKey, now: datetime
) -> Confirmation:
    """Take a confirmed address: `confirmed` with a badge, `pending` for approval, or `waiting` for a place.

    A second call changes nothing. Raises NotFound where the registration was withdrawn meanwhile.
    """
    state = "pending" if programme.categories[delegate.category_id].approval else "waiting"
    if not _moved(session, delegate, to=state, out_of=("unconfirmed",), now=now):
        return Confirmation(_status(session, delegate), is_new=False)
    if state == "waiting" and take_places(session, delegate.category_id):
        _moved(session, delegate, to="confirmed", out_of=(state,), now=now)
        issue_badges(session, [bearer(session, delegate)], key=key, now=now)
        state = "confirmed"
    return Confirmation(state, is_new=True)


def approve(session: Session, delegate: Delegate, *, key: BadgeKey, now: datetime) -> bool:
    """Confirm somebody who is unconfirmed, pending or waiting, with a badge; False where they were confirmed.

    Raises Conflict for one who is cancelled, and where the category has no place left.
    """
    if not _moved(session, delegate, to="confirmed", out_of=("unconfirmed", "pending", "waiting"), now=now):
        if session.scalar(select(Delegate.status).where(Delegate.id == delegate.id)) == "confirmed":
            return False
        raise Conflict("cancelled", f"{delegate.reference} is cancelled: reinstate the registration instead.")
    if not take_places(session, delegate.category_id):
        raise Conflict("category_full", "The category has no place left: raise its capacity first.")
    if live_badge(session, delegate.id) is None:
        issue_badges(session, [bearer(session, delegate)], key=key, now=now)
    return True


def withdraw_approval(session: Session, delegate: Delegate, *, now: datetime) -> bool:
    """Make a confirmed delegate pending again: the place is free, the badge refused; False where they weren't."""
    withdrawn = _moved(session, delegate, to="pending", out_of=("confirmed",), now=now)
    if withdrawn:
        give_back_place(session, delegate.category_id)
    return withdrawn


def step_back(session: Session, delegate: Delegate, *, to: str, now: datetime) -> bool:
    """Take a confirmation back: the state that came before it, and the place is free; False where they weren't.

    A badge that was issued stays, refused at the doors, and is theirs again once they are confirmed.
    """
    back = _moved(session, delegate, to=to, out_of=("confirmed",), now=now)
    if back:
        give_back_place(session, delegate.category_id)
    return back


def forget_unconfirmed(session: Session, delegate: Delegate, *, now: datetime) -> bool:
    """Remove somebody who never confirmed, with all that is kept of them; False for anybody else.

    It frees the address for whoever it belongs to. Who had a badge, since an organiser confirmed them by mistake,
    is cancelled instead: scans may be of it.
    """
    mine = select(Delegate.id).where(Delegate.id == delegate.id, Delegate.status == "unconfirmed")
    if session.scalar(mine.with_for_update()) is None:
        return False
    if session.scalar(select(Badge.id).where(Badge.delegate_id == delegate.id).limit(1)) is not None:
        return cancel(session, delegate, now=now)
    merged = session.scalars(select(Delegate.id).where(Delegate.merged_into == delegate.id)).all()
    for ids in (merged, [delegate.id]):
        for table in (Consent, Link, Message):
            session.execute(delete(table).where(table.delegate_id.in_(ids)))
        session.execute(delete(Delegate).where(Delegate.id.in_(ids)))
    return True


def _status(session: Session, delegate: Delegate) -> str:
    status = session.scalar(select(Delegate.status).where(Delegate.id == delegate.id))
    if status is None:
        raise NotFound("link_refused", "This link doesn't work any more: have a fresh one mailed to you.")
    return status


def _moved(session: Session, delegate: Delegate, *, to: str, out_of: Sequence[str], now: datetime) -> bool:
    """Whether this call moved the delegate from one state to another: of two that try, one does."""
    moved = update(Delegate).where(Delegate.id == delegate.id, Delegate.status.in_(out_of))
    values = {"status": to, "changed_at": now}
    return session.execute(moved.values(values).returning(Delegate.id)).first() is not None


def _enrol_chunk(
    session: Session,
    people: Sequence[Details],
    *,
    programme: Programme,
    key: BadgeKey,
    now: datetime,
    status: str,
) -> Enrolment:
    new = _unknown(session, people)
    if not new:
        return Enrolment(known=len(people))
    rows = _rows(session, new, programme=programme, now=now, status=status)
    added = session.execute(
        insert_ignoring(session, Delegate.__table__).returning(Delegate.id, Delegate.reference), rows
    ).all()
    ids = {reference: delegate_id for delegate_id, reference in added}
    confirmed = [row for row in rows if row["status"] == "confirmed" and row["reference"] in ids]
    issue_badges(session, [_bearer(ids, row, programme) for row in confirmed], key=key, now=now)
    waiting = sum(row["status"] == "waiting" for row in rows if row["reference"] in ids)
    return Enrolment(len(ids) - waiting, waiting, len(people) - len(ids))


def _bearer(ids: dict[str, int], row: dict[str, Any], programme: Programme) -> Bearer:
    category = programme.categories[row["category_id"]].name
    return Bearer(ids[row["reference"]], Card(row["name"], row["organisation"], category, row["note"]))


def are_known(session: Session, people: Sequence[Details]) -> list[bool]:
    """Whether each of these is registered already, in any state."""
    emails = {person.email for person in people if person.email}
    identities = {identity(person) for person in people if not person.email}
    known_emails = set(session.scalars(select(Delegate.email).where(Delegate.email.in_(emails))))
    known = set(
        session.scalars(
            select(Delegate.identity).where(Delegate.email.is_(None), Delegate.identity.in_(identities))
        )
    )
    return [person.email in known_emails if person.email else identity(person) in known for person in people]


def _unknown(session: Session, people: Sequence[Details]) -> list[Details]:
    known = are_known(session, people)
    return [person for person, is_known in zip(people, known, strict=True) if not is_known]


def _rows(
    session: Session, people: Sequence[Details], *, programme: Programme, now: datetime, status: str
) -> list[dict[str, Any]]:
    references = next_references(session, count=len(people))
    categories = [programme.category_named(person.category) for person in people]
    statuses = _statuses(session, categories) if status == "confirmed" else [status] * len(people)
    return [
        row_of(person, reference=reference, category_id=category_id, status=given, now=now)
        for person, reference, category_id, given in zip(
            people, references, categories, statuses, strict=True
        )
    ]


def _statuses(session: Session, categories: Sequence[int]) -> list[str]:
    """Confirmed while the category has places, waiting after that."""
    full = set()
    for category_id, count in sorted(Counter(categories).items()):
        if not take_places(session, category_id, places=count):
            full.add(category_id)
    return [
        "waiting" if category_id in full and not take_places(session, category_id) else "confirmed"
        for category_id in categories
    ]


def row_of(
    person: Details, *, reference: str, category_id: int, status: str, now: datetime
) -> dict[str, Any]:
    """A new delegate's row, as whoever confirms for their address where they have one."""
    return {
        "reference": reference,
        "honorific": person.honorific,
        "name": person.name,
        "short_name": person.short_name,
        "organisation": person.organisation,
        "job_title": person.job_title,
        "country": person.country,
        "country_text": person.country_text,
        "category_id": category_id,
        "delegation": person.delegation,
        "email": person.email,
        "share": 0 if person.email else None,
        "phone": person.phone,
        "language": person.language,
        "interests": person.interests,
        "access_needs": person.access_needs,
        "note": None,
        "status": status,
        "identity": identity(person),
        "search": delegate_search_text(person, reference),
        **sort_keys(person.name, person.organisation),
        "registered_at": now,
        "changed_at": now,
        "cancelled_at": None,
        "cancelled_from": None,
    }


def delegate_search_text(person: Details | Delegate, reference: str) -> str:
    """The words by which a desk finds somebody."""
    digits = "".join(letter for letter in person.phone or "" if letter.isdecimal())[-4:]
    return search_text(
        person.honorific,
        person.name,
        person.organisation,
        person.delegation,
        person.email,
        reference,
        digits,
    )
