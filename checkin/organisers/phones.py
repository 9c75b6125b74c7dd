"""One phone's page: how it is, which scans are missing or held, its queue as a file; it owns no table."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import format_decimal, format_percent, format_timedelta, ngettext
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from sqlalchemy import Row
from werkzeug.wrappers import Response

from checkin import clock, sentences
from checkin.access import check_area, my_doors, open_to
from checkin.db import reading, transaction
from checkin.domain import audit, conflicts, doors, gaps, protocol, quarantine, queue_files
from checkin.domain.doors import Device
from checkin.domain.gaps import Gap
from checkin.domain.programme import Programme
from checkin.domain.quarantine import APPROVED, DROPPED, Decided
from checkin.domain.queue_files import WRONG, Imported
from checkin.domain.readiness import CLOCK_OFF_MS
from checkin.errors import Refusal
from checkin.limits import limiter
from checkin.organisers import hearing, pages
from checkin.organisers.conflicts import clock_said
from checkin.organisers.queues import import_queue
from checkin.organisers.wording import judged, shown_as, somebody

blueprint = Blueprint("phones", __name__, url_prefix="/organiser/doors/phones")

HELD_SHOWN = 200
DECIDED_SHOWN = 100
TIMES_SHOWN = 50
# On the list of all phones; a phone's own page has more.
RANGES_SHOWN = 3
RANGES_ON_PAGE = 200
MALFORMED_SHOWN = 50
ROSTER_OLD = timedelta(minutes=15)
# What a form has around its file.
AROUND_FILE = 16 * 1024


@dataclass(frozen=True)
class PhoneRow:
    """A phone as the list shows it; `missing` are numbers of scans that have not arrived, in words."""

    id: UUID
    name: str
    operator: str
    kind: str
    locked: bool
    door: str
    paired: str
    heard: str
    state: str
    waiting: str
    battery: str
    roster: str
    roster_is_old: bool
    clock_off: str
    missing: str
    missing_count: int
    # More is missing than the phone says is waiting on it.
    is_lost: bool
    revoked: str
    held: int


@dataclass(frozen=True)
class Known:
    """What is known of all phones besides their own rows."""

    held: Mapping[UUID, int]
    locked: Collection[UUID]
    missing: Mapping[UUID, Sequence[Gap]]


@dataclass(frozen=True)
class Typed:
    """A form that came back: what was typed and ticked, and what is wrong with which field."""

    note: str = ""
    ticked: Collection[str] = ()
    errors: Mapping[str, str] = field(default_factory=dict)


class QueueForm(FlaskForm):  # type: ignore[misc]
    """The file alone; its token is asked for here, since nothing may read so big a form before."""


def known(session: Any, *, device_id: UUID | None = None, now: datetime) -> Known:
    """What is known of all phones, or of one."""
    return Known(
        quarantine.held_scans(session),
        protocol.locked_phones(session, now=now),
        gaps.gaps(session, device_id),
    )


def phone_row(device: Device, plan: Programme, of_all: Known, *, now: datetime) -> PhoneRow:
    """A phone in the reader's words."""
    ago = now - device.heard_at
    missing = of_all.missing.get(device.id, ())
    off = timedelta(milliseconds=abs(device.skew_ms))
    roster_age = _roster_age(device, now=now)
    return PhoneRow(
        id=device.id,
        name=device.name,
        operator=device.operator,
        kind=device.kind,
        locked=device.id in of_all.locked,
        door=plan.doors[device.door_id].name,
        paired=pages.moment(device.paired_at, plan),
        heard=hearing.heard(ago),
        state=hearing.state_of(ago),
        waiting="" if device.waiting is None else str(device.waiting),
        battery="" if device.battery is None else str(format_percent(device.battery)),
        roster="" if roster_age is None else str(format_timedelta(roster_age, granularity="second")),
        roster_is_old=roster_age is not None and roster_age > ROSTER_OLD,
        clock_off=str(format_timedelta(off, granularity="second"))
        if abs(device.skew_ms) > CLOCK_OFF_MS
        else "",
        missing=ranges(missing, at_most=RANGES_SHOWN),
        missing_count=gaps.total(missing),
        is_lost=gaps.total(missing) > (device.waiting or 0),
        revoked="" if device.revoked_at is None else pages.moment(device.revoked_at, plan),
        held=of_all.held.get(device.id, 0),
    )


