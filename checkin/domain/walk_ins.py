"""Who registers at the venue: at the desk, or on their own phone for the desk to confirm; it owns the table walk_in."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, func, select, union_all
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant, insert_ignoring
from checkin.domain import delegates
from checkin.domain.delegates import Agreement, Delegate, record_consents
from checkin.domain.details import Details
from checkin.domain.event import next_references
from checkin.domain.programme import Programme
from checkin.domain.registering import Registration, approve, identity, row_of
from checkin.errors import Conflict
from checkin.tokens import BadgeKey, keyed_digest, same


class WalkIn(Base):
    """What a walk-in shows at the desk: a reference, which stands for somebody who was registered before, too.

    So the page that shows it is the same for known and new people, and tells nobody who is registered.
    """

    __tablename__ = "walk_in"

    reference: Mapped[str] = mapped_column(primary_key=True)
    delegate_id: Mapped[int] = mapped_column(ForeignKey("delegate.id", ondelete="CASCADE"), index=True)
    made_at: Mapped[datetime] = mapped_column(Instant)


def poster_mark(plan: Programme, *, secret: str) -> str:
    """What the poster's address has, so that the form knows that somebody read it at the venue."""
    return keyed_digest(secret.encode(), f"on-site poster {plan.code}").hex()[:20]


def is_at_venue(mark: str, plan: Programme, *, secret: str, now: datetime) -> bool:
    """Whether an address is the poster's, on one of the event's days: on others nobody stands before it."""
    today = plan.day_of(now)
    is_ours = same(mark, poster_mark(plan, secret=secret))
    return is_ours and any(day.date == today for day in plan.days)


def open_categories(programme: Programme) -> tuple[str, ...]:
    """The categories that a desk may give: those into which one registers oneself, without an approval."""
    return tuple(
        one.name for one in programme.categories.values() if one.self_registration and not one.approval
    )


def announce(
    session: Session, person: Details, agreement: Agreement, *, programme: Programme, now: datetime
) -> str:
    """Add somebody who fills in the form at the venue, unconfirmed; the reference to show at the desk.

    Somebody known stays as they are, and the reference leads to them.
    """
    reference, registration = _added(session, person, agreement, programme=programme, now=now)
    row = {"reference": reference, "delegate_id": registration.delegate_id, "made_at": now}
    session.execute(insert_ignoring(session, WalkIn.__table__).values(row))
    return reference


def register(
    session: Session,
    person: Details,
    agreement: Agreement,
    *,
    programme: Programme,
    key: BadgeKey,
    now: datetime,
) -> Registration:
    """Add somebody who stands before the desk, confirmed with a badge; somebody known stays as they are.

    Raises Conflict where the category has no place left.
    """
    _reference, registration = _added(session, person, agreement, programme=programme, now=now)
    if registration.is_new:
        confirm(session, session.get_one(Delegate, registration.delegate_id), programme, key=key, now=now)
    return registration


def confirm(
    session: Session, delegate: Delegate, programme: Programme, *, key: BadgeKey, now: datetime
) -> bool:
    """Confirm somebody whom the desk sees, with a badge; False where they were confirmed.

    Raises Conflict where the category needs an organiser's approval, or has no place left.
    """
    if delegate.status != "confirmed" and programme.categories[delegate.category_id].approval:
        raise Conflict("needs_approval", f"{delegate.reference} is of a category that an organiser approves.")
    return approve(session, delegate, key=key, now=now)


def swap(
    session: Session,
    first: Delegate,
    person: Details,
    agreement: Agreement,
    *,
    programme: Programme,
    key: BadgeKey,
    now: datetime,
) -> Delegate:
    """Somebody else comes instead, for the same organisation, in the same category; attendance stays with the first.

    The first is cancelled, so that their badge is refused. Raises Conflict where they aren't confirmed, or the other
    is registered already.
    """
    if first.status != "confirmed":
        raise Conflict("no_place_to_give", f"{first.reference} is {first.status}: there is no place to give.")
    category = programme.categories[first.category_id].name
    same = {"organisation": first.organisation, "delegation": first.delegation, "category": category}
    other = replace(person, **same, country=first.country, country_text=first.country_text)
    delegates.cancel(session, first, now=now)
    _reference, registration = _added(session, other, agreement, programme=programme, now=now)
    added = session.get_one(Delegate, registration.delegate_id)
    if not registration.is_new:
        raise Conflict("registered_already", f"This is {added.reference}, who is registered already.")
    # The place was approved for the organisation, whoever comes.
    approve(session, added, key=key, now=now)
    return added


def named_by(session: Session, reference: str) -> Delegate | None:
    """The delegate to whom a walk-in's reference leads, or that of an entry merged into theirs; not their own."""
    number = reference.strip().upper()
    merged, walked_in = select(Delegate.merged_into), select(WalkIn.delegate_id)
    leads: Any = union_all(
        merged.where(Delegate.reference == number, Delegate.merged_into.is_not(None)),
        walked_in.where(WalkIn.reference == number),
    )
    return session.scalar(select(Delegate).where(Delegate.id.in_(leads)).limit(1))


def _added(
    session: Session, person: Details, agreement: Agreement, *, programme: Programme, now: datetime
) -> tuple[str, Registration]:
    [reference] = next_references(session, count=1)
    category_id = programme.category_named(person.category)
    row = row_of(person, reference=reference, category_id=category_id, status="unconfirmed", now=now)
    added = session.scalar(insert_ignoring(session, Delegate.__table__).values(row).returning(Delegate.id))
    if added is not None:
        record_consents(session, added, agreement, now=now)
        return reference, Registration(added, is_new=True)
    mine = (
        (Delegate.email == person.email, Delegate.share == 0)
        if person.email
        else (Delegate.email.is_(None), Delegate.identity == identity(person))
    )
    known = select(func.coalesce(Delegate.merged_into, Delegate.id)).where(*mine)
    return reference, Registration(session.scalars(known).one(), is_new=False)
