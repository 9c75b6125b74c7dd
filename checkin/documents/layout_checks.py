"""Badge layouts looked at closely, before anybody prints with one; it owns no table."""

from collections.abc import Iterator

from checkin.adapters import pdf
from checkin.adapters.stamping import Design, Place
from checkin.documents.badges import Layout, Look
from checkin.documents.layouts import (
    OWN_LINES,
    SHARED_LINES,
    LayoutFiles,
    file_faults,
    layout_names,
    read_layout,
    wrong,
)
from checkin.errors import Refusal

SMALLEST_CODE = 20  # millimetres a side: modules of 0.8 mm
# What a badge may go without.
OPTIONAL = ("venue_line", "event", "honorific", "country")

_MM_PER_PX = 25.4 / 96
_HAIR = 0.01  # millimetres; what rounding makes

# A category with all that one may have.
_LOOK = Look("Category", "#1a5fb4", "Event", "Venue", ("Day 1",), "en")


def layout_faults() -> list[str]:
    """What is wrong with the layouts, a sentence each; each is laid out for that, which takes a second in all.

    Raises Refusal without Pango.
    """
    faults = file_faults()
    for name in layout_names():
        try:
            files = read_layout(name)
            with pdf.one_at_a_time:
                faults += _faults(files)
        except Refusal as refusal:
            if refusal.code == "no_pango":
                raise
            faults.append(str(refusal))
    return list(dict.fromkeys(faults))


def _faults(files: LayoutFiles) -> Iterator[str]:
    for bleed in (False, True):
        layout = Layout(files, bleed=bleed)
        if files.sheet:
            found = _faults_of_sheet(layout)
            yield from (_said(files.name, "sheet.html", why) for why in found)
        elif bleed:
            layout.design(_LOOK)
        else:
            yield from (_said(files.name, "badge.html", why) for why in _lines_not_shown(layout))
            for place in layout.design(_LOOK).places:
                yield from (_said(files.name, "badge.html", why) for why in _faults_of_place(layout, place))


def _said(name: str, file: str, why: str) -> str:
    return str(wrong(name, file, why))


def _lines_not_shown(layout: Layout) -> Iterator[str]:
    shared, marked = layout.html(_LOOK, {}), layout.marked(_LOOK)
    for kind in SHARED_LINES:
        if f'class="line {kind}"' not in shared and kind not in OPTIONAL:
            yield f"{{{{ {kind} }}}} is nowhere."
    placed = [kind for place in layout.design(_LOOK).places for kind in place.kinds]
    for kind in (*OWN_LINES, "code"):
        if marked.count(f'data-line="{kind}"') > placed.count(kind):
            yield f"{{{{ {kind} }}}} stands outside the elements with data-place, where nothing is printed."
        elif kind not in placed and kind not in OPTIONAL:
            yield f"no element with data-place holds {{{{ {kind} }}}}."


def _faults_of_place(layout: Layout, place: Place) -> Iterator[str]:
    width, height = place.width * _MM_PER_PX, place.height * _MM_PER_PX
    if not _lies_within(place, layout.design(_LOOK)):
        yield f"the place of {_listed(place)} leaves the page."
    if not place.kinds:
        yield "an element with data-place holds no line."
    elif "code" in place.kinds:
        if place.kinds != ("code",):
            yield "{{ code }} needs a place for itself."
        if min(width, height) < SMALLEST_CODE - _HAIR:
            yield f"the code is {min(width, height):.1f} mm; below {SMALLEST_CODE} mm phones read it badly."
        if abs(width - height) > _HAIR:
            yield f"the code's place is {width:.1f} x {height:.1f} mm, and not square."
    else:
        for kind in place.kinds:
            if layout.rooms[kind].width > width + _HAIR:
                yield f"the place of {{{{ {kind} }}}} is {width:.1f} mm wide, less than [{kind}] in layout.toml."
        needed = layout.height_of(place.kinds)
        if needed > height + _HAIR:
            yield f"the place of {_listed(place)} is {height:.1f} mm high, and its lines together {needed:.1f} mm."


def _faults_of_sheet(layout: Layout) -> Iterator[str]:
    sheet, badge = layout.sheet(_LOOK), layout.design(_LOOK).page
    if not sheet.places:
        yield "no element has data-place, in which a badge could stand."
    for slot in sheet.places:
        if not _lies_within(slot, sheet):
            yield "a badge's place leaves the page."
        missing = max(badge.width - slot.width, badge.height - slot.height) * _MM_PER_PX
        if missing > _HAIR:
            yield f"a badge's place is {missing:.1f} mm too small for it."


def _lies_within(place: Place, design: Design) -> bool:
    right, foot = place.x + place.width, place.y + place.height
    outside = max(-place.x, -place.y, right - design.page.width, foot - design.page.height)
    return bool(outside * _MM_PER_PX <= _HAIR)


def _listed(place: Place) -> str:
    return " and ".join(f"{{{{ {kind} }}}}" for kind in place.kinds) or "nothing"
