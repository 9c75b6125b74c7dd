"""Conflicts: what is listed as one, with which scans, and what becomes of it when somebody settles it."""

import re
import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import badges, conflicts
from checkin.domain.audit import Audit
from checkin.domain.conflicts import DOUBLED, MANY, OFF_TIME, OVERRULED, TWO_PLACES, Conflict
from checkin.domain.delegates import Delegate
from tests import world
from tests.accounts.people import Browser
from tests.organisers.staff import signed_in

PAGE = "/organiser/conflicts"


@pytest.fixture
def expo_now(expo: Flask) -> Flask:
    """The small event on a day of which twelve hours are over, wherever that is."""
    now = clock.now()
    ahead = now.hour - 12
    today = (now - timedelta(hours=ahead)).date()
    categories = [{"name": one["name"]} for one in world.SETTINGS["categories"]]
    zone = f"Etc/GMT{ahead:+d}"
    world.set_event(expo, days=[{"date": today}], time_zone=zone, cutover_hour=0, categories=categories)
    world.enrol(expo, [world.person("Ada Lim"), world.person("Ben Lim")])
    return expo


def _ago(minutes: float) -> str:
    return (clock.now() - timedelta(minutes=minutes)).isoformat()


def _found(app: Flask) -> dict[str, list[Conflict]]:
    """What is listed, by kind."""
    with app.app_context(), reading() as session:
        every = conflicts.conflicts(session)
    return {kind: [one for one in every if one.kind == kind] for kind in {one.kind for one in every}}


def _evidence(app: Flask, conflict: Conflict) -> list[str]:
    """The ids of the scans that are shown of a conflict."""
    with app.app_context(), reading() as session:
        return [str(row.id) for row in conflicts.evidence(session, [conflict])[conflict.key]]


def _settle(browser: Browser, conflict: Conflict, note: str, act: str = "settle") -> int:
    fields = {"kind": conflict.kind, "subject": conflict.subject, "note": note}
    return browser.send(f"{PAGE}/{act}", page="/account", **fields).status_code


def _doubled(app: Flask) -> tuple[world.Phone, list[str]]:
    """Two phones welcome Ada, one of them offline; the phone and the scans' ids, the earlier first."""
    online, offline = world.pair(app), world.pair(app, "Gate B", operator="Mei Ling")
    code = world.codes(app)["Ada Lim"]
    second = online.item(code, _ago(60), shown="admitted")
    first = offline.item(code, _ago(90), shown="admitted")
    online.send([second])
    offline.send([first])
    return offline, [first["id"], second["id"]]


def test_a_badge_that_two_offline_phones_welcomed_is_listed_with_both(expo_now: Flask) -> None:
    _, ids = _doubled(expo_now)

    found = _found(expo_now)

    assert list(found) == [DOUBLED]
    assert _evidence(expo_now, found[DOUBLED][0]) == ids
    page = signed_in(expo_now, "supervisor").get(PAGE).text
    for said in ("Ada Lim", "Gate A", "Gate B", "Phone 1", "Phone 2", "Aina", "Mei Ling", "Phone: Welcome"):
        assert said in page


def test_who_was_let_in_though_the_badge_was_revoked_is_listed(expo_now: Flask) -> None:
    phone, code = world.pair(expo_now), world.codes(expo_now)["Ada Lim"]
    with expo_now.app_context(), transaction() as session:
        ada = session.scalars(select(Delegate).where(Delegate.name == "Ada Lim")).one()
        badge = badges.live_badge(session, ada.id)
        assert badge is not None
        badges.revoke_badge(session, badge, revocation="revoked", reason="lost", now=clock.now())

    phone.scan(code, _ago(10), shown="admitted")
    phone.scan(code, _ago(5), shown="refused revoked")

    found = _found(expo_now)
    assert [(kind, len(listed)) for kind, listed in found.items()] == [(OVERRULED, 1)]
    assert "Server: Refused: the badge is revoked" in signed_in(expo_now).get(PAGE).text


def test_a_phones_wrong_clock_is_one_conflict_a_day(expo_now: Flask) -> None:
    phone, codes = world.pair(expo_now), world.codes(expo_now)
    ahead = [phone.item(codes[name], _ago(0), skew_ms=600_000) for name in ("Ada Lim", "Ben Lim")]
    future = phone.item(codes["Ada Lim"], _ago(-30))
    phone.send([*ahead, future, phone.item(codes["Ben Lim"], _ago(300), skew_ms=90_000)])

    found = _found(expo_now)

    assert [(one.kind, one.scans) for one in found[OFF_TIME]] == [(OFF_TIME, 3)]
    page = signed_in(expo_now).get(PAGE).text
    assert "clock 10 minutes ahead" in page
    assert "after it arrived" in page


