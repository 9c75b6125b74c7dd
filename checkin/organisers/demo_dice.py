"""Choices that look like chance and are the same in every run; it owns no table."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import count
from struct import unpack
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A row of numbers that its name alone decides: BLAKE2b (RFC 7693) of the name and a counter."""

    def __init__(self, name: str) -> None:
        self._numbers = _numbers(name)

    def below(self, end: int) -> int:
        """A whole number from 0 to end - 1."""
        return next(self._numbers) % end

    def chance(self, percent: int) -> bool:
        """True so many times in a hundred."""
        return self.below(100) < percent

    def pick(self, options: Sequence[T]) -> T:
        """One of some, all alike."""
        return options[self.below(len(options))]

    def weigh(self, options: Mapping[T, int]) -> T:
        """One of some, each as often as its weight says."""
        left = self.below(sum(options.values()))
        for option, weight in options.items():
            left -= weight
            if left < 0:
                return option
        raise AssertionError("weights add up to their sum")

    def shuffle(self, items: list[T]) -> None:
        """Another order of a list, in place (Fisher and Yates)."""
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]

    def digits(self, pattern: str) -> str:
        """A pattern with a digit for every `#`."""
        return "".join(str(self.below(10)) if sign == "#" else sign for sign in pattern)


def _numbers(name: str) -> Iterator[int]:
    for block in count():
        yield from unpack("<16I", blake2b(f"{name}/{block}".encode()).digest())
