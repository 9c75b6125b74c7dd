"""How a help desk finds people."""

import csv
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, update
from sqlalchemy.orm import Session

from checkin import clock, schema
from checkin.db import db, reading, transaction
from checkin.domain import searching
from checkin.domain.delegates import Delegate
from checkin.domain.programme import programme
from checkin.domain.searching import Found, search
from checkin.domain.words import LONGEST_WORD, MOST_WORDS, is_enough, query_words, search_text
from tests import world
from tests.world import DAYS, person

DATA = Path(__file__).parents[2].parent / "shared" / "data"
with (DATA / "names-hard.csv").open(encoding="utf-8", newline="") as file:
    HARD = list(csv.DictReader(file))

slowly = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Desk:
    """A help desk in the small event."""

    app: Flask

    def enrol(self, *names: str, **details: Any) -> None:
        world.enrol(self.app, [person(name, **details) for name in names])

    def found(self, query: str) -> list[Found]:
        with self.app.app_context(), reading() as session:
            return search(session, query, area_id=programme(session).main_area, day=DAYS[0])

    def names(self, query: str) -> list[str]:
        return [found.name for found in self.found(query)]

    def reference(self, name: str) -> str:
        return next(found.reference for found in self.found(name) if found.name == name)


@pytest.fixture
def desk(expo: Flask) -> Desk:
    return Desk(expo)


@pytest.fixture
def crowd(desk: Desk) -> Desk:
    """The desk where everybody is somebody with a hard name."""
    for row in HARD:
        desk.enrol(row["name"], organisation=row["organisation"])
    return desk


# --- what is found -----------------------------------------------------------------------------------------


ASKED_FOR = {
    "Tan Sri Dato' Seri Dr. Ahmad Zulkifli bin Abdul Rahman": (
        *("zulkifli", "ABDUL zul", "dato", "dato'", "dr. ahmad", "rahman tan sri ahmad", "abdulrahman"),
    ),
    "Muniandy a/l Subramaniam": ("muniandy a/l subramaniam", "muniandy al", "a l subra", "MUNIANDY"),
    "Siti Nurhaliza binti Tarudin": ("siti nur haliza", "haliza", "tarudin siti", "sitinurhaliza"),
    "Nguyễn Thị Ánh Nguyệt": ("nguyen nguyet", "Nguyễn", "thi anh"),
    "Đặng Văn Đức": ("dang duc", "đặng"),
    "Þórbjörg Æðný Ðorsteinsdóttir": ("thorbjorg", "aedny", "dorsteinsdottir"),
    "Şükrü İpekçioğlu": ("sukru ipekcioglu", "ŞÜKRÜ İPEKÇİOĞLU", "ipek"),
    "Søren Łukasz Weiß": ("soren", "lukasz", "weiss", "WEIẞ"),
    "O'Brien Al-Rashid": ("obrien", "o'brien", "o’brien", "al-rashid", "alrashid", "rashid brien"),
    "王小明": ("王", "小明", "王小明", "wang xiaoming", "xiao ming wang", "wangxiaoming"),
    "陳大文": ("陳", "大文", "chen dawen", "陈大文"),
    "佐々木 さくら": ("佐々木", "さくら", "sakura"),
    "김민준": ("김민준", "민준", "gim minjun", "kim min jun", "minjun"),
    "สมชาย ใจดี": ("สมชาย", "ใจดี", "smchay", "somchai jaidee"),
    "முருகன் செல்வம்": ("முருகன்", "செல்வம் முருகன்", "murukn", "murugan selvam"),
    "محمد بن عبد الله الراشد": ("محمد", "الراشد", "mhmd", "mohammed rashid", "muhammad al-rashid"),
    "أحمد إبراهيم": ("أحمد", "احمد", "ahmed ibrahim"),
    "Олександр Шевченко": ("шевченко", "Shevchenko", "oleksandr"),
    "Ελένη Παπαδοπούλου": ("ελενη", "eleni"),
    "राजेश कुमार": ("राजेश", "rajesh kumar"),
}
MISTYPED = {
    "Ahmad Zulkifli": ("zulkfli", "zulkilfi", "zullkifli", "zulkigli", "uzlkifli", "zulkifil ahmda"),
    "Subramaniam": ("subramanium", "subramaiam", "subrmanyam", "sbramaniam", "subramaniamm"),
    "Siti": ("stii", "sitti", "siri"),
    "Muhammad": ("mohammad", "muhamad", "mohamad"),
    "Müller": ("mueller", "muler"),
    "Jean Dubois": ("jaen dubios", "dubos jean"),
}


