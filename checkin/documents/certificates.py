"""Certificates of attendance as PDF, in Bahasa Malaysia and English; it owns no table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from flask import current_app
from flask_babel import force_locale, format_date, ngettext
from flask_babel import gettext as _
from markupsafe import Markup

from checkin.adapters import pdf, qr
from checkin.adapters.stamping import Typesetter
from checkin.config import ROOT
from checkin.documents import scripts
from checkin.documents.fitting import Room, Size, Text, fit, paragraph
from checkin.domain.certificates import Checked
from checkin.domain.programme import Programme

LANGUAGES = ("ms", "en")
# By which the page names the logo.
LOGO = "given:logo"
STYLES = (ROOT / "templates" / "badges" / "common.css", ROOT / "templates" / "paper" / "certificate.css")
# In millimetres, of an A4 page across.
ROOMS = {
    "name": Room(230, 34, (Size(38, 1), Size(33, 1), Size(28, 1), Size(26, 2), Size(21, 2), Size(17, 3))),
    "organisation": Room(220, 14, (Size(15, 1), Size(13, 1), Size(12, 2), Size(10, 2))),
    "occasion": Room(230, 22, (Size(22, 1), Size(18, 1), Size(17, 2), Size(14, 2))),
}


@dataclass(frozen=True)
class Face:
    """What a certificate says; `address` is where its code is checked, `logo` the event's as PNG, or nothing."""

    name: str
    country_code: str | None
    organisation: str
    event: str
    venue: str
    organiser: str
    days: Sequence[date]
    code: str = field(repr=False)
    address: str = field(repr=False)
    logo: bytes = field(default=b"", repr=False)


def face_of(one: Checked, code: str, *, plan: Programme, base_url: str) -> Face:
    """A certificate's own."""
    delegate = one.delegate
    return Face(
        name=f"{delegate.honorific} {delegate.name}".strip(),
        country_code=delegate.country,
        organisation=delegate.organisation,
        event=plan.name,
        venue=plan.venue,
        organiser=plan.organiser,
        days=one.days,
        code=code,
        address=f"{base_url.rstrip('/')}/certificates/{code}",
        logo=plan.logo.png if plan.logo else b"",
    )


def in_groups(code: str) -> str:
    """A code as it is read out: four characters at a time."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def days_in_words(days: Sequence[date]) -> str:
    """Days such as “17, 18 September 2025”, in the reader's language."""
    months: dict[tuple[int, int], list[date]] = {}
    for day in days:
        months.setdefault((day.year, day.month), []).append(day)
    parts = [
        ", ".join([*(str(day.day) for day in of_month[:-1]), str(format_date(of_month[-1], "d MMMM y"))])
        for of_month in months.values()
    ]
    return "; ".join(parts)


def certificate_pdf(face: Face, *, language: str) -> bytes:
    """A certificate as an A4 page across, in one of LANGUAGES. Raises Refusal without Pango."""
    with pdf.one_at_a_time, force_locale(language):
        side, dark = qr.picture(face.address)
        page = current_app.jinja_env.get_template("paper/certificate.html").render(
            language=language,
            title=_("Certificate of attendance"),
            lines={kind: _line(face, kind, text) for kind, text in _lines(face).items() if text},
            certifies=_("This is to certify that"),
            attended=_("attended"),
            on=ngettext(
                "on %(num)d day: %(days)s",
                "on %(num)d days: %(days)s",
                len(face.days),
                days=days_in_words(face.days),
            ),
            face=face,
            logo=LOGO if face.logo else "",
            check=_("Whether this certificate is genuine is told at"),
            place=face.address.removesuffix(f"/{face.code}").partition("://")[2],
            code_name=_("Code"),
            code=in_groups(face.code),
            side=side,
            dark=dark,
        )
        images = {LOGO: face.logo} if face.logo else {}
        return pdf.render(page, stylesheet=_styles(), images=images)


def _lines(face: Face) -> dict[str, str]:
    return {"name": face.name, "organisation": face.organisation, "occasion": face.event}


def _line(face: Face, kind: str, line: str) -> Markup:
    country = None if kind == "occasion" else face.country_code
    text = Text(kind, line, scripts.language(line, country_code=country), scripts.direction(line))
    return paragraph(fit(text, ROOMS[kind], measure=_typesetter().extent))


@cache
def _styles() -> str:
    return "\n".join(one.read_text("utf-8") for one in STYLES)


@cache
def _typesetter() -> Typesetter:
    return Typesetter(_styles())
