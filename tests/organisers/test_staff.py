"""The staff as organisers manage it: invited, given roles, stopped, let back, and never without an organiser."""

import html
import re
import time
import uuid

import pytest
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.config import Config
from checkin.db import reading, transaction
from checkin.domain import staff
from checkin.domain.audit import Audit
from checkin.domain.doors import device_with_token
from checkin.domain.staff import Staff
from checkin.errors import Refusal
from tests import world
from tests.accounts.people import Browser, opened
from tests.bench.statements import counted
from tests.mailboxes import mailbox
from tests.organisers.staff import signed_in
from tests.workers import working

PAGE = "/organiser/staff"
MOST_STATEMENTS = 8


def organiser(app: Flask, name: str = "") -> Browser:
    """One who has just typed the password."""
    browser = signed_in(app, name=name)
    with browser.client.session_transaction() as kept:
        kept["fs_paa"] = time.time()
    return browser


def members(app: Flask) -> dict[str, Staff]:
    with app.app_context(), reading() as session:
        return {one.email: one for one in session.scalars(select(Staff))}


def acts(app: Flask) -> list[str]:
    with app.app_context(), reading() as session:
        return [one for one in session.scalars(select(Audit.action).order_by(Audit.id)) if "staff" in one]


def test_somebody_is_invited_by_an_address_that_is_shown_once(expo: Flask) -> None:
    browser = organiser(expo)

    told = browser.send(PAGE, email=" Ben@Example.org ", role="desk")

    [path] = re.findall(r"<code>[^<]*(/invitation/[\w-]+)</code>", told.text)
    assert expo.test_client().get(path, headers={"Accept": "text/html"}).status_code == 200
    assert path not in browser.get(PAGE).text
    assert members(expo)["ben@example.org"].role == "desk"
    assert acts(expo) == ["staff added"]
    assert "invited until" in browser.get(PAGE).text


@pytest.mark.parametrize(
    ("email", "role", "said"),
    [
        ("ben", "desk", "one e-mail address"),
        ("b@example.org, c@example.org", "desk", "one e-mail address"),
        ("ben@example.org", "king", "choose a role"),
        ("organiser@example.org", "desk", "on the staff already"),
    ],
)
def test_what_makes_no_sense_comes_back_filled_in(expo: Flask, email: str, role: str, said: str) -> None:
    answer = organiser(expo).send(PAGE, email=email, role=role)

    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{html.escape(email)}"' in answer.text
    assert list(members(expo)) == ["organiser@example.org"]


def test_a_role_is_changed_and_counts_at_once(expo: Flask) -> None:
    browser, other = organiser(expo), signed_in(expo, "desk")
    number = members(expo)["desk@example.org"].id
    assert other.get("/organiser/delegates").status_code == 403

    browser.send(f"{PAGE}/{number}/role", page=PAGE, role="supervisor")
    twice = browser.send(f"{PAGE}/{number}/role", page=PAGE, role="supervisor")

    assert other.get("/organiser/delegates").status_code == 200
    assert twice.status_code == 303
    assert acts(expo) == ["staff role changed"]


def test_who_is_stopped_is_out_at_once_and_comes_back_with_what_they_had(expo: Flask) -> None:
    browser, other = organiser(expo), signed_in(expo, "supervisor")
    number = members(expo)["supervisor@example.org"].id
    with expo.app_context(), transaction() as session:
        invitation = staff.invite(session, staff.member(session, number), now=clock.now())

    browser.send(f"{PAGE}/{number}/stop", page=PAGE)

    assert "/login" in other.get("/organiser").headers["Location"]
    assert expo.test_client().get(f"/invitation/{invitation}").status_code == 403
    assert "stopped" in browser.get(PAGE).text
    browser.send(f"{PAGE}/{number}/let_back".replace("_", "-"), page=PAGE)
    back = members(expo)["supervisor@example.org"]
    assert (back.active, back.password) == (True, "hash")
    assert acts(expo) == ["staff stopped", "staff let back"]


def test_sessions_are_ended_on_every_device(expo: Flask) -> None:
    browser, other = organiser(expo), signed_in(expo, "supervisor")
    number = members(expo)["supervisor@example.org"].id

    browser.send(f"{PAGE}/{number}/sign-out", page=PAGE)

    assert "/login" in other.get("/organiser").headers["Location"]


@pytest.mark.parametrize("act", ["stop", "role"])
def test_the_last_organiser_stays(expo: Flask, act: str) -> None:
    browser = organiser(expo)
    # Invited, but without a password yet: nobody who could let others in.
    browser.send(PAGE, email="ben@example.org", role="organiser")
    number = members(expo)["organiser@example.org"].id

    answer = browser.send(f"{PAGE}/{number}/{act}", page=PAGE, role="desk")

    assert answer.status_code == 409
    assert "invite another organiser first" in answer.text
    assert members(expo)["organiser@example.org"].active
    organiser(expo, "second")
    assert browser.send(f"{PAGE}/{number}/{act}", page=PAGE, role="desk").status_code == 303


def test_nothing_is_done_long_after_the_password_was_typed(expo: Flask) -> None:
    browser = organiser(expo)
    page = browser.get(PAGE)
    token = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[0]
    with browser.client.session_transaction() as kept:
        kept["fs_paa"] = time.time() - 3_600
        kept.pop("fs_gexp", None)

    form = {"csrf_token": token, "email": "ben@example.org", "role": "organiser"}
    answer = browser.client.post(PAGE, data=form, headers={"Accept": "text/html"})

    assert answer.status_code in {302, 303, 401}
    assert list(members(expo)) == ["organiser@example.org"]


