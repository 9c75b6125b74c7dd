"""Where members of the staff are signed in; it owns the table staff_session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import LARGEST_ID, Base, Instant
from checkin.domain.staff import Staff
from checkin.tokens import new_token, token_hash

SESSION_LIFE = timedelta(hours=12)
# That somebody was here is written down so often at most.
SEEN_EVERY = timedelta(minutes=5)


class StaffSession(Base):
    """One browser in which a member of the staff is signed in."""

    __tablename__ = "staff_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    # The staff's `fs_uniquifier` at the sign-in: another one there ends all of them at once.
    uniquifier: Mapped[str]
    # Of the mark that the browser keeps, so that nobody who reads this table can take its place.
    mark_hash: Mapped[bytes] = mapped_column(unique=True)
    # As it calls itself, such as "Chrome" on "Android"; empty where it doesn't.
    browser: Mapped[str]
    system: Mapped[str]
    network: Mapped[str]
    begun_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)


@dataclass(frozen=True)
class Place:
    """What a browser tells of itself and where it is, for somebody to recognise it by."""

    browser: str
    system: str
    network: str


def begin(session: Session, staff_id: int, place: Place, *, now: datetime) -> str:
    """Keep that somebody has signed in; the mark for their browser. What has ended of theirs is forgotten."""
    uniquifier = session.scalars(select(Staff.fs_uniquifier).where(Staff.id == staff_id)).one()
    ended = or_(StaffSession.uniquifier != uniquifier, StaffSession.begun_at <= now - SESSION_LIFE)
    session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id, ended))
    mark = new_token()
    session.add(
        StaffSession(
            staff_id=staff_id,
            uniquifier=uniquifier,
            mark_hash=token_hash(mark),
            begun_at=now,
            seen_at=now,
            **vars(place),
        )
    )
    return mark


def whose(
    session: Session, uniquifier: str, mark: str, *, now: datetime
) -> tuple[Staff, StaffSession] | None:
    """Who is signed in by the mark of a browser, and where; None for nobody."""
    query = select(Staff, StaffSession).join(StaffSession, _lives(now))
    row = session.execute(
        query.where(Staff.fs_uniquifier == uniquifier, StaffSession.mark_hash == token_hash(mark))
    ).first()
    return None if row is None else (row.Staff, row.StaffSession)


def seen(session: Session, session_id: int, *, now: datetime) -> None:
    """Keep that somebody was here."""
    session.execute(update(StaffSession).where(StaffSession.id == session_id).values(seen_at=now))


def of(session: Session, staff_id: int, *, now: datetime) -> Sequence[StaffSession]:
    """Where somebody is signed in, the latest seen first."""
    query = select(StaffSession).join(Staff, _lives(now)).where(Staff.id == staff_id)
    return session.scalars(query.order_by(StaffSession.seen_at.desc(), StaffSession.id.desc())).all()


def last_seen(session: Session, *, now: datetime) -> Mapping[int, tuple[int, datetime]]:
    """Of each who is signed in: in how many browsers, and when one of them was seen last."""
    query = select(Staff.id, func.count().label("browsers"), func.max(StaffSession.seen_at).label("at"))
    rows = session.execute(query.join(StaffSession, _lives(now)).group_by(Staff.id))
    return {row.id: (row.browsers, row.at) for row in rows}


def end(session: Session, staff_id: int, session_id: int) -> bool:
    """Sign somebody out in one browser; False where that had happened, or it is none of theirs."""
    if session_id > LARGEST_ID:
        return False
    theirs = delete(StaffSession).where(StaffSession.id == session_id, StaffSession.staff_id == staff_id)
    return session.execute(theirs.returning(StaffSession.id)).first() is not None


def _lives(now: datetime):  # type: ignore[no-untyped-def]
    return (
        (StaffSession.staff_id == Staff.id)
        & (StaffSession.uniquifier == Staff.fs_uniquifier)
        & (StaffSession.begun_at > now - SESSION_LIFE)
    )
