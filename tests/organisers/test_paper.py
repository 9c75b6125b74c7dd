"""Paper at doors: lists that print right, and lines that are keyed in once, judged like any scan."""

import datetime as dt
import re

import pypdfium2
import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from checkin import clock
from checkin.db import reading
from checkin.domain import paper, test_badges
from checkin.domain.audit import Audit
from checkin.domain.paper import Entitled, Part
from checkin.domain.programme import Programme, programme
from checkin.domain.scans import Attendance, Scan
from tests import world
from tests.accounts.people import Browser
from tests.organisers.staff import signed_in

LISTS, KEYING = "/organiser/paper", "/organiser/paper/keying"
DAY = "2025-09-17"
NAMES = ("Ada Lim", "Åke Öberg", "Zahra Aziz", "陳大文", "محمد عبد الله")


@pytest.fixture
def people(expo: Flask) -> Flask:
    """The small event with five delegates, KL-00001 to KL-00005."""
    world.enrol(expo, [world.person(name, email=f"{n}@example.org") for n, name in enumerate(NAMES)])
    return expo


def plan_of(app: Flask) -> Programme:
    with app.app_context(), reading() as session:
        return programme(session)


def door(app: Flask, name: str = "Gate A") -> str:
    return str(plan_of(app).door_named(name).id)


def key_in(browser: Browser, app: Flask, lines: str, **changes: str) -> TestResponse:
    typed = {"door": door(app), "day": DAY, "direction": "in", "default": "", "lines": lines}
    return browser.send(KEYING, page=KEYING, **(typed | changes))


def scans(app: Flask) -> list[Scan]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(Scan).order_by(Scan.seq)))


def seen(answer: TestResponse) -> str:
    return re.sub(r"\s+", " ", answer.text)


# --- lists --------------------------------------------------------------------------------------------------------


def printed(browser: Browser, app: Flask, first: str, last: str, **changes: str) -> TestResponse:
    typed = {"door": door(app), "day": DAY, "first": first, "last": last}
    page = f"{LISTS}?door={typed['door']}&day={DAY}"
    return browser.send(f"{LISTS}/list.pdf", page=page, **(typed | changes))


def test_a_list_has_who_may_come_in_under_their_letters(people: Flask) -> None:
    with people.app_context(), reading() as session:
        plan = programme(session)
        expo = paper.entitled(session, plan, plan.door_named("Gate A"), dt.date(2025, 9, 17))
        hall = paper.entitled(session, plan, plan.door_named("Hall door"), dt.date(2025, 9, 17))

    assert [(one.group, one.name) for one in expo] == [
        ("A", "Ada Lim"),
        ("A", "Åke Öberg"),
        ("Z", "Zahra Aziz"),
        ("…Arab", "محمد عبد الله"),
        ("…Hani", "陳大文"),
    ]
    assert hall == []


def test_a_long_list_is_cut_between_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "PART", 3)
    listed = [Entitled("", "", "", "", None, None, group) for group in (*"AABCCCCD", "…Arab", "…Taml")]

    assert paper.parts(listed) == [
        Part("A", "B", 3),
        Part("C", "C", 4),
        Part("D", "D", 1),
        Part("…Arab", "…Taml", 2),
    ]


def test_a_printed_list_tells_who_printed_it_and_that_it_is_personal(people: Flask) -> None:
    browser = signed_in(people)

    answer = printed(browser, people, "A", "Z")

    pages = [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(answer.data)]
    assert len(pages) == 2, "a page a letter"
    assert all(text in pages[0] for text in ("Gate A", "KL-00001", "Ada Lim", "Åke Öberg"))
    assert "Zahra Aziz" in pages[1]
    assert all("Printed by organiser@example.org" in page and "Personal data" in page for page in pages)
    assert answer.headers["Cache-Control"] == "private, no-store"
    with people.app_context(), reading() as session:
        act = session.scalars(select(Audit).where(Audit.action == "paper list printed")).one()
    assert (act.subject, act.details) == ("Gate A", {"day": DAY, "part": "A – Z", "people": 3})


def test_a_list_prints_every_script(people: Flask, caplog: pytest.LogCaptureFixture) -> None:
    answer = printed(signed_in(people), people, "…Arab", "…Hani")

    arabic, han = (page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(answer.data))
    assert "محمد" in arabic
    assert "Arabic" in arabic
    assert all(text in han for text in ("陳大文", "KL-00004", "Han"))
    assert "notdef" not in caplog.text, "a letter had no glyph"


def test_a_part_that_nobody_is_on_is_said(people: Flask) -> None:
    answer = printed(signed_in(people), people, "Q", "Q")

    assert answer.status_code == 422
    assert "Nobody is on this part of the list any more" in answer.text


# --- keyed in -----------------------------------------------------------------------------------------------------


