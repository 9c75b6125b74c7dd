"""The ground of the door API: its blueprint, its description, its answers; it owns no table."""

from typing import Any

from flask import Blueprint, Response, current_app
from spectree import Response as Described
from spectree import SpecTree
from spectree.model_adapter import get_msgspec_model_adapter
from spectree.models import SecureType, SecurityScheme, SecuritySchemeData

from checkin.db import reading
from checkin.domain.doors import Device
from checkin.domain.programme import Programme, Programmes
from checkin.door import payloads

blueprint = Blueprint("door", __name__, url_prefix="/api/door/v1")
description = Blueprint("description", __name__)
api = SpecTree(
    "flask",
    title="Checkin door API",
    version="v1",
    # SpecTree leaves out what is beneath its own path; the description is served by a route of ours.
    path="nowhere",
    mode="strict",
    page_templates={},
    model_adapter=get_msgspec_model_adapter(),
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _parent, child: child,
    security_schemes=[
        SecurityScheme(name="phone", data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer"))
    ],
)
PHONE: dict[str, list[str]] = {"phone": []}


def described(answer: type[Any], *refusals: int) -> Described:
    """What a route answers, with the statuses of its refusals, for the description."""
    problems = {f"HTTP_{status}": payloads.Problem for status in (400, 429, *refusals)}
    return Described(HTTP_200=answer, **problems)


def json_answer(answer: Any) -> Response:
    """A struct of `payloads` as JSON."""
    return Response(payloads.encode(answer), content_type="application/json")


def current_programme() -> Programme:
    """The event's set-up, from memory while its version is the same."""
    with reading() as session:
        return programmes().current(session)


def programmes() -> Programmes:
    """This process's memory of the set-up."""
    kept: Programmes = current_app.extensions.setdefault("checkin_programmes", Programmes())
    return kept


def door_out(programme: Programme, device: Device) -> payloads.DoorOut:
    """Where a phone stands."""
    door = programme.doors[device.door_id]
    return payloads.DoorOut(door.id, door.name, door.area)


def event_out(programme: Programme) -> payloads.EventOut:
    """What a phone is told of the event when it is paired."""
    days = [day.date.isoformat() for day in programme.days]
    return payloads.EventOut(
        programme.name, programme.time_zone, days, programme.cutover_hour, programme.epoch
    )
