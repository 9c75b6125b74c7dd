"""How two entries of one person become one, with the scans of both; it owns no table.

One stays. The other is cancelled for ever (`merged_into`) and keeps what it said, its consents and its acts in the
audit log; its badges, scans, attendance and links are of the one who stays.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from checkin.domain import correcting, duplicates
from checkin.domain.badges import Badge, live_badge, revoke_badge
from checkin.domain.blanks import NOT_ASSIGNED, Blank
from checkin.domain.delegates import Consent, Delegate, cancel, consents_of
from checkin.domain.details import Details
from checkin.domain.handing_over import Handover
from checkin.domain.links import Link, end_links
from checkin.domain.messages import Message
from checkin.domain.programme import Programme
from checkin.domain.protocol import Entourage
from checkin.domain.scans import Attendance, Scan, give_scans
from checkin.domain.walk_ins import WalkIn
from checkin.errors import Conflict, NotFound
from checkin.tokens import BadgeKey, new_id

# What is chosen of one or the other.
CHOSEN = (
    *("honorific", "name", "short_name", "organisation", "job_title", "country", "category_id", "delegation"),
    *("email", "phone", "language", "interests", "access_needs", "note"),
)
# The better a registration stands, the likelier it stays.
_STANDING = ("unconfirmed", "waiting", "pending", "confirmed")


@dataclass(frozen=True)
class Side:
    """One of two entries with what hangs on it; `came` are the areas (ids) and days of its attendance."""

    delegate: Delegate
    badge: Badge | None
    handed_over: bool
    scans: int
    came: frozenset[tuple[int, date]]
    consents: Mapping[str, bool]
    # When each of these was said.
    consented_at: Mapping[str, datetime]
    by_form: bool
    letters: int
    colleagues: int

    @property
    def seen(self) -> str:
        """What tells whether this changed since somebody looked: details, badge, scans."""
        badge = "" if self.badge is None else self.badge.id.hex
        return f"{self.delegate.changed_at.isoformat()}|{badge}|{self.scans}"


def sides(
    session: Session, first: str, second: str, *, consents: bool = False, hold: bool = False
) -> tuple[Side, Side]:
    """Two entries by their references, in that order; `hold` makes doors and others who hold them wait.

    Raises NotFound for a reference that nobody has, and Conflict for one reference twice.
    """
    wanted = [first.strip().upper(), second.strip().upper()]
    if wanted[0] == wanted[1]:
        raise Conflict("same_entry", f"{wanted[0]} is one entry: name two.")
    query = select(Delegate).where(Delegate.reference.in_(wanted)).order_by(Delegate.id)
    if hold:
        # Scans before delegates, in the order in which a void takes them.
        ids = select(Delegate.id).where(Delegate.reference.in_(wanted))
        scans = select(Scan.id).where(Scan.delegate_id.in_(ids)).order_by(Scan.id)
        session.execute(scans.with_for_update(of=Scan, key_share=True)).all()
        query = query.with_for_update().execution_options(populate_existing=True)
    people = {one.reference: one for one in session.scalars(query)}
    missing = [reference for reference in wanted if reference not in people]
    if missing:
        raise NotFound("unknown_reference", f"There is no delegate with the reference {missing[0]}.")
    theirs = select(Consent).where(Consent.delegate_id.in_([one.id for one in people.values()]))
    said = session.scalars(theirs.order_by(Consent.at)).all() if consents else ()
    known = sides_of(session, list(people.values()), said)
    return known[people[wanted[0]].id], known[people[wanted[1]].id]


def sides_of(session: Session, people: Sequence[Delegate], said: Sequence[Consent] = ()) -> dict[int, Side]:
    """What hangs on each of these, by their ids; `said` are their consents where those matter, in their order."""
    ids = [one.id for one in people]
    rows = {row.id: row for row in session.execute(_known(ids))}
    came = select(Attendance.delegate_id, Attendance.area_id, Attendance.day)
    entries = session.execute(came.where(Attendance.delegate_id.in_(ids))).all()
    return {one.id: _side(one, rows[one.id], entries, said) for one in people}


def _known(ids: Collection[int]) -> Any:
    """Of each: the live badge, whether it was handed over, scans, consents, letters that wait, who shares."""
    other = aliased(Delegate)

    def many(of: Any, *where: ColumnElement[bool]) -> Any:
        return select(func.count()).select_from(of).where(*where).scalar_subquery()

    handed_over = exists().where(Handover.badge_id == Badge.id, Handover.undone_at.is_(None))
    theirs = (
        other.email == Delegate.email,
        other.share > 0,
        Delegate.share == 0,
        other.merged_into.is_(None),
    )
    return (
        select(
            Delegate.id,
            Badge,
            handed_over.label("handed_over"),
            many(Scan, Scan.delegate_id == Delegate.id).label("scans"),
            many(Consent, Consent.delegate_id == Delegate.id).label("consents"),
            many(Message, Message.delegate_id == Delegate.id, Message.status == "waiting").label("letters"),
            many(other, *theirs).label("colleagues"),
        )
        .outerjoin(Badge, and_(Badge.delegate_id == Delegate.id, Badge.revoked_at.is_(None)))
        .where(Delegate.id.in_(ids))
    )


def _side(one: Delegate, row: Any, came: Iterable[Any], said: Iterable[Consent]) -> Side:
    consents = [consent for consent in said if consent.delegate_id == one.id]
    return Side(
        delegate=one,
        badge=row.Badge,
        handed_over=bool(row.handed_over),
        scans=row.scans,
        came=frozenset((entry.area_id, entry.day) for entry in came if entry.delegate_id == one.id),
        consents={consent.purpose: consent.given for consent in consents},
        consented_at={consent.purpose: consent.at for consent in consents},
        by_form=row.consents > 0,
        letters=row.letters,
        colleagues=row.colleagues,
    )


# --- which stays ----------------------------------------------------------------------------------------------


def who_should_stay(one: Side, other: Side) -> tuple[Side, Side]:
    """The two of them, the one first whose badge, address and registration are the better ones to keep."""
    return (one, other) if _weight(one) >= _weight(other) else (other, one)


def _weight(side: Side) -> tuple[Any, ...]:
    one = side.delegate
    printed = side.badge is not None and side.badge.printed_at is not None
    return (
        side.colleagues > 0,
        _STANDING.index(one.status) if one.status in _STANDING else -1,
        side.handed_over,
        side.scans > 0,
        printed,
        one.email is not None,
        -one.id,
    )


def sensible_choice(kept: Side, other: Side) -> dict[str, int]:
    """The entry (id) of which each of CHOSEN is kept: of the one who stays, where that says something."""
    return {
        name: kept.delegate.id
        if _value(kept.delegate, name) or not _value(other.delegate, name)
        else other.delegate.id
        for name in CHOSEN
    }


def _value(one: Delegate, name: str) -> Any:
    return (one.country or one.country_text) if name == "country" else getattr(one, name)


def refuse(kept: Side, other: Side, *, choice: Mapping[str, int]) -> None:
    """Raises Conflict for two who can't become one, or not this way round."""
    for side in (kept, other):
        one = side.delegate
        if one.merged_into is not None:
            raise Conflict("merged", f"{one.reference} was merged with another entry of the same person.")
        if one.status == "cancelled":
            raise Conflict("merge_cancelled", f"{one.reference} is cancelled: there is nothing to merge.")
        if one.note == NOT_ASSIGNED:
            raise Conflict(
                "merge_guest", f"{one.reference} is a guest: give the blank badge to somebody instead."
            )
    if _STANDING.index(kept.delegate.status) < _STANDING.index(other.delegate.status):
        raise Conflict(
            "merge_standing",
            f"{other.delegate.reference} is {other.delegate.status}: keep that entry, its registration goes further.",
        )
    swaps_address = choice.get("email") == other.delegate.id
    if other.colleagues or (kept.colleagues and swaps_address):
        raise Conflict(
            "merge_colleagues",
            "Colleagues share an address that would go: keep the entry and address they share.",
        )


