"""The organisers' own words for the letters to delegates; it owns the table own_words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import CheckConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base

LANGUAGES = ("en", "ms")
LONGEST_SUBJECT = 150
LONGEST_TEXT = 4000
# What stands in for a value that each letter has of its own.
PLACES = ("name", "reference", "event")
_PLACE = re.compile(r"\{([^{}]*)\}")
UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def N_(sentence: str) -> str:  # noqa: N802  The name by which Babel finds sentences that are translated later.
    """Mark a sentence for the catalogues."""
    return sentence


SENTENCES = {
    "too_long": N_("This is too long: at most %(most)s characters fit."),
    "unprintable": N_("There is a character in it that can't be printed: type it again."),
    "notice_place_unknown": N_("%(place)s stands for nothing: there are {event} and {organiser}."),
    "place_unknown": N_("%(place)s stands for nothing: there are {name}, {reference} and {event}."),
}


class OwnWords(Base):
    """What a kind of letter says in a language instead of our own words; an empty part stays ours."""

    __tablename__ = "own_words"
    __table_args__ = (CheckConstraint("language IN ('en', 'ms')", name="language"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    text: Mapped[str]


@dataclass(frozen=True)
class Wording:
    """A subject, and a text whose paragraphs are parted by empty lines; `{name}` and its like as in PLACES."""

    subject: str = ""
    text: str = ""

    @property
    def paragraphs(self) -> tuple[str, ...]:
        return tuple(" ".join(part.split()) for part in re.split(r"\n\s*\n", self.text) if part.strip())


# By the kind of the letter and its language.
Wordings = Mapping[tuple[str, str], Wording]


def wordings(session: Session) -> Wordings:
    """All of the organisers' own words."""
    rows = session.execute(select(OwnWords.kind, OwnWords.language, OwnWords.subject, OwnWords.text))
    return {(row.kind, row.language): Wording(row.subject, row.text) for row in rows}


def problems(wording: Wording) -> Iterator[tuple[str, str, dict[str, object]]]:
    """What is wrong: the field, the code of its sentence, and what that names."""
    for field, most in (("subject", LONGEST_SUBJECT), ("text", LONGEST_TEXT)):
        given = getattr(wording, field)
        if len(given) > most:
            yield field, "too_long", {"most": most}
        elif UNPRINTABLE.search(given):
            yield field, "unprintable", {}
        for place in _PLACE.findall(given):
            if place not in PLACES:
                yield field, "place_unknown", {"place": f"{{{place[:40]}}}"}


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with the values of its places; what is no place stays as it is."""
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), text)


def set_wording(session: Session, kind: str, language: str, wording: Wording) -> None:
    """Let a kind of letter say this in a language; our own words again where it is empty."""
    session.execute(delete(OwnWords).where(OwnWords.kind == kind, OwnWords.language == language))
    if wording != Wording():
        session.add(OwnWords(kind=kind, language=language, subject=wording.subject, text=wording.text))
