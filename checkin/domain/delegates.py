"""The delegates and what they consented to; it owns the tables delegate and consent."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func, insert, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant
from checkin.domain.event import give_back_place, take_places
from checkin.domain.words import latin
from checkin.errors import Conflict, NotFound
from checkin.tokens import new_id

STATUSES = ("unconfirmed", "pending", "waiting", "confirmed", "cancelled")
SHARED_AT_MOST = 20
# What sorts whoever has no organisation, after all others.
UNNAMED = "~"
# In the order of their letters, on PostgreSQL too.
_KEY = String().with_variant(String(collation="C"), "postgresql")
# The version of the privacy notice in templates/registration/notice.html: kept with each consent.
NOTICE_VERSION = "2026-11"


class Delegate(Base):
    """A person who is to come."""

    __tablename__ = "delegate"
    __table_args__ = (
        CheckConstraint(
            "status IN ('unconfirmed', 'pending', 'waiting', 'confirmed', 'cancelled')", name="status"
        ),
        CheckConstraint("(email IS NULL) = (share IS NULL)", name="share_with_email"),
        CheckConstraint("share BETWEEN 0 AND 20", name="share"),
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name"),
        CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled"),
        CheckConstraint("merged_into IS NULL OR status = 'cancelled'", name="merged"),
        # One address confirms one registration (share 0); its owner may add up to 20 who share it.
        Index("uq_delegate_email_share", "email", "share", unique=True),
        # Without an address the same name, organisation, job title and country is the same person.
        Index(
            "uq_delegate_identity",
            "identity",
            unique=True,
            postgresql_where=text("email IS NULL"),
            sqlite_where=text("email IS NULL"),
        ),
        # The board counts people by all four, in this index alone.
        Index("ix_delegate_groups", "status", "category_id", "country", "delegation"),
        # The list is sorted and filtered in these alone: reading whole rows would take ten times as long.
        Index("ix_delegate_by_name", "sort_name", "id", "status", "category_id", "country", "delegation"),
        Index("ix_delegate_by_organisation", "sort_organisation", "id", "status", "category_id", "country"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    honorific: Mapped[str] = mapped_column(default="")
    name: Mapped[str]
    # What a badge shows that has no room for the name.
    short_name: Mapped[str] = mapped_column(default="")
    organisation: Mapped[str] = mapped_column(default="")
    job_title: Mapped[str] = mapped_column(default="")
    country: Mapped[str | None]
    # What was given where it is no country of today, such as Yugoslavia: kept, printed, never guessed.
    country_text: Mapped[str] = mapped_column(default="")
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), index=True)
    delegation: Mapped[str] = mapped_column(default="")
    email: Mapped[str | None]
    share: Mapped[int | None]
    phone: Mapped[str | None]
    language: Mapped[str] = mapped_column(default="en")
    interests: Mapped[str] = mapped_column(default="")
    access_needs: Mapped[str] = mapped_column(default="")
    # What the door shows beside the name.
    note: Mapped[str | None]
    status: Mapped[str]
    # As first given, so that the same list adds nobody twice even after a typo was mended.
    identity: Mapped[bytes]
    # The words by which a desk finds this person, without accents, in lower case.
    search: Mapped[str]
    # By what lists are sorted: in Latin letters without accents, in lower case.
    sort_name: Mapped[str] = mapped_column(_KEY, default="", server_default="")
    sort_organisation: Mapped[str] = mapped_column(_KEY, default=UNNAMED, server_default=UNNAMED)
    registered_at: Mapped[datetime] = mapped_column(Instant)
    # Indexed: phones ask every few seconds what has changed.
    changed_at: Mapped[datetime] = mapped_column(Instant, index=True)
    cancelled_at: Mapped[datetime | None] = mapped_column(Instant)
    # The state to which a reinstatement leads back.
    cancelled_from: Mapped[str | None]
    # Since when nothing of the person is left here but their country, category and attendance.
    erased_at: Mapped[datetime | None] = mapped_column(Instant)
    # The same person's other entry, which has the badges and scans of both; it is merged into none itself.
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("delegate.id"), index=True)


class Consent(Base):
    """A purpose that a delegate agreed to or withdrew, as a fact that is never changed."""

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint("purpose IN ('notice', 'updates', 'leads')", name="purpose"),
        # Whose latest word on a purpose is yes is counted in this index alone.
        Index("ix_consent_latest", "purpose", "delegate_id", "at", "given"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    delegate_id: Mapped[int] = mapped_column(ForeignKey("delegate.id"), index=True)
    purpose: Mapped[str]
    given: Mapped[bool]
    notice_version: Mapped[str]
    language: Mapped[str]
    at: Mapped[datetime] = mapped_column(Instant)


@dataclass(frozen=True)
class Agreement:
    """What somebody agreed to, purpose by purpose, under which version of the notice, read in which language."""

    purposes: Mapping[str, bool]
    notice_version: str
    language: str


def sort_keys(name: str, organisation: str) -> dict[str, str]:
    """By what a delegate is sorted, as the columns hold it."""
    return {"sort_name": latin(name), "sort_organisation": latin(organisation).strip() or UNNAMED}


def record_consents(session: Session, delegate_id: int, agreement: Agreement, *, now: datetime) -> None:
    """Keep what a delegate agreed to or not, one fact a purpose; the latest of each holds."""
    session.execute(
        insert(Consent),
        [
            {
                "id": new_id(),
                "delegate_id": delegate_id,
                "purpose": purpose,
                "given": given,
                "notice_version": agreement.notice_version,
                "language": agreement.language,
                "at": now,
            }
            for purpose, given in agreement.purposes.items()
        ],
    )


def consents_of(session: Session, delegate_id: int) -> Sequence[Consent]:
    """Everything a delegate agreed to and withdrew, in the order in which it happened."""
    return session.scalars(
        select(Consent).where(Consent.delegate_id == delegate_id).order_by(Consent.at, Consent.purpose)
    ).all()


def contact_of(session: Session, email: str, *, hold: bool = False) -> Delegate | None:
    """Whoever confirms for an address; `hold` makes others who hold wait for this transaction."""
    query = select(Delegate).where(Delegate.email == email, Delegate.share == 0)
    return session.scalar(query.with_for_update() if hold else query)


def colleagues_of(session: Session, contact: Delegate) -> Sequence[Delegate]:
    """Whom a contact registered under their own address, in the order in which that was done."""
    if contact.email is None or contact.share != 0:
        return ()
    query = select(Delegate).where(Delegate.email == contact.email, Delegate.share > 0)
    return session.scalars(query.order_by(Delegate.id)).all()


def delegate_with_reference(session: Session, reference: str, *, hold: bool = False) -> Delegate:
    """The delegate of a reference in any case; raises NotFound.

    `hold` makes others who hold wait for this transaction, so that what is read here still holds when it is changed.
    """
    query = select(Delegate).where(Delegate.reference == reference.strip().upper())
    found = session.scalar(query.with_for_update() if hold else query)
    if found is None:
        raise NotFound("unknown_reference", f"There is no delegate with the reference {reference}.")
    return found


def who_stays(session: Session, delegate: Delegate) -> Delegate:
    """The delegate into whom another was merged; themselves where they weren't."""
    return delegate if delegate.merged_into is None else session.get_one(Delegate, delegate.merged_into)