# --- merging --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Merged:
    """What became of two entries; `fields` changed of the one who stays."""

    kept: Delegate
    other: Delegate
    fields: tuple[str, ...]
    scans: int


def merge(
    session: Session,
    kept: Side,
    other: Side,
    *,
    choice: Mapping[str, int],
    programme: Programme,
    key: BadgeKey,
    now: datetime,
) -> Merged:
    """Make two entries one; both are held by this writing transaction, and `choice` is as `sensible_choice`'s.

    It can't be undone. Raises Conflict as `refuse` does, and where the chosen category has no place left.
    """
    refuse(kept, other, choice=choice)
    stays, goes = kept.delegate, other.delegate
    # Whoever reads the one address needn't be who reads the other: links follow the address that is kept.
    follows = goes.status != "unconfirmed" and (goes.email == stays.email or choice.get("email") == goes.id)
    moves = choice.get("email") == goes.id and goes.email != stays.email
    chosen = {name: goes if choice.get(name) == goes.id else stays for name in CHOSEN}
    details = _details(chosen, programme)
    note, category_id = chosen["note"].note, chosen["category_id"].category_id
    cancel(session, goes, now=now)
    session.execute(update(Delegate).where(_goes_along(goes.id)).values(merged_into=stays.id))
    session.refresh(goes)
    _give_badges(session, stays, goes, now=now)
    give_scans(session, goes.id, to=stays.id)
    if moves:
        end_links(session, stays.id)
    _give_the_rest(session, stays, goes, follows=follows)
    session.execute(update(Delegate).where(Delegate.id == stays.id).values(note=note, changed_at=now))
    session.refresh(stays)
    fields = list(correcting.correct(session, stays, details, key=key, now=now))
    if correcting.change_category(session, stays, category_id, key=key, now=now):
        fields.append("category")
    if chosen["email"] is goes and stays.email != goes.email:
        _swap_addresses(session, stays, goes)
        fields.append("email")
    correcting.reseal(session, stays, key=key)
    correcting.index(session, stays)
    session.execute(update(Delegate).where(Delegate.merged_into == stays.id).values(search=""))
    duplicates.forget(session, goes.id)
    return Merged(stays, goes, tuple(fields), other.scans)


