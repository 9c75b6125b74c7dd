"""Proofs of work: ours, solved, in time and used once; whatever else is sent is no proof."""

import base64
import copy
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache
from typing import Any

import altcha
import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.config import DEVELOPMENT_SECRET
from checkin.db import reading, transaction
from checkin.domain.proofs import Proof
from checkin.registration import puzzles
from tests.registration.visitors import Visitor, typed_in

NOW = clock.now()
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def work(puzzle: dict[str, Any]) -> dict[str, Any]:
    """A puzzle and its solution, as a browser sends them."""
    solution = altcha.solve_challenge(altcha.Challenge.from_dict(puzzle))
    assert solution is not None
    return {"challenge": puzzle, "solution": solution.to_dict()}


@cache
def solved() -> dict[str, Any]:
    """One puzzle, solved: that takes a second."""
    return work(puzzles.new_puzzle(DEVELOPMENT_SECRET, now=NOW))


def proof(content: object) -> str:
    return base64.b64encode(json.dumps(content).encode()).decode()


def accepted(app: Flask, sent: str, *, secret: str = DEVELOPMENT_SECRET) -> bool:
    with app.app_context(), transaction() as session:
        return puzzles.is_solved(session, sent, secret, now=clock.now())


def test_a_solved_puzzle_is_accepted_once(app: Flask) -> None:
    sent = proof(solved())

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: accepted(app, sent), range(8)))

    assert sorted(answers) == [False] * 7 + [True]


@on_sqlite
def test_one_solution_written_differently_is_still_one(app: Flask) -> None:
    one = copy.deepcopy(solved())
    assert accepted(app, proof(one))

    one["challenge"]["parameters"] = dict(reversed(one["challenge"]["parameters"].items()))
    one["solution"]["time"] = 17

    assert not accepted(app, proof(one))
    assert not accepted(app, base64.b64encode(json.dumps(one, indent=1).encode()).decode())


@on_sqlite
def test_a_puzzle_of_another_installation_is_refused(app: Flask) -> None:
    assert not accepted(app, proof(solved()), secret="another key of at least 32 characters")


@on_sqlite
def test_a_puzzle_that_is_too_old_is_refused(app: Flask) -> None:
    old = work(cheap(expires_at=NOW - timedelta(seconds=1)))

    assert not accepted(app, proof(old))


@on_sqlite
def test_work_on_an_easier_puzzle_or_a_lasting_one_is_no_proof(app: Flask) -> None:
    easier = work(cheap(expires_at=NOW + timedelta(minutes=20)))
    lasting = copy.deepcopy(solved())
    lasting["challenge"]["parameters"]["expiresAt"] += 3600

    assert not accepted(app, proof(easier))
    assert not accepted(app, proof(lasting))


def cheap(**settings: Any) -> dict[str, Any]:
    """A puzzle signed with our key that takes a moment."""
    key = puzzles._key(DEVELOPMENT_SECRET)
    return dict(
        altcha.create_challenge(puzzles.ALGORITHM, 1, key_prefix="0", hmac_secret=key, **settings).to_dict()
    )


@on_sqlite
def test_every_part_that_is_something_else_is_refused(app: Flask) -> None:
    """What a program may send that has got a puzzle from us: each part as each kind of value."""
    values = (None, True, -1, 2**40, 1e400, "", "zz", "00", [], {}, [[]], {"a": 1})
    for value in values:
        for path in paths(solved()):
            if value != at(solved(), path):
                assert not accepted(app, proof(changed(path, value))), (path, value)

    assert accepted(app, proof(solved()))


def paths(content: object) -> list[tuple[str, ...]]:
    """The way to every part, and to the parts of parts; not to the time a solution took, which says nothing."""
    if not isinstance(content, dict):
        return []
    inner = [(name, *rest) for name, part in content.items() for rest in [(), *paths(part)]]
    return [path for path in inner if path[-1] != "time"]


def at(content: Any, path: tuple[str, ...]) -> object:
    for name in path:
        content = content[name]
    return content


def changed(path: tuple[str, ...], value: object) -> dict[str, Any]:
    content = copy.deepcopy(solved())
    at_last: Any = at(content, path[:-1])
    at_last[path[-1]] = value
    return content


@on_sqlite
def test_garbage_is_refused(app: Flask) -> None:
    deep = base64.b64encode(b"[" * 1400).decode()
    garbage = ("", " ", "x", "=", "é", "\0", proof(None), proof(7), proof([]), proof("challenge"), deep)

    assert not any(accepted(app, sent) for sent in (*garbage, "A" * 100_000))


def test_used_proofs_are_forgotten_when_their_puzzle_is_too_old(app: Flask) -> None:
    with app.app_context(), transaction() as session:
        session.add(Proof(puzzle_hash=b"old", expires_at=NOW - timedelta(seconds=1)))

    accepted(app, proof(solved()))

    with app.app_context(), reading() as session:
        [left] = session.scalars(select(Proof.puzzle_hash)).all()
    assert left != b"old"


@on_sqlite
def test_who_does_the_work_may_send_more_forms(open_expo: Flask, visitor: Visitor) -> None:
    puzzle = visitor.client.get("/register/puzzle")
    sent = proof(work(puzzle.get_json()))
    for _ in range(42):
        if visitor.register().status_code == 429:
            break

    worked = visitor.register(altcha=sent)
    again = visitor.register(altcha=sent)

    assert puzzle.headers["Cache-Control"] == "no-store"
    assert worked.status_code == 303
    assert again.status_code == 429
    # A used proof isn't offered again: the page does fresh work.
    assert typed_in(again.text)["altcha"] == ""
