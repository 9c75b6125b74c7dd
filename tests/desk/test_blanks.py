"""Blank badges at the desk: made, released, given to people, called back."""

import html
import io
import re

import pypdfium2
import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.db import reading
from checkin.documents import printing
from checkin.domain import blanks
from checkin.domain.delegates import Delegate
from checkin.domain.messages import Message
from checkin.domain.print_runs import Order, PrintRun
from checkin.domain.programme import programme
from tests import world
from tests.bench.statements import counted
from tests.desk.test_desk import ADA, CATEGORIES, acts, found, rows, text_of
from tests.organisers.staff import signed_in

PAGE = "/desk/blanks"


@pytest.fixture
def ada(app: Flask) -> Flask:
    """An event on today with Ada, and four blank badges."""
    world.set_event(app, days=[{"date": world.today()}], categories=CATEGORIES)
    world.enrol(app, [world.person("Ada Lim", email="ada@example.org")])
    with app.app_context():
        printing.order_blanks(4, 1, order=Order("label"), actor="staff:1", now=clock.now())
    return app


def code(app: Flask, number: int) -> str:
    with app.app_context(), reading() as session:
        plan, key = programme(session), app.config["CHECKIN"].key
        return key.code(blanks.named(session, str(number)).id, prefix=plan.code_prefix)


def test_a_print_run_of_its_own_makes_numbered_badges_with_codes(ada: Flask, printer_here: None) -> None:
    browser = signed_in(ada)
    form = {"blanks": "3", "blank_category": "1", "blank_layout": "label"}
    made = browser.send("/organiser/prints/blanks", page="/organiser/prints", **form)
    with ada.app_context():
        for run in ("1", "2"):
            printing.print_run(run)

    page = text_of(browser.get("/organiser/prints/1").text)
    file = browser.send("/organiser/prints/1/1.pdf", page="/organiser/prints/1")
    boxes = browser.send("/organiser/prints/1/packing.csv", page="/organiser/prints/1").text
    wrong = browser.send("/organiser/prints/blanks", page="/organiser/prints", **form | {"blanks": "9999999"})

    assert made.location == "/organiser/prints/2"
    assert "Blank badges B-0001–B-0004 · Delegate" in page
    pdf = pypdfium2.PdfDocument(io.BytesIO(file.data))
    texts = [one.get_textpage().get_text_bounded() for one in pdf]
    assert ["B-000" + str(number) in text for number, text in enumerate(texts, 1)] == [True] * 4
    assert all("SCEKL25" in text or "Smart City" in text for text in texts), texts
    assert "1,4,B-0004" in boxes
    assert wrong.status_code == 422
    assert "1 to 2000 at a time" in wrong.text
    assert 'value="9999999"' in wrong.text
    assert [run.state for run in rows(ada, select(PrintRun))] == ["done"] * 2
    assert all(one.printed_at for one in rows(ada, select(blanks.Blank)))


def test_a_supervisor_releases_a_batch_and_calls_it_back(ada: Flask) -> None:
    browser = signed_in(ada, "supervisor")

    released = browser.send(f"{PAGE}/release", page=PAGE, first="B-0001", last="3")
    told = text_of(browser.get(PAGE).text)
    again = browser.send(f"{PAGE}/release", page=PAGE, first="1", last="3")
    unchanged = text_of(browser.get(PAGE).text)
    recalled = browser.send(f"{PAGE}/recall", page=PAGE, first="b2", last="b 3")
    after = text_of(browser.get(PAGE).text)
    wrong = [
        browser.send(f"{PAGE}/release", page=PAGE, first=first, last=last)
        for first, last in (("3", "1"), ("x", "2"), ("1", "99"))
    ]

    assert [one.status_code for one in (released, again, recalled)] == [303] * 3
    assert "3 blank badges are released." in told
    assert "B-0001–B-0003 Delegate Released B-0004 Delegate Not released" in told
    assert "Nothing was changed" in unchanged
    assert "2 blank badges are called back." in after
    assert "Delegate 3 Not released 1 Released 0 Let in, nobody's yet 0 Somebody's" in after
    assert [one.status_code for one in wrong] == [422] * 3
    assert 'value="99"' in wrong[2].text
    assert [one for one in acts(ada) if "blank" in one] == [
        "blank badges made",
        "blank badges released",
        "blank badges called back",
    ]
    assert signed_in(ada, "desk").get(PAGE).status_code == 403


