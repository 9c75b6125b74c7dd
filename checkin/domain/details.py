"""What describes a delegate, cleaned and judged in one way at every entrance; it owns no table.

Character classes are those of the Unicode Character Database; where joiners and variation selectors
have a meaning follows UAX #31 (section 2.3), UTS #37 and UTS #51.
"""

import dataclasses
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import phonenumbers
import regex
from babel import Locale, UnknownLocaleError
from email_validator import EmailNotValidError, validate_email

from checkin.domain.countries import country_code
from checkin.errors import Refusal


def N_(sentence: str) -> str:  # noqa: N802  The name by which Babel finds sentences that are translated later.
    """Mark a sentence for the catalogues."""
    return sentence


SENTENCES = {
    "missing": N_("Nothing is given. Write the name as it is to stand on the badge."),
    "no_letter": N_("A name needs at least one letter or digit. Write it as it is to stand on the badge."),
    "too_long": N_("This is too long: %(length)s characters, where %(most)s fit. Shorten it."),
    "unprintable": N_("Character %(position)s (%(character)s) can't be printed. Delete it."),
    "turns_text": N_(
        "Character %(position)s (%(character)s) is invisible and turns the text around it. "
        "Delete it; no script needs it."
    ),
    "lost_letter": N_(
        "Character %(position)s was lost before it came here. Type it again, or save the list as UTF-8."
    ),
    "stacked_marks": N_("Too many marks stand on one letter. Write each letter as its language does."),
    "spreadsheet_error": N_("%(value)s is a spreadsheet's error, no text. Mend the formula in the list."),
    "email_invalid": N_("%(value)s is not one e-mail address. Write it like name@example.org."),
    "category_unknown": N_("There is no category %(value)s. The categories are: %(categories)s."),
    "too_many_cells": N_(
        "This row has %(count)s cells more than there are columns. Put cells with commas in quotation marks."
    ),
    "country_missing": N_("No country is given."),
    "country_unknown": N_("%(value)s is no country of today, so it is kept as text."),
    "phone_as_typed": N_(
        "%(value)s can't be read as one phone number, so it is kept as typed. "
        "Write it with + and the country's code."
    ),
    "language_unknown": N_("%(value)s is no language we know, so English is used."),
}

MOST = {
    "name": 100,
    "short_name": 60,
    "honorific": 60,
    "organisation": 300,
    "job_title": 300,
    "country": 100,
    "category": 200,
    "delegation": 300,
    "email": 254,
    "phone": 40,
    "language": 60,
    "interests": 500,
    "access_needs": 500,
}
FIELDS = tuple(MOST)
DEFAULT_CATEGORY = "Delegate"
DEFAULT_LANGUAGE = "en"

_SPREADSHEET_ERRORS = frozenset(
    ("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!")
)
# Past this no text is looked at more closely, since normalising hostile text is slow.
_LONGEST_LOOKED_AT = 5_000


@dataclass(frozen=True)
class Problem:
    """What is wrong with a field; `SENTENCES[code] % params` says it, so that it can be translated."""

    code: str
    field: str
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What is wrong and how to mend it, in English."""
        return SENTENCES[self.code] % self.params


class DetailsRefused(Refusal):
    """Some fields can't be taken as they are; `problems` has all of them, in the order of FIELDS."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        told = [{"field": p.field, "code": p.code, "sentence": p.sentence} for p in problems]
        sentence = " ".join(f"{p.field.replace('_', ' ').capitalize()}: {p.sentence}" for p in problems)
        super().__init__("details_refused", sentence, extra={"problems": told})
        self.problems = problems


@dataclass(frozen=True)
class Details:
    """A delegate as described at an entrance; `country_text` is what was given where it is no country.

    `short_name` is printed on badges that have no room for the name.
    """

    name: str
    honorific: str = ""
    organisation: str = ""
    job_title: str = ""
    country: str | None = None
    country_text: str = ""
    category: str = DEFAULT_CATEGORY
    delegation: str = ""
    email: str | None = None
    phone: str | None = None
    language: str = DEFAULT_LANGUAGE
    interests: str = ""
    access_needs: str = ""
    short_name: str = ""


