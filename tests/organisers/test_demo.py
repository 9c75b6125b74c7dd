"""The demo event: its set-up, its people and its scans."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

import phonenumbers
import pytest
from sqlalchemy import func, select

from checkin import schema
from checkin.app import create_app
from checkin.config import Config
from checkin.db import db, reading
from checkin.domain import delegates
from checkin.domain.badges import Badge
from checkin.domain.delegates import Delegate
from checkin.domain.details import clean_details
from checkin.domain.doors import Device
from checkin.domain.event import Category
from checkin.domain.programme import Programme, programme
from checkin.domain.scans import Attendance, Scan
from checkin.errors import Conflict, Refusal
from checkin.organisers import demo
from checkin.organisers.demo import DemoCounts
from checkin.organisers.demo_people import invented, turns

STARTS = date(2025, 9, 17)
AFTERWARDS = datetime(2025, 10, 1, 8, tzinfo=UTC)
COUNTS = DemoCounts(delegates=300, pending=3, withdrawn=3, cancelled=3, scans=900)


@contextmanager
def empty_database(folder: Path) -> Iterator[None]:
    app = create_app(Config(database_url=f"sqlite:///{folder}/demo.db", testing=True))
    with app.app_context():
        schema.upgrade()
        yield
        for engine in db.engines.values():
            engine.dispose()


def fill(*, people: int, scans: int = 0, starts: date = STARTS, now: datetime = AFTERWARDS) -> DemoCounts:
    return demo.fill(
        delegates=people, scans=scans, starts=starts, key=Config().key, now=now, on_steps=lambda _: None
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCounts]:
    with empty_database(tmp_path_factory.mktemp("filled")):
        yield fill(people=300, scans=900)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[None]:
    with empty_database(tmp_path):
        yield


@pytest.mark.usefixtures("filled")
def test_the_event_is_the_one_of_the_contract() -> None:
    with reading() as session:
        plan = programme(session)

    assert (plan.code, plan.name) == ("SCEKL25", "Smart City Expo Kuala Lumpur 2025")
    assert (plan.theme, plan.venue) == ("AI Cities: Shaping Our Digital Future", "Kuala Lumpur")
    assert [str(day.date) for day in plan.days] == ["2025-09-17", "2025-09-18", "2025-09-19"]
    assert (plan.time_zone, plan.cutover_hour) == ("Asia/Kuala_Lumpur", 4)
    assert plan.areas[plan.main_area] == "Expo"
    assert [door.name for door in plan.doors.values() if door.area == "Expo"] == [
        f"Gate {letter}" for letter in "ABCD"
    ]
    assert who_may_enter(plan, "Expo") == {"Delegate", "Speaker", "Exhibitor", "Media", "VIP", "Crew"}
    assert who_may_enter(plan, "Conference Hall") == {"Delegate", "Speaker", "VIP"}
    assert who_may_enter(plan, "VIP Lounge") == {"VIP"}


def who_may_enter(plan: Programme, area: str) -> set[str]:
    area_id = plan.area_named(area)
    return {category.name for category in plan.categories.values() if area_id in category.areas}


def test_every_category_can_be_told_by_its_colour_under_white_letters() -> None:
    colours = [category.colour for category in demo.CATEGORIES]

    assert len(set(colours)) == len(colours)
    assert all(contrast_with_white(colour) >= 4.5 for colour in colours)


def contrast_with_white(colour: str) -> float:
    """The contrast ratio of WCAG 2."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def test_counts_are_exact(filled: DemoCounts) -> None:
    with_badges = (
        select(Delegate.status, func.count(Delegate.id), func.count(Badge.id))
        .outerjoin(Badge, (Badge.delegate_id == Delegate.id) & Badge.revoked_at.is_(None))
        .group_by(Delegate.status)
    )
    with reading() as session:
        found = {status: (people, badges) for status, people, badges in session.execute(with_badges)}

    assert filled == COUNTS
    assert found == {"confirmed": (300, 300), "pending": (6, 3), "cancelled": (3, 3)}


@pytest.mark.usefixtures("filled")
def test_who_waits_for_an_approval_is_of_a_category_that_needs_one() -> None:
    pending = (
        select(Category.approval)
        .join(Delegate, Delegate.category_id == Category.id)
        .where(Delegate.status == "pending")
    )
    with reading() as session:
        assert set(session.scalars(pending)) == {True}


@pytest.mark.usefixtures("filled")
def test_people_come_from_more_than_twenty_countries() -> None:
    with reading() as session:
        countries = Counter(session.scalars(select(Delegate.country)))

    assert len(countries) > 20
    assert countries.most_common(1)[0][0] == "MY"


