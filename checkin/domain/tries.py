"""How often somebody was tried to be signed in as, by all server processes together; it owns the table try."""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Integer, LargeBinary, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant
from checkin.tokens import token_hash


class Try(Base):
    """How many tries of one kind, in one stretch of time: hashed, since it tells who is tried, and from where."""

    __tablename__ = "try"

    what: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    stretch: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(Integer)
    ends_at: Mapped[datetime] = mapped_column(Instant)


def may_try(session: Session, what: str, *, most: int, per: timedelta, now: datetime) -> bool:
    """Count one more try of something; False where it is one too many in the present stretch of time."""
    stretch = int(now.timestamp() // per.total_seconds())
    ends_at = datetime.fromtimestamp((stretch + 1) * per.total_seconds(), tz=now.tzinfo)
    session.execute(delete(Try).where(Try.ends_at <= now))
    values = {"what": token_hash(f"{per} {what}"), "stretch": stretch, "count": 1, "ends_at": ends_at}
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    counted = insert(Try).values(values)
    counted = counted.on_conflict_do_update(
        index_elements=[Try.what, Try.stretch], set_={"count": Try.count + 1}
    )
    return session.scalars(counted.returning(Try.count)).one() <= most
