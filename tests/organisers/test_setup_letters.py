"""The organisers' own words for letters: looked at, saved, sent, and refused where they mean nothing."""

from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.adapters.mail import _composed
from checkin.db import reading, transaction
from checkin.documents import mailing
from checkin.domain.audit import Audit
from checkin.domain.delegates import Delegate
from checkin.domain.messages import Message
from tests import world
from tests.accounts.people import Browser
from tests.organisers.staff import signed_in
from tests.organisers.test_people import text_of
from tests.organisers.test_setup import typed_on

LETTERS = "/organiser/setup/letters"


def send(browser: Browser, kind: str = "badge", *, seen: str = "", **fields: str):
    form: dict[str, object] = {**typed_on(browser.get(f"{LETTERS}/{kind}").text)}
    form |= {name.replace("_", "-", 1): value for name, value in fields.items()}
    form |= {"seen": seen} if seen else {}
    return browser.client.post(f"{LETTERS}/{kind}", data=form, headers={"Accept": "text/html"})


def test_a_letter_says_what_the_organisers_want(expo: Flask) -> None:
    world.enrol(expo, [world.person("Ada Lim", email="ada@example.org", language="ms")])
    with expo.app_context(), transaction() as session:
        ada = session.scalars(select(Delegate)).one()
        mailing.write_to(session, ada, kind="badge", now=clock.now())

    text = "Salam {name},\r\n\r\nletak kereta di {event}: <b>Aras 2</b>."
    saved = send(signed_in(expo), ms_subject="Lencana {reference}", ms_text=text)

    with expo.app_context(), reading() as session:
        message = session.scalars(select(Message.id)).one()
        acts = session.scalars(select(Audit).where(Audit.action == "letter worded")).all()
    with expo.app_context():
        letter = mailing.letter_of(message)
    assert saved.status_code == 303
    assert letter is not None
    assert letter.subject == "Lencana KL-00001"
    assert "letak kereta di Smart City Expo Kuala Lumpur 2025: <b>Aras 2</b>." in letter.text
    assert "&lt;b&gt;Aras 2" in letter.html
    assert "/me/" in letter.text
    assert [(act.subject, act.details["fields"]) for act in acts] == [("badge", ["ms"])]


def test_a_look_saves_nothing(expo: Flask) -> None:
    browser = signed_in(expo)

    page = send(browser, en_text="Bring {name}'s reference {reference}.", look="y")

    assert page.status_code == 200
    assert "Bring Aina binti Yusof's reference KL-00042." in text_of(page.text)
    assert "Bring" not in browser.get(f"{LETTERS}/badge").text


def test_a_place_that_stands_for_nothing_is_refused(expo: Flask) -> None:
    page = send(signed_in(expo), en_text="Dear {firstname}", ms_subject="x" * 151)

    assert page.status_code == 422
    assert "{firstname} stands for nothing" in text_of(page.text)
    assert "at most 150 characters" in text_of(page.text)
    assert "Dear {firstname}" in page.text


def test_the_second_of_two_at_once_is_told(expo: Flask) -> None:
    browser = signed_in(expo)
    seen = str(typed_on(browser.get(f"{LETTERS}/link").text)["seen"][0])
    send(signed_in(expo, name="other"), "link", en_subject="First")

    told = send(browser, "link", en_subject="Second", seen=seen)

    assert told.status_code == 409
    assert "Stored now: First" in text_of(told.text)


def test_what_is_emptied_is_said_in_our_words_again(expo: Flask) -> None:
    browser = signed_in(expo)
    send(browser, en_subject="Ours")
    assert "own words: English" in text_of(browser.get(LETTERS).text)

    send(browser, en_subject="")

    assert "own words" not in text_of(browser.get(LETTERS).text).replace("Your own", "")


def test_there_is_no_other_letter(expo: Flask) -> None:
    assert signed_in(expo).get(f"{LETTERS}/love").status_code == 404


def test_answers_to_letters_go_to_the_organisers(expo: Flask) -> None:
    world.set_event(expo, contact="halo@expo.example")
    world.enrol(expo, [world.person("Ada Lim", email="ada@example.org")])
    with expo.app_context(), transaction() as session:
        mailing.write_to(session, session.scalars(select(Delegate)).one(), kind="badge", now=clock.now())
        message = session.scalars(select(Message.id)).one()

    with expo.app_context():
        letter = mailing.letter_of(message)
        assert letter is not None
        sent = _composed(letter, sender="expo@example.org", domain="example.org", now=clock.now())

    assert "halo@expo.example" in letter.text
    assert b"\r\nReply-To: halo@expo.example\r\n" in sent
