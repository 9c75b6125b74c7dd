"""Fifty phones read one badge at once: exactly one of them admits (D4, D9)."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from flask import Flask

from tests import servers, world

PHONES = 50
ROUNDS = 40


@pytest.fixture
def crowd(expo: Flask) -> list[str]:
    """The codes of as many badges as there are rounds."""
    people = [world.person(f"Delegate {number}", email=f"d{number}@example.org") for number in range(ROUNDS)]
    world.enrol(expo, people)
    return list(world.codes(expo).values())


def test_fifty_phones_reading_one_badge_at_once_give_one_admitted(
    expo: Flask, database_url: str, crowd: list[str]
) -> None:
    phones = [world.pair(expo, door) for door in ("Gate A", "Gate B") * (PHONES // 2)]
    with servers.serving(database_url, workers=3) as base_url:
        clients = [httpx.Client(base_url=base_url, headers=phone.headers, timeout=60) for phone in phones]
        try:
            rounds = [at_once(clients, phones, code) for code in crowd]
        finally:
            for client in clients:
                client.close()

    assert [sorted(verdicts) for verdicts in rounds] == [["admitted"] + ["repeat"] * (PHONES - 1)] * ROUNDS


def at_once(clients: list[httpx.Client], phones: list[world.Phone], code: str) -> list[str]:
    """What each phone is told when all send in the same moment."""
    ready = threading.Barrier(PHONES)

    def send(number: int) -> str:
        body = {"scans": [phones[number].item(code, f"2025-09-17T01:00:{number:02}Z")]}
        ready.wait(timeout=60)
        response = clients[number].post("/api/door/v1/scans", json=body)
        assert response.status_code == 200, response.text
        return str(response.json()["results"][0]["verdict"])

    with ThreadPoolExecutor(PHONES) as pool:
        return list(pool.map(send, range(PHONES)))
