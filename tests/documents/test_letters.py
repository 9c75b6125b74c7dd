"""What each letter says, in both languages, and where its link leads."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.adapters.mail import Letter, MailRefused
from checkin.config import Config
from checkin.db import reading, transaction
from checkin.documents import mailing
from checkin.documents.letters import WORDS
from checkin.domain import links, messages
from checkin.domain.delegates import Delegate
from checkin.domain.links import Link
from checkin.domain.messages import Message
from tests import world
from tests.accounts.people import opened

ADDRESS = "https://daftar.expo.example/delegasi"
AINA = world.person("Aina <b> binti Yusof", honorific="Dato'", email="aina@example.org")
ASKING = ("confirm", "reminder_first", "reminder_second", "reminder_eve")
EXPO = "Smart City Expo Kuala Lumpur 2025"
# The subject, and a part of the button's words.
SAYS = {
    "confirm": {
        "en": (f"Please confirm your registration for {EXPO}", "Confirm my registration"),
        "ms": (f"Sila sahkan pendaftaran anda untuk {EXPO}", "Sahkan pendaftaran saya"),
    },
    "known": {"en": (f"You are registered for {EXPO} already", "Open my page")},
    "link": {"en": (f"Your way to your badge for {EXPO}", "Open my page")},
    "badge": {"en": (f"Your badge for {EXPO}", "Open my badge")},
    "badge_reissued": {"en": (f"Your new badge for {EXPO}", "Open my badge")},
}


@pytest.fixture
def mailing_expo(database_url: str) -> Iterator[Flask]:
    """The expo at an address of its own, with one delegate."""
    config = Config(
        database_url=database_url,
        base_url=ADDRESS,
        secret_key="a key of at least 32 characters, for a test",
        badge_key="1" * 64,
        testing=True,
    )
    with opened(config) as app:
        world.set_event(app)
        world.enrol(app, [AINA])
        yield app


def composed(app: Flask, kind: str, *, language: str = "en", status: str | None = None) -> Letter:
    """The letter of a message of a kind, of which each delegate has one here, as often as one likes."""
    status = status or ("unconfirmed" if kind in ASKING else "confirmed")
    with app.app_context():
        with transaction() as session:
            aina = session.scalars(select(Delegate)).one()
            aina.language, aina.status = language, status
            message = session.scalar(select(Message).where(Message.kind == kind))
            if message is None:
                message = messages.write_message(session, aina.id, kind=kind, now=clock.now())
        letter = mailing.letter_of(message.id)
    assert letter is not None
    return letter


def tokens_in(text: str) -> list[str]:
    return sorted(set(re.findall(re.escape(ADDRESS) + r"/me/([\w-]{22})(?![\w-])", text)))


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_sqlite
def test_every_letter_has_one_working_link_in_text_and_html_in_both_languages(mailing_expo: Flask) -> None:
    for kind in WORDS:
        subjects = set()
        for language in ("en", "ms"):
            letter = composed(mailing_expo, kind, language=language)
            [token] = tokens_in(letter.text)
            shown = html.unescape(letter.html)

            assert tokens_in(letter.html) == [token]
            assert opens(mailing_expo, token) == AINA.name
            assert (letter.language, letter.address) == (language, "aina@example.org")
            assert f'<html lang="{language}">' in letter.html
            assert "Dato' Aina <b> binti Yusof" in letter.text
            assert "<b>" not in letter.html
            assert all(paragraph in shown for paragraph in letter.text.split("\n\n")[:2])
            assert bool(letter.attachments) == (kind in mailing.WITH_BADGE)
            # Nothing of ours is fetched from anywhere when a letter is opened.
            assert not re.search(r"<(img|link|script)|src=|url\(", letter.html)
            assert "%(" not in letter.text + letter.html
            subjects.add(letter.subject)
        assert len(subjects) == 2


def opens(app: Flask, token: str) -> str:
    with app.app_context(), reading() as session:
        return links.linked_delegate(session, token, now=clock.now()).name


@on_sqlite
def test_a_letter_says_what_it_is_for(mailing_expo: Flask) -> None:
    for kind, said in SAYS.items():
        for language, (subject, button) in said.items():
            letter = composed(mailing_expo, kind, language=language)

            assert letter.subject == subject
            assert f"\n{button}:\n{ADDRESS}/me/" in letter.text
            assert f">{button}</a>" in letter.html


@on_sqlite
def test_a_letter_to_a_known_address_says_who_has_it_and_how_to_add_somebody(mailing_expo: Flask) -> None:
    with mailing_expo.app_context(), reading() as session:
        reference = session.scalars(select(Delegate.reference)).one()

    known, unconfirmed = (
        composed(mailing_expo, "known", status=status) for status in ("confirmed", "unconfirmed")
    )

    assert f"It belongs to Dato' Aina <b> binti Yusof ({reference})" in known.text
    assert "the new entry was not added" in known.text
    [token] = tokens_in(known.text)
    assert f"Register somebody else: {ADDRESS}/me/{token}/add" in known.text
    assert f'href="{ADDRESS}/me/{token}/add"' in known.html
    # Who hasn't confirmed can't add anybody yet.
    assert "/add" not in unconfirmed.text


def test_a_link_is_minted_each_time_a_letter_is_composed(mailing_expo: Flask) -> None:
    with mailing_expo.app_context():
        with transaction() as session:
            aina = session.scalars(select(Delegate)).one()
            message = messages.write_message(session, aina.id, kind="link", now=clock.now())
        letters = [mailing.letter_of(message.id) for _ in range(2)]
        with reading() as session:
            kept = session.scalars(select(Link)).all()

    tokens = [tokens_in(letter.text) for letter in letters if letter]
    assert tokens[0] != tokens[1]
    assert len(kept) == 2


def test_who_has_not_confirmed_gets_a_link_that_lasts_a_fortnight_at_least(mailing_expo: Flask) -> None:
    now = clock.now()
    composed(mailing_expo, "confirm")

    with mailing_expo.app_context(), reading() as session:
        [kept] = session.scalars(select(Link)).all()
    assert kept.expires_at >= now + timedelta(days=14)


@on_sqlite
def test_who_confirmed_meanwhile_is_not_asked_any_more(mailing_expo: Flask) -> None:
    for kind in ASKING:
        with pytest.raises(MailRefused, match="isn't needed"):
            composed(mailing_expo, kind, status="confirmed")


@on_sqlite
def test_a_letter_that_is_sent_is_not_composed_again(mailing_expo: Flask) -> None:
    with mailing_expo.app_context():
        with transaction() as session:
            aina = session.scalars(select(Delegate)).one()
            message = messages.write_message(session, aina.id, kind="link", now=clock.now())
            messages.mark_sent(session, message.id, now=clock.now())

        assert mailing.letter_of(message.id) is None


@on_sqlite
def test_a_name_in_any_script_and_an_address_with_a_slash_at_its_end(database_url: str) -> None:
    config = Config(database_url=database_url, testing=True)
    with opened(replace(config, base_url="http://127.0.0.1:8000/")) as app:
        world.set_event(app)
        world.enrol(app, [world.person("محمد بن عبد الله", email="m@example.org")])
        letter = composed(app, "confirm", language="ar")

    assert letter.text.startswith("Dear محمد بن عبد الله,")
    assert "http://127.0.0.1:8000/me/" in letter.text
    assert "8000//me" not in letter.text
