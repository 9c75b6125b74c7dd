"""Letters to delegates, in their language: subject, text, HTML and what is attached; it owns no table."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from checkin.adapters.mail import Attachment, Letter
from checkin.documents.badges import BadgeFace, badge_pdf

LANGUAGES = ("en", "ms")


@dataclass(frozen=True)
class Reader:
    """Whom a letter is for; `language` is a BCP 47 tag, of which we may have no translation."""

    name: str
    address: str
    language: str


@dataclass(frozen=True)
class Words:
    """What a letter says."""

    subject: str
    paragraphs: tuple[str, ...]


def badge_letter(kind: str, reader: Reader, face: BadgeFace, *, message_id: str, organiser: str) -> Letter:
    """A badge on its way to its bearer, as a PDF; `kind` is the message's."""
    attached = Attachment(f"badge-{face.reference}.pdf", badge_pdf(face), "application/pdf")
    language = _language(reader.language)
    with force_locale(language):
        words = WORDS[kind](reader, face)
        given: dict[str, object] = {
            "language": language,
            "subject": words.subject,
            "paragraphs": words.paragraphs,
            "signature": [line for line in (organiser, face.event, face.venue_line) if line],
        }
        text, html = _printed("letter.txt", given), _printed("letter.html", given)
    return Letter(message_id, reader.name, reader.address, words.subject, text, html, language, (attached,))


def _language(tag: str) -> str:
    spoken = tag.partition("-")[0].lower()
    return spoken if spoken in LANGUAGES else "en"


def _printed(template: str, given: dict[str, object]) -> str:
    # Without the application's context processors, which speak of a request.
    return current_app.jinja_env.get_template(f"mail/{template}").render(given)


def _badge(reader: Reader, face: BadgeFace) -> Words:
    return Words(
        _("Your badge for %(event)s", event=face.event),
        (
            _("Dear %(name)s,", name=reader.name),
            _("Your badge is attached to this message. Print it, or show it on your phone at the door."),
            _("Your reference is %(reference)s: the help desk finds you by it.", reference=face.reference),
        ),
    )


def _badge_reissued(reader: Reader, face: BadgeFace) -> Words:
    return Words(
        _("Your new badge for %(event)s", event=face.event),
        (
            _("Dear %(name)s,", name=reader.name),
            _("Your new badge is attached to this message. Print it, or show it on your phone at the door."),
            _("Your old badge doesn't open any door from now on: please throw it away."),
            _("Your reference is %(reference)s: the help desk finds you by it.", reference=face.reference),
        ),
    )


WORDS: dict[str, Callable[[Reader, BadgeFace], Words]] = {
    "badge": _badge,
    "badge_reissued": _badge_reissued,
}