def test_entries_at_two_doors_within_a_minute_are_listed(expo_now: Flask) -> None:
    here, there, code = world.pair(expo_now), world.pair(expo_now, "Gate B"), world.codes(expo_now)["Ada Lim"]
    first = here.item(code, _ago(60), shown="admitted")
    second = there.item(code, _ago(59.2), shown="repeat")
    there.send([second])
    here.send([first])
    there.scan(world.codes(expo_now)["Ben Lim"], _ago(59), shown="admitted")

    found = _found(expo_now)

    assert _evidence(expo_now, found[TWO_PLACES][0]) == [first["id"], second["id"]]


def test_three_entries_are_listed_apart_and_press_nobody(expo_now: Flask) -> None:
    phone, code = world.pair(expo_now), world.codes(expo_now)["Ada Lim"]
    for minutes in (300, 200, 100):
        phone.scan(code, _ago(minutes), shown="admitted" if minutes == 300 else "returned")

    found, browser = _found(expo_now), signed_in(expo_now)

    assert [(kind, [one.scans for one in listed]) for kind, listed in found.items()] == [(MANY, [3])]
    assert "Nothing to settle" in browser.get(PAGE).text
    assert "Ada Lim" in browser.get(f"{PAGE}?kind=many").text
    assert "way-count" not in browser.get("/organiser").text


def test_a_voided_scan_is_in_no_conflict(expo_now: Flask) -> None:
    phone, (first, _) = _doubled(expo_now)
    void = {"id": str(uuid.uuid4()), "scan": first, "reason": "wrong badge", "at": _ago(1)}

    phone.client.post("/api/door/v1/voids", json=void, headers=phone.headers)

    assert _found(expo_now) == {}


def test_a_conflict_is_settled_once_with_a_note_and_can_be_opened_again(expo_now: Flask) -> None:
    _doubled(expo_now)
    conflict = _found(expo_now)[DOUBLED][0]
    browser, other = signed_in(expo_now, "supervisor"), signed_in(expo_now)
    assert re.search(r'way-count">\s*1\s', browser.get("/organiser").text)

    settled = [
        _settle(one, conflict, note) for one, note in ((browser, "twins"), (other, "the same photograph"))
    ]

    assert settled == [303, 303]
    assert "way-count" not in browser.get("/organiser").text
    assert "twins" not in browser.get(PAGE).text
    kept = browser.get(f"{PAGE}?state=settled").text
    assert "twins" in kept
    assert "supervisor@example.org" in kept
    assert "the same photograph" not in kept
    assert [_settle(other, conflict, "", "reopen") for _ in range(2)] == [303, 303]
    assert _found(expo_now)[DOUBLED][0].settled is None
    with expo_now.app_context(), reading() as session:
        acts = session.scalars(select(Audit).where(Audit.action.like("conflict %")).order_by(Audit.id)).all()
    assert [(act.action, act.reason) for act in acts] == [
        ("conflict settled", "twins"),
        ("conflict reopened", ""),
    ]


def test_a_settled_conflict_is_open_again_when_more_scans_join_it(expo_now: Flask) -> None:
    phone, code = world.pair(expo_now), world.codes(expo_now)["Ada Lim"]
    phone.scan(code, _ago(-30))
    browser = signed_in(expo_now)
    _settle(browser, _found(expo_now)[OFF_TIME][0], "clock set right")

    before = _found(expo_now)[OFF_TIME][0].settled
    phone.scan(code, _ago(-90))
    after = _found(expo_now)[OFF_TIME][0]

    assert before is not None
    assert (after.settled, after.scans) == (None, 2)
    assert _settle(browser, after, "set right once more") == 303
    assert _found(expo_now)[OFF_TIME][0].settled is not None


def test_a_conflict_without_a_note_comes_back_with_its_filters(expo_now: Flask) -> None:
    _doubled(expo_now)
    conflict, browser = _found(expo_now)[DOUBLED][0], signed_in(expo_now)

    fields = {"kind": conflict.kind, "subject": conflict.subject, "note": "  "}
    refused = browser.send(f"{PAGE}/settle?kind=doubled", page="/account", **fields)

    assert refused.status_code == 422
    assert f'href="#note-doubled-{conflict.subject}"' in refused.text
    assert 'action="/organiser/conflicts/settle?kind=doubled"' in refused.text


@pytest.mark.parametrize("kind", ["nothing", "doubled", "off_time", "many"])
def test_what_is_no_conflict_is_not_settled(expo_now: Flask, kind: str) -> None:
    unknown = Conflict(kind, "x:y:z", clock.now().date(), 1, clock.now(), 1, None)

    assert _settle(signed_in(expo_now), unknown, "note") == 303
    assert _found(expo_now) == {}


def test_odd_filters_show_a_page(expo_now: Flask) -> None:
    browser = signed_in(expo_now)
    queries = ["kind=x", "day=2031-01-01", "state=x", "page=99", "page=-1", "page=x", "kind=many&state=all"]

    assert [browser.get(f"{PAGE}?{query}").status_code for query in queries] == [200] * len(queries)
