"""Who did what, kept with the change itself and chained; it owns the table audit.

Each act has a digest of what it says and of the digest before it, under a key that isn't in the database. Acts are
linked when their transaction commits, one transaction after the other: they are its last statements, so nobody waits
for longer than that, nor for each other, and the log is in the order of its commits. `docs/operations.md` says what
the chain proves, and what it doesn't.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Connection, LargeBinary, event, func, insert, select, text, update
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from checkin.db import AUDIT_KEY, AUDIT_LOCK, EPOCH, MICROSECOND, Base, Instant
from checkin.domain.doors import Device
from checkin.domain.staff import Staff
from checkin.tokens import keyed_digest

A_PAGE = 50
# Acts that change nothing: somebody saw personal data.
LOOKS = (
    "VIPs listed",
    "VIPs opened",
    "badge looked up",
    "bulk change opened",
    "conflicts listed",
    "delegate opened",
    "delegates listed",
    "delegates searched",
    "hand admissions listed",
    "held scans listed",
    "letter opened",
    "letters listed",
    "list opened",
)


# The acts of a session that are to be linked at its end, each with the savepoint in which it was done.
_PENDING = "checkin_acts"
_CHECKED_AT_ONCE = 2000
# These say which acts' reasons are gone, by their numbers, among their details.
ERASURE, PURGE = "delegate erased", "event purged"
GONE = "reasons"

# Acts that took personal data of many out of here, as files and on paper; a test knows if one is missing.
TAKEN = (
    "VIPs listed",
    "attendance exported",
    "backup made",
    "badges exported",
    "badges printed",
    "delegates exported",
    "list fetched",
    "packing list fetched",
    "paper list printed",
    "print run fetched",
    "print run made",
    "scans exported",
)


class Audit(Base):
    """One act of somebody; `details` holds counts and filters, never personal data.

    The database refuses every change but one: a reason, which somebody typed, can be erased.
    """

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    actor: Mapped[str] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    # Stands for the reason in the chain, so that it holds without it.
    reason_digest: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True)
class Sought:
    """Which acts to list; None filters nothing. `since` and `until` bound their moments, the end not included."""

    actor: str | None = None
    actions: Collection[str] | None = None
    without: Collection[str] = ()
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def record(
    session: Session,
    action: str,
    *,
    actor: str,
    now: datetime,
    subject: str = "",
    reason: str = "",
    **details: Any,
) -> None:
    """Keep an act in the transaction that does it. `actor` is `staff:<id>`, `device:<id>` or `command line`."""
    act = {
        "at": now,
        "actor": actor,
        "action": action,
        "subject": subject,
        "reason": reason,
        "details": details,
    }
    session.info.setdefault(_PENDING, []).append((session.get_nested_transaction(), act))


# --- the chain ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class End:
    """The latest act's number and digest: whoever has kept it outside can tell that no act before it is missing."""

    id: int
    digest: bytes

    def __str__(self) -> str:
        return f"{self.id}:{self.digest.hex()}"


@dataclass(frozen=True)
class Proof:
    """What a look through the whole log found: the number of acts, its end, and the first one that doesn't fit.

    `broken` is that act's number: it was changed, or an act before it is missing. `blanked` is an act whose reason
    is gone although nobody asked for its erasure. `missed` is what somebody had kept and the log doesn't have.
    """

    acts: int
    end: End | None
    broken: int | None = None
    blanked: int | None = None
    missed: str | None = None

    @property
    def holds(self) -> bool:
        return self.broken is None and self.blanked is None and self.missed is None


BEGINNING = End(0, b"")
_AWAITED = select(text("id"), text("digest")).select_from(func.audit_end(AUDIT_LOCK))


def end(session: Session) -> End | None:
    """The latest act's number and digest; None where there is none."""
    found = session.execute(select(Audit.id, Audit.digest).order_by(Audit.id.desc()).limit(1)).first()
    return None if found is None else End(found.id, found.digest)


def reason_digest(key: bytes, act_id: int, reason: str) -> bytes:
    """What stands for an act's reason; it tells nothing of it without the key."""
    return keyed_digest(key, f"reason {act_id} {reason}")


def digest(key: bytes, act: Any, *, after: bytes) -> bytes:
    """An act's own: over JSON (sorted, ASCII, no blanks) of what it says, behind the digest of the one before it."""
    said = [
        act.id,
        (act.at - EPOCH) // MICROSECOND,
        *(act.actor, act.action, act.subject),
        act.reason_digest.hex(),
        act.details,
    ]
    return keyed_digest(key, json.dumps(said, sort_keys=True, separators=(",", ":")), after=after)


def proof(session: Session, *, key: bytes, kept: Collection[str] = ()) -> Proof:
    """Look through the whole log; `kept` are ends of it, as text, that somebody has noted before."""
    columns = Audit.__table__.c
    query = select(*columns).order_by(columns.id)
    walk = _Walk(key, set(kept))
    with session.execute(query, execution_options={"yield_per": _CHECKED_AT_ONCE}) as acts:
        broken = next((act.id for act in acts if not walk.goes_on(act)), None)
    return walk.proof(broken)


