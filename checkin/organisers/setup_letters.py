"""The organisers' own words for letters, in both languages, with a look at each; it owns no table."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from checkin import clock, sentences
from checkin.access import open_to
from checkin.adapters.mail import Letter
from checkin.db import reading, transaction
from checkin.documents.letters import Reader, letter
from checkin.domain import audit, event, own_words
from checkin.domain.own_words import LANGUAGES, Wording
from checkin.domain.programme import Programme
from checkin.errors import Conflict, NotFound
from checkin.organisers import pages
from checkin.organisers.setup_rows import Entry
from checkin.organisers.wording import LETTERS

blueprint = Blueprint("setup_letters", __name__, url_prefix="/organiser/setup/letters")


@dataclass
class Version:
    """A letter in one language: what is typed, and the letter as it would arrive."""

    language: str
    subject: Entry
    text: Entry
    shown: Letter

    @property
    def has_errors(self) -> bool:
        return bool(self.subject.errors or self.text.errors)


@blueprint.get("")
@open_to("organiser")
def index() -> str:
    """Every kind of letter, and which of them have words of the organisers' own."""
    with reading() as session:
        plan = pages.programme_now(session)
    own = {kind: [tag for tag in LANGUAGES if (kind, tag) in plan.own_words] for kind in LETTERS}
    return render_template("organiser/setup_letters.html", letters=LETTERS, own=own, pages=pages)


@blueprint.route("/<kind>", methods=["GET", "POST"])
@open_to("organiser")
def edit(kind: str) -> Response:
    """The words of a kind of letter; one who saves where somebody else has done so meanwhile is told."""
    if kind not in LETTERS:
        raise NotFound("not_found", "There is no such kind of letter.")
    with reading() as session:
        plan = pages.programme_now(session)
    if request.method == "GET":
        return _shown(kind, plan, _stored(plan, kind))
    typed = {tag: _typed(tag) for tag in LANGUAGES}
    wrong = any(True for one in typed.values() for _problem in own_words.problems(one))
    if wrong or "look" in request.form:
        return _shown(kind, plan, typed, status=422 if wrong else 200, seen=request.form.get("seen"))
    try:
        with transaction() as session:
            changed = _save(session, kind, typed)
    except Conflict as refusal:
        with reading() as session:
            plan = pages.programme_now(session)
        said = sentences.on_a_page(refusal.code, refusal.sentence)
        return _shown(kind, plan, typed, status=409, said=said)
    flash(_("The words are saved.") if changed else _("Nothing was different."), "success")
    return redirect(url_for("setup_letters.index"), 303)


def _typed(language: str) -> Wording:
    # Cut where nobody reads on: what is longer than the rule allows is told so.
    subject, text = (
        request.form.get(f"{language}-{name}", "")[: 2 * own_words.LONGEST_TEXT]
        for name in ("subject", "text")
    )
    return Wording(" ".join(subject.split()), text.replace("\r\n", "\n").strip())


def _stored(plan: Programme, kind: str) -> dict[str, Wording]:
    return {tag: plan.own_words.get((kind, tag), Wording()) for tag in LANGUAGES}


def _save(session: Session, kind: str, typed: Mapping[str, Wording]) -> list[str]:
    """Keep what differs; returns the languages in which it does."""
    event.hold_event(session)
    before = own_words.wordings(session)
    now = {tag: before.get((kind, tag), Wording()) for tag in LANGUAGES}
    if _stamp(now) != request.form.get("seen"):
        raise Conflict("changed_meanwhile", "These words were changed meanwhile.")
    changed = [tag for tag in LANGUAGES if now[tag] != typed[tag]]
    for tag in changed:
        own_words.set_wording(session, kind, tag, typed[tag])
    if changed:
        event.raise_version(session)
        audit.record(
            session, "letter worded", actor=pages.actor(), now=clock.now(), subject=kind, fields=changed
        )
    return changed


def _stamp(wordings: Mapping[str, Wording]) -> str:
    return pages.stamp([(tag, one.subject, one.text) for tag, one in sorted(wordings.items())])


def _shown(
    kind: str,
    plan: Programme,
    typed: Mapping[str, Wording],
    *,
    status: int = 200,
    seen: str | None = None,
    said: str = "",
) -> Response:
    stored = _stored(plan, kind)
    trial = replace(plan, own_words={**plan.own_words, **{(kind, tag): one for tag, one in typed.items()}})
    page = render_template(
        "organiser/setup_letter.html",
        kind=kind,
        title=LETTERS[kind],
        versions=[
            _version(kind, tag, typed[tag], stored[tag], trial, compared=bool(said)) for tag in LANGUAGES
        ],
        names={tag: pages.language_name(tag) for tag in LANGUAGES},
        seen=seen if seen is not None else _stamp(stored),
        said=said,
    )
    return make_response(page, status)


def _version(
    kind: str, tag: str, typed: Wording, stored: Wording, trial: Programme, *, compared: bool
) -> Version:
    entries = {name: Entry(f"{tag}-{name}", getattr(typed, name)) for name in ("subject", "text")}
    for name, code, params in own_words.problems(typed):
        entries[name].errors.append(_(own_words.SENTENCES[code]) % params)
    for name, entry in entries.items():
        if compared and entry.data != getattr(stored, name):
            entry.note = _("Stored now: %(value)s", value=getattr(stored, name) or "–")
    reference = f"{trial.reference_prefix}-00042"
    reader = Reader("Aina binti Yusof", "aina@example.org", tag, reference, "confirmed", "https://…/me/…")
    shown = letter(kind, reader, trial, message_id="look")
    return Version(tag, entries["subject"], entries["text"], shown)
