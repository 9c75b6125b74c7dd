"""The help desk: found, seen, corrected, printed, admitted and handed over, each kept in the log."""

import datetime as dt
import html
import io
import re
import uuid
from typing import Any

import pikepdf
import pytest
from flask import Flask
from sqlalchemy import func, select

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import by_hand, print_runs
from checkin.domain.audit import Audit
from checkin.domain.badges import Badge, PrintFilter
from checkin.domain.delegates import Consent, Delegate
from checkin.domain.print_runs import Order
from checkin.domain.programme import programme
from checkin.domain.scans import Attendance, Scan
from tests import world
from tests.accounts.people import PAGE, Browser, errors_on
from tests.bench.statements import counted
from tests.organisers.staff import signed_in

ADA = "/desk/people/KL-00001"
CATEGORIES = [
    {"name": "Delegate", "self_registration": True},
    {"name": "Media", "self_registration": True, "approval": True},
    {"name": "VIP"},
    {"name": "Workshop", "self_registration": True, "capacity": 1},
]


@pytest.fixture
def ada(app: Flask) -> Flask:
    """An event on today, with Ada, who is confirmed."""
    world.set_event(app, days=[{"date": world.today()}], categories=CATEGORIES)
    world.enrol(app, [world.person("Ada Lim", organisation="Digital Works", phone="+60123456789")])
    return app


def rows(app: Flask, query: Any) -> list[Any]:
    with app.app_context(), reading() as session:
        return list(session.scalars(query))


def acts(app: Flask) -> list[str]:
    return [act.action for act in rows(app, select(Audit).order_by(Audit.id))]


