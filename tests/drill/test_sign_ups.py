"""Programs at the sign-up form: what a thousand of them reach, and whether an answer's time tells who is registered."""

import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from math import sqrt

import httpx
import pytest
from flask import Flask
from sqlalchemy import func, select

from checkin.config import Config
from checkin.db import reading
from checkin.domain.badges import Badge
from checkin.domain.messages import A_DAY_AT_MOST, Message
from tests import mailboxes, servers, world
from tests.accounts.people import opened
from tests.registration.visitors import FORM, open_registration
from tests.workers import PATIENCE, working

pytestmark = pytest.mark.drill

SIGN_UPS, VICTIMS, PAIRS = 1_000, 100, 1_000
# Beyond this a difference is no accident: one run in a thousand has it without any.
CERTAIN = 3.29


@pytest.fixture
def program(app: Flask, database_url: str) -> Iterator[httpx.Client]:
    """A program with the form's page open, at a real server that believes it comes from anywhere it says."""
    open_registration(app)
    with (
        servers.serving(database_url, workers=1, env={"CHECKIN_PROXIES": "1"}) as address,
        httpx.Client(base_url=address, headers={"Accept": "text/html"}, timeout=60) as client,
    ):
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/register").text)
        assert token is not None
        client.headers["X-CSRF"] = token[1]
        yield client


def send(client: httpx.Client, number: int, email: str, *, path: str = "/register") -> float:
    """Send a form from a network of its own; the milliseconds until the answer is there."""
    form = {**FORM, "csrf_token": client.headers["X-CSRF"], "name": f"Program {number}", "email": email}
    network = {"X-Forwarded-For": f"10.{number // 65_536}.{number // 256 % 256}.{number % 256}"}
    began = time.perf_counter()
    answer = client.post(path, data=form, headers=network)
    spent = time.perf_counter() - began
    assert answer.status_code == 303, answer.text
    return spent * 1000


# --- what they reach ------------------------------------------------------------------------------------------


def test_a_thousand_sign_ups_without_a_tap_give_no_badge_and_mail_within_the_cap(
    app: Flask, program: httpx.Client, database_url: str, tell: Callable[[str], None]
) -> None:
    for number in range(SIGN_UPS):
        send(program, number, f"victim{number % VICTIMS}@example.org")
    expected = VICTIMS * A_DAY_AT_MOST

    with mailboxes.mailbox() as box:
        config = Config(database_url=database_url, smtp_url=box.url, testing=True)
        with opened(config) as mailing, working(mailing):
            arrived = Counter(box.arrived.get(timeout=PATIENCE).recipients[0] for _ in range(expected))

    with app.app_context(), reading() as session:
        badges = session.scalar(select(func.count()).select_from(Badge))
        messages = session.scalar(select(func.count()).select_from(Message))
    tell(f"{SIGN_UPS} sign-ups: {badges} badges, {messages} letters to {len(arrived)} addresses")
    assert badges == 0
    assert messages == expected
    assert box.arrived.empty()
    assert set(arrived.values()) == {A_DAY_AT_MOST}


# --- what time tells ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/register", "/find"])
def test_the_time_of_an_answer_does_not_tell_whether_an_address_is_known(
    app: Flask, program: httpx.Client, path: str, tell: Callable[[str], None]
) -> None:
    people = [world.person(f"Known {number}", email=f"known{number}@example.org") for number in range(PAIRS)]
    world.enrol(app, people)
    for number in range(20):
        send(program, 10**6 + number, f"warm{number}@example.org", path=path)

    known, unknown = [], []
    for number in range(PAIRS):
        # Alternately first, so that nothing that comes with order counts.
        for is_known in (True, False) if number % 2 else (False, True):
            whose = "known" if is_known else "nobody"
            spent = send(program, 2 * number + is_known, f"{whose}{number}@example.org", path=path)
            (known if is_known else unknown).append(spent)

    share, z = slower(known, unknown)
    tell(
        f"{path}, {PAIRS} pairs: known {spread(known)}, unknown {spread(unknown)}; "
        f"known slower in {share:.1%} of all comparisons, z = {z:.2f}"
    )
    assert abs(z) < CERTAIN


def spread(times: list[float]) -> str:
    low, middle, high = statistics.quantiles(times, n=4)
    return f"{middle:.2f} ms ({low:.2f} to {high:.2f})"


def slower(ones: list[float], others: list[float]) -> tuple[float, float]:
    """How often one of the first is larger than one of the others, and how surprising that is if they are alike.

    The rank-sum test of Mann and Whitney (1947) with its normal approximation; ties are too rare to matter.
    """
    ranked = sorted([(one, True) for one in ones] + [(other, False) for other in others])
    ranks = sum(rank for rank, (_, is_one) in enumerate(ranked, 1) if is_one)
    n, m = len(ones), len(others)
    larger = ranks - n * (n + 1) / 2
    return larger / (n * m), (larger - n * m / 2) / sqrt(n * m * (n + m + 1) / 12)
