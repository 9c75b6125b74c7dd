"""What needs a hand on the day: the next hour at the doors, phones, directions; it owns no table."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _

from checkin.domain import forecast
from checkin.domain.arrivals import Numbers, PhoneSeen
from checkin.domain.forecast import DoorSoFar, NextHour
from checkin.domain.programme import DoorPlace, Programme
from checkin.domain.readiness import CLOCK_OFF_MS, ROSTER_OLD_AFTER_S
from checkin.organisers import pages
from checkin.organisers.hearing import QUIET, SILENT, clock_off, heard


def next_hour(numbers: Numbers, places: Sequence[DoorPlace], *, now_at: int) -> list[NextHour]:
    """What to expect at these doors, so many minutes after the cut-over; nothing before the day's first arrival."""
    if not numbers.entries.total:
        return []
    in_use = Counter(
        phone.door_id
        for phone in numbers.phones
        if phone.kind == "door" and numbers.at - phone.heard_at < QUIET
    )
    before = numbers.before if numbers.before is not None and numbers.before.total else None
    doors = [
        DoorSoFar(
            place.id,
            in_use[place.id],
            numbers.entries.by_door[place.id],
            None if before is None else before.by_door[place.id],
            numbers.a_minute.get(place.id, 0.0),
        )
        for place in places
    ]
    everybody = numbers.people.all
    still_expected = max(everybody.expected - everybody.came, 0)
    return forecast.next_hour(doors, minute=now_at, still_expected=still_expected)


def table(hours: Sequence[NextHour], plan: Programme, *, now: datetime) -> dict[str, Any] | None:
    """The table of the next hour, a row a door; None where nothing is to be told."""
    if not any(sum(one.arrivals) or one.longest for one in hours):
        return None
    ends = [now + timedelta(minutes=forecast.QUARTER * (number + 1)) for number in range(forecast.QUARTERS)]
    return {
        "until": [pages.hour(end, plan) for end in ends],
        "rows": [
            {
                "door": plan.doors[one.door_id].name,
                "phones": one.phones,
                "arrivals": one.arrivals,
                "queue": one.queue,
                "wait": ceil(one.longest / (forecast.LANE * one.phones)) if one.phones else None,
                "short": one.short_from is not None,
            }
            for one in hours
        ],
        "lane": forecast.LANE,
    }


def to_do(numbers: Numbers, hours: Sequence[NextHour], plan: Programme, *, now: datetime) -> list[str]:
    """What needs a hand, the most pressing first, in words."""
    pressing = forecast.most_pressing(hours)
    lanes = [] if pressing is None else [_open_lanes(pressing, plan, now=now)]
    return [*lanes, *_wrong_ways(numbers, plan), *_phones_in_need(numbers, plan, now=now)]


def _open_lanes(pressing: NextHour, plan: Programme, *, now: datetime) -> str:
    door = plan.doors[pressing.door_id].name
    by = pages.hour(now + timedelta(minutes=forecast.QUARTER * (pressing.short_from or 0)), plan)
    if not pressing.phones:
        people = sum(pressing.arrivals)
        said = ngettext(
            "%(door)s: no phone scans there, and %(num)d person is expected within the hour.",
            "%(door)s: no phone scans there, and %(num)d people are expected within the hour.",
            people,
            door=door,
        )
        return str(said)
    more = max(pressing.lanes - pressing.phones, 1)
    said = ngettext(
        "Open %(num)d more lane at %(door)s by %(time)s: about %(people)s people would stand in line there.",
        "Open %(num)d more lanes at %(door)s by %(time)s: about %(people)s people would stand in line there.",
        more,
        door=door,
        time=by,
        people=format_decimal(pressing.longest),
    )
    return str(said)


def _phones_in_need(numbers: Numbers, plan: Programme, *, now: datetime) -> list[str]:
    """Phones at work today with something that a helper doesn't see; silent ones only while others are heard."""
    at_work = [phone for phone in numbers.phones if plan.day_of(phone.heard_at) == plan.day_of(now)]
    others_heard = any(now - phone.heard_at < QUIET for phone in at_work)
    said = []
    for phone in at_work:
        wrong = [*_wrong_with(phone, now=now)] if others_heard else []
        if wrong:
            place = f"{phone.name}, {plan.doors[phone.door_id].name}"
            said.append(f"{place}: {', '.join(map(str, wrong))}")
    return said


def _wrong_with(phone: PhoneSeen, *, now: datetime) -> Iterator[str]:
    ago = now - phone.heard_at
    if ago > SILENT:
        yield _("last heard %(ago)s", ago=heard(ago))
    if phone.waiting and ago > QUIET:
        yield ngettext("%(num)d scan waits", "%(num)d scans wait", phone.waiting)
    if abs(phone.skew_ms) > CLOCK_OFF_MS:
        yield clock_off(phone.skew_ms)
    if phone.roster_age_s is not None and phone.roster_age_s > ROSTER_OLD_AFTER_S:
        yield _("list of badges older than %(num)d minutes", num=ROSTER_OLD_AFTER_S // 60)


def rate(a_minute: float) -> str:
    """People a minute, as exactly as it matters."""
    return str(format_decimal(round(a_minute, 1 if a_minute < 10 else 0)))


def _wrong_ways(numbers: Numbers, plan: Programme) -> list[str]:
    """Doors whose phones seem to be set to OUT by mistake, in words."""
    return [
        str(
            _(
                "%(door)s: the last %(num)s were exits of people who had not entered, since %(time)s. "
                "Is %(phones)s set to OUT by mistake?",
                door=plan.doors[one.door_id].name,
                num=format_decimal(one.exits),
                time=pages.hour(one.since, plan),
                phones=", ".join(one.phones),
            )
        )
        for one in numbers.wrong_ways
    ]
