"""The privacy notice in the organisers' own words: shown, agreed to by its version, and every version kept."""

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from checkin.db import reading
from checkin.domain.audit import Audit
from checkin.domain.delegates import NOTICE_VERSION, Consent
from tests.accounts.people import Browser
from tests.organisers.staff import signed_in
from tests.organisers.test_setup import typed_on
from tests.registration.visitors import FORM, Visitor, open_registration

NOTICE = "/organiser/setup/notice"


def save(browser: Browser, *, seen: str = "", **fields: str) -> TestResponse:
    form: dict[str, object] = {**typed_on(browser.get(NOTICE).text), **fields}
    form |= {"seen": seen} if seen else {}
    return browser.client.post(NOTICE, data=form, headers={"Accept": "text/html"})


def read(app: Flask, language: str = "en") -> str:
    return Visitor(app, language=language).open().text


def versions(app: Flask) -> list[str]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(Consent.notice_version).order_by(Consent.id)))


def test_delegates_read_it_and_agree_to_its_version(expo: Flask) -> None:
    open_registration(expo)
    organiser = signed_in(expo)
    assert "Personal Data Protection Act" in read(expo)

    saved = save(
        organiser, en="{organiser} keeps <b>little</b>.\r\n\r\nFor {event} alone.", ms="Untuk {event}."
    )

    assert saved.status_code == 303
    page = read(expo)
    assert "keeps &lt;b&gt;little&lt;/b&gt;." in page
    assert "<p>For Smart City Expo Kuala Lumpur 2025 alone.</p>" in page
    assert "Personal Data Protection Act" not in page
    Visitor(expo).post("/register", FORM)
    assert versions(expo)[-1] == f"{NOTICE_VERSION}.1"
    save(organiser, en="Less.", ms="")
    # A language without words of its own reads those of the other one, not an older promise of ours.
    assert "<p>Less.</p>" in read(expo, "ms")
    earlier = organiser.get(NOTICE).text
    assert "For {event} alone." in earlier
    save(organiser, en="", ms="")
    assert "Personal Data Protection Act" in read(expo)
    with expo.app_context(), reading() as session:
        acts = session.scalars(select(Audit.subject).where(Audit.action == "notice worded")).all()
    assert acts == [f"{NOTICE_VERSION}.1", f"{NOTICE_VERSION}.2", NOTICE_VERSION]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("We keep {name}.", "{name} stands for nothing"),
        ("x" * 12_001, "too long"),
        ("a\x00b", "printed"),
    ],
)
def test_what_means_nothing_comes_back(expo: Flask, text: str, said: str) -> None:
    reply = save(signed_in(expo), en=text)

    assert reply.status_code == 422
    assert said in reply.text
    assert "is ours" in reply.text


def test_the_second_of_two_is_told(expo: Flask) -> None:
    open_registration(expo)
    organiser = signed_in(expo)
    seen = str(typed_on(organiser.get(NOTICE).text)["seen"])
    save(organiser, en="First.")

    reply = save(organiser, seen=seen, en="Second.")

    assert reply.status_code == 409
    assert ">Second.<" in reply.text
    assert "<p>First.</p>" in read(expo)


def test_looking_changes_nothing(expo: Flask) -> None:
    open_registration(expo)
    looked = save(signed_in(expo), en="Only a look at {event}.", look="y")

    assert "Only a look at Smart City Expo" in looked.text
    assert "Only a look" not in read(expo)