def clean_details(
    raw: Mapping[str, str], *, default_region: str = "MY"
) -> tuple[Details, tuple[Problem, ...]]:
    """The details in `raw`, whose keys are those of FIELDS, and what was kept although it is doubtful.

    A phone number without a country's code is one of the delegate's country, else of `default_region`.
    Raises DetailsRefused with every problem of every field.
    """
    texts = {name: _looked_at(raw.get(name) or "") for name in FIELDS}
    problems = [p for name in FIELDS for p in _text_problems(name, raw.get(name) or "", texts[name])]
    email = None
    if texts["email"] and not any(p.field == "email" for p in problems):
        email = email_address(texts["email"])
        if email is None:
            problems.append(Problem("email_invalid", "email", {"value": texts["email"]}))
    if problems:
        raise DetailsRefused(tuple(sorted(problems, key=lambda problem: FIELDS.index(problem.field))))
    return _details(texts, email, default_region)


def _details(
    texts: Mapping[str, str], email: str | None, default_region: str
) -> tuple[Details, tuple[Problem, ...]]:
    country = country_code(texts["country"])
    phone = phone_number(texts["phone"], regions=(country or default_region, default_region))
    language = language_tag(texts["language"])
    details = Details(
        name=texts["name"],
        short_name=texts["short_name"],
        honorific=texts["honorific"],
        organisation=texts["organisation"],
        job_title=texts["job_title"],
        country=country,
        country_text="" if country else texts["country"],
        category=texts["category"] or DEFAULT_CATEGORY,
        delegation=texts["delegation"],
        email=email,
        phone=phone or texts["phone"] or None,
        language=language or DEFAULT_LANGUAGE,
        interests=texts["interests"],
        access_needs=texts["access_needs"],
    )
    doubtful = {
        "country_missing": not texts["country"],
        "country_unknown": texts["country"] and not country,
        "phone_as_typed": texts["phone"] and not phone,
        "language_unknown": texts["language"] and not language,
    }
    return details, tuple(_doubt(code, texts) for code, doubted in doubtful.items() if doubted)


def _doubt(code: str, texts: Mapping[str, str]) -> Problem:
    name = code.split("_")[0]
    return Problem(code, name, {"value": texts[name]} if texts[name] else {})


# --- text --------------------------------------------------------------------------------------------------

# Letters and marks of the scripts that join letters or stack them, where a joiner chooses the form.
_JOINED = (
    r"[[\p{scx=Adlm}\p{scx=Arab}\p{scx=Bali}\p{scx=Beng}\p{scx=Cakm}\p{scx=Deva}\p{scx=Gujr}\p{scx=Guru}"
    r"\p{scx=Java}\p{scx=Khmr}\p{scx=Knda}\p{scx=Lana}\p{scx=Lepc}\p{scx=Limb}\p{scx=Mand}\p{scx=Mlym}"
    r"\p{scx=Mong}\p{scx=Mtei}\p{scx=Mymr}\p{scx=Newa}\p{scx=Nkoo}\p{scx=Orya}\p{scx=Phag}\p{scx=Rohg}"
    r"\p{scx=Saur}\p{scx=Sinh}\p{scx=Sund}\p{scx=Sylo}\p{scx=Syrc}\p{scx=Taml}\p{scx=Telu}\p{scx=Tibt}]"
    r"&&[\p{L}\p{M}]--\p{DI}]"
)
_MEANT = regex.compile(
    "|".join(
        (
            rf"(?<={_JOINED})[\u200c\u200d](?={_JOINED})",
            # After a virama also at the end of a word, as in Malayalam's older spelling of its final letters.
            r"(?<=\p{ccc=9})[\u200c\u200d]",
            r"(?<=\p{ExtPict}[\ufe0f\U0001f3fb-\U0001f3ff]?)\u200d(?=\p{ExtPict})",
            r"(?<=\p{ExtPict})[\ufe0e\ufe0f]",
            r"(?<=[0-9#*])\ufe0f(?=\u20e3)",
            r"(?<=\p{Han})[\ufe00-\ufe02\U000e0100-\U000e01ef]",
            r"(?<=[\p{Myanmar}\p{Phags_Pa}])\ufe00",
            r"(?<=[\p{Mongolian}&&\p{L}])[\u180b-\u180f]",
        )
    ).join(("(", r")|\p{DI}")),
    regex.VERSION1,
)
_REFUSED = (
    ("turns_text", regex.compile(r"[\u202a-\u202e\u2066-\u2069]")),
    ("lost_letter", regex.compile("\ufffd")),
    # Of the format characters those that hide or annotate text; the others are removed or mean something.
    (
        "unprintable",
        regex.compile(
            r"[[\p{C}--\p{Cf}]--[\t-\r\x85]]|[\u206a-\u206f\ufff9-\ufffc\U000e0001-\U000e007f]",
            regex.VERSION1,
        ),
    ),
)
# General diacritics beyond any spelling, and marks beyond the fullest syllables of Myanmar and Tibetan.
_STACKED = regex.compile(
    r"(?:[\p{sc=Inherited}&&\p{M}--\p{VS}]\p{Join_Control}?){5}|(?:[\p{M}--\p{VS}]\p{Join_Control}?){9}",
    regex.VERSION1,
)
_LETTER_OR_DIGIT = regex.compile(r"[\p{L}\p{N}]")


