"""Countries by their codes and names; it owns no table.

Codes are those of ISO 3166-1 as it is today (pycountry), names those of Unicode's CLDR (Babel).
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

import pycountry
from babel import Locale, UnknownLocaleError

LONGEST_NAME = 100

_NOT_TELLING = frozenset({"the", "of", "and", "dan"})

# What lists of delegates say besides the names of ISO and CLDR, words in any order.
_ALSO_KNOWN_AS = {
    "AE": ("UAE", "U.A.E.", "Emirates"),
    "BA": ("Bosnia",),
    "BN": ("Brunei",),
    "BO": ("Bolivia",),
    "CD": ("DR Congo", "DRC", "Congo DR", "Congo DRC", "Congo Kinshasa", "Congo Democratic Republic"),
    "CG": ("Congo Brazzaville", "Congo Republic"),
    "CI": ("Cote d Ivoire", "Ivory Coast"),
    "CN": ("PRC", "PR China", "Mainland China"),
    "CV": ("Cape Verde",),
    "CZ": ("Czech Republic",),
    "FM": ("Micronesia",),
    "GB": ("UK", "U.K.", "Great Britain", "Britain", "England", "Scotland", "Wales", "Northern Ireland"),
    "HK": ("Hong Kong", "Hong Kong SAR", "Hong Kong China", "Hongkong"),
    "IE": ("Republic of Ireland",),
    "KP": ("DPRK", "DPR Korea", "Korea North"),
    "KR": ("ROK", "Korea South"),
    "LA": ("Laos", "Lao PDR"),
    "MK": ("Macedonia", "Former Yugoslav Republic of Macedonia"),
    "MM": ("Myanmar", "Burma"),
    "MO": ("Macau", "Macao", "Macao SAR", "Macau SAR", "Macao China"),
    "NL": ("Holland",),
    "PS": ("Palestine",),
    "RU": ("Russia",),
    "SA": ("KSA",),
    "SZ": ("Swaziland",),
    "TL": ("East Timor",),
    "TR": ("Turkey",),
    "TW": ("Taiwan", "Chinese Taipei"),
    "US": ("America", "US", "U.S.", "U.S.A."),
    "VA": ("Vatican",),
    "VI": ("US Virgin Islands",),
}


@lru_cache(maxsize=4096)
def country_code(text: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of an alpha-2 or alpha-3 code or of a name in English or Malay.

    Case, accents, punctuation and the order of words don't matter ("Korea, Republic of"). None for
    what is no country of today (YUG, Zaire), nothing ("") or ambiguous ("Korea").
    """
    if len(text) > LONGEST_NAME:
        return None
    return _plain(text) or _twice(text)


@lru_cache(maxsize=4096)
def country_name(code: str, language: str) -> str:
    """The name of an alpha-2 code in a language such as `ms` or `zh-Hans`; English where CLDR has none."""
    for locale in (_locale(language), Locale("en")):
        if locale and code in locale.territories:
            return str(locale.territories[code])
    return code


def country_codes() -> list[str]:
    """Every alpha-2 code of today, in alphabetical order."""
    return sorted(country.alpha_2 for country in pycountry.countries)


def _locale(language: str) -> Locale | None:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None


def _plain(text: str) -> str | None:
    return _by_code().get(text.strip().upper()) or _names().get(_words(text))


def _twice(text: str) -> str | None:
    """The country of "Malaysia (MYS)"; None for "Congo (Dem. Rep.)", half of which is unclear."""
    named = re.fullmatch(r"([^()]+)\(([^()]+)\)\s*", text)
    codes = {_plain(part) for part in named.groups()} if named else {None}
    return codes.pop() if len(codes) == 1 else None


def _words(name: str) -> frozenset[str]:
    """A name as the set of its telling words, so that "Iran (Islamic Republic of)" is found in any order."""
    decomposed = unicodedata.normalize("NFKD", name.casefold().replace("&", " and "))
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    # An apostrophe joins what it stands between (d'Ivoire, People's); all else parts words.
    words = re.findall(r"\w+", re.sub(r"['’‘`]", "", plain))
    return frozenset("saint" if word == "st" else word for word in words) - _NOT_TELLING


@cache
def _by_code() -> dict[str, str]:
    codes = {country.alpha_2: country.alpha_2 for country in pycountry.countries}
    return codes | {country.alpha_3: country.alpha_2 for country in pycountry.countries}


@cache
def _names() -> dict[frozenset[str], str]:
    names: dict[frozenset[str], str] = {}
    for code, name in _spellings():
        names.setdefault(_words(name), code)
    names.pop(frozenset(), None)
    return names


def _spellings() -> Iterator[tuple[str, str]]:
    """Every (code, name), the surest first."""
    for country in pycountry.countries:
        for kind in ("name", "official_name", "common_name"):
            if hasattr(country, kind):
                yield country.alpha_2, getattr(country, kind)
    for code, names in _ALSO_KNOWN_AS.items():
        yield from ((code, name) for name in names)
    for language in ("en", "ms"):
        territories = Locale(language).territories
        yield from ((code, territories[code]) for code in country_codes() if code in territories)
