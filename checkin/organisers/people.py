"""The delegates as a list that organisers search, filter, sort and choose from; it owns no table."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import format_decimal, lazy_gettext
from flask_babel import gettext as _
from flask_security import current_user

from checkin import clock
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.domain import audit, delegate_list
from checkin.domain.countries import country_codes
from checkin.domain.delegate_list import BEST, CONSENTS, ORDERS, Facets, Order, Page, Place, Wanted
from checkin.domain.details import MOST
from checkin.domain.programme import Entitlement, Programme
from checkin.domain.words import LONGEST_QUERY, is_enough
from checkin.organisers import bulk_words, pages
from checkin.organisers.pages import Choices
from checkin.organisers.wording import MERGED, PURPOSES, STATUSES

blueprint = Blueprint("people", __name__, url_prefix="/organiser/delegates")

ARRIVED, ABSENT = "arrived", "absent"
PRINTED = {"yes": True, "no": False}
# What the address keeps from page to page.
FILTERS = ("category", "country", "delegation", "organisation", "status", "came", "printed", "consent")
KEPT = (*FILTERS, "q", "sort")
# The latest first, unless one asks for the other way.
FALLING = ("registered",)
SORTED = {
    "registered": lazy_gettext("Registered"),
    "name": lazy_gettext("Name"),
    "organisation": lazy_gettext("Organisation"),
    "country": lazy_gettext("Country"),
    "category": lazy_gettext("Category"),
    "status": lazy_gettext("Status"),
    "arrived": lazy_gettext("Arrival today"),
}


@dataclass(frozen=True)
class Line:
    """One delegate as the list shows them; `arrived` is the hour of today's first entry."""

    reference: str
    address: str
    honorific: str
    name: str
    organisation: str
    delegation: str
    country: str
    category: Entitlement
    status: str
    status_name: str
    registered: str
    arrived: str
    days: int


@dataclass(frozen=True)
class Asked:
    """What an address or a form asks for; words too short to search by are only shown."""

    query: str
    wanted: Wanted
    order: Order
    # As the address has it: the column, after a hyphen where it falls.
    sort: str

    @property
    def searches(self) -> bool:
        return bool(self.wanted.query)

    def filters(self, plan: Programme) -> dict[str, str]:
        """The filters as the audit log keeps them; no names of groups, which may be a person's."""
        told = replace(self.wanted, query="")
        named = {name: str(value) for name, value in vars(told).items() if value not in (None, "")}
        if self.wanted.category_id is not None:
            named["category"] = plan.categories[self.wanted.category_id].name
            del named["category_id"]
        if self.wanted.printed is not None:
            named["printed"] = "yes" if self.wanted.printed else "no"
        return {
            name: "yes" if name in ("delegation", "organisation") else value for name, value in named.items()
        }


@blueprint.get("")
@open_to("organiser", "supervisor")
def index() -> str:
    """A page of delegates; with `part` in the address only the results, for the page on which one types."""
    now, part = clock.now(), "part" in request.args
    place = Place(pages.number("after"), pages.number("before"), "last" in request.args)
    with reading() as session:
        plan = pages.programme_now(session)
        today = plan.day_of(now)
        ask = asked(request.args, plan)
        page = delegate_list.the_page(
            session, ask.wanted, order=ask.order, place=place, day=counted_day(ask.wanted, plan, now=now)
        )
    _record_look(ask, page, plan, now=now)
    return render_template(
        "organiser/delegates_found.html" if part else "organiser/delegates.html",
        is_part=part,
        asked=ask,
        page=page,
        lines=[_line(row, plan) for row in page.rows],
        count=format_decimal(page.count),
        is_event_day=today in {day.date for day in plan.days},
        choices=_choices(plan, page.facets, ask, now=now),
        chosen={name: request.args.get(name, "") for name in FILTERS},
        kept=_kept(),
        sorts=_sorts(ask),
        headings=_headings(ask),
        turns=_turns(page),
        acts=bulk_words.ACTS,
        may_change=current_user.role == "organiser",
    )


def asked(given: Mapping[str, str], plan: Programme) -> Asked:
    """What an address or a form asks for, without what it can't mean."""
    query = " ".join(given.get("q", "")[:LONGEST_QUERY].split())
    searches = is_enough(query)
    how, _colon, day = given.get("came", "").partition(":")
    day = day if day in {str(one.date) for one in plan.days} else ""
    category = given.get("category", "")
    consent, printed = given.get("consent", ""), given.get("printed", "")
    wanted = Wanted(
        query=query if searches else "",
        category_id=next((one for one in plan.categories if str(one) == category), None),
        country=_among(given.get("country", ""), country_codes()),
        status=_among(given.get("status", ""), STATUSES),
        delegation=_named(given.get("delegation", "")),
        organisation=_named(given.get("organisation", "")),
        arrived=date.fromisoformat(day) if day and how == ARRIVED else None,
        absent=date.fromisoformat(day) if day and how == ABSENT else None,
        printed=PRINTED.get(printed),
        consent=_among(consent, CONSENTS),
    )
    by, sort = _asked_sort(given.get("sort", ""), searches=searches)
    return Asked(query, wanted, _order(by, sort, plan), sort)


def _asked_sort(given: str, *, searches: bool) -> tuple[str, str]:
    """The column, and with its direction as the address has it; else the best match first, or the latest."""
    by = given.removeprefix("-")
    if by in ORDERS:
        return by, given
    return BEST if searches else "registered", ""


def _order(by: str, sort: str, plan: Programme) -> Order:
    countries: tuple[str, ...] = ()
    if by == "country":
        named = pages.by_name((code, pages.country(code)) for code in country_codes())
        countries = tuple(code for code, _name in named)
    down = sort.startswith("-") if sort else by == "registered"
    return Order(by, down, countries, tuple(plan.categories))


