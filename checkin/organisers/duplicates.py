"""Delegates who are likely one person: looked at side by side, merged, or told apart; it owns no table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from checkin import clock, sentences
from checkin.access import open_to
from checkin.db import reading, transaction
from checkin.domain import audit, duplicates, merging
from checkin.domain.delegates import Delegate
from checkin.domain.likeness import REASONS
from checkin.domain.merging import CHOSEN, Side
from checkin.domain.programme import Programme
from checkin.errors import Conflict, NotFound
from checkin.limits import limiter
from checkin.organisers import duplicate_search, pages
from checkin.organisers.wording import FIELDS, PURPOSES, STATUSES

blueprint = Blueprint("duplicates", __name__, url_prefix="/organiser/duplicates")

LAST_PAGE = 10_000
WHY = dict(
    zip(
        REASONS,
        (
            lazy_gettext("Same name"),
            lazy_gettext("Similar name"),
            lazy_gettext("Same e-mail address"),
            lazy_gettext("Same phone"),
            lazy_gettext("Same organisation"),
            lazy_gettext("Same job title"),
        ),
        strict=True,
    )
)
NAMES = {**FIELDS, "category_id": FIELDS["category"]}
# What the list shows of each; the rest is on the page of the pair.
BRIEFLY = ("name", "organisation", "job_title", "country", "category_id", "email", "phone")


@dataclass(frozen=True)
class Line:
    """One thing that is known of both, in words; `name` is the field where one can choose."""

    label: str
    values: tuple[str, str]
    name: str = ""

    @property
    def differs(self) -> bool:
        return self.values[0] != self.values[1]


@dataclass(frozen=True)
class Card:
    """A pair as the list shows it."""

    sides: tuple[Side, Side]
    reasons: list[str]
    lines: list[Line]


@dataclass(frozen=True)
class Asked:
    """What a form of the pair's page says: who stays, of whom each field is, and what had been looked at."""

    stays: str
    choice: Mapping[str, str]
    seen: tuple[str, str]


@blueprint.get("")
@open_to("organiser")
def index() -> str:
    """The pairs that nobody has looked at, the likeliest first, or those that were told apart."""
    now, number = clock.now(), min(pages.number("page") or 0, LAST_PAGE)
    settled = request.args.get("state") == "settled"
    with reading() as session:
        plan = pages.programme_now(session)
        found = duplicates.pairs(session, settled=settled, page=number)
        people = [one for row in found.rows for one in (row[1], row[2])]
        sides = merging.sides_of(session, people)
        search = duplicates.the_search(session)
    with transaction() as session:
        audit.record(session, "duplicates listed", actor=pages.actor(), now=now, shown=len(found.rows))
    state = "settled" if settled else None
    return render_template(
        "organiser/duplicates.html",
        cards=[_card(row, sides, plan) for row in found.rows],
        count=found.count,
        settled=settled,
        searched=pages.moment(search.done_at, plan) if search and search.done_at else "",
        is_searching=search is not None and (search.done_at is None or search.done_at < search.asked_at),
        newer=url_for("duplicates.index", state=state, page=number - 1) if number else "",
        older=url_for("duplicates.index", state=state, page=number + 1) if found.has_more else "",
    )


def _card(row: Any, sides: Mapping[int, Side], plan: Programme) -> Card:
    pair = sides[row[1].id], sides[row[2].id]
    lines = [line for line in _lines(*pair, plan) if line.name in BRIEFLY or not line.name]
    return Card(pair, _reasons(row[0]), lines)


def _reasons(pair: duplicates.Duplicate | None) -> list[str]:
    return [str(WHY[reason]) for reason in (pair.reasons.split() if pair else ()) if reason in WHY]


@blueprint.post("/search")
@open_to("organiser")
@limiter.limit("6 per minute")
def search() -> Response:
    """Have a worker search again."""
    now = clock.now()
    with transaction() as session:
        if asked := duplicate_search.order(session):
            audit.record(session, "duplicates searched", actor=pages.actor(), now=now)
    flash(
        _("The search is on its way: look again in a moment.")
        if asked
        else _("A search is under way already: look again in a moment."),
        "success" if asked else "warning",
    )
    return redirect(url_for("duplicates.index"), 303)


