"""Lists as organisers upload, match, look at and import them in the browser."""

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from flask import Flask
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from checkin import clock
from checkin.adapters import jobs
from checkin.db import reading, transaction
from checkin.domain import audit, erasing, import_runs
from checkin.domain.audit import Audit
from checkin.domain.badges import Badge
from checkin.domain.delegates import Delegate
from checkin.domain.event import Category
from checkin.domain.import_runs import ImportPiece, ImportRemark, ImportRun
from checkin.organisers import importing, list_process, uploads
from checkin.organisers.import_words import LIST_STATES
from checkin.organisers.imports import File
from checkin.organisers.list_process import reading_process
from tests import world
from tests.accounts.people import PAGE as HTML
from tests.accounts.people import Browser
from tests.bench.statements import counted
from tests.organisers.staff import signed_in

DATA = Path(__file__).parents[2].parent / "shared" / "data"
PAGE = "/organiser/import"
MOST_STATEMENTS = 8
LIST = """Nama penuh,Gelaran,Syarikat,Negara,Emel,Kategori,Extra
siti NURHALIZA binti Tarudin,Dato',MDEC,MY,siti@example.org,VIP,x
王小明,,深圳市智慧城市研究院,China,,,
Ada Lim,,MDEC,Atlantis,ada@example.org,,
Bo Tan,,MDEC,MY,not an address,,
SITI again,,MDEC,MY,SITI@example.org,,
,,Nobody,MY,,,
"""


pytestmark = pytest.mark.usefixtures("reader_here")


def uploaded(browser: Browser, content: str | bytes, name: str = "list.csv") -> TestResponse:
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(PAGE).text)
    data = content if isinstance(content, bytes) else content.encode()
    form = {"csrf_token": token[1] if token else "", "file": (io.BytesIO(data), name)}
    return browser.client.post(PAGE, data=form, headers=HTML)


def run_of(answer: TestResponse) -> int:
    assert answer.status_code == 303, answer.text
    return int(re.findall(r"/import/(\d+)$", answer.headers["Location"])[0])


def work(app: Flask, run_id: int) -> None:
    with app.app_context():
        importing.import_list(str(run_id))


def given(app: Flask, browser: Browser, content: str | bytes, name: str = "list.csv") -> int:
    """A list that was uploaded and read."""
    run_id = run_of(uploaded(browser, content, name))
    work(app, run_id)
    return run_id


def looked_at(app: Flask, browser: Browser, content: str | bytes, **chosen: str) -> int:
    """A list of which every row was looked at, with the columns as they were recognised."""
    run_id = given(app, browser, content)
    match(app, browser, run_id, **chosen)
    return run_id


def match(app: Flask, browser: Browser, run_id: int, **chosen: str) -> None:
    page = f"{PAGE}/{run_id}"
    fields = {name: value for name, value in browser.filled(page).items() if name.startswith("column-")}
    answer = browser.send(f"{page}/columns", page=page, **{**fields, "status": "confirmed", **chosen})
    assert answer.status_code == 303, answer.text
    work(app, run_id)


def import_it(app: Flask, browser: Browser, run_id: int, *, looks: int = 1) -> None:
    browser.send(f"{PAGE}/{run_id}/apply", page=f"{PAGE}/{run_id}", looks=str(looks))
    work(app, run_id)


def run(app: Flask, run_id: int) -> ImportRun:
    with app.app_context(), reading() as session:
        return import_runs.the_run(session, run_id)


def people(app: Flask) -> list[str]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(Delegate.name).order_by(Delegate.id)))


def acts(app: Flask) -> list[str]:
    with app.app_context(), reading() as session:
        return list(session.scalars(select(Audit.action).order_by(Audit.id)))