def text_of(page: str) -> str:
    """What one reads on a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def found(browser: Browser, query: str) -> list[str]:
    """The names that a search shows, in its order."""
    page = browser.send("/desk", q=query)
    assert page.status_code == 200
    return [html.unescape(name) for name in re.findall(r'class="desk-name"><bdi>([^<]*)', page.text)]


def seen(browser: Browser, path: str = ADA) -> str:
    return re.findall(r'name="seen"\s+value="([^"]*)"', browser.get(path).text)[0]


# --- finding ----------------------------------------------------------------------------------------------------


def test_people_are_found_by_what_they_say(ada: Flask) -> None:
    world.enrol(ada, [world.person("Siti Nurhaliza", email="siti@example.org")])
    browser = signed_in(ada, "desk")

    queries = (
        "ada",
        "digtal",
        "KL-00002",
        "6789",
        "nurhaliza sit",
        world.codes(ada)["Ada Lim"],
        "zzyzx",
        "a",
    )

    assert [found(browser, query) for query in queries] == [
        ["Ada Lim"],
        ["Ada Lim"],
        ["Siti Nurhaliza"],
        ["Ada Lim"],
        ["Siti Nurhaliza"],
        ["Ada Lim"],
        [],
        [],
    ]
    assert acts(ada) == ["delegates searched"] * len(queries)


def test_nobody_is_listed_before_something_is_typed(ada: Flask) -> None:
    browser = signed_in(ada, "desk")

    assert "Ada" not in browser.get("/desk").text
    assert found(browser, "") == []


def test_a_search_and_a_person_take_few_statements(ada: Flask) -> None:
    world.enrol(ada, [world.person(f"Person {number:03}") for number in range(60)])
    browser = signed_in(ada, "desk")
    token = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get("/desk").text)[0]
    sent = {}
    # The set-up is in memory after the first.
    browser.get(ADA)
    browser.send(f"{ADA}/badge.pdf", page=ADA)

    for query in ("ada", "persno", "KL-00001", "nobody at all", world.codes(ada)["Ada Lim"]):
        with counted(ada) as statements:
            browser.client.post("/desk", data={"csrf_token": token, "q": query, "part": "1"}, headers=PAGE)
        sent[query] = len(statements)
    with counted(ada) as statements:
        browser.get(ADA)
    sent["page"] = len(statements)

    assert {what: many for what, many in sent.items() if many > 8} == {}


def test_today_is_told(ada: Flask) -> None:
    browser = signed_in(ada, "desk")
    before = text_of(browser.get(ADA).text)
    phone, code, now = world.pair(ada), world.codes(ada)["Ada Lim"], clock.now()

    phone.scan(code, (now - dt.timedelta(seconds=1)).isoformat())
    after = text_of(browser.get(ADA).text)
    phone.scan(code, now.isoformat(), direction="out")

    assert "Not here yet today" in before
    assert re.search(r"In since \d\d:\d\d, Gate A", after)
    assert re.search(r"Left at \d\d:\d\d; first in at \d\d:\d\d, Gate A", text_of(browser.get(ADA).text))


def test_why_a_door_would_refuse_is_told(ada: Flask) -> None:
    world.enrol(ada, [world.person("Bo", category="Media")], status="pending")

    page = text_of(signed_in(ada, "desk").get("/desk/people/KL-00002").text)

    assert "A door would refuse now: approval is awaited" in page
    assert "An organiser approves who comes in this category" in page


def test_nobody_with_that_reference_is_a_page(ada: Flask) -> None:
    browser = signed_in(ada, "desk")

    assert [
        browser.get(f"/desk/people/{path}").status_code for path in ("KL-09999", "%00", "é", "K" * 99)
    ] == [404] * 4


# --- the badge --------------------------------------------------------------------------------------------------


def test_a_name_is_corrected_under_the_same_code(ada: Flask) -> None:
    browser, code = signed_in(ada, "desk"), world.codes(ada)["Ada Lim"]
    form = browser.filled(f"{ADA}/correct")

    saved = browser.send(f"{ADA}/correct", **form | {"name": "Ada Lim Mei Ling"})

    assert saved.location == f"{ADA}?then=print"
    assert world.codes(ada) == {"Ada Lim Mei Ling": code}
    assert found(browser, "mei ling") == ["Ada Lim Mei Ling"]
    [act] = rows(ada, select(Audit).where(Audit.action == "delegate corrected"))
    assert (act.subject, act.details) == ("KL-00001", {"fields": ["name"]})


def test_who_corrects_what_was_changed_meanwhile_is_shown_it(ada: Flask) -> None:
    first, second = signed_in(ada, "desk"), signed_in(ada, "desk", name="other")
    mine, theirs = first.filled(f"{ADA}/correct"), second.filled(f"{ADA}/correct")

    first.send(f"{ADA}/correct", **mine | {"organisation": "Works"})
    late = second.send(f"{ADA}/correct", **theirs | {"name": "Ada"})

    assert late.status_code == 409
    assert "Stored now: Works" in late.text
    assert 'value="Ada"' in late.text


def test_a_name_that_is_none_comes_back(ada: Flask) -> None:
    browser = signed_in(ada, "desk")
    form = browser.filled(f"{ADA}/correct")

    refused = browser.send(f"{ADA}/correct", **form | {"name": " - ", "organisation": "x" * 301})

    assert refused.status_code == 422
    assert len(errors_on(refused.text)) == 2
    assert world.codes(ada).keys() == {"Ada Lim"}


def test_a_lost_badge_is_refused_at_once(ada: Flask) -> None:
    browser, old = signed_in(ada, "desk"), world.codes(ada)["Ada Lim"]

    answer = browser.send(f"{ADA}/reissue", page=ADA, seen=seen(browser), reason="Lost on the train")
    again = browser.send(f"{ADA}/reissue", page=ADA, seen="", reason="Lost on the train")

    assert answer.location == f"{ADA}?then=print"
    assert "Nothing was changed" in browser.get(again.location).text
    verdict = world.pair(ada).scan(old, clock.now().isoformat())
    assert (verdict["verdict"], verdict["reason"]) == ("refused", "replaced")
    assert rows(ada, select(func.count()).select_from(Badge)) == [2]


def test_a_badge_opens_the_print_dialogue_in_the_desks_layout(ada: Flask) -> None:
    browser = signed_in(ada, "desk")

    usual = browser.send(f"{ADA}/badge.pdf", page=ADA)
    other = browser.send(f"{ADA}/badge.pdf", page=ADA, layout="a6")
    kept = browser.send(f"{ADA}/badge.pdf", page=ADA, layout="card", keep="yes")
    then = browser.send(f"{ADA}/badge.pdf", page=ADA, layout="../../etc")

    assert {one.content_type for one in (usual, other, kept, then)} == {"application/pdf"}
    assert usual.headers["Content-Disposition"].startswith("inline")
    assert usual.headers["X-Frame-Options"] == "SAMEORIGIN"
    with pikepdf.open(io.BytesIO(usual.data)) as pdf:
        assert (pdf.Root.OpenAction.N, len(pdf.pages)) == ("/Print", 1)
    layouts = [
        act.details["layout"] for act in rows(ada, select(Audit).where(Audit.action == "badge printed"))
    ]
    assert layouts == ["label", "a6", "card", "card"]
    assert "Print again" in browser.get(ADA).text
    [badge] = rows(ada, select(Badge))
    assert badge.printed_at is not None


def test_a_collected_badge_is_told_with_its_box(ada: Flask) -> None:
    now = clock.now()
    with ada.app_context(), transaction() as session:
        match = print_runs.matching(session, PrintFilter())
        order = Order(box_size=1)
        print_runs.record_run(session, match, order=order, words={}, lacking=(), actor="staff:1", now=now)
    browser = signed_in(ada, "desk")
    before = text_of(browser.get(ADA).text)
    badge = seen(browser)

    browser.send(f"{ADA}/give", page=ADA, seen=badge)
    twice = browser.send(f"{ADA}/give", page=ADA, seen=badge)
    handed = text_of(browser.get(twice.location).text)
    browser.send(f"{ADA}/back", page=ADA, seen=badge)

    assert "Box 1, place 1" in before
    assert "Nothing was changed" in handed
    assert "Handed over at" in handed
    assert "It lay in box 1, place 1." in handed
    assert "Box 1, place 1" in text_of(browser.get(ADA).text)
    assert acts(ada)[-3:] == ["delegate opened", "badge handover undone", "delegate opened"]
    assert acts(ada).count("badge handed over") == 1


def test_another_badge_than_the_one_seen_isnt_handed_over(ada: Flask) -> None:
    browser = signed_in(ada, "desk")

    answer = browser.send(f"{ADA}/give", page=ADA, seen=str(uuid.uuid4()))

    assert answer.status_code == 409
    assert "badge handed over" not in acts(ada)


# --- by hand ----------------------------------------------------------------------------------------------------


def test_somebody_is_admitted_by_hand_once_and_listed(ada: Flask) -> None:
    browser = signed_in(ada, "desk")
    door = browser.filled(ADA)["door"]
    asked = {"id": str(uuid.uuid4()), "why": "forgot badge", "reason": "in the car", "door": door}

    browser.send(f"{ADA}/admit", page=ADA, **asked)
    browser.send(f"{ADA}/admit", page=ADA, **asked)

    assert rows(ada, select(func.count()).select_from(Attendance)) == [1]
    with ada.app_context(), reading() as session:
        day = programme(session).day_of(clock.now())
        [row], _more = by_hand.admissions(session, day=day, page=0, areas=[1])
    assert (row.reference, row.note, row.verdict) == ("KL-00001", "forgot badge: in the car", "admitted")
    assert (row.operator, row.device) == ("desk@example.org", "Help desk")


def test_an_admission_needs_a_reason_and_a_door(ada: Flask) -> None:
    browser = signed_in(ada, "desk")
    door = browser.filled(ADA)["door"]

    lacks = browser.send(f"{ADA}/admit", page=ADA, why="other", reason=" ", door=door)
    nowhere = browser.send(f"{ADA}/admit", page=ADA, why="phone flat", door="Nowhere")

    assert (lacks.status_code, nowhere.status_code) == (422, 404)
    assert "Please say why." in lacks.text
    assert rows(ada, select(Scan)) == []


def test_an_admission_is_undone(ada: Flask) -> None:
    browser = signed_in(ada, "desk")
    door = browser.filled(ADA)["door"]
    browser.send(f"{ADA}/admit", page=ADA, why="phone flat", door=door)
    [scan] = rows(ada, select(Scan.id))

    browser.send(f"{ADA}/admissions/{scan}/undo", page=ADA)
    browser.send(f"{ADA}/admissions/{scan}/undo", page=ADA)
    other = browser.send(f"{ADA}/admissions/{uuid.uuid4()}/undo", page=ADA)

    assert rows(ada, select(Attendance)) == []
    assert acts(ada).count("scan voided") == 1
    assert other.status_code == 404


# --- walk-ins ---------------------------------------------------------------------------------------------------


def walk_in(browser: Browser, **fields: str) -> Any:
    asked = {"name": "Bo Tan", "organisation": "Cafe", "category": "Delegate", "consent_notice": "y"}
    return browser.send("/desk/walk-in", **asked | fields)


def test_a_walk_in_is_confirmed_with_a_badge_and_a_consent(ada: Flask) -> None:
    browser = signed_in(ada, "desk")

    answer = walk_in(browser)

    assert answer.location == "/desk/people/KL-00002?then=print"
    assert "data-print-now" in browser.get(answer.location).text
    [bo] = rows(ada, select(Delegate).where(Delegate.name == "Bo Tan"))
    assert (bo.status, bo.email) == ("confirmed", None)
    assert "Bo Tan" in world.codes(ada)
    assert [(one.purpose, one.given) for one in rows(ada, select(Consent))] == [("notice", True)]
    assert "walk-in registered" in acts(ada)


def test_a_walk_in_who_is_known_is_added_once(ada: Flask) -> None:
    world.enrol(ada, [world.person("Cem", email="cem@example.org")])
    browser = signed_in(ada, "desk")
    walk_in(browser)

    again = walk_in(browser, name="bo  tan")
    known = walk_in(browser, name="Cem Yilmaz", email="CEM@example.org")

    assert [one.name for one in rows(ada, select(Delegate).order_by(Delegate.id))] == [
        "Ada Lim",
        "Cem",
        "Bo Tan",
    ]
    assert again.location == "/desk/people/KL-00003"
    assert known.location == "/desk/people/KL-00002"


def test_a_walk_in_form_comes_back_with_what_is_wrong(ada: Flask) -> None:
    browser = signed_in(ada, "desk")
    walk_in(browser, name="First", category="Workshop")

    refused = walk_in(browser, name=" ", category="VIP", email="x", consent_notice="")
    full = walk_in(browser, name="Second", category="Workshop")
    approved = walk_in(browser, name="Third", category="Media")

    assert [one.status_code for one in (refused, full, approved)] == [422, 409, 422]
    assert len(errors_on(refused.text)) == 4
    assert "This category has no place left" in full.text
    assert 'value="Second"' in full.text
    assert {one.name for one in rows(ada, select(Delegate))} == {"Ada Lim", "First"}


def test_somebody_else_comes_for_the_same_company(ada: Flask) -> None:
    browser, old = signed_in(ada, "desk"), world.codes(ada)["Ada Lim"]
    phone, now = world.pair(ada), clock.now()
    phone.scan(old, (now - dt.timedelta(minutes=2)).isoformat())

    answer = browser.send(f"{ADA}/swap", name="Bo Tan", consent_notice="y")

    assert answer.location == "/desk/people/KL-00002?then=print"
    first, other = rows(ada, select(Delegate).order_by(Delegate.id))
    assert (first.status, other.status, other.organisation) == ("cancelled", "confirmed", "Digital Works")
    assert phone.scan(old, now.isoformat())["reason"] == "cancelled"
    assert phone.scan(world.codes(ada)["Bo Tan"], now.isoformat())["verdict"] == "admitted"
    assert rows(ada, select(Attendance.delegate_id).order_by(Attendance.delegate_id)) == [first.id, other.id]
    swapped = rows(ada, select(Audit).where(Audit.action == "delegate swapped").order_by(Audit.id))
    assert [one.subject for one in swapped] == ["KL-00001", "KL-00002"]


def test_a_swap_that_cant_be_changes_nothing(ada: Flask) -> None:
    world.enrol(ada, [world.person("Cem", email="cem@example.org")])
    browser = signed_in(ada, "desk")

    empty = browser.send(f"{ADA}/swap", name="")
    known = browser.send(f"{ADA}/swap", name="Cem", email="cem@example.org", consent_notice="y")
    browser.send(f"{ADA}/swap", name="Bo Tan", consent_notice="y")
    twice = browser.send(f"{ADA}/swap", name="Dee", consent_notice="y")

    assert [one.status_code for one in (empty, known, twice)] == [422, 409, 409]
    assert "This person is registered already" in known.text
    states = {one.name: one.status for one in rows(ada, select(Delegate))}
    assert states == {"Ada Lim": "cancelled", "Cem": "confirmed", "Bo Tan": "confirmed"}