@blueprint.get("/pair")
@open_to("organiser")
def find() -> Response:
    """From two references to their page; back to the list where one is missing."""
    typed = [" ".join(request.args.get(name, "").split()).upper()[:20] for name in ("first", "second")]
    try:
        with reading() as session:
            first, second = (pages.delegate(session, reference) for reference in typed)
    except NotFound as unknown:
        flash(sentences.on_a_page(unknown.code, unknown.sentence), "danger")
        return redirect(url_for("duplicates.index"), 303)
    return redirect(url_for("duplicates.pair", first=first.reference, second=second.reference), 303)


# --- one pair -------------------------------------------------------------------------------------------------


@blueprint.get("/<first>/<second>")
@open_to("organiser")
def pair(first: str, second: str) -> Response:
    """Both side by side, with what is to be kept of each."""
    return _shown(first, second)


@blueprint.post("/<first>/<second>/look")
@open_to("organiser")
def look(first: str, second: str) -> Response:
    """What merging will do, before it is done."""
    return _shown(first, second, asked=_asked(first, second), previews=True)


def _asked(first: str, second: str) -> Asked:
    both = (first.upper(), second.upper())
    chosen = {name: value for name in CHOSEN if (value := request.form.get(name, "").upper()) in both}
    stays = request.form.get("stays", "").upper()
    seen = tuple(request.form.get(f"seen-{place}", "")[:200] for place in ("first", "second"))
    return Asked(stays if stays in both else both[0], chosen, (seen[0], seen[1]))


def _shown(
    first: str,
    second: str,
    *,
    asked: Asked | None = None,
    previews: bool = False,
    alerts: list[str] | None = None,
) -> Response:
    """The page of a pair; with `previews` what would happen, where nothing speaks against it."""
    now, status = clock.now(), 409 if alerts else 200
    with reading() as session:
        plan = pages.programme_now(session)
        one, other = _sides(session, first, second, consents=previews)
        known = None if previews else duplicates.pair(session, one.delegate.id, other.delegate.id)
    alerts = list(alerts or ())
    if asked is not None and previews:
        alerts += _changes(asked, (one, other))
    kept, gone = merging.who_should_stay(one, other)
    if asked is not None and asked.stays == gone.delegate.reference:
        kept, gone = gone, kept
    choice = merging.sensible_choice(kept, gone) | _ids(asked, (one, other))
    refusal = _refusal(kept, gone, choice)
    if previews and refusal:
        alerts.append(refusal)
    with transaction() as session:
        for side in (one, other):
            subject = side.delegate.reference
            audit.record(session, "delegate opened", actor=pages.actor(), now=now, subject=subject)
    page = render_template(
        "organiser/duplicate_pair.html",
        sides=(one, other),
        pair=known,
        reasons=_reasons(known),
        lines=_lines(one, other, plan),
        kept=kept,
        gone=gone,
        choice=choice,
        effects=_effects(kept, gone, choice, plan) if previews and not alerts else [],
        previews=previews and not alerts,
        alerts=alerts,
        refusal=refusal,
        merged=next((side for side in (one, other) if side.delegate.merged_into is not None), None),
    )
    return make_response(page, 409 if alerts else status)


def _sides(session: Session, first: str, second: str, **how: bool) -> tuple[Side, Side]:
    for reference in (first, second):
        if not reference.isascii() or not reference.isprintable() or len(reference) > pages.LONGEST_REFERENCE:
            raise NotFound("unknown_reference", "There is no delegate with this reference.")
    return merging.sides(session, first, second, **how)


def _ids(asked: Asked | None, both: tuple[Side, Side]) -> dict[str, int]:
    """The choices as ids."""
    ids = {side.delegate.reference: side.delegate.id for side in both}
    return {} if asked is None else {name: ids[of] for name, of in asked.choice.items() if of in ids}


def _refusal(kept: Side, gone: Side, choice: Mapping[str, int]) -> str:
    try:
        merging.refuse(kept, gone, choice=choice)
    except Conflict as refusal:
        return sentences.on_a_page(refusal.code, refusal.sentence)
    return ""


def _changes(asked: Asked, both: tuple[Side, Side]) -> list[str]:
    """What happened to the two since somebody looked at them."""
    told = []
    for seen, side in zip(asked.seen, both, strict=True):
        reference = side.delegate.reference
        before, after = seen.split("|"), side.seen.split("|")
        if len(before) != len(after):
            told.append(_("Look at %(reference)s as it is now.", reference=reference))
            continue
        if before[2] != after[2]:
            told.append(_("%(reference)s was scanned meanwhile.", reference=reference))
        if before[1] != after[1]:
            told.append(_("%(reference)s has another badge than before.", reference=reference))
        elif before[0] != after[0]:
            told.append(_("%(reference)s was changed meanwhile.", reference=reference))
    return told