def many(app: Flask, table: type[Any]) -> int:
    with app.app_context(), reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def xlsx(*rows: Sequence[Any]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return out.getvalue()


# --- from the file to the delegates -----------------------------------------------------------------------------


def test_columns_are_recognised_and_shown_with_their_values(expo: Flask) -> None:
    browser = signed_in(expo)

    run_id = given(expo, browser, LIST)

    page = browser.get(f"{PAGE}/{run_id}").text
    chosen = dict(re.findall(r'name="column-(\d)">.*?value="(\w*)" selected', page, re.DOTALL))
    assert chosen == {"0": "name", "1": "honorific", "2": "organisation", "3": "country", "4": "email"} | {
        "5": "category"
    }
    assert "<bdi>王小明</bdi>" in page
    assert "data-settled" in page
    assert many(expo, Delegate) == 0
    assert acts(expo)[-2:] == ["list uploaded", "list opened"]


def test_a_look_shows_what_would_happen_and_each_problem_with_its_row(expo: Flask) -> None:
    world.enrol(expo, [world.person("Ada", email="ada@example.org")])
    browser = signed_in(expo)

    run_id = looked_at(expo, browser, LIST)

    page = browser.get(f"{PAGE}/{run_id}").text
    counts = import_runs.counts_of(run(expo, run_id))
    assert (counts.new, counts.known, counts.rejected, counts.doubtful, counts.repeated) == (2, 1, 2, 1, 1)
    assert counts.categories == {"VIP": 1, "Delegate": 1}
    assert "Import 2 people" in page
    assert "not an address is not one e-mail address" in page
    assert people(expo) == ["Ada"]
    doubtful = browser.get(f"{PAGE}/{run_id}?kind=doubtful").text
    assert "<b>Country:</b> <bdi>Atlantis is no country of today" in doubtful
    assert "The same person as on line 2" in browser.get(f"{PAGE}/{run_id}?kind=repeated").text


def test_names_come_in_as_they_are_written_each_with_a_badge(expo: Flask) -> None:
    browser = signed_in(expo)
    run_id = looked_at(expo, browser, LIST)

    import_it(expo, browser, run_id)

    assert people(expo) == ["siti NURHALIZA binti Tarudin", "王小明", "Ada Lim"]
    assert many(expo, Badge) == 3
    assert run(expo, run_id).state == "done"
    assert "delegates imported" in acts(expo)
    page = browser.get(f"{PAGE}/{run_id}").text
    assert "Imported" in page
    assert "data-settled" in page


def test_the_same_list_again_adds_nobody(expo: Flask) -> None:
    browser = signed_in(expo)
    import_it(expo, browser, looked_at(expo, browser, LIST))

    again = looked_at(expo, browser, LIST)

    counts = import_runs.counts_of(run(expo, again))
    assert (counts.new, counts.known) == (0, 3)
    assert "/apply" not in browser.get(f"{PAGE}/{again}").text
    import_it(expo, browser, again)
    assert many(expo, Delegate) == 3


def test_the_real_list_is_imported_whole(expo: Flask) -> None:
    browser = signed_in(expo)

    run_id = looked_at(expo, browser, (DATA / "unfccc-delegates.csv").read_bytes())
    counts = import_runs.counts_of(run(expo, run_id))
    assert (counts.new, counts.doubtful, counts.rejected) == (849, 273, 0)
    last = browser.get(f"{PAGE}/{run_id}?kind=doubtful&page=6").text
    assert "Page 6 of 6" in last
    assert len(re.findall(r'<th scope="row">', last)) == 273 - 5 * 50
    import_it(expo, browser, run_id)

    done = run(expo, run_id)
    assert (done.added, done.pieces, many(expo, Delegate)) == (849, 2, 849)
    assert acts(expo).count("delegates imported") == 2


def test_every_hard_name_comes_in_and_every_bad_one_is_named(expo: Flask) -> None:
    browser = signed_in(expo)

    hard = looked_at(expo, browser, (DATA / "names-hard.csv").read_bytes())
    bad = looked_at(expo, browser, (DATA / "names-refused.csv").read_bytes())

    assert import_runs.counts_of(run(expo, hard)).rejected == 0
    assert import_runs.counts_of(run(expo, bad)).rejected == 7
    assert browser.get(f"{PAGE}/{bad}").status_code == 200


def test_a_workbook_is_imported_like_a_csv(expo: Flask) -> None:
    browser = signed_in(expo)
    rows = [line.split(",") for line in LIST.splitlines()]

    run_id = given(expo, browser, xlsx(*rows), "list.xlsx")
    match(expo, browser, run_id)
    import_it(expo, browser, run_id)

    assert people(expo) == ["siti NURHALIZA binti Tarudin", "王小明", "Ada Lim"]


# --- columns ----------------------------------------------------------------------------------------------------


def test_columns_are_corrected_by_hand_and_again_after_the_look(expo: Flask) -> None:
    browser = signed_in(expo)
    run_id = given(expo, browser, "Who,Where\nAna,Org\n")
    page = f"{PAGE}/{run_id}"

    nameless = browser.send(f"{page}/columns", page=page, **{"column-1": "organisation"})
    twice = browser.send(f"{page}/columns", page=page, **{"column-0": "name", "column-1": "name"})
    assert (nameless.status_code, twice.status_code) == (422, 422)
    assert "No column holds the names" in nameless.text
    assert 'value="organisation" selected' in nameless.text
    assert "Two columns are taken as “Name”" in twice.text

    match(expo, browser, run_id, **{"column-0": "name", "column-1": ""})
    match(expo, browser, run_id, **{"column-1": "organisation"})
    import_it(expo, browser, run_id, looks=2)

    with expo.app_context(), reading() as session:
        assert session.execute(select(Delegate.name, Delegate.organisation)).all() == [("Ana", "Org")]


def test_a_field_that_is_none_leaves_its_column_aside(expo: Flask) -> None:
    browser = signed_in(expo)

    run_id = looked_at(expo, browser, "Name,Where\nAna,Org\n", **{"column-1": "status"})

    assert run(expo, run_id).fields == ["name", ""]


def test_first_and_last_names_are_joined(expo: Flask) -> None:
    browser = signed_in(expo)

    run_id = looked_at(expo, browser, "First name,Last name\nana MARÍA,de la Cruz\n小明,王\n")
    assert "Names are joined" in browser.get(f"{PAGE}/{run_id}").text
    import_it(expo, browser, run_id)

    assert people(expo) == ["ana MARÍA de la Cruz", "王小明"]


def test_whoever_is_imported_as_pending_has_no_badge(expo: Flask) -> None:
    browser = signed_in(expo)

    import_it(expo, browser, looked_at(expo, browser, LIST, status="pending"))

    assert many(expo, Delegate) == 3
    assert many(expo, Badge) == 0


def test_those_for_whom_a_category_has_no_place_are_told_of_before(expo: Flask) -> None:
    browser = signed_in(expo)
    rows = "".join(f"Ana {number},Workshop\n" for number in range(5))

    run_id = looked_at(expo, browser, "Name,Category\n" + rows)
    counts = import_runs.counts_of(run(expo, run_id))
    import_it(expo, browser, run_id)

    done = run(expo, run_id)
    assert (counts.new, counts.waiting) == (5, 2)
    assert (done.added, done.waiting) == (3, 2)


# --- what changed meanwhile, and what died ----------------------------------------------------------------------


def test_what_changed_since_the_look_is_shown_before_anything_happens(expo: Flask) -> None:
    browser = signed_in(expo)
    run_id = looked_at(expo, browser, LIST)
    world.enrol(expo, [world.person("Ada", email="ada@example.org")])

    import_it(expo, browser, run_id)

    assert people(expo) == ["Ada"]
    page = browser.get(f"{PAGE}/{run_id}").text
    assert "Nothing was imported" in page
    assert "Import 2 people" in page
    import_it(expo, browser, run_id, looks=2)
    assert len(people(expo)) == 3


def test_a_look_that_is_not_the_latest_imports_nothing(expo: Flask) -> None:
    browser = signed_in(expo)
    run_id = looked_at(expo, browser, LIST)
    match(expo, browser, run_id, status="pending")

    import_it(expo, browser, run_id, looks=1)

    assert "somebody went on with this list meanwhile" in browser.get(f"{PAGE}/{run_id}").text
    assert people(expo) == []


def test_a_category_that_is_gone_since_the_look_is_found_before_anything_happens(expo: Flask) -> None:
    browser = signed_in(expo)
    run_id = looked_at(expo, browser, "Name,Category\nAna,Press\nBen,\n")
    with expo.app_context(), transaction() as session:
        session.execute(update(Category).where(Category.name == "Press").values(name="Journalists"))

    import_it(expo, browser, run_id)

    counts = import_runs.counts_of(run(expo, run_id))
    assert (run(expo, run_id).state, counts.new, counts.rejected) == ("checked", 1, 1)
    assert people(expo) == []


class Died(Exception):  # noqa: N818 - what happens to a worker.
    """The worker is gone."""


def test_a_worker_that_dies_leaves_the_next_one_to_go_on(
    expo: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in(expo)
    rows = "".join(f"Person {number}\n" for number in range(1_200))
    run_id = looked_at(expo, browser, f"Name\n{rows}")
    applied, done = import_runs.applied, []

    def dying(*args: Any, **named: Any) -> bool:
        done.append(1)
        if len(done) == 2:
            raise Died
        return applied(*args, **named)

    monkeypatch.setattr(import_runs, "applied", dying)
    browser.send(f"{PAGE}/{run_id}/apply", page=f"{PAGE}/{run_id}", looks="1")
    with pytest.raises(Died):
        work(expo, run_id)
    assert (run(expo, run_id).applied, many(expo, Delegate)) == (1, 500)
    assert 'value="1"' in browser.get(f"{PAGE}/{run_id}/live").text
    work(expo, run_id)

    assert (run(expo, run_id).added, many(expo, Delegate)) == (1_200, 1_200)
    assert acts(expo).count("delegates imported") == 3


def test_a_worker_that_is_told_to_stop_leaves_the_rest_for_the_next(
    expo: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in(expo)
    run_id = looked_at(expo, browser, LIST)
    browser.send(f"{PAGE}/{run_id}/apply", page=f"{PAGE}/{run_id}", looks="1")

    with monkeypatch.context() as telling:
        telling.setattr(jobs, "stopping", lambda: True)
        work(expo, run_id)
    with expo.app_context(), monkeypatch.context() as knowing:
        knowing.setattr(jobs, "unfinished", lambda _job: set())
        importing.import_what_waits()
    assert run(expo, run_id).state == "applying"
    work(expo, run_id)

    assert run(expo, run_id).state == "done"


def test_an_import_is_stopped_and_goes_on(expo: Flask) -> None:
    browser = signed_in(expo)
    run_id = looked_at(expo, browser, LIST)
    page = f"{PAGE}/{run_id}"
    browser.send(f"{page}/apply", page=page, looks="1")

    browser.send(f"{page}/stop", page=page)
    work(expo, run_id)
    assert (run(expo, run_id).state, people(expo)) == ("stopped", [])
    browser.send(f"{page}/resume", page=page)
    work(expo, run_id)

    assert len(people(expo)) == 3
    for act in ("stop", "resume", "apply", "columns"):
        browser.send(f"{page}/{act}", page=page, looks="1", **{"column-0": "name"})
        assert "somebody went on" in browser.get(page).text


@pytest.mark.parametrize(
    ("state", "then"), [("reading", "failed"), ("applying", "stopped"), ("checked", "checked")]
)
def test_a_job_that_fails_to_the_last_says_so(expo: Flask, state: str, then: str) -> None:
    browser = signed_in(expo)
    run_id = looked_at(expo, browser, LIST)
    with expo.app_context():
        with transaction() as session:
            import_runs.the_run(session, run_id).state = state
        importing.give_up(str(run_id))

    assert run(expo, run_id).state == then
    assert ("failed again and again" in browser.get(f"{PAGE}/{run_id}").text) is (then != "checked")


# --- what is kept -----------------------------------------------------------------------------------------------


def test_the_rows_are_deleted_once_they_are_imported_and_the_marked_ones_a_day_later(expo: Flask) -> None:
    browser = signed_in(expo)
    run_id = looked_at(expo, browser, LIST)
    assert many(expo, ImportPiece) == 2

    import_it(expo, browser, run_id)

    assert (many(expo, ImportPiece), many(expo, ImportRemark)) == (0, 4)
    with expo.app_context(), transaction() as session:
        assert import_runs.drop_old(session, now=clock.now() + timedelta(hours=23)) == 0
        assert import_runs.drop_old(session, now=clock.now() + timedelta(hours=25)) == 1
    assert many(expo, ImportRemark) == 0
    gone = run(expo, run_id)
    assert (gone.state, gone.name, gone.header) == ("done", "", [])
    assert "is deleted" in browser.get(f"{PAGE}/{run_id}").text


def test_a_list_is_deleted_at_once_on_an_organisers_word(expo: Flask) -> None:
    browser = signed_in(expo)
    run_id = looked_at(expo, browser, LIST)

    answer = browser.send(f"{PAGE}/{run_id}/delete", page=f"{PAGE}/{run_id}")

    assert answer.headers["Location"] == PAGE
    assert (many(expo, ImportPiece), many(expo, ImportRemark)) == (0, 0)
    assert acts(expo)[-1] == "list deleted"
    again = browser.send(f"{PAGE}/{run_id}/delete", page=PAGE)
    assert again.headers["Location"] == f"{PAGE}/{run_id}"


def test_a_list_is_not_deleted_while_it_is_imported(expo: Flask) -> None:
    browser = signed_in(expo)
    run_id = looked_at(expo, browser, LIST)
    browser.send(f"{PAGE}/{run_id}/apply", page=f"{PAGE}/{run_id}", looks="1")

    browser.send(f"{PAGE}/{run_id}/delete", page=f"{PAGE}/{run_id}")

    assert run(expo, run_id).deleted_at is None


def test_who_is_erased_stays_in_no_list(expo: Flask) -> None:
    browser = signed_in(expo)
    import_it(expo, browser, looked_at(expo, browser, LIST))
    given(expo, browser, LIST)

    with expo.app_context(), transaction() as session:
        one = session.scalars(select(Delegate).where(Delegate.name == "Ada Lim")).one()
        erasing.erase(session, one, actor="staff:1", reason="asked", now=clock.now())

    assert (many(expo, ImportPiece), many(expo, ImportRemark)) == (0, 0)


def test_only_so_many_lists_are_kept(expo: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_runs, "MOST_LISTS", 1)
    browser = signed_in(expo)
    uploaded(browser, LIST)

    answer = uploaded(browser, LIST)

    assert answer.status_code == 422
    assert "delete one below first" in answer.text


def test_the_marked_rows_are_a_workbook_that_can_be_mended_and_imported(expo: Flask) -> None:
    browser = signed_in(expo)
    run_id = looked_at(expo, browser, LIST.replace("Nobody", "=SUM(1)"))
    page = f"{PAGE}/{run_id}"

    answer = browser.send(f"{page}/marked.xlsx", page=page)

    content = answer.data
    answer.close()
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    rows = list(book.active.iter_rows(values_only=True))
    book.close()
    assert rows[0][:4] == ("Line", "State", "What is wrong", "Nama penuh")
    assert [row[:2] for row in rows[1:]] == [
        (4, "Taken, but doubtful"),
        (5, "Rejected"),
        (6, "Twice in the list"),
        (7, "Rejected"),
    ]
    assert (
        rows[2][2]
        == "E-mail address: not an address is not one e-mail address. Write it like name@example.org."
    )
    assert rows[4][5] == "=SUM(1)"
    assert acts(expo)[-1] == "list fetched"
    again = given(expo, browser, content, "marked.xlsx")
    assert run(expo, again).fields[:4] == ["", "", "", "name"]


# --- files that are no lists ------------------------------------------------------------------------------------


def bombed() -> bytes:
    out = io.BytesIO(xlsx(["Name"], ["Ana"]))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/a.bin", bytes(401 * 1024**2))
    return out.getvalue()


def with_macros() -> bytes:
    out = io.BytesIO(xlsx(["Name"], ["Ana"]))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
    return out.getvalue()


HOSTILE = [
    (bombed, "unpacks to too much"),
    (with_macros, "has macros"),
    (lambda: xlsx(["Name"], ["Ana"])[:-100], "damaged, or came only in part"),
    (lambda: xlsx([f"c{number}" for number in range(10_000)], ["Ana"]), "more than 200 columns"),
    (lambda: ",".join(f"c{number}" for number in range(10_000)).encode(), "more than 200 columns"),
    (lambda: b"Name\nAna\nZo\xeb\n\x81\n", "Line 4 is not in the encoding"),
    (lambda: "Name\nJosé\nAndré\n".encode() + "Zoë\n".encode("cp1252"), "Line 4 is not in the encoding"),
    (lambda: b'Name\n"Ana\n', "line 2 can&#39;t be read"),
    (lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "neither XLSX nor text"),
    (lambda: b"\xd0\xcf\x11\xe0" + bytes(100), "has a password"),
    (lambda: b"PK\x03\x04nothing", "damaged, or came only in part"),
    (lambda: b"\n\n", "it needs a line with the names"),
    (lambda: b"Name,Country\n", "no rows below"),
    (lambda: b"Name\n" + b"a\n" * 100_001, "more than 100,000 rows"),
]


@pytest.mark.parametrize(("content", "said"), HOSTILE)
def test_a_file_that_is_no_list_is_refused_with_why_and_deleted(expo: Flask, content: Any, said: str) -> None:
    browser = signed_in(expo)

    run_id = given(expo, browser, content())

    page = browser.get(f"{PAGE}/{run_id}").text
    assert run(expo, run_id).state == "failed"
    assert said in page
    assert (many(expo, ImportPiece), many(expo, Delegate)) == (0, 0)


def test_cells_that_a_spreadsheet_would_run_are_names_like_others(expo: Flask) -> None:
    browser = signed_in(expo)

    import_it(
        expo, browser, looked_at(expo, browser, 'Name\n"=HYPERLINK(""http://x"",1)"\n<script>1</script>\n')
    )

    assert people(expo) == ['=HYPERLINK("http://x",1)', "<script>1</script>"]


def test_a_list_that_is_too_big_is_refused_before_it_is_read(
    expo: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in(expo)
    monkeypatch.setattr(uploads, "MOST_BYTES", 1000)

    just = uploaded(browser, b"Name\n" + b"a" * 1000)
    far = uploaded(browser, b"Name\n" + b"a" * 100_000)

    assert (just.status_code, far.status_code) == (422, 422)
    assert "This file is bigger" in far.text
    assert many(expo, ImportRun) == 0


@pytest.mark.parametrize(("content", "said"), [(b"", "is empty"), (None, "choose the file first")])
def test_no_file_is_asked_for_again(expo: Flask, content: bytes | None, said: str) -> None:
    browser = signed_in(expo)

    answer = browser.send(PAGE) if content is None else uploaded(browser, content)

    assert answer.status_code == 422
    assert said in answer.text


def test_a_list_of_another_page_is_refused(expo: Flask) -> None:
    browser = signed_in(expo)

    answer = browser.client.post(PAGE, data={"file": (io.BytesIO(b"Name\nAna\n"), "a.csv")}, headers=HTML)

    assert answer.status_code == 422
    assert many(expo, ImportRun) == 0


def test_a_process_of_its_own_reads_lists_and_refuses_them() -> None:
    with reading_process(File("list", LIST.encode())) as parts:
        head, rows = parts
    with (
        pytest.raises(Exception, match="has a password"),
        reading_process(File("list", b"\xd0\xcf\x11\xe0")) as parts,
    ):
        list(parts)

    assert head.fields[0] == "name"
    assert len(rows) == 6


def test_a_row_of_very_many_cells_takes_no_more_memory_than_there_is() -> None:
    bomb = io.BytesIO(xlsx(["Name"], ["Ana"]))
    with zipfile.ZipFile(bomb) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    head, tail = parts[sheet].split(b"</sheetData>")
    parts[sheet] = head + b"<row>" + b"<c/>" * 9_000_000 + b"</row></sheetData>" + tail
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    parts.clear()

    with (
        pytest.raises(Exception, match="unpacks to too much"),
        reading_process(File("list", bomb.getvalue()), most_memory=400 * 1024**2) as read,
    ):
        list(read)


# --- pages ------------------------------------------------------------------------------------------------------


def test_no_page_needs_more_than_eight_statements(expo: Flask) -> None:
    browser = signed_in(expo)
    matching, checked = given(expo, browser, LIST), looked_at(expo, browser, LIST)
    done = looked_at(expo, browser, LIST)
    import_it(expo, browser, done)

    for path in (
        PAGE,
        *(f"{PAGE}/{run_id}{part}" for run_id in (matching, checked, done) for part in ("", "/live")),
    ):
        with counted(expo) as sent:
            assert browser.get(path).status_code == 200
        assert len(sent) <= MOST_STATEMENTS, (path, sent)


def test_what_is_not_there_is_not_found(expo: Flask) -> None:
    browser = signed_in(expo)

    for number in (99, 2**31, 2**63):
        assert browser.get(f"{PAGE}/{number}").status_code == 404


def test_every_state_has_its_words() -> None:
    assert set(LIST_STATES) == set(import_runs.STATES)


def test_whoever_saw_or_took_a_list_is_told_of() -> None:
    assert "list opened" in audit.LOOKS
    assert "list fetched" in audit.TAKEN
    assert list_process.MOST_MEMORY > uploads.MOST_BYTES
