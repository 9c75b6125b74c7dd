"""Doors and the phones that scan at them; it owns the tables door, pairing and device."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant, insert_ignoring
from checkin.domain.event import Area, DoorSettings, matched
from checkin.errors import Forbidden, NotFound
from checkin.tokens import new_id, new_token, token_hash

PAIRING_LIFE = timedelta(minutes=10)
HEARD_EVERY = timedelta(seconds=15)
KINDS = ("door", "desk", "protocol")


class Door(Base):
    """Where one enters or leaves an area."""

    __tablename__ = "door"
    __table_args__ = (CheckConstraint("direction IN ('in', 'out', 'both')", name="direction"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    direction: Mapped[str]
    position: Mapped[int]


class Pairing(Base):
    """An invitation to a phone: its code works once, for ten minutes."""

    __tablename__ = "pairing"
    __table_args__ = (CheckConstraint("kind IN ('door', 'desk', 'protocol')", name="kind"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    door_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("door.id"))
    kind: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class Device(Base):
    """A paired phone; a desk device may also search, a protocol phone is told of VIPs, paper is what staff enter."""

    __tablename__ = "device"
    __table_args__ = (CheckConstraint("kind IN ('door', 'desk', 'protocol', 'paper')", name="kind"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    pairing_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pairing.id"), unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    operator: Mapped[str]
    door_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("door.id"))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    paired_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    heard_at: Mapped[datetime] = mapped_column(Instant)
    skew_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    waiting: Mapped[int | None]
    roster_age_s: Mapped[int | None]
    battery: Mapped[float | None]
    # The last report's own words, all None for a phone that never made one.
    reported_at: Mapped[datetime | None] = mapped_column(Instant)
    last_seq: Mapped[int | None] = mapped_column(BigInteger)
    camera: Mapped[str | None]
    sound: Mapped[bool | None]
    storage: Mapped[str | None]
    installed: Mapped[bool | None]
    tested_at: Mapped[datetime | None] = mapped_column(Instant)


@dataclass(frozen=True)
class PhoneReport:
    """What a phone says of itself between scans; `last_seq` is the highest number it has given to a scan.

    `camera` and `storage` are words of the API, `tested_at` is when it last read a TEST badge.
    """

    waiting: int
    last_seq: int
    roster_age_s: int | None
    battery: float | None
    camera: str
    sound: bool
    storage: str
    installed: bool
    tested_at: datetime | None


@dataclass(frozen=True)
class PhoneState:
    """What a phone tells of itself with an upload; ages in seconds, battery from 0 to 1."""

    waiting: int | None = None
    roster_age_s: int | None = None
    battery: float | None = None


def set_doors(session: Session, doors: Sequence[DoorSettings]) -> None:
    """Create and change the doors; those that are left out go, which a constraint forbids for one in use."""
    areas = {area.name: area.id for area in session.scalars(select(Area))}
    known = {door.name: door for door in session.scalars(select(Door))}
    kept = set()
    for position, (given, door) in enumerate(matched(session, doors, known)):
        door = door or Door(id=new_id())
        door.name, door.area_id = given.name, areas[given.area]
        door.direction, door.position = given.direction, position
        session.add(door)
        kept.add(door.id)
    session.flush()
    session.execute(delete(Door).where(Door.id.not_in(kept)))


def offer_pairing(
    session: Session, door_id: uuid.UUID, *, kind: str = "door", now: datetime
) -> tuple[Pairing, str]:
    """A new invitation to a phone of one of the `KINDS` and its code, which is kept nowhere."""
    code = new_token()
    pairing = Pairing(
        id=new_id(),
        code_hash=token_hash(code),
        door_id=door_id,
        kind=kind,
        created_at=now,
        expires_at=now + PAIRING_LIFE,
    )
    session.add(pairing)
    session.flush()
    return pairing, code


def offered_pairing(session: Session, code: str, *, now: datetime) -> Pairing | None:
    """The invitation of a code that still works."""
    offered = select(Pairing).where(
        Pairing.code_hash == token_hash(code), Pairing.used_at.is_(None), Pairing.expires_at > now
    )
    return session.scalar(offered)


def withdraw_pairing(session: Session, pairing_id: uuid.UUID, *, now: datetime) -> None:
    """End an invitation that was not used, before its ten minutes are over."""
    unused = update(Pairing).where(
        Pairing.id == pairing_id, Pairing.used_at.is_(None), Pairing.expires_at > now
    )
    session.execute(unused.values(expires_at=now))


def devices_paired_by(session: Session, pairing_ids: Collection[uuid.UUID]) -> Sequence[Device]:
    """The phones that some invitations have become."""
    query = select(Device).where(Device.pairing_id.in_(pairing_ids))
    return session.scalars(query.order_by(Device.paired_at, Device.id)).all()


def pair_device(session: Session, code: str, *, operator: str, now: datetime) -> tuple[Device, str]:
    """Turn a pairing code into a device and its token; raises Forbidden for a code that is wrong, old or used."""
    used = update(Pairing).where(
        Pairing.code_hash == token_hash(code), Pairing.used_at.is_(None), Pairing.expires_at > now
    )
    pairing = session.execute(
        used.values(used_at=now).returning(Pairing.id, Pairing.door_id, Pairing.kind)
    ).first()
    if pairing is None:
        raise Forbidden("pairing_refused", "This pairing code doesn't work any more: ask for a new one.")
    token = new_token()
    number = (session.scalar(select(func.count()).select_from(Device)) or 0) + 1
    device = Device(
        id=new_id(),
        pairing_id=pairing.id,
        kind=pairing.kind,
        name=f"Phone {number}",
        operator=operator,
        door_id=pairing.door_id,
        token_hash=token_hash(token),
        paired_at=now,
        heard_at=now,
        skew_ms=0,
    )
    session.add(device)
    session.flush()
    return device, token


def device_with_token(session: Session, token: str) -> Device | None:
    """The device that a bearer token belongs to, revoked ones too."""
    return device_with_token_hash(session, token_hash(token))


def device_with_token_hash(session: Session, hashed: bytes) -> Device | None:
    """The device of a bearer token's hash, revoked ones too."""
    return session.scalar(select(Device).where(Device.token_hash == hashed))


