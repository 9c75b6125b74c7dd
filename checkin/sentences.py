"""What a page says to people when a rule said no, in their language; programs get the domain's own words."""

from flask_babel import lazy_gettext as _

# By the code of the refusal, or of the HTTP error; others are shown as the domain words them.
SENTENCES = {
    "bad_request": _("This form was open for too long, or came from elsewhere: go back and send it again."),
    "forbidden": _("This is not open to you."),
    "internal_error": _("Something went wrong on our side; it has been logged."),
    "invitation_refused": _("This link doesn't work any more: ask an organiser for a new one."),
    "method_not_allowed": _("This page can't be used in that way."),
    "no_event": _("There is no event here yet."),
    "not_found": _("There is nothing at this address: perhaps it was copied only in part."),
    "not_yours": _("Your role doesn't open this page."),
    "other_origin": _("This was sent from another site's page, so nothing was done."),
    "request_entity_too_large": _("What you sent is too big."),
    "service_unavailable": _("This is not available just now: please try again in a minute."),
    "sign_in": _("Please sign in first."),
    "too_many_requests": _("That was too often in a short time: please try again a little later."),
    "unsupported_media_type": _("This page takes what its own form sends, nothing else."),
}


def on_a_page(code: str, sentence: str) -> str:
    """The sentence for a code in the reader's language; the given one where there is none."""
    return str(SENTENCES.get(code, sentence))
