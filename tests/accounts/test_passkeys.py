"""Passkeys: a whole sign-in for whoever holds one, and nothing for those who copy, replay or guess."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import staff
from checkin.domain.audit import Audit
from checkin.domain.staff import PASSKEYS_AT_MOST, Passkey
from tests.accounts.passkeys import Authenticator
from tests.accounts.people import PASSWORD, Browser, Member, authenticator_on, enrol, errors_on

NEW = "/account/passkeys/new"


def _options(browser: Browser, path: str, *, page: str) -> dict[str, Any]:
    reply = browser.send(path, page=page)
    assert reply.status_code == 200, reply.text
    options: dict[str, Any] = json.loads(reply.text)
    return options


def _add(browser: Browser, passkey: Authenticator, *, name: str = "Work laptop", **how: Any) -> TestResponse:
    options = _options(browser, "/account/passkeys/options", page=NEW)
    return browser.send(NEW, name=name, credential=passkey.make(options, **how))


def _use(browser: Browser, passkey: Authenticator, *, next: str = "", **how: Any) -> TestResponse:
    options = _options(browser, "/login/passkey/options", page="/login")
    return browser.send("/login/passkey", page="/login", next=next, credential=passkey.sign(options, **how))


def _is_in(browser: Browser) -> bool:
    return browser.get("/account").status_code == 200


@pytest.fixture
def member(application: Flask, browser: Browser) -> Member:
    """Somebody signed in, in `browser`."""
    member = enrol(application)
    browser.sign_in(member)
    return member


@pytest.fixture
def passkey(browser: Browser, member: Member) -> Authenticator:
    """The member's passkey."""
    passkey = Authenticator()
    assert _add(browser, passkey).status_code == 303
    return passkey


def test_a_passkey_signs_in_and_leads_on(application: Flask, passkey: Authenticator, member: Member) -> None:
    first, second, evil = (Browser(application) for _ in range(3))

    locations = [
        _use(first, passkey).location,
        _use(second, passkey, next="/account").location,
        _use(evil, passkey, next="//evil.example").location,
    ]

    assert locations == ["/staff", "/account", "/staff"]
    assert member.email in first.get("/account").text
    with application.app_context(), reading() as session:
        acts = session.scalars(
            select(Audit).where(Audit.actor == f"staff:{member.id}").order_by(Audit.id)
        ).all()
    assert [act.action for act in acts] == ["staff signed in", "passkey added", *["staff signed in"] * 3]
    assert acts[-1].details == {"by": "passkey"}


def test_what_was_sent_once_is_worth_nothing_again(application: Flask, passkey: Authenticator) -> None:
    """Not even with the session's cookie as it was before: that a challenge was used is kept here."""
    browser = Browser(application)
    options = _options(browser, "/login/passkey/options", page="/login")
    credential, kept = passkey.sign(options), browser.cookie()
    browser.send("/login/passkey", page="/login", credential=credential)

    thief = Browser(application)
    thief.client.set_cookie("checkin", kept)
    thief.send("/login/passkey", page="/login", credential=credential)

    assert _is_in(browser)
    assert not _is_in(thief)


@pytest.mark.parametrize("how", [{"origin": "https://evil.example"}, {"verified": False}])
def test_what_another_site_or_nobodys_finger_made_is_refused(
    application: Flask, browser: Browser, passkey: Authenticator, how: dict[str, Any]
) -> None:
    other = Browser(application)

    used, added = _use(other, passkey, **how), _add(browser, Authenticator(), **how)

    assert used.location == "/login?next=/staff"
    assert "This passkey was not accepted" in other.get(used.location).text
    assert not _is_in(other)
    assert added.status_code == 422
    assert "This passkey was not accepted: try again, or use your password." in errors_on(added.text)


def test_an_older_copy_of_a_passkey_is_refused(application: Flask, passkey: Authenticator) -> None:
    copy = replace(passkey)
    _use(Browser(application), passkey)
    _use(Browser(application), passkey)

    other = Browser(application)
    _use(other, copy)

    assert not _is_in(other)


def test_a_stranger_with_somebodys_credential_id_is_refused(
    application: Flask, passkey: Authenticator
) -> None:
    stranger = replace(passkey, key=Authenticator().key)

    other = Browser(application)
    _use(other, stranger)

    assert not _is_in(other)


