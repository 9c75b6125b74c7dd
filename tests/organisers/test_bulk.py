"""Acts on many delegates at once: shown first, checked again, done, followed and taken back."""

import html
import re
from collections import Counter
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from checkin import clock
from checkin.adapters import jobs
from checkin.db import reading, transaction
from checkin.domain import bulk_runs, delegates, registering
from checkin.domain.audit import Audit
from checkin.domain.badges import Badge
from checkin.domain.bulk_runs import BulkItem, BulkRun
from checkin.domain.delegates import Delegate
from checkin.domain.event import Category
from checkin.domain.messages import Message
from checkin.domain.print_runs import PrintItem, PrintRun
from checkin.organisers import bulk_doing
from tests import world
from tests.accounts.people import PAGE as HTML
from tests.accounts.people import Browser
from tests.bench.statements import counted
from tests.organisers.staff import signed_in

LIST = "/organiser/delegates"
BULK = f"{LIST}/bulk"
MOST_STATEMENTS = 8


@pytest.fixture
def people(expo: Flask) -> Flask:
    """Four who await approval, one of them without an address, two confirmed and one cancelled."""
    waiting = [world.person(f"Pending {n}", email=f"p{n}@example.org") for n in range(3)]
    world.enrol(expo, [*waiting, world.person("Pending 3")], status="pending")
    world.enrol(
        expo, [world.person("Ada Lim", email="ada@example.org"), world.person("Bo"), world.person("Cem")]
    )
    with expo.app_context(), transaction() as session:
        cem = delegates.delegate_with_reference(session, "KL-00007")
        delegates.cancel(session, cem, now=clock.now())
    return expo


def shown(browser: Browser, act: str, *ticked: str, **asked: str) -> str:
    """The path of the page that shows what would happen to those who are ticked, or to all who match."""
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(LIST).text)
    form = {"csrf_token": token[1] if token else "", "act": act, "whom": "ticked" if ticked else "all"}
    answer = browser.client.post(BULK, data={**form, "ticked": list(ticked), **asked}, headers=HTML)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def applied(browser: Browser, path: str, **typed: str) -> TestResponse:
    looks = re.search(r'name="looks" value="(\d+)"', browser.get(path).text)
    return browser.send(f"{path}/apply", page=path, looks=looks[1] if looks else "", **typed)


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def states(app: Flask) -> dict[str, str]:
    with app.app_context(), reading() as session:
        return dict(session.execute(select(Delegate.name, Delegate.status)).all())


def acts(app: Flask) -> Counter[str]:
    with app.app_context(), reading() as session:
        looks = ("listed", "searched", "opened")
        return Counter(one for one in session.scalars(select(Audit.action)) if not one.endswith(looks))


def taken(app: Flask) -> int:
    with app.app_context(), reading() as session:
        return session.scalars(select(func.sum(Category.taken))).one()


def alone(app: Flask, reference: str, change: str) -> None:
    """Somebody else changes one of them meanwhile."""
    with app.app_context(), transaction() as session:
        one = delegates.delegate_with_reference(session, reference)
        if change == "confirm":
            registering.approve(session, one, key=app.config["CHECKIN"].key, now=clock.now())
        else:
            getattr(delegates, change)(session, one, now=clock.now())


def test_confirming_many_is_shown_first_and_taken_back_after(people: Flask) -> None:
    browser, before = signed_in(people), taken(people)

    path = shown(browser, "confirm", status="")
    asked = text_of(browser.get(path).text)
    unchanged = states(people)
    done = applied(browser, path)
    page = browser.get(path).text
    confirmed = states(people)
    alone(people, "KL-00001", "cancel")
    again = text_of(browser.get(path).text)
    back = browser.send(f"{path}/undo", page=path)
    undone = text_of(browser.get(back.location).text)

    assert "Would be changed 4 Left as they are 3" in asked
    assert "1 has no e-mail address: print the badge." in asked
    assert "2 confirmed already Ada Lim , Bo" in asked
    assert "1 cancelled: reinstate them first Cem" in asked
    assert "Confirm 4 delegates" in asked
    assert Counter(unchanged.values()) == {"pending": 4, "confirmed": 2, "cancelled": 1}
    assert done.status_code == 303
    assert "4 delegates are confirmed." in text_of(page)
    assert Counter(confirmed.values()) == {"confirmed": 6, "cancelled": 1}
    # Nobody but those who are still as they were left goes back.
    assert "Undo: take 3 confirmations back" in again
    assert "1 was changed since, and would be left as they are." in again
    assert "3 delegates are what they were before." in undone
    assert "1 changed since then, so left as they are Pending 0" in undone
    assert Counter(states(people).values()) == {"confirmed": 2, "pending": 3, "cancelled": 2}
    assert taken(people) == before
    told = acts(people)
    assert (told["delegate confirmed"], told["confirmation taken back"]) == (4, 3)
    with people.app_context(), reading() as session:
        assert session.scalars(select(Message.kind)).all() == ["badge"] * 3
        assert session.scalar(select(func.count()).where(Badge.revoked_at.is_(None))) == 7


