"""The words for what the database calls by short names: states, acts, letters, verdicts; it owns no table."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from checkin import sentences

STATUSES = sentences.STATUSES
# The state of a cancelled registration whose other entry stayed.
MERGED = _("Merged")

# What staff, phones, delegates and commands do, as the audit log keeps it.
ACTIONS = {
    "PIN locked": _("Typed five wrong PINs"),
    "TEST badges printed": _("Printed TEST badges"),
    "VIPs listed": _("Looked at the VIPs"),
    "VIPs opened": _("Opened the VIPs' names with the PIN"),
    "approval withdrawn": _("Withdrew the approval"),
    "arrivals exported": _("Exported arrivals"),
    "attendance added by hand": _("Added attendance by hand"),
    "attendance by hand withdrawn": _("Withdrew attendance by hand"),
    "attendance exported": _("Exported attendance"),
    "backup made": _("Made a backup"),
    "backup restored": _("Restored a backup"),
    "badge handed over": _("Handed the badge over"),
    "badge handover undone": _("Undid that the badge was handed over"),
    "badge looked up": _("Looked a badge up by its reference"),
    "badge printed": _("Printed the badge"),
    "badge reissued": _("Reissued the badge"),
    "badges exported": _("Exported the badges printed"),
    "badges printed": _("Printed badges"),
    "blank badge given": _("Gave a blank badge to a delegate"),
    "blank badges called back": _("Called blank badges back"),
    "blank badges made": _("Had blank badges made"),
    "blank badges released": _("Released blank badges"),
    "certificate issued": _("Opened the certificate of attendance"),
    "certificate restored": _("Let the certificate of attendance hold again"),
    "certificate withdrawn": _("Withdrew the certificate of attendance"),
    "closing pack made": _("Made the closing pack"),
    "bulk change opened": _("Looked at a change of many delegates"),
    "bulk change ordered": _("Had many delegates changed"),
    "bulk change prepared": _("Prepared a change of many delegates"),
    "bulk change resumed": _("Had a change of many delegates go on"),
    "bulk change stopped": _("Stopped a change of many delegates"),
    "bulk change undone": _("Undid a change of many delegates"),
    "colleague added": _("Registered a colleague"),
    "confirmation taken back": _("Took the confirmation back"),
    "conflict reopened": _("Opened a conflict again"),
    "conflict settled": _("Settled a conflict"),
    "conflicts listed": _("Looked at the conflicts"),
    "delegate admitted": _("Admitted by hand at the desk"),
    "data handed over": _("Handed all data of a delegate over"),
    "delegate cancelled": _("Cancelled the registration"),
    "delegate confirmed": _("Confirmed the registration"),
    "delegate corrected": _("Corrected the details"),
    "delegate erased": _("Erased the personal data"),
    "delegate merged": _("Merged into another entry of the same person"),
    "delegate opened": _("Looked at a delegate"),
    "delegate reinstated": _("Reinstated the registration"),
    "delegate swapped": _("Swapped one person for another"),
    "delegates exported": _("Exported delegates"),
    "delegates imported": _("Imported delegates"),
    "delegates listed": _("Looked at the list of delegates"),
    "delegates merged": _("Merged two entries of one person"),
    "delegates searched": _("Searched for delegates"),
    "device moved": _("Moved a phone to another door"),
    "device paired": _("Paired a phone"),
    "device revoked": _("Revoked a phone"),
    "duplicate reopened": _("Took back that two delegates are two people"),
    "duplicate told apart": _("Said that two delegates are two people"),
    "duplicates listed": _("Looked at the duplicates"),
    "duplicates searched": _("Had duplicates searched for"),
    "entourage counted": _("Counted who came with a VIP"),
    "event purged": _("Erased the personal data of many"),
    "event set": _("Changed the event's set-up"),
    "export ordered": _("Asked for an export"),
    "figures exported": _("Made the report for the ministry"),
    "figures published": _("Published the figures"),
    "hand admissions listed": _("Looked at who was admitted by hand"),
    "held scans approved": _("Approved scans of a revoked phone"),
    "held scans dropped": _("Dropped scans of a revoked phone"),
    "held scans listed": _("Looked at the scans of a revoked phone"),
    "invitation accepted": _("Accepted the invitation"),
    "invitation not sent": _("An invitation could not be mailed"),
    "letter opened": _("Opened a letter"),
    "letter sent again": _("Had a letter sent again"),
    "letter worded": _("Changed the words of a letter"),
    "letters listed": _("Looked at the outbox"),
    "letters retried": _("Had failed letters tried again"),
    "list columns chosen": _("Matched the columns of a list"),
    "list deleted": _("Deleted a list"),
    "list fetched": _("Downloaded the marked rows of a list"),
    "list import ordered": _("Had a list imported"),
    "list import resumed": _("Had the import of a list go on"),
    "list import stopped": _("Stopped the import of a list"),
    "list opened": _("Looked at a list"),
    "list uploaded": _("Uploaded a list"),
    "logo removed": _("Removed the logo"),
    "logo set": _("Set the logo"),
    "notice worded": _("Worded the privacy notice"),
    "packing list fetched": _("Downloaded a packing list"),
    "pairing offered": _("Offered to pair a phone"),
    "paper keyed in": _("Keyed in a paper list"),
    "paper list printed": _("Printed a paper list"),
    "passkey added": _("Added a passkey"),
    "passkey removed": _("Removed a passkey"),
    "print run cancelled": _("Stopped a print run"),
    "print run done": _("Finished a print run"),
    "print run failed": _("Failed at a print run"),
    "print run fetched": _("Downloaded badges of a print run"),
    "print run made": _("Ordered a print run"),
    "print run resumed": _("Had a print run go on"),
    "queue imported": _("Imported the scans that a phone had kept"),
    "recovery code used": _("Used a recovery code"),
    "recovery codes renewed": _("Made new recovery codes"),
    "registration withdrawn": _("Withdrew the registration"),
    "report deleted": _("Deleted a named report"),
    "report kept": _("Kept an export as a named report"),
    "report renamed": _("Gave a named report another name"),
    "scan voided": _("Voided a scan"),
    "scans exported": _("Exported scans"),
    "second factor changed": _("Changed the authenticator"),
    "staff added": _("Added a member of staff"),
    "staff invited": _("Invited a member of staff"),
    "staff let back": _("Let a member of staff sign in again"),
    "staff role changed": _("Gave a member of staff another role"),
    "staff session ended": _("Signed out in a browser"),
    "staff sessions ended": _("Ended a member's sessions"),
    "staff signed in": _("Signed in"),
    "staff signed out": _("Signed out"),
    "staff stopped": _("Stopped a member of staff"),
    "walk-in registered": _("Registered a walk-in"),
}

LAYOUTS = sentences.LAYOUTS
RUN_STATES = {
    "waiting": _("Waiting for the printer"),
    "printing": _("Being printed"),
    "done": _("Done"),
    "cancelled": _("Stopped"),
    "failed": _("Failed"),
}
SORTED = {
    "name": _("Name"),
    "organisation": _("Organisation"),
    "category": _("Category"),
    "country": _("Country"),
    "reference": _("Reference"),
}

LETTERS = {
    "badge": _("Badge"),
    "badge_reissued": _("New badge after a reissue"),
    "confirm": _("Request to confirm the address"),
    "known": _("Note that the address is registered already"),
    "link": _("Fresh link"),
    "reminder_eve": _("Reminder on the eve"),
    "reminder_first": _("First reminder"),
    "reminder_second": _("Second reminder"),
}
LETTER_STATES = {"waiting": _("Waiting"), "failed": _("Failed"), "sent": _("Sent")}

# Why a letter wasn't sent, in our own sentences; what a mail server says is shown as it says it.
WHY_NOT_SENT = {
    "It could not be sent, and the log says why.": _("It could not be sent, and the log says why."),
    "It isn't needed any more.": _("It isn't needed any more."),
    "The entry was merged with another one.": _("The entry was merged with another one."),
    "There is no badge to send any more.": _("There is no badge to send any more."),
}

VERDICTS = sentences.VERDICTS
REASONS = sentences.REASONS
# What a phone showed its helper, which may differ from what the server found.
SHOWN = {
    "admitted": _("Welcome"),
    "left": _("Exit recorded"),
    "refused": _("Please wait"),
    "repeat": _("Already in"),
    "returned": _("Welcome back"),
    "unlisted": _("Not on this phone's list"),
}
DECISIONS = {"let_in": _("let in by the helper"), "sent_to_desk": _("sent to the help desk")}

PURPOSES = {
    "leads": _("Exhibitors who scan the badge get the contact details"),
    "notice": _("Privacy notice"),
    "updates": _("News about the event"),
}

STAFF_ROLES = {
    "organiser": _("Organiser"),
    "supervisor": _("Supervisor"),
    "desk": _("Help desk"),
    "protocol": _("Protocol"),
}

FIELDS = {
    "access_needs": _("Access needs"),
    "category": _("Category"),
    "country": _("Country"),
    "delegation": _("Delegation"),
    "email": _("E-mail address"),
    "honorific": _("Title"),
    "interests": _("Interests"),
    "job_title": _("Job title"),
    "language": _("Language"),
    "name": _("Name"),
    "note": _("Note for the door"),
    "organisation": _("Organisation"),
    "phone": _("Phone"),
    "short_name": _("Short form of the name"),
}

# The fields of the event's set-up.
SET_UP_FIELDS = {
    "approval": _("An organiser approves each one"),
    "area": _("Area"),
    "areas": _("Areas"),
    "capacity": _("Capacity"),
    "closes": _("Closes"),
    "code": _("Code of the event"),
    "colour": _("Colour"),
    "contact": _("E-mail address of the organisers"),
    "counts": _("Counts as attendance"),
    "cutover_hour": _("The day ends at this hour"),
    "date": _("Day"),
    "days": _("Days"),
    "direction": _("Direction"),
    "erase_on": _("Personal data is erased from this day on"),
    "main": _("Main area"),
    "name": _("Name"),
    "opens": _("Opens"),
    "organiser": _("Organisers"),
    "place": _("Place in the order"),
    "protocol": _("VIPs: protocol officers are told of their arrival"),
    "reentry_after": _("Minutes between two entries"),
    "reference_prefix": _("Beginning of references"),
    "self_registration": _("One can register oneself"),
    "theme": _("Theme"),
    "time_zone": _("Time zone"),
    "unknown_offline": _("Unknown badges without a network"),
    "venue": _("Venue"),
}
SET_UP_ROWS = {
    "areas": _("Area %(name)s"),
    "categories": _("Category %(name)s"),
    "days": _("Day %(name)s"),
    "doors": _("Door %(name)s"),
}
SET_UP_CHANGES = {
    "added": _("added"),
    "order": _("order"),
    "reentry_after_s": SET_UP_FIELDS["reentry_after"],
    "removed": _("removed"),
    "en": "English",
    "ms": "Bahasa Malaysia",
}


def action(name: str) -> str:
    """An act in words; one that a newer release has put in, as it is kept."""
    return str(ACTIONS.get(name, name))


def judged(verdict: str, reason: str | None) -> str:
    """A verdict with its reason, such as “Refused: an older badge”."""
    words = str(VERDICTS.get(verdict, verdict))
    return f"{words}: {REASONS.get(reason, reason)}" if reason else words


def shown_as(shown: str) -> str:
    """What a phone showed, as it is kept with the scan (`refused replaced`), in words; empty where it told nothing."""
    verdict, _space, reason = shown.partition(" ")
    words = str(SHOWN.get(verdict, verdict))
    return f"{words}: {REASONS[reason]}" if reason in REASONS else words


def somebody(actor: str) -> str:
    """Whoever did something and is neither on the staff nor a phone that we know."""
    kind, _colon, name = actor.partition(":")
    if kind == "delegate":
        named = gettext("Delegate %(reference)s", reference=name)
        return str(named if name else gettext("A delegate"))
    return str(gettext("Command line")) if actor == "command line" else actor


def why_not_sent(error: str) -> str:
    """What is kept of a letter's failure, in the reader's language where it is ours."""
    return str(WHY_NOT_SENT.get(error, error))


def field(name: str) -> str:
    """A field that was changed, in words; one of the set-up, such as `doors:Gate A:direction`, with its row."""
    part, _colon, rest = name.partition(":")
    row, _colon, last = rest.rpartition(":")
    known = SET_UP_CHANGES | SET_UP_FIELDS
    if part in SET_UP_ROWS and last:
        return f"{SET_UP_ROWS[part] % {'name': row}}: {str(known.get(last, last)).lower()}".replace(" :", ":")
    return str(FIELDS.get(name) or known.get(name, name))
