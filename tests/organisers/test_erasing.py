"""Erasing one delegate on request, and all of them in the end: nothing of them stays, and the figures do."""

import datetime as dt
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from checkin import clock
from checkin.db import Base, db, reading, transaction
from checkin.documents import mailing
from checkin.domain import audit, delegates, erasing, links, print_runs
from checkin.domain.arrivals import people_who_came
from checkin.domain.audit import TAKEN, Audit
from checkin.domain.delegates import Delegate
from checkin.domain.event import Category, Event
from checkin.domain.programme import programme
from checkin.organisers.wording import ACTIONS
from tests import world
from tests.bench.statements import counted
from tests.journeys.commands import ShellHere
from tests.organisers.staff import signed_in

EXPORTS = "/organiser/exports/delegates"
ADA = "/organiser/delegates/KL-00001"
# What the test below looks for: each once in everything that is kept about Ada.
HERS = (
    "Adalovelace",
    "adalovelace",
    "Analytical",
    "Countess",
    "Byronites",
    "77001122",
    "wheelchair",
    "poetry",
)


@pytest.fixture
def ada(expo: Flask) -> Flask:
    """An event with Ada, of whom a lot is known, and Budi."""
    full = world.person(
        "Adalovelace King",
        email="adalovelace@example.org",
        organisation="Analytical Engines",
        job_title="Countess",
        delegation="Byronites",
        phone="+60 12-7700 1122",
        access_needs="wheelchair",
        interests="poetry",
        country="GB",
    )
    world.enrol(expo, [full, world.person("Budi", email="budi@example.org")])
    return expo


def everything(app: Flask) -> str:
    """Each row of each table and of the search index, as text."""
    with app.app_context(), db.engine.connect() as connection:
        rows = [row for table in Base.metadata.sorted_tables for row in connection.execute(select(table))]
    return repr(rows)


def found(app: Flask, query: str) -> list[Any]:
    desk = world.pair(app, desk=True)
    answer = desk.client.get("/api/door/v1/search", query_string={"q": query}, headers=desk.headers)
    return list(answer.get_json()["results"])


def live_through(app: Flask) -> world.Phone:
    """What happens to Ada: let in, noted, voided, mailed, cancelled and reinstated by people who name her."""
    phone, code = world.pair(app), world.codes(app)["Adalovelace King"]
    phone.scan(code, "2025-09-17T01:00:00Z")
    noted = {**phone.item(code, "2025-09-17T05:00:00Z"), "input": "desk", "reason": "Adalovelace forgot it"}
    phone.send([noted])
    void = {
        "id": str(uuid.uuid4()),
        "scan": noted["id"],
        "reason": "Adalovelace left",
        "at": "2025-09-17T05:05:00Z",
    }
    assert phone.client.post("/api/door/v1/voids", json=void, headers=phone.headers).status_code == 200
    browser = signed_in(app, name="first")
    for act in ("cancel", "reinstate"):
        browser.send(f"{ADA}/{act}", page=ADA, reason=f"Adalovelace wants to {act}")
    with app.app_context(), transaction() as session:
        mailing.write_to(session, one(session), kind="badge", now=clock.now())
    return phone


def one(session: Any, reference: str = "KL-00001") -> Delegate:
    return delegates.delegate_with_reference(session, reference)


def came(app: Flask) -> int:
    with app.app_context(), reading() as session:
        return people_who_came(session, programme(session))


def is_whole(app: Flask) -> bool:
    with app.app_context(), reading() as session:
        return audit.proof(session, key=app.config["CHECKIN"].key.audit_key).holds


def test_nothing_of_an_erased_person_stays_and_the_figures_do(ada: Flask) -> None:
    phone = live_through(ada)
    code = world.codes(ada)["Adalovelace King"]
    before = everything(ada)
    assert all(word in before for word in HERS if word != "77001122")
    browser = signed_in(ada)

    page = browser.send(f"{ADA}/erase", reason="Asked by letter", sure="yes")

    kept = everything(ada)
    assert page.status_code == 303
    assert "Adalovelace" not in kept, kept[kept.index("Adalovelace") - 300 :][:400]
    assert [word for word in HERS if word in kept] == []
    assert found(ada, "adalovelace") == []
    assert [row["reference"] for row in found(ada, "KL-00001")] == ["KL-00001"]
    assert came(ada) == 1
    assert is_whole(ada)
    verdict = phone.scan(code, "2025-09-18T01:00:00Z")
    assert (verdict["verdict"], verdict["reason"]) == ("refused", "revoked")
    shown = browser.get(ADA).text
    assert "The personal data was erased on" in shown
    assert "Asked by letter" in shown
    assert "/correct" not in shown


