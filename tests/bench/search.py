"""How long searches take among whoever a database holds."""

import random
import time
from dataclasses import dataclass
from datetime import date
from statistics import quantiles

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from checkin.domain.delegates import Delegate
from checkin.domain.searching import search
from checkin.domain.words import is_enough

NOBODY = (
    "nosuchperson",
    "qwertyui asdfgh",
    "wolfeschlegelsteinhausen",
    "John Smithers Ministry of Nothing",
    "digital data smart city urban cloud global green",
    "%_' OR 1=1 --",
)


@dataclass(frozen=True)
class Spread:
    """Times in milliseconds."""

    p50: float
    p95: float
    p99: float


def measure(session: Session, *, area_id: int, day: date, count: int = 300) -> dict[str, Spread]:
    """The `wall` and the `cpu` time of this process for mixed queries, each asked once to warm up."""
    asked = mixed_queries(session, count=count)
    wall, cpu = [], []
    for query in asked * 2:
        began, worked = time.perf_counter(), time.process_time()
        search(session, query, area_id=area_id, day=day)
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - worked)
    return {"wall": _spread(wall[len(asked) :]), "cpu": _spread(cpu[len(asked) :])}


def _spread(seconds: list[float]) -> Spread:
    parts = quantiles(seconds, n=100)
    return Spread(*(round(parts[at - 1] * 1000, 2) for at in (50, 95, 99)))


def mixed_queries(session: Session, *, count: int, seed: int = 3) -> list[str]:
    """What desks ask: names whole, begun and mistyped, e-mails, references, phones, and nobody."""
    dice, queries = random.Random(seed), list[str]()
    ids = session.scalars(select(func.min(Delegate.id)).union_all(select(func.max(Delegate.id)))).all()
    while len(queries) < count:
        somebody = session.get(Delegate, dice.randint(*ids))
        query = dice.choice(_ways_to_ask(somebody, dice)) if somebody else ""
        if is_enough(query):
            queries.append(query[:100])
    return queries


def _ways_to_ask(somebody: Delegate, dice: random.Random) -> tuple[str, ...]:
    words = somebody.name.split()
    first, last = words[0], words[-1]
    return (
        somebody.name,
        f"{last} {first}",
        f"{first} {last[:3]}",
        first[:2],
        dice.choice(words),
        mistyped(max(words, key=len), dice),
        f"{mistyped(first, dice)} {last}",
        f"{mistyped(first, dice)} {mistyped(last, dice)}",
        f"{first} {somebody.organisation.partition(' ')[0]}",
        somebody.email or somebody.name,
        somebody.reference,
        (somebody.phone or somebody.reference)[-4:],
        dice.choice(NOBODY),
    )


def mistyped(word: str, dice: random.Random) -> str:
    """A word with a letter wrong, missing, doubled or before its neighbour."""
    at = dice.randrange(len(word))
    start, letter, end = word[:at], word[at], word[at + 1 :]
    wrong = dice.choice("aeiounrstl")
    return dice.choice(
        (start + wrong + end, start + end, start + 2 * letter + end, start + end[:1] + letter + end[1:])
    )
