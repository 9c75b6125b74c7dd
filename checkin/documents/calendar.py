"""The event for a calendar, as iCalendar (RFC 5545); it owns no table."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from icalendar import Calendar, Event

from checkin.domain.programme import Entitlement, Programme


def event_calendar(plan: Programme, category: Entitlement, *, base_url: str, now: datetime) -> bytes:
    """One entry a day on which a category may come, with its hours where there are some; no token is in it."""
    calendar = Calendar()
    calendar.add("prodid", "-//Checkin//EN")
    calendar.add("version", "2.0")
    host = urlsplit(base_url).hostname or "localhost"
    for day in plan.days:
        if not day.counts or day.date not in category.days:
            continue
        entry = Event()
        entry.add("uid", f"{plan.code}-{day.date.isoformat()}@{host}".lower())
        entry.add("dtstamp", now)
        entry.add("summary", f"{plan.name} · {day.name}" if day.name else plan.name)
        entry.add("location", plan.venue)
        entry.add("url", base_url)
        hours = category.days[day.date]
        if hours is None:
            entry.add("dtstart", day.date)
            entry.add("dtend", day.date + timedelta(days=1))
        else:
            cutover = datetime.combine(day.date, datetime.min.time(), plan.zone) + timedelta(
                hours=plan.cutover_hour
            )
            entry.add("dtstart", cutover + timedelta(minutes=hours.opens))
            entry.add("dtend", cutover + timedelta(minutes=hours.closes))
        calendar.add_component(entry)
    return bytes(calendar.to_ical())
