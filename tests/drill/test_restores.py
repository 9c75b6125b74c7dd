"""Restores under a running server in the middle of uploads: the phones bring everything back (D12)."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests import servers
from tests.drill.test_kills import look, settle, stand_up
from tests.test_restoring import back_up, epoch_and_version, restore

pytestmark = pytest.mark.drill

RESTORES = 10


def test_restores_amid_uploads_lose_and_double_nothing(
    app: Flask, database_url: str, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    port, dice = servers.free_port(), random.Random(RESTORES)
    door = stand_up(app, port=port)
    file = back_up(app, tmp_path / "backups")
    with servers.checkin_server(database_url, port=port), door.open():
        for _ in range(RESTORES):
            door.busy(dice)
            restore(app, file)
        # A phone learns of the last epoch with its next scan.
        epoch = epoch_and_version(app)[0]
        while any(phone.epoch != epoch for phone in door.phones):
            door.busy(dice)
        settle(door)

    figure = look(app, door)
    tell(f"{RESTORES} restores on {database_url.partition(':')[0]}: {figure}")
