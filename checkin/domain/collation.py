"""The order of names in every script: the Unicode Collation Algorithm (UTS 10); it owns no table."""

from functools import cache
from typing import Any


def collated(text: str) -> tuple[int, ...]:
    """A key that sorts texts as people look them up: accents and case last, each script by itself."""
    return tuple(_collator().sort_key(text))


@cache
def _collator() -> Any:
    # Its table takes a tenth of a second to load.
    from pyuca import Collator

    return Collator()
