"""Letters to delegates, in their language: subject, text, HTML and what is attached; it owns no table."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from checkin.adapters.mail import Attachment, Letter
from checkin.documents.badges import BadgeFace, badge_pdf
from checkin.domain.own_words import LANGUAGES, Wording, filled
from checkin.domain.programme import Programme


@dataclass(frozen=True)
class Reader:
    """Whom a letter is for; `language` is a BCP 47 tag, of which we may have no translation.

    `link` leads to their own page, `state` is that of their registration.
    """

    name: str
    address: str
    language: str
    reference: str
    state: str
    link: str


@dataclass(frozen=True)
class Words:
    """What a letter says: the paragraphs before its button, the button, and those after it."""

    subject: str
    paragraphs: tuple[str, ...]
    button: str
    link: str
    after: tuple[str, ...] = ()


def letter(
    kind: str, reader: Reader, plan: Programme, *, message_id: str, face: BadgeFace | None = None
) -> Letter:
    """What is sent for a message of a kind; with a badge's face the badge is attached as a PDF."""
    language = _language(reader.language)
    with force_locale(language):
        words = _in_own_words(kind, reader, plan, language)
        text, html = _bodies(words, plan, _("Dear %(name)s,", name=reader.name), language)
    attached = () if face is None else (_attachment(face),)
    return Letter(
        message_id, reader.name, reader.address, words.subject, text, html, language, attached, plan.contact
    )


def _in_own_words(kind: str, reader: Reader, plan: Programme, language: str) -> Words:
    """What a letter says: the organisers' subject and paragraphs where they have set some, with our button and rest."""
    words = WORDS[kind](reader, plan.name)
    own = plan.own_words.get((kind, language), Wording())
    values = {"name": reader.name, "reference": reader.reference, "event": plan.name}
    return replace(
        words,
        subject=filled(own.subject, values) or words.subject,
        paragraphs=tuple(filled(part, values) for part in own.paragraphs) or words.paragraphs,
    )


def invitation(address: str, plan: Programme, *, link: str, language: str, message_id: str) -> Letter:
    """What somebody gets who is to join the staff."""
    language = _language(language)
    with force_locale(language):
        words = Words(
            _("Your sign-in for %(event)s", event=plan.name),
            (_("You are invited to the staff. The link lets you set a password and a second factor."),),
            _("Set up my sign-in"),
            link,
            (_("It works once, for 24 hours. You didn't expect it? Then do nothing."),),
        )
        text, html = _bodies(words, plan, _("Hello,"), language)
    return Letter(message_id, address, address, words.subject, text, html, language)


def _bodies(words: Words, plan: Programme, greeting: str, language: str) -> tuple[str, str]:
    """The text and the HTML of a letter."""
    given: dict[str, object] = {
        "language": language,
        "words": words,
        "greeting": greeting,
        "event": plan.name,
        "signature": [line for line in (plan.organiser, plan.contact, plan.name, plan.venue) if line],
    }
    return _printed("letter.txt", given), _printed("letter.html", given)


def _attachment(face: BadgeFace) -> Attachment:
    return Attachment(f"badge-{face.reference}.pdf", badge_pdf(face), "application/pdf")


def _language(tag: str) -> str:
    spoken = tag.partition("-")[0].lower()
    return spoken if spoken in LANGUAGES else "en"


def _printed(template: str, given: dict[str, object]) -> str:
    # Without the application's context processors, which speak of a request.
    return current_app.jinja_env.get_template(f"mail/{template}").render(given)


def _confirm(reader: Reader, event: str) -> Words:
    return Words(
        _("Please confirm your registration for %(event)s", event=event),
        (_("You were registered with this address. One tap confirms it, and your badge follows at once."),),
        _("Confirm my registration"),
        reader.link,
        (_("It wasn't you? Then do nothing: without the tap nobody gets a badge."),),
    )


def _reminder(reader: Reader, event: str) -> Words:
    return Words(
        _("Your registration for %(event)s still waits for you", event=event),
        (_("You registered, but your address isn't confirmed yet, so there is no badge for you so far."),),
        _("Confirm my registration"),
        reader.link,
        (_("You don't want to come after all? The same page lets you withdraw."),),
    )


def _known(reader: Reader, event: str) -> Words:
    return Words(
        _("You are registered for %(event)s already", event=event),
        (
            _("Somebody has just filled in the form with this address."),
            _(
                "It belongs to %(name)s (%(reference)s), so the new entry was not added and nothing changed.",
                name=reader.name,
                reference=reader.reference,
            ),
            _("Your own page lets you correct your details, or register somebody else under this address."),
        ),
        _("Open my page"),
        reader.link,
        (_("Register somebody else: %(link)s", link=f"{reader.link}/add"),)
        if reader.state == "confirmed"
        else (),
    )


def _link(reader: Reader, event: str) -> Words:
    return Words(
        _("Your way to your badge for %(event)s", event=event),
        (_("You asked for a fresh link. It opens your badge, your details and everything else."),),
        _("Open my page"),
        reader.link,
        (_("It wasn't you? Then you need do nothing."),),
    )


def _badge(reader: Reader, event: str) -> Words:
    return Words(
        _("Your badge for %(event)s", event=event),
        (
            _("Your badge is attached to this message. Print it, or show it on your phone at the door."),
            _("Your reference is %(reference)s: the help desk finds you by it.", reference=reader.reference),
        ),
        _("Open my badge"),
        reader.link,
        (_("There you can also correct your details, even the night before. The badge stays the same."),),
    )


def _badge_reissued(reader: Reader, event: str) -> Words:
    return Words(
        _("Your new badge for %(event)s", event=event),
        (
            _("Your new badge is attached to this message. Print it, or show it on your phone at the door."),
            _("Your old badge doesn't open any door from now on: please throw it away."),
            _("Your reference is %(reference)s: the help desk finds you by it.", reference=reader.reference),
        ),
        _("Open my badge"),
        reader.link,
    )


WORDS: dict[str, Callable[[Reader, str], Words]] = {
    "confirm": _confirm,
    "known": _known,
    "link": _link,
    "reminder_first": _reminder,
    "reminder_second": _reminder,
    "reminder_eve": _reminder,
    "badge": _badge,
    "badge_reissued": _badge_reissued,
}
