"""Finding people by what a help desk is told; it owns no table, and reads the delegate's column `search`.

Two spaces stand around each word of that column, so that the trigrams "  z", "li " and "i  " tell where a
word begins and ends. An index of the trigrams (migration 0003) proposes people, at most `CANDIDATES` a round:
first those who have the words as they are, then those who have them with mistakes. Whether and how well they
match is judged here.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations

from anyascii import anyascii
from rapidfuzz.distance import OSA
from rapidfuzz.process import extract
from sqlalchemy import Row, Select, and_, bindparam, cast, column, func, select, table
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from checkin.domain.delegates import Delegate
from checkin.domain.event import Category
from checkin.domain.scans import Attendance

AT_MOST = 10
LONGEST_QUERY = 100
LONGEST_WORD = 40
MOST_WORDS = 12
# The index is asked for the mistakes of so many words of a query, the longest, which say the most.
MOST_LOOSE_WORDS = 3
CANDIDATES = 300

# How well a word of the query matches, the best first.
WHOLE, PREFIX, WITHIN, ONE_MISTAKE, ALIKE = range(5)

HAN = "\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SYLLABIC = re.compile(f"[{HAN}]+|[\uac00-\ud7a3]+")
_HAN = re.compile(f"[{HAN}]+")
# Hebrew and Arabic to Khmer, and Hangul: people romanise them by ear, in more ways than one.
_HEARD = re.compile("[\u0590-\u18ff\uac00-\ud7a3]")
_ARABIC_ARTICLE = re.compile(r"\bال(?=\w{3})")
_APOSTROPHES = re.compile("['`]")
_JOINED = re.compile(r"[a-z0-9]+(?:[-./&_+][a-z0-9]+)*")
_PLAIN = re.compile("[a-z0-9]+")
_PHONE = re.compile(r"(?<![\w-])\+?\d[\d ()./-]{2,20}(\d) ?(\d) ?(\d) ?(\d)(?!\w)")

_DOUBLED = re.compile(r"(.)\1+")
_BREATHED = re.compile("(?<=[bcdgkpst])h|h$")
_ALIKE = str.maketrans("bdgqcjzxf", "ptkkssssp", "aeiouvwy")

# Pieces of text that must all occur in what the column holds.
Pattern = tuple[str, ...]
# The stored words that are close to a word of the query: those with one mistake, those with two.
Close = tuple[list[str], list[str]]
# Somebody whom the index proposes: id, reference, name and the column `search`.
Candidate = Row[int, str, str, str]
# For each delegate, what sorts the better match first.
Ranks = dict[int, tuple[bool, list[int], str, int]]

# Built once: building them would take as long as running them. Core columns, since nothing here is an entity.
_delegate = Delegate.__table__.c
_candidate: Select[int, str, str, str] = select(
    _delegate.id, _delegate.reference, _delegate.name, _delegate.search
).limit(CANDIDATES)
_index = table("search_index", column("rowid"), column("search_index"))
_rows = select(_index.c.rowid).where(_index.c.search_index.op("MATCH")(bindparam("formula")))
_FROM_SQLITE = _candidate.where(_delegate.id.in_(_rows.limit(CANDIDATES)))
_FROM_POSTGRESQL = _candidate.where(
    func.search_grams(_delegate.search).op("@@")(cast(bindparam("formula"), TSQUERY))
)


@dataclass(frozen=True)
class Found:
    """One result; `today` is the first entry of the day to the main area."""

    reference: str
    name: str
    organisation: str
    category: str
    today: datetime | None


@dataclass(frozen=True)
class Word:
    """A word of a query as the column holds it; what it holds of one that sounds alike, or nothing."""

    text: str
    alike: str

    @property
    def mistakes(self) -> int:
        """How many wrong, missing, added or transposed letters are forgiven; none in numbers and in Han."""
        if len(self.text) < 4 or not (self.text.isascii() and self.text.isalpha()):
            return 0
        return 1 if len(self.text) < 7 else 2


def search_text(*parts: str | None) -> str:
    """What the column `search` holds of a delegate's parts: every word once, with two spaces around each."""
    words = dict.fromkeys(word for part in parts if part for word in _stored_words(part))
    return f"  {'  '.join(words)}  "


