"""Badges: issued, revoked, replaced, with their sealed cards; it owns the table badge."""

import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Row, insert, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant
from checkin.domain.collation import collated
from checkin.domain.delegates import Delegate
from checkin.domain.event import Category, the_event
from checkin.domain.words import latin
from checkin.errors import Conflict
from checkin.tokens import BadgeKey, lookup_id, new_id, seal_card

# Sealed cards are padded to a multiple of this, so that their length doesn't tell a name's.
CARD_BLOCK = 64
# What a helper types of a name beside the reference of a badge that can't be read.
LETTERS_OF_A_NAME = 3
_PRINTED = text("revoked_at IS NULL AND printed_at IS NOT NULL")
_REVOKED = text("revoked_at IS NOT NULL")


class Badge(Base):
    """One issued credential; its code is derived from its id under the badge key and is never stored."""

    __tablename__ = "badge"
    __table_args__ = (
        CheckConstraint("(revoked_at IS NULL) = (revocation IS NULL)", name="revocation"),
        CheckConstraint("revocation IN ('replaced', 'revoked')", name="revocation_kind"),
        # At most one live badge a delegate.
        Index(
            "uq_badge_live",
            "delegate_id",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
            sqlite_where=text("revoked_at IS NULL"),
        ),
        # Those that lists of delegates count as printed.
        Index("ix_badge_printed", "delegate_id", postgresql_where=_PRINTED, sqlite_where=_PRINTED),
        # Phones ask every few seconds what has changed.
        Index("ix_badge_revoked_at", "revoked_at", postgresql_where=_REVOKED, sqlite_where=_REVOKED),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    delegate_id: Mapped[int] = mapped_column(ForeignKey("delegate.id"), index=True)
    key_id: Mapped[str]
    lookup: Mapped[str] = mapped_column(unique=True)
    card: Mapped[bytes]
    # Indexed for the same question.
    issued_at: Mapped[datetime] = mapped_column(Instant, index=True)
    printed_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    revocation: Mapped[str | None]
    reason: Mapped[str] = mapped_column(default="")
    # Whose it was until they were merged into its delegate: what was scanned of it before `revoked_at` counts.
    merged_from: Mapped[int | None] = mapped_column(ForeignKey("delegate.id"))


@dataclass(frozen=True)
class Card:
    """What a phone may show of a badge that it has in front of it."""

    name: str
    organisation: str
    category: str
    note: str | None


@dataclass(frozen=True)
class Bearer:
    """Who a badge is for, with the card to seal."""

    delegate_id: int
    card: Card


def card_bytes(card: Card) -> bytes:
    """A card as JSON (UTF-8), padded with blanks to a multiple of CARD_BLOCK bytes."""
    packed = json.dumps(
        [card.name, card.organisation, card.category, card.note], ensure_ascii=False, separators=(",", ":")
    ).encode()
    return packed + b" " * (-len(packed) % CARD_BLOCK)


def issue_badges(session: Session, bearers: Iterable[Bearer], *, key: BadgeKey, now: datetime) -> None:
    """A new badge for each bearer; the database refuses a second live one for the same delegate."""
    prefix = the_event(session).code_prefix
    rows = []
    for bearer in bearers:
        badge_id = new_id()
        code = key.code(badge_id, prefix=prefix)
        rows.append(
            {
                "id": badge_id,
                "delegate_id": bearer.delegate_id,
                "key_id": key.id,
                "lookup": lookup_id(code),
                "card": seal_card(code, card_bytes(bearer.card)),
                "issued_at": now,
                "reason": "",
            }
        )
    if rows:
        session.execute(insert(Badge), rows)


def bearer(session: Session, delegate: Delegate) -> Bearer:
    """A delegate as the bearer of a badge."""
    category = session.scalar(select(Category.name).where(Category.id == delegate.category_id)) or ""
    return Bearer(delegate.id, Card(delegate.name, delegate.organisation, category, delegate.note))


def code_of(badge: Any, *, key: BadgeKey, prefix: str) -> str:
    """A badge's code, or a blank's, derived again; raises Conflict where it was made under another key."""
    if badge.key_id != key.id:
        raise Conflict(
            "other_badge_key",
            "These badges were made under another CHECKIN_BADGE_KEY: set that key again, or they can't be printed.",
        )
    return key.code(badge.id, prefix=prefix)


def live_badge(session: Session, delegate_id: int) -> Badge | None:
    """The badge of a delegate that is neither replaced nor revoked."""
    return session.scalar(select(Badge).where(Badge.delegate_id == delegate_id, Badge.revoked_at.is_(None)))


def named_badge(session: Session, reference: str, *, letters: str) -> tuple[str, Card] | None:
    """The look-up id and card of a delegate's live badge, where a word of their name begins with these letters.

    At least three, in any case and without accents; fewer where a word of the name has no more.
    """
    wanted = latin(letters.strip())
    query = (
        select(Badge.lookup, Delegate.name, Delegate.organisation, Category.name, Delegate.note)
        .join(Delegate, Delegate.id == Badge.delegate_id)
        .join(Category, Category.id == Delegate.category_id)
    )
    number = reference.strip().upper()
    found = session.execute(query.where(Badge.revoked_at.is_(None), Delegate.reference == number)).first()
    if found is None or not wanted:
        return None
    words = latin(found[1]).split()
    fits = (
        word == wanted or (len(wanted) >= LETTERS_OF_A_NAME and word.startswith(wanted)) for word in words
    )
    return (found[0], Card(*found[1:])) if any(fits) else None


def revoke_badge(session: Session, badge: Badge, *, revocation: str, reason: str, now: datetime) -> None:
    """End a badge for ever; `revocation` is `replaced` where a newer one follows here, else `revoked`."""
    badge.revoked_at, badge.revocation, badge.reason = now, revocation, reason
    session.flush()


def reissue_badge(session: Session, delegate: Delegate, *, reason: str, key: BadgeKey, now: datetime) -> None:
    """Replace a delegate's badge by a new one with another code; raises Conflict for one who may have none."""
    if delegate.status != "confirmed":
        raise Conflict(
            "not_confirmed",
            f"{delegate.reference} is {delegate.status}: only a confirmed delegate has a badge to reissue.",
        )
    old = live_badge(session, delegate.id)
    if old is not None:
        revoke_badge(session, old, revocation="replaced", reason=reason, now=now)
    issue_badges(session, [bearer(session, delegate)], key=key, now=now)


@dataclass(frozen=True)
class PrintFilter:
    """Which badges to print; None and False filter nothing.

    `since` keeps what was issued or changed after it, `changed` what was never printed or changed after its print.
    """

    reference: str | None = None
    category_id: int | None = None
    country: str | None = None
    organisation: str | None = None
    delegation: str | None = None
    unprinted: bool = False
    changed: bool = False
    since: datetime | None = None
    sort: str = "name"


# How badges may be sorted: names and organisations as people look them up, each script by itself.
SORTS: dict[str, Callable[[Row[Badge, Delegate, Category]], tuple[Any, ...]]] = {
    "name": lambda row: (collated(row.Delegate.name),),
    "organisation": lambda row: (collated(row.Delegate.organisation), collated(row.Delegate.name)),
    "category": lambda row: (row.Category.position, collated(row.Delegate.name)),
    "country": lambda row: (row.Delegate.country or "ZZ", collated(row.Delegate.name)),
    # KL-99999 before KL-100000.
    "reference": lambda row: (len(row.Delegate.reference), row.Delegate.reference),
}


def badges_to_print(
    session: Session, wanted: PrintFilter, *, at_most: int | None = None
) -> Sequence[Row[Badge, Delegate, Category]]:
    """The live badges of confirmed delegates that a print run wants, in its order; at most the first by reference."""
    query = (
        select(Badge, Delegate, Category)
        .join(Delegate, Delegate.id == Badge.delegate_id)
        .join(Category, Category.id == Delegate.category_id)
        .where(Badge.revoked_at.is_(None), Delegate.status == "confirmed")
        .order_by(Delegate.reference)
    )
    exact = {
        Delegate.reference: wanted.reference,
        Delegate.category_id: wanted.category_id,
        Delegate.country: wanted.country,
        Delegate.organisation: wanted.organisation,
        Delegate.delegation: wanted.delegation,
    }
    query = query.where(*(column == value for column, value in exact.items() if value is not None))
    if wanted.unprinted:
        query = query.where(Badge.printed_at.is_(None))
    if wanted.since is not None:
        query = query.where((Badge.issued_at >= wanted.since) | (Delegate.changed_at >= wanted.since))
    if wanted.changed:
        query = query.where(Badge.printed_at.is_(None) | (Delegate.changed_at > Badge.printed_at))
    return sorted(session.execute(query.limit(at_most)).all(), key=SORTS[wanted.sort])


def mark_printed(session: Session, badge_ids: Sequence[uuid.UUID], *, now: datetime) -> None:
    """Keep when badges were printed last."""
    for start in range(0, len(badge_ids), 500):
        session.execute(
            update(Badge).where(Badge.id.in_(badge_ids[start : start + 500])).values(printed_at=now)
        )
