"""The delegate's pages; it owns no table."""

from flask import Blueprint, render_template
from flask_babel import get_locale

from checkin import clock
from checkin.access import open_to
from checkin.db import reading
from checkin.domain.event import is_set_up
from checkin.domain.programme import programme

blueprint = Blueprint("registration", __name__)


@blueprint.get("/")
@open_to("everyone")
def start() -> str:
    """The event, and where its three faces are."""
    with reading() as session:
        event = programme(session) if is_set_up(session) else None
    return render_template(
        "registration/start.html", event=event, now=clock.now(), language=str(get_locale())
    )
