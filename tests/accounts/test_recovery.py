"""Recovery codes: shown once, worth one sign-in each."""

import re

from flask import Flask

from checkin.db import reading
from checkin.domain import staff
from tests.accounts.people import PASSWORD, Browser, Member, enrol


def _new_codes(browser: Browser) -> list[str]:
    return re.findall(r"<li><code>([^<]+)</code>", browser.send("/account/recovery-codes").text)


def _halfway(application: Flask, member: Member) -> Browser:
    browser = Browser(application)
    browser.send("/login", email=member.email, password=PASSWORD)
    return browser


def test_a_recovery_code_signs_in_once(application: Flask, browser: Browser) -> None:
    member = enrol(application)
    browser.sign_in(member)
    codes = _new_codes(browser)

    typed = codes[3].upper().replace("-", " ")
    first = _halfway(application, member).send("/login/recovery", code=typed)
    second = _halfway(application, member).send("/login/recovery", code=codes[3])
    other = _halfway(application, member).send("/login/recovery", code=codes[4])

    assert [reply.status_code for reply in (first, second, other)] == [303, 422, 303]
    assert "6 left" in browser.get("/account").text


def test_recovery_codes_are_shown_once_and_kept_as_hashes(application: Flask, browser: Browser) -> None:
    member = enrol(application)
    browser.sign_in(member)

    codes = _new_codes(browser)

    assert len(set(codes)) == 8
    assert codes[0] not in browser.get("/account/recovery-codes?show_codes=1").text
    with application.app_context(), reading() as session:
        kept = staff.staff_with_email(session, member.email)
    assert kept is not None
    assert not set(codes) & set(kept.mf_recovery_codes or ())


def test_new_recovery_codes_end_the_old_ones(application: Flask, browser: Browser) -> None:
    member = enrol(application)
    browser.sign_in(member)
    old, _ = _new_codes(browser), _new_codes(browser)

    assert _halfway(application, member).send("/login/recovery", code=old[0]).status_code == 422


def test_a_recovery_code_is_no_password(application: Flask, browser: Browser) -> None:
    assert browser.get("/login/recovery").location == "/login"


def test_an_account_without_recovery_codes_says_so(application: Flask, browser: Browser) -> None:
    browser.sign_in(enrol(application))

    assert "You have no recovery codes" in browser.get("/account").text
