"""Lists of delegates: filters within a search, and what a search could not find before a migration."""

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from checkin import schema
from checkin.db import db, reading, transaction
from checkin.domain import listing
from checkin.domain.listing import Wanted
from checkin.domain.searching import CANDIDATES, best_matches
from tests import world

DAY = world.DAYS[0]


def names(app: Flask, query: str, **wanted: object) -> list[str]:
    with app.app_context(), reading() as session:
        page = listing.matching_delegates(session, query, Wanted(**wanted), day=DAY)  # type: ignore[arg-type]
    return [row.name for row in page.rows]


def test_a_filter_reaches_beyond_the_candidates_of_a_search(expo: Flask) -> None:
    crowd = [
        world.person(f"Lim {number:04}", email=f"l{number}@example.org") for number in range(CANDIDATES + 20)
    ]
    world.enrol(expo, [*crowd, world.person("Lim Zoe", category="VIP")])

    assert names(expo, "lim", category_id=2) == ["Lim Zoe"]
    assert names(expo, "lmi zoe", category_id=2) == []
    assert len(names(expo, "lim")) == listing.A_PAGE


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


def test_groups_count_whoever_is_in_them(expo: Flask) -> None:
    world.enrol(
        expo,
        [
            world.person("Aina", country="MY", delegation="Perak"),
            world.person("Bo", country="MY"),
            world.person("Cem", country_text="Atlantis", delegation="Ipoh"),
        ],
    )

    with expo.app_context(), reading() as session:
        groups = listing.groups(session)

    assert groups.countries == {"MY": 2}
    assert list(groups.delegations.items()) == [("Ipoh", 1), ("Perak", 1)]
