"""What describes a delegate, cleaned and judged."""

import csv
import unicodedata
from pathlib import Path

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from checkin.domain.details import (
    FIELDS,
    MOST,
    SENTENCES,
    Details,
    DetailsRefused,
    Problem,
    clean_details,
    cleaned_text,
    email_address,
    language_tag,
    phone_number,
)

DATA = Path(__file__).parents[2].parent / "shared" / "data"

TRICKY = (
    "aÉßİıé \u0301\u0308\u0327 \t\n\u00a0\u2028 \u00ad\u034f\u200b\u200c\u200d\u200e\u061c\ufeff\u3164\u115f"
    "محکक\u094dषക\u0d4dස\u0dcaရ\u103aབ\u0f92ᠮ\u180b\u180e王葛\U000e0100ガ각\u1100\u1161ﬁ"
    "👩🚀🏽❤\ufe0f\ufe0e#1\u20e3\u2800"
)
texts = st.text(max_size=60) | st.text(TRICKY, max_size=30)


def rows(file_name: str) -> list[dict[str, str]]:
    with (DATA / file_name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def problems(**raw: str) -> list[tuple[str, str]]:
    with pytest.raises(DetailsRefused) as refused:
        clean_details({"name": "Ana", **raw})
    return [(problem.field, problem.code) for problem in refused.value.problems]


def doubts(**raw: str) -> list[str]:
    return [problem.code for problem in clean_details({"name": "Ana", "country": "ES", **raw})[1]]


def taken_or_none(raw: dict[str, str]) -> Details | None:
    try:
        return clean_details(raw)[0]
    except DetailsRefused:
        return None


def name_of(text: str) -> str:
    return clean_details({"name": text})[0].name


# --- real input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", rows("names-hard.csv"), ids=lambda row: str(row["why"]))
def test_a_hard_name_is_taken_as_it_is(row: dict[str, str]) -> None:
    details, doubtful = clean_details(row)

    assert details.name == unicodedata.normalize("NFC", row["name"])
    assert details.organisation == unicodedata.normalize("NFC", row["organisation"])
    assert details.country == row["country"]
    assert not doubtful


@pytest.mark.parametrize("row", rows("names-refused.csv"), ids=lambda row: str(row["why"]))
def test_a_bad_name_is_refused_with_a_sentence_or_cleaned(row: dict[str, str]) -> None:
    if "removed" in row["why"]:
        assert name_of(row["name"]) == "ZeroWidth"
        return

    with pytest.raises(DetailsRefused) as refused:
        clean_details(row)

    assert [problem.field for problem in refused.value.problems] == ["name"]
    assert refused.value.sentence.startswith("Name: ")


def test_every_person_of_the_real_list_is_taken_as_they_are() -> None:
    for row in rows("unfccc-delegates.csv"):
        raw = {
            "honorific": row["Honorific"],
            "name": row["Name"],
            "job_title": row["Job Title"],
            "organisation": row["Organisation"],
            "delegation": row["Delegation"],
        }

        details, _ = clean_details(raw)

        assert {name: getattr(details, name) for name in raw} == raw


# --- rules -------------------------------------------------------------------------------------------------


@given(texts)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = cleaned_text(text)

    assert cleaned_text(once) == once


@given(texts)
def test_a_clean_text_is_nfc_with_single_spaces_between_words(text: str) -> None:
    clean = cleaned_text(text)

    assert unicodedata.is_normalized("NFC", clean)
    assert clean == " ".join(clean.split())


@given(texts)
def test_cleaning_takes_away_only_what_cannot_be_seen_and_changes_no_letters_case(text: str) -> None:
    def seen(text: str) -> str:
        visible = regex.sub(r"\p{DI}|\s", "", unicodedata.normalize("NFC", text))
        return unicodedata.normalize("NFC", "".join(visible.split()))

    assert seen(cleaned_text(text)) == seen(text)


@given(
    st.dictionaries(st.sampled_from(FIELDS), texts | st.sampled_from(["MYS", "+60 12 345 6789", "A@b.ORG"]))
)
def test_details_once_taken_are_taken_again_unchanged(raw: dict[str, str]) -> None:
    details = taken_or_none(raw)
    if details is None:
        return

    written = {name: getattr(details, name) or "" for name in FIELDS}
    again, _ = clean_details(written | {"country": details.country or details.country_text})

    assert again == details


@given(
    st.text(
        st.characters(categories=["Cc", "Co", "Cn", "Cs"], exclude_characters="\t\n\v\f\r\x85"), min_size=1
    )
)
def test_no_control_private_unassigned_or_broken_character_is_taken(bad: str) -> None:
    newer = regex.sub(r"\P{C}", "", bad)  # Assigned since Python 3.11's tables were made.

    if newer:
        assert problems(organisation=f"Or{newer}g") == [("organisation", "unprintable")]


# --- text --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ana \u00a0  López\t", "Ana López"),
        ("Ana\r\nLópez", "Ana López"),
        ("Ana\u2028López", "Ana López"),
        ("Lo\u0301pez", "López"),
        ("mcdonald VAN DER berg", "mcdonald VAN DER berg"),
        ("\ufeffAna", "Ana"),
        ("Mu\u00adnian\u200bdy", "Muniandy"),
        ("Ana\u200e\u200f", "Ana"),
        ("\u3164Ana\uffa0", "Ana"),
        ("A\u034f\u0301na", "Ána"),
        ("{{ 7*7 }} ${x} %(name)s %s", "{{ 7*7 }} ${x} %(name)s %s"),
        ("𮯰𲎯", "𮯰𲎯"),
    ],
)
def test_a_text_is_tidied_and_otherwise_kept(typed: str, kept: str) -> None:
    assert name_of(typed) == kept


