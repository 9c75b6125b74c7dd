"""The people who run the event and how they prove who they are; it owns the tables staff and passkey."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import LARGEST_ID, Base, Instant, insert_ignoring
from checkin.errors import Conflict, Forbidden, NotFound
from checkin.tokens import new_id, new_token, token_hash

ROLES = ("organiser", "supervisor", "desk", "protocol")
INVITATION_LIFE = timedelta(hours=24)
RECOVERY_CODES = 8
PASSKEYS_AT_MOST = 10


class Staff(Base):
    """Somebody who signs in, with one role."""

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint("role IN ('organiser', 'supervisor', 'desk', 'protocol')", name="role"),
        CheckConstraint("password IS NULL OR tf_totp_secret IS NOT NULL", name="second_factor"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # In lower case, so that one person is not two.
    email: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    # Of a supervisor who has one area; the others have all.
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    # Hashed; empty until the person has set one by the link they were given.
    password: Mapped[str | None]
    active: Mapped[bool]
    # Changed to end every session of this person at once.
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    tf_primary_method: Mapped[str | None]
    # Encrypted under the installation's secret key.
    tf_totp_secret: Mapped[str | None]
    # The time step of the newest code that was accepted: no code works twice.
    tf_counter: Mapped[int | None] = mapped_column(BigInteger)
    # Hashes; a code that was used is gone.
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(JSON)
    invitation_hash: Mapped[bytes | None] = mapped_column(unique=True)
    invitation_expires_at: Mapped[datetime | None] = mapped_column(Instant)
    # By which a passkey tells whose it is; random, so that it says nothing of the person.
    passkey_handle: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant)


class Passkey(Base):
    """A passkey (W3C Web Authentication) of a member of staff."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    name: Mapped[str]
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[list[str]] = mapped_column(JSON)
    backup_state: Mapped[bool]
    device_type: Mapped[str]
    extensions: Mapped[str | None]
    usage: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_used_at: Mapped[datetime] = mapped_column(Instant)


@dataclass(frozen=True)
class SecondFactor:
    """An authenticator's secret (encrypted) and the time step of the code that showed that it works."""

    totp_secret: str
    counter: int


@dataclass(frozen=True)
class NewPasskey:
    """What an authenticator told of the passkey that it made."""

    name: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]
    backup_state: bool
    device_type: str
    # It is always a whole sign-in: the person was verified by the authenticator itself.
    usage: str = "first"


def add_staff(
    session: Session, email: str, *, role: str, uniquifier: str, now: datetime, area_id: int | None = None
) -> Staff:
    """A new member of staff without a password, a supervisor perhaps of one area.

    Raises Conflict for an address that is on the staff.
    """
    known = staff_with_email(session, email)
    if known is not None:
        raise Conflict("staff_known", f"{email} is on the staff already, as {known.role}.")
    staff = Staff(email=email.lower(), role=role, active=True, fs_uniquifier=uniquifier, created_at=now)
    staff.area_id = area_id if role == "supervisor" else None
    session.add(staff)
    session.flush()
    return staff


def staff_with_email(session: Session, email: str) -> Staff | None:
    """The member of staff with this address, in any case of letters."""
    return session.scalar(select(Staff).where(Staff.email == email.lower()))


def staff_with_uniquifier(session: Session, uniquifier: str) -> Staff | None:
    """The member of staff whose sessions carry this mark."""
    return session.scalar(select(Staff).where(Staff.fs_uniquifier == uniquifier))


def somebody_signed_up(session: Session) -> bool:
    """Whether anybody on the staff has set a password."""
    return session.scalar(select(Staff.id).where(Staff.password.is_not(None)).limit(1)) is not None


def invite(session: Session, staff: Staff, *, now: datetime) -> str:
    """A token that once, within 24 hours, lets this person set a password and a second factor.

    It is kept nowhere but as a hash. Earlier ones stop working; password and sessions stay until it is used.
    """
    token = new_token()
    changed = update(Staff).where(Staff.id == staff.id)
    session.execute(
        changed.values(invitation_hash=token_hash(token), invitation_expires_at=now + INVITATION_LIFE)
    )
    return token


def invited_staff(session: Session, token: str, *, now: datetime) -> Staff:
    """Who an invitation is for; raises Forbidden for one that is wrong, old or used."""
    invited = select(Staff).where(
        Staff.invitation_hash == token_hash(token), Staff.invitation_expires_at > now, Staff.active
    )
    staff = session.scalar(invited)
    if staff is None:
        raise _invitation_refused()
    return staff


