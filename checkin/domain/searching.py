"""Finding people by what a help desk is told; it owns no table (the words are the delegate's column `search`)."""

from dataclasses import dataclass
from datetime import date, datetime

from anyascii import anyascii
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from checkin.domain.delegates import Delegate
from checkin.domain.event import Category
from checkin.domain.scans import Attendance

AT_MOST = 10


@dataclass(frozen=True)
class Found:
    """One result; `today` is the first entry of the day to the main area."""

    reference: str
    name: str
    organisation: str
    category: str
    today: datetime | None


def folded(text: str) -> str:
    """A text as it is searched: Latin letters without accents, lower case; other scripts beside their own form."""
    latin = anyascii(text).casefold()
    return latin if text.isascii() else f"{latin} {text.casefold()}"


def search_text(*parts: str | None) -> str:
    """What the column `search` holds of a delegate's parts."""
    return folded(" ".join(part for part in parts if part))


def is_enough(query: str) -> bool:
    """Whether a query may be asked: two letters or digits, or one Han character."""
    letters = [letter for letter in query if letter.isalnum()]
    return len(letters) >= 2 or any("\u3400" <= letter <= "\u9fff" for letter in letters)


def search(session: Session, query: str, *, area_id: int, day: date) -> list[Found]:
    """At most ten people who match every word, the best first."""
    here = and_(Attendance.delegate_id == Delegate.id, Attendance.area_id == area_id, Attendance.day == day)
    statement = (
        select(Delegate.reference, Delegate.name, Delegate.organisation, Category.name, Attendance.first_at)
        .join(Category, Category.id == Delegate.category_id)
        .outerjoin(Attendance, here)
        .where(*(Delegate.search.contains(word, autoescape=True) for word in folded(query).split()))
        .order_by(Delegate.name, Delegate.id)
        .limit(AT_MOST)
    )
    return [Found(*row) for row in session.execute(statement)]
