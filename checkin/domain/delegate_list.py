"""The delegates as a list: filtered, searched, sorted, counted by facet and taken a page at a time; it owns no table.

A page begins after (or ends before) somebody, so the last one is found as quickly as the first. Where words match few
people, they are filtered, sorted and counted here; else the database does it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    String,
    and_,
    case,
    cast,
    distinct,
    func,
    literal,
    null,
    select,
    tuple_,
    union,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from checkin.domain.badges import Badge
from checkin.domain.delegates import UNNAMED, Consent, Delegate
from checkin.domain.scans import Attendance
from checkin.domain.searching import Matches, Words, matches, the_words

A_PAGE = 50
# Of groups and organisations so many are offered, the largest.
MOST_CHOICES = 100
ORDERS = ("registered", "name", "organisation", "country", "category", "status", "arrived")
BEST = "best"
CONSENTS = ("updates", "leads")
NEVER = datetime(9999, 1, 1, tzinfo=UTC)

Conditions = Mapping[str, ColumnElement[bool]]


@dataclass(frozen=True)
class Wanted:
    """Whom to list; None filters nothing. `arrived` and `absent` are event days.

    `organisation` is the key by which organisations are sorted: it stands for every way to write it. `printed` asks
    about the live badge, `consent` is a purpose that was agreed to.
    """

    query: str = ""
    category_id: int | None = None
    country: str | None = None
    status: str | None = None
    delegation: str | None = None
    organisation: str | None = None
    arrived: date | None = None
    absent: date | None = None
    printed: bool | None = None
    consent: str | None = None


@dataclass(frozen=True)
class Place:
    """Which page: after somebody's id, before it, the last one, or else the first."""

    after: int | None = None
    before: int | None = None
    last: bool = False


@dataclass(frozen=True)
class Order:
    """By what a list is sorted; `countries` and `categories` are the codes and ids in the reader's order.

    `common` are the countries of most delegates, whose places are told without looking for them.
    """

    by: str = "registered"
    down: bool = True
    countries: Sequence[str] = ()
    categories: Sequence[int] = ()
    common: Sequence[str] = ()


@dataclass
class Facets:
    """How many there would be with each choice of a filter, the others as they are."""

    category: Counter[int] = field(default_factory=Counter)
    country: Counter[str] = field(default_factory=Counter)
    status: Counter[str] = field(default_factory=Counter)
    delegation: Counter[str] = field(default_factory=Counter)
    # By its key, and one way to write it.
    organisation: Counter[tuple[str, str]] = field(default_factory=Counter)
    came: Counter[bool] = field(default_factory=Counter)
    printed: Counter[bool] = field(default_factory=Counter)


@dataclass(frozen=True)
class Page:
    """Some rows of a list, with whether there are others before and after them, how many in all, and the facets."""

    rows: Sequence[Any]
    count: int
    facets: Facets
    has_before: bool = False
    has_after: bool = False


def the_page(session: Session, wanted: Wanted, *, order: Order, place: Place, day: date) -> Page:
    """A page of the list; `day` is the one whose arrivals are shown and counted."""
    among = _conditions(session, wanted)
    found = matches(session, wanted.query, among=tuple(among.values())) if wanted.query else None
    if found is not None and found.words is None:
        return _page_of_few(session, found.ids, wanted, among, order=order, place=place, day=day)
    if found is not None and found.words is not None:
        among = {"words": the_words(session, found.words), **among}
    facets, count = _facets(session, wanted, among, day)
    order = replace(order, common=[code for code, _many in facets.country.most_common(6)])
    rows, more = _rows_of_page(session, among, found, order=order, place=place, day=day)
    if not rows and count and place != Place():
        # Whoever the page was to begin after isn't there any more.
        place = Place()
        rows, more = _rows_of_page(session, among, found, order=order, place=place, day=day)
    backward = place.last or place.before is not None
    return Page(
        rows[::-1] if backward else rows,
        count,
        facets,
        has_before=more if backward else place.after is not None,
        has_after=(place.before is not None) if backward else more,
    )


def selection(session: Session, wanted: Wanted, *, day: date) -> Select[int]:
    """The ids of all whom a list has."""
    among = _conditions(session, wanted)
    if wanted.query:
        found = matches(session, wanted.query, among=tuple(among.values()))
        few = found.words is None
        words = Delegate.id.in_(found.ids) if few else the_words(session, found.words or ())
        among = {"words": words, **among}
    return select(Delegate.id).where(*among.values())


# --- what is asked for ------------------------------------------------------------------------------------------

# These are looked up in other tables or in the index of words, so it is done once for all facets.
LOOKED_UP = ("words", "consent")


