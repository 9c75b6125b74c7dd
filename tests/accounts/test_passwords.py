"""Which passwords are too easy, and how they are kept."""

import pytest

from checkin.accounts.passwords import Argon2Handler, is_easy


@pytest.mark.parametrize(
    "password",
    [
        "123456789012",
        "passwordpassword",
        "Password1234",
        "qwertyuiop12",
        "aaaaaaaaaaaa",
        "abababababab",
        "kualalumpur2025",
        "ana.lim@mdec1",
        "mdec mdec mdec",
    ],
)
def test_words_runs_and_repetitions_are_easy(password: str) -> None:
    assert is_easy(password, email="ana.lim@mdec.example")


@pytest.mark.parametrize(
    "password", ["hujan turun di Ipoh", "correct horse battery", "gX7#pQ2!mZ9w", "雨落在怡保的早晨呀真好看"]
)
def test_unrelated_words_and_random_signs_are_not(password: str) -> None:
    assert not is_easy(password, email="ana.lim@mdec.example")


def test_a_hash_tells_its_parameters_and_nothing_else() -> None:
    one, other = Argon2Handler.hash("hujan turun di Ipoh"), Argon2Handler.hash("hujan turun di Ipoh")

    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert one != other
    assert Argon2Handler.verify("hujan turun di Ipoh", one)
    assert not Argon2Handler.verify("hujan turun di ipoh", one)
