"""Correcting a delegate's details, the category and the address included; it owns no table."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import HiddenField, StringField

from checkin import clock, sentences
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.domain import audit, correcting
from checkin.domain.countries import country_code, country_codes
from checkin.domain.delegates import Delegate
from checkin.domain.details import FIELDS, SENTENCES, Details, DetailsRefused, clean_details
from checkin.domain.programme import Programme
from checkin.errors import Conflict
from checkin.organisers import pages
from checkin.organisers.differing import THEIRS, Line, differences, last_changed, lines, noted, read_noted
from checkin.organisers.pages import Choices
from checkin.organisers.wording import FIELDS as NAMES
from checkin.organisers.wording import STATUSES

blueprint = Blueprint("amending", __name__, url_prefix="/organiser/delegates/<reference>/correct")

LANGUAGES = ("en", "ms")
# Beside which field a refusal is shown.
BLAMED = {"address_taken": "email", "category_full": "category"}


class CorrectionForm(FlaskForm):  # type: ignore[misc]
    """A delegate's details as typed; `details` is what they mean once the form is valid."""

    honorific = StringField()
    name = StringField()
    short_name = StringField()
    organisation = StringField()
    job_title = StringField()
    country = StringField()
    category = StringField()
    delegation = StringField()
    language = StringField()
    email = StringField()
    phone = StringField()
    interests = StringField()
    access_needs = StringField()
    reason = StringField()
    # When what is corrected had last been changed, as the page showed it.
    seen = HiddenField()
    # And what it was then, so that one can tell who has changed what.
    was = HiddenField()

    details: Details

    def __init__(self, delegate: Delegate, plan: Programme) -> None:
        now = stored(delegate, plan)
        super().__init__(data=now | {"seen": delegate.changed_at.isoformat(), "was": noted(now)})
        self._kept_country = delegate.country_text
        self._categories = {category.name for category in plan.categories.values()}

    def validate(self, extra_validators: object = None) -> bool:
        """Every problem of every field at once."""
        well: bool = super().validate(extra_validators)
        raw = {name: str(self[name].data or "") for name in FIELDS}
        try:
            self.details, _doubts = clean_details(raw)
        except DetailsRefused as refused:
            well = False
            for problem in refused.problems:
                self.blame(problem.field, _(SENTENCES[problem.code]) % problem.params)
        if raw["country"] not in {"", self._kept_country} and country_code(raw["country"]) is None:
            well = False
            self.blame("country", _("Please choose a country from the list."))
        if raw["category"] not in self._categories:
            well = False
            self.blame("category", _("Please choose one of these."))
        return well

    def blame(self, name: str, sentence: str) -> None:
        """Show an error beside a field."""
        self[name].errors = [*self[name].errors, sentence]


def stored(delegate: Delegate, plan: Programme) -> dict[str, str]:
    """What a delegate's details are now, as the form shows them."""
    named = {name: getattr(delegate, name, None) or "" for name in FIELDS}
    country = delegate.country or delegate.country_text
    return {**named, "country": country, "category": plan.categories[delegate.category_id].name}


@blueprint.route("", methods=["GET", "POST"])
@open_to("organiser")
def correct(reference: str) -> Response:
    """The form with all the details; one who saves it where somebody else has done so meanwhile is told."""
    with reading() as session:
        plan = pages.programme_now(session)
        delegate = pages.delegate(session, reference)
    form = CorrectionForm(delegate, plan)
    if not form.validate_on_submit():
        return _shown(form, delegate, plan, status=422 if form.is_submitted() else 200)
    try:
        with transaction() as session:
            fields = _amend(session, pages.delegate(session, reference, hold=True), form, plan)
    except Conflict as refusal:
        return _refused(form, refusal, reference)
    flash(_("The details are saved.") if fields else _("Nothing was different."), "success")
    return redirect(url_for("person.page", reference=delegate.reference), 303)


