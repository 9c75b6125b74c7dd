"""A delegate's own page, opened by the link in their mail: badge, corrections, colleagues, data; it owns no table."""

from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from checkin import clock, sentences
from checkin.access import open_to
from checkin.adapters.qr import badge_png
from checkin.config import ROOT, Config
from checkin.db import reading, transaction
from checkin.documents import mailing
from checkin.documents.badge_faces import face
from checkin.documents.badges import BadgeFace, badge_pdf, short_names_wanted
from checkin.documents.calendar import event_calendar
from checkin.documents.pictures import badge_picture
from checkin.domain import (
    audit,
    badges,
    certificates,
    colleagues,
    correcting,
    delegates,
    links,
    registering,
    swaps,
)
from checkin.domain.countries import country_name
from checkin.domain.delegates import Agreement, Delegate
from checkin.domain.own_data import as_file, own_data
from checkin.domain.programme import Programme, programme
from checkin.errors import Conflict, NotFound
from checkin.limits import limiter
from checkin.registration import forms
from checkin.registration.forms import ColleagueForm, CorrectionForm, PublicForm, SwapForm
from checkin.tokens import token_hash

blueprint = Blueprint("me", __name__, url_prefix="/me")


def _link() -> str:
    """Whose page is asked for: at a venue a thousand delegates share one network."""
    token = (request.view_args or {}).get("token", "")
    return token_hash(str(token)[:64]).hex()


# A page that draws nothing, and one that makes a file.
usual = limiter.limit("120/minute", key_func=_link)
costly = limiter.limit("20/minute", key_func=_link)


def _config() -> Config:
    config: Config = current_app.config["CHECKIN"]
    return config


@blueprint.after_request
def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@dataclass(frozen=True)
class Mine:
    """Whose page it is, in which event, and their badge if they have one."""

    delegate: Delegate
    plan: Programme
    face: BadgeFace | None

    @property
    def asks_for_a_short_name(self) -> bool:
        """Whether the badge would show the name in small letters, for want of its short form."""
        return self.face is not None and bool(short_names_wanted([self.face]))

    @property
    def is_contact(self) -> bool:
        """Whether they may register others under their address."""
        return self.delegate.share == 0 and self.delegate.status not in {"unconfirmed", "cancelled"}


def _mine(session: Session, token: str) -> Mine:
    delegate = links.linked_delegate(session, token, now=clock.now())
    plan = programme(session)
    only = badges.PrintFilter(reference=delegate.reference)
    rows = badges.badges_to_print(session, only, at_most=1)
    shown = face(rows[0].Badge, delegate, rows[0].Category, plan=plan, key=_config().key) if rows else None
    return Mine(delegate, plan, shown)


def _read(token: str) -> Mine:
    with reading() as session:
        return _mine(session, token)


def _with_badge(token: str) -> tuple[Mine, BadgeFace]:
    mine = _read(token)
    if mine.face is None:
        raise NotFound("no_badge", "There is no badge: open the page itself to see why.")
    return mine, mine.face


def _page(name: str, token: str, mine: Mine, **given: object) -> str:
    form = given.pop("form", None) or PublicForm()
    return str(
        render_template(
            f"me/{name}.html",
            token=token,
            me=mine.delegate,
            mine=mine,
            event=mine.plan,
            category=mine.plan.categories[mine.delegate.category_id],
            country=_country(mine.delegate),
            form=form,
            labels=forms.LABELS,
            **given,
        )
    )


def _country(delegate: Delegate) -> str:
    return country_name(delegate.country, str(get_locale())) if delegate.country else delegate.country_text


def _back(token: str) -> BaseResponse:
    return redirect(url_for("me.page", token=token), 303)


def _actor(delegate: Delegate) -> str:
    return f"delegate:{delegate.reference}"


# --- the page and the badge -----------------------------------------------------------------------------------


@blueprint.get("/<token>")
@open_to("everyone")
@usual
def page(token: str) -> BaseResponse:
    """What one sees by the link: a button that confirms, or the badge."""
    with reading() as session:
        mine = _mine(session, token)
        everybody = delegates.colleagues_of(session, mine.delegate)
        people = [one for one in everybody if one.merged_into is None]
        swaps_left = swaps.left(session, mine.delegate) if people else 0
        is_over = certificates.is_over(mine.plan, now=clock.now())
        certified = certificates.days_attended(session, mine.delegate.id, mine.plan) if is_over else ()
    now = clock.now()
    swappable = {
        one.reference
        for one in people
        if swaps_left and swaps.may_swap(mine.delegate, one, programme=mine.plan, now=now)
    }
    qr = b64encode(badge_png(mine.face.code)).decode() if mine.face else ""
    shown = _page("page", token, mine, people=people, swappable=swappable, qr=qr, certified=certified)
    response = Response(shown)
    # The copy that a phone keeps goes with the badge.
    response.headers["X-Badge"] = "yes" if mine.face else "none"
    return response


