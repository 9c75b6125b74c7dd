"""The start page: the event as its reader writes dates, and what to do where there is none."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from checkin import clock
from checkin.db import reading, transaction
from checkin.domain.event import AreaSettings, DaySettings, EventSettings, set_event
from checkin.domain.programme import programme
from checkin.registration import routes


def _set_event(app: Flask, *days: DaySettings) -> None:
    settings = EventSettings(
        code="SCEKL25",
        name="Smart City Expo <Kuala Lumpur> 2025",
        theme="AI Cities: Shaping Our Digital Future",
        venue="Kuala Lumpur",
        organiser="Co-organised by MDEC and DNB for the Ministry of Digital",
        time_zone="Asia/Kuala_Lumpur",
        days=days,
        areas=(AreaSettings("Expo", main=True),),
        doors=(),
        categories=(),
    )
    with app.app_context(), transaction() as session:
        set_event(session, settings, key=app.config["CHECKIN"].key, now=clock.now())


def _page(app: Flask, language: str = "en") -> str:
    return app.test_client().get("/", headers={"Accept": "text/html", "Accept-Language": language}).text


def test_an_empty_installation_says_what_to_do(app: Flask) -> None:
    page = _page(app)

    assert "There is no event here yet" in page
    assert "checkin event set FILE.toml" in page


def test_the_start_page_says_what_the_event_is(app: Flask) -> None:
    _set_event(
        app,
        DaySettings(date(2025, 9, 16), name="Build day", counts=False),
        *(DaySettings(date(2025, 9, 17 + n)) for n in range(3)),
    )

    english, malay = _page(app), _page(app, "ms")

    assert "Smart City Expo &lt;Kuala Lumpur&gt; 2025" in english
    assert "17–19 September 2025" in english
    assert "Co-organised by MDEC and DNB" in english
    assert ">Kakitangan</a>" in malay


@pytest.mark.parametrize(
    ("first", "last", "english", "malay"),
    [
        (date(2025, 9, 17), date(2025, 9, 17), "17 September 2025", "17 September 2025"),
        (date(2025, 8, 30), date(2025, 9, 1), "30 August – 1 September 2025", "30 Ogos – 1 September 2025"),
        (
            date(2025, 12, 31),
            date(2026, 1, 1),
            "31 December 2025 – 1 January 2026",
            "31 Disember 2025 – 1 Januari 2026",
        ),
    ],
)
def test_days_are_written_as_their_reader_does(
    app: Flask, first: date, last: date, english: str, malay: str
) -> None:
    _set_event(app, DaySettings(first), *((DaySettings(last),) if last != first else ()))

    assert english in _page(app)
    assert malay in _page(app, "ms")


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2025, 9, 14, 1, tzinfo=UTC), "3 days to go"),
        (datetime(2025, 9, 16, 1, tzinfo=UTC), "1 day to go"),
        # Two in the morning in Kuala Lumpur still belongs to the day before.
        (datetime(2025, 9, 16, 18, tzinfo=UTC), "1 day to go"),
        (datetime(2025, 9, 17, 1, tzinfo=UTC), "Today: day 1 of 2"),
        (datetime(2025, 9, 18, 1, tzinfo=UTC), "1 day to go"),
        (datetime(2025, 9, 19, 1, tzinfo=UTC), "Today: day 2 of 2"),
        (datetime(2025, 9, 20, 1, tzinfo=UTC), "This event is over. Thank you for coming."),
    ],
)
def test_the_countdown_is_in_days_of_the_event(app: Flask, moment: datetime, said: str) -> None:
    _set_event(app, DaySettings(date(2025, 9, 17)), DaySettings(date(2025, 9, 19)))

    with app.test_request_context(), reading() as session:
        assert routes.countdown(programme(session), moment) == said


@pytest.mark.parametrize(
    "back",
    ["//evil.example", "/\\evil.example", "https://evil.example", "\t/x", "/a\nb", "", "javascript:alert(1)"],
)
def test_choosing_a_language_never_leads_elsewhere(app: Flask, back: str) -> None:
    reply = app.test_client().get("/language/ms", query_string={"back": back})

    assert (reply.status_code, reply.location) == (303, "/")


def test_a_chosen_language_is_kept_for_a_year(app: Flask) -> None:
    client = app.test_client()

    reply = client.get("/language/ms?back=/login?next=/account")

    assert reply.location == "/login?next=/account"
    kept = client.get_cookie("language")
    assert kept is not None
    assert (kept.value, kept.max_age) == ("ms", timedelta(days=365).total_seconds())
    assert '<html lang="ms"' in client.get("/", headers={"Accept": "text/html"}).text


def test_a_language_we_do_not_have_is_not_found(app: Flask) -> None:
    assert app.test_client().get("/language/xx").status_code == 404
