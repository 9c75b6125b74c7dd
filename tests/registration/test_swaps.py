"""Somebody else comes instead, as whoever registered them says on their own page."""

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain import swaps
from checkin.domain.audit import Audit
from checkin.domain.delegates import Consent, Delegate
from checkin.domain.messages import Message
from checkin.domain.scans import Attendance
from tests import world
from tests.accounts.people import Browser
from tests.organisers.staff import signed_in

GIVEN = {"name": "Cem Kaya", "job_title": "Engineer", "consent_notice": "y"}


@pytest.fixture
def stand(app: Flask) -> tuple[Flask, Browser, str, str]:
    """An event on today; Ada of Digital Works, who registered Ben; her page and Ben's reference."""
    categories = [{"name": "Delegate", "self_registration": True}, {"name": "Media", "approval": True}]
    world.set_event(app, days=[{"date": world.today()}], categories=categories)
    ada = world.person("Ada Lim", email="ada@example.org", organisation="Digital Works", country="MY")
    world.enrol(app, [ada])
    token, ben = world.contact(app, "Ada Lim", colleague="Ben Lim")
    return app, Browser(app), f"/me/{token}", ben


def people(app: Flask) -> dict[str, Delegate]:
    with app.app_context(), reading() as session:
        return {one.name: one for one in session.scalars(select(Delegate).order_by(Delegate.id))}


def test_a_contact_swaps_whom_they_registered(stand: tuple[Flask, Browser, str, str]) -> None:
    app, browser, path, ben = stand
    phone, now = world.pair(app), clock.now().isoformat()
    old = world.codes(app)["Ben Lim"]
    phone.scan(old, now)
    assert f"{path}/people/{ben}/swap" in browser.get(path).text
    form = browser.get(f"{path}/people/{ben}/swap").text

    wrong = browser.send(f"{path}/people/{ben}/swap", name="Cem Kaya")
    done = browser.send(f"{path}/people/{ben}/swap", **GIVEN)
    page = browser.get(done.location).text
    again = browser.send(f"{path}/people/{ben}/swap", **GIVEN | {"name": "Dee"}, page=path)

    assert "You can do this 10 more times" in form
    assert (wrong.status_code, done.status_code) == (422, 303)
    assert 'value="Cem Kaya"' in wrong.text
    assert "Cem Kaya comes instead of Ben Lim" in page
    assert again.location == path
    known = people(app)
    assert list(known) == ["Ada Lim", "Ben Lim", "Cem Kaya"]
    cem = known["Cem Kaya"]
    first = known["Ben Lim"]
    same = ("organisation", "category_id", "country", "email")
    assert [getattr(cem, name) for name in same] == [getattr(first, name) for name in same]
    assert (first.status, cem.status, cem.job_title) == ("cancelled", "confirmed", "Engineer")
    # The old badge is dead, the new one good, and attendance stays with the first.
    assert phone.scan(old, now)["reason"] == "cancelled"
    assert phone.scan(world.codes(app)["Cem Kaya"], now)["verdict"] == "admitted"
    with app.app_context(), reading() as session:
        assert (
            session.scalars(select(Attendance.delegate_id).order_by(Attendance.first_at)).first() == first.id
        )
        mailed = select(Message.kind).where(Message.delegate_id == cem.id)
        assert session.scalars(mailed).all() == ["badge"]
        told = session.scalars(
            select(Audit).where(Audit.action == "delegate swapped").order_by(Audit.id)
        ).all()
        assert [(one.actor, one.subject) for one in told] == [
            ("delegate:KL-00001", ben),
            ("delegate:KL-00001", cem.reference),
        ]
        agreed = select(Consent.purpose).where(Consent.delegate_id == cem.id)
        assert session.scalars(agreed).all() == ["notice"]
    seen = signed_in(app).get(f"/organiser/delegates/{cem.reference}").text
    assert "Swapped one person for another" in seen


def test_a_swap_that_cant_be_changes_nothing(
    stand: tuple[Flask, Browser, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, browser, path, ben = stand
    swap = f"{path}/people/{ben}/swap"
    world.enrol(app, [world.person("Eve", email="eve@example.org")])
    hers = f"/me/{world.link(app, 'Eve')}"
    bens = f"/me/{world.link(app, 'Ben Lim')}"

    # Neither somebody else's people, nor one's own place by a colleague.
    assert browser.get(f"{hers}/people/{ben}/swap").status_code == 404
    assert browser.get(f"{bens}/people/{ben}/swap").status_code == 404
    monkeypatch.setattr(swaps, "SWAPS_AT_MOST", 1)
    assert browser.send(swap, **GIVEN).status_code == 303
    cem = people(app)["Cem Kaya"].reference
    more = browser.send(f"{path}/people/{cem}/swap", **GIVEN | {"name": "Dee"}, page=path)
    assert "ask the organisers or the help desk" in browser.get(more.location).text
    monkeypatch.setattr(swaps, "SWAPS_AT_MOST", 10)
    with app.app_context(), transaction() as session:
        session.get_one(Delegate, people(app)["Cem Kaya"].id).category_id = 2
    assert browser.get(f"{path}/people/{cem}/swap").location == path
    with app.app_context(), transaction() as session:
        session.get_one(Delegate, people(app)["Cem Kaya"].id).category_id = 1
    after = clock.now() + dt.timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: after)
    assert browser.get(f"{path}/people/{cem}/swap").location == path
    assert "Dee" not in people(app)


def test_where_the_address_is_full_the_newcomer_takes_the_others_share(
    stand: tuple[Flask, Browser, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, browser, path, ben = stand
    monkeypatch.setattr(swaps, "SHARED_AT_MOST", 1)

    assert browser.send(f"{path}/people/{ben}/swap", **GIVEN).status_code == 303

    known = people(app)
    assert (known["Cem Kaya"].email, known["Cem Kaya"].share) == ("ada@example.org", 1)
    assert (known["Ben Lim"].email, known["Ben Lim"].share) == (None, None)
