"""The files of badge layouts, read; docs/badges.md says what stands in them. It owns no table."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, TemplateError

from checkin.config import ROOT
from checkin.documents.fitting import Room, Size
from checkin.errors import Refusal

LAYOUTS = ROOT / "templates" / "badges"
# Of this one badges are unless somebody says otherwise.
USUAL = "a6"
# What all badges of a category share, and what each has for itself.
SHARED_LINES = ("category", "event", "venue_line")
OWN_LINES = ("honorific", "name", "organisation", "country", "reference")


@dataclass(frozen=True)
class SheetFiles:
    """A sheet on which badges of another layout stand."""

    template: Template
    stylesheet: str


@dataclass(frozen=True)
class LayoutFiles:
    """What a layout's folder holds; where that is a sheet's, all but `name` and `sheet` is of the badges on it.

    `badge` is the folder of the badge itself.
    """

    name: str
    badge: str
    template: Template
    stylesheet: str
    rooms: Mapping[str, Room]
    sheet: SheetFiles | None


def layout_names() -> list[str]:
    """The layouts there are, the usual one first."""
    names = (path.name for path in LAYOUTS.iterdir() if path.is_dir())
    return sorted(names, key=lambda name: (name != USUAL, name))


def known_layout(name: str) -> None:
    """Raise Refusal, naming the layouts there are, for another."""
    known = layout_names()
    if name not in known:
        raise Refusal("unknown_layout", f"There is no badge layout {name!r}, but {', '.join(known)}.")


def read_layout(name: str) -> LayoutFiles:
    """The files of that layout; raises Refusal, naming the file, where one is incomplete or wrong."""
    known_layout(name)
    settings = _settings(name)
    source = str(settings.get("badge", name))
    if source != name and source not in layout_names():
        raise wrong(name, "layout.toml", f"there is no layout {source!r} to be its badge.")
    return LayoutFiles(
        name,
        source,
        _template(source, "badge.html"),
        _text_of("", "common.css") + _text_of(source, "badge.css"),
        _rooms(source, _settings(source)),
        SheetFiles(_template(name, "sheet.html"), _text_of(name, "sheet.css"))
        if "badge" in settings
        else None,
    )


def file_faults() -> list[str]:
    """What is wrong with the files of layouts as far as it shows without laying one out, a sentence each."""
    names = layout_names()
    faults = [] if USUAL in names else [f"templates/badges: there is no layout {USUAL!r}, the usual one."]
    for name in names:
        try:
            read_layout(name)
        except Refusal as refusal:
            faults.append(str(refusal))
    return faults


def refuse_broken_layouts() -> None:
    """Raise Refusal with the first of the faults of files, if there are any."""
    for fault in file_faults():
        raise Refusal("wrong_layout", f"{fault} `checkin doctor` lists all that is wrong with badge layouts.")


def wrong(name: str, file: str, why: str) -> Refusal:
    """What to raise for a layout whose file is wrong."""
    return Refusal("wrong_layout", f"{'/'.join(filter(None, ('templates/badges', name, file)))}: {why}")


def _text_of(name: str, file: str) -> str:
    try:
        return (LAYOUTS / name / file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise wrong(name, file, "it can't be read.") from error


def _settings(name: str) -> dict[str, object]:
    try:
        return tomllib.loads(_text_of(name, "layout.toml"))
    except tomllib.TOMLDecodeError as error:
        raise wrong(name, "layout.toml", f"{error}.") from error


def _template(name: str, file: str) -> Template:
    _text_of(name, file)
    environment = Environment(
        loader=FileSystemLoader(LAYOUTS / name), autoescape=True, undefined=StrictUndefined
    )
    try:
        return environment.get_template(file)
    except TemplateError as error:
        raise wrong(name, file, f"{error}.") from error


def _rooms(name: str, settings: Mapping[str, object]) -> dict[str, Room]:
    unknown = settings.keys() - {*SHARED_LINES, *OWN_LINES}
    if unknown:
        raise wrong(name, "layout.toml", f"there is no line [{min(unknown)}].")
    rooms = {}
    for kind in (*SHARED_LINES, *OWN_LINES):
        try:
            rooms[kind] = _room(**settings[kind])  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError):
            why = f'[{kind}] needs width and height in millimetres and sizes such as ["12x1", "9x2"].'
            raise wrong(name, "layout.toml", why) from None
    return rooms


def _room(*, width: float, height: float, sizes: Sequence[str]) -> Room:
    pairs = (size.split("x") for size in sizes)
    room = Room(
        float(width), float(height), tuple(Size(float(points), int(lines)) for points, lines in pairs)
    )
    if (
        not room.sizes
        or min(room.width, room.height, *(min(size.points, size.lines) for size in room.sizes)) <= 0
    ):
        raise ValueError
    return room
