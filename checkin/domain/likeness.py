"""Whether two entries are likely one person, by what is kept of them; pure, and it owns no table.

Two spellings of a name are told from two names word by word: honorifics aside, in any order where no “bin” says which
name is the father's. A name alone says little: something else must agree as well.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, permutations

from rapidfuzz.distance import OSA

from checkin.domain.words import PLAIN, latin, sound

SAME_EMAIL, SAME_PHONE, SAME_ORGANISATION = "same_email", "same_phone", "same_organisation"
SAME_NAME, SIMILAR_NAME, SAME_JOB = "same_name", "similar_name", "same_job"
REASONS = (SAME_NAME, SIMILAR_NAME, SAME_EMAIL, SAME_PHONE, SAME_ORGANISATION, SAME_JOB)

# People are compared within blocks of so many; larger ones are divided once more, then left aside.
BLOCK = 60
# Pairs kept in all: more than anybody looks through.
PAIRS_AT_MOST = 5_000
# From here on names are the same but for order, spaces and honorifics; from the others on, similar.
SAME, SIMILAR, PERHAPS = 0.97, 0.8, 0.7

_SLASHED = (("a/l", " bin "), ("s/o", " bin "), ("a/p", " binti "), ("d/o", " binti "))
_SONS, _DAUGHTERS = {"bin", "b", "ibn", "bn"}, {"binti", "bte", "bt", "bint", "binte"}
_HONORIFICS = {
    *(
        "mr",
        "mrs",
        "ms",
        "mdm",
        "madam",
        "dr",
        "prof",
        "professor",
        "ir",
        "ts",
        "ar",
        "sr",
        "hj",
        "haji",
        "hjh",
    ),
    *(
        "hajjah",
        "datuk",
        "dato",
        "datin",
        "tun",
        "puan",
        "encik",
        "cik",
        "tuan",
        "yb",
        "yab",
        "he",
        "hon",
        "sir",
    ),
    *("m", "mme", "mlle", "sra", "dra", "ing", "seri", "sri", "paduka", "panglima", "drs"),
}
_SUFFIXES = {"jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr", "ii": "jr", "iii": "iii", "iv": "iv"}
_ARTICLES = {"al", "el", "ad", "ar", "as"}
_ALIASES = {
    **dict.fromkeys(
        ("mohd", "mohamad", "mohammad", "muhamad", "mohamed", "mohammed", "muhd", "md", "mhd"), "muhammad"
    ),
    **dict.fromkeys(("abd", "abdel", "abdoul"), "abdul"),
    **dict.fromkeys(("nor", "noor"), "nur"),
}
_FIRMS = {
    *("sdn", "bhd", "berhad", "ltd", "limited", "inc", "pte", "llc", "co", "corp", "company", "corporation"),
    *("plc", "gmbh", "the", "of", "and", "dan"),
}
_ARABIC_ARTICLE = re.compile(r"\bال(?=\w{4})")
_LATIN = re.compile("[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is compared of a delegate; `own` are the words of the name before a “bin”, `fathers` those after it."""

    id: int
    own: tuple[str, ...]
    fathers: tuple[str, ...]
    # `son` or `daughter` where the name says so.
    child: str
    suffix: str
    joined: str
    is_latin: bool
    organisation: str
    job: str
    country: str
    email: str
    phone: str

    @property
    def words(self) -> tuple[str, ...]:
        return self.own + self.fathers


@dataclass(frozen=True)
class Likeness:
    """Two entries that are likely one person, the one with the lower id first; `score` is at most 100."""

    first_id: int
    second_id: int
    score: int
    reasons: tuple[str, ...]


def entry(
    id: int,
    name: str,
    *,
    organisation: str = "",
    job: str = "",
    country: str | None = None,
    email: str | None = None,
    phone: str | None = None,
) -> Entry:
    """A delegate's entry, in the form in which it is compared."""
    own, fathers, child, suffix = _parted(name)
    return Entry(
        id=id,
        own=own,
        fathers=fathers,
        child=child,
        suffix=suffix,
        joined="".join(own + fathers),
        is_latin=_LATIN.search(name) is not None,
        organisation="".join(word for word in PLAIN.findall(latin(organisation)) if word not in _FIRMS),
        job="".join(PLAIN.findall(latin(job))),
        country=country or "",
        email=email or "",
        phone=phone or "",
    )


