"""The proofs of work that were used, each once; it owns the table proof."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant, insert_ignoring


class Proof(Base):
    """A puzzle whose solution was accepted, kept until it would be too old anyway."""

    __tablename__ = "proof"

    puzzle_hash: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


def use_proof(session: Session, puzzle_hash: bytes, *, expires_at: datetime, now: datetime) -> bool:
    """Use a solved puzzle up, by the hash of its unique part; False where it was used before."""
    session.execute(delete(Proof).where(Proof.expires_at <= now))
    row = {"puzzle_hash": puzzle_hash, "expires_at": expires_at}
    used = insert_ignoring(session, Proof.__table__).values(row).returning(Proof.__table__.c.puzzle_hash)
    return session.execute(used).first() is not None
