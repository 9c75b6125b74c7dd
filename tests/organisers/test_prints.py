"""Print runs as organisers order, follow and fetch them."""

import io
import re
from datetime import timedelta

import pypdfium2
import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.db import reading, transaction
from checkin.documents import printing
from checkin.domain import print_runs
from checkin.domain.audit import Audit
from checkin.domain.print_runs import PrintRun
from tests import world
from tests.accounts.people import Browser
from tests.bench.statements import counted
from tests.organisers.staff import signed_in

PAGE = "/organiser/prints"
# The form that orders stands below how many it would be.
FORM = f"{PAGE}?look=yes"
MOST_STATEMENTS = 8


@pytest.fixture
def people(expo: Flask, printer_here: None) -> Flask:
    names = ["Ada Lim", "Bo Tan", "=SUM(1)"]
    world.enrol(expo, [world.person(name, organisation="MDEC") for name in names])
    world.enrol(expo, [world.person("Cik Ani", category="VIP")])
    return expo


def acts(app: Flask) -> list[str]:
    with app.app_context(), reading() as session:
        return [
            one
            for one in session.scalars(select(Audit.action).order_by(Audit.id))
            if "print" in one or "pack" in one
        ]


def states(app: Flask) -> list[str]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(PrintRun.state).order_by(PrintRun.id)))


def ordered(browser: Browser, **asked: str) -> int:
    answer = browser.send(PAGE, page=FORM, **asked)
    assert answer.status_code == 303, answer.text
    return int(re.findall(r"/prints/(\d+)$", answer.headers["Location"])[0])


def test_the_page_says_how_many_before_anything_is_printed(people: Flask) -> None:
    browser = signed_in(people)

    page = browser.get(f"{PAGE}?look=yes&organisation=MDEC").text

    assert "<b>3 badges</b>" in page
    assert "Nothing was printed yet." in page
    assert states(people) == []


def test_the_page_says_what_had_better_be_corrected_first(people: Flask) -> None:
    world.enrol(people, [world.person("Maria Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh")])
    world.enrol(people, [world.person("Ann \U00016c40")])
    browser = signed_in(people)

    page = browser.get(f"{PAGE}?look=yes").text

    assert re.findall(r"/delegates/(KL-\d+)/correct", page) == ["KL-00006", "KL-00005"]
    assert "\U00016c40" in page
    assert "1 name is too long" in page


def test_a_run_is_ordered_printed_and_fetched(people: Flask) -> None:
    browser = signed_in(people)

    run_id = ordered(browser, category="", only="unprinted", batch_size="3", box_size="2", layout="card")
    assert "Waiting for the printer" in browser.get(f"{PAGE}/{run_id}").text
    with people.app_context():
        printing.print_run(str(run_id))

    page = browser.get(f"{PAGE}/{run_id}").text
    assert "4 badges" in page
    assert "data-settled" in page
    file = browser.send(f"{PAGE}/{run_id}/1.pdf", page=f"{PAGE}/{run_id}")
    document = pypdfium2.PdfDocument(io.BytesIO(file.data))
    assert len(document) == 3
    document.close()
    boxes = browser.send(f"{PAGE}/{run_id}/packing.csv", page=f"{PAGE}/{run_id}").text
    assert boxes.splitlines()[0] == "\ufeffbox,place,reference,honorific,name,organisation,category"
    assert "'=SUM(1)" in boxes
    assert acts(people) == ["print run made", "print run done", "print run fetched", "packing list fetched"]
    assert f"Run {run_id}" in browser.get(PAGE).text
    assert f"box 2, place 2 of print run {run_id}" in browser.get("/organiser/delegates/KL-00004").text


def test_a_run_can_be_stopped_and_goes_on(people: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = signed_in(people)
    run_id = ordered(browser)

    browser.send(f"{PAGE}/{run_id}/cancel", page=f"{PAGE}/{run_id}")
    page = browser.get(f"{PAGE}/{run_id}").text
    assert "Go on where it stopped" in page
    # The worker still makes the file in hand, so the page goes on asking for a while.
    assert "data-settled" not in page
    later = clock.now() + timedelta(minutes=3)
    with monkeypatch.context() as patched:
        patched.setattr(clock, "now", lambda: later)
        assert "data-settled" in browser.get(f"{PAGE}/{run_id}").text
    with people.app_context():
        printing.print_run(str(run_id))
    assert states(people) == ["cancelled"]
    browser.send(f"{PAGE}/{run_id}/resume", page=f"{PAGE}/{run_id}")
    with people.app_context():
        printing.print_run(str(run_id))

    assert states(people) == ["done"]
    for act, said in (("cancel", "had ended already"), ("resume", "done already")):
        browser.send(f"{PAGE}/{run_id}/{act}", page=f"{PAGE}/{run_id}")
        assert said in browser.get(f"{PAGE}/{run_id}").text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"batch_size": "many"}, "whole numbers"),
        ({"box_size": "0"}, "whole numbers"),
        ({"organisation": "Nowhere"}, "nothing to print"),
        ({"category": "999"}, "choose again"),
        ({"country": "XX"}, "choose again"),
        ({"layout": "../a6"}, "choose again"),
        ({"only": "x"}, "choose again"),
        ({"sort": "x"}, "choose again"),
    ],
)
def test_what_makes_no_sense_comes_back_filled_in(people: Flask, asked: dict[str, str], said: str) -> None:
    browser = signed_in(people)

    answer = browser.send(PAGE, page=FORM, **{"delegation": "Kept", **asked})

    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="Kept"' in answer.text or "delegation" in asked
    assert states(people) == []


def test_what_is_not_there_is_not_found(people: Flask) -> None:
    browser = signed_in(people)
    run_id = ordered(browser)

    assert browser.send(f"{PAGE}/{run_id}/1.pdf", page=f"{PAGE}/{run_id}").status_code == 404
    for number in (99, 2**31, 2**63):
        assert browser.get(f"{PAGE}/{number}").status_code == 404
        assert browser.send(f"{PAGE}/{number}/1.pdf", page=f"{PAGE}/{run_id}").status_code == 404


def test_the_pages_take_few_statements(people: Flask) -> None:
    browser = signed_in(people)
    run_id = ordered(browser)
    for address in (PAGE, f"{PAGE}?look=yes&only=unprinted", f"{PAGE}/{run_id}", f"{PAGE}/{run_id}/live"):
        with counted(people) as statements:
            browser.get(address)

        assert len(statements) <= MOST_STATEMENTS, address
    with people.app_context(), transaction() as session:
        run = print_runs.the_run(session, run_id)
        print_runs.end(session, run, state="failed", now=clock.now(), failure="The printer stopped.")
    assert "The printer stopped." in browser.get(f"{PAGE}/{run_id}").text