def test_phones_are_told_that_the_badge_is_gone(ada: Flask) -> None:
    phone = world.pair(ada)
    answer = phone.client.get("/api/door/v1/roster", headers=phone.headers).get_json()
    assert len(answer["entries"]) == 2

    signed_in(ada).send(f"{ADA}/erase", reason="Asked", sure="yes")

    news = phone.client.get(
        "/api/door/v1/roster", query_string={"since": answer["cursor"]}, headers=phone.headers
    ).get_json()
    assert len(news["removed"]) == 1
    assert all(entry[0] not in str(news["removed"]) for entry in news["entries"])


def test_erasing_asks_why_and_whether_it_is_meant(ada: Flask) -> None:
    browser = signed_in(ada)

    no_reason = browser.send(f"{ADA}/erase", sure="yes")
    not_sure = browser.send(f"{ADA}/erase", reason="Asked <b>")

    assert no_reason.status_code == not_sure.status_code == 422
    assert 'href="#reason"' in no_reason.text
    assert 'href="#sure"' in not_sure.text
    assert "Asked &lt;b&gt;" in not_sure.text
    assert "Adalovelace King" in browser.get(ADA).text


def test_a_contact_of_colleagues_is_not_erased(ada: Flask) -> None:
    with ada.app_context(), transaction() as session:
        row = one(session, "KL-00002")
        row.email, row.share = "adalovelace@example.org", 1

    refused = signed_in(ada).send(f"{ADA}/erase", reason="Asked", sure="yes")

    assert refused.status_code == 409
    assert "Colleagues share this address" in refused.text


