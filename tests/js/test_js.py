"""The rules of the pages' scripts, run by Node's own test runner."""

import json
import os
import subprocess
import sys
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

from checkin.domain.badges import Card, card_bytes
from checkin.registration import typing_slips
from checkin.tokens import BadgeKey, lookup_id, proof_of, seal_card

HERE = Path(__file__).parent


def _badge() -> dict[str, Any]:
    """A badge as the server makes it, for the scripts to look up and to open."""
    code = BadgeKey(bytes(range(32))).code(uuid.UUID(int=1), prefix="B3")
    bearer = Card("சுப்பிரமணியம் 王小明", "Kementerian Digital", "VIP", "Minister")
    card = urlsafe_b64encode(seal_card(code, card_bytes(bearer))).decode()
    return {
        "code": code,
        "lookup": lookup_id(code),
        "proof": proof_of(code),
        "card": card,
        "bearer": vars(bearer),
    }


def test_the_rules_of_the_pages_hold() -> None:
    node = Path(sys.executable).with_name("node")
    given = {**os.environ, "TYPING_SLIPS": typing_slips.as_json(), "BADGE": json.dumps(_badge())}

    done = subprocess.run(
        [node, "--test", *sorted(HERE.glob("*.test.js"))],
        env=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr
