"""The closing pack for the ministry: figures as published, corrections, how it was counted, and hashes; no table."""

import hashlib
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import IO, Any

from flask import render_template
from flask_babel import force_locale, format_date, format_decimal
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from checkin.adapters import pdf
from checkin.config import ROOT
from checkin.domain import audit, corrections, publishing
from checkin.domain.corrections import Cause
from checkin.domain.programme import Programme
from checkin.domain.publishing import ANY_DAY, COUNTRY, Difference, Figures, Publication
from checkin.organisers import after_words, exports, pages
from checkin.organisers.board_report import COLOURS

LANGUAGES = ("ms", "en")
STYLES = tuple(ROOT / "templates" / "paper" / name for name in ("board.css", "published.css"))
FIGURES = ("kind", "code", "name", "day", "people")
CORRECTIONS = ("kind", "code", "name", "day", "published", "now", "difference", "reasons")


@dataclass(frozen=True)
class State:
    """A publication, and what has become of its figures since."""

    publication: Publication
    then: Figures
    now: Figures
    differences: Sequence[Difference]
    causes: Sequence[Cause]


def state_of(session: Session, publication: Publication, plan: Programme) -> State:
    """A publication with the figures as they are now and, where these differ, why; in four statements at most."""
    then, now = publishing.published_figures(publication), publishing.figures_now(session, plan)
    found = publishing.differences(then, now)
    causes = corrections.causes(session, publication) if found else []
    return State(publication, then, now, found, causes)


def order(session: Session, *, actor: str, purpose: str, now: datetime, plan: Programme) -> State:
    """Keep that somebody takes the pack along, and for what; raises NotFound where nothing was published."""
    publication = publishing.the_publication(session)
    audit.record(
        session,
        "closing pack made",
        actor=actor,
        now=now,
        subject=plan.code,
        reason=purpose,
        version=publication.version,
    )
    return state_of(session, publication, plan)


def file_name(plan: Programme, state: State) -> str:
    """Such as `SCEKL25-closing-pack-2.zip`."""
    return f"{plan.code}-closing-pack-{state.publication.version}.zip"


def written(state: State, plan: Programme, *, now: datetime) -> IO[bytes]:
    """The pack in a file on the disc, whole before it is sent."""
    with ExitStack() as closing:
        file = closing.enter_context(tempfile.TemporaryFile())
        write(file, state, plan, now=now)
        # Closed with the response from here on.
        closing.pop_all()
    return file


def write(out: IO[bytes], state: State, plan: Programme, *, now: datetime) -> None:
    """The pack as a ZIP, part by part, with the hashes of all of them at its end."""
    moment = now.astimezone(plan.zone).timetuple()[:6]
    hashes = []
    with zipfile.ZipFile(out, "w") as pack:
        for name, content in _contents(state, plan, now=now):
            hashes.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
            _put(pack, name, content, moment)
        _put(pack, "SHA256SUMS", "".join(hashes).encode(), moment)


def _put(pack: zipfile.ZipFile, name: str, content: bytes, moment: Any) -> None:
    part = zipfile.ZipInfo(name, date_time=moment)
    part.compress_type = zipfile.ZIP_DEFLATED
    part.external_attr = 0o644 << 16
    pack.writestr(part, content)


def _contents(state: State, plan: Programme, *, now: datetime) -> Iterator[tuple[str, bytes]]:
    """The parts one after the other."""
    # As it was hashed when it was published.
    yield "figures.json", state.publication.content.encode()
    for language in LANGUAGES:
        with force_locale(language):
            yield f"figures-{language}.pdf", report(state, plan, language=language, now=now)
            yield f"method-{language}.txt", _method(state, plan).encode()
    with force_locale("en"):
        for form in exports.FORMATS:
            yield f"figures.{form}", _table(FIGURES, _figures(state.then), form)
            yield f"corrections.{form}", _table(CORRECTIONS, _corrections(state, plan), form)


def _table(header: Sequence[str], rows: Iterator[Sequence[exports.Cell]], form: str) -> bytes:
    out = BytesIO()
    exports.write(out, (header, rows), form=form)
    return out.getvalue()


def _figures(figures: Figures) -> Iterator[Sequence[exports.Cell]]:
    days = [*(day for day, _name, _counts in figures.days), ANY_DAY]
    for kind in publishing.KINDS:
        for key in figures.keys(kind):
            for day in days:
                people = figures.count(kind, key, day)
                yield [kind, *_named(figures, kind, key), _day(day), people]


def _named(figures: Figures, kind: str, key: str) -> tuple[str, str]:
    return (key if kind == COUNTRY else ""), after_words.name_of(figures, kind, key)


def _day(day: str) -> exports.Cell:
    return date.fromisoformat(day) if day else "any"


def _corrections(state: State, plan: Programme) -> Iterator[Sequence[exports.Cell]]:
    words = [after_words.cause_in_words(one, plan, named=False) for one in state.causes]
    for one in state.differences:
        because = [
            said
            for cause, said in zip(state.causes, words, strict=True)
            if cause.explains(one, main=state.then.main)
        ]
        known = state.now if one.key in state.now.names.get(one.kind, {}) else state.then
        cells = [one.kind, *_named(known, one.kind, one.key), _day(one.day), one.then, one.now]
        yield [*cells, one.now - one.then, "; ".join(because)]


def _method(state: State, plan: Programme) -> str:
    lines = [
        plan.name,
        _("How the attendance was counted"),
        "",
        _version(state, plan),
        "SHA-256 (figures.json): " + state.publication.digest,
        _("Time zone %(zone)s; a day ends at %(hour)s:00.", zone=plan.time_zone, hour=plan.cutover_hour),
        "",
        *(f"- {sentence}" for sentence in after_words.METHOD),
        "",
        _("The files of this pack can be checked by: %(command)s", command="sha256sum -c SHA256SUMS"),
    ]
    return "\r\n".join(map(str, lines)) + "\r\n"


def _version(state: State, plan: Programme) -> str:
    number, at = state.publication.version, state.publication.at
    return str(_("Version %(number)s, published on %(when)s", number=number, when=_moment(at, plan)))


def _moment(at: datetime, plan: Programme) -> str:
    return f"{format_date(at.astimezone(plan.zone).date(), 'd MMMM y')}, {pages.hour(at, plan)}"


def report(state: State, plan: Programme, *, language: str, now: datetime) -> bytes:
    """The figures as published, with charts, tables and corrections, as an A4 PDF in the present locale."""
    parts = after_words.parts(state.then)
    by_kind = {part.kind: part for part in parts}
    html = render_template(
        "paper/published.html",
        plan=plan,
        language=language,
        version=_version(state, plan),
        digest=state.publication.digest,
        printed=_(
            "%(version)s. Corrections as of %(when)s.", version=_version(state, plan), when=_moment(now, plan)
        ),
        dates=after_words.dates(state.then),
        days=after_words.day_names(state.then),
        everybody=after_words.everybody(state.then),
        visits=after_words.visits(state.then),
        countries=after_words.countries(state.then),
        parts=parts,
        by_day=after_words.by_day(state.then, by_kind["category"].lines),
        bars={kind: after_words.bars(by_kind[kind]) for kind in ("category", "country")},
        most_bars=after_words.MOST_BARS,
        changes=after_words.changes(state.then, state.now, state.differences, state.causes),
        causes=[after_words.cause_in_words(one, plan, named=False) for one in state.causes],
        method=after_words.METHOD,
        colours=COLOURS,
        number=format_decimal,
    )
    return pdf.render(html, stylesheet="\n".join(one.read_text("utf-8") for one in STYLES))
