"""The page that hands out attendance, delegates and scans as files; it owns no table."""

import tempfile
from contextlib import ExitStack
from datetime import date
from typing import IO, Any, cast

from flask import Blueprint, make_response, render_template, request, send_file
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from checkin import clock
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.domain import audit
from checkin.domain.attendance import Scope
from checkin.domain.programme import Programme
from checkin.errors import Refusal
from checkin.limits import limiter
from checkin.organisers import exports, pages
from checkin.organisers.pages import Choices

blueprint = Blueprint("files", __name__, url_prefix="/organiser/exports")

# By which each kind of file can be narrowed.
FILTERS = {
    "attendance": ("day", "category", "door", "area"),
    "delegates": ("category",),
    "scans": ("day", "category", "door", "area"),
}
NAMES = {
    "attendance": lazy_gettext("Attendance"),
    "delegates": lazy_gettext("Delegates"),
    "scans": lazy_gettext("Scans"),
}
EXPLAINED = {
    "attendance": lazy_gettext(
        "One row a delegate: who they are, then for each day when and where they came in first and how often."
    ),
    "delegates": lazy_gettext(
        "One row a delegate: details, e-mail address, phone, and the status of the registration."
    ),
    "scans": lazy_gettext("One row a scan, refused and voided ones too, with the phone and its helper."),
}
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@blueprint.get("")
@open_to("organiser")
def index() -> str:
    """What can be had, with its filters."""
    return _page()


@blueprint.post("/<any(attendance, delegates, scans):kind>")
@open_to("organiser")
@limiter.limit("20 per minute")
def download(kind: str) -> Response:
    """A file; that it was asked for is committed before its first byte."""
    form, now, purpose = pages.typed("form"), clock.now(), pages.typed("purpose")
    with reading() as session:
        plan = pages.programme_now(session)
    try:
        scope, filters = _scope(kind, plan)
        _known(form, exports.FORMATS)
    except Refusal as refusal:
        return make_response(_page(alert=refusal.sentence, kind=kind), refusal.status)
    with transaction() as session:
        audit.record(
            session, f"{kind} exported", actor=pages.actor(), now=now, reason=purpose, form=form, **filters
        )
    file = _written(kind, form, scope, plan, area_named="area" in filters)
    name = f"{plan.code}-{kind}-{now.astimezone(plan.zone):%Y-%m-%d}.{form}"
    return _sent(file, name, form)


def _page(*, alert: str = "", kind: str = "") -> str:
    with reading() as session:
        plan = pages.programme_now(session)
    return render_template(
        "organiser/exports.html",
        kinds=[(one, NAMES[one], EXPLAINED[one], FILTERS[one]) for one in exports.KINDS],
        choices=_choices(plan),
        chosen={name: request.form.get(name, "") for name in ("day", "category", "door", "area", "purpose")},
        asked=kind,
        alert=alert,
    )


def _choices(plan: Programme) -> dict[str, Choices]:
    return {
        "day": [(str(day.date), pages.day_name(day.date)) for day in plan.days],
        "category": [(str(key), category.name) for key, category in plan.categories.items()],
        "door": [(str(key), door.name) for key, door in plan.doors.items()],
        "area": [(str(key), name) for key, name in plan.areas.items()],
    }


def _scope(kind: str, plan: Programme) -> tuple[Scope, dict[str, str]]:
    """What is asked for, and the filters by name for the audit log; raises Refusal for a choice that is none."""
    choices = _choices(plan)
    asked = {name: value for name in FILTERS[kind] if (value := request.form.get(name, ""))}
    named = {name: _known(value, dict(choices[name])) for name, value in asked.items()}
    day, door = asked.get("day"), asked.get("door")
    scope = Scope(
        area_id=int(asked.get("area", plan.main_area)),
        day=date.fromisoformat(day) if day else None,
        category_id=int(asked["category"]) if "category" in asked else None,
        door_id=pages.identifier(door) if door else None,
    )
    return scope, {**named, "day": day} if day else named


def _known(value: str, among: Any) -> str:
    """What a value stands for; raises Refusal for one that isn't offered."""
    if value not in among:
        raise Refusal("unknown_choice", _("Please choose again: one of these isn't offered any more."))
    return cast(str, among[value]) if isinstance(among, dict) else value


def _written(kind: str, form: str, scope: Scope, plan: Programme, *, area_named: bool) -> IO[bytes]:
    """The file, on the disc and not in memory, whole before it is sent: what breaks off is no file."""
    with ExitStack() as closing:
        file = closing.enter_context(tempfile.TemporaryFile())
        with reading() as session:
            table = exports.table(session, kind, scope, programme=plan, area_named=area_named)
            exports.write(file, table, form=form)
        # Closed with the response from here on.
        closing.pop_all()
    return file


def _sent(file: IO[bytes], name: str, form: str) -> Response:
    length = file.tell()
    file.seek(0)
    response = send_file(file, mimetype=MEDIA_TYPES[form], as_attachment=True, download_name=name)
    response.content_length = length
    response.headers["Cache-Control"] = "private, no-store"
    return response
