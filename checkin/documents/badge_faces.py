"""What the badges of a print run show, from what the database holds of them; it owns no table."""

from collections.abc import Iterable, Iterator
from typing import Any

from checkin.documents.badges import BadgeFace
from checkin.domain.badges import code_of
from checkin.domain.countries import country_name
from checkin.domain.programme import Programme
from checkin.tokens import BadgeKey


def face(badge: Any, delegate: Any, category: Any, *, plan: Programme, key: BadgeKey) -> BadgeFace:
    """One badge's face; raises Refusal where the badge was made under another key."""
    return BadgeFace(
        reference=delegate.reference,
        honorific=delegate.honorific,
        name=delegate.name,
        short_name=delegate.short_name,
        organisation=delegate.organisation,
        country=country_name(delegate.country, "en") if delegate.country else delegate.country_text,
        country_code=delegate.country,
        category=category.name,
        colour=category.colour,
        code=code_of(badge, key=key, prefix=plan.code_prefix),
        event=plan.name,
        venue_line=_when_and_where(plan),
        days=tuple(
            " · ".join(filter(None, (day.name, f"{day.date:%A} {day.date.day} {day.date:%B}")))
            for day in plan.days
            if day.counts
        ),
        language="en",
        logo=plan.logo.png if plan.logo else b"",
    )


def faces(rows: Iterable[Any], plan: Programme, *, key: BadgeKey) -> Iterator[BadgeFace]:
    """The faces of a print run, in its order."""
    return (face(row.Badge, row.Delegate, row.Category, plan=plan, key=key) for row in rows)


def _when_and_where(plan: Programme) -> str:
    days = [day.date for day in plan.days if day.counts]
    first, last = days[0], days[-1]
    if first == last:
        when = f"{last.day} {last:%B %Y}"
    elif (first.year, first.month) == (last.year, last.month):
        when = f"{first.day}–{last.day} {last:%B %Y}"
    else:
        when = f"{first.day} {first:%B} – {last.day} {last:%B %Y}"
    return " · ".join(part for part in (when, plan.venue) if part)
