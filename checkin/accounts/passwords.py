"""How passwords are hashed and which are too easy to guess; it owns no table."""

from itertools import pairwise
from typing import Any

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from flask_security import PasswordUtil
from flask_security.utils import get_message
from passlib.registry import register_crypt_handler  # type: ignore[import-untyped]
from passlib.utils.handlers import MinimalHandler  # type: ignore[import-untyped]

from checkin.tokens import new_id

SHORTEST = 12
# A word, a run such as 3456 and a repetition are one guess each, however long they are.
GUESSES = 7
WELL_KNOWN = (
    "password",
    "passwort",
    "katalaluan",
    "kata laluan",
    "qwertyuiop",
    "qwerty",
    "asdfghjkl",
    "asdf",
    "zxcvbnm",
    "1q2w3e4r",
    "letmein",
    "welcome",
    "selamat",
    "administrator",
    "admin",
    "organiser",
    "checkin",
    "malaysia",
    "kuala",
    "lumpur",
    "iloveyou",
    "monkey",
    "dragon",
    "football",
    "sunshine",
    "princess",
    "superman",
    "changeme",
    "secret",
)


class Argon2Handler(MinimalHandler):  # type: ignore[misc]
    """Argon2id in PHC strings: 3 passes over 64 MiB in 4 lanes, the second option of RFC 9106."""

    name = "argon2id"
    setting_kwds = ()
    context_kwds = ()

    @classmethod
    def identify(cls, hash: str | bytes) -> bool:
        return isinstance(hash, str) and hash.startswith("$argon2id$")

    @classmethod
    def hash(cls, secret: str | bytes, **_: Any) -> str:
        kdf = Argon2id(salt=new_id().bytes, length=32, iterations=3, lanes=4, memory_cost=64 * 1024)
        return kdf.derive_phc_encoded(_bytes(secret))

    @classmethod
    def verify(cls, secret: str | bytes, hash: str, **_: Any) -> bool:
        try:
            Argon2id.verify_phc_encoded(_bytes(secret), hash)
        except InvalidKey:
            return False
        return True


def _bytes(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret


register_crypt_handler(Argon2Handler)


class StaffPasswords(PasswordUtil):
    """Flask-Security's checks of length, then ours of guessability."""

    def validate(self, password: str, is_register: bool, **kwargs: Any) -> tuple[list[str] | None, str]:
        problems, normal = super().validate(password, is_register, **kwargs)
        if not problems and is_easy(normal, email=kwargs["user"].email):
            problems = [get_message("PASSWORD_TOO_SIMPLE")[0]]
        return problems, normal


def is_easy(password: str, *, email: str) -> bool:
    """Whether a password is little more than known words, parts of the address, runs and repetitions."""
    text = password.casefold()
    parts = [part for part in _words(email) if len(part) > 2]
    for word in sorted({*WELL_KNOWN, *parts}, key=len, reverse=True):
        text = text.replace(word, "\0")
    steps = [ord(one) - ord(other) for one, other in pairwise(text)]
    guesses = 1 + sum(step not in {-1, 0, 1} for step in steps)
    return min(guesses, 2 * len(set(text))) < GUESSES


def _words(email: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in email.casefold()).split()