def _conditions(session: Session, wanted: Wanted, one: Any = Delegate) -> dict[str, ColumnElement[bool]]:
    """By the facet that each belongs to.

    SQLite is given three of them as sums, which it doesn't look up: it reads the index of the list's order instead,
    which has their columns too.
    """
    plain = session.get_bind().dialect.name == "postgresql"
    exact: dict[str, tuple[Any, Any]] = {
        "category": (one.category_id if plain else one.category_id + 0, wanted.category_id),
        "country": (one.country if plain else one.country.concat(""), wanted.country),
        "status": (one.status if plain else one.status.concat(""), wanted.status),
        "delegation": (one.delegation, wanted.delegation),
        "organisation": (one.sort_organisation, wanted.organisation),
    }
    found = {name: column == value for name, (column, value) in exact.items() if value is not None}
    if wanted.arrived is not None:
        found["came"] = one.id.in_(_arrivals(wanted.arrived))
    if wanted.absent is not None:
        found["came"] = one.id.not_in(_arrivals(wanted.absent))
    if wanted.printed is not None:
        found["printed"] = one.id.in_(_printed()) if wanted.printed else one.id.not_in(_printed())
    if wanted.consent is not None:
        found["consent"] = one.id.in_(_agreeing(wanted.consent))
    return found


def _arrivals(day: date) -> Select[int]:
    """Whoever was let in anywhere on a day: an inner area lies within the main one."""
    return select(Attendance.delegate_id).where(Attendance.day == day)


def _printed() -> Select[int]:
    return select(Badge.delegate_id).where(Badge.revoked_at.is_(None), Badge.printed_at.is_not(None))


def _agreeing(purpose: str) -> Select[int]:
    """Whose latest word on a purpose is yes."""
    yes = func.max(case((Consent.given, Consent.at)))
    mine = select(Consent.delegate_id).where(Consent.purpose == purpose).group_by(Consent.delegate_id)
    return mine.having(yes == func.max(Consent.at))


def _without(among: Conditions, *names: str) -> list[ColumnElement[bool]]:
    return [condition for name, condition in among.items() if name not in names]


# --- rows -------------------------------------------------------------------------------------------------------


def _first_at(delegate_id: Any, day: date) -> Any:
    """The first entry anywhere on a day."""
    first = select(func.min(Attendance.first_at)).where(
        Attendance.delegate_id == delegate_id, Attendance.day == day
    )
    return first.scalar_subquery()


def _firsts(day: date) -> Any:
    first_at = func.min(Attendance.first_at).label("first_at")
    firsts = select(Attendance.delegate_id, first_at).where(Attendance.day == day)
    return firsts.group_by(Attendance.delegate_id)


def _or_never(first_at: Any) -> Any:
    return func.coalesce(first_at, literal(NEVER, Delegate.registered_at.type))


def _rows(day: date) -> Select[*tuple[Any, ...]]:
    """What a row of the list shows; `first_at` is the first entry anywhere on a day."""
    days = select(func.count(distinct(Attendance.day))).where(Attendance.delegate_id == Delegate.id)
    return select(
        Delegate.id,
        Delegate.reference,
        Delegate.honorific,
        Delegate.name,
        Delegate.organisation,
        Delegate.delegation,
        Delegate.country,
        Delegate.country_text,
        Delegate.category_id,
        Delegate.status,
        Delegate.merged_into,
        Delegate.registered_at,
        _first_at(Delegate.id, day).label("first_at"),
        days.scalar_subquery().label("days"),
    )


def _key(one: Any, order: Order, words: Words | None, *, day: date, position: Any) -> Any:
    """What sorts a delegate; the same moment, name and so on are told apart by the id."""
    if order.by == "name":
        return one.sort_name
    if order.by == "organisation":
        return one.sort_organisation
    if order.by == "country":
        # Where a code stands in the text of all of them; the unknown ones last.
        codes = " ".join(order.countries)
        place = func.coalesce(func.nullif(position(one.country, codes), 0), 9999)
        common = {code: codes.index(code) + 1 for code in order.common if code in order.countries}
        return case(common, value=one.country, else_=place) if common else place
    if order.by == "category":
        return case({key: number for number, key in enumerate(order.categories)}, value=one.category_id)
    if order.by == "status":
        return one.status
    if order.by == "arrived":
        return _or_never(_first_at(one.id, day))
    if order.by == BEST and words:
        whole = and_(*(position(f"  {word}  ", one.search) > 0 for word in words))
        return case((whole, literal("0")), else_=literal("1")) + one.sort_name
    return one.id