@pytest.mark.parametrize("credential", ["", "{}", "null", "[1]", '{"id": 1}', "x" * 5000, "\0"])
def test_what_is_no_credential_is_refused(application: Flask, browser: Browser, credential: str) -> None:
    _options(browser, "/login/passkey/options", page="/login")

    reply = browser.send("/login/passkey", page="/login", credential=credential)

    assert (reply.status_code, reply.location) == (303, "/login?next=/staff")


def test_a_challenge_is_for_what_it_was_asked_for(application: Flask, passkey: Authenticator) -> None:
    browser = Browser(application)

    reply = browser.send(
        "/login/passkey", page="/login", credential=passkey.sign({"rpId": "localhost", "challenge": ""})
    )

    assert "That took too long" in browser.get(reply.location).text


def test_a_challenge_waits_for_five_minutes(application: Flask, passkey: Authenticator) -> None:
    browser = Browser(application)
    options = _options(browser, "/login/passkey/options", page="/login")
    with browser.client.session_transaction() as kept:
        asked = kept["passkey"]
        assert 295 < asked["until"] - clock.now().timestamp() <= 300
        kept["passkey"] = asked | {"until": (clock.now() - timedelta(seconds=1)).timestamp()}

    reply = browser.send("/login/passkey", page="/login", credential=passkey.sign(options))

    assert "That took too long" in browser.get(reply.location).text
    assert not _is_in(browser)


def test_whoever_left_the_staff_has_no_passkey(
    application: Flask, passkey: Authenticator, member: Member
) -> None:
    with application.app_context(), transaction() as session:
        gone = staff.staff_with_email(session, member.email)
        assert gone is not None
        gone.active = False

    other = Browser(application)
    _use(other, passkey)

    assert not _is_in(other)


def test_another_invitation_ends_the_passkeys(
    application: Flask, passkey: Authenticator, member: Member
) -> None:
    with application.app_context(), transaction() as session:
        found = staff.staff_with_email(session, member.email)
        assert found is not None
        token = staff.invite(session, found, now=clock.now())
    again, path = Browser(application), f"/invitation/{token}"
    phone = authenticator_on(again.get(path).text)
    again.send(path, password=PASSWORD, password_again=PASSWORD, code=phone.generate().token)

    other = Browser(application)
    _use(other, passkey)

    assert not _is_in(other)


def test_nobody_removes_the_passkey_of_somebody_else(
    application: Flask, browser: Browser, passkey: Authenticator
) -> None:
    with application.app_context(), reading() as session:
        number = session.scalars(select(Passkey.id).where(Passkey.credential_id == passkey.id)).one()
    other = Browser(application)
    other.sign_in(enrol(application))

    other.send(f"/account/passkeys/{number}/remove", page="/account")
    assert _use(Browser(application), passkey).location == "/staff"
    browser.send(f"/account/passkeys/{number}/remove", page="/account")

    refused = Browser(application)
    _use(refused, passkey)
    assert not _is_in(refused)


def test_a_passkey_is_added_once_and_has_a_name(
    application: Flask, browser: Browser, passkey: Authenticator
) -> None:
    twice, nameless = _add(browser, passkey), _add(browser, Authenticator(), name=" \u202e ")

    assert errors_on(twice.text) == ["This passkey is registered already."]
    assert nameless.status_code == 422
    assert "Please give it a name, such as “my phone”." in errors_on(nameless.text)


def test_adding_a_passkey_takes_a_fresh_sign_in(browser: Browser, member: Member) -> None:
    with browser.client.session_transaction() as kept:
        kept["fs_paa"] -= 3600
        kept.pop("fs_gexp", None)

    reply = browser.get(NEW)

    assert reply.location.startswith("/account/verify")


def test_a_bare_address_has_no_passkeys(application: Flask, browser: Browser, member: Member) -> None:
    """Browsers make none for an IP address, so that none is offered there."""
    config = application.config["CHECKIN"]
    application.config["CHECKIN"] = replace(config, base_url="https://192.0.2.7")
    try:
        page, joining = browser.get(NEW).text, browser.get("/staff").location
    finally:
        application.config["CHECKIN"] = config

    assert "the address of this page is neither" in page
    assert joining == "/organiser/setup/first"


def test_one_has_ten_passkeys_at_most(application: Flask, browser: Browser, member: Member) -> None:
    replies = [_add(browser, Authenticator()) for _ in range(PASSKEYS_AT_MOST + 1)]

    assert [reply.status_code for reply in replies] == [303] * PASSKEYS_AT_MOST + [422]