def is_enough(query: str) -> bool:
    """Whether a query may be asked: two letters or digits, or one Han character."""
    return sum(letter.isalnum() for letter in query) >= 2 or _HAN.search(query) is not None


def search(session: Session, query: str, *, area_id: int, day: date) -> list[Found]:
    """At most ten people who match every word, the best first; those who match alike by name.

    Best is who has this reference, then who has the words whole, as beginnings, within a word, with mistakes.
    """
    words = query_words(query)
    ranks = _exact(session, words) if words else {}
    # Three words that all match have named somebody; fewer may be a mistake that happens to match.
    if len(ranks) < AT_MOST and not (ranks and len(words) >= 3):
        ranks |= _forgiven(session, words, mistakes=1, known=ranks)
    if not ranks:
        ranks = _forgiven(session, words, mistakes=2, known=ranks)
    best = sorted(ranks, key=lambda delegate_id: ranks[delegate_id])[:AT_MOST]
    return _found(session, best, area_id=area_id, day=day) if best else []


def _exact(session: Session, words: Sequence[Word]) -> Ranks:
    candidates = _candidates(session, [_beginning(word) for word in words])
    if len(candidates) == CANDIDATES:
        # Too many to be sure that the best are among them.
        candidates = [*candidates, *_candidates(session, [_whole(word) for word in words])]
    return _ranks(candidates, words, close=[([], [])] * len(words))


def _forgiven(session: Session, words: Sequence[Word], *, mistakes: int, known: Collection[int]) -> Ranks:
    loose = sorted((word for word in words if word.mistakes), key=lambda word: -len(word.text))
    asked = [word for word in words if not word.mistakes] + loose[:MOST_LOOSE_WORDS]
    sought = [_mistyped(word, mistakes=mistakes, alone=len(words) == 1) for word in asked]
    if sought == [_beginning(word) for word in words]:
        return {}
    candidates = [found for found in _candidates(session, sought) if found.id not in known]
    vocabulary = {stored for stored in "".join(text for *_, text in candidates).split() if stored[0] != "~"}
    return _ranks(candidates, words, close=[_close(word, vocabulary) for word in words])


# --- words -------------------------------------------------------------------------------------------------


def _stored_words(text: str) -> Iterator[str]:
    """Latin without accents; Han as it is and, as every other script, romanised; some by their sound too."""
    text = unicodedata.normalize("NFKC", text)
    for run in _SYLLABIC.findall(text):
        yield from _syllabic_words(run)
    for word in _spaced(text).split():
        for joined in _JOINED.findall(_latin(word)):
            parts = _PLAIN.findall(joined)
            yield from _cut(*parts, "".join(parts))
            if _HEARD.search(word):
                yield from _sounds(parts)


def _syllabic_words(run: str) -> Iterator[str]:
    """Of a run of Han or Hangul each syllable, all together, and all but the first: the family name."""
    syllables = [_latin_word(character) for character in run]
    if _HAN.match(run):
        # As one phrase, so that characters are found by how they follow each other.
        yield "  ".join(run)
    else:
        yield from _sounds(syllables)
    yield from _cut(*syllables, "".join(syllables))
    if 3 <= len(syllables) <= 4:
        yield from _cut("".join(syllables[1:]))


def query_words(query: str) -> list[Word]:
    """The words of a query as they are looked for; a phone's number by its last four digits."""
    text = _PHONE.sub(r"\1\2\3\4", unicodedata.normalize("NFKC", query[:LONGEST_QUERY]))
    words = [_syllabic_word(run) for run in _SYLLABIC.findall(text)]
    words += map(_plain_word, _cut(*_PLAIN.findall(_latin(_spaced(text)))))
    return list(dict.fromkeys(words))[:MOST_WORDS]


