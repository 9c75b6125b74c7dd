"""How somebody who is registered adds people who share their address; it owns no table."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from checkin.domain.delegates import (
    SHARED_AT_MOST,
    Agreement,
    Delegate,
    colleagues_of,
    contact_of,
    record_consents,
    who_stays,
)
from checkin.domain.details import Details
from checkin.domain.event import next_references
from checkin.domain.programme import Programme
from checkin.domain.registering import confirm, identity, row_of
from checkin.errors import Conflict, NotFound
from checkin.tokens import BadgeKey


def add_colleague(
    session: Session,
    contact: Delegate,
    person: Details,
    agreement: Agreement,
    *,
    programme: Programme,
    key: BadgeKey,
    now: datetime,
) -> tuple[Delegate, bool]:
    """Register somebody whose letters go to a contact's address; the contact has confirmed it for both.

    Returns the delegate and whether they are new: the same person under the same address is added once.
    Raises Conflict where 20 share the address already, or the contact isn't confirmed.
    """
    # Held, so that a second tap waits, and then finds what the first one added.
    if contact.email is None or contact_of(session, contact.email, hold=True) != contact:
        raise Conflict("not_the_contact", "Only whoever confirmed the address can register somebody else.")
    session.refresh(contact)
    if contact.status in {"unconfirmed", "cancelled"}:
        raise Conflict("not_confirmed", "Please confirm your own registration first.")
    others = colleagues_of(session, contact)
    known = next((one for one in others if one.identity == identity(person)), None)
    if known is not None:
        return who_stays(session, known), False
    added = _add(session, contact, person, _free_share(others), programme=programme, now=now)
    record_consents(session, added.id, agreement, now=now)
    confirm(session, added, programme=programme, key=key, now=now)
    session.refresh(added)
    return added, True


def colleague(session: Session, contact: Delegate, reference: str) -> Delegate:
    """One of those whom a contact registered; raises NotFound for anybody else."""
    for one in colleagues_of(session, contact):
        if one.reference == reference:
            return one
    raise NotFound("not_found", "There is nobody with this reference among those whom you registered.")


def _free_share(others: Sequence[Delegate]) -> int:
    taken = {one.share for one in others}
    for share in range(1, SHARED_AT_MOST + 1):
        if share not in taken:
            return share
    raise Conflict(
        "too_many_share",
        f"{SHARED_AT_MOST} people share this address already. Register more with another one, or ask the organisers.",
    )


def _add(
    session: Session,
    contact: Delegate,
    person: Details,
    share: int,
    *,
    programme: Programme,
    now: datetime,
) -> Delegate:
    [reference] = next_references(session, count=1)
    category_id = programme.category_named(person.category)
    row = row_of(person, reference=reference, category_id=category_id, status="unconfirmed", now=now)
    row |= {"email": contact.email, "share": share}
    return session.scalars(insert(Delegate).returning(Delegate), [row]).one()