@blueprint.get("/<token>/door")
@open_to("everyone")
@usual
def door(token: str) -> str:
    """The badge alone, as large as the screen, for the door."""
    mine, shown = _with_badge(token)
    return _page("door", token, mine, qr=b64encode(badge_png(shown.code)).decode())


@blueprint.get("/<token>/badge.pdf")
@open_to("everyone")
@costly
def badge_file(token: str) -> Response:
    """The badge to print."""
    _mine, shown = _with_badge(token)
    return _file(badge_pdf(shown), "application/pdf", f"badge-{shown.reference}.pdf")


@blueprint.get("/<token>/badge.png")
@open_to("everyone")
@costly
def picture(token: str) -> Response:
    """The badge to keep among one's pictures."""
    _mine, shown = _with_badge(token)
    return _file(badge_picture(shown), "image/png", f"badge-{shown.reference}.png")


@blueprint.get("/<token>/event.ics")
@open_to("everyone")
@usual
def calendar(token: str) -> Response:
    """The event's days for a calendar."""
    mine = _read(token)
    category = mine.plan.categories[mine.delegate.category_id]
    entries = event_calendar(mine.plan, category, base_url=_config().base_url, now=clock.now())
    return _file(entries, "text/calendar; charset=utf-8", f"{mine.plan.code}.ics")


