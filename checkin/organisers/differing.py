"""Two who correct one delegate at once: what each has changed, field by field, with nothing lost; it owns no table."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from checkin.domain import audit
from checkin.domain.audit import LOOKS, Sought
from checkin.domain.countries import country_codes
from checkin.domain.details import FIELDS
from checkin.organisers import pages
from checkin.organisers.wording import FIELDS as NAMES

THEIRS, YOURS, BOTH = "theirs", "yours", "both"


@dataclass(frozen=True)
class Difference:
    """A field that isn't the same for both: as it was opened, as it is stored now, and as it was typed."""

    field: str
    was: str | None
    stored: str
    typed: str

    @property
    def kind(self) -> str:
        """Whose change it is; what isn't known to be only theirs is treated as changed by both."""
        if self.was is not None and self.typed == self.was:
            return THEIRS
        return YOURS if self.stored == self.was else BOTH

    @property
    def kept(self) -> str:
        """What stands in the form: the other's value where only they changed it."""
        return self.stored if self.kind == THEIRS else self.typed


@dataclass(frozen=True)
class Line:
    """A difference in words."""

    field: str
    label: str
    was: str
    stored: str
    typed: str
    kind: str
    kept: str


def noted(values: Mapping[str, str]) -> str:
    """What a form shows when it is opened, to be sent along with it."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def read_noted(given: str) -> dict[str, str]:
    """What was noted; nothing of what isn't ours."""
    try:
        values = json.loads(given[:20_000])
    except (ValueError, RecursionError):
        return {}
    if not isinstance(values, dict):
        return {}
    return {name: values[name] for name in FIELDS if isinstance(values.get(name), str)}


def differences(
    was: Mapping[str, str], stored: Mapping[str, str], typed: Mapping[str, str]
) -> list[Difference]:
    """The fields in which what is stored isn't what was typed."""
    return [
        Difference(name, was.get(name), stored[name], typed[name])
        for name in FIELDS
        if stored[name] != typed[name]
    ]


def lines(found: Sequence[Difference]) -> list[Line]:
    """Differences as a page shows them, those that both have changed first."""
    order = (BOTH, THEIRS, YOURS)
    return [
        Line(
            one.field,
            str(NAMES[one.field]),
            _shown(one.field, one.was or ""),
            _shown(one.field, one.stored),
            _shown(one.field, one.typed),
            one.kind,
            _shown(one.field, one.kept),
        )
        for one in sorted(found, key=lambda one: order.index(one.kind))
    ]


def _shown(field: str, value: str) -> str:
    if field == "country" and value in country_codes():
        return pages.country(value)
    if field == "language" and value:
        return pages.language_name(value)
    return value or "–"


def last_changed(session: Session, reference: str) -> tuple[str, datetime | None]:
    """Who changed a delegate last, as the log knows it, and when."""
    found, _more = audit.acts(session, Sought(subject=reference, without=LOOKS))
    if not found:
        return str(_("Somebody")), None
    actors = audit.actors(session)
    return actors.get(found[0].actor, str(_("Somebody"))), found[0].at
