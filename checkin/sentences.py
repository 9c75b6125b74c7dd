"""What a page says to people when a rule said no, in their language; programs get the domain's own words."""

from flask_babel import lazy_gettext as _

# By the code of the refusal, or of the HTTP error; others are shown as the domain words them.
SENTENCES = {
    "address_taken": _(
        "Somebody else is registered with this address: one address confirms one registration."
    ),
    "bad_request": _("This form was open for too long, or came from elsewhere: go back and send it again."),
    "blank_assigned": _("This blank badge is somebody's already: take another one."),
    "blank_is_theirs": _(
        "This person is the guest who came in with this blank badge: correct the name instead."
    ),
    "blank_not_good": _("This blank badge was replaced or cancelled: take another one."),
    "blank_not_released": _("This blank badge isn't released yet: ask a supervisor, or take another one."),
    "blank_of_other_category": _(
        "This blank badge is printed for another category: take one of this person's category."
    ),
    "cancelled": _("This registration is cancelled: reinstate it instead."),
    "category_full": _("This category has no place left: raise its capacity, or choose another one."),
    "certificate_withdrawn": _("This certificate was withdrawn: ask the organisers why."),
    "changed_meanwhile": _("These details were changed elsewhere meanwhile: look at them as they are now."),
    "erased": _("This person's data was erased: register them anew."),
    "export_over": _("Links to exports work for ten minutes: please make it again."),
    "forbidden": _("This is not open to you."),
    "has_colleagues": _("Colleagues share this address: give them another one first."),
    "internal_error": _("Something went wrong on our side; it has been logged."),
    "invitation_refused": _("This link doesn't work any more: ask an organiser for a new one."),
    "link_refused": _(
        "This link doesn't work any more, or was copied only in part. Have a fresh one mailed to you."
    ),
    "merge_cancelled": _("One of the two is cancelled: there is nothing to merge."),
    "merge_colleagues": _(
        "Colleagues share an address that would go: keep that entry and its address, or give them another one first."
    ),
    "merge_guest": _("One of the two is a guest with a blank badge: give that badge to the other instead."),
    "merge_standing": _("The registration of the other goes further: keep that entry."),
    "merged": _("This entry was merged with another one of the same person: change that one."),
    "no_badge": _("There is no badge here just now: the page of your registration says why."),
    "last_organiser": _("Nobody else could organise then: invite another organiser first."),
    "staff_known": _("This address is on the staff already."),
    "letters_leave": _("There is a mail server: letters are read by whom they are for."),
    "method_not_allowed": _("This page can't be used in that way."),
    "no_attendance": _("Nobody was let in with this registration, so there is no certificate."),
    "no_door": _("No door leads into this area: choose another one."),
    "nobody_came": _("Nobody was let in on any day: there are no figures to publish."),
    "not_over": _("Certificates are given once the event is over."),
    "not_published": _("The figures haven't been published yet: publish them first."),
    "published_already": _("Nothing has changed since the latest version was published."),
    "still_to_come": _(
        "This is still to come: only past attendance is added by hand, and on the day itself only with its time."
    ),
    "was_there": _("They have attended there on this day already."),
    "no_address": _("There is no e-mail address to send it to."),
    "logo_too_big": _("This picture is too big: at most 4 MB and 50 million pixels."),
    "logo_too_small": _(
        "This picture is too small to be printed: it needs 40 pixels on each side, better 300."
    ),
    "logo_unreadable": _("This can't be read: give a picture as PNG, JPEG or WebP."),
    "no_event": _("There is no event here yet."),
    "no_live_badge": _("There is no badge to print: only confirmed delegates have one."),
    "newer_queue_file": _("This file was written by a newer scanner: update the server first."),
    "no_queue_file": _(
        "This is no file that a phone has saved its scans in, or only a part of one: save it again on the phone."
    ),
    "needs_approval": _("An organiser approves who comes in this category: ask one of them."),
    "no_place_to_give": _("Only a confirmed delegate has a place to give to somebody else."),
    "no_such_report": _("There is no such report any more: perhaps somebody deleted it."),
    "no_scan": _("is no scan at all"),
    "not_confirmed": _("Only a confirmed delegate has a badge to reissue."),
    "not_found": _("There is nothing at this address: perhaps it was copied only in part."),
    "not_your_export": _("An export is for whoever made it: please make your own."),
    "not_yours": _("Your role doesn't open this page."),
    "not_your_area": _("This is in another area: ask its supervisor, or an organiser."),
    "other_badge_key": _(
        "This badge was made under another CHECKIN_BADGE_KEY: set that key again, or it can't be printed."
    ),
    "other_origin": _("This was sent from another site's page, so nothing was done."),
    "passkey_known": _("This passkey is registered already."),
    "passkey_refused": _("This passkey was not accepted: try again, or use your password."),
    "passkey_too_late": _("That took too long, or was sent twice: please try again."),
    "queue_of_other_event": _("This file is of another event: nothing of it was taken."),
    "queue_of_unknown_phone": _("This file is of a phone that was never paired with this event."),
    "registered_already": _(
        "This person is registered already: find them, and cancel the other one instead."
    ),
    "request_entity_too_large": _("What you sent is too big: go back and shorten it."),
    "scan_door": _("names a door that isn't there"),
    "scan_field": _("is missing, or isn't what a scan has there"),
    "scan_time": _("lies outside the years 1970 to 2200"),
    "service_unavailable": _("This is not available just now: please try again in a minute."),
    "same_entry": _("This is one entry twice: name two."),
    "sign_in": _("Please sign in first."),
    "too_many_swaps": _("You have swapped as many people as one may: please ask the help desk."),
    "too_many_requests": _("That was too often in a short time: please try again a little later."),
    "too_many_passkeys": _("You have as many passkeys as one may have: remove one first."),
    "unknown_blank": _("There is no blank badge with this number: it stands on the badge, such as B-0042."),
    "unknown_device": _("There is no such phone."),
    "unknown_door": _("There is no such door: please choose one of those on the page."),
    "unknown_letter": _("There is no such letter, or it doesn't wait any more."),
    "unknown_reference": _("There is no delegate with this reference."),
    "unsupported_media_type": _("This page takes what its own form sends, nothing else."),
}

