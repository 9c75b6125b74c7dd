"""The page that says which phones are ready, and the sheet of TEST badges."""

import datetime as dt
import re
from typing import Any

import pypdfium2
from flask import Flask
from sqlalchemy import select

from checkin import clock
from checkin.db import reading
from checkin.domain.audit import Audit
from tests import world
from tests.organisers.staff import signed_in
from tests.world import Phone

PAGE = "/organiser/readiness"


def report(phone: Phone, **changes: Any) -> None:
    now = clock.now().isoformat()
    words = {"sent_at": now, "waiting": 0, "last_seq": 1, "roster_age_s": 5, "camera": "ok", "sound": True}
    words |= {"storage": "persisted", "installed": True, "tested_at": now} | changes
    answer = phone.client.post("/api/door/v1/report", json=words, headers=phone.headers)
    assert answer.status_code == 200


def shown(app: Flask) -> str:
    return re.sub(r"\s+", " ", signed_in(app).get(PAGE).text)


def test_the_page_says_how_many_phones_are_ready_and_what_the_others_lack(expo: Flask) -> None:
    yesterday = (clock.now() - dt.timedelta(days=1)).isoformat()
    report(world.pair(expo, operator="Aina"))
    report(world.pair(expo, operator="Budi <b>"), camera="denied", tested_at=yesterday)
    world.pair(expo, operator="Chong")

    page = shown(expo)

    assert "1 of 3 ready" in page
    budi = page[page.index("Budi &lt;b&gt;") : page.index("Chong")]
    assert "Camera not allowed" in budi
    assert "Allow the camera" in budi
    assert "No TEST badge read today" in budi
    assert "Not heard yet" in page[page.index("Chong") :]
    assert page.index("Aina") > page.index("Chong"), "who is ready stands last"


def test_when_all_are_ready_the_page_is_green(expo: Flask) -> None:
    report(world.pair(expo))

    page = shown(expo)

    assert "1 of 1 ready" in page
    assert 'class="ready-hero all"' in page


def test_revoked_phones_and_paper_are_not_waited_for(expo: Flask) -> None:
    phone, browser = world.pair(expo), signed_in(expo)
    browser.send(f"/organiser/doors/phones/{phone.id}/revoke", page="/account", reason="lost")

    page = browser.get(PAGE).text

    assert "No phone is paired yet" in page


def test_an_organiser_prints_the_test_badges(expo: Flask) -> None:
    browser = signed_in(expo)

    answer = browser.send(f"{PAGE}/test-badges.pdf", page=PAGE)

    sheet = pypdfium2.PdfDocument(answer.data)
    assert sheet[0].get_textpage().get_text_bounded().count("TEST") == 4
    with expo.app_context(), reading() as session:
        assert "TEST badges printed" in session.scalars(select(Audit.action)).all()