@pytest.mark.parametrize("queries_of", [ASKED_FOR, MISTYPED], ids=["as it is", "with mistakes"])
def test_a_name_comes_first_in_every_way_it_may_be_asked_for(
    desk: Desk, queries_of: dict[str, tuple[str, ...]]
) -> None:
    desk.enrol(*queries_of)

    missed = [
        query for name, queries in queries_of.items() for query in queries if desk.names(query)[:1] != [name]
    ]

    assert missed == []


def test_a_hard_name_is_found_by_itself_and_by_its_organisation(crowd: Desk) -> None:
    missed = [
        row["name"]
        for row in HARD
        for query in (row["name"], row["organisation"])
        if unicodedata.normalize("NFC", row["name"]) not in crowd.names(query)
    ]

    assert missed == []


def test_words_of_name_organisation_email_and_reference_may_be_mixed(desk: Desk) -> None:
    desk.enrol("Tan Wei Ming", organisation="Pejabat Tanah", email="weiming88@pejabat.gov.my")
    desk.enrol("Tan Wei Ling", organisation="Sunway", email="ling@sunway.com")
    reference = desk.reference("Tan Wei Ming")

    queries = [
        "tan pejabat",
        "gov.my wei",
        "weiming88@pejabat.gov.my",
        f"ming {reference[-5:]}",
        "pej tan mi",
    ]

    assert [desk.names(query) for query in queries] == [["Tan Wei Ming"]] * len(queries)


def test_a_phone_is_found_by_its_last_four_digits(desk: Desk) -> None:
    desk.enrol("Ana", phone="+60123456789")
    desk.enrol("Budi", phone="+60123456780")

    queries = ["6789", "ana 6789", "+60 12-345 6789", "0123456789", "(012) 345 6789"]

    assert [desk.names(query) for query in queries] == [["Ana"]] * len(queries)


def test_other_digits_of_a_phone_find_nobody(desk: Desk) -> None:
    desk.enrol("Ana", phone="+60123456789")

    assert desk.names("1234") == []


def test_every_word_must_match_somehow(desk: Desk) -> None:
    desk.enrol("Ahmad Zulkifli", "Kavitha", "王小明")

    queries = ["zulkifli kavitha", "ahmad nobody", "qwertyuiop", "9999", "李", "小王", "zz"]

    assert [desk.names(query) for query in queries] == [[]] * len(queries)


def test_numbers_are_forgiven_no_mistake(desk: Desk) -> None:
    desk.enrol("Ana", organisation="Studio 12345")

    assert desk.names("12354") == []


# --- the order ---------------------------------------------------------------------------------------------


def test_better_matches_come_first(desk: Desk) -> None:
    desk.enrol("Zulkfli", "Zulkifli", "Zulkiflimaran", "Abdzulkifli", "Ahmad Zulkifli")

    assert desk.names("zulkifli") == [
        "Ahmad Zulkifli",
        "Zulkifli",
        "Zulkiflimaran",
        "Abdzulkifli",
        "Zulkfli",
    ]


def test_one_mistake_counts_more_than_any_beginning(desk: Desk) -> None:
    desk.enrol("Ahmad Rahmen", "Ahmadi Rahmanov")

    assert desk.names("ahmad rahman") == ["Ahmadi Rahmanov", "Ahmad Rahmen"]


def test_an_exact_reference_comes_first(desk: Desk) -> None:
    desk.enrol("Budi", "Citra")
    reference = desk.reference("Citra")
    desk.enrol("Ana", organisation=f"Friends of {reference}")

    assert desk.names(reference.lower()) == ["Citra", "Ana"]
    assert desk.names(reference.replace("-", " ")) == ["Citra", "Ana"]


def test_equal_matches_are_ordered_by_name_whatever_the_case_and_accents(desk: Desk) -> None:
    desk.enrol("zoe tan", "Álvaro Tan", "Bao Tan", "adi Tan")

    assert desk.names("tan") == ["adi Tan", "Álvaro Tan", "Bao Tan", "zoe tan"]


def test_at_most_ten_are_shown_the_best_of_all(desk: Desk) -> None:
    desk.enrol(*(f"Lim{number:04}" for number in range(searching.CANDIDATES + 50)), "Lim Zoe")

    names = desk.names("lim")

    assert names[0] == "Lim Zoe"
    assert len(names) == 10