def accept_invitation(
    session: Session, token: str, *, password: str, factor: SecondFactor, now: datetime
) -> Staff:
    """Use an invitation up: set password (hashed) and second factor; raises as `invited_staff` does.

    What the person had before is void: recovery codes, passkeys, and every session on every device.
    """
    used = update(Staff).where(
        Staff.invitation_hash == token_hash(token), Staff.invitation_expires_at > now, Staff.active
    )
    accepted: Staff | None = session.scalar(
        used.values(
            password=password,
            fs_uniquifier=new_id().hex,
            tf_primary_method="authenticator",
            tf_totp_secret=factor.totp_secret,
            tf_counter=factor.counter,
            mf_recovery_codes=None,
            invitation_hash=None,
            invitation_expires_at=None,
        ).returning(Staff)
    )
    if accepted is None:
        raise _invitation_refused()
    session.execute(delete(Passkey).where(Passkey.staff_id == accepted.id))
    return accepted


def _invitation_refused() -> Forbidden:
    return Forbidden("invitation_refused", "This link doesn't work any more: ask an organiser for a new one.")


def set_password(session: Session, staff_id: int, *, password: str) -> None:
    """Keep another hash of a member's password."""
    session.execute(update(Staff).where(Staff.id == staff_id).values(password=password))


def set_second_factor(session: Session, staff_id: int, *, factor: SecondFactor) -> None:
    """Another authenticator instead of the present one, whose codes stop working."""
    changed = update(Staff).where(Staff.id == staff_id)
    session.execute(changed.values(tf_totp_secret=factor.totp_secret, tf_counter=factor.counter))


def use_counter(session: Session, staff_id: int, *, counter: int) -> bool:
    """Use an authenticator's code up by its time step; False where it or a newer one was used before."""
    unused = Staff.tf_counter.is_(None) | (Staff.tf_counter < counter)
    used = update(Staff).where(Staff.id == staff_id, unused).values(tf_counter=counter)
    return session.execute(used.returning(Staff.id)).first() is not None


def renew_recovery_codes(session: Session, staff_id: int) -> list[str]:
    """New recovery codes of 80 random bits, which are kept as hashes only; the old ones stop working."""
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    hashes = [_recovery_hash(code) for code in codes]
    session.execute(update(Staff).where(Staff.id == staff_id).values(mf_recovery_codes=hashes))
    return codes


def use_recovery_code(session: Session, staff_id: int, *, code: str) -> bool:
    """Use a recovery code up, typed in any case, with or without hyphens; False where it is none."""
    locked = select(Staff.mf_recovery_codes).where(Staff.id == staff_id).with_for_update()
    left = list(session.scalar(locked) or ())
    hashed = _recovery_hash(code)
    if hashed not in left:
        return False
    left.remove(hashed)
    session.execute(update(Staff).where(Staff.id == staff_id).values(mf_recovery_codes=left))
    return True


def _recovery_code() -> str:
    digits = token_hash(new_token()).hex()[:20]
    return "-".join(digits[start : start + 4] for start in range(0, 20, 4))


def _recovery_hash(code: str) -> str:
    return token_hash("".join(filter(str.isalnum, code.lower()))).hex()


def passkey_handle(session: Session, staff_id: int) -> str:
    """By what a person's passkeys tell whose they are; made when it is first needed."""
    mine = update(Staff).where(Staff.id == staff_id)
    handle = func.coalesce(Staff.passkey_handle, new_token())
    return session.execute(mine.values(passkey_handle=handle).returning(Staff.passkey_handle)).scalar_one()  # type: ignore[return-value]


def passkeys(session: Session, staff_id: int) -> Sequence[Passkey]:
    """A person's passkeys, as they were added."""
    return session.scalars(select(Passkey).where(Passkey.staff_id == staff_id).order_by(Passkey.id)).all()


def add_passkey(session: Session, staff_id: int, passkey: NewPasskey, *, now: datetime) -> None:
    """Keep a passkey; raises Conflict for one too many, or one that is kept already."""
    # Held, so that two that are added at once are counted one after the other.
    session.execute(select(Staff.id).where(Staff.id == staff_id).with_for_update())
    count = session.scalar(select(func.count()).where(Passkey.staff_id == staff_id)) or 0
    if count >= PASSKEYS_AT_MOST:
        raise Conflict("too_many_passkeys", f"You have {count} passkeys: remove one first.")
    values = {**vars(passkey), "staff_id": staff_id, "created_at": now, "last_used_at": now}
    added = insert_ignoring(session, Passkey.__table__).values(values).returning(Passkey.__table__.c.id)
    if session.execute(added).first() is None:
        raise Conflict("passkey_known", "This passkey is registered already.")


