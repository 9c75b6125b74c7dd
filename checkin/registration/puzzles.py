"""Proofs of work of our own origin, which cost a person nothing and a program its time; it owns no table.

The puzzles are ALTCHA's (version 2): a browser solves one in a worker while somebody types.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

import altcha
from sqlalchemy.orm import Session

from checkin.domain.proofs import use_proof

LIFE = timedelta(minutes=30)
# A puzzle takes 256 tries on average, of this many rounds each: a second on a phone, a millisecond to verify.
ALGORITHM, ROUNDS, PREFIX = "PBKDF2/SHA-256", 5_000, "00"
LONGEST_PROOF = 2_000


def new_puzzle(secret: str, *, now: datetime) -> dict[str, Any]:
    """A puzzle as JSON, signed, so that the server need not remember it."""
    puzzle = altcha.create_challenge(
        ALGORITHM, ROUNDS, key_prefix=PREFIX, expires_at=now + LIFE, hmac_secret=_key(secret)
    )
    return dict(puzzle.to_dict())


def is_solved(session: Session, proof: str, secret: str, *, now: datetime) -> bool:
    """Whether this solves a puzzle of ours that wasn't used before; it can't be used again."""
    if not proof or len(proof) > LONGEST_PROOF:
        return False
    try:
        parameters = json.loads(base64.b64decode(proof, validate=True))["challenge"]["parameters"]
        nonce, expires = str(parameters["nonce"]), datetime.fromtimestamp(parameters["expiresAt"], now.tzinfo)
        is_ours = (parameters["algorithm"], parameters["cost"]) == (ALGORITHM, ROUNDS)
        if not is_ours or expires > now + LIFE or not altcha.verify_solution(proof, _key(secret)).verified:
            return False
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return False
    return use_proof(session, hashlib.sha256(nonce.encode()).digest(), expires_at=expires, now=now)


def _key(secret: str) -> bytes:
    return hmac.new(secret.encode(), b"checkin puzzle", hashlib.sha256).digest()