@blueprint.post("/<first>/<second>/merge")
@open_to("organiser")
@limiter.limit("30 per minute")
def merge(first: str, second: str) -> Response:
    """Merge two entries for ever, unless something changed since the preview."""
    asked, now, key = _asked(first, second), clock.now(), current_app.config["CHECKIN"].key
    try:
        with transaction() as session:
            plan = pages.programme_now(session)
            both = _sides(session, first, second, hold=True)
            if all(side.delegate.merged_into is None for side in both) and _changes(asked, both):
                raise Conflict("changed_meanwhile", "One of the two was changed meanwhile.")
            kept, gone = both if asked.stays == both[0].delegate.reference else both[::-1]
            choice = merging.sensible_choice(kept, gone) | _ids(asked, both)
            done = merging.merge(session, kept, gone, choice=choice, programme=plan, key=key, now=now)
            _record(session, done, now=now)
    except Conflict as refusal:
        if refusal.code == "merged":
            flash(_("Nothing was changed: it had been done already, here or by somebody else."), "warning")
            return redirect(url_for("person.page", reference=first), 303)
        if refusal.code == "changed_meanwhile":
            return _shown(first, second, asked=asked, previews=True)
        alert = sentences.on_a_page(refusal.code, refusal.sentence)
        return _shown(first, second, asked=asked, alerts=[alert])
    flash(
        ngettext(
            "Both are one now, and %(num)d scan came along.",
            "Both are one now, and %(num)d scans came along.",
            done.scans,
        ),
        "success",
    )
    return redirect(url_for("person.page", reference=done.kept.reference), 303)


def _record(session: Session, done: merging.Merged, *, now: Any) -> None:
    """For the history of each."""
    kept, gone = done.kept.reference, done.other.reference
    by, fields = pages.actor(), list(done.fields)
    audit.record(
        session,
        "delegates merged",
        actor=by,
        now=now,
        subject=kept,
        merged=gone,
        scans=done.scans,
        fields=fields,
    )
    audit.record(session, "delegate merged", actor=by, now=now, subject=gone, into=kept)


@blueprint.post("/<first>/<second>/<any(settle, reopen):act>")
@open_to("organiser")
def decide(first: str, second: str, act: str) -> Response:
    """Keep that these are two people, or take that back."""
    now = clock.now()
    with transaction() as session:
        one, other = (pages.delegate(session, reference) for reference in (first, second))
        if one.id == other.id:
            raise NotFound("unknown_reference", "There is no delegate with this reference.")
        if act == "settle":
            done = duplicates.settle(session, one.id, other.id, by=pages.actor(), now=now)
        else:
            done = duplicates.reopen(session, one.id, other.id)
        if done:
            kept_as = "duplicate told apart" if act == "settle" else "duplicate reopened"
            subject, more = one.reference, {"other": other.reference}
            audit.record(session, kept_as, actor=pages.actor(), now=now, subject=subject, **more)
    said = (
        _("These are two people: they aren't offered again.")
        if act == "settle"
        else _("These may be one person again.")
    )
    unchanged = _("Nothing was changed: it had been done already, here or by somebody else.")
    flash(said if done else unchanged, "success" if done else "warning")
    return redirect(url_for("duplicates.index", state="settled" if act == "reopen" else None), 303)


# --- in words -------------------------------------------------------------------------------------------------


def _lines(one: Side, other: Side, plan: Programme) -> list[Line]:
    """What is known of both; nothing that neither has."""
    fields = [
        Line(str(NAMES[name]), (_field(one.delegate, name, plan), _field(other.delegate, name, plan)), name)
        for name in CHOSEN
    ]
    told = [
        Line(_("Status"), (str(STATUSES[one.delegate.status]), str(STATUSES[other.delegate.status]))),
        Line(_("Badge"), (_badge(one, plan), _badge(other, plan))),
        Line(_("Attendance"), (_came(one, plan), _came(other, plan))),
        Line(_("Registered"), (_registered(one, plan), _registered(other, plan))),
    ]
    return [line for line in (*fields, *told) if any(line.values)]


def _field(one: Delegate, name: str, plan: Programme) -> str:
    if name == "country":
        return pages.country(one.country, one.country_text)
    if name == "category_id":
        return plan.categories[one.category_id].name
    if name == "language":
        return pages.language_name(one.language)
    return getattr(one, name) or ""