def test_the_desk_gives_a_blank_to_somebody_registered(ada: Flask) -> None:
    signed_in(ada, "supervisor").send(f"{PAGE}/release", page=PAGE, first="1", last="2")
    browser, phone = signed_in(ada, "desk"), world.pair(ada)
    old, secret = world.codes(ada)["Ada Lim"], code(ada, 2)
    dead = browser.send(f"{ADA}/blank", page=ADA, blank="B-0003")
    refused = text_of(browser.get(dead.location).text)
    looked = text_of(browser.send("/desk", q="b-0002").text)

    given = browser.send(f"{ADA}/blank", page=ADA, blank=secret)
    page = text_of(browser.get(ADA).text)

    assert dead.location.endswith("?blank=B-0003")
    assert "isn't released yet: ask a supervisor" in refused
    assert "B-0002 is a blank badge that is nobody's yet." in looked
    assert "Register a walk-in with it" in looked
    assert given.location == ADA
    assert "B-0002 is this person's badge now" in page
    assert "Handed over at" in page
    assert "1 older badge is refused" in page
    assert found(browser, secret) == found(browser, "b2") == ["Ada Lim"]
    assert phone.scan(old, clock.now().isoformat())["reason"] == "replaced"
    assert phone.scan(secret, clock.now().isoformat())["verdict"] == "admitted"
    assert [one.kind for one in rows(ada, select(Message))] == ["badge_reissued"]
    assert "blank badge given" in acts(ada)


def test_a_walk_in_gets_the_blank_with_which_somebody_came_in(ada: Flask) -> None:
    signed_in(ada, "supervisor").send(f"{PAGE}/release", page=PAGE, first="1", last="4")
    browser, phone = signed_in(ada, "desk"), world.pair(ada)
    phone.scan(code(ada, 1), clock.now().isoformat())
    [guest] = found(browser, "B-0001")
    told = text_of(browser.get("/desk/people/KL-00002").text)
    form = browser.get("/desk/walk-in?blank=B-0001").text
    details = {"name": "Bo Tan", "category": "Delegate", "consent_notice": "y"}

    wrong = browser.send("/desk/walk-in", **details, blank="B-0099")
    made = browser.send("/desk/walk-in", **details, blank="B-0001")
    page = text_of(browser.get(made.location).text)
    taken = browser.send("/desk/walk-in", **details | {"name": "Cem"}, blank="B-0001")

    assert guest == "Guest B-0001"
    assert "somebody came in with the blank badge B-0001" in told
    assert 'value="B-0001"' in form
    assert wrong.status_code == 422
    assert "There is no blank badge with this number" in html.unescape(wrong.text)
    assert made.location.endswith("KL-00003")
    assert "In since" in page
    assert "is refused at the doors." not in page
    assert taken.status_code == 409
    assert rows(ada, select(Delegate.name).order_by(Delegate.id)) == ["Ada Lim", "Bo Tan"]


def test_the_pages_of_blanks_take_few_statements(ada: Flask) -> None:
    browser = signed_in(ada)
    browser.get(PAGE)
    sent = {}

    for path in (PAGE, ADA):
        with counted(ada) as statements:
            browser.get(path)
        sent[path] = len(statements)

    assert {path: many for path, many in sent.items() if many > 8} == {}


def test_who_is_cancelled_is_called_so(ada: Flask) -> None:
    browser = signed_in(ada)
    browser.send("/organiser/delegates/KL-00001/cancel", page="/organiser/delegates/KL-00001", reason="ill")

    results, page = text_of(browser.send("/desk", q="ada").text), text_of(browser.get(ADA).text)

    assert re.search(r"KL-00001 Cancelled", results)
    assert "Not here yet today" not in results + page
    assert "Today Cancelled" in page