def device_of_pages(
    session: Session, device_id: uuid.UUID, *, name: str, door_id: uuid.UUID, now: datetime
) -> Device:
    """The device of what is entered on a page of ours, of the kind paper, held until the transaction ends.

    Made at its first use; nobody has its token, so it can't be used elsewhere.
    """
    made: dict[str, Any] = {"id": device_id, "kind": "door", "door_id": door_id, "created_at": now}
    made |= {"expires_at": now, "used_at": now, "code_hash": token_hash(new_token())}
    session.execute(insert_ignoring(session, Pairing.__table__).values(made))
    paired: dict[str, Any] = {"id": device_id, "pairing_id": device_id, "kind": "paper", "name": name}
    paired |= {"operator": "", "door_id": door_id, "paired_at": now, "heard_at": now, "skew_ms": 0}
    paired["token_hash"] = token_hash(new_token())
    session.execute(insert_ignoring(session, Device.__table__).values(paired))
    # Held, so that two who enter something at the same time number their scans one after the other.
    held = select(Device).where(Device.id == device_id).with_for_update(key_share=True)
    return session.scalars(held).one()


def devices(session: Session) -> Sequence[Device]:
    """Every phone, revoked ones too, as they were paired."""
    return session.scalars(select(Device).order_by(Device.paired_at, Device.id)).all()


def device(session: Session, device_id: uuid.UUID) -> Device:
    """A phone; raises NotFound."""
    found = session.get(Device, device_id)
    if found is None:
        raise NotFound("unknown_device", "There is no such phone.")
    return found


def move_device(session: Session, device_id: uuid.UUID, *, door_id: uuid.UUID) -> None:
    """The phone stands at another door now; its earlier scans keep theirs."""
    session.execute(update(Device).where(Device.id == device_id).values(door_id=door_id))


def revoke_device(session: Session, device_id: uuid.UUID, *, now: datetime) -> None:
    """End a phone's access at once; what it still uploads is held."""
    revoked = update(Device).where(Device.id == device_id, Device.revoked_at.is_(None)).values(revoked_at=now)
    if session.execute(revoked.returning(Device.id)).first() is None:
        raise NotFound("unknown_device", "There is no such phone, or it is revoked already.")


def note_alive(session: Session, device_id: uuid.UUID, *, now: datetime) -> None:
    """Keep when a phone was last heard that said nothing of itself."""
    session.execute(update(Device).where(Device.id == device_id).values(heard_at=now))


def note_heard(
    session: Session, device_id: uuid.UUID, *, phone: PhoneState, skew_ms: int, now: datetime
) -> None:
    """Keep when a phone was last heard and what it said of itself."""
    heard = update(Device).where(Device.id == device_id)
    session.execute(
        heard.values(
            heard_at=now,
            skew_ms=skew_ms,
            waiting=phone.waiting,
            roster_age_s=phone.roster_age_s,
            battery=phone.battery,
        )
    )


def note_report(
    session: Session, device_id: uuid.UUID, report: PhoneReport, *, skew_ms: int, now: datetime
) -> None:
    """Keep a phone's report in the place of its last one."""
    reported = update(Device).where(Device.id == device_id)
    session.execute(reported.values(heard_at=now, reported_at=now, skew_ms=skew_ms, **vars(report)))
