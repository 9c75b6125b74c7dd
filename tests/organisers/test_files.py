"""Exports through their pages: the right rows, in files that open, for their maker, with who asked for what kept."""

import csv
import datetime as dt
import io
import re
import tempfile
from pathlib import Path
from typing import Any

import openpyxl
import pypdfium2
import pytest
from flask import Flask
from sqlalchemy import event, select, update
from werkzeug.test import TestResponse

from checkin import clock
from checkin.adapters import xlsx
from checkin.db import db, reading, transaction
from checkin.domain import exporting, handing_over, print_runs
from checkin.domain.audit import Audit
from checkin.domain.badges import PrintFilter
from checkin.domain.exporting import KEPT, ExportOrder, NamedReport
from checkin.domain.print_runs import Order
from checkin.domain.programme import programme
from checkin.organisers import export_choices, exports
from tests import world
from tests.accounts.people import Browser
from tests.bench.statements import counted
from tests.journeys.commands import ShellHere
from tests.organisers.staff import signed_in

PAGE = "/organiser/exports"
ADA = world.person(
    "Ada Lim", email="ada@example.org", phone="+60123456789", organisation="MDEC", delegation="Ipoh"
)


@pytest.fixture
def attended(expo: Flask) -> Flask:
    """An event of which Ada saw the first day."""
    world.enrol(expo, [ADA])
    world.enrol(expo, [world.person("=cmd|x", category="VIP", country="MY")])
    world.pair(expo, "Gate B").scan(world.codes(expo)["Ada Lim"], "2025-09-17T00:41:07Z")
    return expo


def order(browser: Browser, kind: str, **fields: Any) -> TestResponse:
    """The answer to the form of a kind, with all its columns and a purpose unless others are given."""
    usual = {"form": "csv", "purpose": "Fire count", "columns": [*export_choices.usual(kind).columns]}
    return browser.send(f"{PAGE}/{kind}", **{**usual, **fields})


def export(browser: Browser, kind: str, **fields: Any) -> TestResponse:
    """The file, read to its end and closed as servers do."""
    ordered = order(browser, kind, **fields)
    assert ordered.status_code == 303, ordered.text
    return fetched(browser, ordered.location)


def fetched(browser: Browser, address: str) -> TestResponse:
    answer = browser.get(address)
    answer.get_data()
    answer.close()
    return answer


def rows_of(answer: TestResponse) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return rows_in(answer.data)


