"""How a blank badge becomes somebody's, with the scans that were made of it; it owns no table."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from checkin.domain import blanks
from checkin.domain.badges import Badge, bearer, card_bytes, code_of, live_badge, revoke_badge
from checkin.domain.blanks import Blank
from checkin.domain.delegates import Delegate, cancel
from checkin.domain.event import Category, give_back_place, the_event
from checkin.domain.protocol import Entourage
from checkin.domain.scans import Scan, give_scans
from checkin.errors import Conflict
from checkin.tokens import BadgeKey, seal_card


def take(session: Session, typed: str) -> Blank:
    """A blank that may be given to somebody, held, and its place free for them.

    `typed` is its number or its code. Raises NotFound for none of ours, Conflict where it is somebody's already or
    not released.
    """
    blank = blanks.named(session, typed, hold=True)
    if blank.assigned_at is not None:
        raise Conflict("blank_assigned", f"{blank.name} is somebody's badge already.")
    if blank.released_at is None:
        raise Conflict("blank_not_released", f"{blank.name} isn't released: ask a supervisor.")
    if blank.delegate_id is not None:
        # Scans before delegates, in the order in which a void takes them.
        scans = select(Scan.id).where(Scan.delegate_id == blank.delegate_id).order_by(Scan.id)
        session.execute(scans.with_for_update(of=Scan, key_share=True)).all()
    if blank.delegate_id is not None and not _is_good(session, blank.id):
        raise Conflict("blank_not_good", f"{blank.name} was replaced or cancelled: take another one.")
    give_back_place(session, blank.category_id)
    return blank


def _is_good(session: Session, badge_id: object) -> bool:
    """Whether a guest's badge still opens doors; the guest is held, so that no door lets them in meanwhile."""
    good = select(Badge.id).join(Delegate, Delegate.id == Badge.delegate_id)
    standing = good.where(Badge.id == badge_id, Badge.revoked_at.is_(None), Delegate.status == "confirmed")
    return session.scalar(standing.with_for_update(of=Delegate)) is not None


def give(
    session: Session,
    blank: Blank,
    delegate: Delegate,
    *,
    key: BadgeKey,
    now: datetime,
    is_fresh: bool = False,
) -> bool:
    """Make a blank that was taken a confirmed delegate's badge; whether an older one was replaced by it.

    The older one is refused from now on, and what was scanned of the blank was this delegate's. `is_fresh`: they were
    confirmed in this very transaction. Raises Conflict where the blank is printed for another category.
    """
    if delegate.status != "confirmed":
        raise Conflict("not_confirmed", f"{delegate.reference} is {delegate.status}: confirm them first.")
    if delegate.category_id != blank.category_id:
        raise Conflict(
            "blank_of_other_category",
            f"{blank.name} is printed for another category than {delegate.reference}'s.",
        )
    if delegate.id == blank.delegate_id:
        raise Conflict(
            "blank_is_theirs", f"{delegate.reference} is the guest with {blank.name}: correct the name."
        )
    old = live_badge(session, delegate.id)
    if old is not None and is_fresh and old.issued_at == now:
        # Nobody has it yet, so that nothing is replaced.
        session.delete(old)
        session.flush()
        old = None
    elif old is not None:
        revoke_badge(session, old, revocation="replaced", reason=f"blank {blank.name}", now=now)
    guest_id = blank.delegate_id
    _make_badge(session, blank, delegate, key=key, now=now)
    blank.delegate_id, blank.assigned_at, blank.changed_at = delegate.id, now, now
    session.flush()
    if guest_id is not None:
        _move(session, guest_id, delegate.id, now=now)
    # Phones and lists see that something is new about them.
    session.execute(update(Delegate).where(Delegate.id == delegate.id).values(changed_at=now))
    session.refresh(delegate)
    return old is not None


def _make_badge(session: Session, blank: Blank, delegate: Delegate, *, key: BadgeKey, now: datetime) -> None:
    """The badge under the blank's code; issued now, so that phones learn whose passages are its own."""
    code = code_of(blank, key=key, prefix=the_event(session).code_prefix)
    values = {
        "delegate_id": delegate.id,
        "card": seal_card(code, card_bytes(bearer(session, delegate).card)),
        "issued_at": now,
        # It is in the hand of whoever gets it.
        "printed_at": now,
    }
    if blank.delegate_id is not None:
        session.execute(update(Badge).where(Badge.id == blank.id).values(values))
        return
    named = {"id": blank.id, "key_id": blank.key_id, "lookup": blank.lookup, "reason": ""}
    session.execute(insert(Badge).values(values | named))


def _move(session: Session, guest_id: int, delegate_id: int, *, now: datetime) -> None:
    """The guest's scans, attendance and company are the delegate's; of the guest nothing is left."""
    give_scans(session, guest_id, to=delegate_id)
    session.execute(
        update(Entourage).where(Entourage.delegate_id == guest_id).values(delegate_id=delegate_id)
    )
    _forget(session, guest_id, now=now)


def _forget(session: Session, guest_id: int, *, now: datetime) -> None:
    try:
        with session.begin_nested():
            session.execute(delete(Delegate).where(Delegate.id == guest_id))
    except IntegrityError:
        # Something else was kept of the guest, such as a correction by an organiser: they stay, cancelled.
        guest = session.get_one(Delegate, guest_id)
        # Their place was given back when the blank was taken, and is given back once more now.
        session.execute(
            update(Category).where(Category.id == guest.category_id).values(taken=Category.taken + 1)
        )
        cancel(session, guest, now=now)