@pytest.mark.parametrize(
    "name",
    [
        "می\u200cخواهم",  # Persian: the joiner parts two letters that would join.
        "क्\u200dष",  # Devanagari: a half form.
        "ශ්\u200dරී ලංකා",  # Sinhala.
        "র\u200d্যাব",  # Bengali: before the virama.
        "അവന്\u200d",  # Malayalam's older spelling: at the end of the word.
        "Ana 👩\u200d🚀",
        "Ana 👩🏽\u200d🚀",
        "Ana ❤\ufe0f\u200d🔥",
        "Ana 1\ufe0f\u20e3",
        "葛\U000e0100城",  # A Han variant, as some people write their own name.
        "ᠮᠣᠩᠭᠣᠯ\u180b",
    ],
)
def test_joiners_and_selectors_stay_where_they_mean_something(name: str) -> None:
    assert name_of(name) == name


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ze\u200dro", "Zero"),
        ("Ze\u200cro", "Zero"),
        ("王\u200d小明", "王小明"),
        ("\u200dमोहन", "मोहन"),
        ("محمد\u200c", "محمد"),
        ("Ana\ufe0f", "Ana"),
        ("Ana 1\ufe0f", "Ana 1"),
        ("Ana 🚀\u200dB", "Ana 🚀B"),
    ],
)
def test_joiners_and_selectors_are_removed_where_they_mean_nothing(typed: str, kept: str) -> None:
    assert name_of(typed) == kept


@pytest.mark.parametrize("character", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_what_turns_the_text_around_it_is_refused(character: str) -> None:
    assert problems(name=f"Eve{character}LLA") == [("name", "turns_text")]


@pytest.mark.parametrize(
    "character", ["\0", "\x1b", "\x9f", "\ue000", "\U0010ffff", "\ufdd0", "\ud800", "\ufffc", "\U000e0041"]
)
def test_what_cannot_be_printed_is_refused(character: str) -> None:
    assert problems(name=f"Eve{character}") == [("name", "unprintable")]


def test_a_letter_that_was_lost_before_is_named() -> None:
    with pytest.raises(DetailsRefused) as refused:
        clean_details({"name": "Andr\ufffd"})

    assert refused.value.sentence == (
        "Name: Character 5 was lost before it came here. Type it again, or save the list as UTF-8."
    )


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\u3164", "\u00a0\ufeff"])
def test_a_blank_name_is_missing(name: str) -> None:
    assert problems(name=name) == [("name", "missing")]


@pytest.mark.parametrize("name", ["-", "🚀", "...", "\u2800", "\u0301"])
def test_a_name_needs_a_letter_or_digit(name: str) -> None:
    assert problems(name=name) == [("name", "no_letter")]


def test_a_text_may_be_as_long_as_its_field_and_no_longer() -> None:
    longest = {name: "王" * most for name, most in MOST.items() if name not in {"email", "language"}}

    clean_details(longest)

    for name in longest:
        assert problems(**{name: longest[name] + "x"}) == [(name, "too_long")]


def test_white_space_does_not_count_as_length() -> None:
    assert name_of(f"{' ' * 500}{'x' * 100}{' ' * 500}") == "x" * 100


def test_a_huge_text_is_refused_without_being_looked_at() -> None:
    assert problems(name="a" + "\u0301\u0327" * 5_000_000) == [
        ("name", "too_long"),
        ("name", "stacked_marks"),
    ]


@pytest.mark.parametrize("name", ["လျှော့်", "Ạ́̄ki", "བསྒྲུབས་ཧཱུྂ", "שָׁ֖לוֹם", "مُحَمَّدٌ", "ដ៏ប្រ៉ុន"])
def test_the_marks_that_spelling_needs_are_taken(name: str) -> None:
    assert name_of(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("name", ["e" + "\u0302" * 6, "ก" + "\u0e49" * 9, "क" + "\u0941\u200d" * 9])
def test_marks_stacked_beyond_any_spelling_are_refused(name: str) -> None:
    assert problems(name=name) == [("name", "stacked_marks")]


def test_a_spreadsheets_error_is_no_name() -> None:
    assert problems(name="#N/A", organisation="#REF!") == [
        ("name", "spreadsheet_error"),
        ("organisation", "spreadsheet_error"),
    ]


def test_all_problems_of_all_fields_are_told_at_once() -> None:
    found = problems(name="", organisation="x" * 301, job_title="a\x00", email="nobody")

    assert found == [
        ("name", "missing"),
        ("organisation", "too_long"),
        ("job_title", "unprintable"),
        ("email", "email_invalid"),
    ]


def test_a_refusal_tells_its_problems_to_programs_too() -> None:
    with pytest.raises(DetailsRefused) as refused:
        clean_details({"name": "x" * 101})

    assert refused.value.code == "details_refused"
    assert refused.value.status == 422
    assert refused.value.extra["problems"] == [
        {
            "field": "name",
            "code": "too_long",
            "sentence": "This is too long: 101 characters, where 100 fit. Shorten it.",
        }
    ]


@pytest.mark.parametrize("code", SENTENCES)
def test_every_sentence_can_be_said(code: str) -> None:
    params = dict.fromkeys(
        ("value", "length", "most", "position", "character", "count", "categories"), "100%"
    )

    assert Problem(code, "name", params).sentence.endswith(".")


# --- the other fields --------------------------------------------------------------------------------------


def test_a_name_alone_makes_a_delegate() -> None:
    details, doubtful = clean_details({"name": "Kavitha"})

    assert details == Details(name="Kavitha")
    assert [problem.code for problem in doubtful] == ["country_missing"]


def test_a_country_of_today_is_kept_as_its_code() -> None:
    details, doubtful = clean_details({"name": "Ana", "country": "viet nam"})

    assert (details.country, details.country_text, doubtful) == ("VN", "", ())


def test_a_country_of_yesterday_is_kept_as_text_with_a_warning() -> None:
    details, doubtful = clean_details({"name": "Ana", "country": "YUG"})

    assert (details.country, details.country_text) == (None, "YUG")
    assert [problem.sentence for problem in doubtful] == [
        "YUG is no country of today, so it is kept as text."
    ]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ana.Lopez@Example.ORG", "ana.lopez@example.org"),
        ("ana@xn--mnchen-3ya.de", "ana@münchen.de"),
        ("ana@MÜNCHEN.de", "ana@münchen.de"),
    ],
)
def test_an_address_is_kept_in_one_form_whatever_its_case(typed: str, kept: str) -> None:
    assert clean_details({"name": "Ana", "email": f" {typed}\u200b"})[0].email == kept