def test_nobody_of_an_unknown_number(expo: Flask) -> None:
    browser = organiser(expo)

    for number in (99, 2**31, 2**63):
        assert browser.send(f"{PAGE}/{number}/stop", page=PAGE).status_code == 404


def test_the_page_takes_few_statements(expo: Flask) -> None:
    browser = organiser(expo)
    for number in range(5):
        browser.send(PAGE, email=f"ben{number}@example.org", role="desk")

    with counted(expo) as statements:
        browser.get(PAGE)

    assert len(statements) <= MOST_STATEMENTS


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_with_a_mail_server_the_invitation_goes_by_mail(expo: Flask, database_url: str) -> None:
    with mailbox() as box:
        config = Config(database_url=database_url, smtp_url=box.url, testing=True)
        with opened(config) as app:
            told = organiser(app).send(PAGE, email="ben@example.org", role="supervisor")
            with working(app):
                letter = box.next()

            assert told.status_code == 303
            assert letter.recipients == ["ben@example.org"]
            assert letter.header("Subject") == "Your sign-in for Smart City Expo Kuala Lumpur 2025"
            [path] = re.findall(r"(/invitation/[\w-]+)", letter.part("text/plain"))
            assert app.test_client().get(path, headers={"Accept": "text/html"}).status_code == 200


def test_a_supervisor_may_have_one_area_alone(expo: Flask) -> None:
    browser = organiser(expo)
    browser.send(PAGE, email="sue@example.org", role="supervisor:2")
    assert members(expo)["sue@example.org"].area_id == 2

    phones = {door: world.pair(expo, door) for door in ("Gate A", "Hall door")}
    sue = signed_in(expo, "supervisor", area_id=2)

    page = sue.get("/organiser/doors").text
    assert ("Hall door" in page, "Gate A" in page) == (True, False)
    with expo.app_context(), reading() as session:
        ids = {
            name: (found.id, found.door_id)
            for name, phone in phones.items()
            if (found := device_with_token(session, phone.token)) is not None
        }
    for name, status in (("Gate A", 403), ("Hall door", 200)):
        device, door = ids[name]
        statuses = [
            sue.get(f"/organiser/doors/{door}/pair").status_code,
            sue.get(f"/organiser/doors/phones/{device}").status_code,
            sue.get(f"/organiser/doors/phones/{device}/revoke").status_code,
        ]
        assert statuses == [status] * 3
    home, form = "/organiser/doors", "/account"
    assert sue.send(f"{home}/phones/{ids['Gate A'][0]}/revoke", page=form).status_code == 403
    hall = sue.send(f"{home}/phones/{ids['Hall door'][0]}/move", page=form, door=str(ids["Gate A"][1]))
    assert hall.status_code == 403
    # By hand and on paper likewise.
    world.enrol(expo, [world.person("Ada Lim")])
    gate, ada = str(ids["Gate A"][1]), "/desk/people/KL-00001"
    asked = {"id": str(uuid.uuid4()), "why": "phone flat", "door": gate}
    assert sue.send(f"{ada}/admit", page=form, **asked).status_code == 403
    assert browser.send(f"{ada}/admit", page=form, **asked).status_code == 303
    assert sue.send(f"{ada}/admissions/{asked['id']}/undo", page=form).status_code == 403
    keying = "/organiser/paper/keying"
    lines = {"door": gate, "direction": "in", "day": "2025-09-17", "lines": "KL-00001 09:15"}
    assert browser.send(keying, **lines).status_code == 303
    assert "Ada Lim" in browser.get(keying).text
    assert "Ada Lim" not in sue.get(keying).text
    [line] = re.findall(rf"{keying}/([0-9a-f-]+)/undo", browser.get(keying).text)
    assert sue.send(f"{keying}/{line}/undo", page=form).status_code == 403
    board = sue.get("/organiser?area=1")
    assert "Expo</a>" not in board.text
    assert (
        sue.get("/organiser/paper").text.count("<option")
        == browser.get("/organiser/paper").text.count("<option") - 3
    )


def test_an_area_with_a_supervisor_stays(expo: Flask) -> None:
    signed_in(expo, "supervisor", area_id=2)
    areas, doors = world.SETTINGS["areas"][:1], world.SETTINGS["doors"][:3]
    categories = [one | {"areas": ["Expo"]} for one in world.SETTINGS["categories"]]

    with pytest.raises(Refusal, match="Hall has a supervisor"):
        world.set_event(expo, areas=areas, doors=doors, categories=categories)


def test_another_role_takes_the_area_away(expo: Flask) -> None:
    browser = organiser(expo)
    signed_in(expo, "supervisor", area_id=2)
    sue = members(expo)["supervisor@example.org"]

    assert 'value="supervisor:2" selected' in browser.get(PAGE).text
    browser.send(f"{PAGE}/{sue.id}/role", page=PAGE, role="desk")

    sue = members(expo)["supervisor@example.org"]
    assert (sue.role, sue.area_id) == ("desk", None)
    assert browser.send(f"{PAGE}/{sue.id}/role", page=PAGE, role="supervisor:9").status_code == 422
    assert browser.send(f"{PAGE}/{sue.id}/role", page=PAGE, role="organiser:2").status_code == 422
