"""The delegates as a list that organisers search and filter; it owns no table."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from checkin import clock
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.domain import audit, listing
from checkin.domain.countries import country_codes
from checkin.domain.details import MOST
from checkin.domain.listing import COUNTED_AT_MOST, Groups, Page, Wanted
from checkin.domain.programme import Entitlement, Programme
from checkin.domain.words import LONGEST_QUERY, is_enough
from checkin.organisers import pages
from checkin.organisers.pages import Choices
from checkin.organisers.wording import STATUSES

blueprint = Blueprint("people", __name__, url_prefix="/organiser/delegates")

ARRIVED, ABSENT = "arrived", "absent"
# What the address keeps from page to page.
FILTERS = ("category", "country", "status", "delegation", "came")


@dataclass(frozen=True)
class Line:
    """One delegate as the list shows them; `arrived` is the hour of today's first entry."""

    reference: str
    honorific: str
    name: str
    organisation: str
    delegation: str
    country: str
    category: Entitlement
    status: str
    status_name: str
    arrived: str
    days: int


@dataclass(frozen=True)
class Asked:
    """What the address asks for: words, filters, and where the page begins."""

    query: str
    wanted: Wanted
    after: int | None
    before: int | None

    @property
    def searches(self) -> bool:
        return is_enough(self.query)

    def filters(self, plan: Programme) -> dict[str, str]:
        """The filters as the audit log keeps them; not a delegation's name, which may be a person's."""
        named = {name: str(value) for name, value in vars(self.wanted).items() if value is not None}
        if self.wanted.category_id is not None:
            named["category"] = plan.categories[self.wanted.category_id].name
            del named["category_id"]
        return {name: "yes" if name == "delegation" else value for name, value in named.items()}


@blueprint.get("")
@open_to("organiser", "supervisor")
def index() -> str:
    """A page of delegates; with `part` in the address only the results, for the page on which one types."""
    now, part = clock.now(), "part" in request.args
    with reading() as session:
        plan = pages.programme_now(session)
        today = plan.day_of(now)
        asked = _asked(plan)
        page = _page(session, asked, day=today)
        groups = None if part else listing.groups(session)
    _record_look(asked, page, plan, now=now)
    return render_template(
        "organiser/delegates_found.html" if part else "organiser/delegates.html",
        asked=asked,
        page=page,
        lines=[_line(row, plan) for row in page.rows],
        count=_count(page),
        is_event_day=today in {day.date for day in plan.days},
        choices=_choices(plan, groups) if groups else {},
        chosen={name: request.args.get(name, "") for name in FILTERS},
        turns=_turns(page),
    )


def _asked(plan: Programme) -> Asked:
    how, _colon, day = (pages.chosen("came", dict(_days(plan))) or "").partition(":")
    category, delegation = pages.number("category"), request.args.get("delegation", "")
    wanted = Wanted(
        category_id=category if category in plan.categories else None,
        country=pages.chosen("country", country_codes()),
        status=pages.chosen("status", STATUSES),
        delegation=delegation
        if delegation.isprintable() and 0 < len(delegation) <= MOST["delegation"]
        else None,
        arrived=date.fromisoformat(day) if how == ARRIVED else None,
        absent=date.fromisoformat(day) if how == ABSENT else None,
    )
    query = " ".join(request.args.get("q", "")[:LONGEST_QUERY].split())
    return Asked(query, wanted, pages.number("after"), pages.number("before"))


def _page(session: Session, asked: Asked, *, day: date) -> Page:
    if asked.searches:
        return listing.matching_delegates(session, asked.query, asked.wanted, day=day)
    return listing.delegates_page(session, asked.wanted, day=day, after=asked.after, before=asked.before)


def _record_look(asked: Asked, page: Page, plan: Programme, *, now: datetime) -> None:
    """Committed before anything is shown: how many and by which filters, never who."""
    what = "delegates searched" if asked.searches else "delegates listed"
    known: dict[str, Any] = {"shown": len(page.rows), **asked.filters(plan)}
    if asked.searches:
        known["letters"] = len(asked.query)
    with transaction() as session:
        audit.record(session, what, actor=pages.actor(), now=now, **known)


def _line(row: Any, plan: Programme) -> Line:
    return Line(
        reference=row.reference,
        honorific=row.honorific,
        name=row.name,
        organisation=row.organisation,
        delegation=row.delegation,
        country=pages.country(row.country, row.country_text),
        category=plan.categories[row.category_id],
        status=row.status,
        status_name=str(STATUSES[row.status]),
        arrived=pages.hour(row.first_at, plan) if row.first_at else "",
        days=row.days,
    )


def _count(page: Page) -> str:
    """How many there are, as a number or as more than one."""
    if page.count is None:
        return str(_("More than %(num)s", num=len(page.rows)))
    if page.count > COUNTED_AT_MOST:
        return str(_("More than %(num)s", num=f"{COUNTED_AT_MOST:,}"))
    return f"{page.count:,}"


def _choices(plan: Programme, groups: Groups) -> dict[str, Choices]:
    countries = [(code, f"{pages.country(code)} ({many})") for code, many in groups.countries.items()]
    return {
        "category": [(str(key), category.name) for key, category in plan.categories.items()],
        "country": pages.by_name(countries),
        "status": [(status, str(name)) for status, name in STATUSES.items()],
        "delegation": [(name, f"{name} ({many})") for name, many in groups.delegations.items()],
        "came": _days(plan),
    }


def _days(plan: Programme) -> Choices:
    arrived = [
        (f"{ARRIVED}:{day.date}", _("Arrived %(day)s", day=pages.day_name(day.date))) for day in plan.days
    ]
    absent = [
        (f"{ABSENT}:{day.date}", _("Not arrived %(day)s", day=pages.day_name(day.date))) for day in plan.days
    ]
    return arrived + absent


def _turns(page: Page) -> dict[str, str]:
    """The addresses of the newer and the older page, where there are any."""
    kept: dict[str, Any] = {name: value for name in (*FILTERS, "q") if (value := request.args.get(name, ""))}
    turns = {}
    if page.has_newer and page.rows:
        turns["newer"] = url_for("people.index", **kept, before=page.rows[0].id)
    if page.has_older and page.rows:
        turns["older"] = url_for("people.index", **kept, after=page.rows[-1].id)
    return turns
