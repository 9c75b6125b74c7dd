"""The form through which a delegate registers, and the one that mails a fresh link."""

import csv
import re
import unicodedata
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import delegates
from checkin.domain.delegates import NOTICE_VERSION, Consent, Delegate
from checkin.domain.messages import Message
from tests import world
from tests.registration.visitors import (
    FORM,
    Visitor,
    errors_at,
    kinds,
    open_registration,
    people,
    summary,
    typed_in,
)

DATA = Path(__file__).parents[2].parent / "shared" / "data"
# Rules that the database has no part in are tried on one.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def rows(file_name: str) -> list[dict[str, str]]:
    with (DATA / file_name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def everybody(app: Flask) -> list[Delegate]:
    with app.app_context(), reading() as session:
        return people(session)


def written(app: Flask) -> list[str]:
    with app.app_context(), reading() as session:
        return kinds(session)


# --- what goes through ----------------------------------------------------------------------------------------


def test_a_registration_is_kept_as_it_was_typed(open_expo: Flask, visitor: Visitor) -> None:
    reply = visitor.register(
        honorific="Dato'",
        job_title="Setiausaha",
        delegation="Mayor of Ipoh",
        phone="012-345 6789",
        language="ms",
        interests="Trams",
        access_needs="A wheelchair's way",
    )

    [one] = everybody(open_expo)
    assert (reply.status_code, reply.location) == (303, "/registered")
    assert (one.honorific, one.name, one.email) == ("Dato'", "Aina binti Yusof", "aina@example.org")
    assert (one.organisation, one.job_title) == ("Majlis Bandaraya Ipoh", "Setiausaha")
    assert (one.delegation, one.country, one.phone) == ("Mayor of Ipoh", "MY", "+60123456789")
    assert (one.language, one.interests, one.access_needs) == ("ms", "Trams", "A wheelchair's way")
    assert (one.status, one.share) == ("unconfirmed", 0)
    assert written(open_expo) == ["confirm"]


def test_every_hard_name_goes_through_as_it_is(open_expo: Flask) -> None:
    hard, client = rows("names-hard.csv"), Visitor(open_expo)

    for number, row in enumerate(hard):
        client.network = f"198.51.100.{number + 1}"
        given = {name: row[name] for name in ("name", "organisation", "country")}
        reply = client.register(**given, email=f"hard{number}@example.org")
        assert reply.status_code == 303, (row, errors_at(reply.text))

    kept = [(one.name, one.organisation, one.country) for one in everybody(open_expo)]
    as_given = [(row["name"], row["organisation"], row["country"]) for row in hard]
    assert kept == [tuple(unicodedata.normalize("NFC", text) for text in row) for row in as_given]


def test_every_refused_name_comes_back_with_its_reason_and_all_that_was_typed(open_expo: Flask) -> None:
    client, through = Visitor(open_expo), []

    for row in rows("names-refused.csv"):
        given = {"name": row["name"], "organisation": row["organisation"], "country": row["country"]}
        reply = client.register(**given, interests="Trams & <b>trains</b>", consent_leads="y", whom="other")
        if reply.status_code == 303:
            through.append(row["name"])
            continue
        shown, reason = typed_in(reply.text), errors_at(reply.text).get("name")
        assert reply.status_code == 422
        assert reason
        assert summary(reply.text) == [f"Name: {reason}"]
        assert 'href="#name"' in reply.text
        assert {
            **FORM,
            **given,
            "interests": "Trams & <b>trains</b>",
            "whom": "other",
        }.items() <= shown.items()
        assert (shown["consent_notice"], shown["consent_leads"]) == ("y", "y")
        assert "consent_updates" not in shown

    # The zero-width space of a Latin name is taken out of it.
    assert through == ["Zero\u200bWidth"]
    assert [one.name for one in everybody(open_expo)] == ["ZeroWidth"]


def test_consents_are_kept_apart_with_notice_and_language(open_expo: Flask) -> None:
    visitor = Visitor(open_expo, language="ms")

    visitor.register(consent_leads="y")
    visitor.register(consent_updates="y", email="badrul@example.org")

    with open_expo.app_context(), reading() as session:
        kept = session.scalars(select(Consent).order_by(Consent.delegate_id, Consent.purpose)).all()
    assert [(one.purpose, one.given) for one in kept] == [
        *(("leads", True), ("notice", True), ("updates", False)),
        *(("leads", False), ("notice", True), ("updates", True)),
    ]
    assert {(one.notice_version, one.language) for one in kept} == {(NOTICE_VERSION, "ms")}


def test_a_known_address_changes_nothing_and_is_written_to(open_expo: Flask, visitor: Visitor) -> None:
    visitor.register()

    visitor.register(name="Somebody Else", email="AINA@Example.org", organisation="", consent_updates="y")

    [one] = everybody(open_expo)
    with open_expo.app_context(), reading() as session:
        assert len(delegates.consents_of(session, one.id)) == 3
    assert (one.name, one.organisation) == ("Aina binti Yusof", "Majlis Bandaraya Ipoh")
    assert written(open_expo) == ["confirm", "known"]


@on_sqlite
def test_sending_twice_registers_once(open_expo: Flask, visitor: Visitor) -> None:
    """A double click, or back and again: the form's page stays good."""
    first, second = visitor.register(), visitor.register()

    assert first.status_code == second.status_code == 303
    assert len(everybody(open_expo)) == 1


@on_sqlite
def test_a_language_we_have_no_letters_in_is_kept(open_expo: Flask, visitor: Visitor) -> None:
    """A form in a language we don't have is shown in English; what it says of the language stands."""
    page = Visitor(open_expo, language="qu-PE, xx;q=0.5").open()

    visitor.register(language="ta")
    visitor.register(language="klingon, of course", email="worf@example.org")

    assert '<html lang="en"' in page.text
    assert [one.language for one in everybody(open_expo)] == ["ta", "en"]


# --- what is asked again --------------------------------------------------------------------------------------


WRONG: list[tuple[dict[str, str | None], str]] = [
    ({"name": ""}, "name"),
    ({"email": ""}, "email"),
    ({"email": " "}, "email"),
    ({"email": "aina"}, "email"),
    ({"email": "a@example.org, b@example.org"}, "email"),
    ({"country": "ZZ"}, "country"),
    ({"country": "Yugoslavia"}, "country"),
    ({"category": "Crew"}, "category"),
    ({"category": "King"}, "category"),
    ({"consent_notice": None}, "consent_notice"),
    ({"organisation": "x" * 301}, "organisation"),
    ({"job_title": "a\x07b"}, "job_title"),
    ({"interests": "x" * 501}, "interests"),
    ({"phone": "x" * 41}, "phone"),
    ({"language": "x" * 61}, "language"),
]


@on_sqlite
def test_what_is_wrong_is_said_at_its_field(open_expo: Flask, visitor: Visitor) -> None:
    for changes, field in WRONG:
        reply = visitor.register(**changes)

        errors = errors_at(reply.text)
        assert (reply.status_code, list(errors)) == (422, [field])
        assert [line.partition(": ")[2] for line in summary(reply.text)] == [errors[field]]
        assert f'href="#{field}"' in reply.text
    assert everybody(open_expo) == []


@on_sqlite
def test_everything_wrong_is_said_at_once(open_expo: Flask, visitor: Visitor) -> None:
    reply = visitor.register(name="", email="x", country="??", consent_notice=None, access_needs="\u202e")

    assert set(errors_at(reply.text)) == {"name", "email", "country", "consent_notice", "access_needs"}
    assert len(summary(reply.text)) == 5
    assert re.search(r'<details class="more" open', reply.text)


@on_sqlite
def test_an_empty_form_is_asked_again(open_expo: Flask, visitor: Visitor) -> None:
    reply = visitor.post("/register", {})

    assert reply.status_code == 422
    assert {"name", "email", "consent_notice"} <= set(errors_at(reply.text))


@on_sqlite
def test_a_likely_slip_in_the_address_is_asked_about_once(open_expo: Flask, visitor: Visitor) -> None:
    asked = visitor.register(email="aina@gmial.com")
    kept = visitor.register(email="aina@gmial.com", email_sure="y")

    assert asked.status_code == 422
    assert errors_at(asked.text) == {"email": "Did you mean aina@gmail.com?"}
    assert 'name="email_sure"' in asked.text
    assert kept.status_code == 303
    assert [one.email for one in everybody(open_expo)] == ["aina@gmial.com"]


@on_sqlite
def test_only_open_categories_are_offered(open_expo: Flask, visitor: Visitor) -> None:
    page = visitor.open()

    offered = re.search(r'<select[^>]*name="category".*?</select>', page.text, re.DOTALL)
    assert offered is not None
    assert re.findall(r'<option value="([^"]+)"', offered[0]) == ["Delegate", "Media", "Workshop"]


@on_sqlite
def test_one_category_needs_no_choice(app: Flask) -> None:
    open_registration(app, categories=[{"name": "Guest", "self_registration": True}, {"name": "Crew"}])
    visitor = Visitor(app)

    page, reply = visitor.open(), visitor.register(category=None)

    assert "<select" not in page.text.partition('name="category"')[0].rpartition("<")[2]
    assert typed_in(page.text)["category"] == "Guest"
    assert reply.status_code == 303


@on_sqlite
def test_countries_are_in_the_readers_language_and_order(open_expo: Flask) -> None:
    def offered(language: str) -> list[tuple[str, str]]:
        page = Visitor(open_expo, language=language).open().text
        found = re.search(r'<select[^>]*name="country".*?</select>', page, re.DOTALL)
        assert found is not None
        return re.findall(r'<option value="([A-Z]{2})"[^>]*>([^<]+)<', found[0])

    english, malay = offered("en"), offered("ms")

    assert ("DE", "Germany") in english
    assert ("DE", "Jerman") in malay
    assert sorted(code for code, _ in english) == sorted(code for code, _ in malay)
    assert len(english) == len(set(english)) > 240
    # Åland stands with A, not behind Zimbabwe.
    names = [name for _, name in english]
    assert names.index("Åland Islands") < names.index("Brazil")


# --- forms from elsewhere, and programs -----------------------------------------------------------------------


@on_sqlite
def test_a_form_whose_session_is_gone_comes_back_filled_in(open_expo: Flask) -> None:
    another = Visitor(open_expo)
    another.open()

    for token in ("", "rubbish", "IjEi.aaaaaa.bbbbbb", another.token):
        visitor = Visitor(open_expo)
        visitor.token = token
        reply = visitor.register(interests="Trams")

        assert reply.status_code == 422
        assert summary(reply.text) == [
            "This page was open for long, or came from elsewhere. Please send it once more."
        ]
        assert {**FORM, "interests": "Trams"}.items() <= typed_in(reply.text).items()
    assert everybody(open_expo) == []


@on_sqlite
def test_a_form_that_came_back_can_be_sent_once_more(open_expo: Flask) -> None:
    visitor = Visitor(open_expo)
    visitor.token = "of another browser"
    back = visitor.register()
    visitor.token = typed_in(back.text)["csrf_token"]

    again = visitor.register()

    assert (back.status_code, again.status_code) == (422, 303)


@on_sqlite
def test_two_tabs_may_both_be_sent(open_expo: Flask, visitor: Visitor) -> None:
    visitor.open()
    first = visitor.token
    visitor.open()

    replies = [
        visitor.register(csrf_token=first),
        visitor.register(email="other@example.org"),
    ]

    assert [reply.status_code for reply in replies] == [303, 303]
    assert len(everybody(open_expo)) == 2


def test_what_only_programs_fill_in_stores_nothing(open_expo: Flask, visitor: Visitor) -> None:
    visitor.open()

    person, program = visitor.register(), visitor.register(email="bot@example.org", homepage="http://x")
    asked, hunted = visitor.find("aina@example.org"), visitor.find("aina@example.org", homepage="x")

    assert seen(person) == seen(program)
    assert seen(asked) == seen(hunted)
    assert [one.email for one in everybody(open_expo)] == ["aina@example.org"]
    # Asking for a link before one has confirmed asks to confirm.
    assert written(open_expo) == ["confirm", "confirm"]


@on_sqlite
def test_a_form_of_ten_megabytes_is_turned_away_with_a_page(open_expo: Flask, visitor: Visitor) -> None:
    for path in ("/register", "/find"):
        reply = visitor.post(path, {**FORM, "interests": "x" * 10_000_000})

        assert (reply.status_code, reply.mimetype) == (413, "text/html")
        assert "<h1" in reply.text
    assert everybody(open_expo) == []


@on_sqlite
def test_hostile_bodies_are_answered_and_store_nothing(open_expo: Flask, visitor: Visitor) -> None:
    visitor.open()
    kinds_of_body = {
        "application/json": b'{"name": "x"}',
        "application/x-www-form-urlencoded": b"name=%ff%fe&email=%00&consent_notice=y",
        "multipart/form-data; boundary=x": b'--x\r\nContent-Disposition: form-data; name="name"',
        "multipart/form-data": b"no boundary",
        "text/plain": b"\xff" * 100,
    }

    statuses = {
        kind: visitor.client.post("/register", data=body, content_type=kind).status_code
        for kind, body in kinds_of_body.items()
    }

    assert set(statuses.values()) <= {400, 422}
    assert everybody(open_expo) == []


@on_sqlite
@pytest.mark.parametrize("path", ["/register", "/find"])
def test_too_many_from_one_network_get_their_form_back(open_expo: Flask, path: str) -> None:
    visitor, statuses = Visitor(open_expo), []
    form = FORM if path == "/register" else {"email": FORM["email"]}
    # An hour may turn over once meanwhile.
    for _ in range(42):
        reply = visitor.post(path, form)
        statuses.append(reply.status_code)
        if reply.status_code == 429:
            break

    other = Visitor(open_expo, network="203.0.113.9").post(path, form)

    assert set(statuses[:-1]) == {303}
    assert len(statuses) > 20
    assert statuses[-1] == 429
    assert "try again in an hour" in summary(reply.text)[0]
    assert form.items() <= typed_in(reply.text).items()
    assert other.status_code == 303


# --- one answer -----------------------------------------------------------------------------------------------


def seen(reply: TestResponse) -> tuple[int, list[tuple[str, str]], bytes]:
    """All that an answer tells but its moment and its visitor's cookie."""
    headers = [(name, value) for name, value in reply.headers if name not in {"Date", "Set-Cookie"}]
    return reply.status_code, headers, reply.data


def test_answers_are_equal_in_every_byte_whether_an_address_is_known(
    open_expo: Flask, visitor: Visitor
) -> None:
    for state in ("unconfirmed", "confirmed", "cancelled"):
        with_state(open_expo, state)

    states = ("unconfirmed", "confirmed", "cancelled", "unknown")
    registered = [seen(visitor.register(email=f"{state}@example.org")) for state in states]
    found = [seen(visitor.find(f"{state}@example.org")) for state in (*states[:3], "nobody")]

    assert registered == [registered[0]] * 4
    assert found == [found[0]] * 4
    assert len(everybody(open_expo)) == 4


def with_state(app: Flask, state: str) -> None:
    """Somebody whose address is the name of the state that they are in."""
    status = "unconfirmed" if state == "unconfirmed" else "confirmed"
    world.enrol(app, [world.person(state, email=f"{state}@example.org")], status=status)
    if state == "cancelled":
        with app.app_context(), transaction() as session:
            one = session.scalars(select(Delegate).where(Delegate.name == state)).one()
            delegates.cancel(session, one, now=clock.now())


def test_the_page_after_registering_is_the_same_for_all(open_expo: Flask, visitor: Visitor) -> None:
    pages = []
    for _ in range(2):
        visitor.register()
        pages.append(visitor.open("/registered").data)

    assert pages[0] == pages[1]
    assert b"aina@example.org" not in pages[0]


def test_the_sixth_letter_of_a_day_is_not_written_and_nobody_can_tell(open_expo: Flask) -> None:
    answers = []
    for number in range(8):
        visitor = Visitor(open_expo, network=f"203.0.113.{number}")
        answers.append(seen(visitor.register() if number % 2 == 0 else visitor.register(name="X Y")))

    assert answers == [answers[0]] * 8
    assert len(written(open_expo)) == 5


def test_a_link_is_asked_for_as_its_state_wants(open_expo: Flask, visitor: Visitor) -> None:
    for state in ("unconfirmed", "confirmed"):
        with_state(open_expo, state)

    visitor.find("unconfirmed@example.org")
    visitor.find("CONFIRMED@example.org")
    visitor.find("nobody@example.org")

    assert written(open_expo) == ["confirm", "link"]


@on_sqlite
def test_what_is_no_address_finds_nothing(open_expo: Flask, visitor: Visitor) -> None:
    for email in ("", "aina", "a\0b@example.org", "x" * 5000, "\u202e@example.org", "a@b@c"):
        reply = visitor.find(email)

        assert (reply.status_code, list(errors_at(reply.text))) == (422, ["email"]), email
    assert written(open_expo) == []


# --- when one can't register ----------------------------------------------------------------------------------


@on_sqlite
def test_nobody_registers_once_the_event_is_over(expo: Flask) -> None:
    assert_closed(expo)


@on_sqlite
def test_nobody_registers_where_everybody_is_invited(app: Flask) -> None:
    open_registration(app, categories=[{"name": "Crew"}])

    assert_closed(app)


def assert_closed(app: Flask) -> None:
    visitor = Visitor(app)
    page = visitor.open("/")
    pages = [visitor.open(), visitor.register(category="Crew")]

    assert 'href="/register"' not in page.text
    assert all('<form method="post"' not in one.text for one in pages)
    assert everybody(app) == []


@on_sqlite
def test_without_an_event_there_is_nothing_to_register_for(app: Flask) -> None:
    client: FlaskClient = app.test_client()

    assert client.get("/register", headers={"Accept": "text/html"}).status_code == 404
    assert client.post("/register", data=FORM, headers={"Accept": "text/html"}).status_code == 404
    with app.app_context(), reading() as session:
        assert session.scalars(select(Message)).all() == []