def _syllabic_word(run: str) -> Word:
    romanised = _latin_word(run)
    if not _HAN.match(run):
        return _plain_word(romanised)
    # The other way to write the same characters, traditional or simplified, is romanised alike.
    return Word("  ".join(run), alike=f"  {romanised}" if romanised else "")


def _plain_word(word: str) -> Word:
    return Word(word, alike=f"  {heard}  " if (heard := "".join(_sounds([word]))) else "")


def sound(word: str) -> str:
    """What is left of a romanised word where spellings differ: its consonants, the similar ones as one."""
    return _BREATHED.sub("", _DOUBLED.sub(r"\1", word)).translate(_ALIKE)


def _sounds(words: Iterable[str]) -> list[str]:
    return [f"~{heard}" for heard in map(sound, words) if len(heard) > 1]


def _spaced(text: str) -> str:
    """A text with spaces for its runs of Han and Hangul, and one after each Arabic article."""
    return _ARABIC_ARTICLE.sub("al ", _SYLLABIC.sub(" ", text))


def _latin(text: str) -> str:
    return _APOSTROPHES.sub("", anyascii(text).lower())


def _latin_word(text: str) -> str:
    return "".join(_PLAIN.findall(_latin(text)))[:LONGEST_WORD]


def _cut(*words: str) -> list[str]:
    return [word[:LONGEST_WORD] for word in words if word]


# --- what the index is asked for ---------------------------------------------------------------------------


def _whole(word: Word) -> list[Pattern]:
    return [(f"  {word.text}  ",)]


def _beginning(word: Word) -> list[Pattern]:
    return [(f"  {word.text}",)]


