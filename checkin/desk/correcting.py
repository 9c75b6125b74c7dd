"""Correcting a name or an organisation while somebody waits; it owns no table."""

from dataclasses import replace

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField, StringField

from checkin import clock, sentences
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.desk import pages
from checkin.domain import audit, correcting
from checkin.domain.delegates import Delegate
from checkin.domain.details import SENTENCES, Details, DetailsRefused, clean_details
from checkin.errors import Conflict
from checkin.limits import limiter

blueprint = Blueprint("desk_correcting", __name__, url_prefix="/desk/people/<reference>/correct")

LABELS = {
    "honorific": lazy_gettext("Title"),
    "name": lazy_gettext("Name"),
    "short_name": lazy_gettext("Short form of the name"),
    "organisation": lazy_gettext("Organisation"),
}


class NameForm(FlaskForm):  # type: ignore[misc]
    """What stands on the badge, as typed; `details` is what it means once the form is valid."""

    honorific = StringField()
    name = StringField()
    short_name = StringField()
    organisation = StringField()
    # When what is corrected had last been changed, as the page showed it.
    seen = HiddenField()

    details: Details

    def validate(self, extra_validators: object = None) -> bool:
        """Every problem of every field at once."""
        well: bool = super().validate(extra_validators)
        try:
            self.details, _doubts = clean_details({name: str(self[name].data or "") for name in LABELS})
        except DetailsRefused as refused:
            well = False
            for problem in refused.problems:
                sentence = _(SENTENCES[problem.code]) % problem.params
                self[problem.field].errors = [*self[problem.field].errors, sentence]
        return well


@blueprint.route("", methods=["GET", "POST"])
@open_to(*pages.DESK)
@limiter.limit("120 per minute", key_func=pages.member)
def correct(reference: str) -> Response:
    """The form; one who saves it where somebody else has done so meanwhile is shown what is stored now."""
    with reading() as session:
        delegate = pages.delegate(session, reference)
    form = NameForm(data=_stored(delegate) | {"seen": delegate.changed_at.isoformat()})
    if not form.validate_on_submit():
        return _shown(form, delegate, status=422 if form.is_submitted() else 200)
    try:
        fields = _correct(reference, form)
    except Conflict as refused:
        with reading() as session:
            delegate = pages.delegate(session, reference)
        form.form_errors = [*form.form_errors, sentences.on_a_page(refused.code, refused.sentence)]
        form.seen.data = delegate.changed_at.isoformat()
        return _shown(form, delegate, status=409)
    if not fields:
        flash(_("Nothing was different."), "success")
        return redirect(url_for("desk_person.page", reference=delegate.reference), 303)
    flash(_("The details are saved: print the badge again."), "success")
    return redirect(url_for("desk_person.page", reference=delegate.reference, then="print"), 303)


def _correct(reference: str, form: NameForm) -> tuple[str, ...]:
    now, key = clock.now(), current_app.config["CHECKIN"].key
    with transaction() as session:
        delegate = pages.delegate(session, reference, hold=True)
        if delegate.changed_at.isoformat() != form.seen.data:
            raise Conflict("changed_meanwhile", f"{delegate.reference} was changed meanwhile.")
        kept = Details(**{name: getattr(delegate, name) for name in correcting.CORRECTED})
        details = replace(kept, **{name: getattr(form.details, name) for name in LABELS})
        fields = correcting.correct(session, delegate, details, key=key, now=now)
        if fields:
            subject = delegate.reference
            audit.record(
                session,
                "delegate corrected",
                actor=pages.actor(),
                now=now,
                subject=subject,
                fields=list(fields),
            )
    return fields


def _stored(delegate: Delegate) -> dict[str, str]:
    return {name: getattr(delegate, name) or "" for name in LABELS}


def _shown(form: NameForm, delegate: Delegate, *, status: int) -> Response:
    stored = _stored(delegate)
    differs = status == 409
    hints = {
        name: _("Stored now: %(value)s", value=stored[name] or "–")
        for name in LABELS
        if differs and stored[name] != (form[name].data or "")
    }
    page = render_template("desk/correct.html", form=form, one=delegate, labels=LABELS, now=hints)
    return make_response(page, status)
