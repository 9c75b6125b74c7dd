"""What every page of sign-in and account keeps to: the policy, the language, no trace in caches."""

import re

import pytest
from flask import Flask

from tests.accounts.people import Browser, enrol, invite

PUBLIC = ["/", "/login", "/nothing-here"]
SIGNED_IN = ["/account", "/account/verify", "/account/recovery-codes", "/account/second-factor"]


@pytest.fixture(scope="module")
def pages(application: Flask) -> dict[str, tuple[str, str]]:
    """Each page's text and policy by its path."""
    browser = Browser(application)
    member = enrol(application)
    _, invitation = invite(application)
    found = {path: browser.get(path) for path in [*PUBLIC, invitation]}
    browser.send("/login", email=member.email, password="hujan turun di Ipoh")
    found |= {path: browser.get(path) for path in ("/login/code", "/login/recovery")}
    browser.send("/login/code", code=member.code())
    found |= {path: browser.get(path) for path in SIGNED_IN}
    return {path: (reply.text, reply.headers["Content-Security-Policy"]) for path, reply in found.items()}


def test_no_page_allows_or_has_inline_script_or_style(pages: dict[str, tuple[str, str]]) -> None:
    assert len(pages) == len(PUBLIC) + len(SIGNED_IN) + 3
    for path, (text, policy) in pages.items():
        assert "unsafe" not in policy, path
        assert "default-src 'self'" in policy, path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", text), path


def test_every_form_carries_its_token(pages: dict[str, tuple[str, str]]) -> None:
    for path, (text, _) in pages.items():
        for form in re.findall(r"<form.*?</form>", text, re.DOTALL):
            assert 'name="csrf_token"' in form, path


def test_pages_speak_the_readers_language(application: Flask) -> None:
    browser = Browser(application)

    reply = browser.get("/language/ms?back=/login")

    assert (reply.status_code, reply.location) == (303, "/login")
    page = browser.get("/login").text
    assert '<html lang="ms" dir="ltr">' in page
    assert "Log masuk kakitangan" in page
    refused = browser.send("/login", email="nobody@example.org", password="x").text
    assert "Alamat e-mel atau kata laluan salah." in refused
    assert "Pautan ini tidak lagi berfungsi" in browser.get("/invitation/x").text


def test_nothing_of_an_account_stays_in_a_cache(application: Flask) -> None:
    browser = Browser(application)
    _, invitation = invite(application)

    for path in ("/login", "/account", invitation):
        assert browser.get(path).headers["Cache-Control"] == "private, no-store"