def _rows_of_page(
    session: Session,
    among: Conditions,
    found: Matches | None,
    *,
    order: Order,
    place: Place,
    day: date,
) -> tuple[Sequence[Any], bool]:
    """A page's rows from its beginning, or from its end backwards; and whether there are more on that side."""
    position, words = _position(session), found.words if found else None
    key = _key(Delegate, order, words, day=day, position=position)
    down = order.down != (place.last or place.before is not None)
    query = select(Delegate.id).where(*among.values())
    if order.by == "arrived":
        # Read once for all, not looked up for each.
        firsts = _firsts(day).subquery()
        query = query.outerjoin(firsts, firsts.c.delegate_id == Delegate.id)
        key = _or_never(firsts.c.first_at)
    query = query.add_columns(key.label("key"))
    if (at := place.after or place.before) is not None and not place.last:
        other = aliased(Delegate)
        its_key = _key(other, order, words, day=day, position=position)
        bound = select(its_key).where(other.id == at).scalar_subquery()
        here, there = tuple_(key, Delegate.id), tuple_(bound, literal(at))
        query = query.where(here < there if down else here > there)
    sort = [key.desc(), Delegate.id.desc()] if down else [key, Delegate.id]
    some = query.order_by(*sort).limit(A_PAGE + 1).subquery()
    outer = [some.c.key.desc(), some.c.id.desc()] if down else [some.c.key, some.c.id]
    rows = session.execute(_rows(day).join(some, some.c.id == Delegate.id).order_by(*outer)).all()
    return rows[:A_PAGE], len(rows) > A_PAGE


def _position(session: Session) -> Any:
    """Where a text stands in another, from 1, as this database calls it."""
    if session.get_bind().dialect.name == "postgresql":
        return lambda text, within: func.strpos(within, text)
    return lambda text, within: func.instr(within, text)


# --- facets -----------------------------------------------------------------------------------------------------


def _facets(session: Session, wanted: Wanted, among: Conditions, day: date) -> tuple[Facets, int]:
    """All facets and how many there are, in one statement."""
    one = _looked_up(among)
    plain = {name: it for name, it in _conditions(session, wanted, one).items() if name not in LOOKED_UP}
    together = _together(one, day).where(*_without(plain, *TOGETHER))
    facets, count = Facets(), 0
    for facet, many, text, number, more, group, came, printed, both in session.execute(
        union_all(together, _organisations(one, plain))
    ):
        if facet == "organisation":
            facets.organisation[(text, more or text)] = many
            continue
        cells = {
            (True, True): both,
            (True, False): came - both,
            (False, True): printed - both,
            (False, False): many - came - printed + both,
        }
        for flags, people in cells.items():
            if people:
                values = dict(zip(TOGETHER, (text, number, more, group or None, *flags), strict=True))
                lacks = [name for name in TOGETHER if name in among and values[name] != _chosen(wanted, name)]
                _count(facets, values, lacks, people)
                count += 0 if lacks else people
    facets.delegation = Counter(dict(facets.delegation.most_common(MOST_CHOICES)))
    return facets, count


# Those that one reading of all counts together; the filters by them are applied to what it gives.
TOGETHER = ("status", "category", "country", "delegation", "came", "printed")


def _chosen(wanted: Wanted, name: str) -> Any:
    if name == "came":
        return wanted.arrived is not None
    return wanted.category_id if name == "category" else getattr(wanted, name)


def _count(facets: Facets, values: Mapping[str, Any], lacks: Sequence[str], people: int) -> None:
    """Count people in each facet whose other filters they meet; `lacks` are the filters that they don't."""
    for name in values if not lacks else lacks if len(lacks) == 1 else ():
        if values[name] is not None:
            getattr(facets, name)[values[name]] += people


def _looked_up(among: Conditions) -> Any:
    """Those who meet the conditions that are looked up, as a table of its own where there are any."""
    hard = [condition for name, condition in among.items() if name in LOOKED_UP]
    if not hard:
        return Delegate
    columns = (
        *(Delegate.id, Delegate.status, Delegate.category_id, Delegate.country),
        *(Delegate.delegation, Delegate.sort_organisation),
    )
    return select(*columns).where(*hard).cte("looked_up").c


def _together(one: Any, day: date) -> Any:
    """People by what few of them differ in; how many came and have a printed badge, and how many both."""
    groups = (one.status, one.category_id, one.country, one.delegation)
    if one is not Delegate:
        # Of few it is asked one by one.
        of_one = (
            _arrivals(day).where(Attendance.delegate_id == one.id).exists(),
            _printed().where(Badge.delegate_id == one.id).exists(),
        )
        return _counted(groups, *(case((holds, 1)) for holds in (*of_one, and_(*of_one))))
    # Distinct, though nobody has two live badges: so SQLite reads them once.
    theirs = _arrivals(day).distinct().subquery(), _printed().distinct().subquery()
    came, printed = (table.c.delegate_id for table in theirs)
    query = _counted(groups, came, printed, case((came.is_not(None), printed))).select_from(Delegate)
    return query.outerjoin(theirs[0], came == Delegate.id).outerjoin(theirs[1], printed == Delegate.id)


