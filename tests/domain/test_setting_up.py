"""The rules of the event's set-up: the same for the file and the browser."""

import datetime as dt
from typing import Any

import pytest
from flask import Flask

from checkin.db import reading
from checkin.domain import setting_up
from checkin.domain.programme import programme
from checkin.domain.setting_up import SetUpRefused
from checkin.organisers.settings import settings_of
from tests import world


def test_a_set_up_is_read_back_as_it_was_set(expo: Flask) -> None:
    with expo.app_context(), reading() as session:
        now = setting_up.settings_of(programme(session))

    given = settings_of(world.SETTINGS)
    assert list(setting_up.differences(given, now)) == []
    assert now.categories[3].opens == dt.time(10)


def test_the_same_set_up_again_is_no_change(expo: Flask) -> None:
    with expo.app_context(), reading() as session:
        version = programme(session).version

    world.set_event(expo)

    with expo.app_context(), reading() as session:
        assert programme(session).version == version


def test_what_nobody_uses_can_go(expo: Flask) -> None:
    areas, doors = world.SETTINGS["areas"][:1], world.SETTINGS["doors"][:3]
    categories = [{"name": "Delegate"}]

    world.set_event(expo, areas=areas, doors=doors, categories=categories)

    with expo.app_context(), reading() as session:
        plan = programme(session)
    assert (len(plan.areas), len(plan.doors), len(plan.categories)) == (1, 3, 1)


def test_a_file_renames_with_was(expo: Flask) -> None:
    world.enrol(expo, [world.person("Ada Lim", category="VIP")])

    with pytest.raises(SetUpRefused, match="Badges of VIP are out"):
        world.set_event(expo, categories=[*_without("VIP"), {"name": "Guest of honour", "was": "VIP"}])
    world.set_event(
        expo, doors=[*world.SETTINGS["doors"][:3], {"name": "Hall", "area": "Hall", "was": "Hall door"}]
    )

    with expo.app_context(), reading() as session:
        assert programme(session).door_named("Hall").direction == "both"


def _without(name: str) -> list[dict[str, Any]]:
    return [one for one in world.SETTINGS["categories"] if one["name"] != name]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"areas": [{"name": "Expo"}, {"name": "Hall"}]}, "areas: Exactly one area is the main one."),
        ({"time_zone": "Nowhere"}, "time_zone: There is no time zone Nowhere"),
        ({"contact": "us"}, "contact: us is not one e-mail address"),
        ({"doors": [{"name": "A", "area": "Garden"}]}, "doors, A, area: Garden is no area of this event."),
        ({"days": []}, "days: There must be at least one."),
        ({"name": "Expo \u202e 25"}, "name: There is a character in it that can't be printed"),
        ({"code": "OTHER"}, "code: This database holds the event SCEKL25"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(expo: Flask, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SetUpRefused) as refused:
        world.set_event(expo, **changes)

    assert said in refused.value.sentence