def merged_with(session: Session, delegate_id: int) -> Sequence[Delegate]:
    """Who was merged into a delegate, in the order in which they registered."""
    query = select(Delegate).where(Delegate.merged_into == delegate_id)
    return session.scalars(query.order_by(Delegate.id)).all()


def refuse_merged(delegate: Delegate) -> None:
    """Raises Conflict for one whose other entry stayed; `delegate` is held, or fresh enough."""
    if delegate.merged_into is not None:
        raise Conflict("merged", f"{delegate.reference} was merged with another entry of the same person.")


def refuse_erased(delegate: Delegate) -> None:
    """Raises Conflict for one of whom nothing is left to be changed; `delegate` is held, or fresh enough."""
    refuse_merged(delegate)
    if delegate.erased_at is not None:
        raise Conflict("erased", f"{delegate.reference} was erased: register this person anew.")


def count(session: Session) -> int:
    """How many delegates there are, in any state."""
    return session.scalar(select(func.count()).select_from(Delegate)) or 0


def cancel(session: Session, delegate: Delegate, *, now: datetime) -> bool:
    """Cancel a registration; False where it was cancelled already. The badge's code stays, refused at the doors.

    A confirmed delegate's place in the category is free again.
    """
    cancelled = update(Delegate).where(Delegate.id == delegate.id, Delegate.status != "cancelled")
    values = {
        "status": "cancelled",
        "cancelled_at": now,
        "changed_at": now,
        "cancelled_from": Delegate.status,
    }
    # As the row was then: somebody may have confirmed since it was read.
    changed = session.execute(cancelled.values(values).returning(Delegate.cancelled_from)).first()
    if changed is not None and changed.cancelled_from == "confirmed":
        give_back_place(session, delegate.category_id)
    return changed is not None


def reinstate(session: Session, delegate: Delegate, *, now: datetime) -> bool:
    """Undo a cancellation: the same state and the same code as before; False where nothing was cancelled.

    Raises Conflict where the category has no place left, and for one who was erased.
    """
    refuse_erased(delegate)
    cancelled = update(Delegate).where(Delegate.id == delegate.id, Delegate.status == "cancelled")
    values = {
        "status": Delegate.cancelled_from,
        "cancelled_at": None,
        "changed_at": now,
        "cancelled_from": None,
    }
    back = session.execute(cancelled.values(values).returning(Delegate.status)).first()
    # Only for whom this call brought back: of two that try, one takes a place.
    if back is not None and back.status == "confirmed" and not take_places(session, delegate.category_id):
        raise Conflict(
            "category_full", f"{delegate.reference} can't come back: the category has no place left."
        )
    return back is not None
