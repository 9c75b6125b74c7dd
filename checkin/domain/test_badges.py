"""TEST badges, by which helpers practise before doors open: they open no door and count nowhere; it owns no table."""

from collections.abc import Mapping
from functools import lru_cache

from checkin.domain.programme import Programme
from checkin.domain.verdicts import ADMITTED, REFUSED, REPEAT, RETURNED
from checkin.tokens import lookup_id, open_code

# The verdict that each of them practises.
KINDS = (ADMITTED, RETURNED, REPEAT, REFUSED)


def codes(programme: Programme) -> Mapping[str, str]:
    """The code of each kind's badge at this event. They are no secret: whoever prints one gains nothing."""
    return {kind: open_code(f"test {kind}", prefix=programme.code_prefix) for kind in KINDS}


def test_lookups(programme: Programme) -> Mapping[str, str]:
    """The kind of each TEST badge by its look-up id, as scans and the phones' roster name it."""
    return _lookups(programme.code_prefix)


@lru_cache(maxsize=8)
def _lookups(prefix: str) -> Mapping[str, str]:
    return {lookup_id(open_code(f"test {kind}", prefix=prefix)): kind for kind in KINDS}