def _file(content: bytes, kind: str, name: str) -> Response:
    response = Response(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@blueprint.get("/offline.js")
@open_to("everyone")
def offline() -> Response:
    """The service worker that keeps a phone's copy of the badge; served here, so that it may rule over /me/."""
    return send_from_directory(ROOT / "checkin" / "static" / "me", "offline.js")


# --- confirming -----------------------------------------------------------------------------------------------


@blueprint.post("/<token>/confirm")
@open_to("everyone")
@usual
def confirm(token: str) -> BaseResponse:
    """The tap that confirms: mail scanners open links, but they press no buttons."""
    form, now = PublicForm(), clock.now()
    if not form.validate():
        return Response(_page("page", token, _read(token), form=form, people=(), swappable=(), qr=""), 422)
    with transaction() as session:
        mine = _mine(session, token)
        confirmed = registering.confirm(
            session, mine.delegate, programme=mine.plan, key=_config().key, now=now
        )
        if confirmed.is_new:
            actor, subject = _actor(mine.delegate), mine.delegate.reference
            audit.record(session, "delegate confirmed", actor=actor, now=now, subject=subject)
            if confirmed.state == "confirmed":
                mailing.write_to(session, mine.delegate, kind="badge", now=now)
    return _back(token)


@blueprint.post("/<token>/withdraw")
@open_to("everyone")
@usual
def withdraw(token: str) -> BaseResponse | tuple[str, int]:
    """It wasn't me: whoever never confirmed is forgotten, and the address is free."""
    form, now = PublicForm(), clock.now()
    mine = _read(token)
    if not form.validate():
        return _page("page", token, mine, form=form, people=(), swappable=(), qr=""), 422
    with transaction() as session:
        delegate = links.linked_delegate(session, token, now=now)
        if registering.forget_unconfirmed(session, delegate, now=now):
            audit.record(session, "registration withdrawn", actor="delegate", now=now)
    return redirect(url_for("me.withdrawn"), 303)


@blueprint.get("/withdrawn")
@open_to("everyone")
def withdrawn() -> str:
    """Nothing is kept of a registration that wasn't confirmed."""
    return render_template("me/withdrawn.html")


# --- correcting and cancelling --------------------------------------------------------------------------------


@blueprint.route("/<token>/correct", methods=["GET", "POST"])
@open_to("everyone")
@usual
def correct(token: str) -> BaseResponse | str | tuple[str, int]:
    """The form again; the badge keeps its code."""
    mine = _read(token)
    if mine.delegate.status == "cancelled":
        return _back(token)
    if request.method == "GET":
        return _correcting(token, mine, CorrectionForm(categories=(), data=_typed(mine.delegate)))
    form = CorrectionForm(categories=())
    if not form.validate():
        return _correcting(token, mine, form), 422
    try:
        changed = _correct(token, form)
    except Conflict as conflict:
        if conflict.code != "changed_meanwhile":
            raise
        form.seen.data = mine.delegate.changed_at.isoformat()
        form.form_errors = [
            _("These details were changed elsewhere meanwhile. Send the form again if yours are right.")
        ]
        return _correcting(token, mine, form), 422
    if changed:
        flash(_("Corrected. Your badge keeps its code; print it again if you have printed it."))
    return _back(token)


def _typed(delegate: Delegate) -> dict[str, object]:
    names = (
        "honorific",
        "name",
        "short_name",
        "organisation",
        "job_title",
        "delegation",
        "phone",
        "language",
    )
    typed = {name: getattr(delegate, name) for name in (*names, "interests", "access_needs")}
    return {
        **typed,
        "country": delegate.country or delegate.country_text,
        "seen": delegate.changed_at.isoformat(),
    }


def _correct(token: str, form: CorrectionForm) -> tuple[str, ...]:
    now = clock.now()
    with transaction() as session:
        delegate = links.linked_delegate(session, token, now=now)
        changed = correcting.correct(
            session, delegate, form.details, key=_config().key, now=now, seen=_seen(form)
        )
        if changed:
            audit.record(
                session,
                "delegate corrected",
                actor=_actor(delegate),
                now=now,
                subject=delegate.reference,
                fields=list(changed),
            )
    return changed


def _seen(form: CorrectionForm) -> datetime:
    """When what was corrected had last been changed; raises Conflict where the form doesn't say it."""
    seen = None
    with suppress(ValueError):
        seen = datetime.fromisoformat(form.seen.data or "")
    if seen is None or seen.tzinfo is None:
        raise Conflict("changed_meanwhile", "The form doesn't say what it corrects: look at it once more.")
    return seen


def _correcting(token: str, mine: Mine, form: CorrectionForm) -> str:
    return _page("correct", token, mine, form=form, **_lists())


def _lists() -> dict[str, object]:
    return {
        "honorifics": forms.HONORIFICS,
        "countries": forms.choices_of_country(str(get_locale())),
        "languages": forms.LANGUAGES,
    }


@blueprint.route("/<token>/cancel", methods=["GET", "POST"])
@open_to("everyone")
@usual
def cancel(token: str) -> BaseResponse | str | tuple[str, int]:
    """Say that one won't come; the place is free for somebody else."""
    mine, form, now = _read(token), PublicForm(), clock.now()
    if request.method == "GET":
        return _page("cancel", token, mine)
    if not form.validate():
        return _page("cancel", token, mine, form=form), 422
    with transaction() as session:
        delegate = links.linked_delegate(session, token, now=now)
        if delegates.cancel(session, delegate, now=now):
            reason = "by the delegate"
            actor, subject = _actor(delegate), delegate.reference
            audit.record(session, "delegate cancelled", actor=actor, now=now, subject=subject, reason=reason)
    return _back(token)


# --- one's data -----------------------------------------------------------------------------------------------


@blueprint.get("/<token>/data")
@open_to("everyone")
@usual
def data(token: str) -> str:
    """Everything that is kept about me, in plain words."""
    with reading() as session:
        mine = _mine(session, token)
        kept = own_data(session, mine.delegate)
    latest = {consent.purpose: consent.given for consent in kept.consents}
    return _page("data", token, mine, kept=kept, latest=latest, languages=forms.LANGUAGES)


@blueprint.get("/<token>/data.json")
@open_to("everyone")
@costly
def data_file(token: str) -> Response:
    """The same as a file."""
    with reading() as session:
        kept = own_data(session, links.linked_delegate(session, token, now=clock.now()))
    return _file(as_file(kept).encode(), "application/json", f"{kept.delegate.reference}.json")


@blueprint.post("/<token>/consents")
@open_to("everyone")
@usual
def consents(token: str) -> BaseResponse:
    """Agree to a purpose or withdraw it, as easily as the other."""
    if not PublicForm().validate():
        return redirect(url_for("me.data", token=token), 303)
    now = clock.now()
    wanted = {purpose: request.form.get(purpose) == "y" for purpose in ("updates", "leads")}
    with transaction() as session:
        delegate = links.linked_delegate(session, token, now=now)
        before = {one.purpose: one.given for one in delegates.consents_of(session, delegate.id)}
        changed = {what: given for what, given in wanted.items() if before.get(what, False) != given}
        if changed:
            agreement = Agreement(changed, programme(session).notice.version, str(get_locale()))
            delegates.record_consents(session, delegate.id, agreement, now=now)
    flash(_("Kept as you wish."))
    return redirect(url_for("me.data", token=token), 303)


# --- colleagues -----------------------------------------------------------------------------------------------


@blueprint.route("/<token>/add", methods=["GET", "POST"])
@open_to("everyone")
@usual
def add(token: str) -> BaseResponse | str | tuple[str, int]:
    """Register somebody else under one's own address: this is how ministries do it."""
    mine = _read(token)
    if not mine.is_contact:
        return _back(token)
    form = ColleagueForm(categories=forms.open_categories(mine.plan))
    if request.method == "GET":
        form.language.data = mine.delegate.language
        form.organisation.data, form.country.data = mine.delegate.organisation, mine.delegate.country
        form.delegation.data = mine.delegate.delegation
        return _page("add", token, mine, form=form, **_lists())
    if not form.validate():
        return _page("add", token, mine, form=form, **_lists()), 422
    try:
        added = _add(token, form)
    except Conflict as conflict:
        form.form_errors = [_conflict(conflict)]
        return _page("add", token, mine, form=form, **_lists()), 422
    if added.status == "confirmed":
        flash(_("%(name)s is registered. The badge comes to your address.", name=added.name))
    else:
        flash(
            _("%(name)s is registered. The page of this registration says how it goes on.", name=added.name)
        )
    return _back(token)


def _conflict(conflict: Conflict) -> str:
    sentences = {
        "too_many_share": _(
            "20 people share this address already. Register more with another one, or ask the organisers."
        ),
    }
    return str(sentences.get(conflict.code, conflict.sentence))


def _add(token: str, form: ColleagueForm) -> Delegate:
    now = clock.now()
    with transaction() as session:
        mine = _mine(session, token)
        agreement = Agreement({"notice": True}, mine.plan.notice.version, str(get_locale()))
        added, is_new = colleagues.add_colleague(
            session,
            mine.delegate,
            form.details,
            agreement,
            programme=mine.plan,
            key=_config().key,
            now=now,
        )
        if is_new:
            audit.record(
                session, "colleague added", actor=_actor(mine.delegate), now=now, subject=added.reference
            )
            if added.status == "confirmed":
                mailing.write_to(session, added, kind="badge", now=now)
    return added


@blueprint.route("/<token>/people/<reference>/swap", methods=["GET", "POST"])
@open_to("everyone")
@usual
def swap(token: str, reference: str) -> BaseResponse | str | tuple[str, int]:
    """Somebody else comes instead of one whom I registered: the place stays, the badge is a new one."""
    now = clock.now()
    with reading() as session:
        mine = _mine(session, token)
        first = colleagues.colleague(session, mine.delegate, reference)
        swaps_left = swaps.left(session, mine.delegate)
    if not (swaps_left and swaps.may_swap(mine.delegate, first, programme=mine.plan, now=now)):
        flash(_("Nobody else can come instead here any more: please ask the organisers or the help desk."))
        return _back(token)
    form = SwapForm(categories=())
    if request.method == "GET":
        return _page("swap", token, mine, form=form, first=first, swaps_left=swaps_left, **_lists())
    if not form.validate():
        return _page("swap", token, mine, form=form, first=first, swaps_left=swaps_left, **_lists()), 422
    try:
        second = _swap(token, reference, form)
    except Conflict as conflict:
        form.form_errors = [sentences.on_a_page(conflict.code, conflict.sentence)]
        return _page("swap", token, mine, form=form, first=first, swaps_left=swaps_left, **_lists()), 422
    flash(
        _(
            "%(second)s comes instead of %(first)s, whose badge opens nothing any more. "
            "The new badge comes to your address.",
            second=second.name,
            first=first.name,
        )
    )
    return _back(token)


def _swap(token: str, reference: str, form: SwapForm) -> Delegate:
    now = clock.now()
    with transaction() as session:
        mine = _mine(session, token)
        agreement = Agreement({"notice": True}, mine.plan.notice.version, str(get_locale()))
        first, second = swaps.swap(
            session,
            mine.delegate,
            reference,
            form.details,
            agreement,
            programme=mine.plan,
            key=_config().key,
            now=now,
        )
        mailing.write_to(session, second, kind="badge", now=now)
        actor = _actor(mine.delegate)
        for subject, details in (
            (first, {"for_whom": second.reference}),
            (second, {"instead_of": first.reference}),
        ):
            audit.record(
                session, "delegate swapped", actor=actor, now=now, subject=subject.reference, **details
            )
    return second


@blueprint.post("/<token>/people/<reference>")
@open_to("everyone")
@usual
def open_colleague(token: str, reference: str) -> BaseResponse:
    """The page of somebody whom one registered, by a fresh link: their letters come to the same address anyway."""
    now = clock.now()
    if not PublicForm().validate():
        return _back(token)
    with transaction() as session:
        mine = _mine(session, token)
        one = colleagues.colleague(session, mine.delegate, reference)
        expires_at = links.last_moment(mine.plan, now=now)
        fresh = links.mint_link(session, one.id, now=now, expires_at=expires_at)
    return _back(fresh)
