"""The badge layouts there are, with a look at the hardest names in each; it owns no table."""

from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request
from flask_babel import format_decimal
from flask_babel import lazy_gettext as _

from checkin.access import open_to
from checkin.documents.badge_samples import SAMPLES, badge_preview, preview_picture
from checkin.documents.badges import badge_layout, look_of
from checkin.documents.layouts import layout_names
from checkin.errors import NotFound, Refusal
from checkin.organisers.wording import LAYOUTS

blueprint = Blueprint("layouts", __name__, url_prefix="/organiser/badges")

# The first sample of a layout is on its picture.
PICTURED = SAMPLES[0].name
USES = {
    "a6": _("For badge holders on a lanyard. A print shop prints and cuts it, or any printer on A6 paper."),
    "a6-landscape": _("For wide badge holders: the name stands beside the code."),
    "a4-four": _("For office printers and print shops: four A6 badges on a sheet, with marks where to cut."),
    "a4-fold": _(
        "For office printers and for people at home: folded twice, with the event's days and rules inside."
    ),
    "card": _("For plastic cards of the size of a bank card, and their printers."),
    "label": _("For label printers at the help desk, which print in black only."),
}


@dataclass(frozen=True)
class Shown:
    """A layout as the page shows it; `size` is its page's, in millimetres, and `wrong` why it can't be printed."""

    name: str
    title: str
    use: str
    size: str = ""
    wrong: str = ""


@blueprint.get("")
@open_to("organiser")
def index() -> str:
    """Each layout's size, what it is for, and how it looks."""
    return render_template(
        "organiser/layouts.html",
        layouts=[_shown(name) for name in layout_names()],
        pictured=PICTURED,
    )


@blueprint.get("/<name>.png")
@open_to("organiser")
def picture(name: str) -> Response:
    """The first page of a layout's preview."""
    return _kept(preview_picture(_known(name)), "image/png")


@blueprint.get("/<name>.pdf")
@open_to("organiser")
def preview(name: str) -> Response:
    """The hardest names in a layout, as it is printed."""
    bleed = request.args.get("bleed") == "yes"
    response = _kept(badge_preview(_known(name), bleed=bleed), "application/pdf")
    ending = "-bleed" if bleed else ""
    response.headers["Content-Disposition"] = f'inline; filename="preview-{name}{ending}.pdf"'
    return response


def _known(name: str) -> str:
    if name not in layout_names():
        raise NotFound("unknown_layout", "There is no such badge layout.")
    return name


def _kept(content: bytes, kind: str) -> Response:
    """An answer that a browser may keep while somebody goes back and forth."""
    response = Response(content, content_type=kind)
    response.headers["Cache-Control"] = "private, max-age=300"
    return response


def _shown(name: str) -> Shown:
    title, use = str(LAYOUTS.get(name, name)), str(USES.get(name, ""))
    try:
        page = badge_layout(name).sheet(look_of(SAMPLES[0])).page
    except Refusal as refusal:
        return Shown(name, title, use, wrong=str(refusal))
    width, height = (format_decimal(round(side * 25.4 / 96, 1)) for side in (page.width, page.height))
    return Shown(name, title, use, size=f"{width} × {height} mm")