@dataclass
class _Walk:
    """How far one has come through the log: which reasons are gone, and which of them by an act that says so."""

    key: bytes
    missed: set[str]
    acts: int = 0
    before: End = BEGINNING
    blanked: list[int] = field(default_factory=list)
    erased: set[int] = field(default_factory=set)

    def goes_on(self, act: Any) -> bool:
        """Whether an act follows the one before it, and says what it said."""
        if act.digest != digest(self.key, act, after=self.before.digest):
            return False
        if act.reason_digest != reason_digest(self.key, act.id, act.reason):
            if act.reason:
                return False
            self.blanked.append(act.id)
        if act.action in {ERASURE, PURGE}:
            self.erased.update(act.details[GONE])
        self.acts, self.before = self.acts + 1, End(act.id, act.digest)
        self.missed.discard(str(self.before))
        return True

    def proof(self, broken: int | None) -> Proof:
        unasked = (number for number in self.blanked if number not in self.erased)
        secretly = None if broken else next(unasked, None)
        missed = None if broken else min(self.missed, default=None)
        return Proof(self.acts, self.before if self.acts else None, broken, secretly, missed)


def record_erasure(
    session: Session,
    action: str,
    about: Collection[str],
    *,
    actor: str,
    now: datetime,
    subject: str = "",
    reason: str = "",
    **details: Any,
) -> None:
    """Erase what was typed as reasons for acts about subjects, and keep the act that says which went."""
    typed = update(Audit).where(Audit.reason != "", Audit.subject.in_(about)).values(reason="")
    plain = {"synchronize_session": False}
    gone = sorted(session.scalars(typed.returning(Audit.id), execution_options=plain))
    record(session, action, actor=actor, now=now, subject=subject, reason=reason, **details, **{GONE: gone})


def subjects_of(session: Session, kind: str) -> Sequence[str]:
    """What acts were about, of those whose subject is a `kind` and a name, such as `scan:<id>`; without the kind."""
    query = select(Audit.subject).where(Audit.subject.startswith(f"{kind}:"), Audit.reason != "").distinct()
    return [one.partition(":")[2] for one in session.scalars(query)]


@event.listens_for(Session, "before_commit")
def _append(session: Session) -> None:
    """Link the acts of a transaction to the chain, as the last that it does."""
    if not session.info.get(_PENDING) or session.in_nested_transaction():
        return
    # Before the lock: what the session still has to write may have to wait for others.
    session.flush()
    pending = [act for _savepoint, act in session.info.pop(_PENDING)]
    connection = session.connection()
    last = _awaited_end(session) or BEGINNING
    connection.execute(insert(Audit), _linked(connection, pending, after=last))


def _awaited_end(session: Session) -> End | None:
    """The end to which this transaction alone may link now: others wait until it is committed."""
    if session.get_bind().dialect.name != "postgresql":
        # There is one writer.
        return end(session)
    # A function, which takes the lock before it looks: one statement would look first, and see an end of before.
    found = session.execute(_AWAITED).one()
    return None if found.id is None else End(found.id, found.digest)


def _linked(connection: Connection, acts: Sequence[dict[str, Any]], *, after: End) -> list[dict[str, Any]]:
    key: bytes = connection.get_execution_options()[AUDIT_KEY]
    rows, before = [], after.digest
    for number, said in enumerate(acts, after.id + 1):
        act = Audit(id=number, **said, reason_digest=reason_digest(key, number, said["reason"]))
        before = digest(key, act, after=before)
        rows.append({"id": number, **said, "reason_digest": act.reason_digest, "digest": before})
    return rows


@event.listens_for(Session, "after_soft_rollback")
def _undo(session: Session, ended: SessionTransaction) -> None:
    """What a savepoint did is undone with it."""
    if ended.nested and _PENDING in session.info:
        session.info[_PENDING] = [one for one in session.info[_PENDING] if one[0] is not ended]


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, ended: SessionTransaction) -> None:
    """A transaction that was never committed has done nothing."""
    if ended.parent is None:
        session.info.pop(_PENDING, None)


# --- looking it up ------------------------------------------------------------------------------------------


def acts(session: Session, sought: Sought, *, before: int | None = None) -> tuple[Sequence[Audit], bool]:
    """A page of acts, the newest first, older than the id `before`; and whether there are older ones still."""
    query = select(Audit).order_by(Audit.id.desc())
    if before is not None:
        query = query.where(Audit.id < before)
    if sought.actor is not None:
        query = query.where(Audit.actor == sought.actor)
    if sought.actions is not None:
        query = query.where(Audit.action.in_(sought.actions))
    if sought.without:
        query = query.where(Audit.action.not_in(sought.without))
    if sought.subject is not None:
        query = query.where(Audit.subject == sought.subject)
    if sought.since is not None:
        query = query.where(Audit.at >= sought.since)
    if sought.until is not None:
        query = query.where(Audit.at < sought.until)
    found = session.scalars(query.limit(A_PAGE + 1)).all()
    return found[:A_PAGE], len(found) > A_PAGE


def actors(session: Session) -> dict[str, str]:
    """The staff's addresses and the phones' names, by what the log calls them."""
    staff = session.execute(select(Staff.id, Staff.email).order_by(Staff.email)).all()
    phones = session.execute(select(Device.id, Device.name).order_by(Device.paired_at, Device.name)).all()
    return {f"staff:{one.id}": one.email for one in staff} | {f"device:{one.id}": one.name for one in phones}