def _counted(groups: Sequence[Any], *counted: Any) -> Any:
    """How many there are in each group, and for how many of them something isn't NULL."""
    counts = (func.count(), *map(func.count, counted))
    return select(literal("together"), counts[0], *groups, *counts[1:]).group_by(*groups)


def _organisations(one: Any, plain: Conditions) -> Any:
    """The largest of them, each with one way to write it."""
    many = func.count().label("many")
    largest = (
        select(one.sort_organisation.label("name"), many)
        .where(one.sort_organisation != UNNAMED, *_without(plain, "organisation"))
        .group_by(one.sort_organisation)
        .order_by(many.desc(), one.sort_organisation)
        .limit(MOST_CHOICES)
        .subquery()
    )
    other = aliased(Delegate)
    written = select(other.organisation).where(other.sort_organisation == largest.c.name)
    shown = written.order_by(other.id).limit(1).scalar_subquery()
    nothing = (cast(null(), String), *(cast(null(), Integer) for _flag in range(3)))
    return select(
        literal("organisation"), largest.c.many, largest.c.name, cast(null(), Integer), shown, *nothing
    )


# --- few, by words ----------------------------------------------------------------------------------------------


def _page_of_few(
    session: Session,
    ids: Sequence[int],
    wanted: Wanted,
    among: Conditions,
    *,
    order: Order,
    place: Place,
    day: date,
) -> Page:
    """A page of those whom words have found: all of them are read, in one statement."""
    if not ids:
        return Page((), 0, Facets())
    rank = {delegate_id: number for number, delegate_id in enumerate(ids)}
    sorted_by = replace(order, by="registered") if order.by == BEST else order
    key = _key(Delegate, sorted_by, None, day=day, position=_position(session))
    flags = [condition.label(f"fits_{name}") for name, condition in among.items()]
    known = (
        Delegate.id.in_(_arrivals(day)).label("came"),
        Delegate.id.in_(_printed()).label("printed"),
    )
    query = _rows(day).add_columns(key.label("key"), Delegate.sort_organisation, *known, *flags)
    rows = session.execute(query.where(Delegate.id.in_(ids))).all()
    facets = _facets_of_few(rows, list(among))
    rows = [row for row in rows if all(getattr(row, f"fits_{name}") for name in among)]
    if order.by == BEST:
        rows.sort(key=lambda row: rank[row.id])
    else:
        rows.sort(key=lambda row: (row.key, row.id), reverse=order.down)
    begin = _begin(rows, place)
    shown = rows[begin : begin + A_PAGE]
    return Page(shown, len(rows), facets, has_before=begin > 0, has_after=begin + A_PAGE < len(rows))


def _begin(rows: Sequence[Row[Any]], place: Place) -> int:
    there = {row.id: number for number, row in enumerate(rows)}
    if place.last:
        return max(0, len(rows) - A_PAGE)
    if place.after in there:
        return there[place.after] + 1
    if place.before in there:
        return max(0, there[place.before] - A_PAGE)
    return 0


def _facets_of_few(rows: Sequence[Any], names: Sequence[str]) -> Facets:
    facets = Facets()
    for row in rows:
        values = {
            "category": row.category_id,
            "country": row.country,
            "status": row.status,
            "delegation": row.delegation or None,
            "organisation": (row.sort_organisation, row.organisation) if row.organisation else None,
            "came": bool(row.came),
            "printed": bool(row.printed),
        }
        _count(facets, values, [name for name in names if not getattr(row, f"fits_{name}")], 1)
    return facets


# --- what there is to choose from -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Groups:
    """The countries (codes) and delegations that occur."""

    countries: Sequence[str]
    delegations: Sequence[str]


def groups(session: Session) -> Groups:
    """All of them, in one statement."""
    countries = select(literal("country"), Delegate.country).where(Delegate.country.is_not(None))
    delegations = select(literal("delegation"), Delegate.delegation).where(Delegate.delegation != "")
    found: dict[str, list[str]] = {"country": [], "delegation": []}
    both: Any = union(countries, delegations)
    for kind, name in session.execute(both):
        found[kind].append(name)
    return Groups(found["country"], sorted(found["delegation"]))
