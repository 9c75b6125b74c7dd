"""Fifty phones read one badge at once: exactly one of them admits, the others say when and where (D4, D9)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from flask import Flask

from tests import servers, world

PHONES = 50
# `make drill` has 40.
ROUNDS = 8
READ_AT = "2025-09-17T01:00:00Z"


def test_fifty_phones_reading_one_badge_at_once_give_one_admitted(expo: Flask, database_url: str) -> None:
    fifty_at_once(expo, database_url, rounds=ROUNDS)


def fifty_at_once(app: Flask, database_url: str, *, rounds: int) -> None:
    """Assert that in each round one phone admits and the others name its time and door."""
    codes = crowd(app, rounds)
    doors = ("Gate A", "Gate B") * (PHONES // 2)
    phones = [world.pair(app, door) for door in doors]
    with servers.serving(database_url, workers=3) as base_url:
        clients = [httpx.Client(base_url=base_url, headers=phone.headers, timeout=60) for phone in phones]
        try:
            told = [at_once(clients, phones, code) for code in codes]
        finally:
            for client in clients:
                client.close()

    for answers in told:
        admitted = [number for number, answer in enumerate(answers) if answer["verdict"] == "admitted"]
        others = [answer for answer in answers if answer["verdict"] == "repeat"]
        assert (len(admitted), len(others)) == (1, PHONES - 1)
        first = {"at": READ_AT, "door": doors[admitted[0]]}
        assert [answer["first"] for answer in answers] == [first] * PHONES


def crowd(app: Flask, size: int) -> list[str]:
    """The codes of so many badges."""
    people = [world.person(f"Delegate {number}", email=f"d{number}@example.org") for number in range(size)]
    world.enrol(app, people)
    return list(world.codes(app).values())


def at_once(clients: list[httpx.Client], phones: list[world.Phone], code: str) -> list[dict[str, Any]]:
    """What each phone is told when all have read at the same second and send in the same moment."""
    ready = threading.Barrier(PHONES)

    def send(number: int) -> dict[str, Any]:
        body = {"scans": [phones[number].item(code, READ_AT)]}
        ready.wait(timeout=60)
        response = clients[number].post("/api/door/v1/scans", json=body)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()["results"][0]
        return answer

    with ThreadPoolExecutor(PHONES) as pool:
        return list(pool.map(send, range(PHONES)))