def passkey_with_credential(session: Session, credential_id: bytes) -> tuple[Passkey, Staff] | None:
    """A passkey and whose it is, held until the transaction ends; None for an unknown one."""
    query = select(Passkey, Staff).join(Staff, Staff.id == Passkey.staff_id)
    row = session.execute(query.where(Passkey.credential_id == credential_id).with_for_update()).first()
    return None if row is None else (row.Passkey, row.Staff)


def remove_passkey(session: Session, staff_id: int, passkey_id: int) -> bool:
    """Remove one of a person's own passkeys; False where there is none."""
    mine = delete(Passkey).where(Passkey.id == passkey_id, Passkey.staff_id == staff_id)
    return session.execute(mine.returning(Passkey.id)).first() is not None


def end_sessions(session: Session, staff_id: int) -> None:
    """Sign a member of staff out on every device."""
    session.execute(update(Staff).where(Staff.id == staff_id).values(fs_uniquifier=new_id().hex))


# --- the staff as organisers see it -------------------------------------------------------------------------


@dataclass(frozen=True)
class Member:
    """A member of staff: `invited_until` is set while an invitation is open, `joined` once they have a password."""

    id: int
    email: str
    role: str
    area_id: int | None
    active: bool
    joined: bool
    invited_until: datetime | None
    passkeys: int
    recovery_codes: int


def everybody(session: Session, *, now: datetime) -> Sequence[Member]:
    """All who are or were on the staff, those who may sign in first, by address."""
    passkeys = select(func.count()).where(Passkey.staff_id == Staff.id).scalar_subquery()
    query = select(Staff, passkeys.label("passkeys")).order_by(Staff.active.desc(), Staff.email)
    return [
        Member(
            one.id,
            one.email,
            one.role,
            one.area_id,
            one.active,
            one.password is not None,
            one.invitation_expires_at
            if one.invitation_expires_at is not None and one.invitation_expires_at > now
            else None,
            passkeys,
            len(one.mf_recovery_codes or ()),
        )
        for one, passkeys in session.execute(query)
    ]


def member(session: Session, staff_id: int) -> Staff:
    """A member of staff, held until the transaction ends; raises NotFound."""
    held = select(Staff).where(Staff.id == staff_id).with_for_update()
    found = session.scalar(held) if staff_id <= LARGEST_ID else None
    if found is None:
        raise NotFound("unknown_staff", "There is nobody with this number on the staff.")
    return found


def change_role(session: Session, staff: Staff, *, role: str, area_id: int | None = None) -> bool:
    """Another role or area for somebody; False where it is theirs. Raises Conflict for the last organiser."""
    if (staff.role, staff.area_id) == (role, area_id):
        return False
    if staff.role != role:
        _keep_an_organiser(session, staff)
    staff.role, staff.area_id = role, area_id if role == "supervisor" else None
    session.flush()
    return True


def stop(session: Session, staff: Staff) -> bool:
    """Let somebody sign in no more and end their sessions; False where that is so. Raises as `change_role` does."""
    if not staff.active:
        return False
    _keep_an_organiser(session, staff)
    staff.active, staff.fs_uniquifier = False, new_id().hex
    staff.invitation_hash = staff.invitation_expires_at = None
    session.flush()
    return True


def let_back(session: Session, staff: Staff) -> bool:
    """Let somebody sign in again, with what they had; False where they may."""
    if staff.active:
        return False
    staff.active = True
    session.flush()
    return True


def _keep_an_organiser(session: Session, staff: Staff) -> None:
    """Somebody must be left who can sign in and undo it."""
    if staff.role != "organiser" or not staff.active:
        return
    # Held, so that two who stop each other at once don't both succeed.
    others = select(Staff.id).where(
        Staff.role == "organiser", Staff.active, Staff.password.is_not(None), Staff.id != staff.id
    )
    if not session.scalars(others.order_by(Staff.id).with_for_update()).all():
        raise Conflict("last_organiser", "Nobody else could organise then: invite another organiser first.")


def supervised_areas(session: Session) -> set[int]:
    """The areas that are somebody's, so that they can't be removed."""
    return {one for one in session.scalars(select(Staff.area_id).distinct()) if one is not None}
