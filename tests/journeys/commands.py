"""Running the console script as its users do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from checkin import cli
from checkin.app import create_app
from checkin.config import Config
from checkin.db import db
from tests.servers import environment

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
SCRIPT = str(Path(sys.executable).with_name("checkin"))


class Shell:
    """A shell in which `checkin` means one database."""

    def __init__(self, database_url: str) -> None:
        self.environment = environment(database_url)

    def run(self, *words: str | os.PathLike[str]) -> subprocess.CompletedProcess[str]:
        """A command's outcome, whatever it is."""
        command = [SCRIPT, *map(os.fspath, words)]
        return subprocess.run(
            command, env=self.environment, capture_output=True, encoding="utf-8", check=False
        )

    def __call__(self, *words: str | os.PathLike[str]) -> str:
        """A command's standard output; it must succeed."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refuses(self, *words: str | os.PathLike[str]) -> str:
        """A command's error, which must be one clear line."""
        done = self.run(*words)
        assert done.returncode != 0, done.stdout
        error = done.stderr.strip().splitlines()
        assert error[-1].startswith("Error: "), done.stderr
        assert "Traceback" not in done.stderr
        return error[-1]


class ShellHere(Shell):
    """The same in this process, without the seconds that each command takes to start."""

    def run(self, *words: str | os.PathLike[str]) -> subprocess.CompletedProcess[str]:
        """A command's outcome, whatever it is."""
        made: list[Flask] = []

        def noted(config: Config) -> Flask:
            made.append(create_app(config))
            return made[-1]

        with (
            CliRunner().isolation(env=self.environment) as (stdout, stderr, _),
            pytest.MonkeyPatch.context() as here,
        ):
            here.setattr(sys, "argv", ["checkin", *map(os.fspath, words)])
            here.setattr(cli, "create_app", noted)
            status = _status()
        for app in made:
            with app.app_context():
                for engine in db.engines.values():
                    engine.dispose()
        said = (stream.getvalue().decode() for stream in (stdout, stderr))
        return subprocess.CompletedProcess(words, status, *said)


def _status() -> int:
    try:
        cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0
