"""Signing in and out: who gets in, and what the others learn."""

import re
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.access import is_ours
from checkin.app import create_app
from checkin.config import Config
from checkin.db import db, reading, transaction
from checkin.domain import sessions, staff
from checkin.domain.audit import Audit
from tests.accounts.people import PASSWORD, Browser, Member, enrol, errors_on, opened

ON_A_PHONE = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Mobile Safari/537.36"
)
ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "https://evil.example/account",
    "https:evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    " //evil.example",
    "\t//evil.example",
    "javascript:alert(1)",
    "http://localhost@evil.example/",
]


@pytest.fixture(scope="module")
def member(application: Flask) -> Member:
    return enrol(application)


def test_password_and_code_sign_in(application: Flask, browser: Browser) -> None:
    member = enrol(application)

    reply = browser.sign_in(member)

    assert (reply.status_code, reply.location) == (303, "/staff")
    page = browser.get("/account").text
    assert member.email in page
    assert "Organiser" in page


def test_a_password_alone_opens_nothing(browser: Browser, member: Member) -> None:
    browser.send("/login", email=member.email, password=PASSWORD)

    for path in ("/account", "/account/verify", "/account/second-factor", "/account/recovery-codes"):
        assert browser.get(path).location == f"/login?next={path}"


def test_a_wrong_code_signs_nobody_in(browser: Browser, member: Member) -> None:
    browser.send("/login", email=member.email, password=PASSWORD)

    reply = browser.send("/login/code", code="000000")

    assert reply.status_code == 422
    assert "This code is wrong or was used: wait for the next one." in errors_on(reply.text)
    assert browser.get("/account").status_code == 302


def test_a_code_works_once(application: Flask, browser: Browser) -> None:
    member, other = enrol(application), Browser(application)
    code = member.code()
    browser.send("/login", email=member.email, password=PASSWORD)
    other.send("/login", email=member.email, password=PASSWORD)

    first, second = browser.send("/login/code", code=code), other.send("/login/code", code=code)

    assert (first.status_code, second.status_code) == (303, 422)


def test_an_older_code_works_no_more_after_a_newer_one(application: Flask, browser: Browser) -> None:
    member = enrol(application)
    older = member.code()
    browser.sign_in(member, step=1)

    other = Browser(application)
    other.send("/login", email=member.email, password=PASSWORD)

    assert other.send("/login/code", code=older).status_code == 422


def test_the_address_is_found_in_any_case_of_letters(browser: Browser, member: Member) -> None:
    reply = browser.send("/login", email=f" {member.email.upper()} ".strip(), password=PASSWORD)

    assert reply.location == "/login/code?next=/staff"


@pytest.mark.parametrize("domain", ["localhost", "expo.local", "expo.test"])
def test_addresses_need_not_take_mail(application: Flask, browser: Browser, domain: str) -> None:
    assert browser.sign_in(enrol(application, domain=domain)).status_code == 303


@pytest.mark.parametrize("email", ["a\0b@example.org", "nobody", "@", "x" * 5000, "\u202e@example.org", ""])
def test_what_is_no_address_gets_the_usual_answer(browser: Browser, email: str) -> None:
    reply = browser.send("/login", email=email, password=PASSWORD)

    assert reply.status_code == 422
    assert "The e-mail address or the password is wrong." in errors_on(reply.text)


def test_another_secret_key_takes_a_new_link(application: Flask, browser: Browser) -> None:
    """The authenticator's secret can't be read any more: the code is wrong, and nothing crashes."""
    member = enrol(application)
    config = application.config["CHECKIN"]

    with opened(replace(config, secret_key="another key of at least 32 letters")) as app:
        other = Browser(app)
        halfway = other.send("/login", email=member.email, password=PASSWORD)
        reply = other.send(halfway.location, code=member.code())

    assert reply.status_code == 422


def test_the_answer_is_the_same_for_every_address(
    application: Flask, browser: Browser, member: Member
) -> None:
    """A wrong password, nobody's address, somebody who was only invited, somebody who left."""
    left = enrol(application)
    with application.app_context(), transaction() as session:
        invited = staff.add_staff(session, "new@example.org", role="desk", uniquifier="n", now=clock.now())
        gone = staff.staff_with_email(session, left.email)
        assert gone is not None
        gone.active = False
    tried = [
        (member.email, "another password"),
        ("nobody@example.org", PASSWORD),
        (invited.email, PASSWORD),
        (left.email, PASSWORD),
    ]

    pages = []
    for email, password in tried:
        reply = Browser(application).send("/login", email=email, password=password)
        pages.append((reply.status_code, reply.text.replace(email, "ADDRESS")))

    assert {status for status, _ in pages} == {422}
    assert "The e-mail address or the password is wrong." in pages[0][1]
    assert len({_without_token(page) for _, page in pages}) == 1


