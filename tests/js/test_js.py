"""The rules of the pages' scripts, run by Node's own test runner."""

import os
import subprocess
import sys
from pathlib import Path

from checkin.registration import typing_slips

HERE = Path(__file__).parent


def test_the_rules_of_the_pages_hold() -> None:
    node = Path(sys.executable).with_name("node")
    given = {**os.environ, "TYPING_SLIPS": typing_slips.as_json()}

    done = subprocess.run(
        [node, "--test", *sorted(HERE.glob("*.test.js"))],
        env=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr
