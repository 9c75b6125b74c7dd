"""What the help desk's pages share: who acts, which set-up holds, what this desk chose last; it owns no table."""

from datetime import datetime, timedelta

from flask import Response, current_app, request
from flask_babel import format_datetime, format_time
from flask_security import current_user
from sqlalchemy.orm import Session

from checkin.access import my_doors
from checkin.domain import delegates
from checkin.domain.delegates import Delegate
from checkin.domain.programme import DoorPlace, Programme, Programmes
from checkin.errors import NotFound

DESK = ("desk", "supervisor", "organiser")
LONGEST_REASON = 200
LONGEST_REFERENCE = 20
KEPT = timedelta(days=60)
# What this browser's desk printed on and admitted at last.
LAYOUT, DOOR = "desk-layout", "desk-door"


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
    found = delegates.delegate_with_reference(session, reference, hold=hold)
    if found.merged_into is None:
        return found
    # Their other entry stayed.
    stays = delegates.who_stays(session, found).reference
    return delegates.delegate_with_reference(session, stays, hold=hold)


def hour(at: datetime, plan: Programme) -> str:
    """The time of day of a moment, at the event."""
    return str(format_time(at.astimezone(plan.zone), "HH:mm", rebase=False))


def moment(at: datetime, plan: Programme) -> str:
    """A moment as people at the event write it, such as “17 Sep, 08:41”."""
    return str(format_datetime(at.astimezone(plan.zone), "d MMM, HH:mm", rebase=False))


def typed(name: str) -> str:
    """What was typed into a field of one line, without what can't be printed."""
    printable = "".join(one if one.isprintable() else " " for one in request.form.get(name, "")[:4000])
    return " ".join(printable.split())[:LONGEST_REASON]


def keep(response: Response, name: str, value: str) -> None:
    """Remember what this desk chose."""
    secure = current_app.config["CHECKIN"].secure
    response.set_cookie(name, value, max_age=KEPT, secure=secure, httponly=True, samesite="Lax", path="/desk")


def usual_door(plan: Programme) -> DoorPlace:
    """The door at which this desk admitted last; else the first by which one enters the main area."""
    kept = request.cookies.get(DOOR, "")
    inward = [door for door in my_doors(plan) if door.direction != "out"]
    return next(
        (door for door in inward if str(door.id) == kept),
        next((door for door in inward if door.area_id == plan.main_area), inward[0]),
    )


def member() -> str:
    """By whom requests are counted: a venue is one address."""
    return actor() if current_user.is_authenticated else request.remote_addr or "unknown"