def _without_token(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrf_token" not in line)


def test_an_unknown_address_costs_as_much_work_as_a_known_one(
    application: Flask, browser: Browser, member: Member
) -> None:
    def seconds(email: str) -> float:
        began = time.process_time()
        browser.send("/login", email=email, password="another password")
        return time.process_time() - began

    known = min(seconds(member.email) for _ in range(3))
    unknown = min(seconds("nobody@example.org") for _ in range(3))

    assert 0.5 < known / unknown < 2


@pytest.mark.parametrize("where", ELSEWHERE)
def test_nobody_is_sent_to_another_site(application: Flask, browser: Browser, where: str) -> None:
    member = enrol(application)

    page = browser.client.get("/login", query_string={"next": where}).text
    halfway = browser.send("/login", email=member.email, password=PASSWORD, next=where)
    after = browser.client.post(
        "/login/code",
        query_string={"next": where},
        data={"csrf_token": _token(browser), "code": member.code()},
    )

    assert "evil" not in page.split("<main")[1]
    assert halfway.location == "/login/code?next=/staff"
    assert is_ours(after.location)


def _token(browser: Browser) -> str:
    page = browser.get("/login/code").text
    return page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]


def test_one_comes_back_to_the_page_that_asked_for_a_sign_in(application: Flask, browser: Browser) -> None:
    member = enrol(application)
    asked = browser.get("/account/recovery-codes").location

    halfway = browser.send(
        "/login", page=asked, email=member.email, password=PASSWORD, next="/account/recovery-codes"
    )
    reply = browser.send(halfway.location, code=member.code())

    assert reply.location == "/account/recovery-codes"


def test_guessing_is_slowed_down(application: Flask, browser: Browser, member: Member) -> None:
    for _ in range(10):
        assert browser.send("/login", email=member.email, password="a guess").status_code == 422

    assert browser.send("/login", email=member.email, password=PASSWORD).status_code == 429
    assert browser.send("/login", email="other@example.org", password=PASSWORD).status_code == 422


def test_all_processes_count_together(application: Flask, browser: Browser) -> None:
    somebody = enrol(application)
    again = create_app(application.config["CHECKIN"])

    statuses = [
        one.send("/login", email=somebody.email, password="wrong").status_code
        for one in (browser, Browser(again)) * 6
    ]

    assert sorted(statuses) == [422] * 10 + [429] * 2
    with again.app_context():
        for engine in db.engines.values():
            engine.dispose()


def test_a_made_up_bearer_token_does_not_reset_the_count(browser: Browser, member: Member) -> None:
    replies = [
        browser.send("/login", email=member.email, password="", headers={"Authorization": f"Bearer {n}"})
        for n in range(11)
    ]

    assert replies[-1].status_code == 429


def test_codes_are_counted_by_person_wherever_they_come_from(application: Flask, browser: Browser) -> None:
    member = enrol(application)
    browsers = [Browser(application) for _ in range(2)]
    for one in browsers:
        one.send("/login", email=member.email, password=PASSWORD)

    statuses = [
        browsers[n % 2]
        .client.post(
            "/login/code",
            data={"csrf_token": _token(browsers[n % 2]), "code": "000000"},
            environ_base={"REMOTE_ADDR": f"192.0.2.{n}"},
        )
        .status_code
        for n in range(11)
    ]

    assert statuses == [422] * 10 + [429]


def test_signing_out_ends_every_session(application: Flask, browser: Browser) -> None:
    member, other = enrol(application), Browser(application)
    browser.sign_in(member)
    other.sign_in(member, step=1)
    copied = browser.cookie()

    reply = browser.send("/logout", page="/account")

    assert (reply.status_code, reply.location) == (303, "/login")
    thief = Browser(application)
    thief.client.set_cookie("checkin", copied)
    assert [b.get("/account").status_code for b in (browser, other, thief)] == [302, 302, 302]