def _among(value: str, choices: Any) -> str | None:
    return value if value in set(choices) else None


def _named(value: str) -> str | None:
    return value if value.isprintable() and 0 < len(value) <= MOST["delegation"] else None


def counted_day(wanted: Wanted, plan: Programme, *, now: datetime) -> date:
    """The day whose arrivals are shown and counted: the one that is filtered by, else today."""
    return wanted.arrived or wanted.absent or plan.day_of(now)


def _record_look(ask: Asked, page: Page, plan: Programme, *, now: datetime) -> None:
    """Committed before anything is shown: how many and by which filters, never who."""
    what = "delegates searched" if ask.searches else "delegates listed"
    known: dict[str, Any] = {"shown": len(page.rows), **ask.filters(plan)}
    if ask.searches:
        known["letters"] = len(ask.query)
    with transaction() as session:
        audit.record(session, what, actor=pages.actor(), now=now, **known)


def _line(row: Any, plan: Programme) -> Line:
    return Line(
        reference=row.reference,
        address=f"{request.path}/{row.reference}",
        honorific=row.honorific,
        name=row.name,
        organisation=row.organisation,
        delegation=row.delegation,
        country=pages.country(row.country, row.country_text),
        category=plan.categories[row.category_id],
        status=row.status,
        status_name=str(STATUSES[row.status] if row.merged_into is None else MERGED),
        registered=pages.moment(row.registered_at, plan),
        arrived=pages.hour(row.first_at, plan) if row.first_at else "",
        days=row.days,
    )


# --- the choices ------------------------------------------------------------------------------------------------


def _choices(plan: Programme, facets: Facets, ask: Asked, *, now: datetime) -> dict[str, Choices]:
    """What each filter offers, with how many there would be."""
    wanted, day = ask.wanted, counted_day(ask.wanted, plan, now=now)
    countries = pages.by_name((code, pages.country(code)) for code in facets.country)
    if wanted.country is not None and wanted.country not in facets.country:
        countries.append((wanted.country, pages.country(wanted.country)))
    groups = sorted({*facets.delegation, *filter(None, [wanted.delegation])})
    organisations = dict(sorted(facets.organisation)) if facets.organisation else {}
    if wanted.organisation is not None:
        organisations.setdefault(wanted.organisation, wanted.organisation)
    many = {key: facets.organisation[(key, name)] for key, name in organisations.items()}
    return {
        "category": [
            (str(key), _counted(category.name, facets.category[key]))
            for key, category in plan.categories.items()
        ],
        "country": [(code, _counted(name, facets.country[code])) for code, name in countries],
        "status": [(status, _counted(str(name), facets.status[status])) for status, name in STATUSES.items()],
        "delegation": [(name, _counted(name, facets.delegation[name])) for name in groups],
        "organisation": [(key, _counted(name, many[key])) for key, name in organisations.items()],
        "came": _days(plan, facets, day),
        "printed": [
            ("yes", _counted(_("Badge printed"), facets.printed[True])),
            ("no", _counted(_("Badge not printed"), facets.printed[False])),
        ],
        "consent": [(one, str(PURPOSES[one])) for one in CONSENTS],
    }


def _counted(name: str, many: int) -> str:
    return f"{name} ({many:,})"


def _days(plan: Programme, facets: Facets, counted: date) -> Choices:
    """Who arrived on each day and who didn't; today's, or the chosen day's, are counted."""

    def shown(sentence: str, day: date, came: bool) -> str:
        return _counted(sentence, facets.came[came]) if day == counted else sentence

    arrived = [
        (
            f"{ARRIVED}:{day.date}",
            shown(_("Arrived %(day)s", day=pages.day_name(day.date)), day.date, True),
        )
        for day in plan.days
    ]
    absent = [
        (
            f"{ABSENT}:{day.date}",
            shown(_("Not arrived %(day)s", day=pages.day_name(day.date)), day.date, False),
        )
        for day in plan.days
    ]
    return arrived + absent


# --- the order and the pages ------------------------------------------------------------------------------------


def _sorts(ask: Asked) -> Choices:
    """What the list may be sorted by, as a choice beside the filters, which phones show instead of headings."""
    named = [("", _("The latest first, or the best match"))]
    named += [(_falling(by), str(name)) for by, name in SORTED.items()]
    if ask.sort not in dict(named):
        by = ask.sort.removeprefix("-")
        named.append((ask.sort, _("%(column)s, the other way round", column=SORTED[by])))
    return named


def _falling(by: str) -> str:
    return f"-{by}" if by in FALLING else by


def _headings(ask: Asked) -> dict[str, tuple[str, str]]:
    """Of each column the address that sorts by it, or turns it round, and how it is sorted now."""
    kept = {name: value for name, value in _kept().items() if name != "sort"}
    found = {}
    for by in SORTED:
        now = ask.order.by == by
        other = by if ask.order.down else f"-{by}"
        state = ("descending" if ask.order.down else "ascending") if now else ""
        found[by] = (url_for("people.index", **kept, sort=other if now else _falling(by)), state)
    return found


def _kept() -> dict[str, Any]:
    return {name: value for name in KEPT if (value := request.args.get(name, ""))}


def _turns(page: Page) -> dict[str, str]:
    """The addresses of the first, the previous, the next and the last page, where there are any."""
    kept, turns = _kept(), {}
    if page.has_before and page.rows:
        turns["first"] = url_for("people.index", **kept)
        turns["previous"] = url_for("people.index", **kept, before=page.rows[0].id)
    if page.has_after and page.rows:
        turns["next"] = url_for("people.index", **kept, after=page.rows[-1].id)
        turns["last"] = url_for("people.index", **kept, last="")
    return turns