def _mistyped(word: Word, *, mistakes: int, alone: bool) -> list[Pattern]:
    """Any part of a word, or a mistake; with two also the same sound in another script."""
    patterns: list[Pattern] = [(word.text,)] if len(word.text) >= 4 else _beginning(word)
    if word.mistakes:
        patterns += _with_one_mistake(word.text, alone=alone)
    if mistakes == 2 and word.alike:
        patterns.append((word.alike,))
    if mistakes == 2 and word.mistakes == 2:
        patterns += _without(word.text, gaps=2, width=max(3, len(word.text) // 6 + 1))
    return patterns


def _with_one_mistake(word: str, *, alone: bool) -> list[Pattern]:
    if len(word) >= 6 or not alone:
        # Beside other words a wide gap leaves enough to tell by, and there are fewer patterns to look up.
        return _without(word, gaps=1, width=len(word) // (4 if alone else 3) + 1)
    # A gap for two transposed letters would leave too little of a short word.
    swapped = (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1))
    return _without(word, gaps=1, width=1) + [(f"  {other}  ",) for other in swapped]


def _without(word: str, *, gaps: int, width: int) -> list[Pattern]:
    """What is left of a word wherever its mistakes are, one in each gap.

    Gaps that are wider than a letter overlap by one, so that two transposed letters lie in one of them.
    """
    step = max(1, width - 1)
    padded = f"  {word}  "
    patterns = []
    for starts in combinations(range(2, len(padded) - 1 - width + step - 1, step), gaps):
        begins = (0, *(start + width for start in starts))
        pieces = (padded[begin:end] for begin, end in zip(begins, (*starts, None), strict=True))
        left = tuple(piece for piece in pieces if len(piece) >= 3)
        # After two mistakes, fewer than three trigrams would be left of too many words.
        if sum(len(piece) - 2 for piece in left) >= 2 * gaps - 1:
            patterns.append(left)
    return patterns


# --- asking the index --------------------------------------------------------------------------------------


def _candidates(session: Session, words: Sequence[Sequence[Pattern]]) -> Sequence[Candidate]:
    """Some of those who may match: who have, for every word, the trigrams of one of its patterns."""
    if session.get_bind().dialect.name == "postgresql":
        formula = _formula(words, quote="'", both=" & ", either=" | ")
        return session.execute(_FROM_POSTGRESQL, {"formula": formula}).all()
    formula = _formula(words, quote='"', both=" AND ", either=" OR ")
    return session.execute(_FROM_SQLITE, {"formula": formula}).all()


def _formula(words: Sequence[Sequence[Pattern]], *, quote: str, both: str, either: str) -> str:
    """What FTS5 and tsquery read; trigrams hold letters, digits, spaces and `~`: nothing to escape."""

    def all_of(pattern: Pattern) -> str:
        return f"({both.join(quote + gram + quote for gram in _grams(pattern))})"

    return both.join(f"({either.join(map(all_of, patterns))})" for patterns in words)


def _grams(pattern: Pattern) -> list[str]:
    """The first, the last and every second trigram of each piece: enough to tell, half as many to look up."""
    return list(
        dict.fromkeys(
            piece[at : at + 3] for piece in pattern for at in (*range(0, len(piece) - 3, 2), len(piece) - 3)
        )
    )


# --- judging -----------------------------------------------------------------------------------------------


def _ranks(candidates: Iterable[Candidate], words: Sequence[Word], *, close: Sequence[Close]) -> Ranks:
    """The rank of each who matches every word; the worst matched word counts first."""
    reference = "".join(word.text for word in words)
    ranks: Ranks = {}
    for delegate_id, own_reference, name, text in candidates:
        matches = _matches(words, text, close)
        if matches is not None:
            named = "".join(_PLAIN.findall(own_reference.lower())) == reference
            worst_first = sorted(matches, reverse=True)
            ranks[delegate_id] = (not named, worst_first, _latin(name), delegate_id)
    return ranks


def _matches(words: Sequence[Word], text: str, close: Sequence[Close]) -> list[int] | None:
    matches = []
    for word, near in zip(words, close, strict=True):
        match = _match(word, text, near)
        if match is None:
            return None
        matches.append(match)
    return matches


def _close(word: Word, vocabulary: Iterable[str]) -> Close:
    """What is in the column where a word was written with a mistake, running two words together being one."""
    if not word.mistakes:
        return ([], [])
    text = word.text
    near = extract(
        text,
        vocabulary,
        scorer=OSA.distance,  # type: ignore[arg-type]  # Its stubs forget that distances are scorers too.
        score_cutoff=word.mistakes,
        limit=None,
    )
    one, two = ([f"  {stored}  " for stored, made, _ in near if made == mistakes] for mistakes in (1, 2))
    return one + [f"  {text[:at]}  {text[at:]}  " for at in range(1, len(text))], two


def _match(word: Word, text: str, close: Close) -> int | None:
    """How well the words of a column match one of a query; None where they don't."""
    if f"  {word.text}" in text:
        return WHOLE if f"  {word.text}  " in text else PREFIX
    if len(word.text) >= 4 and word.text in text:
        return WITHIN
    one, two = close
    if any(piece in text for piece in one):
        return ONE_MISTAKE
    sounds_alike = bool(word.alike) and word.alike in text
    return ALIKE if sounds_alike or any(piece in text for piece in two) else None


def _found(session: Session, best: Sequence[int], *, area_id: int, day: date) -> list[Found]:
    here = and_(Attendance.delegate_id == Delegate.id, Attendance.area_id == area_id, Attendance.day == day)
    statement = (
        select(
            Delegate.id,
            Delegate.reference,
            Delegate.name,
            Delegate.organisation,
            Category.name,
            Attendance.first_at,
        )
        .join(Category, Category.id == Delegate.category_id)
        .outerjoin(Attendance, here)
        .where(Delegate.id.in_(best))
    )
    rows = sorted(session.execute(statement), key=lambda row: best.index(row.id))
    return [Found(*row[1:]) for row in rows]