def _roster_age(device: Device, *, now: datetime) -> timedelta | None:
    """How old a phone's list of badges is by now, if it hasn't got a newer one unseen."""
    if device.roster_age_s is None:
        return None
    since = max(now - (device.reported_at or device.heard_at), timedelta(0))
    return timedelta(seconds=device.roster_age_s) + since


def ranges(missing: Sequence[Gap], *, at_most: int) -> str:
    """Missing numbers in words, such as “12, 40–43”."""
    shown = [
        str(gap.first) if gap.first == gap.last else f"{gap.first}–{gap.last}" for gap in missing[:at_most]
    ]
    rest = gaps.total(missing[at_most:])
    if rest:
        shown.append(ngettext("%(num)d more", "%(num)d more", rest))
    return ", ".join(shown)


# --- the page ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ScanRow:
    """A scan as the page lists it; `why`, `who` and `decided` tell of a decision about it."""

    id: UUID
    seq: int
    at: str
    door: str
    direction: str
    person: Row[Any] | None
    shown: str
    judged: str
    clock: str = ""
    decision: str = ""
    why: str = ""
    who: str = ""
    decided: str = ""


def page(
    device_id: UUID,
    *,
    template: str = "organiser/doors_phone.html",
    typed: Typed | None = None,
    imported: Imported | None = None,
) -> str:
    """A phone's page, with a form that came back or what became of a file."""
    now = clock.now()
    with reading() as session:
        plan = pages.programme_now(session)
        device = doors.device(session, device_id)
        check_area(plan.doors[device.door_id].area_id, plan)
        of_it = known(session, device_id=device_id, now=now)
        held = quarantine.waiting(session, device_id, at_most=HELD_SHOWN)
        decided = quarantine.decided(session, device_id, at_most=DECIDED_SHOWN)
        rulings = quarantine.rulings(session, device_id)
        times, times_count = conflicts.off_time_scans(session, device_id, at_most=TIMES_SHOWN)
        actors = audit.actors(session) if decided else {}
    if held or decided:
        _note_look(device, shown=len(held) + len(decided), now=now)
    return render_template(
        template,
        phone=phone_row(device, plan, of_it, now=now),
        at=device.door_id,
        doors=my_doors(plan),
        missing=ranges(of_it.missing.get(device_id, ()), at_most=RANGES_ON_PAGE),
        held=[_scan_row(row, plan) for row in held],
        decided=[_decided_row(row, plan, actors) for row in decided],
        rulings=rulings,
        times=[_scan_row(row, plan) for row in times],
        times_count=times_count,
        seen=now.isoformat(),
        typed=typed or Typed(),
        imported=imported,
        malformed=[] if imported is None else _malformed(imported),
        number=format_decimal,
    )


def _note_look(device: Device, *, shown: int, now: datetime) -> None:
    with transaction() as session:
        audit.record(
            session, "held scans listed", actor=pages.actor(), now=now, subject=device.name, shown=shown
        )


def _scan_row(row: Row[Any], plan: Programme, **more: str) -> ScanRow:
    return ScanRow(
        id=row.id,
        seq=row.seq,
        at=f"{pages.day_name(row.day)}, {pages.second(row.at, plan)}",
        door=plan.doors[row.door_id].name,
        direction=str(_("out") if row.direction == "out" else _("in")),
        person=row if row.reference else None,
        shown=shown_as(row.shown),
        judged=judged(row.verdict, row.reason),
        clock=clock_said(row),
        **more,
    )


def _decided_row(row: Row[Any], plan: Programme, actors: Mapping[str, str]) -> ScanRow:
    return _scan_row(
        row,
        plan,
        decision=row.decision,
        why=row.why,
        who=actors.get(row.actor, somebody(row.actor)),
        decided=pages.moment(row.decided_at, plan),
    )


def _malformed(imported: Imported) -> list[tuple[int, str, str]]:
    """The number, the field and the fault of each scan of a file that could not be taken."""
    return [
        (one.number, one.field, sentences.on_a_page(one.wrong, WRONG[one.wrong]))
        for one in imported.malformed[:MALFORMED_SHOWN]
    ]