def test_one_sees_where_one_is_signed_in_and_ends_one_of_them(application: Flask, browser: Browser) -> None:
    member, other, stranger = enrol(application), Browser(application), Browser(application)
    other.client.environ_base["HTTP_USER_AGENT"] = ON_A_PHONE
    browser.sign_in(member)
    other.sign_in(member, step=1)
    stranger.sign_in(enrol(application))

    page = browser.get("/account").text

    ends = re.findall(r'action="(/account/sessions/\d+/end)"', page)
    assert len(ends) == 2
    assert "Chrome Mobile on Android" in page
    [mine] = re.findall(r'action="(/account/sessions/\d+/end)"', stranger.get("/account").text)
    # Nobody ends a session of somebody else.
    browser.send(mine, page="/account")
    assert stranger.get("/account").status_code == 200

    # The latest seen is first.
    browser.send(ends[0], page="/account")
    assert [b.get("/account").status_code for b in (browser, other)] == [200, 302]
    kept = browser.cookie()
    reply = browser.send(ends[1], page="/account")
    assert (reply.status_code, reply.location) == (303, "/login")
    thief = Browser(application)
    thief.client.set_cookie("checkin", kept)
    assert thief.get("/account").status_code == 302


def test_that_somebody_is_here_is_kept_every_five_minutes(
    application: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, now = enrol(application), clock.now()
    browser.sign_in(member)

    def seen_at() -> datetime:
        with application.app_context(), reading() as session:
            [one] = sessions.of(session, member.id, now=now)
            return one.seen_at

    first = seen_at()
    for minutes, is_kept in ((4, False), (6, True)):
        monkeypatch.setattr(clock, "now", lambda minutes=minutes: now + timedelta(minutes=minutes))
        browser.get("/account")
        assert (seen_at() > first) == is_kept


def test_signing_out_takes_a_form_of_ours(application: Flask, browser: Browser) -> None:
    browser.sign_in(enrol(application))

    assert browser.get("/logout").status_code == 405
    assert browser.client.post("/logout").status_code == 400
    elsewhere = browser.send("/logout", page="/account", headers={"Origin": "https://evil.example"})
    assert elsewhere.status_code == 403
    assert browser.get("/account").status_code == 200


def test_a_session_planted_before_the_sign_in_is_worth_nothing_after_it(
    application: Flask, browser: Browser
) -> None:
    member = enrol(application)
    token = browser.get("/login").text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    planted = browser.cookie()

    browser.sign_in(member)

    attacker = Browser(application)
    attacker.client.set_cookie("checkin", planted)
    assert attacker.get("/account").status_code == 302
    assert browser.client.post("/logout", data={"csrf_token": token}).status_code == 400


def test_a_session_ends_after_twelve_hours(application: Flask, browser: Browser) -> None:
    reply = browser.sign_in(enrol(application))

    cookie = next(c for c in reply.headers.getlist("Set-Cookie") if c.startswith("checkin="))
    assert application.permanent_session_lifetime.total_seconds() == 12 * 3600
    assert "Expires=" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_cookies_are_kept_to_https_in_production(tmp_path: Path) -> None:
    config = Config(
        database_url=f"sqlite:///{tmp_path}/checkin.db",
        base_url="https://checkin.example.org",
        secret_key="k" * 40,
        badge_key="ab" * 32,
    )

    with opened(config) as app:
        reply = app.test_client().get("/login", base_url=config.base_url)

    cookie = reply.headers["Set-Cookie"]
    assert cookie.startswith("__Host-checkin=")
    for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in cookie


def test_whoever_leaves_the_staff_is_out_at_once(application: Flask, browser: Browser) -> None:
    member = enrol(application)
    browser.sign_in(member)

    with application.app_context(), transaction() as session:
        gone = staff.staff_with_email(session, member.email)
        assert gone is not None
        gone.active = False

    assert browser.get("/account").status_code == 302


def test_sign_in_takes_forms_only(browser: Browser) -> None:
    token = browser.get("/login").text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]

    reply = browser.client.post("/login", json=[1], headers={"X-CSRFToken": token})

    assert reply.status_code == 415


def test_a_form_without_its_token_is_refused(browser: Browser, member: Member) -> None:
    reply = browser.client.post("/login", data={"email": member.email, "password": PASSWORD})

    assert reply.status_code == 400


def test_coming_and_going_are_in_the_audit(application: Flask, browser: Browser) -> None:
    member = enrol(application)
    browser.sign_in(member)
    browser.send("/logout", page="/account")

    with application.app_context(), reading() as session:
        acts = session.scalars(
            select(Audit.action).where(Audit.actor == f"staff:{member.id}").order_by(Audit.id)
        ).all()

    assert acts == ["staff signed in", "staff signed out"]
