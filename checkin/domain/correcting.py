"""How a delegate's details are corrected without a new badge; it owns no table."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from checkin.domain.badges import bearer, card_bytes, code_of, live_badge
from checkin.domain.blanks import NOT_ASSIGNED, assign_to_guest
from checkin.domain.delegates import Delegate, colleagues_of, merged_with, refuse_erased, sort_keys
from checkin.domain.details import Details
from checkin.domain.event import give_back_place, take_places, the_event
from checkin.domain.links import end_links
from checkin.domain.registering import delegate_search_text
from checkin.errors import Conflict
from checkin.tokens import BadgeKey, seal_card

# What a correction may change; the category and the e-mail address have functions of their own.
CORRECTED = (
    *("honorific", "name", "short_name", "organisation", "job_title", "country", "country_text"),
    *("delegation", "phone", "language", "interests", "access_needs"),
)


def correct(
    session: Session,
    delegate: Delegate,
    details: Details,
    *,
    key: BadgeKey,
    now: datetime,
    seen: datetime | None = None,
) -> tuple[str, ...]:
    """Change what describes a delegate; the badge keeps its code and learns the new name.

    `seen` is the `changed_at` that whoever corrects had before them: raises Conflict where it isn't the
    latest any more, and for one who was erased, as all of these do. Returns the names of the fields that changed.
    """
    refuse_erased(delegate)
    changed = tuple(name for name in CORRECTED if getattr(delegate, name) != getattr(details, name))
    if not changed:
        return ()
    values: dict[str, object] = {name: getattr(details, name) for name in changed}
    if delegate.note == NOT_ASSIGNED and "name" in changed:
        # A guest who was let in with a blank badge gets a name: it is theirs from now on.
        values |= {"note": None}
        assign_to_guest(session, delegate.id, now=now)
    _change(session, delegate, values, now=now, seen=seen)
    index(session, delegate)
    reseal(session, delegate, key=key)
    return changed


def change_category(
    session: Session, delegate: Delegate, category_id: int, *, key: BadgeKey, now: datetime
) -> bool:
    """Move a delegate to another category, with their place; False where they are in it.

    Raises Conflict where that category has no place left.
    """
    refuse_erased(delegate)
    if delegate.category_id == category_id:
        return False
    if delegate.status == "confirmed":
        if not take_places(session, category_id):
            raise Conflict("category_full", "The category has no place left: raise its capacity first.")
        give_back_place(session, delegate.category_id)
    _change(session, delegate, {"category_id": category_id}, now=now)
    reseal(session, delegate, key=key)
    return True


def change_email(session: Session, delegate: Delegate, email: str | None, *, now: datetime) -> bool:
    """Another address for a delegate's letters; links that went to the old one stop working.

    Colleagues who share a contact's address move along. False where it is theirs already; raises Conflict
    where somebody else confirms for it.
    """
    refuse_erased(delegate)
    if delegate.email == email:
        return False
    taken = select(Delegate.reference).where(Delegate.email == email, Delegate.share == 0)
    if email is not None and (other := session.scalar(taken)) is not None:
        raise Conflict("address_taken", f"{email} belongs to {other}: one address confirms one registration.")
    people = colleagues_of(session, delegate)
    if people and email is None:
        raise Conflict("has_colleagues", "Colleagues share this address: give them another one first.")
    try:
        _change(session, delegate, {"email": email, "share": None if email is None else 0}, now=now)
    except IntegrityError:
        # Somebody was faster, or the same person is registered without an address.
        raise Conflict(
            "address_taken", "This address, or this person without one, is registered already."
        ) from None
    for one in people:
        _change(session, one, {"email": email}, now=now)
    for one in (delegate, *people):
        index(session, one)
        end_links(session, one.id)
    return True


def _change(
    session: Session,
    delegate: Delegate,
    values: dict[str, object],
    *,
    now: datetime,
    seen: datetime | None = None,
) -> None:
    unchanged = update(Delegate).where(Delegate.id == delegate.id)
    if seen is not None:
        unchanged = unchanged.where(Delegate.changed_at == seen)
    done = session.execute(unchanged.values({**values, "changed_at": now}).returning(Delegate.id)).first()
    if done is None:
        raise Conflict(
            "changed_meanwhile",
            "These details were changed elsewhere meanwhile: look at them as they are now.",
        )
    session.refresh(delegate)


def index(session: Session, delegate: Delegate) -> None:
    """Keep the words by which a desk finds somebody, those of whoever was merged into them as well."""
    people = (delegate, *merged_with(session, delegate.id)) if delegate.merged_into is None else ()
    words = "".join(delegate_search_text(one, one.reference).rstrip() for one in people) + "  "
    keys = sort_keys(delegate.name, delegate.organisation)
    session.execute(update(Delegate).where(Delegate.id == delegate.id).values(search=words, **keys))


def reseal(session: Session, delegate: Delegate, *, key: BadgeKey) -> None:
    """Have the phones' sealed card say the present name, under the same code."""
    badge = live_badge(session, delegate.id)
    if badge is not None:
        code = code_of(badge, key=key, prefix=the_event(session).code_prefix)
        badge.card = seal_card(code, card_bytes(bearer(session, delegate).card))
        session.flush()
