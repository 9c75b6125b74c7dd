"""The delegate's pages and the reader's language; it owns no table."""

from datetime import date, datetime, timedelta

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import format_date, get_locale, ngettext
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from checkin import clock
from checkin.access import is_ours, open_to
from checkin.db import reading
from checkin.domain.event import is_set_up
from checkin.domain.programme import Programme, programme

blueprint = Blueprint("registration", __name__)

LANGUAGE_KEPT = timedelta(days=365)


@blueprint.get("/")
@open_to("everyone")
def start() -> str:
    """The event, and where its three faces are."""
    with reading() as session:
        event = programme(session) if is_set_up(session) else None
    now = clock.now()
    return render_template(
        "registration/start.html",
        event=event,
        days=_days(event) if event else "",
        countdown=countdown(event, now) if event else "",
        now=now,
        language=str(get_locale()),
    )


@blueprint.get("/language/<any(en, ms):code>")
@open_to("everyone")
def language(code: str) -> Response:
    """Keep the reader's language and show the page they came from in it."""
    back = request.args.get("back", "")
    response = redirect(back if is_ours(back) else url_for("registration.start"), 303)
    secure = current_app.config["CHECKIN"].secure
    response.set_cookie("language", code, max_age=LANGUAGE_KEPT, secure=secure, httponly=True, samesite="Lax")
    return response


def _counted_days(event: Programme) -> list[date]:
    return [day.date for day in event.days if day.counts]


def _days(event: Programme) -> str:
    """From the first to the last day that counts, such as “17–19 September 2025”."""
    days = _counted_days(event)
    if not days:
        return ""
    first, last = days[0], days[-1]
    beginning = "d MMMM y" if first.year != last.year else "d MMMM" if first.month != last.month else "d"
    dash = "–" if beginning == "d" else " – "
    whole = str(format_date(last, "d MMMM y"))
    return whole if first == last else format_date(first, beginning) + dash + whole


def countdown(event: Programme, now: datetime) -> str:
    """How far away the event is for a reader, in days of the event's own time zone."""
    days = _counted_days(event)
    today = event.day_of(now)
    if not days:
        return ""
    if today in days:
        return str(_("Today: day %(day)d of %(days)d", day=days.index(today) + 1, days=len(days)))
    if today > days[-1]:
        return str(_("This event is over. Thank you for coming."))
    left = (next(day for day in days if day > today) - today).days
    return str(ngettext("%(num)d day to go", "%(num)d days to go", left))
