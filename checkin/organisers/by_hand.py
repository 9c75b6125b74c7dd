"""Who was let in by hand, for organisers: apart from what codes did, with the reasons; it owns no table."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import format_decimal
from sqlalchemy import Row

from checkin import clock, sentences
from checkin.access import my_areas, open_to
from checkin.db import transaction
from checkin.domain import audit, by_hand
from checkin.domain.programme import Programme
from checkin.organisers import pages
from checkin.organisers.wording import REASONS, VERDICTS

blueprint = Blueprint("by_hand", __name__, url_prefix="/organiser/by-hand")

LAST_PAGE = 10_000


@dataclass(frozen=True)
class Line:
    """One scan by hand in words; `reference` is empty for a badge that nobody has."""

    when: str
    door: str
    name: str
    organisation: str
    reference: str
    why: str
    who: str
    verdict: str
    voided: bool


@blueprint.get("")
@open_to("organiser", "supervisor")
def index() -> str:
    """One day's, the latest first."""
    now, number = clock.now(), min(pages.number("page") or 0, LAST_PAGE)
    with transaction() as session:
        plan = pages.programme_now(session)
        day = pages.chosen_day(plan, now=now)
        found, more = by_hand.admissions(session, day=day, page=number, areas=my_areas(plan))
        total = by_hand.count(session, day=day, areas=my_areas(plan))
        audit.record(
            session, "hand admissions listed", actor=pages.actor(), now=now, day=str(day), shown=len(found)
        )
    return render_template(
        "organiser/by_hand.html",
        lines=[_line(row, plan) for row in found],
        total=format_decimal(total),
        day=day,
        days=[one.date for one in plan.days],
        day_name=pages.day_name,
        newer=url_for("by_hand.index", day=day, page=number - 1) if number else "",
        older=url_for("by_hand.index", day=day, page=number + 1) if more else "",
        asked=request.args.get("day", ""),
    )


def _line(row: Row[Any], plan: Programme) -> Line:
    verdict = str(VERDICTS.get(row.verdict, row.verdict))
    if row.reason:
        verdict = f"{verdict}: {REASONS.get(row.reason, row.reason)}"
    return Line(
        when=pages.hour(row.at, plan),
        door=row.door,
        name=row.name or "",
        organisation=row.organisation or "",
        reference=row.reference or "",
        why=sentences.hand_reason(row.note),
        who=f"{row.operator} · {row.device}",
        verdict=verdict,
        voided=row.voided,
    )