def _parted(name: str) -> tuple[tuple[str, ...], tuple[str, ...], str, str]:
    """The words of a name: own, the father's, whose child, and which of several of one name."""
    text = latin(_ARABIC_ARTICLE.sub("al ", name))
    for slashed, plain in _SLASHED:
        text = text.replace(slashed, plain)
    words = PLAIN.findall(text)
    suffix = ""
    while len(words) > 2 and words[-1] in _SUFFIXES:
        suffix = _SUFFIXES[words.pop()]
    words = _without_honorifics(words)
    for at in range(1, len(words) - 1):
        if words[at] in _SONS or words[at] in _DAUGHTERS:
            child = "son" if words[at] in _SONS else "daughter"
            return _plain(words[:at]), _plain(words[at + 1 :]), child, suffix
    return _plain(words), (), "", suffix


def _without_honorifics(words: Sequence[str]) -> list[str]:
    """A name keeps a word at least; Tan is an honorific only before Sri."""
    left = list(words)
    while len(left) > 1 and (left[0] in _HONORIFICS or left[:2] == ["tan", "sri"]):
        left.pop(0)
    return left


def _plain(words: Sequence[str]) -> tuple[str, ...]:
    kept = [_ALIASES.get(word, word) for word in words if word not in _SONS | _DAUGHTERS]
    return tuple(kept[:1] + [word for word in kept[1:] if word not in _ARTICLES])


# --- who is compared with whom ------------------------------------------------------------------------------


def likely_pairs(entries: Sequence[Entry]) -> list[Likeness]:
    """The pairs that are likely one person, the likeliest first, PAIRS_AT_MOST of them."""
    found: dict[tuple[int, int], Likeness] = {}
    compared: set[tuple[int, int]] = set()
    for keys in (_by_email, _by_phone, _by_letters, _by_sound, _by_colleagues):
        for block in _blocks(entries, keys):
            for one, other in combinations(block, 2):
                pair = (one.id, other.id) if one.id < other.id else (other.id, one.id)
                if pair in compared:
                    continue
                compared.add(pair)
                if (likeness := compare(one, other)) is not None:
                    found[pair] = likeness
    best = sorted(found.values(), key=lambda one: (-one.score, one.first_id, one.second_id))
    return best[:PAIRS_AT_MOST]


def _by_email(one: Entry) -> Iterable[str]:
    return (one.email,)


def _by_phone(one: Entry) -> Iterable[str]:
    return (one.phone,)


def _by_letters(one: Entry) -> Iterable[str]:
    """The same letters, in whatever order the words stand."""
    return ("".join(sorted(one.joined)),)


def _by_sound(one: Entry) -> Iterable[str]:
    return (_sound(one.joined),)


def _by_colleagues(one: Entry) -> Iterable[str]:
    """A word of the name that sounds alike, within an organisation."""
    if not one.organisation:
        return ()
    return {f"{one.organisation} {_sound(word)}" for word in one.words if len(word) > 2}


def _blocks(entries: Iterable[Entry], keys: object) -> Iterator[list[Entry]]:
    blocks = defaultdict(list)
    for one in entries:
        for key in keys(one):  # type: ignore[operator]
            if key:
                blocks[key].append(one)
    for block in blocks.values():
        if len(block) <= BLOCK:
            yield block
            continue
        parts = defaultdict(list)
        for one in block:
            for pair in combinations(sorted({_sound(word) for word in one.words}), 2):
                parts[pair].append(one)
        yield from (part for part in parts.values() if len(part) <= BLOCK)


# --- comparing ------------------------------------------------------------------------------------------------


def compare(one: Entry, other: Entry) -> Likeness | None:
    """How alike two entries are; None where they are hardly one person."""
    names = _names(one, other)
    if names < PERHAPS:
        return None
    same_email = one.email != "" and one.email == other.email
    same_phone = one.phone != "" and one.phone == other.phone
    same_organisation = _same_organisation(one, other)
    same_job = one.job != "" and one.job == other.job
    others = same_email + same_phone + same_organisation
    elsewhere = bool(one.country and other.country and one.country != other.country)
    if not _speaks(one, other, names, others, named=same_email or same_job, elsewhere=elsewhere):
        return None
    agreed = {
        SAME_NAME: names >= SAME,
        SIMILAR_NAME: names < SAME,
        SAME_EMAIL: same_email,
        SAME_PHONE: same_phone,
        SAME_ORGANISATION: same_organisation,
        SAME_JOB: same_job,
    }
    score = 55 * names + 20 * same_email + 15 * same_phone + 15 * same_organisation + 5 * same_job
    first, second = sorted((one.id, other.id))
    reasons = tuple(reason for reason, holds in agreed.items() if holds)
    return Likeness(first, second, min(round(score) - 10 * elsewhere, 100), reasons)


