"""Somebody else comes instead, as whoever registered them says on their own page; it owns the table swap."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ForeignKey, func, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant
from checkin.domain import colleagues, delegates, links
from checkin.domain.delegates import SHARED_AT_MOST, Agreement, Delegate, contact_of, record_consents
from checkin.domain.details import Details
from checkin.domain.event import next_references
from checkin.domain.programme import Programme
from checkin.domain.registering import approve, identity, row_of
from checkin.errors import Conflict
from checkin.tokens import BadgeKey, new_id

# By one contact at one event: enough for a stand's staff to change, too few to pass badges around at a door.
SWAPS_AT_MOST = 10


class Swap(Base):
    """Instead of `first`, `second` comes: as the contact said, who had registered the first."""

    __tablename__ = "swap"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("delegate.id", ondelete="CASCADE"), index=True)
    first_id: Mapped[int] = mapped_column(ForeignKey("delegate.id", ondelete="CASCADE"), index=True)
    second_id: Mapped[int] = mapped_column(ForeignKey("delegate.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(Instant)


def left(session: Session, contact: Delegate) -> int:
    """How many more swaps a contact may make."""
    made = session.scalar(select(func.count()).select_from(Swap).where(Swap.contact_id == contact.id)) or 0
    return max(SWAPS_AT_MOST - made, 0)


def swap(
    session: Session,
    contact: Delegate,
    reference: str,
    person: Details,
    agreement: Agreement,
    *,
    programme: Programme,
    key: BadgeKey,
    now: datetime,
) -> tuple[Delegate, Delegate]:
    """Cancel one whom the contact registered, and confirm somebody else for the same organisation and category.

    Attendance stays with the first. Returns both. Raises Conflict after the event, for more than SWAPS_AT_MOST, where
    the category needs an organiser's approval, the first isn't confirmed or the other is registered already.
    """
    # Held, so that a second tap waits, and then finds the first one cancelled.
    if contact.email is None or contact_of(session, contact.email, hold=True) != contact:
        raise Conflict("not_the_contact", "Only whoever confirmed the address can register somebody else.")
    first = colleagues.colleague(session, contact, reference)
    session.refresh(first, with_for_update=True)
    _refuse(session, contact, first, programme=programme, now=now)
    others = delegates.colleagues_of(session, contact)
    if any(one.identity == identity(person) for one in others):
        raise Conflict("registered_already", "This person is among those whom you registered already.")
    delegates.cancel(session, first, now=now)
    second = _add(
        session, contact, first, person, _share(session, first, others), programme=programme, now=now
    )
    record_consents(session, second.id, agreement, now=now)
    approve(session, second, key=key, now=now)
    session.refresh(second)
    row = {"id": new_id(), "contact_id": contact.id, "first_id": first.id, "second_id": second.id, "at": now}
    session.execute(insert(Swap).values(row))
    return first, second


def _refuse(
    session: Session, contact: Delegate, first: Delegate, *, programme: Programme, now: datetime
) -> None:
    if not may_swap(contact, first, programme=programme, now=now):
        if programme.categories[first.category_id].approval:
            raise Conflict(
                "needs_approval", f"{first.reference} is of a category that an organiser approves."
            )
        raise Conflict("no_place_to_give", f"{first.reference} has no place to give.")
    if not left(session, contact):
        raise Conflict("too_many_swaps", f"{SWAPS_AT_MOST} people were swapped: ask the help desk.")


def may_swap(contact: Delegate, first: Delegate, *, programme: Programme, now: datetime) -> bool:
    """Whether somebody else may come instead: until the event is over, in categories that nobody approves."""
    good = contact.status not in {"unconfirmed", "cancelled"} and first.status == "confirmed"
    approved = programme.categories[first.category_id].approval
    days = [day.date for day in programme.days if day.counts]
    return good and not approved and bool(days) and programme.day_of(now) <= days[-1]


def _share(session: Session, first: Delegate, others: Sequence[Delegate]) -> int:
    """A free share of the contact's address; where there is none, the one of whoever doesn't come."""
    taken = {one.share for one in others}
    free = next((share for share in range(1, SHARED_AT_MOST + 1) if share not in taken), None)
    if free is not None:
        return free
    share = first.share or 0
    # Without an address somebody else may have the same name and organisation.
    nobodys = hashlib.sha256(f"swapped {first.id}".encode()).digest()
    links.end_links(session, first.id)
    session.execute(
        update(Delegate).where(Delegate.id == first.id).values(email=None, share=None, identity=nobodys)
    )
    return share


def _add(
    session: Session,
    contact: Delegate,
    first: Delegate,
    person: Details,
    share: int,
    *,
    programme: Programme,
    now: datetime,
) -> Delegate:
    same = {"organisation": first.organisation, "delegation": first.delegation}
    other = replace(person, **same, country=first.country, country_text=first.country_text)
    [reference] = next_references(session, count=1)
    row = row_of(other, reference=reference, category_id=first.category_id, status="unconfirmed", now=now)
    row |= {"email": contact.email, "share": share, "language": contact.language}
    return session.scalars(insert(Delegate).returning(Delegate), [row]).one()
