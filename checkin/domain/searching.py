"""Finding people by what a help desk is told; it owns no table, and reads the delegate's column `search`.

What it holds is said in `words`. An index of its trigrams (migration 0003) proposes people, at most
`CANDIDATES` a round: first those who have the words as they are, then those who have them with mistakes.
Whether and how well they match is judged here.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract
from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, cast, column, func, select, table
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from checkin.domain.badges import Badge
from checkin.domain.delegates import Delegate
from checkin.domain.event import Category
from checkin.domain.scans import Attendance
from checkin.domain.words import PLAIN, Word, latin, query_words

AT_MOST = 10
# The index is asked for the mistakes of so many words of a query, the longest, which say the most.
MOST_LOOSE_WORDS = 3
CANDIDATES = 300

# How well a word of the query matches, the best first.
WHOLE, PREFIX, WITHIN, ONE_MISTAKE, ALIKE = range(5)

# Pieces of text that must all occur in what the column holds.
Pattern = tuple[str, ...]
# The stored words that are close to a word of the query: those with one mistake, those with two.
Close = tuple[list[str], list[str]]
# Somebody whom the index proposes: id, reference, name and the column `search`.
Candidate = Row[int, str, str, str]
# Conditions on delegates, besides the words.
Among = Sequence[ColumnElement[bool]]
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
# With further conditions the index can't know where to stop.
_AMONG_SQLITE = _candidate.where(_delegate.id.in_(_rows))
_FROM_POSTGRESQL = _candidate.where(
    func.search_grams(_delegate.search).op("@@")(cast(bindparam("formula"), TSQUERY))
)


@dataclass(frozen=True)
class Found:
    """One result; `today` is the first entry of the day to the main area, `badge` the live badge's look-up id."""

    reference: str
    name: str
    organisation: str
    category: str
    today: datetime | None
    badge: str | None
    status: str


def search(session: Session, query: str, *, area_id: int, day: date) -> list[Found]:
    """At most ten people who match every word, the best first; those who match alike by name.

    Best is who has this reference, then who has the words whole, as beginnings, within a word, with mistakes.
    """
    best = best_matches(session, query, at_most=AT_MOST)
    return _found(session, best, area_id=area_id, day=day) if best else []


def bearer(session: Session, lookup: str, *, area_id: int, day: date) -> list[Found]:
    """Whoever has or had the badge of a look-up id."""
    theirs = session.scalars(select(Badge.delegate_id).where(Badge.lookup == lookup)).all()
    return _found(session, theirs, area_id=area_id, day=day) if theirs else []


def one(session: Session, delegate_id: int, *, area_id: int, day: date) -> list[Found]:
    """A delegate as a result."""
    return _found(session, [delegate_id], area_id=area_id, day=day)


Words = tuple[str, ...]


@dataclass(frozen=True)
class Matches:
    """Whoever matches a query: the ids, the best first, or of many the words that all of them have as they are."""

    ids: Sequence[int] = ()
    words: Words | None = None


def matches(session: Session, query: str, *, among: Among = ()) -> Matches:
    """All who match every word; who has one with a mistake counts only where few have all as they are.

    `among` are conditions on those with a mistake: the index can't tell all of these.
    """
    words = query_words(query)
    if not words:
        return Matches()
    candidates = _candidates(session, [_beginning(word) for word in words], among=())
    if len(candidates) == CANDIDATES:
        return Matches(words=tuple(word.text for word in words))
    ranks = _ranks(candidates, words, close=[([], [])] * len(words))
    if len(ranks) < AT_MOST and not (ranks and len(words) >= 3):
        ranks |= _forgiven(session, words, mistakes=1, known=ranks, among=among)
    if not ranks:
        ranks = _forgiven(session, words, mistakes=2, known=ranks, among=among)
    return Matches(sorted(ranks, key=lambda delegate_id: ranks[delegate_id]))


