"""Exports through the page: the right rows, in files that open, with who asked for them kept first."""

import csv
import datetime as dt
import io

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from checkin import clock
from checkin.db import db, reading
from checkin.domain.audit import Audit
from checkin.domain.programme import programme
from tests import world
from tests.accounts.people import Browser
from tests.organisers.staff import signed_in

PAGE = "/organiser/exports"


@pytest.fixture
def attended(expo: Flask) -> Flask:
    """An event of which Ada saw the first day."""
    world.enrol(expo, [world.person("Ada Lim", email="ada@example.org", phone="+60123456789")])
    world.enrol(expo, [world.person("=cmd|x", category="VIP", country="MY")])
    world.pair(expo, "Gate B").scan(world.codes(expo)["Ada Lim"], "2025-09-17T00:41:07Z")
    return expo


def export(browser: Browser, kind: str, **fields: str) -> TestResponse:
    """The answer, read to its end and closed as servers do."""
    answer = browser.send(f"{PAGE}/{kind}", page=PAGE, **fields)
    answer.get_data()
    answer.close()
    return answer


def rows_of(answer: TestResponse) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def acts(app: Flask) -> list[Audit]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(Audit).where(Audit.action.like("%exported")).order_by(Audit.id)))


def ids(app: Flask) -> tuple[str, str, str]:
    """Gate A's, Gate B's and the VIPs' ids, as the page offers them."""
    with app.app_context(), reading() as session:
        plan = programme(session)
        doors = [str(plan.door_named(name).id) for name in ("Gate A", "Gate B")]
        return doors[0], doors[1], str(plan.category_named("VIP"))


def test_an_xlsx_file_has_typed_dates_and_a_telling_name(attended: Flask) -> None:
    answer = export(signed_in(attended), "attendance", form="xlsx")

    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    header, ada, cmd = sheet.iter_rows(values_only=True)
    row = dict(zip(header, ada, strict=True))
    today = clock.now().astimezone(dt.timezone(dt.timedelta(hours=8))).date()
    assert f"filename=SCEKL25-attendance-{today}.xlsx" in answer.headers["Content-Disposition"]
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert row["2025-09-17_first_in"] == dt.datetime(2025, 9, 17, 8, 41, 7)  # noqa: DTZ001 - as the file has it.
    assert (row["2025-09-17_door"], row["2025-09-17_entries"], row["days_attended"]) == ("Gate B", 1, 1)
    assert cmd[header.index("name")] == "=cmd|x"
    assert sheet.freeze_panes == "A2"


def test_filters_narrow_each_kind(attended: Flask) -> None:
    browser, (gate_a, gate_b, vip) = signed_in(attended), ids(attended)

    def names(kind: str, **filters: str) -> list[str]:
        return [row["name"] for row in rows_of(export(browser, kind, form="csv", **filters))]

    assert names("delegates", category=vip) == ["'=cmd|x"]
    assert names("attendance", door=gate_a, day="2025-09-17") == []
    assert names("attendance", door=gate_b, day="2025-09-17") == ["Ada Lim"]
    assert names("scans", door=gate_b) == ["Ada Lim"]
    assert names("scans", day="2025-09-18") == []


def test_who_asked_for_what_and_why_is_kept(attended: Flask) -> None:
    _, gate_b, vip = ids(attended)

    export(
        signed_in(attended),
        "scans",
        form="csv",
        door=gate_b,
        category=vip,
        day="2025-09-17",
        purpose="Fire count",
    )

    [act] = acts(attended)
    assert (act.action, act.actor.partition(":")[0], act.reason) == ("scans exported", "staff", "Fire count")
    assert act.details == {"form": "csv", "door": "Gate B", "category": "VIP", "day": "2025-09-17"}


def test_that_it_was_asked_for_is_committed_before_anything_is_read(attended: Flask) -> None:
    browser, happened = signed_in(attended), list[str]()
    with attended.app_context():
        engine = db.engine
    event.listen(engine, "commit", lambda _connection: happened.append("COMMIT"))
    event.listen(engine, "before_cursor_execute", lambda *told: happened.append(told[2].split(" FROM ")[0]))

    export(browser, "delegates", form="csv")

    asked = next(at for at, what in enumerate(happened) if what.startswith("INSERT INTO audit"))
    read = next(at for at, what in enumerate(happened) if "delegate.registered_at" in what)
    assert "COMMIT" in happened[asked:read]


def test_a_choice_that_isnt_offered_is_refused_and_kept_on_the_page(attended: Flask) -> None:
    browser = signed_in(attended)
    wrong = ({"form": "exe"}, {"form": "csv", "day": "2025-02-31"}, {"form": "csv", "door": "x"}, {})

    answers = [export(browser, "attendance", purpose="Fire count", **fields) for fields in wrong]

    assert {answer.status_code for answer in answers} == {422}
    assert all('value="Fire count"' in answer.text for answer in answers)
    assert acts(attended) == []
