"""Countries by their codes and names."""

import csv
from pathlib import Path

import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin.domain.countries import country_code, country_codes, country_name

DATA = Path(__file__).parents[2].parent / "shared" / "data"
NO_COUNTRY_OF_TODAY = {"CSK", "YUG", "PNA"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("MY", "MY"),
        ("my", "MY"),
        (" mys ", "MY"),
        ("Malaysia", "MY"),
        ("MALAYSIA", "MY"),
        ("Malaysia (MYS)", "MY"),
        ("Viet Nam", "VN"),
        ("Vietnam", "VN"),
        ("South Korea", "KR"),
        ("Korea, South", "KR"),
        ("Republic of Korea", "KR"),
        ("Korea, Republic of", "KR"),
        ("Korea Selatan", "KR"),
        ("Democratic People's Republic of Korea", "KP"),
        ("Ivory Coast", "CI"),
        ("Côte d'Ivoire", "CI"),
        ("COTE D’IVOIRE", "CI"),
        ("Cote d Ivoire", "CI"),
        ("Türkiye", "TR"),
        ("Turkey", "TR"),
        ("UK", "GB"),
        ("Great Britain", "GB"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("The United States of America", "US"),
        ("Amerika Syarikat", "US"),
        ("Iran (Islamic Republic of)", "IR"),
        ("Bolivia (Plurinational State of)", "BO"),
        ("Congo", "CG"),
        ("Democratic Republic of the Congo", "CD"),
        ("Congo (DRC)", "CD"),
        ("St. Lucia", "LC"),
        ("Trinidad & Tobago", "TT"),
        ("Myanmar (Burma)", "MM"),
        ("Hong Kong", "HK"),
        ("Hong Kong SAR China", "HK"),
        ("The Gambia", "GM"),
        ("Czech Republic", "CZ"),
        ("Lao PDR", "LA"),
    ],
)
def test_a_code_or_name_is_read(text: str, code: str) -> None:
    assert country_code(text) == code


@pytest.mark.parametrize(
    "text",
    ["CSK", "YUG", "SUN", "DDR", "YU", "SU", "DD", "Yugoslavia", "Czechoslovakia", "Zaire", "USSR"],
)
def test_a_country_that_no_longer_exists_is_none(text: str) -> None:
    assert country_code(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "()",
        "Korea",
        "Congo (Dem. Rep.)",
        "Atlantis",
        "X",
        "the",
        "Malaysia (Singapore)",
        "M" * 10_000,
    ],
)
def test_what_names_no_country_is_none(text: str) -> None:
    assert country_code(text) is None


def test_every_code_and_name_of_iso_and_of_cldr_in_english_leads_to_its_country() -> None:
    read = {
        spelling: country_code(spelling)
        for country in pycountry.countries
        for spelling in (country.alpha_2, country.alpha_3, country.name, country_name(country.alpha_2, "en"))
    }

    assert {country_code(country_name(code, "ms")) for code in country_codes()} == set(country_codes())
    assert None not in read.values()
    assert len(set(read.values())) == len(country_codes()) == 249


def test_the_codes_of_the_real_list_are_read_but_those_of_no_country_of_today() -> None:
    with (DATA / "unfccc-delegates.csv").open(encoding="utf-8-sig", newline="") as file:
        codes = {row["Country (ISO-3)"] for row in csv.DictReader(file)} - {""}

    assert {code for code in codes if country_code(code) is None} == NO_COUNTRY_OF_TODAY


@given(st.text())
def test_any_text_is_a_country_of_today_or_none(text: str) -> None:
    assert country_code(text) in {None, *country_codes()}


@pytest.mark.parametrize(
    ("code", "language", "name"),
    [
        ("KR", "en", "South Korea"),
        ("KR", "ms", "Korea Selatan"),
        ("CN", "zh-Hans", "中国"),
        ("AE", "ar", "الإمارات العربية المتحدة"),
        ("DE", "pt_BR", "Alemanha"),
        ("KR", "no language", "South Korea"),
        ("KR", "", "South Korea"),
        ("XX", "en", "XX"),
    ],
)
def test_a_country_is_named_in_the_readers_language(code: str, language: str, name: str) -> None:
    assert country_name(code, language) == name
