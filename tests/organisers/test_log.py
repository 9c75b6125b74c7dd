"""The audit log in words: who did what when, narrowed by each of them."""

import datetime as dt
import html
import re

from flask import Flask

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import audit
from checkin.organisers.wording import ACTIONS
from tests import world
from tests.accounts.people import Browser
from tests.bench.statements import counted
from tests.organisers.staff import signed_in

PAGE = "/organiser/audit"
NOON = dt.datetime(2025, 9, 17, 4, tzinfo=dt.UTC)


def keep(
    app: Flask, action: str, *, at: dt.datetime = NOON, actor: str = "command line", **more: object
) -> None:
    with app.app_context(), transaction() as session:
        audit.record(session, action, actor=actor, now=at, **more)  # type: ignore[arg-type]


def lines_of(page: str) -> list[list[str]]:
    """What stands in each row of the log."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.DOTALL)[1:]
    return [[_text(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)] for row in rows]


def _text(cell: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", cell)).split())


def did(browser: Browser, query: str) -> list[str]:
    return [line[2] for line in lines_of(browser.get(f"{PAGE}?{query}").text)]


def test_acts_are_told_in_words_with_names_for_who(expo: Flask) -> None:
    browser = signed_in(expo)
    world.pair(expo)
    keep(expo, "delegate corrected", actor="staff:1", subject="KL-00001", fields=["name", "job_title"])
    keep(expo, "scans exported", reason="Fire <count>", form="csv", door="Gate B")
    keep(expo, "of a newer release", actor="delegate:KL-00001")

    newest, exported, corrected, paired = lines_of(browser.get(PAGE).text)

    assert newest[1:3] == ["Delegate KL-00001", "of a newer release"]
    assert exported == [
        "17 Sep, 12:00",
        "Command line",
        "Exported scans",
        "",
        "Fire <count> format: csv · door: Gate B",
    ]
    assert corrected[1:] == [
        "organiser@example.org",
        "Corrected the details",
        "KL-00001",
        "fields: Name, Job title",
    ]
    assert paired[1:3] == ["Phone 1", "Paired a phone"]


def test_the_log_narrows_by_who_what_about_and_day(expo: Flask) -> None:
    browser = signed_in(expo)
    keep(expo, "delegate cancelled", actor="staff:1", subject="KL-00001", reason="Asked")
    keep(expo, "delegate opened", actor="staff:1", subject="KL-00002")
    # On the next day by the event's clock, and still the same one by UTC.
    keep(expo, "badges printed", at=dt.datetime(2025, 9, 17, 16, 30, tzinfo=dt.UTC))

    assert did(browser, "actor=staff:1") == ["Looked at a delegate", "Cancelled the registration"]
    assert did(browser, "action=changes") == ["Printed badges", "Cancelled the registration"]
    assert did(browser, "action=looks") == ["Looked at a delegate"]
    assert did(browser, "action=badges+printed") == ["Printed badges"]
    assert did(browser, "subject=kl-00001") == ["Cancelled the registration"]
    assert did(browser, "day=2025-09-18") == ["Printed badges"]
    assert did(browser, "day=2025-09-17&actor=staff:1&action=looks") == ["Looked at a delegate"]
    assert len(did(browser, "actor=%00&action=x&day=0001-01-01&subject=%00&before=-1")) in {0, 3}


def test_older_acts_follow_and_pages_take_few_statements(expo: Flask) -> None:
    browser = signed_in(expo)
    with expo.app_context(), transaction() as session:
        for number in range(70):
            audit.record(session, "event set", actor="command line", now=clock.now(), subject=f"n{number}")
    browser.get(PAGE)

    with counted(expo) as sent:
        first = browser.get(PAGE).text
    older = re.search(r'href="([^"]+)"\s+rel="next"', first)
    assert older is not None
    second = browser.get(html.unescape(older[1])).text

    shown = [line[3] for page in (first, second) for line in lines_of(page)]
    assert shown == [f"n{number}" for number in range(69, -1, -1)]
    assert len(sent) <= 6


def test_the_log_shows_its_end_to_be_noted(expo: Flask) -> None:
    browser = signed_in(expo)
    keep(expo, "event set")
    with expo.app_context(), reading() as session:
        end = str(audit.end(session))

    assert f"<code>{end}</code>" in browser.get(PAGE).text
    assert "<code>" not in browser.get(f"{PAGE}?action=looks").text


def test_every_act_that_the_code_keeps_has_its_words() -> None:
    from checkin.config import ROOT

    kept = set()
    for file in (ROOT / "checkin").rglob("*.py"):
        kept |= set(re.findall(r'audit\.record\(\s*\w+,\s*"([^"]+)"', file.read_text("utf-8")))

    assert kept
    assert kept - set(ACTIONS) == set()