# --- held scans -------------------------------------------------------------------------------------------------

# Which button does what to which scans.
ACTS = {
    "approve-all": (APPROVED, True),
    "drop-all": (DROPPED, True),
    "approve-ticked": (APPROVED, False),
    "drop-ticked": (DROPPED, False),
}


@blueprint.post("/<uuid:device_id>/held")
@open_to("organiser")
def rule(device_id: UUID) -> Response:
    """Approve or drop held scans, all that the page told of or those ticked; each of them once."""
    note, ticked = pages.typed("note"), request.form.getlist("scan")
    decision, of_all = ACTS.get(pages.typed("act"), ("", False))
    chosen = [one for one in map(pages.identifier, ticked) if one is not None]
    errors = {}
    if not decision or not (of_all or chosen):
        errors["held"] = _("Please tick the scans first, or take all of them.")
    if not note:
        errors["note"] = _("Please say why: it is kept with each scan.")
    if errors:
        return make_response(page(device_id, typed=Typed(note, ticked, errors)), 422)
    seen = _seen()
    decided = _decide(device_id, decision, None if of_all else chosen, note=note, seen=seen)
    if not decided:
        flash(_("Nothing was changed: it had been done already, here or by somebody else."), "warning")
    elif decision == APPROVED:
        flash(ngettext("%(num)d scan counts now.", "%(num)d scans count now.", decided), "success")
    else:
        flash(ngettext("%(num)d scan is dropped.", "%(num)d scans are dropped.", decided), "success")
    return redirect(url_for("doors.phone", device_id=device_id), 303)


def _seen() -> datetime:
    """When the page was made: what arrived since, nobody has seen."""
    try:
        return dt.datetime.fromisoformat(pages.typed("seen")).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return clock.now()


def _decide(
    device_id: UUID, decision: str, chosen: Sequence[UUID] | None, *, note: str, seen: datetime
) -> int:
    """How many scans this decided about: in several transactions, that doors needn't wait for all of them."""
    now, decided = clock.now(), 0
    what = Decided(decision, note, pages.actor(), now)
    while True:
        with transaction() as session:
            plan = pages.programme_now(session)
            device = doors.device(session, device_id)
            done = quarantine.rule(session, device, chosen, what, programme=plan, seen=seen)
            if done:
                audit.record(
                    session,
                    f"held scans {decision}",
                    actor=pages.actor(),
                    now=now,
                    subject=device.name,
                    reason=note,
                    scans=done,
                )
        decided += done
        if done < quarantine.AT_ONCE:
            return decided


# --- the queue as a file ----------------------------------------------------------------------------------------


@blueprint.post("/<uuid:device_id>/queue")
@open_to("organiser")
@limiter.limit("30 per minute")
def import_queue_file(device_id: UUID) -> Response:
    """Take in what the phone has saved as a file, and say what became of each scan."""
    if (request.content_length or 0) > queue_files.MOST_BYTES + AROUND_FILE:
        return _refused(device_id, _("This file is bigger than 5 MB: no phone's queue is."))
    request.max_content_length = queue_files.MOST_BYTES + AROUND_FILE
    if not QueueForm().validate():
        return _refused(device_id, sentences.on_a_page("bad_request", ""))
    given = request.files.get("file")
    if given is None or not given.filename:
        return _refused(device_id, _("Please choose the file first."))
    try:
        file = queue_files.read_queue_file(given.read())
        if file.device_id != device_id:
            raise _of_another_phone(file.device_id, file.device)
        imported = import_queue(file, actor=pages.actor(), now=clock.now())
    except Refusal as refusal:
        return _refused(device_id, sentences.on_a_page(refusal.code, refusal.sentence))
    return make_response(page(device_id, imported=imported))


def _of_another_phone(device_id: UUID, named: str) -> Refusal:
    with reading() as session:
        try:
            device = doors.device(session, device_id)
        except Refusal:
            return Refusal(
                "queue_of_unknown_phone", "This file is of a phone that was never paired with this event."
            )
    return Refusal(
        "queue_of_other_phone",
        _("This file is of %(phone)s: import it on that phone's page.", phone=device.name or named),
    )


def _refused(device_id: UUID, error: str) -> Response:
    return make_response(page(device_id, typed=Typed(errors={"file": error})), 422)
