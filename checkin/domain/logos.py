"""The event's logo, which public pages and badges show; it owns the table logo."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from sqlalchemy import CheckConstraint, LargeBinary, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant


class LogoFile(Base):
    """The logo, where there is one."""

    __tablename__ = "logo"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    png: Mapped[bytes] = mapped_column(LargeBinary)
    width: Mapped[int]
    height: Mapped[int]
    set_at: Mapped[datetime] = mapped_column(Instant)


@dataclass(frozen=True)
class Logo:
    """A logo as PNG, with its size in pixels."""

    png: bytes = field(repr=False)
    width: int
    height: int

    @cached_property
    def digest(self) -> str:
        """Another one for another picture: its address may be kept for ever."""
        return hashlib.sha256(self.png).hexdigest()[:20]


def logo(session: Session) -> Logo | None:
    """The logo that holds now."""
    file = session.get(LogoFile, 1)
    return Logo(file.png, file.width, file.height) if file else None


def set_logo(session: Session, wanted: Logo | None, *, now: datetime) -> None:
    """Show this logo from now on, or none."""
    if wanted is None:
        session.execute(delete(LogoFile))
        return
    session.merge(LogoFile(id=1, png=wanted.png, width=wanted.width, height=wanted.height, set_at=now))
    session.flush()