def _amend(session: Session, delegate: Delegate, form: CorrectionForm, plan: Programme) -> list[str]:
    """Save what differs and keep which fields did; raises Conflict where it can't be, or isn't what was shown."""
    if delegate.changed_at.isoformat() != form.seen.data:
        raise Conflict("changed_meanwhile", f"{delegate.reference} was changed meanwhile.")
    return amend(session, delegate, form.details, plan, actor=pages.actor(), reason=pages.typed("reason"))


def amend(
    session: Session, delegate: Delegate, details: Details, plan: Programme, *, actor: str, reason: str
) -> list[str]:
    """Let a delegate whom the caller holds be as described; returns the fields that change, which are kept.

    Raises Conflict where the category is full, somebody has the address, or the delegate is erased.
    """
    now, key = clock.now(), current_app.config["CHECKIN"].key
    fields = list(correcting.correct(session, delegate, details, key=key, now=now))
    category_id = plan.category_named(details.category)
    if correcting.change_category(session, delegate, category_id, key=key, now=now):
        fields.append("category")
    if correcting.change_email(session, delegate, details.email, now=now):
        fields.append("email")
    if fields:
        subject = delegate.reference
        audit.record(
            session, "delegate corrected", actor=actor, now=now, subject=subject, reason=reason, fields=fields
        )
    return fields


@dataclass(frozen=True)
class Clash:
    """Another was faster: who and when, what differs, and the state that the registration has now."""

    who: str
    when: str
    lines: Sequence[Line]
    status_name: str


def _refused(form: CorrectionForm, refusal: Conflict, reference: str) -> Response:
    """The form as it was typed, beside what is stored now; saving it again is then meant."""
    with reading() as session:
        plan = pages.programme_now(session)
        delegate = pages.delegate(session, reference)
        who, at = last_changed(session, delegate.reference)
    if refusal.code in BLAMED:
        form.blame(BLAMED[refusal.code], sentences.on_a_page(refusal.code, refusal.sentence))
        return _shown(form, delegate, plan, status=409)
    if refusal.code != "changed_meanwhile":
        form.form_errors = [*form.form_errors, sentences.on_a_page(refusal.code, refusal.sentence)]
        return _shown(form, delegate, plan, status=409)
    now = stored(delegate, plan)
    typed = {name: str(form[name].data or "") for name in FIELDS}
    found = differences(read_noted(form.was.data or ""), now, typed)
    for one in found:
        form[one.field].data = one.kept
    form.seen.data, form.was.data = delegate.changed_at.isoformat(), noted(now)
    when = pages.moment(at, plan) if at else ""
    clash = Clash(who, when, lines(found), str(STATUSES[delegate.status]))
    return _shown(form, delegate, plan, status=409, clash=clash)


def _shown(
    form: CorrectionForm,
    delegate: Delegate,
    plan: Programme,
    *,
    status: int,
    clash: Clash | None = None,
) -> Response:
    page = render_template(
        "organiser/delegate_correct.html",
        form=form,
        one=delegate,
        labels={name: NAMES[name] for name in FIELDS} | {"reason": _("Reason")},
        now=_hints(clash),
        clash=clash,
        countries=_countries(delegate),
        categories=[(category.name, category.name) for category in plan.categories.values()],
        languages=[(tag, pages.language_name(tag)) for tag in dict.fromkeys((*LANGUAGES, delegate.language))],
    )
    return make_response(page, status)


def _hints(clash: Clash | None) -> dict[str, str]:
    """Beside each field that differs what the other has stored, or that theirs is in the form."""
    if clash is None:
        return {}
    hints = {}
    for line in clash.lines:
        if line.kind == THEIRS:
            hints[line.field] = _("Changed by %(who)s; it was: %(value)s", who=clash.who, value=line.was)
        else:
            hints[line.field] = _("Stored now: %(value)s", value=line.stored)
    return hints


def _countries(delegate: Delegate) -> Choices:
    """Every country, and what was given for this delegate where it is none of today."""
    named = pages.by_name((code, pages.country(code)) for code in country_codes())
    return [(delegate.country_text, delegate.country_text), *named] if delegate.country_text else named
