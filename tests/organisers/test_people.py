"""The list of delegates and one delegate's page: found, read, changed, and kept in the log."""

import html
import re
import uuid

import pytest
from flask import Flask
from sqlalchemy import func, select

from checkin.db import reading
from checkin.domain import delegates
from checkin.domain.audit import Audit
from checkin.domain.badges import Badge
from checkin.domain.delegates import Delegate
from checkin.domain.messages import Message
from tests import world
from tests.accounts.people import errors_on
from tests.bench.statements import counted
from tests.organisers.staff import signed_in

LIST = "/organiser/delegates"
ADA = f"{LIST}/KL-00001"


@pytest.fixture
def ada(expo: Flask) -> Flask:
    """An event with Ada, who is confirmed and has an address."""
    world.enrol(expo, [world.person("Ada Lim", email="ada@example.org", organisation="Digital Works")])
    return expo


def one(app: Flask, reference: str = "KL-00001") -> Delegate:
    with app.app_context(), reading() as session:
        return delegates.delegate_with_reference(session, reference)


def acts(app: Flask) -> list[Audit]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(Audit).order_by(Audit.id)))


def names_on(page: str) -> list[str]:
    """The names that a list shows, in its order."""
    return [html.unescape(name) for name in re.findall(r'class="person"[^>]*><bdi>([^<]*)', page)]


