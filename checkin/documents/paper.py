"""Lists of who may come in by a door on a day, to print for when nothing else works; it owns no table."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from checkin.adapters import pdf
from checkin.config import ROOT
from checkin.documents import scripts
from checkin.domain.paper import Entitled
from checkin.domain.programme import DoorPlace, Programme

FOLDER = ROOT / "templates" / "paper"
# A line of a table holds so much of an organisation; who needs more of it has the reference.
LONGEST_ORGANISATION = 60


@dataclass(frozen=True)
class PaperList:
    """What a list says of itself: the door and day it is for, who printed it and when, its words by their names.

    `letters` are its groups as they are headed.
    """

    programme: Programme
    door: DoorPlace
    day: str
    printed: str
    words: dict[str, str]
    letters: dict[str, str]
    language: str


def paper_list(people: Sequence[Entitled], *, head: PaperList) -> bytes:
    """An A4 list as a PDF: a page begins with each letter, so that the pages can be shared among helpers."""
    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)
    groups: dict[str, list[dict[str, str]]] = {}
    for one in people:
        groups.setdefault(one.group, []).append(_line(one, head.programme))
    html = environment.get_template("list.html").render(head=head, groups=groups)
    pages = pdf.render(html, stylesheet=(FOLDER / "list.css").read_text("utf-8"))
    # WeasyPrint's boxes refer to each other in circles, and a thousand lines have many of them.
    gc.collect()
    return pages


def _line(one: Entitled, programme: Programme) -> dict[str, str]:
    came = "" if one.first_at is None else one.first_at.astimezone(programme.zone).strftime("%H:%M")
    organisation = one.organisation
    if len(organisation) > LONGEST_ORGANISATION:
        organisation = organisation[: LONGEST_ORGANISATION - 1].rstrip() + "…"
    return {
        "reference": one.reference,
        "name": one.name,
        "language": scripts.language(one.name, country_code=one.country),
        "direction": scripts.direction(one.name),
        "organisation": organisation,
        "organisation_language": scripts.language(organisation, country_code=one.country),
        "category": one.category,
        "came": came,
    }