def cleaned_text(text: str) -> str:
    """A text in NFC, its white space collapsed, without invisible characters where they mean nothing.

    Joiners stay within the scripts that need them and in emoji, variation selectors after what varies.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    # Again until nothing changes: what is removed may have kept marks in an order on which a joiner rested.
    while (clean := _cleaned_once(text)) != text:
        text = clean
    return clean


def _cleaned_once(text: str) -> str:
    visible = _MEANT.sub(r"\1", unicodedata.normalize("NFC", text))
    return " ".join(unicodedata.normalize("NFC", visible).split())


def _looked_at(text: str) -> str:
    return cleaned_text(text[:_LONGEST_LOOKED_AT])


def _text_problems(name: str, raw: str, text: str) -> Iterator[Problem]:
    """Every problem of one field, from what was typed and what is left of it once it is clean."""
    for code, pattern in _REFUSED:
        if found := pattern.search(raw):
            yield Problem(code, name, _place(found))
    length = max(len(text), len(raw) if len(raw) > _LONGEST_LOOKED_AT else 0)
    if length > MOST[name]:
        yield Problem("too_long", name, {"length": length, "most": MOST[name]})
    if text in _SPREADSHEET_ERRORS:
        yield Problem("spreadsheet_error", name, {"value": text})
    if _STACKED.search(text):
        yield Problem("stacked_marks", name)
    if name == "name" and not _LETTER_OR_DIGIT.search(text):
        yield Problem("no_letter" if text else "missing", name)


def _place(found: "regex.Match[str]") -> dict[str, object]:
    return {"position": found.start() + 1, "character": f"U+{ord(found.group()):04X}"}


# --- addresses, phones and languages -----------------------------------------------------------------------


def email_address(text: str) -> str | None:
    """An address in lower case, its domain in Unicode; None where it is not exactly one address.

    RFC 5321 lets the part before the @ tell cases apart, but no mail system in use does, and people
    write theirs in any case: one person would register twice.
    """
    try:
        address = validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        return None
    return unicodedata.normalize("NFC", address.lower())


def phone_number(text: str, *, regions: tuple[str, ...]) -> str | None:
    """A phone number as E.164 with its +, as one of the first of the regions where it is valid; else None.

    With a + its length is enough, since numbering plans change faster than their tables. An extension
    and letters have no place in E.164, so they give None.
    """
    if any(letter.isalpha() for letter in text):
        return None
    for region in regions:
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        right = phonenumbers.is_possible_number if text.startswith("+") else phonenumbers.is_valid_number
        if right(number) and not number.extension:
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return None


@cache
def _languages() -> dict[str, str]:
    """The tags of languages by their English names, case-folded, and by what Malaysians call theirs."""
    names = {str(name).casefold(): str(tag) for tag, name in Locale("en").languages.items()}
    return names | {"bahasa": "ms", "bahasa malaysia": "ms", "bahasa melayu": "ms", "mandarin": "zh"}


def language_tag(text: str) -> str | None:
    """The language tag (BCP 47) of a tag or an English name; None for a language that CLDR doesn't know."""
    locale = _locale(text)
    return str(locale).replace("_", "-") if locale else _languages().get(text.casefold())


def _locale(tag: str) -> Locale | None:
    try:
        return Locale.parse(tag.replace("-", "_")) if tag else None
    except (UnknownLocaleError, ValueError):
        return None