def _badge(side: Side, plan: Programme) -> str:
    if side.badge is None:
        return str(_("None"))
    if side.handed_over:
        return str(_("Handed over"))
    if side.badge.printed_at is not None:
        return str(_("Printed %(when)s", when=pages.moment(side.badge.printed_at, plan)))
    return str(_("Not printed here"))


def _came(side: Side, plan: Programme) -> str:
    if not side.scans:
        return str(_("Not scanned so far"))
    scans = ngettext("%(num)d scan", "%(num)d scans", side.scans)
    return " · ".join((*_entries(side.came, plan), scans))


def _entries(came: frozenset[tuple[int, Any]], plan: Programme) -> list[str]:
    ordered = sorted(came, key=lambda entry: (entry[1], entry[0]))
    return [f"{plan.areas[area_id]}, {pages.day_name(day)}" for area_id, day in ordered]


def _registered(side: Side, plan: Programme) -> str:
    how = _("by the form") if side.by_form else _("from a list")
    return f"{pages.moment(side.delegate.registered_at, plan)}, {how}"


def _effects(kept: Side, gone: Side, choice: Mapping[str, int], plan: Programme) -> list[str]:
    """What merging will do, one sentence each."""
    stays, goes = kept.delegate.reference, gone.delegate.reference
    told = [
        _(
            "%(gone)s becomes part of %(stays)s, which stays as the one entry of this person.",
            gone=goes,
            stays=stays,
        )
    ]
    came = _entries(kept.came | gone.came, plan)
    if gone.scans:
        told.append(
            ngettext(
                "%(num)d scan of %(gone)s counts for %(stays)s.",
                "%(num)d scans of %(gone)s count for %(stays)s.",
                gone.scans,
                gone=goes,
                stays=stays,
            )
        )
    if came:
        told.append(_("Attended then, each counted once: %(came)s.", came="; ".join(came)))
    told += _about_badges(kept, gone)
    taken = [
        str(NAMES[name])
        for name, of in choice.items()
        if of == gone.delegate.id and _differs(kept, gone, name)
    ]
    if taken:
        told.append(_("Kept of %(gone)s: %(fields)s.", gone=goes, fields=", ".join(taken)))
    if gone.delegate.status == "confirmed":
        told.append(
            _(
                "A place of the category %(name)s becomes free.",
                name=plan.categories[gone.delegate.category_id].name,
            )
        )
    if choice["category_id"] == gone.delegate.id and _differs(kept, gone, "category_id"):
        told.append(
            _("Days and areas are those of %(name)s.", name=plan.categories[gone.delegate.category_id].name)
        )
    if gone.letters:
        told.append(
            ngettext(
                "%(num)d letter to %(gone)s that waits isn't sent.",
                "%(num)d letters to %(gone)s that wait aren't sent.",
                gone.letters,
                gone=goes,
            )
        )
    if gone.delegate.status == "unconfirmed":
        told.append(
            _("Links that were mailed to %(gone)s stop working: the address was never confirmed.", gone=goes)
        )
    else:
        told.append(
            _("Links that were mailed to %(gone)s open the page of %(stays)s.", gone=goes, stays=stays)
        )
    return told + _about_consents(kept, gone)


def _differs(kept: Side, gone: Side, name: str) -> bool:
    names = (name, "country_text") if name == "country" else (name,)
    return any(getattr(kept.delegate, one) != getattr(gone.delegate, one) for one in names)


def _about_badges(kept: Side, gone: Side) -> list[str]:
    stays, goes = kept.delegate.reference, gone.delegate.reference
    if gone.badge is None:
        return []
    told = [_("The badge of %(gone)s is refused at the doors, as an older one.", gone=goes)]
    if kept.badge is not None and kept.badge.printed_at is None:
        told.append(
            _("The badge of %(stays)s was never printed here: print it and hand it over.", stays=stays)
        )
    elif gone.handed_over and not kept.handed_over:
        told.append(
            _(
                "The person has the badge of %(gone)s: hand that of %(stays)s over instead.",
                gone=goes,
                stays=stays,
            )
        )
    return told


def _about_consents(kept: Side, gone: Side) -> list[str]:
    """What holds then: of each purpose what was said last."""
    if not gone.consents:
        return []
    words = []
    for purpose, name in PURPOSES.items():
        said = [side for side in (kept, gone) if purpose in side.consents]
        if said:
            last = max(said, key=lambda side: side.consented_at[purpose])
            words.append(f"{name}: {_('Yes') if last.consents[purpose] else _('No')}")
    return [_("Consents, as said last: %(consents)s.", consents="; ".join(words))]
