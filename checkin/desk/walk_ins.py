"""Registering whoever stands before the desk, and the poster that leads to the form; it owns no table."""

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, lazy_gettext
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired

from checkin import clock, sentences
from checkin.access import open_to
from checkin.adapters import qr
from checkin.db import reading, transaction
from checkin.desk import blanks, pages
from checkin.documents import mailing
from checkin.domain import audit, giving_blanks, walk_ins
from checkin.domain.delegates import Agreement, Delegate
from checkin.domain.details import FIELDS, SENTENCES, Details, DetailsRefused, clean_details
from checkin.domain.programme import Programme
from checkin.errors import Conflict, Refusal
from checkin.limits import limiter

blueprint = Blueprint("desk_walk_ins", __name__, url_prefix="/desk")

LABELS = {
    "name": lazy_gettext("Name"),
    "organisation": lazy_gettext("Organisation"),
    "category": lazy_gettext("Category"),
    "email": lazy_gettext("E-mail address"),
    "blank": lazy_gettext("Blank badge"),
    "consent_notice": lazy_gettext("Privacy notice"),
}


class PersonForm(FlaskForm):  # type: ignore[misc]
    """Somebody who stands before the desk; `details` is what it means once the form is valid."""

    name = StringField()
    email = StringField()
    consent_notice = BooleanField(
        validators=[InputRequired(lazy_gettext("Please confirm that this person agrees to the notice."))]
    )

    details: Details

    def validate(self, extra_validators: object = None) -> bool:
        """Every problem of every field at once."""
        well: bool = super().validate(extra_validators)
        raw = {name: str(self[name].data or "") for name in FIELDS if name in self}
        try:
            self.details, _doubts = clean_details({**raw, "language": str(get_locale())})
        except DetailsRefused as refused:
            well = False
            for problem in refused.problems:
                self.blame(problem.field, _(SENTENCES[problem.code]) % problem.params)
        return well

    def blame(self, name: str, sentence: str) -> None:
        """Show an error beside a field."""
        self[name].errors = [*self[name].errors, sentence]


class WalkInForm(PersonForm):
    """A walk-in, in one of the categories that a desk may give."""

    organisation = StringField()
    category = StringField()
    # The number, or the code, of a blank badge that they get.
    blank = StringField()

    def __init__(self, categories: tuple[str, ...]) -> None:
        super().__init__()
        self.categories = categories

    def validate(self, extra_validators: object = None) -> bool:
        """Every problem of every field at once."""
        well = super().validate(extra_validators)
        if (self.category.data or "") not in self.categories:
            well = False
            self.blame("category", _("Please choose one of these."))
        return well


@blueprint.route("/walk-in", methods=["GET", "POST"])
@open_to(*pages.DESK)
@limiter.limit("120 per minute", key_func=pages.member)
def walk_in() -> Response:
    """A short form; who is new is confirmed at once, and their badge printed."""
    with reading() as session:
        plan = pages.programme_now(session)
    form = WalkInForm(walk_ins.open_categories(plan))
    if not form.validate_on_submit():
        if not form.is_submitted():
            form.blank.data = blanks.shown_number(request.args.get("blank", ""))
        return _shown(form, status=422 if form.is_submitted() else 200)
    with_blank = bool((form.blank.data or "").strip())
    try:
        with transaction() as session:
            delegate, is_new = _register(session, form, plan)
    except Refusal as refused:
        on_blank = "blank" in refused.code
        form.blame("blank" if on_blank else "category", sentences.on_a_page(refused.code, refused.sentence))
        return _shown(form, status=422 if refused.status == 404 else refused.status)
    if with_blank:
        flash(_("Registered and confirmed, with the blank badge in hand."), "success")
        return redirect(url_for("desk_person.page", reference=delegate.reference), 303)
    if is_new:
        flash(_("Registered and confirmed: print the badge."), "success")
    else:
        flash(_("Registered before, so nothing was added: this is who was found."), "warning")
    then = "print" if is_new else None
    return redirect(url_for("desk_person.page", reference=delegate.reference, then=then), 303)


def _agreement(plan: Programme) -> Agreement:
    return Agreement({"notice": True}, plan.notice.version, str(get_locale()))


def _register(session: Session, form: WalkInForm, plan: Programme) -> tuple[Delegate, bool]:
    now, agreement = clock.now(), _agreement(plan)
    key = current_app.config["CHECKIN"].key
    typed = " ".join((form.blank.data or "").split())
    blank = giving_blanks.take(session, typed) if typed else None
    made = walk_ins.register(session, form.details, agreement, programme=plan, key=key, now=now)
    delegate = session.get_one(Delegate, made.delegate_id)
    if blank is not None:
        is_fresh = walk_ins.confirm(session, delegate, plan, key=key, now=now) or made.is_new
        blanks.hand_to(session, blank, delegate, key=key, now=now, is_fresh=is_fresh)
    elif made.is_new:
        mailing.write_to(session, delegate, kind="badge", now=now)
    if made.is_new:
        subject = delegate.reference
        audit.record(session, "walk-in registered", actor=pages.actor(), now=now, subject=subject)
    return delegate, made.is_new


def _shown(form: WalkInForm, *, status: int) -> Response:
    page = render_template("desk/walk_in.html", form=form, labels=LABELS)
    return make_response(page, status)


@blueprint.route("/people/<reference>/swap", methods=["GET", "POST"])
@open_to(*pages.DESK)
@limiter.limit("120 per minute", key_func=pages.member)
def swap(reference: str) -> Response:
    """Somebody else comes instead, with a badge of their own; the first one's is refused from now on."""
    with reading() as session:
        first = pages.delegate(session, reference)
    form = PersonForm()
    if not form.validate_on_submit():
        return _swap_page(form, first, status=422 if form.is_submitted() else 200)
    try:
        with transaction() as session:
            other = _swap(session, pages.delegate(session, reference, hold=True), form)
    except Conflict as refused:
        form.form_errors = [*form.form_errors, sentences.on_a_page(refused.code, refused.sentence)]
        return _swap_page(form, first, status=409)
    flash(_("Swapped: print the new badge; the other one is refused from now on."), "success")
    return redirect(url_for("desk_person.page", reference=other.reference, then="print"), 303)


def _swap(session: Session, first: Delegate, form: PersonForm) -> Delegate:
    now, plan = clock.now(), pages.programme_now(session)
    agreement = _agreement(plan)
    key = current_app.config["CHECKIN"].key
    other = walk_ins.swap(session, first, form.details, agreement, programme=plan, key=key, now=now)
    mailing.write_to(session, other, kind="badge", now=now)
    for subject, details in (
        (first, {"for_whom": other.reference}),
        (other, {"instead_of": first.reference}),
    ):
        audit.record(
            session, "delegate swapped", actor=pages.actor(), now=now, subject=subject.reference, **details
        )
    return other


def _swap_page(form: PersonForm, first: Delegate, *, status: int) -> Response:
    page = render_template("desk/swap.html", form=form, one=first, labels=LABELS)
    return make_response(page, status)


@blueprint.get("/poster")
@open_to(*pages.DESK)
def poster() -> str:
    """What to print and hang up: the way to the form as walk-ins get it."""
    with reading() as session:
        plan = pages.programme_now(session)
    config = current_app.config["CHECKIN"]
    mark = walk_ins.poster_mark(plan, secret=config.secret_key)
    address = f"{config.base_url.rstrip('/')}/register?onsite={mark}"
    side, path = qr.picture(address)
    return render_template("desk/poster.html", event=plan, address=address, side=side, path=path)