def rows_in(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"))))


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
        return [row["name"] for row in rows_of(export(browser, kind, **filters))]

    assert names("delegates", category=vip) == ["'=cmd|x"]
    assert names("delegates", country="MY", status="confirmed") == ["'=cmd|x"]
    assert names("delegates", status="cancelled") == []
    assert names("delegates", organisation="MDEC") == names("attendance", delegation="Ipoh") == ["Ada Lim"]
    assert names("attendance", door=gate_a, day="2025-09-17") == []
    assert names("attendance", door=gate_b, day="2025-09-17") == ["Ada Lim"]
    assert names("scans", door=gate_b) == ["Ada Lim"]
    assert names("scans", day="2025-09-18") == []


def test_columns_are_chosen(attended: Flask) -> None:
    browser = signed_in(attended)

    sheet = rows_of(
        export(browser, "attendance", columns=["days_attended", "name", "door"], day="2025-09-17")
    )
    scans = rows_of(export(browser, "scans", columns=["verdict", "at", "name"]))

    assert sheet[0] == {"name": "Ada Lim", "2025-09-17_door": "Gate B", "days_attended": "1"}
    assert scans == [{"at": "2025-09-17T08:41:07", "name": "Ada Lim", "verdict": "admitted"}]


def test_arrivals_are_counted_by_quarter_of_an_hour_area_and_door(attended: Flask) -> None:
    browser, codes = signed_in(attended), world.codes(attended)
    world.pair(attended, "Hall door").scan(codes["=cmd|x"], "2025-09-17T00:59:59Z")
    # Seen at the main door after the inner one: arrived once, by the inner one.
    world.pair(attended, "Gate A").scan(codes["=cmd|x"], "2025-09-17T02:00:00Z")

    arrivals = [tuple(row.values()) for row in rows_of(export(browser, "arrivals"))]

    assert arrivals == [
        ("2025-09-17", "2025-09-17T08:30:00", "Expo", "Gate B", "1"),
        ("2025-09-17", "2025-09-17T08:45:00", "Expo", "Hall door", "1"),
        ("2025-09-17", "2025-09-17T08:45:00", "Hall", "Hall door", "1"),
    ]
    assert rows_of(export(browser, "arrivals", day="2025-09-18")) == []


def test_printed_badges_have_their_box_and_their_handover(attended: Flask) -> None:
    now = clock.now()
    with attended.app_context(), transaction() as session:
        found = print_runs.matching(session, PrintFilter())
        kept = {"order": Order(batch_size=2, box_size=1), "words": {}, "actor": "staff:1", "now": now}
        run = print_runs.make_run(session, PrintFilter(), found, **kept)
        printed = [row.Badge.id for row in found]
        print_runs.store_batch(session, run, 1, printed=printed, size=1, lacking=[], now=now)
        # Ordered again, but not printed yet.
        print_runs.make_run(session, PrintFilter(), found, **kept)
        ada = next(row.Badge.id for row in found if row.Delegate.name == "Ada Lim")
        handing_over.hand_over(session, ada, by="staff:1", now=now)

    rows = rows_of(export(signed_in(attended), "badges"))

    told = [[row[name] for name in ("name", "run", "box", "place", "state")] for row in rows]
    boxes = {"Ada Lim": "2", "'=cmd|x": "1"}
    assert sorted(told) == sorted([name, str(run.id), box, "1", "live"] for name, box in boxes.items())
    assert {row["name"]: bool(row["handed_over_at"]) for row in rows} == {"Ada Lim": True, "'=cmd|x": False}


def test_what_left_and_why_is_kept_and_nobodys_name(attended: Flask) -> None:
    _, gate_b, vip = ids(attended)
    asked = {"door": gate_b, "category": vip, "day": "2025-09-17", "organisation": "Mr Tan"}

    export(signed_in(attended), "scans", columns=["name", "at"], **asked)

    [act] = acts(attended)
    assert (act.action, act.actor.partition(":")[0], act.reason) == ("scans exported", "staff", "Fire count")
    assert act.details == {
        "form": "csv",
        "day": "2025-09-17",
        "category": "VIP",
        "organisation": "yes",
        "door": "Gate B",
        "columns": ["at", "name"],
        "rows": 0,
    }
    assert "Corrected time, Name" in signed_in(attended, name="other").get("/organiser/audit").text


def test_that_it_was_asked_for_is_committed_before_anything_is_read(attended: Flask) -> None:
    browser, happened = signed_in(attended), list[str]()
    with attended.app_context():
        engine = db.engine
    event.listen(engine, "commit", lambda _connection: happened.append("COMMIT"))
    event.listen(engine, "before_cursor_execute", lambda *told: happened.append(told[2].split(" FROM ")[0]))

    export(browser, "delegates")

    asked = next(at for at, what in enumerate(happened) if what.startswith("INSERT INTO audit"))
    read = next(at for at, what in enumerate(happened) if "delegate.registered_at" in what)
    assert "COMMIT" in happened[asked:read]


def test_a_choice_that_isnt_offered_is_refused_and_kept_on_the_page(attended: Flask) -> None:
    browser = signed_in(attended)
    wrong = ({"form": "exe"}, {"day": "2025-02-31"}, {"door": "x"}, {"country": "XX"}, {"columns": []})

    answers = [order(browser, "attendance", **fields) for fields in wrong]
    unsaid = order(browser, "attendance", purpose=" ", delegation="Ipoh", columns=["name"])

    assert {answer.status_code for answer in (*answers, unsaid)} == {422}
    assert all('value="Fire count"' in answer.text for answer in answers)
    assert 'href="#purpose"' in unsaid.text
    assert re.search(r'value="Ipoh"\s+selected', unsaid.text)
    assert len(re.findall(r"checked", unsaid.text)) == 1
    assert acts(attended) == []


def test_a_link_is_for_its_maker_alone_and_for_ten_minutes(attended: Flask) -> None:
    mine, other = signed_in(attended), signed_in(attended, name="other")
    address = order(mine, "delegates").location

    theirs, first, again = other.get(address), fetched(mine, address), fetched(mine, address)
    with attended.app_context(), transaction() as session:
        session.execute(update(ExportOrder).values(made_at=clock.now() - KEPT))
    late = mine.get(address)
    order(mine, "delegates")
    gone = mine.get(address)

    assert (theirs.status_code, len(rows_of(first)), len(rows_of(again))) == (403, 2, 2)
    assert "Ada" not in theirs.text
    assert (late.status_code, gone.status_code) == (410, 410)
    assert "ten minutes: please make it again" in late.text
    assert f'href="{PAGE}"' in late.text
    assert [act.details["rows"] for act in acts(attended)] == [2, 2]
    with attended.app_context(), reading() as session:
        assert len(session.scalars(select(ExportOrder)).all()) == 1


def test_nothing_of_a_file_stays_behind(
    attended: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    for form in exports.FORMATS:
        export(signed_in(attended, name=form), "scans", form=form)

    assert list(folder.iterdir()) == []


def test_a_file_that_excel_could_not_open_is_refused(
    attended: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 2)
    browser = signed_in(attended)

    refused = fetched(browser, order(browser, "delegates", form="xlsx").location)

    assert (refused.status_code, acts(attended)) == (422, [])
    assert len(rows_of(export(browser, "delegates"))) == 2


def test_no_page_of_exports_takes_more_than_eight_statements(attended: Flask) -> None:
    browser = signed_in(attended)
    taken = {}

    for page in (PAGE, *(f"{PAGE}/{kind}" for kind in export_choices.KINDS)):
        browser.get(page)
        with counted(attended) as sent:
            assert browser.get(page).status_code == 200
        taken[page] = len(sent)

    assert max(taken.values()) <= 8, taken


# --- reports under a name ------------------------------------------------------------------------------------


def keep(browser: Browser, name: str, **fields: Any) -> TestResponse:
    """The answer to keeping the first day's attendance under a name."""
    usual = {"purpose": "Ministry", "columns": ["name", "first_in"], "day": "2025-09-17"}
    page = f"{PAGE}/attendance"
    return browser.send(f"{page}/reports", page=page, name=name, **{**usual, **fields})


def report_of(app: Flask, name: str) -> int:
    with app.app_context(), reading() as session:
        return exporting.report_named(session, name).id


def test_a_report_is_kept_run_renamed_and_deleted(attended: Flask) -> None:
    browser, other = signed_in(attended), signed_in(attended, name="other")

    kept = keep(browser, " First  <day> ")
    report = f"{PAGE}/reports/{report_of(attended, 'First <day>')}"
    page = other.get(PAGE).text
    again = other.send(report, page=PAGE, purpose=other.filled(PAGE)["purpose"], form="csv")
    rows = rows_of(fetched(other, again.location))
    renamed = other.send(f"{report}/rename", page=PAGE, name="Day one")
    shown = other.get(PAGE).text
    begun = other.get(f"{PAGE}/attendance?report={report.rpartition('/')[2]}").text
    deleted = other.send(f"{report}/delete", page=PAGE)

    assert (kept.status_code, renamed.status_code, deleted.status_code) == (303, 303, 303)
    assert "First &lt;day&gt;" in page
    assert "Day: <bdi>Wed 17 Sep</bdi>" in page
    assert rows[0] == {"name": "Ada Lim", "2025-09-17_first_in": "2025-09-17T08:41:07"}
    assert "Day one" in shown
    assert len(re.findall("checked", begun)) == 2
    assert "Day one" not in other.get(PAGE).text.partition("reports")[2]
    assert other.send(report, page=f"{PAGE}/delegates", purpose="x", form="csv").status_code == 404
    with attended.app_context(), reading() as session:
        told = session.scalars(select(Audit).where(Audit.action.like("report %")).order_by(Audit.id)).all()
    assert [(act.action, act.details["report"]) for act in told] == [
        ("report kept", "First <day>"),
        ("report renamed", "Day one"),
        ("report deleted", "Day one"),
    ]
    assert acts(attended)[0].details["report"] == "First <day>"
    assert acts(attended)[0].reason == "Ministry"


def test_a_report_needs_a_name_of_its_own_and_a_purpose_when_it_is_run(attended: Flask) -> None:
    browser = signed_in(attended)
    keep(browser, "One")
    keep(browser, "Two", purpose="")
    two = f"{PAGE}/reports/{report_of(attended, 'Two')}"

    nameless, taken, bare = keep(browser, " "), keep(browser, "One"), keep(browser, "Three", columns=[])
    same = browser.send(f"{two}/rename", page=PAGE, name="One")
    unsaid = browser.send(two, page=PAGE, purpose="", form="csv")

    assert [nameless.status_code, taken.status_code, bare.status_code] == [422, 409, 422]
    assert [same.status_code, unsaid.status_code] == [409, 422]
    assert "Another report has this name already." in taken.text
    assert "Another report has this name already." in same.text
    assert 'value="One"' in same.text
    assert f'href="#report-{two.rpartition("/")[2]}-purpose"' in unsaid.text
    assert acts(attended) == []


def test_a_report_about_what_is_gone_says_so(attended: Flask) -> None:
    browser = signed_in(attended)
    keep(browser, "Gone")
    with attended.app_context(), transaction() as session:
        session.execute(update(NamedReport).values(filters={"category": "99"}))

    page = browser.get(PAGE).text
    refused = browser.send(
        f"{PAGE}/reports/{report_of(attended, 'Gone')}", page=PAGE, purpose="x", form="csv"
    )

    assert "not there any more" in page
    assert (refused.status_code, acts(attended)) == (422, [])


# --- the report for the ministry --------------------------------------------------------------------------------


def test_the_figures_are_printed_in_either_language(attended: Flask) -> None:
    world.pair(attended, "Hall door").scan(world.codes(attended)["=cmd|x"], "2025-09-18T01:00:00Z")
    browser, texts = signed_in(attended), {}

    for language in ("en", "ms"):
        answer = export(browser, "figures", form="pdf", language=language)
        assert answer.content_type == "application/pdf"
        with pypdfium2.PdfDocument(answer.data) as document:
            found = [page.get_textpage().get_text_range() for page in document]
        texts[language] = " ".join(" ".join(found).split())

    assert "Attendance by day, category and country" in texts["en"]
    assert "Kehadiran mengikut hari, kategori dan negara" in texts["ms"]
    for text in texts.values():
        # One on each of two days, two in all of two who are confirmed.
        assert "VIP 0 1 0 1 1 100%" in text
        assert "1 1 0 2 2 100%" in text
        assert "Malaysia" in text
        assert "Lim" not in text
    assert [act.details for act in acts(attended)] == [{"form": "pdf", "language": one} for one in texts]


def test_figures_of_an_event_to_which_nobody_came_are_a_page_too(expo: Flask) -> None:
    assert export(signed_in(expo), "figures", form="pdf").data.startswith(b"%PDF")


# --- the command line -------------------------------------------------------------------------------------------


def test_the_command_line_has_the_same_filters_columns_and_reports(
    attended: Flask, database_url: str, tmp_path: Path
) -> None:
    keep(signed_in(attended), "Day one")
    shell, out = ShellHere(database_url), tmp_path / "out.csv"

    def run(*words: str) -> bytes:
        shell("export", *words, "--out", out)
        return out.read_bytes()

    rows = run("attendance", "--format", "csv", "--report", "Day one", "--category", "Delegate")
    people = run("delegates", "--format", "csv", "--columns", "country,name", "--country", "Malaysia")
    figures = run("figures", "--format", "pdf", "--language", "ms")

    assert rows_in(rows) == [{"name": "Ada Lim", "2025-09-17_first_in": "2025-09-17T08:41:07"}]
    assert rows_in(people) == [{"name": "'=cmd|x", "country": "MY"}]
    assert figures.startswith(b"%PDF")
    told = acts(attended)
    assert [(act.action, act.actor, act.reason) for act in told] == [
        ("attendance exported", "command line", "Ministry"),
        ("delegates exported", "command line", ""),
        ("figures exported", "command line", ""),
    ]
    assert told[0].details["report"] == "Day one"
    assert [told[1].details[name] for name in ("country", "columns", "rows")] == [
        "MY",
        ["name", "country"],
        1,
    ]
    for wrong, named in {
        ("delegates", "--format", "csv", "--day", "2025-09-17"): "--category",
        ("delegates", "--format", "csv", "--columns", "x"): "registered_at",
        ("delegates", "--format", "csv", "--report", "Day one"): "attendance",
        ("delegates", "--format", "csv", "--report", "Day two"): "Day one",
        ("delegates", "--format", "csv", "--country", "Atlantis"): "Malaysia",
        ("delegates", "--format", "pdf"): "xlsx / csv",
    }.items():
        assert named in shell.refuses("export", *wrong, "--out", out)
    assert len(acts(attended)) == 3
