"""The event's own page, its languages, registering and finding one's badge again; it owns no table."""

import time
from datetime import date, datetime, timedelta

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request, url_for
from flask import session as kept
from flask_babel import format_date, format_time, get_locale, ngettext
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from checkin import clock
from checkin.access import is_ours, open_to
from checkin.adapters import qr
from checkin.config import Config
from checkin.db import reading, transaction
from checkin.documents import mailing
from checkin.domain import logos, registering, walk_ins
from checkin.domain.delegates import Agreement
from checkin.domain.details import email_address
from checkin.domain.event import is_set_up
from checkin.domain.programme import Programme, programme
from checkin.errors import NotFound
from checkin.limits import allows, limiter, network
from checkin.registration import forms, puzzles, typing_slips
from checkin.registration.forms import FindForm, OnsiteForm, RegistrationForm
from checkin.registration.pacing import wait_for_the_beat

blueprint = Blueprint("registration", __name__)

LANGUAGE_KEPT = timedelta(days=365)
# In the session of a walk-in: what they show at the desk.
SHOWN_AT_DESK = "shown at desk"
# From one network, which may be a ministry's; programs don't solve puzzles, nor do browsers without JavaScript.
SOLVED_AN_HOUR, UNSOLVED_AN_HOUR = "300/hour", "20/hour"
# By the poster's address, on the event's days: a venue's guests share one network, which may be the venue's only one.
# Nothing is mailed for these, nobody is confirmed but by the desk, and the puzzle is still to be solved.
SOLVED_AT_VENUE, UNSOLVED_AT_VENUE = "3000/hour", "300/hour"


def _config() -> Config:
    config: Config = current_app.config["CHECKIN"]
    return config


@blueprint.get("/")
@open_to("everyone")
def start() -> str:
    """The event, and where its three faces are."""
    with reading() as session:
        event = programme(session) if is_set_up(session) else None
    now = clock.now()
    if event is None:
        return render_template("registration/empty.html")
    return render_template(
        "registration/start.html",
        event=event,
        days=_days(event),
        countdown=countdown(event, now),
        today=event.day_of(now) in _counted_days(event),
        is_open=is_open(event, now),
        doors=[door for door in event.doors.values() if door.area_id == event.main_area],
        hours=opening_hours(event, event.day_of(now)),
    )


@blueprint.get("/logo/<digest>.png")
@open_to("everyone")
def logo(digest: str) -> Response:
    """The event's logo, under an address of its own for each that there is; raises NotFound for another one."""
    with reading() as session:
        found = logos.logo(session) if digest.isascii() else None
    if found is None or found.digest != digest:
        raise NotFound("no_logo", "There is no such logo.")
    response = Response(found.png, content_type="image/png")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@blueprint.get("/language/<any(en, ms):code>")
@open_to("everyone")
def language(code: str) -> BaseResponse:
    """Keep the reader's language and show the page they came from in it."""
    back = request.args.get("back", "")
    response = redirect(back if is_ours(back) else url_for("registration.start"), 303)
    secure = _config().secure
    response.set_cookie("language", code, max_age=LANGUAGE_KEPT, secure=secure, httponly=True, samesite="Lax")
    return response


# --- registering ----------------------------------------------------------------------------------------------


@blueprint.route("/register", methods=["GET", "POST"])
@open_to("everyone")
def register() -> BaseResponse | str | tuple[str, int]:
    """One form; the answer is the same whether the address is new or known.

    With `onsite` in the address, as on the desk's poster, nothing is mailed: a reference is shown at the desk.
    """
    began = time.perf_counter()
    with reading() as session:
        plan = programme(session)
    at_desk = "onsite" in request.args
    categories = walk_ins.open_categories(plan) if at_desk else forms.open_categories(plan)
    if not (is_open(plan, clock.now()) and categories):
        return render_template("registration/closed.html", event=plan)
    form = (OnsiteForm if at_desk else RegistrationForm)(categories=categories)
    if request.method == "GET":
        form.language.data = str(get_locale())
        return _asked(form, plan)
    if not form.validate():
        return _asked(form, plan), 422
    too_often = _register(form, plan)
    if too_often:
        form.form_errors = [*form.form_errors, too_often]
        return _asked(form, plan), 429
    wait_for_the_beat(began)
    return redirect(url_for("registration.show_at_desk" if at_desk else "registration.registered"), 303)


def _asked(form: RegistrationForm, plan: Programme) -> str:
    return render_template(
        "registration/register.html",
        form=form,
        at_desk=isinstance(form, OnsiteForm),
        mark=_mark(),
        event=plan,
        labels=forms.LABELS,
        notice=plan.notice.paragraphs(str(get_locale()), {"event": plan.name, "organiser": plan.whom}),
        honorifics=forms.HONORIFICS,
        countries=forms.choices_of_country(str(get_locale())),
        languages=forms.LANGUAGES,
        colours={one.name: one.colour for one in plan.categories.values()},
        domains=typing_slips.as_json(),
    )


def _mark() -> str:
    """What the poster's address has; nothing where the form was opened otherwise."""
    return request.args.get("onsite", "")[:40]


