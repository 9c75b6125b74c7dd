"""Who saw or took along a delegate's data, as far as the audit log tells; it owns no table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, union
from sqlalchemy.orm import Session

from checkin.domain.audit import TAKEN, Audit
from checkin.domain.delegates import Delegate
from checkin.domain.event import Category

AT_MOST = 200


@dataclass(frozen=True)
class Seen:
    """Somebody had the data before them: that of this delegate alone, or of many, as `purpose` says for what."""

    at: datetime
    actor: str
    action: str
    purpose: str
    alone: bool


def seen(session: Session, delegate: Delegate) -> Sequence[Seen]:
    """The latest looks first: acts of others about a delegate, and files and lists in which they may have been.

    Those of another category alone are left out. Pages of lists and searches keep no names, so they don't occur.
    """
    # Their own, and of whoever was merged into them.
    references = select(Delegate.reference).where(
        or_(Delegate.id == delegate.id, Delegate.merged_into == delegate.id)
    )
    alone = select(Audit.id).where(
        Audit.subject.in_(references), Audit.actor.not_like("delegate%"), Audit.actor != "worker"
    )
    taken = select(Audit.id).where(Audit.action.in_(TAKEN), Audit.at >= delegate.registered_at)
    # Whoever was erased is in no file any more.
    if delegate.erased_at is not None:
        taken = taken.where(Audit.at < delegate.erased_at)
    # Each by its own index; joined by OR they would be found by none.
    is_theirs = Audit.subject.in_(references).label("alone")
    query = select(Audit, Category.name.label("category"), is_theirs).join(
        Category, Category.id == delegate.category_id
    )
    latest = query.where(Audit.id.in_(union(alone, taken))).order_by(Audit.id.desc()).limit(AT_MOST)
    rows = session.execute(latest).all()
    return [
        _seen(act, alone=alone)
        for act, category, alone in rows
        if act.details.get("category", category) == category
    ]


def _seen(act: Audit, *, alone: bool) -> Seen:
    return Seen(act.at, act.actor, act.action, "" if alone else act.reason, alone)
