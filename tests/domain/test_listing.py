"""The list of delegates: filters within a search, facets, every order page by page, and a migration's doing."""

from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from checkin import schema
from checkin.db import db, reading, transaction
from checkin.domain import delegate_list
from checkin.domain.delegate_list import A_PAGE, BEST, ORDERS, Order, Page, Place, Wanted
from checkin.domain.searching import CANDIDATES, Matches, best_matches
from tests import world

DAY = world.DAYS[0]


def page(
    app: Flask, query: str = "", *, order: Order | None = None, place: Place | None = None, **wanted: object
) -> Page:
    order = order or Order(BEST if query else "registered", not query)
    with app.app_context(), reading() as session:
        return delegate_list.the_page(
            session,
            Wanted(query, **wanted),
            order=order,
            place=place or Place(),
            day=DAY,  # type: ignore[arg-type]
        )


def names(app: Flask, query: str, **wanted: object) -> list[str]:
    return [row.name for row in page(app, query, **wanted).rows]


def test_a_filter_reaches_beyond_the_candidates_of_a_search(expo: Flask) -> None:
    crowd = [
        world.person(f"Lim {number:04}", email=f"l{number}@example.org") for number in range(CANDIDATES + 20)
    ]
    world.enrol(expo, [*crowd, world.person("Lim Zoe", category="VIP")])

    assert names(expo, "lim", category_id=2) == ["Lim Zoe"]
    assert names(expo, "lmi zoe", category_id=2) == []
    assert len(names(expo, "lim")) == A_PAGE


def test_the_best_match_stands_first(expo: Flask) -> None:
    world.enrol(
        expo, [world.person("Kamaludin Sani"), world.person("Kamal Sani"), world.person("Kamla Sani")]
    )

    assert names(expo, "kamal sani") == ["Kamal Sani", "Kamaludin Sani", "Kamla Sani"]


def test_a_migration_lets_known_delegations_be_found(expo: Flask) -> None:
    world.enrol(expo, [world.person("Ada Lim", delegation="Majlis Bandaraya Ipoh", phone="+60123456789")])
    with expo.app_context():
        schema.alembic.downgrade("0005")
        with transaction() as session:
            session.execute(text("UPDATE delegate SET search = '  ada  lim  '"))
        before = _found(expo, "bandaraya")
        schema.upgrade()

    assert before == []
    assert [_found(expo, words) for words in ("bandaraya", "ipoh lim", "6789")] == [[1], [1], [1]]


def _found(app: Flask, words: str) -> list[int]:
    with app.app_context(), Session(db.engine) as session:
        return best_matches(session, words, at_most=10)


@pytest.fixture
def crowd(expo: Flask) -> Flask:
    """More than two pages of people who differ in everything by which a list is sorted."""
    countries, companies = ("MY", "TR", None), ("Zeta", "émile & co", "")
    world.enrol(
        expo,
        [
            world.person(
                f"{'Lim' if n % 2 else 'Ömer'} {n % 40:02}",
                email=f"p{n}@example.org",
                country=countries[n % 3],
                organisation=companies[n % 3],
                category="VIP" if n % 5 == 0 else "Delegate",
                delegation="Perak" if n % 4 == 0 else "",
            )
            for n in range(110)
        ],
    )
    world.enrol(expo, [world.person("Pending One", email="pending@example.org")], status="pending")
    phone, codes = world.pair(expo), world.codes(expo)
    phone.send([phone.item(codes[name], f"{DAY}T01:{n:02}:00Z") for n, name in enumerate(sorted(codes)[:30])])
    return expo


def test_every_order_goes_through_all_page_by_page_both_ways(crowd: Flask) -> None:
    for by in ORDERS:
        for down in (False, True):
            order = Order(by, down, countries=("TR", "MY"), categories=(2, 1, 3, 4, 5))
            there, place = list[int](), Place()
            while True:
                shown = page(crowd, order=order, place=place)
                there += [row.id for row in shown.rows]
                if not shown.has_after:
                    break
                place = Place(after=there[-1])
            back, place = list[int](), Place(last=True)
            while True:
                shown = page(crowd, order=order, place=place)
                back = [row.id for row in shown.rows] + back
                if not shown.has_before:
                    break
                place = Place(before=back[0])

            assert len(set(there)) == 111, (by, down)
            assert back == there, (by, down)


def test_names_are_sorted_as_people_look_them_up(expo: Flask) -> None:
    world.enrol(expo, [world.person(name) for name in ("Zoe", "ömer", "Anna", "Olaf", "王小明")])

    shown = page(expo, order=Order("name", False))

    assert [row.name for row in shown.rows] == ["Anna", "Olaf", "ömer", "王小明", "Zoe"]


def test_facets_count_what_each_choice_would_give(crowd: Flask) -> None:
    everybody = page(crowd)
    some = page(crowd, status="confirmed", country="MY", arrived=DAY)
    many = page(crowd, "lim", country="MY")

    assert (everybody.count, everybody.facets.status) == (111, {"confirmed": 110, "pending": 1})
    assert everybody.facets.came == {True: 30, False: 81}
    assert everybody.facets.printed == {False: 111}
    assert everybody.facets.organisation == {("emile & co", "émile & co"): 37, ("zeta", "Zeta"): 37}
    assert everybody.facets.delegation == {"Perak": 28}
    # Each filter's own choices are counted as if it weren't set; the others hold.
    assert some.count == some.facets.country["MY"] == some.facets.came[True]
    assert sum(some.facets.country.values()) <= 30
    assert some.facets.came[True] + some.facets.came[False] == 37
    assert many.count == sum(row.country == "MY" for row in many.rows)
    assert sum(many.facets.country.values()) > many.count


def test_facets_are_the_same_by_whichever_way_they_are_counted(
    crowd: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = (
        {},
        {"country": "MY"},
        {"arrived": DAY},
        {"absent": DAY, "status": "confirmed"},
        {"printed": False},
    )
    few = [page(crowd, "lim", **filters) for filters in asked]

    monkeypatch.setattr(delegate_list, "matches", lambda *_args, **_named: Matches(words=("lim",)))
    many = [page(crowd, "lim", **filters) for filters in asked]

    for one, other in zip(few, many, strict=True):
        assert one.count == other.count
        assert Counter(row.id for row in one.rows) == Counter(row.id for row in other.rows)
        for name, counted in vars(one.facets).items():
            assert +counted == +getattr(other.facets, name), name