@pytest.mark.usefixtures("filled")
def test_scans_follow_each_other_on_each_phone_and_give_attendance() -> None:
    numbers = defaultdict(list)
    with reading() as session:
        for scan in session.scalars(select(Scan).order_by(Scan.received_at, Scan.seq)):
            numbers[scan.device_id].append(scan.seq)
            assert scan.at < scan.received_at
        verdicts = Counter(session.scalars(select(Scan.verdict)))
        attended = Counter(session.scalars(select(Attendance.day)))
        heard = set(session.scalars(select(Device.id).where(Device.heard_at > Device.paired_at)))

    assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in numbers.values())
    assert sum(verdicts.values()) == 900
    assert set(verdicts) == {"admitted", "returned", "repeat", "left", "refused"}
    assert set(attended) == {date(2025, 9, 17), date(2025, 9, 18), date(2025, 9, 19)}
    assert heard == set(numbers)


@pytest.mark.usefixtures("filled")
def test_badges_that_open_nothing_are_seen_at_the_doors() -> None:
    with reading() as session:
        reasons = set(session.scalars(select(Scan.reason).where(Scan.verdict == "refused")))

    assert reasons >= {"pending", "cancelled", "unknown", "other_event"}


@pytest.mark.usefixtures("filled")
def test_a_database_with_an_event_stays_as_it_is() -> None:
    with pytest.raises(Conflict, match="has an event already"):
        fill(people=10)

    with reading() as session:
        assert delegates.count(session) == 309


@pytest.mark.usefixtures("empty")
def test_without_delegates_there_is_the_event_alone() -> None:
    counts = fill(people=0)

    assert counts == DemoCounts(0, 0, 0, 0, 0)
    with reading() as session:
        assert programme(session).name
        assert delegates.count(session) == 0


@pytest.mark.usefixtures("empty")
def test_scans_need_somebody_to_make_them() -> None:
    with pytest.raises(Refusal, match="at least one"):
        fill(people=0, scans=10)


@pytest.mark.usefixtures("empty")
def test_an_event_that_starts_today_has_the_scans_of_today() -> None:
    fill(people=20, scans=60, now=datetime(2025, 9, 16, 23, tzinfo=UTC))

    with reading() as session:
        assert set(session.scalars(select(Scan.day))) == {STARTS}
        assert session.scalar(select(func.count()).select_from(Scan)) == 60


@pytest.mark.usefixtures("empty")
def test_the_steps_that_are_told_add_up() -> None:
    told: list[int] = []

    demo.fill(delegates=100, scans=40, starts=STARTS, key=Config().key, now=AFTERWARDS, on_steps=told.append)

    assert sum(told) == 100 + 40


def test_people_are_the_same_in_every_run() -> None:
    assert list(islice(invented(turns()), 200)) == list(islice(invented(turns()), 400))[:200]


def test_every_person_is_taken_as_they_are() -> None:
    for person in islice(invented(turns()), 1000):
        typed = {name: value or "" for name, value in vars(person).items() if name != "country_text"}

        assert clean_details(typed) == (person, ())


def test_nobody_is_there_twice_and_every_address_is_for_examples_only() -> None:
    people = list(islice(invented(turns()), 3000))
    addresses = [person.email for person in people if person.email]

    assert len({(p.name, p.organisation, p.job_title) for p in people}) == 3000
    assert len(set(addresses)) == len(addresses) > 2800
    assert all(address.endswith((".example.com", ".example.net", ".example.org")) for address in addresses)


def test_phone_numbers_are_possible_in_their_country() -> None:
    for person in islice(invented(turns()), 500):
        if person.phone:
            number = phonenumbers.parse(person.phone)

            assert phonenumbers.is_valid_number(number)
            assert phonenumbers.region_code_for_number(number) == person.country


def test_three_hundred_companies_exhibit() -> None:
    exhibitors = invented(["Exhibitor"] * 300)

    assert len({exhibitor.organisation for exhibitor in exhibitors}) == 300


def test_names_are_in_their_own_scripts() -> None:
    names = "".join(person.name for person in islice(invented(turns()), 5000))

    # Han in both forms, hangul, Japanese, Thai, Myanmar, Khmer, Tamil, Devanagari, Bengali, Arabic,
    # Hebrew, Greek, Cyrillic, and Latin letters of Vietnam, Türkiye and Iceland.
    for letters in (
        "陈",
        "黃",
        "김",
        "田さ",
        "ม",
        "အ",
        "ស",
        "க",
        "र",
        "র",
        "م",
        "ד",
        "α",
        "к",
        "ễ",
        "ğ",
        "ş",
        "Þ",
    ):
        assert set(letters) <= set(names), letters