@pytest.mark.parametrize(
    "typed", ["nobody", "a@b", "a@x.org, b@x.org", "a b@x.org", "Ana <a@x.org>", "a@x.invalid", "@", "a" * 99]
)
def test_what_is_not_one_address_is_refused(typed: str) -> None:
    assert email_address(typed) is None
    assert problems(email=typed) == [("email", "email_invalid")]


@pytest.mark.parametrize(
    ("typed", "country", "kept"),
    [
        ("012-345 6789", "", "+60123456789"),
        ("012-345 6789", "MY", "+60123456789"),
        ("60123456789", "MY", "+60123456789"),
        ("123456789", "MY", "+60123456789"),
        ("+60 3-1234 5678", "JP", "+60312345678"),
        ("090-1234-5678", "JP", "+819012345678"),
        ("012-345 6789", "YUG", "+60123456789"),
        ("0049 30 123456", "MY", "+4930123456"),
        ("٠١٢٣٤٥٦٧٨٩", "MY", "+60123456789"),
    ],
)
def test_a_phone_number_is_kept_as_e164(typed: str, country: str, kept: str) -> None:
    assert clean_details({"name": "Ana", "phone": typed, "country": country})[0].phone == kept


@pytest.mark.parametrize(
    "typed", ["12", "6.0123E+10", "+60123456789 ext 4", "012-345 6789 / 013-222 3333", "ask"]
)
def test_an_unclear_phone_number_is_kept_as_typed_with_a_warning(typed: str) -> None:
    details, _ = clean_details({"name": "Ana", "phone": typed})

    assert details.phone == typed
    assert doubts(phone=typed) == ["phone_as_typed"]


def test_a_phone_number_is_of_the_first_region_where_it_is_valid() -> None:
    assert phone_number("020 7946 0000", regions=("MY", "GB")) == "+442079460000"


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("ms", "ms"),
        ("EN", "en"),
        ("zh_Hans", "zh-Hans"),
        ("Malay", "ms"),
        ("Bahasa Malaysia", "ms"),
        ("xx", None),
    ],
)
def test_a_language_is_read_from_its_tag_or_name(typed: str, tag: str | None) -> None:
    assert language_tag(typed) == tag


def test_an_unknown_language_is_english_with_a_warning() -> None:
    assert clean_details({"name": "Ana", "language": "Klingonese"})[0].language == "en"
    assert doubts(language="Klingonese") == ["language_unknown"]
