"""What of a text can be searched: its words as the delegate's column `search` holds them; it owns no table.

Two spaces stand around each word of that column, so that the trigrams "  z", "li " and "i  " tell where a
word begins and ends.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from anyascii import anyascii

LONGEST_QUERY = 100
LONGEST_WORD = 40
MOST_WORDS = 12

HAN = "\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SYLLABIC = re.compile(f"[{HAN}]+|[\uac00-\ud7a3]+")
_HAN = re.compile(f"[{HAN}]+")
# Hebrew and Arabic to Khmer, and Hangul: people romanise them by ear, in more ways than one.
_HEARD = re.compile("[\u0590-\u18ff\uac00-\ud7a3]")
_ARABIC_ARTICLE = re.compile(r"\bال(?=\w{3})")
_APOSTROPHES = re.compile("['`]")
_JOINED = re.compile(r"[a-z0-9]+(?:[-./&_+][a-z0-9]+)*")
PLAIN = re.compile("[a-z0-9]+")
_PHONE = re.compile(r"(?<![\w-])\+?\d[\d ()./-]{2,20}(\d) ?(\d) ?(\d) ?(\d)(?!\w)")

_DOUBLED = re.compile(r"(.)\1+")
_BREATHED = re.compile("(?<=[bcdgkpst])h|h$")
_ALIKE = str.maketrans("bdgqcjzxf", "ptkkssssp", "aeiouvwy")


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


def _stored_words(text: str) -> Iterator[str]:
    """Latin without accents; Han as it is and, as every other script, romanised; some by their sound too."""
    text = unicodedata.normalize("NFKC", text)
    for run in _SYLLABIC.findall(text):
        yield from _syllabic_words(run)
    for word in _spaced(text).split():
        for joined in _JOINED.findall(latin(word)):
            parts = PLAIN.findall(joined)
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
    words += map(_plain_word, _cut(*PLAIN.findall(latin(_spaced(text)))))
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


def latin(text: str) -> str:
    """A text in Latin letters without accents, in lower case."""
    return _APOSTROPHES.sub("", anyascii(text).lower())


def _latin_word(text: str) -> str:
    return "".join(PLAIN.findall(latin(text)))[:LONGEST_WORD]


def _cut(*words: str) -> list[str]:
    return [word[:LONGEST_WORD] for word in words if word]