def _goes_along(delegate_id: int) -> ColumnElement[bool]:
    """Somebody, and whoever was merged into them before."""
    return (Delegate.id == delegate_id) | (Delegate.merged_into == delegate_id)


def _details(chosen: Mapping[str, Delegate], programme: Programme) -> Details:
    """What describes the one who stays; what nobody chooses is their own."""
    texts = {name: getattr(one, name) for name, one in chosen.items() if name in correcting.CORRECTED}
    mine = Details(**texts, country_text=chosen["country"].country_text)
    return replace(mine, category=programme.categories[chosen["category_id"].category_id].name)


def _give_badges(session: Session, stays: Delegate, goes: Delegate, *, now: datetime) -> None:
    """The other's badge is refused as an older one of the one who stays, and what was scanned of it before counts."""
    live = live_badge(session, goes.id)
    if live is not None:
        revoke_badge(session, live, revocation="replaced", reason=f"merged into {stays.reference}", now=now)
        live.merged_from = goes.id
        session.flush()
    session.execute(update(Badge).where(Badge.delegate_id == goes.id).values(delegate_id=stays.id))
    session.execute(update(Blank).where(Blank.delegate_id == goes.id).values(delegate_id=stays.id))


def _give_the_rest(session: Session, stays: Delegate, goes: Delegate, *, follows: bool) -> None:
    """Links, what a walk-in shows, who came along, consents, the later ones of which hold; letters aren't sent."""
    if follows:
        session.execute(update(Link).where(Link.delegate_id == goes.id).values(delegate_id=stays.id))
    else:
        end_links(session, goes.id)
    for table in (WalkIn, Entourage):
        session.execute(update(table).where(table.delegate_id == goes.id).values(delegate_id=stays.id))
    waiting = update(Message).where(Message.delegate_id == goes.id, Message.status == "waiting")
    session.execute(waiting.values(status="failed", error="The entry was merged with another one."))
    names = ("purpose", "given", "notice_version", "language", "at")
    copies = [
        {"id": new_id(), "delegate_id": stays.id, **{name: getattr(one, name) for name in names}}
        for one in consents_of(session, goes.id)
    ]
    if copies:
        session.execute(insert(Consent), copies)


def _swap_addresses(session: Session, stays: Delegate, goes: Delegate) -> None:
    """Each gets the other's, so that both go on leading to the person, and a list that has either adds nobody."""
    mine, theirs = (stays.email, stays.share), (goes.email, goes.share)
    own = goes.identity
    nobodys = hashlib.sha256(f"merged {goes.id}".encode()).digest()
    _address(session, goes, (None, None), identity=nobodys)
    _address(session, stays, theirs, identity=stays.identity)
    _address(session, goes, mine, identity=nobodys)
    try:
        with session.begin_nested():
            _address(session, goes, mine, identity=own)
    except IntegrityError:
        # Without an address a third entry has the same name, organisation, job title and country: that one is known.
        pass
    for one in (stays, goes):
        session.refresh(one)


def _address(
    session: Session, one: Delegate, address: tuple[str | None, int | None], *, identity: bytes
) -> None:
    values = {"email": address[0], "share": address[1], "identity": identity}
    session.execute(update(Delegate).where(Delegate.id == one.id).values(values))
