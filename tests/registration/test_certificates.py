"""Certificates of attendance: for who was there, once it is over; on paper, and on the page that checks them."""

import datetime as dt
import html
import io
import re
from dataclasses import replace

import pypdfium2
import pytest
import zxingcpp
from flask import Flask
from PIL import Image
from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE
from sqlalchemy import select
from werkzeug.test import TestResponse

from checkin import clock
from checkin.db import reading, transaction
from checkin.documents import scripts
from checkin.documents.certificates import Face, certificate_pdf
from checkin.domain import certificates, erasing
from checkin.domain.audit import Audit
from checkin.domain.certificates import Certificate
from checkin.domain.delegates import cancel, delegate_with_reference
from checkin.domain.programme import programme
from tests import world
from tests.accounts.people import PAGE, Browser
from tests.organisers.staff import signed_in

NAME = "சுப்பிரமணியம் முருகன்"
DAYS = [dt.date(2025, 9, 17), dt.date(2025, 9, 18)]


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def held(expo: Flask) -> Flask:
    """Murugan comes on two days that count and on one that doesn't; Ben never."""
    world.enrol(expo, [world.person(NAME, organisation="MDEC"), world.person("Ben Lim")])
    phone, code = world.pair(expo), world.codes(expo)[NAME]
    for day in ("16", "17", "18"):
        phone.scan(code, f"2025-09-{day}T01:00:00Z")
    return expo


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def own(app: Flask, name: str, language: str = "en") -> TestResponse:
    token = world.link(app, name)
    return Browser(app).send(f"/me/{token}/certificate.pdf", page="/find", language=language)


def read(content: bytes) -> tuple[str, str]:
    """A certificate's text, and where its square leads."""
    page = pypdfium2.PdfDocument(content)[0]
    symbols = zxingcpp.read_barcodes(page.render(scale=150 / 72).to_pil())
    return page.get_textpage().get_text_bounded(), symbols[0].text


def checked(app: Flask, address: str) -> TestResponse:
    return app.test_client().get("/" + address.split("/", 3)[3], headers=PAGE)


def test_of_a_merged_person_every_code_tells_the_same(held: Flask) -> None:
    """Withdrawn for one entry is withdrawn for both, and given back for both."""
    world.pair(held).scan(world.codes(held)["Ben Lim"], "2025-09-17T01:00:00Z")
    codes = []
    with held.app_context(), transaction() as session:
        plan, key = programme(session), held.config["CHECKIN"].key
        one, two = (delegate_with_reference(session, f"KL-0000{n}") for n in (1, 2))
        now = clock.now()
        for each in (one, two):
            codes.append(certificates.issue(session, each, programme=plan, key=key, now=now)[1])
        cancel(session, two, now=now)
        two.merged_into = one.id
        session.flush()
        told = []
        for change in (certificates.withdraw, certificates.give_back):
            known = {"now": now} if change is certificates.withdraw else {}
            assert change(session, one.id, **known)
            told.append([getattr(certificates.checked(session, c, plan), "state", "") for c in codes])
    assert told == [["withdrawn"] * 2, ["genuine"] * 2]


@on_sqlite
def test_who_was_there_has_a_certificate_that_can_be_checked(held: Flask) -> None:
    mine = held.test_client().get(f"/me/{world.link(held, NAME)}", headers=PAGE)
    absent = held.test_client().get(f"/me/{world.link(held, 'Ben Lim')}", headers=PAGE)
    english, malay, none = own(held, NAME), own(held, NAME, "ms"), own(held, "Ben Lim")
    organiser = signed_in(held)
    page = "/organiser/delegates/KL-00001/attendance"
    by_organiser = organiser.send("/organiser/delegates/KL-00001/certificate.pdf", page=page, language="en")

    assert "You were there on 2 days." in mine.text
    assert "Certificate of attendance" not in absent.text
    assert (none.status_code, "no certificate" in none.text) == (409, True)
    text, address = read(english.data)
    assert "17, 18 September 2025" in text
    assert "MDEC" in text
    in_malay, the_same = read(malay.data)
    assert "SIJIL KEHADIRAN" in in_malay.upper()
    assert "17, 18 September 2025" in in_malay
    assert {the_same, read(by_organiser.data)[1]} == {address}
    code = address.rpartition("/")[2]
    assert re.fullmatch(r"http://\S+/certificates/[0-9A-HJKMNP-TV-Z]{16}", address)
    assert "-".join(re.findall("....", code)) in text

    found = checked(held, address)
    typed = held.test_client().get(f"/certificates?code={code[:4].lower()}-{code[4:]}", headers=PAGE)
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    unknown, nonsense = (
        checked(held, f"http://x/certificates/{wrong}"),
        checked(held, "http://x/certificates/%00"),
    )
    half = held.test_client().get(f"/certificates?code={code[:8]}", headers=PAGE)

    assert all(
        said in text_of(found.text) for said in ("is genuine", NAME, "MDEC", "on 2 days: 17, 18 September")
    )
    assert "KL-00001" not in found.text, "no more than what is on the paper"
    assert found.headers["X-Robots-Tag"] == "noindex"
    assert (typed.status_code, typed.location) == (303, f"/certificates/{code}")
    assert [unknown.status_code, nonsense.status_code, half.status_code] == [404, 404, 422]
    assert code[:8] in half.text, "what was typed comes back"
    with held.app_context(), reading() as session:
        assert code not in str(session.execute(select(*Certificate.__table__.c)).all()), "it is never stored"
        acts = session.scalars(select(Audit).where(Audit.action == "certificate issued")).all()
        assert [act.actor for act in acts] == ["delegate:KL-00001", "staff:1"]