# A registration's states, a scan's verdicts with their reasons, and the badge layouts.
STATUSES = {
    "confirmed": _("Confirmed"),
    "pending": _("Awaiting approval"),
    "waiting": _("On the waiting list"),
    "unconfirmed": _("Not confirmed yet"),
    "cancelled": _("Cancelled"),
}
VERDICTS = {
    "admitted": _("Let in, first time that day"),
    "held": _("Held: the phone was revoked"),
    "left": _("Left"),
    "refused": _("Refused"),
    "repeat": _("Already in"),
    "returned": _("Let in again"),
}
REASONS = {
    "cancelled": _("the registration is cancelled"),
    "not_open": _("not at this hour"),
    "not_released": _("a blank badge that isn't released"),
    "not_this_area": _("not for this area"),
    "not_this_day": _("not on this day"),
    "other_event": _("another event's badge"),
    "pending": _("approval is awaited"),
    "replaced": _("an older badge"),
    "revoked": _("the badge is revoked"),
    "test": _("a TEST badge, for practice"),
    "unknown": _("unknown badge"),
}
LAYOUTS = {
    "a6": _("A6 upright"),
    "a6-landscape": _("A6 across"),
    "a4-four": _("Four A6 on a sheet, to be cut"),
    "a4-fold": _("A4, folded twice to A6"),
    "card": _("Card, 86 × 54 mm"),
    "label": _("Label for desk printers, 62 × 100 mm"),
}

# Why somebody is let in without their code: the short name is kept with the scan.
# Told instead of a door of what was added by hand afterwards.
BY_HAND = {
    "by hand": _("by hand"),
    "by hand, time not known": _("by hand, time not known"),
}
HAND_REASONS = {
    "forgot badge": _("Forgot the badge"),
    "badge unreadable": _("The badge can't be read"),
    "phone flat": _("The phone's battery is empty"),
    "other": _("Another reason"),
}
PROTOCOL_REASONS = {
    "received": _("Received in person"),
    "forgot badge": HAND_REASONS["forgot badge"],
    "other": HAND_REASONS["other"],
}


def hand_reason(note: str) -> str:
    """A reason as it was kept, such as `forgot badge: left in the car`, with the short name in words."""
    name, colon, rest = note.partition(": ")
    words = (HAND_REASONS | PROTOCOL_REASONS).get(name)
    if words is None:
        return note
    return rest if name == "other" and rest else f"{words}{colon}{rest}"


def on_a_page(code: str, sentence: str) -> str:
    """The sentence for a code in the reader's language; the given one where there is none."""
    return str(SENTENCES.get(code, sentence))


def told_door(name: str) -> str:
    """A door's name, or that there was none: attendance was added by hand afterwards."""
    return str(BY_HAND.get(name, name))
