"""A lost phone: a copy of its browser's profile, with the roster of 10,000, in which nobody is found (D13)."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import sync_playwright
from sqlalchemy import select

from checkin import clock
from checkin.db import reading
from checkin.domain.delegates import Delegate
from checkin.organisers import demo
from tests import world
from tests.browser.camera import FakeCamera
from tests.browser.serving import serving
from tests.browser.test_offline import kept_phone
from tests.browser.test_scanner import Door, is_ready

pytestmark = pytest.mark.drill

DELEGATES = 10_000
# Shorter ones are words that a browser has of its own.
LONG_ENOUGH = 8


def _secrets(app: Flask) -> list[str]:
    """Every name, organisation and e-mail address there is."""
    with app.app_context(), reading() as session:
        rows = session.execute(select(Delegate.name, Delegate.organisation, Delegate.email)).all()
    texts = {text for row in rows for text in row if text}
    return sorted(text for text in texts if len(text.encode()) >= LONG_ENOUGH)


def _found(profile: Path, secrets: list[str], patterns: Path) -> set[bytes]:
    """Those of these texts that some file has in it, as UTF-8; GNU grep looks for all of them at once."""
    patterns.write_text("\n".join(secrets) + "\n")
    command = ["grep", "-r", "-a", "-h", "-o", "-F", "-f", str(patterns), str(profile)]
    done = subprocess.run(command, env={**os.environ, "LC_ALL": "C"}, capture_output=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return set(done.stdout.splitlines())


def _as_utf16(profile: Path, secrets: list[str], copy: Path) -> set[str]:
    """Those that some file has in it as UTF-16: Latin ones once the zero bytes are gone, others as they are."""
    others = {secret: secret.encode("utf-16-le") for secret in secrets if not secret.isascii()}
    found = set()
    for number, path in enumerate(sorted(path for path in profile.rglob("*") if path.is_file())):
        content = path.read_bytes()
        found |= {secret for secret, form in others.items() if form in content}
        (copy / str(number)).write_bytes(content.replace(b"\0", b""))
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_copied_profile_names_none_of_ten_thousand(
    app: Flask, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    with app.app_context():
        key, today = app.config["CHECKIN"].key, world.today()
        demo.fill(
            delegates=DELEGATES, scans=0, starts=today, key=key, now=clock.now(), on_steps=lambda _: None
        )
    secrets, codes = _secrets(app), world.codes(app)
    profile, without_zeros = tmp_path / "profile", tmp_path / "without zeros"
    without_zeros.mkdir()

    with serving(app) as served, sync_playwright() as playwright:
        phone = Door(app, served, playwright, FakeCamera(tmp_path / "camera.y4m"), [])
        context = kept_phone(phone, profile)
        page = phone.pair(context)
        assert is_ready(page)
        for name in list(codes)[:5]:
            phone.camera.show(codes[name])
            page.locator(".verdict-name", has_text=name).wait_for()
        context.close()

    found = _found(profile, secrets, tmp_path / "patterns")
    found |= {text.encode() for text in _as_utf16(profile, secrets, without_zeros)}
    found |= _found(without_zeros, secrets, tmp_path / "patterns")
    size = sum(path.stat().st_size for path in profile.rglob("*") if path.is_file())
    sought = f"{len(secrets):,} names, organisations and addresses sought in {size / 1e6:.0f} MB"
    tell(f"a lost phone: {sought}, {len(found)} found")
    assert found == set()