def test_lines_become_scans_judged_like_any_others(people: Flask) -> None:
    phone, browser = world.pair(people), signed_in(people)
    phone.scan(world.codes(people)["Ada Lim"], "2025-09-17T03:00:00Z")

    answer = key_in(browser, people, "KL-00001 09:15\r\n2  0920\r\n\r\nkl 3, 9.25")

    assert answer.status_code == 303
    kept = [one for one in scans(people) if one.input == "paper"]
    assert [(one.seq, one.verdict, one.operator) for one in kept] == [
        (1, "returned", "organiser@example.org"),
        (2, "admitted", "organiser@example.org"),
        (3, "admitted", "organiser@example.org"),
    ]
    with people.app_context(), reading() as session:
        first = session.scalars(select(Attendance.first_at).where(Attendance.delegate_id == 1)).one()
    assert first == dt.datetime(2025, 9, 17, 1, 15, tzinfo=dt.UTC), "paper was earlier than the phone"
    page = seen(browser.get(answer.headers["Location"]))
    assert "3 lines are kept." in page
    assert '<b>Åke Öberg</b> <span class="paper-reference">KL-00002' in page


def test_the_same_list_sent_twice_is_the_same_scans(people: Flask) -> None:
    browser = signed_in(people)
    key_in(browser, people, "KL-00001 09:15\nKL-00002 09:16\nKL-00001 09:15")

    key_in(browser, people, "KL-00002 09:16\nKL-00003 09:17\nKL-00001 09:15")

    assert [(one.seq, one.verdict) for one in scans(people)] == [(n, "admitted") for n in (1, 2, 3)]


def test_a_hand_scanner_types_codes_and_one_time_stands_for_all(people: Flask) -> None:
    codes = world.codes(people)

    key_in(signed_in(people, "desk"), people, f"{codes['Ada Lim']}\n{codes['陳大文']} 10:00", default="9:30")

    times = [one.at.astimezone(plan_of(people).zone).strftime("%H:%M") for one in scans(people)]
    assert times == ["09:30", "10:00"]


def test_lines_that_cant_be_read_come_back_and_the_others_are_kept(people: Flask) -> None:
    test_code = test_badges.codes(plan_of(people))["admitted"]
    lines = f"KL-00001 09:15\nKL-99999 09:16\nhello 09:17\nKL-00002\n{test_code} 09:18\nKL-00003 25:00"

    answer = key_in(signed_in(people), people, lines)

    page = seen(answer)
    assert answer.status_code == 422
    assert "5 lines could not be read" in page
    assert "1 line is kept." in page
    for text, why in (
        ("KL-99999 09:16", "nobody with a badge has this reference"),
        ("hello 09:17", "neither a reference nor a badge&#39;s code"),
        ("KL-00002", "no time"),
        (f"{test_code} 09:18", "a TEST badge"),
        ("KL-00003 25:00", "neither a reference"),
    ):
        assert re.search(rf"<code>{re.escape(text)}</code></a>: {re.escape(why)}", page), text
    assert "KL-99999 09:16 hello 09:17 KL-00002" in page[page.index("<textarea") :]
    assert len(scans(people)) == 1


def test_the_small_hours_belong_to_the_day_before(people: Flask) -> None:
    key_in(signed_in(people), people, "KL-00001 00:30")

    (one,) = scans(people)
    assert (str(one.day), one.at) == (DAY, dt.datetime(2025, 9, 17, 16, 30, tzinfo=dt.UTC))


def test_a_time_that_is_still_to_come_is_not_kept(app: Flask) -> None:
    tomorrow = (clock.now() + dt.timedelta(days=2)).date()
    world.set_event(app, days=[{"date": tomorrow}], categories=[{"name": "Delegate"}])
    world.enrol(app, [world.person("Ada Lim", email="ada@example.org")])

    answer = key_in(signed_in(app), app, "1 09:15", day=str(tomorrow))

    assert "this time is still to come" in answer.text
    assert scans(app) == []


def test_without_a_door_or_a_line_nothing_typed_is_lost(people: Flask) -> None:
    answer = key_in(signed_in(people), people, "KL-00001 09:15", door="", default="noon")

    assert answer.status_code == 422
    assert '<a href="#door">' in seen(answer)
    assert '<a href="#default">' in seen(answer)
    assert "KL-00001 09:15</textarea>" in answer.text
    assert scans(people) == []


def test_a_line_keyed_in_by_mistake_is_undone(people: Flask) -> None:
    browser = signed_in(people)
    key_in(browser, people, "KL-00001 09:15")
    (one,) = scans(people)

    for _ in range(2):
        browser.send(f"{KEYING}/{one.id}/undo", page=KEYING)

    with people.app_context(), reading() as session:
        assert session.scalars(select(Attendance)).all() == []
        assert session.scalars(select(Audit.action)).all().count("scan voided") == 1
    assert "Undone: it doesn" in browser.get(KEYING).text


def test_a_phones_scan_cant_be_undone_here(people: Flask) -> None:
    phone, browser = world.pair(people), signed_in(people)
    phone.scan(world.codes(people)["Ada Lim"], "2025-09-17T03:00:00Z")
    (one,) = scans(people)

    answer = browser.send(f"{KEYING}/{one.id}/undo", page=KEYING)

    assert answer.status_code == 404


def test_paper_is_none_of_the_phones(people: Flask) -> None:
    browser = signed_in(people)

    key_in(browser, people, "KL-00001 09:15")

    assert "Paper</a>" not in browser.get("/organiser/doors").text
    assert "No phone is paired yet" in browser.get("/organiser/readiness").text
