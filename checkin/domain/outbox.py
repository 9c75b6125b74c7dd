"""The messages as organisers look at them: by state, with whom they are for; it owns no table."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from checkin.domain.delegates import Delegate
from checkin.domain.messages import Message
from checkin.errors import NotFound

A_PAGE = 50


def counts(session: Session) -> dict[str, int]:
    """How many messages there are in each state that occurs."""
    query = select(Message.status, func.count().label("letters")).group_by(Message.status)
    return {row.status: row.letters for row in session.execute(query)}


def letters(
    session: Session, status: str, *, before: uuid.UUID | None = None
) -> tuple[Sequence[Row[Any]], bool]:
    """A page of messages in a state, the newest first, older than `before`; and whether there are older ones."""
    query = _letters().where(Message.status == status)
    if before is not None:
        then = select(Message.created_at).where(Message.id == before).scalar_subquery()
        older = or_(Message.created_at < then, and_(Message.created_at == then, Message.id < before))
        query = query.where(older)
    query = query.order_by(Message.created_at.desc(), Message.id.desc()).limit(A_PAGE + 1)
    found = session.execute(query).all()
    return found[:A_PAGE], len(found) > A_PAGE


def letter(session: Session, message_id: uuid.UUID) -> Row[Any]:
    """One message with whom it is for; raises NotFound."""
    found = session.execute(_letters().where(Message.id == message_id)).first()
    if found is None:
        raise NotFound("unknown_letter", "There is no such letter.")
    return found


def _letters() -> Select[*tuple[Any, ...]]:
    return select(
        Message.id,
        Message.kind,
        Message.status,
        Message.created_at,
        Message.sent_at,
        Message.error,
        Delegate.reference,
        Delegate.honorific,
        Delegate.name,
        Delegate.email,
    ).join(Delegate, Delegate.id == Message.delegate_id)
