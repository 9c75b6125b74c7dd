"""One-time links: they lead through password and second factor in one step, once, for a day."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import staff
from checkin.domain.staff import Staff
from tests.accounts.people import PASSWORD, Browser, Member, authenticator_on, enrol, errors_on, invite

WORKS_NO_MORE = "This link doesn&#39;t work any more: ask an organiser for a new one."


def test_a_link_leads_to_a_signed_in_account(application: Flask, browser: Browser) -> None:
    email, path = invite(application, role="desk")
    phone = authenticator_on(browser.get(path).text)

    reply = browser.send(path, password=PASSWORD, password_again=PASSWORD, code=phone.generate().token)

    assert (reply.status_code, reply.location) == (303, "/account/recovery-codes")
    page = browser.get("/account").text
    assert email in page
    assert "Help desk" in page


def test_a_link_works_once(application: Flask, browser: Browser) -> None:
    _, path = invite(application)
    phone = authenticator_on(browser.get(path).text)
    browser.send(path, password=PASSWORD, password_again=PASSWORD, code=phone.generate().token)

    again = Browser(application).get(path)

    assert again.status_code == 403
    assert WORKS_NO_MORE in again.text


def test_looking_at_a_link_uses_nothing_up(application: Flask, browser: Browser) -> None:
    _, path = invite(application)

    first, second = Browser(application).get(path), browser.get(path)

    assert (first.status_code, second.status_code) == (200, 200)


def test_a_link_works_for_a_day(application: Flask, browser: Browser) -> None:
    _, fresh = invite(application, now=clock.now() - timedelta(hours=23, minutes=59))
    _, stale = invite(application, now=clock.now() - timedelta(hours=24))

    assert browser.get(fresh).status_code == 200
    assert browser.get(stale).status_code == 403


def test_a_new_link_replaces_the_one_before(application: Flask, browser: Browser) -> None:
    email, first = invite(application)
    with application.app_context(), transaction() as session:
        member = staff.staff_with_email(session, email)
        assert member is not None
        second = f"/invitation/{staff.invite(session, member, now=clock.now())}"

    assert browser.get(first).status_code == 403
    assert browser.get(second).status_code == 200


def test_a_link_is_kept_as_a_hash_only(application: Flask) -> None:
    email, path = invite(application)

    with application.app_context(), reading() as session:
        member = staff.staff_with_email(session, email)

    assert member is not None
    assert member.invitation_hash is not None
    assert path.removeprefix("/invitation/").encode() not in member.invitation_hash


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"password": "short", "password_again": "short"}, "A password has between 12 and 128 characters."),
        ({"password": "qwertyuiop123456", "password_again": "qwertyuiop123456"}, "easy to guess"),
        ({"password": PASSWORD, "password_again": "another"}, "The two passwords are not the same"),
        ({"password": PASSWORD, "password_again": PASSWORD, "code": "000000"}, "This code is wrong"),
        ({"password": PASSWORD, "password_again": PASSWORD, "code": "x" * 5000}, "This code is wrong"),
        ({}, "Please type a password."),
    ],
)
def test_a_form_that_is_not_right_comes_back_and_the_link_still_works(
    application: Flask, browser: Browser, fields: dict[str, str], complaint: str
) -> None:
    _, path = invite(application)
    phone = authenticator_on(browser.get(path).text)

    reply = browser.send(path, **{"code": phone.generate().token, **fields})

    assert reply.status_code == 422
    assert any(complaint in error for error in errors_on(reply.text))
    assert authenticator_on(reply.text).key == phone.key
    assert browser.get(path).status_code == 200


def test_a_link_for_somebody_who_had_an_account_ends_what_they_had(
    application: Flask, browser: Browser
) -> None:
    member = enrol(application)
    browser.sign_in(member)
    with application.app_context(), transaction() as session:
        known = staff.staff_with_email(session, member.email)
        assert known is not None
        codes = staff.renew_recovery_codes(session, known.id)
        path = f"/invitation/{staff.invite(session, known, now=clock.now())}"
    assert browser.get("/account").status_code == 200
    other = Browser(application)
    phone = authenticator_on(other.get(path).text)

    other.send(
        path,
        password="empat kata tiada kaitan",
        password_again="empat kata tiada kaitan",
        code=phone.generate().token,
    )

    assert browser.get("/account").status_code == 302
    assert other.get("/account").status_code == 200
    with application.app_context(), transaction() as session:
        assert not staff.use_recovery_code(session, member.id, code=codes[0])


def test_the_first_code_does_not_sign_in_as_well(application: Flask, browser: Browser) -> None:
    email, path = invite(application)
    phone = authenticator_on(browser.get(path).text)
    code = phone.generate().token
    browser.send(path, password=PASSWORD, password_again=PASSWORD, code=code)

    other = Browser(application)
    other.send("/login", email=email, password=PASSWORD)

    assert other.send("/login/code", code=code).status_code == 422


def test_somebody_who_left_the_staff_cannot_use_a_link(application: Flask, browser: Browser) -> None:
    email, path = invite(application)
    with application.app_context(), transaction() as session:
        session.execute(update(Staff).where(Staff.email == email).values(active=False))

    assert browser.get(path).status_code == 403


def test_no_password_without_a_second_factor(application: Flask) -> None:
    email, _ = invite(application)

    with (
        application.app_context(),
        pytest.raises(IntegrityError, match="ck_staff_second_factor"),
        transaction() as session,
    ):
        session.execute(update(Staff).where(Staff.email == email).values(password="hash"))


@pytest.mark.parametrize("token", ["x", "x" * 3000, "%00", "..", "%ED%A0%80", "' OR 1=1 --"])
def test_a_made_up_link_opens_nothing(browser: Browser, token: str) -> None:
    assert browser.get(f"/invitation/{token}").status_code in {308, 403, 404}


def test_links_cannot_be_guessed_at_speed(browser: Browser) -> None:
    statuses = [browser.get(f"/invitation/{n}").status_code for n in range(31)]

    assert statuses == [403] * 30 + [429]


def test_another_authenticator_takes_the_place_of_the_first(application: Flask, browser: Browser) -> None:
    member = enrol(application)
    browser.sign_in(member)
    phone = authenticator_on(browser.get("/account/second-factor").text)

    reply = browser.send("/account/second-factor", code=phone.generate().token)

    assert (reply.status_code, reply.location) == (303, "/account")
    with_the_new = Member(member.id, member.email, phone)
    assert Browser(application).sign_in(member, step=1).status_code == 422
    assert Browser(application).sign_in(with_the_new, step=1).status_code == 303


def test_changing_a_factor_takes_a_fresh_password(application: Flask, browser: Browser) -> None:
    browser.sign_in(enrol(application))
    with browser.client.session_transaction() as session:
        session["fs_paa"] -= 16 * 60

    for path in ("/account/second-factor", "/account/recovery-codes"):
        asked = browser.get(path)
        assert asked.location.startswith("/account/verify")
        wrong = browser.send(asked.location, password="another password")
        assert (wrong.status_code, errors_on(wrong.text)[-1]) == (422, "This is not your password.")
    reply = browser.send(
        "/account/verify",
        page="/account/verify?next=/account/second-factor",
        password=PASSWORD,
        next="/account/second-factor",
    )

    assert reply.location == "/account/second-factor"
    assert browser.get("/account/second-factor").status_code == 200