# --- what the index knows ----------------------------------------------------------------------------------


def test_a_corrected_name_is_found_and_the_old_one_no_longer(desk: Desk) -> None:
    desk.enrol("Kavitha", "Ana")
    corrected = update(Delegate).where(Delegate.name == "Kavitha")

    with desk.app.app_context(), transaction() as session:
        session.execute(corrected.values(name="Meena", search=search_text("Meena")))

    assert desk.names("kavitha") == []
    assert desk.names("meena") == ["Meena"]


def test_who_was_deleted_is_not_found(desk: Desk) -> None:
    with desk.app.app_context(), transaction() as session:
        session.add(delegate("Kavitha", session))
    assert desk.names("kavitha") == ["Kavitha"]

    with desk.app.app_context(), transaction() as session:
        session.execute(delete(Delegate).where(Delegate.name == "Kavitha"))

    assert desk.names("kavitha") == []


def test_people_from_before_the_index_are_found(desk: Desk) -> None:
    desk.enrol("Kavitha")

    with desk.app.app_context():
        schema.alembic.downgrade("0001")
    with desk.app.app_context():
        schema.upgrade()

    assert desk.names("kavitha") == ["Kavitha"]


def test_the_first_entry_of_the_day_is_shown(desk: Desk) -> None:
    desk.enrol("Kavitha", "Ana", organisation="Sunway")
    gate = world.pair(desk.app, "Gate A")
    gate.scan(world.codes(desk.app)["Kavitha"], "2025-09-17T01:00:00Z")
    gate.scan(world.codes(desk.app)["Ana"], "2025-09-18T01:00:00Z")

    today = {found.name: found.today for found in desk.found("sunway")}

    assert today["Kavitha"] is not None
    assert today["Kavitha"].isoformat() == "2025-09-17T01:00:00+00:00"
    assert today["Ana"] is None


# --- any query ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "enough"), [("a", False), ("王", True), ("ab", True), ("a b", True), ("%_", False)]
)
def test_two_letters_or_one_han_character_are_enough(query: str, enough: bool) -> None:
    assert is_enough(query) is enough


HOSTILE = (
    "%",
    "__",
    "'; DROP TABLE delegate; --",
    '"ana" OR "a" NEAR(b c) *',
    "ana & !budi | (c <-> d):*",
    "ana\0budi\\",
    "{search}: ^ana - + ~ ana",
    " ".join("abcdefghijklmnopqrstuvwxyz" * 2),
    "ana " * 1000,
    "subramaniam zulkifli " * 1000,
    "a" * 10_000,
    "王" * 10_000,
    "ﷺ" * 100,
)


def test_a_hostile_query_is_answered_by_few_statements(crowd: Desk) -> None:
    statements: list[str] = []

    with crowd.app.app_context(), reading() as session:
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        for query in HOSTILE:
            search(session, query, area_id=1, day=DAYS[0])

    assert len(statements) <= 5 * len(HOSTILE)


def test_a_query_is_cut_to_what_can_be_asked() -> None:
    words = query_words(" ".join(f"word{number}" for number in range(1000)))

    assert len(words) <= MOST_WORDS
    assert all(len(word.text) <= LONGEST_WORD for word in query_words("a" * 1000))


@slowly
@given(query=st.text(max_size=120))
def test_any_text_may_be_asked(crowd: Desk, query: str) -> None:
    with crowd.app.app_context(), reading() as session:
        found = search(session, query, area_id=1, day=DAYS[0])

    assert len(found) <= searching.AT_MOST


@slowly
@given(
    name=st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), min_size=1, max_size=60),
    data=st.data(),
)
def test_any_word_of_a_name_finds_its_bearer(desk: Desk, name: str, data: st.DataObject) -> None:
    words = [word for word in name.split() if query_words(word)]
    assume(words)
    word = data.draw(st.sampled_from(words))

    with desk.app.app_context(), Session(db.engine) as session:
        session.add(delegate(name, session))
        session.flush()
        found = search(session, word, area_id=1, day=DAYS[0])

    assert [one.name for one in found] == [name]


def delegate(name: str, session: Session) -> Delegate:
    """Somebody without a badge."""
    now = clock.now()
    return Delegate(
        reference="KL-99999",
        name=name,
        category_id=min(programme(session).categories),
        status="confirmed",
        identity=name.encode(),
        search=search_text(name),
        registered_at=now,
        changed_at=now,
    )