def test_a_certificate_says_what_became_of_it(held: Flask) -> None:
    address = read(own(held, NAME).data)[1]
    organiser, page = signed_in(held), "/organiser/delegates/KL-00001/attendance"
    path = "/organiser/delegates/KL-00001/certificate"
    correcting = "/organiser/delegates/KL-00001/correct"
    fields = organiser.filled(correcting)
    organiser.send(correcting, **(fields | {"name": "Murugan Subramaniam"}))

    renamed = (checked(held, address), read(own(held, "Murugan Subramaniam").data))
    unsaid = organiser.send(f"{path}/withdraw", page=page)
    organiser.send(f"{path}/withdraw", page=page, reason="given by mistake")
    withdrawn, refused = checked(held, address), own(held, "Murugan Subramaniam")
    organiser.send(f"{path}/restore", page=page, reason="it was right")
    restored = checked(held, address)
    with held.app_context(), transaction() as session:
        ada = delegate_with_reference(session, "KL-00001", hold=True)
        erasing.erase(session, ada, actor="command line", reason="asked", now=clock.now())
    erased = checked(held, address)

    assert "Murugan Subramaniam" in renamed[0].text
    assert renamed[1][1] == address, "the same code under the new name"
    assert unsaid.status_code == 422
    assert "This certificate was withdrawn" in withdrawn.text
    assert "Murugan" not in withdrawn.text
    assert refused.status_code == 409
    assert "is genuine" in restored.text
    assert "tells of nobody any more" in erased.text
    assert "Murugan" not in erased.text


@on_sqlite
def test_guessing_is_slowed_down(expo: Flask) -> None:
    client = expo.test_client()

    statuses = [client.get(f"/certificates/{number:016}").status_code for number in range(31)]

    assert (set(statuses[:30]), statuses[30]) == ({404}, 429)


@on_sqlite
def test_certificates_wait_for_the_end_of_the_last_day(expo: Flask) -> None:
    world.set_event(
        expo,
        days=[{"date": DAYS[0]}, {"date": DAYS[1], "opens": dt.time(9), "closes": dt.time(18)}],
        categories=[{"name": "Delegate"}],
    )
    with expo.app_context(), reading() as session:
        plan = programme(session)

    def over(day: dt.date, hour: int) -> bool:
        now = dt.datetime.combine(day, dt.time(hour), plan.zone)
        return certificates.is_over(plan, now=now)

    assert [over(DAYS[0], 23), over(DAYS[1], 17), over(DAYS[1], 18)] == [False, False, True]
    assert over(DAYS[1] + dt.timedelta(days=1), 2), "the small hours belong to the day before"


@on_sqlite
def test_names_of_every_script_are_printed(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    samples = [
        scripts.SAMPLES[one] for one in ("Arabic", "Devanagari", "Khmer", "Myanmar", "Tibetan", "Thai")
    ]
    names = [
        " ".join(samples),
        "Tan Sri " + "Mohd Shahrizal Iskandar bin Abdul Rahman " * 2,
        "ليلى",
        "龍" * 50,
    ]

    for name in names:
        address = f"https://expo.example.org/certificates/{'0' * 16}"
        face = Face(
            name, None, "Kementerian Digital", "Smart City Expo", "KLCC", "MDEC", DAYS, "0" * 16, address
        )
        with app.test_request_context():
            content = certificate_pdf(face, language="ms")
        assert len(pypdfium2.PdfDocument(content)) == 1
        assert read(content)[1] == address
    assert "notdef" not in caplog.text, "a letter had no glyph"


@on_sqlite
def test_the_events_logo_stands_above_its_organiser(app: Flask) -> None:
    address, out = f"https://expo.example.org/certificates/{'0' * 16}", io.BytesIO()
    Image.new("RGB", (900, 200), (0, 128, 0)).save(out, format="PNG")
    plain = Face("Ada", "MY", "MDEC", "Expo", "KLCC", "MDEC Berhad", DAYS, "0" * 16, address)

    with app.test_request_context():
        files = [
            certificate_pdf(face, language="en") for face in (plain, replace(plain, logo=out.getvalue()))
        ]

    pictures = [list(pypdfium2.PdfDocument(file)[0].get_objects([FPDF_PAGEOBJ_IMAGE])) for file in files]
    assert pictures[0] == []
    left, bottom, right, top = pictures[1][0].get_bounds()
    # In points: under 60 mm wide, and above the organiser, 22 mm from the bottom.
    assert 0 < right - left <= 170.2
    assert 62 < bottom < top < 150