def test_what_changed_meanwhile_is_shown_and_nothing_is_done(people: Flask) -> None:
    browser = signed_in(people)
    path = shown(browser, "cancel", "KL-00001", "KL-00002", "KL-00005")
    everybody = shown(browser, "cancel", status="confirmed")

    alone(people, "KL-00002", "cancel")
    world.enrol(people, [world.person("Newcomer")])
    differs = applied(browser, path, reason="No longer coming")
    other = applied(browser, everybody, reason="No longer coming")
    stale = browser.send(f"{path}/apply", page=path, looks="1", reason="Again")
    meant = applied(browser, path, reason="No longer coming")

    assert (differs.status_code, other.status_code) == (409, 409)
    said = text_of(differs.text)
    assert "Nothing was changed: people changed while you looked." in said
    assert "Pending 1 : cancelled already (before: would be changed)" in said
    assert "Cancel 2 registrations" in said
    assert 'value="No longer coming"' in differs.text
    assert "Newcomer : would be changed (before: was not among them)" in text_of(other.text)
    assert stale.status_code == 303
    assert meant.status_code == 303
    assert states(people) | {"Pending 0": "cancelled", "Ada Lim": "cancelled"} == states(people)
    assert states(people)["Bo"] == "confirmed"
    assert acts(people)["delegate cancelled"] == 2


def test_cancelling_needs_a_reason_and_can_be_undone_for_an_hour(people: Flask) -> None:
    browser = signed_in(people)
    path = shown(browser, "cancel", "KL-00005", "KL-00006")

    without = applied(browser, path)
    applied(browser, path, reason="Wrong list")
    cancelled = states(people)
    back = browser.send(f"{path}/undo", page=path)
    twice = browser.send(f"{path}/undo", page=LIST)
    with people.app_context(), transaction() as session:
        hour_ago = clock.now() - timedelta(minutes=61)
        session.execute(update(BulkRun).values(ended_at=hour_ago))
    late = shown(browser, "cancel", "KL-00006")
    applied(browser, late, reason="Again")
    with people.app_context(), transaction() as session:
        session.execute(update(BulkRun).values(ended_at=hour_ago))
    page = browser.get(late).text
    browser.send(f"{late}/undo", page=LIST)

    assert (without.status_code, "Please say why" in without.text) == (422, True)
    assert (cancelled["Ada Lim"], cancelled["Bo"]) == ("cancelled", "cancelled")
    assert (back.location != path, twice.location) == (True, path)
    assert "undo" not in page.partition("<main")[2].replace("/undo", "").lower()
    assert states(people)["Ada Lim"] == "confirmed"
    assert states(people)["Bo"] == "cancelled"
    assert acts(people)["delegate reinstated"] == 2
    with people.app_context(), reading() as session:
        [kept] = session.scalars(select(Audit.reason).where(Audit.reason == "Wrong list").distinct())
        assert session.scalars(select(BulkRun.reason).distinct()).all() == [""]
        assert kept == "Wrong list"


def test_badges_are_mailed_reissued_and_printed_for_those_who_have_one(people: Flask) -> None:
    browser = signed_in(people)
    codes = world.codes(people)

    mailed, reissued, printed = (shown(browser, act) for act in ("send", "reissue", "print"))
    pages = [text_of(browser.get(path).text) for path in (mailed, reissued, printed)]
    applied(browser, mailed)
    again = text_of(browser.get(shown(browser, "send")).text)
    applied(browser, reissued, reason="New design")
    wrong = applied(browser, printed, layout="nothing", sort="name")
    applied(browser, printed, layout="card", sort="organisation")
    ordered = text_of(browser.get(printed).text)
    waiting = text_of(browser.get(shown(browser, "print")).text)
    stopped = text_of(
        browser.client.post(
            f"{printed}/undo",
            data={"csrf_token": _token(browser, printed)},
            headers=HTML,
            follow_redirects=True,
        ).text
    )

    assert "Mail 1 badge again" in pages[0]
    assert "1 no e-mail address Bo" in pages[0]
    assert "Reissue 2 badges: the old ones stop working" in pages[1]
    assert "Order a print run of 2 badges" in pages[2]
    assert "4 not confirmed, so without a badge" in pages[2]
    assert "1 the same letter was written within the last minute" in again
    assert set(world.codes(people).values()).isdisjoint([codes["Ada Lim"], codes["Bo"]])
    assert wrong.status_code == 422
    assert "2 badges are ordered. Print run 1" in ordered
    assert "2 in a print run that isn't finished" in waiting
    assert "The print run is stopped before anything was printed." in stopped
    with people.app_context(), reading() as session:
        [run] = session.scalars(select(PrintRun)).all()
        assert (run.state, run.layout, run.badges) == ("cancelled", "card", 2)
        live = select(Badge.id).where(Badge.revoked_at.is_(None), Badge.delegate_id.in_([5, 6]))
        assert set(session.scalars(select(PrintItem.badge_id))) == set(session.scalars(live))
        assert session.scalars(select(Message.kind).order_by(Message.kind)).all() == [
            "badge",
            "badge_reissued",
        ]
    assert "chosen in the change of many" in browser.get("/organiser/prints").text


