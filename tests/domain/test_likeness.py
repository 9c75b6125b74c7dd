"""Which entries are likely one person: hard names that are, and people who are easily taken for each other."""

import csv
from pathlib import Path
from typing import Any

import pytest

from checkin.domain.likeness import compare, entry, likely_pairs

DATA = Path(__file__).parents[2].parent / "shared" / "data"
OFFICE = {"organisation": "Digital Nasional Berhad", "country": "MY"}
PHONE = {**OFFICE, "phone": "+60312345678"}


@pytest.mark.parametrize(
    ("one", "other", "known"),
    [
        ("Tan Sri Dato' Seri Dr. Ahmad Zulkifli bin Abdul Rahman", "Ahmad Zulkifli Abdul Rahman", OFFICE),
        ("Mohd Faizal bin Omar", "Muhammad Faisal bin Omar", OFFICE),
        ("Muniandy a/l Subramaniam", "Muniandy Subramaniam", OFFICE),
        ("Siti Nurhaliza binti Tarudin", "Siti Norhaliza bt. Tarudin", OFFICE),
        ("王小明", "Xiaoming Wang", OFFICE),
        ("王小明", "Wang Xiao Ming", {}),
        ("محمد بن عبد الله الراشد", "Mohammed bin Abdullah Al-Rashid", OFFICE),
        ("Nguyễn Thị Ánh Nguyệt", "Nguyen Thi Anh Nguyet", {}),
        ("Þórbjörg Æðný Ðorsteinsdóttir", "Thorbjorg Aedny Dorsteinsdottir", OFFICE),
        ("Олександр Шевченко", "Oleksandr Shevchenko", OFFICE),
        ("Dr Lim Wei Ming", "LIM Wei-Ming", OFFICE),
        ("Nurul Huda", "Nurulhuda", OFFICE),
        ("Kavitha", "KAVITHA", OFFICE),
        ("J. Fitzgerald", "John Fitzgerald", {**OFFICE, "email": "office@example.org"}),
    ],
)
def test_two_spellings_are_one_person(one: str, other: str, known: dict[str, Any]) -> None:
    found = compare(entry(1, one, **known), entry(2, other, **known))

    assert found is not None
    assert (found.first_id, found.second_id) == (1, 2)
    assert found.reasons[0] in {"same_name", "similar_name"}
    assert likely_pairs([entry(1, one, **known), entry(2, other, **known)]) == [found]


@pytest.mark.parametrize(
    ("one", "other", "known"),
    [
        # Father and son, each the other way round.
        ("Ahmad bin Ismail", "Ismail bin Ahmad", PHONE),
        ("John Smith Sr.", "John Smith Jr.", PHONE),
        # Twins and sisters with one office phone.
        ("Hasan bin Ali", "Husin bin Ali", PHONE),
        ("Amin bin Abdullah", "Amir bin Abdullah", PHONE),
        ("Nur bin Osman", "Nur binti Osman", PHONE),
        ("Lim Wei Ling", "Lim Wei Leng", PHONE),
        ("Muhammad Faizal bin Omar", "Muhammad Fauzi bin Omar", PHONE),
        ("Lina Tan", "Nila Tan", PHONE),
        # Who shares a name with somebody elsewhere.
        ("Tan Mei", "Tan Mei", {}),
        ("Muniandy a/l Subramaniam", "Muniandy a/p Subramaniam", PHONE),
        ("王小明", "王小红", OFFICE),
        ("Kavitha", "Kavitha Rao", OFFICE),
    ],
)
def test_different_people_are_not_offered(one: str, other: str, known: dict[str, Any]) -> None:
    first = entry(1, one, **({"organisation": "One"} | known))
    second = entry(2, other, **({"organisation": "Two"} | known))

    assert compare(first, second) is None
    assert likely_pairs([first, second]) == []


def test_what_agrees_besides_the_name_ranks_pairs() -> None:
    people = [
        entry(1, "Aina Yusof", email="aina@example.org", phone="+60123456789", **OFFICE),
        entry(2, "Aina Yusof", email="aina@example.org", phone="+60123456789", **OFFICE),
        entry(3, "Aina Yusoff", organisation="digital nasional bhd"),
    ]

    found = likely_pairs(people)

    assert [(one.first_id, one.second_id) for one in found] == [(1, 2), (1, 3), (2, 3)]
    assert found[0].score == 100
    assert found[0].reasons == ("same_name", "same_email", "same_phone", "same_organisation")
    assert found[1].reasons == ("similar_name", "same_organisation")


def test_a_real_list_has_few_and_a_crowd_of_one_name_is_left_aside() -> None:
    with (DATA / "unfccc-delegates.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    people = [
        entry(number, row["Name"], organisation=row["Organisation"], job=row["Job Title"])
        for number, row in enumerate(rows)
    ]
    crowd = [
        entry(10_000 + number, "Muhammad bin Ali", organisation=f"Firm {number}") for number in range(500)
    ]

    found = likely_pairs(people + crowd)

    assert len(found) < len(people) // 20
    assert all(one.first_id < 10_000 for one in found)