def text_of(page: str) -> str:
    """What one reads on a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def live_badge_on(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', page)
    assert found is not None
    return found[1]


# --- the list ---------------------------------------------------------------------------------------------------


def test_pages_of_the_list_are_stable_while_people_register(expo: Flask) -> None:
    world.enrol(
        expo, [world.person(f"Person {number:03}", email=f"p{number}@example.org") for number in range(120)]
    )
    browser = signed_in(expo)
    first = browser.get(LIST).text

    world.enrol(expo, [world.person("Newcomer", email="new@example.org")])
    older = html.unescape(re.findall(r'href="([^"]+)"\s+rel="next"', first)[0])
    second = browser.get(older).text
    newer = html.unescape(re.findall(r'href="([^"]+)"\s+rel="prev"', second)[0])

    assert names_on(first) == [f"Person {number:03}" for number in range(119, 69, -1)]
    assert names_on(second) == [f"Person {number:03}" for number in range(69, 19, -1)]
    assert names_on(browser.get(newer).text) == names_on(first)
    assert "Newcomer" in names_on(browser.get(LIST).text)


def test_the_list_narrows_by_everything_at_once(expo: Flask) -> None:
    world.enrol(
        expo,
        [
            world.person("Aina", country="MY", delegation="Perak", category="VIP"),
            world.person("Bo", country="MY", delegation="Perak"),
            world.person("Cem", country="TR", delegation="Perak", category="VIP"),
            world.person("Dee", country="MY", category="VIP"),
        ],
    )
    world.pair(expo).scan(world.codes(expo)["Aina"], "2025-09-17T01:00:00Z")
    browser = signed_in(expo)

    def shown(query: str) -> list[str]:
        return names_on(browser.get(f"{LIST}?{query}").text)

    assert shown("country=MY&delegation=Perak&status=confirmed") == ["Bo", "Aina"]
    assert shown("category=2&country=MY") == ["Dee", "Aina"]
    assert shown("came=arrived:2025-09-17") == ["Aina"]
    assert shown("came=absent:2025-09-17&category=2") == ["Dee", "Cem"]
    assert shown("q=perka&category=2") == ["Aina", "Cem"]
    assert shown("status=cancelled") == []


def test_a_mistyped_search_finds_by_name_organisation_and_delegation(ada: Flask) -> None:
    world.enrol(ada, [world.person("Siti Nurhaliza", delegation="Majlis Bandaraya Ipoh")])
    browser = signed_in(ada)

    found = [
        names_on(browser.get(f"{LIST}?q={query}").text)
        for query in ("ada+dgital", "digtal", "bandaraya+ipho")
    ]

    assert found == [["Ada Lim"], ["Ada Lim"], ["Siti Nurhaliza"]]


def test_an_empty_list_says_why(expo: Flask) -> None:
    browser = signed_in(expo)

    nobody = browser.get(LIST).text
    world.enrol(expo, [world.person("Ada Lim")])

    assert "Nobody has registered yet" in nobody
    assert "No delegate matches these words" in browser.get(f"{LIST}?q=wolfeschlegel").text
    assert "No delegate matches these filters" in browser.get(f"{LIST}?status=waiting").text
    assert "Type at least two letters" in browser.get(f"{LIST}?q=a").text


def test_any_address_of_the_list_is_answered(ada: Flask) -> None:
    browser = signed_in(ada)
    queries = (
        *("after=-1", "after=99999999999999999999", "before=x", "category=2147483648", "category=%00"),
        *("country=%00", "country=XX", "delegation=%00", "delegation=%F0%9F", "came=arrived:2025-02-31"),
        *("status='", "q=%00%00%00", "q=%27%22%2A", "q=" + "a" * 5000, "after=%D9%A3", "before=0"),
    )

    assert [query for query in queries if browser.get(f"{LIST}?{query}").status_code != 200] == []


def test_looks_are_logged_without_names(ada: Flask) -> None:
    browser = signed_in(ada)

    browser.get(f"{LIST}?category=1&delegation=Ada%27s+people")
    browser.get(f"{LIST}?q=ada+lim")
    browser.get(ADA)

    assert [(act.action, act.subject, act.details) for act in acts(ada)] == [
        ("delegates listed", "", {"shown": 0, "category": "Delegate", "delegation": "yes"}),
        ("delegates searched", "", {"shown": 1, "letters": 7}),
        ("delegate opened", "KL-00001", {}),
    ]


def test_pages_take_few_statements(ada: Flask) -> None:
    browser = signed_in(ada)
    paths = (LIST, f"{LIST}?category=1&came=absent:2025-09-17", f"{LIST}?q=aad&part", ADA)
    for path in paths:
        browser.get(path)

    taken = {}
    for path in paths:
        with counted(ada) as sent:
            browser.get(path)
        taken[path] = len(sent)

    assert max(taken.values()) <= 8, taken


# --- one delegate -----------------------------------------------------------------------------------------------


def test_one_delegates_page_tells_what_happened_and_never_the_code(ada: Flask) -> None:
    code, browser = world.codes(ada)["Ada Lim"], signed_in(ada)
    phone = world.pair(ada)
    scan = phone.item(code, "2025-09-17T01:00:00Z")
    phone.send([scan])
    void = {
        "id": str(uuid.uuid4()),
        "scan": scan["id"],
        "reason": "Wrong person",
        "at": "2025-09-17T01:05:00Z",
    }
    phone.client.post("/api/door/v1/voids", json=void, headers=phone.headers)
    phone.scan(code, "2025-09-18T01:00:00Z")
    page = browser.get(ADA).text

    text = text_of(page)

    assert code not in page
    for told in (
        "KL-00001 Confirmed Ada Lim",
        "18 Sep, 09:00 · Expo, Gate A",
        "17 Sep, 09:00 Let in, first time that day Gate A, scanned by Aina Voided by Aina: Wrong person",
        "Live issued",
        "Registered",
    ):
        assert told in text


def test_cancelling_needs_a_reason_and_shows_in_the_history(ada: Flask) -> None:
    browser = signed_in(ada)

    without = browser.send(f"{ADA}/cancel", page=ADA)
    done = browser.send(f"{ADA}/cancel", page=ADA, reason="Asked by  telephone\x00")
    page = browser.get(ADA).text

    assert (without.status_code, errors_on(without.text)[-1].strip()) == (
        422,
        "Please say why: it is kept in the history.",
    )
    assert done.status_code == 303
    assert one(ada).status == "cancelled"
    assert "The registration is cancelled: the badge is refused at the doors from now on." in page
    assert "Cancelled the registration organiser@example.org Asked by telephone" in text_of(page)


def test_a_second_click_changes_nothing_and_says_so(ada: Flask) -> None:
    browser = signed_in(ada)
    seen = live_badge_on(browser.get(ADA).text)

    for _click in range(2):
        browser.send(f"{ADA}/reissue", page=ADA, reason="Lost", seen=seen)
    page = browser.get(ADA).text

    with ada.app_context(), reading() as session:
        assert session.scalar(select(func.count()).select_from(Badge)) == 2
    assert [act.action for act in acts(ada) if act.action == "badge reissued"] == ["badge reissued"]
    assert "it had been done already" in page


def test_every_act_and_its_undoing(ada: Flask) -> None:
    browser = signed_in(ada)
    states, code = [], world.codes(ada)["Ada Lim"]

    for act in ("withdraw", "confirm", "cancel", "reinstate"):
        assert browser.send(f"{ADA}/{act}", page=ADA, reason="Because").status_code == 303
        states.append(one(ada).status)

    assert states == ["pending", "confirmed", "cancelled", "confirmed"]
    assert world.codes(ada)["Ada Lim"] == code
    kept = [act.action for act in acts(ada) if act.subject and "opened" not in act.action]
    assert kept == ["approval withdrawn", "delegate confirmed", "delegate cancelled", "delegate reinstated"]


def test_confirming_into_a_full_category_is_refused(expo: Flask) -> None:
    world.enrol(expo, [world.person(f"Person {n}", category="Workshop") for n in range(4)])
    browser = signed_in(expo)
    waits = f"{LIST}/KL-00004"

    answer = browser.send(f"{waits}/confirm", page=waits)

    assert answer.status_code == 409
    assert "This category has no place left" in answer.text
    assert one(expo, "KL-00004").status == "waiting"


def test_a_letter_is_sent_again_once_a_minute(ada: Flask) -> None:
    browser = signed_in(ada)

    for _click in range(2):
        browser.send(f"{ADA}/send", page=ADA)

    with ada.app_context(), reading() as session:
        assert session.scalars(select(Message.kind)).all() == ["badge"]


def test_who_has_no_address_is_to_be_given_a_print(expo: Flask) -> None:
    world.enrol(expo, [world.person("Ada Lim")])
    browser = signed_in(expo)
    seen = live_badge_on(browser.get(ADA).text)

    browser.send(f"{ADA}/reissue", page=ADA, reason="Lost", seen=seen)
    said = browser.get(ADA).text
    sent = browser.send(f"{ADA}/send", page=ADA)

    assert "Print it: there is no e-mail address" in said
    assert (sent.status_code, "no e-mail address" in sent.text) == (409, True)


def test_the_badge_is_printed_and_kept_as_printed(ada: Flask) -> None:
    browser = signed_in(ada)

    printed = browser.send(f"{ADA}/badge.pdf", page=ADA)
    browser.send(f"{ADA}/cancel", page=ADA, reason="Because")
    refused = browser.send(f"{ADA}/badge.pdf", page=ADA)

    assert (printed.content_type, printed.data[:5]) == ("application/pdf", b"%PDF-")
    assert "badge-KL-00001.pdf" in printed.headers["Content-Disposition"]
    assert refused.status_code == 409
    assert "Badge printed" in browser.get(ADA).text


def test_a_supervisor_reads_and_changes_nothing(ada: Flask) -> None:
    browser = signed_in(ada, "supervisor")

    page = browser.get(ADA).text

    assert "Ada Lim" in page
    assert "<form" not in page.partition("<main")[2]


def test_a_reference_that_nobody_has_is_not_found(ada: Flask) -> None:
    browser = signed_in(ada)

    for reference in ("KL-99999", "%00", "KL-00001%27", "%E7%8E%8B", "A" * 300):
        assert browser.get(f"{LIST}/{reference}").status_code == 404


# --- corrections ------------------------------------------------------------------------------------------------


def test_a_correction_keeps_the_code_and_names_the_fields(ada: Flask) -> None:
    browser, code = signed_in(ada), world.codes(ada)["Ada Lim"]
    form = browser.filled(f"{ADA}/correct")

    answer = browser.send(
        f"{ADA}/correct",
        **{**form, "name": "Ada Lím", "category": "VIP", "email": "ada@works.example", "delegation": "Perak"},
    )
    corrected = one(ada)

    assert answer.status_code == 303
    assert world.codes(ada) == {"Ada Lím": code}
    assert (corrected.email, corrected.delegation) == ("ada@works.example", "Perak")
    [act] = [act for act in acts(ada) if act.action == "delegate corrected"]
    assert sorted(act.details["fields"]) == ["category", "delegation", "email", "name"]
    assert names_on(browser.get(f"{LIST}?q=perak").text) == ["Ada Lím"]
    assert "Corrected the details" in browser.get(ADA).text


def test_two_who_correct_at_once_are_told_and_nothing_is_lost(ada: Flask) -> None:
    first, second = signed_in(ada), signed_in(ada, name="other")
    forms = [browser.filled(f"{ADA}/correct") for browser in (first, second)]

    first.send(f"{ADA}/correct", **{**forms[0], "name": "Ada Lima", "organisation": "MDEC", "country": "MY"})
    mine = {**forms[1], "job_title": "Mayor", "organisation": "Kementerian Digital"}
    told = second.send(f"{ADA}/correct", **mine)
    stored = one(ada)
    again = {
        name: _value_on(told.text, name) for name in ("name", "job_title", "organisation", "seen", "was")
    }
    meant = second.send(f"{ADA}/correct", **{**mine, **again, "country": "MY"})
    now = one(ada)

    assert told.status_code == 409
    text = text_of(told.text)
    assert "organiser@example.org changed this delegate on" in text
    # Field, when it was opened, stored now, typed: what both changed stands first.
    assert (
        "Organisation Digital Works MDEC Kementerian Digital yours: both changed it "
        "Name Ada Lim Ada Lima Ada Lim theirs Country – Malaysia – theirs Job title – – Mayor yours" in text
    )
    assert "Stored now: MDEC" in text
    assert (stored.name, stored.organisation, stored.job_title) == ("Ada Lima", "MDEC", "")
    assert meant.status_code == 303
    assert (now.name, now.organisation, now.job_title) == ("Ada Lima", "Kementerian Digital", "Mayor")


def test_a_state_that_changed_meanwhile_is_told_too(ada: Flask) -> None:
    browser = signed_in(ada)
    form = browser.filled(f"{ADA}/correct")

    browser.send(f"{ADA}/cancel", page=ADA, reason="Because")
    told = browser.send(f"{ADA}/correct", **form)
    strange = browser.send(f"{ADA}/correct", **{**form, "name": "Ada L", "was": '[{"name": 1}]'})

    assert "the registration's state is now “Cancelled”" in text_of(told.text)
    assert strange.status_code == 409
    assert "Name – Ada Lim Ada L yours: both changed it" in text_of(strange.text)


def _value_on(page: str, name: str) -> str:
    [tag] = re.findall(rf'<input[^>]*name="{name}"[^>]*>', page)
    return html.unescape((re.findall(r'value="([^"]*)"', tag) or [""])[0])


def test_a_correction_comes_back_with_every_error_and_all_that_was_typed(ada: Flask) -> None:
    browser = signed_in(ada)
    form = browser.filled(f"{ADA}/correct")

    wrong = {
        **form,
        "name": "",
        "email": "nobody",
        "country": "Atlantis",
        "category": "King",
        "phone": "+60 3",
    }
    answer = browser.send(f"{ADA}/correct", **wrong)

    assert answer.status_code == 422
    for field in ("name", "email", "country", "category"):
        assert f'href="#{field}"' in answer.text
    assert 'value="nobody"' in answer.text
    assert 'value="+60 3"' in answer.text


def test_a_corrected_address_of_somebody_else_is_refused_beside_its_field(ada: Flask) -> None:
    world.enrol(ada, [world.person("Ben", email="ben@example.org")])
    browser = signed_in(ada)
    form = browser.filled(f"{ADA}/correct")

    answer = browser.send(f"{ADA}/correct", **{**form, "name": "Ada L", "email": "ben@example.org"})

    assert answer.status_code == 409
    assert 'href="#email"' in answer.text
    assert one(ada).name == "Ada Lim"


def test_a_country_that_is_none_today_stays_as_it_was_given(expo: Flask) -> None:
    world.enrol(expo, [world.person("Ana", country_text="Yugoslavia")])
    browser = signed_in(expo)
    form = browser.filled(f"{ADA}/correct")

    browser.send(f"{ADA}/correct", **{**form, "name": "Ana P"})

    assert (one(expo).name, one(expo).country_text) == ("Ana P", "Yugoslavia")
