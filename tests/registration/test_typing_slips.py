"""Slips in e-mail domains: found where there is one, and nowhere else; the browser passes the same vectors."""

import json
from pathlib import Path

from checkin.registration.typing_slips import ALSO_REAL, COMMON, meant_address

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "typing-slips.json").read_text())


def test_a_slip_is_found() -> None:
    assert [[typed, meant_address(typed)] for typed, _ in VECTORS["slips"]] == VECTORS["slips"]


def test_nothing_is_asked_about_a_right_address() -> None:
    right = [*VECTORS["right"], *(f"aina@{domain}" for domain in (*COMMON, *ALSO_REAL)), f"a@{'x' * 300}.com"]

    assert {typed: meant_address(typed) for typed in right if meant_address(typed)} == {}


def test_what_is_meant_is_itself_right() -> None:
    missing = [domain[:place] + domain[place + 1 :] for domain in COMMON for place in range(len(domain))]
    meant = [address for domain in missing if (address := meant_address(f"a@{domain}"))]

    assert len(meant) > 100
    assert [address for address in meant if meant_address(address)] == []