def _token(browser: Browser, path: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(path).text)
    return found[1] if found else ""


def test_a_full_category_takes_who_registered_first(expo: Flask) -> None:
    world.enrol(
        expo,
        [world.person(f"Person {n}", category="Workshop", email=f"w{n}@example.org") for n in range(5)],
        status="pending",
    )
    browser = signed_in(expo)
    path = shown(browser, "confirm", category="5")

    page = text_of(browser.get(path).text)
    applied(browser, path)

    assert "2 no place left in their category Person 3 , Person 4" in page
    assert [name for name, state in states(expo).items() if state == "confirmed"] == [
        "Person 0",
        "Person 1",
        "Person 2",
    ]


def test_many_are_changed_by_a_worker_who_can_be_stopped(
    expo: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.enrol(
        expo, [world.person(f"Lim {n:03}", email=f"l{n}@example.org") for n in range(70)], status="pending"
    )
    browser = signed_in(expo)
    path = shown(browser, "confirm", q="lim")
    applied(browser, path)
    waits = browser.get(path).text
    untouched = Counter(states(expo).values())

    # Stopped after its first few.
    run_id = path.rpartition("/")[2]
    told = iter([False, True])
    monkeypatch.setattr(jobs, "stopping", lambda: next(told))
    with expo.app_context():
        bulk_doing.do_run(run_id)
    halfway = text_of(browser.get(f"{path}/live").text)
    alone(expo, "KL-00070", "confirm")
    browser.send(f"{path}/stop", page=path)
    browser.send(f"{path}/resume", page=path)
    monkeypatch.setattr(jobs, "stopping", lambda: False)
    with expo.app_context():
        bulk_doing.do_run(run_id)
    page = text_of(browser.get(path).text)

    assert untouched == {"pending": 70}
    assert ("data-settled" in waits, "70 are still to be done." in text_of(waits)) == (False, True)
    assert "20 delegates are confirmed. 50 are still to be done." in halfway
    assert "69 delegates are confirmed." in page
    assert "1 confirmed already Lim 069" in page
    told = acts(expo)
    assert (told["delegate confirmed"], told["bulk change stopped"], told["bulk change resumed"]) == (
        69,
        1,
        1,
    )


def test_a_worker_finds_what_changed_before_it_began(expo: Flask) -> None:
    world.enrol(expo, [world.person(f"Lim {n:03}", email=f"l{n}@example.org") for n in range(50)])
    browser = signed_in(expo)
    path = shown(browser, "cancel")
    applied(browser, path, reason="Moved to another year")
    alone(expo, "KL-00050", "cancel")

    with expo.app_context():
        bulk_doing.do_run(path.rpartition("/")[2])
    page = text_of(browser.get(path).text)

    assert "Nothing was changed: people changed while you looked." in page
    assert "Lim 049 : cancelled already (before: would be changed)" in page
    assert Counter(states(expo).values()) == {"confirmed": 49, "cancelled": 1}


def test_bad_input_says_what_is_missing_and_changes_nothing(people: Flask) -> None:
    browser = signed_in(people)
    page = f"{LIST}?status=pending"

    nobody = browser.send(BULK, page=page, act="cancel", whom="ticked", status="pending")
    no_act = browser.send(BULK, page=page, act="explode", whom="all", status="pending")
    said = browser.get(page).text
    strange = shown(browser, "cancel", "KL-99999", "'\x00", "王", "KL-00001" * 9)

    assert (nobody.location, no_act.location) == (page, page)
    assert "choose what is to be done first" in said
    assert "There is nobody to change." in browser.get(strange).text
    assert browser.get(f"{BULK}/99999999999").status_code == 404
    assert acts(people)["delegate cancelled"] == 0


def test_what_nobody_ordered_is_forgotten_and_words_are_not_kept(people: Flask) -> None:
    browser = signed_in(people)
    shown(browser, "cancel", q="ada lim")
    late = clock.now() + bulk_runs.KEPT + timedelta(minutes=1)

    with people.app_context(), transaction() as session:
        kept = session.scalars(select(BulkRun.wanted)).all()
        bulk_runs.forget(session, now=late)
        left = session.scalars(select(BulkItem.run_id)).all()

    assert (kept, left) == ([{"query": "ada lim"}], [])


def test_pages_take_few_statements(people: Flask) -> None:
    browser = signed_in(people)
    todo, done = shown(browser, "cancel", "KL-00005", "KL-00006", "KL-00007"), shown(browser, "confirm")
    applied(browser, done)
    paths = (
        *(todo, done, f"{done}/live", BULK),
        *(
            f"{LIST}?{query}"
            for query in ("sort=country&came=absent:2025-09-17", "q=pendign", "q=wolfeschle")
        ),
        *(
            f"{LIST}?{query}"
            for query in ("sort=-arrived&last", "sort=name&after=3&printed=no&consent=leads")
        ),
    )
    for path in paths:
        browser.get(path)

    sizes = {}
    for path in paths:
        with counted(people) as sent:
            assert browser.get(path).status_code == 200
        sizes[path] = len(sent)

    assert max(sizes.values()) <= MOST_STATEMENTS, sizes
