"""What the organisers' pages share: who acts, which set-up holds, how moments are written; it owns no table."""

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache
from uuid import UUID
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from flask import current_app, request
from flask_babel import format_date, format_datetime, format_time, get_locale
from flask_security import current_user
from sqlalchemy.orm import Session

from checkin.db import LARGEST_ID
from checkin.domain import delegates
from checkin.domain.countries import country_name
from checkin.domain.delegates import Delegate
from checkin.domain.programme import Programme, Programmes
from checkin.errors import NotFound

LONGEST_REASON = 300
LONGEST_REFERENCE = 20

# Values and what is shown for them.
Choices = list[tuple[str, str]]


def actor() -> str:
    """Whoever is signed in, as the audit log names them."""
    return f"staff:{current_user.id}"


def programme_now(session: Session) -> Programme:
    """The set-up, from this process's memory as long as it is the present one."""
    programmes: Programmes = current_app.extensions.setdefault("checkin_programmes", Programmes())
    return programmes.current(session)


def delegate(session: Session, reference: str, *, hold: bool = False) -> Delegate:
    """The delegate of a reference in the address; raises NotFound. `hold` as in `delegate_with_reference`."""
    if not reference.isascii() or not reference.isprintable() or len(reference) > LONGEST_REFERENCE:
        raise NotFound("unknown_reference", "There is no delegate with this reference.")
    return delegates.delegate_with_reference(session, reference, hold=hold)


def country(code: str | None, text: str = "") -> str:
    """A country's name in the reader's language, or what was given where it is none."""
    return country_name(code, str(get_locale())) if code else text


def language_name(tag: str) -> str:
    """A language's name in the reader's language; the tag where it has none."""
    try:
        named = Locale.parse(tag.replace("-", "_")).get_display_name(str(get_locale()))
    except (UnknownLocaleError, ValueError):
        named = None
    return str(named or tag).capitalize()


@cache
def zones() -> list[str]:
    """The time zones of places, such as Asia/Kuala_Lumpur."""
    return sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))


def by_name(choices: Iterable[tuple[str, str]]) -> Choices:
    """Choices in the order of what is shown, accents aside."""
    return sorted(choices, key=lambda choice: unicodedata.normalize("NFKD", choice[1].casefold()))


def moment(at: datetime, plan: Programme) -> str:
    """A moment as people at the event write it, such as “17 Sep, 08:41”."""
    return str(format_datetime(at.astimezone(plan.zone), "d MMM, HH:mm", rebase=False))


def hour(at: datetime, plan: Programme) -> str:
    """The time of day of a moment, at the event."""
    return str(format_time(at.astimezone(plan.zone), "HH:mm", rebase=False))


def second(at: datetime, plan: Programme) -> str:
    """The time of day of a moment with its seconds, at the event."""
    return str(format_time(at.astimezone(plan.zone), "HH:mm:ss", rebase=False))


def day_name(day: date) -> str:
    """A day such as “Wed 17 Sep”."""
    return str(format_date(day, "EEE d MMM"))


def chosen_day(plan: Programme, *, now: datetime) -> date:
    """The event day in the address; else today, or the event's day that is nearest to it."""
    days, today = [day.date for day in plan.days], plan.day_of(now)
    asked = chosen("day", map(str, days))
    return date.fromisoformat(asked) if asked else min(days, key=lambda day: abs(day - today))


def stamp(contents: Sequence[object]) -> str:
    """What tells whether what a page shows was changed meanwhile: the same for the same contents."""
    return hashlib.sha256(repr(contents).encode()).hexdigest()[:32]


def typed(name: str, *, longest: int = LONGEST_REASON) -> str:
    """What was typed into a field of one line, without what can't be printed."""
    printable = "".join(one if one.isprintable() else " " for one in request.form.get(name, "")[:4000])
    return " ".join(printable.split())[:longest]


def chosen(name: str, among: Iterable[str]) -> str | None:
    """A choice in the address, None where it is none of those there are."""
    value = request.args.get(name, "")
    return value if value in set(among) else None


def number(name: str) -> int | None:
    """A whole number in the address that may be an id, else None."""
    value = request.args.get(name, "")
    if not (value.isascii() and value.isdecimal() and len(value) <= len(str(LARGEST_ID))):
        return None
    return int(value) if int(value) <= LARGEST_ID else None


def identifier(text: str) -> UUID | None:
    """A UUID as typed into an address, else None."""
    try:
        return UUID(text)
    except ValueError:
        return None