def the_words(session: Session, words: Words) -> ColumnElement[bool]:
    """The condition on delegates that they have all of these words, or longer ones that begin so."""
    patterns: list[list[Pattern]] = [[(f"  {word}",)] for word in words]
    if session.get_bind().dialect.name == "postgresql":
        formula = cast(_formula(patterns, quote="'", both=" & ", either=" | "), TSQUERY)
        proposed = func.search_grams(Delegate.search).op("@@")(formula)
    else:
        match = _index.c.search_index.op("MATCH")(_formula(patterns, quote='"', both=" AND ", either=" OR "))
        proposed = Delegate.id.in_(select(_index.c.rowid).where(match))
    return and_(proposed, *(Delegate.search.contains(f"  {word}") for word in words))


def best_matches(session: Session, query: str, *, at_most: int, among: Among = ()) -> list[int]:
    """The ids of whoever matches every word, in the order of `search`; `among` are conditions on delegates."""
    words = query_words(query)
    ranks = _exact(session, words, among=among) if words else {}
    # Three words that all match have named somebody; fewer may be a mistake that happens to match.
    if len(ranks) < AT_MOST and not (ranks and len(words) >= 3):
        ranks |= _forgiven(session, words, mistakes=1, known=ranks, among=among)
    if not ranks:
        ranks = _forgiven(session, words, mistakes=2, known=ranks, among=among)
    return sorted(ranks, key=lambda delegate_id: ranks[delegate_id])[:at_most]


def _exact(session: Session, words: Sequence[Word], *, among: Among) -> Ranks:
    candidates = _candidates(session, [_beginning(word) for word in words], among=among)
    if len(candidates) == CANDIDATES:
        # Too many to be sure that the best are among them.
        candidates = [*candidates, *_candidates(session, [_whole(word) for word in words], among=among)]
    return _ranks(candidates, words, close=[([], [])] * len(words))


def _forgiven(
    session: Session, words: Sequence[Word], *, mistakes: int, known: Collection[int], among: Among
) -> Ranks:
    loose = sorted((word for word in words if word.mistakes), key=lambda word: -len(word.text))
    asked = [word for word in words if not word.mistakes] + loose[:MOST_LOOSE_WORDS]
    sought = [_mistyped(word, mistakes=mistakes, alone=len(words) == 1) for word in asked]
    if sought == [_beginning(word) for word in words]:
        return {}
    candidates = [found for found in _candidates(session, sought, among=among) if found.id not in known]
    vocabulary = {stored for stored in "".join(text for *_, text in candidates).split() if stored[0] != "~"}
    return _ranks(candidates, words, close=[_close(word, vocabulary) for word in words])


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


def _candidates(session: Session, words: Sequence[Sequence[Pattern]], *, among: Among) -> Sequence[Candidate]:
    """Some of those who may match: who have, for every word, the trigrams of one of its patterns."""
    if session.get_bind().dialect.name == "postgresql":
        formula = _formula(words, quote="'", both=" & ", either=" | ")
        statement = _FROM_POSTGRESQL
    else:
        formula = _formula(words, quote='"', both=" AND ", either=" OR ")
        statement = _AMONG_SQLITE if among else _FROM_SQLITE
    return session.execute(statement.where(*among) if among else statement, {"formula": formula}).all()


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
            named = "".join(PLAIN.findall(own_reference.lower())) == reference
            worst_first = sorted(matches, reverse=True)
            ranks[delegate_id] = (not named, worst_first, latin(name), delegate_id)
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
            Badge.lookup,
            Delegate.status,
        )
        .join(Category, Category.id == Delegate.category_id)
        .outerjoin(Attendance, here)
        .outerjoin(Badge, and_(Badge.delegate_id == Delegate.id, Badge.revoked_at.is_(None)))
        .where(Delegate.id.in_(best))
    )
    rows = sorted(session.execute(statement), key=lambda row: best.index(row.id))
    return [Found(*row[1:]) for row in rows]
