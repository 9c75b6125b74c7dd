"""The pages of duplicates: found, compared, merged after a preview, told apart, and what changed meanwhile."""

import html
import re

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import correcting, delegates
from checkin.domain.audit import Audit
from checkin.domain.delegates import Delegate
from checkin.organisers import duplicate_search
from tests import world
from tests.accounts.people import Browser
from tests.bench.statements import counted
from tests.organisers.staff import signed_in
from tests.organisers.test_people import text_of

LIST = "/organiser/duplicates"
PAIR = f"{LIST}/KL-00001/KL-00002"


@pytest.fixture
def twice(expo: Flask) -> Flask:
    """Muniandy under two spellings, the second of whom came, found by a search; and Ben."""
    works = {"organisation": "Majlis Bandaraya", "country": "MY"}
    world.enrol(
        expo,
        [
            world.person("Muniandy a/l Subramaniam", email="m@example.org", **works),
            world.person("Muniandy Subramaniam", phone="+60123456789", **works),
            world.person("Ben Tan"),
        ],
    )
    world.pair(expo).scan(world.codes(expo)["Muniandy Subramaniam"], "2025-09-17T01:00:00Z")
    with expo.app_context():
        duplicate_search.search()
    return expo


def fields_of(page: str, action: str) -> dict[str, str]:
    """What a form sends as it stands: hidden fields and what is chosen."""
    [form] = re.findall(rf'<form[^>]*action="{action}".*?</form>', page, re.S)
    sent = {}
    for tag in re.findall(r"<input[^>]*>", form, re.S):
        kind, name, value = (re.search(rf'{part}="([^"]*)"', tag) for part in ("type", "name", "value"))
        assert kind is not None
        assert name is not None
        assert value is not None
        if kind[1] == "hidden" or "checked" in tag:
            sent[name[1]] = html.unescape(value[1])
    return sent


def send(browser: Browser, path: str, **fields: str) -> TestResponse:
    """Send a form that stands on the list, or with what another page's form says."""
    return browser.send(path, page=LIST, **fields)


def after(browser: Browser, sent: TestResponse) -> str:
    """What one reads after a form was sent."""
    assert sent.status_code == 303
    return text_of(browser.get(sent.location).text)


def preview(browser: Browser, **changes: str) -> str:
    chosen = fields_of(browser.get(PAIR).text, f"{PAIR}/look")
    return send(browser, f"{PAIR}/look", **(chosen | changes)).text


def test_a_pair_is_looked_at_and_merged_and_both_histories_tell(twice: Flask) -> None:
    browser = signed_in(twice)
    browser.get(LIST)
    with counted(twice) as sent:
        listed = browser.get(LIST).text
    assert len(sent) <= 8, "\n".join(one[:150].replace("\n", " ") for one in sent)
    assert PAIR in listed
    assert "Perhaps registered twice" in browser.get("/organiser/delegates/KL-00001").text

    with counted(twice) as sent:
        chosen = fields_of(browser.get(PAIR).text, f"{PAIR}/look")
    assert len(sent) <= 8, "\n".join(one[:150].replace("\n", " ") for one in sent)
    # The one who came is likelier to have a badge that people know.
    assert (chosen["stays"], chosen["name"], chosen["email"]) == ("KL-00002", "KL-00002", "KL-00001")
    seen = preview(browser, name="KL-00001")
    told = text_of(seen)
    assert "Merge KL-00001 into KL-00002?" in told
    assert "It can't be undone" in told
    assert "The badge of KL-00001 is refused at the doors" in told
    with twice.app_context(), reading() as session:
        assert session.scalars(select(Delegate.merged_into)).all() == [None] * 3
    sends = fields_of(seen, f"{PAIR}/merge")
    done = after(browser, send(browser, f"{PAIR}/merge", **sends))
    again = after(browser, send(browser, f"{PAIR}/merge", **sends))

    assert "Both are one now" in done
    assert "Nothing was changed" in again
    with twice.app_context(), reading() as session:
        stays = delegates.delegate_with_reference(session, "KL-00002")
        acts = session.execute(
            select(Audit.action, Audit.subject).where(Audit.action.contains("merged"))
        ).all()
    assert (stays.name, stays.email) == ("Muniandy a/l Subramaniam", "m@example.org")
    assert sorted(map(tuple, acts)) == [("delegate merged", "KL-00001"), ("delegates merged", "KL-00002")]
    gone = text_of(browser.get("/organiser/delegates/KL-00001").text)
    assert "Merged into another entry" in gone
    assert "Reinstate" not in gone
    assert "KL-00002" in browser.get("/desk/people/KL-00001").text
    assert "Merged" in text_of(browser.get("/organiser/delegates").text)
    assert "Nobody seems to be registered twice" in browser.get(LIST).text
    assert "was merged with another entry" in text_of(browser.get(PAIR).text)
    assert send(browser, "/organiser/delegates/KL-00001/reinstate", reason="x").status_code == 409


def test_what_changed_since_the_preview_is_told_and_nothing_is_merged(twice: Flask) -> None:
    browser = signed_in(twice)
    sends = fields_of(preview(browser), f"{PAIR}/merge")
    world.pair(twice).scan(world.codes(twice)["Muniandy a/l Subramaniam"], "2025-09-17T02:00:00Z")
    with twice.app_context(), transaction() as session:
        other = delegates.delegate_with_reference(session, "KL-00002", hold=True)
        correcting.change_email(session, other, "new@example.org", now=clock.now())

    stale = send(browser, f"{PAIR}/merge", **sends)

    assert stale.status_code == 409
    assert "KL-00001 was scanned meanwhile." in text_of(stale.text)
    assert "KL-00002 was changed meanwhile." in text_of(stale.text)
    for hostile in (
        {},
        {"stays": "KL-00003"},
        {"seen-first": "|||", "seen-second": "\0"},
        {"email": "KL-00003"},
    ):
        assert send(browser, f"{PAIR}/merge", **(sends | {"seen-first": "x"} | hostile)).status_code == 409
    with twice.app_context(), reading() as session:
        assert session.scalars(select(Delegate.merged_into)).all() == [None] * 3


def test_two_people_are_told_apart_and_taken_back(twice: Flask) -> None:
    browser = signed_in(twice)

    assert "two people" in after(browser, send(browser, f"{PAIR}/settle"))
    assert PAIR not in browser.get(LIST).text
    assert "Told apart before" in browser.get(PAIR).text
    assert f"{PAIR}/reopen" in browser.get(f"{LIST}?state=settled").text
    send(browser, f"{PAIR}/reopen")
    assert PAIR in browser.get(LIST).text
    assert "Nothing was changed" in after(browser, send(browser, f"{PAIR}/reopen"))


def test_any_two_are_named_and_nonsense_is_answered(twice: Flask) -> None:
    browser = signed_in(twice)

    assert browser.get(f"{LIST}/pair?first=kl-00001&second=KL-00003").location.endswith("/KL-00001/KL-00003")
    assert "no delegate" in after(browser, browser.get(f"{LIST}/pair?first=nobody"))
    assert browser.get(f"{LIST}/KL-00001/KL-00001").status_code == 409
    assert browser.get(f"{LIST}/KL-00001/KL-99999").status_code == 404
    assert send(browser, f"{LIST}/KL-00001/KL-00001/settle").status_code == 404
    assert browser.get(f"{LIST}?page=99999999999999999999").status_code == 200
    assert "on its way" in after(browser, send(browser, f"{LIST}/search"))
