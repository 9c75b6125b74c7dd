"""The privacy notice in the organisers' own words, with a look at it and its earlier versions; it owns no table."""

from collections.abc import Mapping

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from checkin import clock, sentences
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.domain import audit, event, notices, own_words
from checkin.domain.notices import Notice
from checkin.domain.own_words import LANGUAGES
from checkin.errors import Conflict
from checkin.organisers import pages
from checkin.organisers.setup_rows import Entry

blueprint = Blueprint("setup_notice", __name__, url_prefix="/organiser/setup/notice")


@blueprint.get("")
@open_to("organiser")
def index() -> Response:
    """The texts that hold, as delegates see them, and those before."""
    with reading() as session:
        stored = notices.notice(session)
    return _shown(_texts(stored))


@blueprint.post("")
@open_to("organiser")
def save() -> Response:
    """A new version; one who saves where somebody else has done so meanwhile is told."""
    typed = {tag: _typed(tag) for tag in LANGUAGES}
    if any(True for _problem in notices.problems(typed)):
        return _shown(typed, status=422, seen=request.form.get("seen"))
    if "look" in request.form:
        return _shown(typed, seen=request.form.get("seen"))
    try:
        with transaction() as session:
            changed = _save(session, typed)
    except Conflict as refusal:
        return _shown(typed, status=409, said=sentences.on_a_page(refusal.code, refusal.sentence))
    if changed:
        flash(_("The notice is saved: whoever registers from now on agrees to this version."), "success")
    else:
        flash(_("Nothing was different."), "success")
    return redirect(url_for("setup_notice.index"), 303)


def _typed(language: str) -> str:
    # Cut where nobody reads on: what is longer than the rule allows is told so.
    return request.form.get(language, "")[: 2 * notices.LONGEST].replace("\r\n", "\n").strip()


def _texts(notice: Notice) -> dict[str, str]:
    return {tag: notice.texts.get(tag, "") for tag in LANGUAGES}


def _stamp(texts: Mapping[str, str]) -> str:
    return pages.stamp([texts[tag] for tag in LANGUAGES])


def _save(session: Session, typed: Mapping[str, str]) -> bool:
    event.hold_event(session)
    stored = _texts(notices.notice(session))
    if _stamp(stored) != request.form.get("seen"):
        raise Conflict("changed_meanwhile", "These words were changed meanwhile.")
    if stored == typed:
        return False
    now = clock.now()
    version = notices.set_notice(session, typed, by=pages.actor(), now=now).version
    event.raise_version(session)
    changed = [tag for tag in LANGUAGES if stored[tag] != typed[tag]]
    audit.record(session, "notice worded", actor=pages.actor(), now=now, subject=version, fields=changed)
    return True


def _shown(
    typed: Mapping[str, str], *, status: int = 200, seen: str | None = None, said: str = ""
) -> Response:
    with reading() as session:
        plan = pages.programme_now(session)
        stored = _texts(notices.notice(session))
        earlier = notices.versions(session)
        actors = audit.actors(session)
    entries = {tag: Entry(tag, typed[tag]) for tag in LANGUAGES}
    for tag, code, params in notices.problems(typed):
        entries[tag].errors.append(_(own_words.SENTENCES[code]) % params)
    values = {"event": plan.name, "organiser": plan.whom}
    trial = Notice(1, typed)
    page = render_template(
        "organiser/setup_notice.html",
        entries_of=entries,
        looks={tag: trial.paragraphs(tag, values) for tag in LANGUAGES},
        names={tag: pages.language_name(tag) for tag in LANGUAGES},
        version=plan.notice.version,
        earlier=[(Notice(one.number, {}).version, one, actors.get(one.by, one.by)) for one in earlier],
        longest=notices.LONGEST,
        seen=seen if seen is not None else _stamp(stored),
        said=said,
        plan=plan,
        pages=pages,
    )
    return make_response(page, status)
