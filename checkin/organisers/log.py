"""The audit log, for organisers: who did what when, in words; it owns no table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from checkin.access import open_to
from checkin.db import reading
from checkin.domain import audit
from checkin.domain.audit import Audit, End, Sought
from checkin.domain.programme import Programme
from checkin.organisers import pages, wording
from checkin.organisers.export_words import COLUMNS
from checkin.organisers.pages import Choices
from checkin.organisers.wording import ACTIONS, LETTER_STATES, STATUSES, action, somebody

blueprint = Blueprint("log", __name__, url_prefix="/organiser/audit")

LONGEST_SUBJECT = 100
CHANGES, LOOKS = "changes", "looks"
FILTERS = ("actor", "action", "subject", "day")
COMMAND_LINE = "command line"
# What is kept with an act, in words; others are shown as they are kept.
DETAILS = {
    "absent": lazy_gettext("not arrived"),
    "added": lazy_gettext("added"),
    "area": lazy_gettext("area"),
    "arrived": lazy_gettext("arrived"),
    "badges": lazy_gettext("badges"),
    "before": lazy_gettext("before"),
    "bulk": lazy_gettext("change of many"),
    "category": lazy_gettext("category"),
    "columns": lazy_gettext("columns"),
    "consent": lazy_gettext("consent"),
    "country": lazy_gettext("country"),
    "day": lazy_gettext("day"),
    "delegation": lazy_gettext("delegation"),
    "desk": lazy_gettext("help desk"),
    "door": lazy_gettext("door"),
    "fields": lazy_gettext("fields"),
    "form": lazy_gettext("format"),
    "kind": lazy_gettext("kind"),
    "known": lazy_gettext("known before"),
    "layout": lazy_gettext("layout"),
    "letters": lazy_gettext("characters typed"),
    "lines": lazy_gettext("lines"),
    "made": lazy_gettext("made at"),
    "malformed": lazy_gettext("malformed"),
    "messages": lazy_gettext("letters"),
    "organisation": lazy_gettext("organisation"),
    "part": lazy_gettext("part"),
    "people": lazy_gettext("people"),
    "printed": lazy_gettext("printed"),
    "reasons": lazy_gettext("acts whose reasons were erased"),
    "replaced": lazy_gettext("end of the log replaced"),
    "report": lazy_gettext("report"),
    "role": lazy_gettext("role"),
    "rows": lazy_gettext("rows"),
    "scans": lazy_gettext("scans"),
    "shown": lazy_gettext("shown"),
    "state": lazy_gettext("state"),
    "status": lazy_gettext("status"),
    "sha256": lazy_gettext("SHA-256"),
    "version": lazy_gettext("version"),
    "waiting": lazy_gettext("on the waiting list"),
}


@dataclass(frozen=True)
class Line:
    """One act in words; `about` is a delegate's reference where it is one."""

    when: str
    who: str
    did: str
    about: str
    is_delegate: bool
    reason: str
    details: str
    is_look: bool


@blueprint.get("")
@open_to("organiser")
def index() -> str:
    """A page of acts, the newest first."""
    before = pages.number("before")
    with reading() as session:
        plan = pages.programme_now(session)
        actors = audit.actors(session) | {COMMAND_LINE: somebody(COMMAND_LINE)}
        found, has_older = audit.acts(session, _sought(plan, actors), before=before)
    kept: dict[str, Any] = {name: value for name in FILTERS if (value := request.args.get(name, ""))}
    return render_template(
        "organiser/audit.html",
        lines=[_line(act, actors, plan) for act in found],
        choices=_choices(actors, plan),
        chosen={name: request.args.get(name, "") for name in FILTERS},
        older=url_for("log.index", **kept, before=found[-1].id) if has_older else "",
        end=End(found[0].id, found[0].digest) if found and not kept and before is None else None,
    )


def _sought(plan: Programme, actors: Mapping[str, str]) -> Sought:
    wanted = request.args.get("action", "")
    subject = request.args.get("subject", "").strip()[:LONGEST_SUBJECT]
    since, until = _bounds(plan)
    return Sought(
        actor=pages.chosen("actor", actors),
        actions=audit.LOOKS if wanted == LOOKS else (wanted,) if wanted in ACTIONS else None,
        without=audit.LOOKS if wanted == CHANGES else (),
        subject=_as_kept(subject) if subject and subject.isprintable() else None,
        since=since,
        until=until,
    )


def _as_kept(subject: str) -> str:
    """A reference in capitals, as the log has it; anything else as it was typed."""
    return subject.upper() if "-" in subject and ":" not in subject else subject


def _bounds(plan: Programme) -> tuple[datetime | None, datetime | None]:
    """The beginning and the end of the day in the address, on the event's clock."""
    try:
        day = date.fromisoformat(request.args.get("day", ""))
        midnight = datetime.combine(day, time(0), plan.zone)
        return midnight, midnight + timedelta(days=1)
    except (ValueError, OverflowError):
        return None, None


def _choices(actors: Mapping[str, str], plan: Programme) -> dict[str, Choices]:
    groups = [(CHANGES, _("All changes")), (LOOKS, _("All looks at personal data"))]
    return {
        "actor": [*actors.items()],
        "action": groups + pages.by_name((name, str(words)) for name, words in ACTIONS.items()),
    }


def _line(act: Audit, actors: Mapping[str, str], plan: Programme) -> Line:
    return Line(
        when=pages.moment(act.at, plan),
        who=actors.get(act.actor) or somebody(act.actor),
        did=action(act.action),
        about=act.subject,
        is_delegate=act.subject.startswith(f"{plan.reference_prefix}-"),
        reason=act.reason,
        details=" · ".join(_details(act.details, plan)),
        is_look=act.action in audit.LOOKS,
    )


def _details(details: Mapping[str, Any], plan: Programme) -> Iterator[str]:
    for name, value in details.items():
        yield f"{DETAILS.get(name, name)}: {_value(name, value, plan)}"


def _value(name: str, value: Any, plan: Programme) -> str:
    if name == "fields" and isinstance(value, list):
        return ", ".join(wording.field(one) for one in value)
    if name == "columns" and isinstance(value, list):
        return ", ".join(str(COLUMNS.get(one, one)) for one in value)
    if name == audit.GONE and isinstance(value, list):
        return str(len(value))
    if isinstance(value, bool) or value == "yes":
        return str(_("yes") if value else _("no"))
    words = {"status": STATUSES, "state": LETTER_STATES}.get(name, {})
    return str(words.get(value, value))