def test_what_is_stored_is_handed_over_on_request(ada: Flask, database_url: str) -> None:
    """In the browser and by commands alike: what for is kept, and the person sees it; a code is never in it."""
    browser, shell = signed_in(ada), ShellHere(database_url)
    page = f"{ADA}/seen"
    unsaid = browser.send(f"{ADA}/data.json", page=page)
    given = browser.send(f"{ADA}/data.json", page=page, reason="Letter of 2 October")
    told = shell("delegates", "data", "kl-00001", "--reason", "Asked by phone")
    changed = shell(
        *("delegates", "correct", "KL-00001", "--set", "name=Ada King", "--set", "country=my"),
        *("--reason", "Asked by phone"),
    )
    same = shell("delegates", "correct", "KL-00001", "--set", "name=Ada King", "--reason", "Again")
    seen = shell("delegates", "seen", "KL-00001")

    assert unsaid.location == page
    assert given.headers["Content-Disposition"] == "attachment; filename=KL-00001.json"
    by_page, by_command = json.loads(given.text), json.loads(told)
    assert by_page["name"] == by_command["name"] == "Adalovelace King"
    assert by_page["attendance"] == by_command["attendance"]
    assert by_page["seen"][0]["act"] == "data handed over"
    assert world.codes(ada)["Ada King"] not in given.text + told
    assert changed.startswith("KL-00001: name, country")
    assert "KL-00001: nothing changed." in same
    assert seen.splitlines()[1:3] != []
    assert "delegate corrected (alone)" in seen
    assert "data handed over (alone)" in seen
    with ada.app_context(), reading() as session:
        assert (one(session).name, one(session).country) == ("Ada King", "MY")
    mine = ada.test_client().get(f"/me/{world.link(ada, 'Ada King')}/data").text
    assert "my data alone" in mine


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("nickname=Ada", "not FIELD=VALUE"),
        ("name", "not FIELD=VALUE"),
        ("email=a b", "E-mail"),
        ("name=", "Name"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_wrong_correction_by_command_changes_nothing(
    ada: Flask, database_url: str, field: str, said: str
) -> None:
    refused = ShellHere(database_url).run("delegates", "correct", "KL-00001", "--set", field, "--reason", "x")

    assert refused.returncode != 0
    assert said.casefold() in refused.stderr.casefold()
    with ada.app_context(), reading() as session:
        assert one(session).name == "Adalovelace King"


def test_whoever_was_erased_stays_so(ada: Flask, database_url: str) -> None:
    browser, shell = signed_in(ada), ShellHere(database_url)
    shell("delegates", "erase", "kl-00001", "--reason", "Asked")

    again = shell("delegates", "erase", "KL-00001", "--reason", "Asked")
    back = browser.send(f"{ADA}/reinstate", page=EXPORTS, reason="Oh")
    with ada.app_context(), reading() as session:
        seen = one(session).changed_at.isoformat()
    changed = browser.send(
        f"{ADA}/correct", page=EXPORTS, name="Ada", category="Delegate", language="en", seen=seen
    )

    assert "was erased already" in again
    assert back.status_code == changed.status_code == 409
    assert "register them anew" in back.text
    with ada.app_context(), reading() as session:
        assert one(session).name == erasing.NOBODY
        assert (
            session.scalars(select(Category.taken).where(Category.id == one(session).category_id)).one() == 1
        )
        reasons = session.scalars(select(Audit.reason).where(Audit.action == audit.ERASURE)).all()
    assert reasons == ["Asked"]


def test_files_that_show_the_badge_go(ada: Flask) -> None:
    with ada.app_context(), transaction() as session:
        session.execute(text(_A_RUN), {"at": _moment(session)})
        badge = session.scalars(text("SELECT id FROM badge ORDER BY delegate_id LIMIT 1")).one()
        session.execute(
            text("INSERT INTO print_item VALUES (1, 0, :badge, :no)"), {"badge": badge, "no": False}
        )
        for batch in (1, 2):
            print_runs.store_piece(session, 1, batch, number=0, content=b"%PDF")

    with ada.app_context(), transaction() as session:
        erasing.erase(session, one(session), actor="x", reason="Asked", now=clock.now())

    with ada.app_context(), reading() as session:
        assert print_runs.kept_files(session, 1) == {2}


_A_RUN = """
    INSERT INTO print_run (id, made_at, made_by, wanted, layout, bleed, badges, batch_size, box_size, state, failure)
    VALUES (1, :at, 'x', '{}', 'a6', false, 2, 1, 100, 'done', '')
"""


def _moment(session: Any) -> Any:
    return clock.now() if session.get_bind().dialect.name == "postgresql" else 0


# --- all of them ------------------------------------------------------------------------------------------------


def test_a_purge_is_rehearsed_waits_for_its_day_and_leaves_the_figures(ada: Flask, database_url: str) -> None:
    shell = ShellHere(database_url)
    live_through(ada)
    everybody = came(ada)

    rehearsed = shell("purge", "--dry-run")
    undated = shell.refuses("purge", "--yes")
    _set_day(ada, clock.now().date() + dt.timedelta(days=2))
    early = shell.refuses("purge", "--yes")
    assert "Adalovelace" in everything(ada)
    _set_day(ada, clock.now().date() - dt.timedelta(days=2))
    unasked = shell.refuses("purge")
    told = shell("purge", "--yes")

    assert "2 delegates, with 2 live badges" in rehearsed
    assert "3 reasons in the audit log" in rehearsed
    assert "erase_on" in undated
    assert "is kept until" in early
    assert "--yes" in unasked
    assert "2 delegates are erased" in told
    kept = everything(ada)
    assert [word for word in (*HERS, "Budi", "budi") if word in kept] == []
    assert came(ada) == everybody
    assert is_whole(ada)
    assert "To be erased" in shell("purge", "--dry-run")
    if ada.config["CHECKIN"].sqlite:
        file = ada.config["CHECKIN"].database_url.removeprefix("sqlite:///")
        with ada.app_context():
            db.engine.dispose()
        raw = Path(file).read_bytes()
        assert [word for word in HERS if word.encode() in raw] == []


def _set_day(app: Flask, day: dt.date) -> None:
    with app.app_context(), transaction() as session:
        event = session.get(Event, 1)
        assert event is not None
        event.erase_on = day


# --- who saw it -------------------------------------------------------------------------------------------------


def link(app: Flask) -> str:
    with app.app_context(), transaction() as session:
        now = clock.now()
        return links.mint_link(session, one(session).id, now=now, expires_at=now + dt.timedelta(days=1))


def test_a_delegate_and_organisers_see_who_saw_the_data(ada: Flask) -> None:
    browser = signed_in(ada)
    browser.get(ADA)
    for fields in ({"purpose": "Badge printer"}, {"purpose": "Others", "category": "2"}):
        browser.get(browser.send(EXPORTS, form="csv", columns="name", **fields).location).close()
    browser.get("/organiser/delegates?q=budi")

    page = browser.get(f"{ADA}/seen").text
    mine = ada.test_client().get(f"/me/{link(ada)}/data").text
    file = ada.test_client().get(f"/me/{link(ada)}/data.json").get_json()

    assert "Badge printer" in page
    assert "Others" not in page
    assert "organiser@example.org" in page
    assert "Badge printer" in mine
    assert "organiser@example.org" not in mine
    assert [(one["by"], one["act"], one["whose"], one["purpose"]) for one in file["seen"]] == [
        ("staff", "delegate opened", "mine", ""),
        ("staff", "delegates exported", "many people's", "Badge printer"),
        ("staff", "delegate opened", "mine", ""),
    ]


def test_these_pages_take_few_statements(ada: Flask) -> None:
    browser, paths = signed_in(ada), (f"{ADA}/seen", f"{ADA}/erase")
    for path in paths:
        browser.get(path)

    taken = {}
    for path in paths:
        with counted(ada) as sent:
            browser.get(path)
        taken[path] = len(sent)

    assert max(taken.values()) <= 8, taken


def test_each_kind_of_export_counts_as_taking_data_along() -> None:
    nobodys = {"arrivals exported", "figures exported"}
    assert {name for name in ACTIONS if name.endswith(("exported", "fetched"))} - nobodys <= set(TAKEN)
    assert set(TAKEN) <= set(ACTIONS)
