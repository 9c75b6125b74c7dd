"""VIPs for organisers and protocol: who has come, when, by which door, with how many; it owns no table."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from checkin import clock
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.domain import audit, protocol
from checkin.domain.programme import Programme
from checkin.domain.protocol import Delegation, Vip
from checkin.domain.words import latin
from checkin.limits import limiter
from checkin.organisers import pages

blueprint = Blueprint("vips", __name__, url_prefix="/organiser/vips")

LONGEST_QUERY = 100


@dataclass(frozen=True)
class Line:
    """A VIP as the list shows them; `came` is empty for who has not."""

    reference: str
    name: str
    organisation: str
    category: str
    came: str
    door: str
    entourage: int | None


@dataclass(frozen=True)
class Group:
    """A delegation, or who belongs to none, with how many are with its VIPs."""

    name: str
    share: Delegation | None
    people: int
    lines: Sequence[Line]


@blueprint.get("")
@open_to("organiser", "supervisor", "protocol")
def index() -> str:
    """The VIPs of a day by delegation, those of one name or delegation where it is asked for."""
    now = clock.now()
    with transaction() as session:
        plan = pages.programme_now(session)
        day = pages.chosen_day(plan, now=now)
        shown = _shown(session, plan, day)
        audit.record(session, "VIPs listed", actor=pages.actor(), now=now, day=str(day))
    return render_template("organiser/vips.html", **shown)


@blueprint.get("/live")
@open_to("organiser", "supervisor", "protocol")
@limiter.limit("60/minute")
def live() -> str:
    """What of that page changes, for one that stands open, which was written down when it was opened."""
    with reading() as session:
        plan = pages.programme_now(session)
        shown = _shown(session, plan, pages.chosen_day(plan, now=clock.now()))
    return render_template("organiser/vips_live.html", **shown)


def _shown(session: Session, plan: Programme, day: dt.date) -> dict[str, Any]:
    vips = protocol.vips(session, programme=plan, day=day)
    delegations = protocol.delegations(session, programme=plan, day=day)
    query, missing = request.args.get("q", "").strip()[:LONGEST_QUERY], "missing" in request.args
    found = [vip for vip in vips if _matches(vip, query) and not (missing and vip.entry)]
    return {
        "groups": _groups(found, delegations, plan),
        "arrived": sum(vip.entry is not None for vip in vips),
        "all": len(vips),
        "people": sum(vip.entourage or 0 for vip in vips),
        "query": query,
        "missing": missing,
        "day": day,
        "days": [one.date for one in plan.days],
        "day_name": pages.day_name,
        "as_of": pages.hour(clock.now(), plan),
        "has_protocol": bool(plan.protocol_categories),
    }


def _matches(vip: Vip, query: str) -> bool:
    if not query:
        return True
    text = latin(" ".join((vip.name, vip.organisation, vip.delegation, vip.reference)))
    return all(word in text for word in latin(query).split())


def _groups(vips: Sequence[Vip], delegations: Mapping[str, Delegation], plan: Programme) -> list[Group]:
    """By name; who belongs to no delegation comes last."""
    members: dict[str, list[Vip]] = defaultdict(list)
    for vip in vips:
        members[vip.delegation].append(vip)
    return [
        Group(name, delegations.get(name), sum(vip.entourage or 0 for vip in of_it), _lines(of_it, plan))
        for name, of_it in sorted(members.items(), key=lambda item: (item[0] == "", item[0]))
    ]


def _lines(vips: Sequence[Vip], plan: Programme) -> list[Line]:
    return [
        Line(
            reference=vip.reference,
            name=vip.name,
            organisation=vip.organisation,
            category=plan.categories[vip.category_id].name,
            came=pages.hour(vip.entry.at, plan) if vip.entry else "",
            door=plan.doors[vip.entry.door_id].name if vip.entry else "",
            entourage=vip.entourage,
        )
        for vip in vips
    ]
