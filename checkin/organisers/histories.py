"""What happened about a delegate, in words: badges and the rows of their history as one timeline; it owns no table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from checkin.domain.badges import Badge
from checkin.domain.delegates import Delegate
from checkin.organisers.wording import (
    ACTIONS,
    DECISIONS,
    FIELDS,
    LETTER_STATES,
    LETTERS,
    PURPOSES,
    REASONS,
    VERDICTS,
    somebody,
    why_not_sent,
)
from checkin.sentences import BY_HAND, told_door


@dataclass(frozen=True)
class Entry:
    """One thing that happened: `kind` gives its sign, `tone` its colour, `lines` say more."""

    at: datetime
    kind: str
    title: str
    lines: tuple[str, ...] = ()
    tone: str = ""


def timeline(delegate: Delegate, badges: Sequence[Badge], rows: Sequence[Any]) -> list[Entry]:
    """Everything that is known, the newest first."""
    entries = [Entry(delegate.registered_at, "person", _("Registered"))]
    for badge in badges:
        entries += _of_badge(badge)
    entries += [_ENTRIES[row.source](row) for row in reversed(rows) if row.source in _ENTRIES]
    # Of what happened at the same moment the first was named first.
    return sorted(entries, key=lambda entry: entry.at)[::-1]


def _of_badge(badge: Badge) -> Iterator[Entry]:
    yield Entry(badge.issued_at, "badge", _("Badge issued"))
    if badge.printed_at is not None:
        yield Entry(badge.printed_at, "badge", _("Badge printed"))
    if badge.revoked_at is not None:
        title = _("Badge replaced by a new one") if badge.revocation == "replaced" else _("Badge revoked")
        yield Entry(badge.revoked_at, "badge", title, _lines(badge.reason), tone="bad")


def _of_scan(row: Any) -> Entry:
    verdict = str(VERDICTS[row.what])
    title = f"{verdict}: {REASONS.get(row.about, row.about)}" if row.about else verdict
    where = _("%(door)s, scanned by %(helper)s", door=row.place, helper=row.who) if row.who else row.place
    if row.place in BY_HAND:
        where = _("%(door)s, by %(who)s", door=told_door(row.place), who=row.who)
    lines = [where, str(DECISIONS.get(row.decision, ""))]
    if row.ended_at is not None:
        lines.append(_("Voided by %(who)s: %(why)s", who=row.ended_by, why=row.ended_why))
    tone = "void" if row.ended_at else {"admitted": "good", "refused": "bad", "held": "bad"}.get(row.what, "")
    return Entry(row.at, "scan", title, _lines(*lines), tone=tone)


def _of_message(row: Any) -> Entry:
    title = _("Mail: %(what)s", what=LETTERS.get(row.what, row.what))
    tone = "bad" if row.about == "failed" else ""
    return Entry(
        row.at, "mail", title, _lines(str(LETTER_STATES[row.about]), why_not_sent(row.ended_why)), tone=tone
    )


def _of_consent(row: Any) -> Entry:
    purpose = PURPOSES.get(row.what, row.what)
    title = (
        _("Agreed: %(purpose)s", purpose=purpose)
        if row.about == "given"
        else _("Not agreed: %(purpose)s", purpose=purpose)
    )
    return Entry(row.at, "consent", title)


def _of_act(row: Any) -> Entry:
    return Entry(
        row.at,
        "act",
        str(ACTIONS.get(row.what, row.what)),
        _lines(somebody(row.who), row.about, _changed(row.details)),
    )


def _changed(details: Mapping[str, Any] | None) -> str:
    """The fields that a correction changed, by name."""
    fields = (details or {}).get("fields", ())
    return ", ".join(str(FIELDS.get(field, field)) for field in fields)


def _lines(*lines: str) -> tuple[str, ...]:
    return tuple(line for line in lines if line)


_ENTRIES = {"scan": _of_scan, "message": _of_message, "consent": _of_consent, "audit": _of_act}