def _register(form: RegistrationForm, plan: Programme) -> str:
    """Keep what the form says, with its mail; returns why not, where too many come from one network."""
    if form.homepage.data:
        # Only a program fills in what nobody sees: it learns nothing.
        return ""
    now = clock.now()
    with transaction() as session:
        solved = puzzles.is_solved(session, form.altcha.data or "", _config().secret_key, now=now)
    at_venue = walk_ins.is_at_venue(_mark(), plan, secret=_config().secret_key, now=now)
    if not _may_go_on(solved, at_venue=at_venue):
        return _too_often()
    agreement = Agreement(
        {
            "notice": True,
            "updates": bool(form.consent_updates.data),
            "leads": bool(form.consent_leads.data),
        },
        plan.notice.version,
        str(get_locale()),
    )
    email = form.details.email or ""
    if isinstance(form, OnsiteForm):
        with transaction() as session:
            reference = walk_ins.announce(session, form.details, agreement, programme=plan, now=now)
        kept[SHOWN_AT_DESK] = reference
        return ""
    with transaction() as session:
        made = registering.register(session, form.details, agreement, programme=plan, now=now)
        mailing.write_capped(session, email, kind="confirm" if made.is_new else "known", now=now)
    return ""


def _may_go_on(solved: bool, *, at_venue: bool = False) -> bool:
    if at_venue:
        return (
            allows("at venue", SOLVED_AT_VENUE) if solved else allows("at venue unsolved", UNSOLVED_AT_VENUE)
        )
    if solved:
        return allows("solved", SOLVED_AN_HOUR)
    return allows("unsolved", UNSOLVED_AN_HOUR)


def _too_often() -> str:
    sentence = _(
        "Many forms came from your network just now. Please try again in an hour, or with JavaScript turned on; "
        "what you typed is still here."
    )
    return str(sentence)


@blueprint.get("/registered")
@open_to("everyone")
def registered() -> str:
    """What to do next, the same for everybody."""
    return render_template("registration/registered.html", has_mail_server=mailing.has_mail_server())


@blueprint.get("/registered/here")
@open_to("everyone")
def show_at_desk() -> str | BaseResponse:
    """The reference of whoever filled in the form at the venue, for the desk to scan or to type."""
    reference = str(kept.get(SHOWN_AT_DESK, ""))
    if not reference:
        return redirect(url_for("registration.register", onsite=""), 303)
    with reading() as session:
        plan = programme(session)
    side, path = qr.picture(reference)
    return render_template(
        "registration/show_at_desk.html", event=plan, reference=reference, side=side, path=path
    )


@blueprint.get("/register/puzzle")
@open_to("everyone")
@limiter.limit("120/minute", key_func=network)
def puzzle() -> Response:
    """A proof of work for the browser to do while somebody types."""
    response = jsonify(puzzles.new_puzzle(_config().secret_key, now=clock.now()))
    response.headers["Cache-Control"] = "no-store"
    return response


# --- finding one's way back -----------------------------------------------------------------------------------


@blueprint.route("/find", methods=["GET", "POST"])
@open_to("everyone")
def find() -> BaseResponse | str | tuple[str, int]:
    """Mail a fresh link; the answer is the same for every address."""
    began = time.perf_counter()
    form = FindForm()
    if request.method == "GET":
        return render_template("registration/find.html", form=form)
    address = email_address((form.email.data or "").strip()[:320])
    if form.validate() and address is None:
        form.email.errors = [_("This is not one e-mail address. Write it like name@example.org.")]
    if form.errors or form.email.errors:
        return render_template("registration/find.html", form=form), 422
    if not form.homepage.data and address is not None:
        now = clock.now()
        with transaction() as session:
            solved = puzzles.is_solved(session, form.altcha.data or "", _config().secret_key, now=now)
        if not _may_go_on(solved):
            form.form_errors = [_too_often()]
            return render_template("registration/find.html", form=form), 429
        with transaction() as session:
            mailing.write_capped(session, address, kind="link", now=now)
    wait_for_the_beat(began)
    return redirect(url_for("registration.found"), 303)


@blueprint.get("/find/sent")
@open_to("everyone")
def found() -> str:
    """Look in your inbox, whoever you are."""
    return render_template("registration/found.html", has_mail_server=mailing.has_mail_server())


# --- the event's days -----------------------------------------------------------------------------------------


def is_open(event: Programme, now: datetime) -> bool:
    """Whether one can register: for some category, until the event is over."""
    days = _counted_days(event)
    return bool(forms.open_categories(event)) and bool(days) and event.day_of(now) <= days[-1]


def opening_hours(event: Programme, today: date) -> str:
    """When the doors are open on a day, such as “9:00 am – 6:00 pm”; nothing where no hours are set."""
    hours = [one.days[today] for one in event.categories.values() if today in one.days]
    known = [one for one in hours if one is not None]
    if not known or len(known) < len(hours):
        return ""
    opens, closes = min(one.opens for one in known), max(one.closes for one in known)
    midnight = datetime.combine(today, datetime.min.time()) + timedelta(hours=event.cutover_hour)
    first, last = (format_time((midnight + timedelta(minutes=at)).time(), "short") for at in (opens, closes))
    return f"{first} – {last}"


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