def _speaks(one: Entry, other: Entry, names: float, others: int, *, named: bool, elsewhere: bool) -> bool:
    """Whether enough agrees besides the name, of which the less is needed the more alike names are."""
    if names >= SAME:
        somewhere = not (one.organisation and other.organisation)
        long = min(len(one.words), len(other.words)) >= 4
        return others > 0 or ((somewhere or long) and not elsewhere)
    if names >= SIMILAR:
        return others > 0
    return others > 0 and named


def _same_organisation(one: Entry, other: Entry) -> bool:
    if not (one.organisation and other.organisation):
        return False
    if one.organisation == other.organisation:
        return True
    most = 1 if min(len(one.organisation), len(other.organisation)) >= 8 else 0
    return bool(most and OSA.distance(one.organisation, other.organisation, score_cutoff=most) <= most)


def _names(one: Entry, other: Entry) -> float:
    """From 0, two names, to 1, one name."""
    if one.suffix != other.suffix or {one.child, other.child} == {"son", "daughter"}:
        return 0.0
    if one.joined == other.joined or _turned(one, other):
        return 1.0
    if not (one.is_latin and other.is_latin):
        # In scripts that leave vowels out, or that people romanise by ear.
        heard = _sound(one.joined)
        return 0.85 if len(heard) >= 5 and heard == _sound(other.joined) else 0.0
    if one.child and other.child:
        parts = _aligned(one.own, other.own), _aligned(one.fathers, other.fathers)
        return min(parts) if len(one.own) + len(one.fathers) > 1 else 0.0
    ordered = bool(one.child or other.child)
    if min(len(one.words), len(other.words)) < 2:
        return 0.0
    return _aligned(one.words, other.words) if ordered else _matched(one.words, other.words)


def _turned(one: Entry, other: Entry) -> bool:
    """Whether the words are the same in another order or otherwise run together; a “bin” fixes the order."""
    if one.child or other.child or len(one.joined) != len(other.joined):
        return False
    few, many = sorted((one, other), key=lambda entry: len(entry.words))
    if len(many.words) > 4 or sorted(one.joined) != sorted(other.joined):
        return False
    if len(few.words) == len(many.words):
        return sorted(few.words) == sorted(many.words)
    return any("".join(order) == few.joined for order in permutations(many.words))


def _aligned(one: Sequence[str], other: Sequence[str]) -> float:
    """How well the words of the shorter are found in the longer, in their order."""
    few, many = sorted((one, other), key=len)
    worst, at = 1.0, 0
    for word in few:
        while at < len(many) and not _word(word, many[at]):
            at += 1
        if at == len(many):
            return 0.0
        worst, at = min(worst, _word(word, many[at])), at + 1
    return max(worst - 0.1 * (len(many) - len(few)), 0.0)


def _matched(one: Sequence[str], other: Sequence[str]) -> float:
    """How well the words of the shorter are found in the longer, in any order."""
    few, many = sorted((one, other), key=len)
    left, worst = list(many), 1.0
    for word in few:
        best = max(left, key=lambda candidate: _word(word, candidate))
        worst = min(worst, _word(word, best))
        if not worst:
            return 0.0
        left.remove(best)
    return max(worst - 0.1 * len(left), 0.0)


@lru_cache(maxsize=200_000)
def _word(one: str, other: str) -> float:
    """How likely two words are one; short ones that differ in a letter are two names, such as Amin and Amir."""
    if one == other:
        return 1.0
    short, long = sorted((len(one), len(other)))
    if short == 1:
        return 0.7 if one[0] == other[0] else 0.0
    if short < 4:
        return 0.0
    made = OSA.distance(one, other, score_cutoff=2)
    alike = _sound(one) == _sound(other)
    if (alike and made <= 1) or (alike and made <= 2 and long >= 8):
        return 0.9 if long >= 6 else 0.75
    if (made <= 1 and short >= 6) or (made <= 2 and short >= 9):
        return 0.85
    return 0.0


@lru_cache(maxsize=200_000)
def _sound(word: str) -> str:
    return sound(word)
