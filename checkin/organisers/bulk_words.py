"""What is said of acts on many delegates: the acts, their states, why somebody is left out; it owns no table."""

from flask_babel import format_decimal, lazy_gettext, ngettext
from flask_babel import gettext as _

from checkin.domain.bulk_runs import CHANGED, DUE

ACTS = {
    "confirm": lazy_gettext("Confirm the registration"),
    "cancel": lazy_gettext("Cancel the registration"),
    "send": lazy_gettext("Mail the badge again"),
    "reissue": lazy_gettext("Reissue the badge"),
    "print": lazy_gettext("Add to a print run"),
}
TITLES = {
    **ACTS,
    "undo_confirm": lazy_gettext("Take confirmations back"),
    "undo_cancel": lazy_gettext("Reinstate who was cancelled"),
}
BULK_STATES = {
    "shown": lazy_gettext("Nothing is changed yet"),
    "applying": lazy_gettext("Being done"),
    "stopped": lazy_gettext("Stopped"),
    "done": lazy_gettext("Done"),
}
# Why somebody is left as they are.
LEFT = {
    "being_printed": lazy_gettext("in a print run that isn't finished"),
    "cancelled": lazy_gettext("cancelled: reinstate them first"),
    "cancelled_before": lazy_gettext("cancelled already"),
    "category_full": lazy_gettext("no place left in their category"),
    "changed_since": lazy_gettext("changed since then, so left as they are"),
    "confirmed_before": lazy_gettext("confirmed already"),
    "erased": lazy_gettext("their data was erased"),
    "gone": lazy_gettext("withdrew meanwhile"),
    "just_written": lazy_gettext("the same letter was written within the last minute"),
    "meanwhile": lazy_gettext("changed while this was being done"),
    "no_address": lazy_gettext("no e-mail address"),
    "no_badge": lazy_gettext("no live badge"),
    "not_confirmed": lazy_gettext("not confirmed, so without a badge"),
}
FAILED = lazy_gettext(
    "It failed again and again, so it was stopped. Tell whoever runs the server; “checkin doctor” may know why."
)


def outcome(name: str) -> str:
    """An outcome in words."""
    if name == DUE:
        return str(_("would be changed"))
    if name == CHANGED:
        return str(_("changed"))
    return str(LEFT.get(name, name))


def will(act: str, many: int) -> str:
    """What the button does, exactly."""
    num = format_decimal(many)
    if act == "confirm":
        return str(ngettext("Confirm %(count)s delegate", "Confirm %(count)s delegates", many, count=num))
    if act == "cancel":
        return str(
            ngettext("Cancel %(count)s registration", "Cancel %(count)s registrations", many, count=num)
        )
    if act == "send":
        return str(ngettext("Mail %(count)s badge again", "Mail %(count)s badges again", many, count=num))
    if act == "reissue":
        return str(
            ngettext(
                "Reissue %(count)s badge: the old one stops working",
                "Reissue %(count)s badges: the old ones stop working",
                many,
                count=num,
            )
        )
    return str(
        ngettext(
            "Order a print run of %(count)s badge", "Order a print run of %(count)s badges", many, count=num
        )
    )


def was(act: str, many: int) -> str:
    """What has been done so far."""
    num = format_decimal(many)
    if act == "confirm":
        return str(
            ngettext(
                "%(count)s delegate is confirmed.", "%(count)s delegates are confirmed.", many, count=num
            )
        )
    if act == "cancel":
        return str(
            ngettext(
                "%(count)s registration is cancelled.",
                "%(count)s registrations are cancelled.",
                many,
                count=num,
            )
        )
    if act == "send":
        return str(
            ngettext(
                "%(count)s badge is on its way again.",
                "%(count)s badges are on their way again.",
                many,
                count=num,
            )
        )
    if act == "reissue":
        return str(
            ngettext("%(count)s badge is replaced.", "%(count)s badges are replaced.", many, count=num)
        )
    if act == "print":
        return str(ngettext("%(count)s badge is ordered.", "%(count)s badges are ordered.", many, count=num))
    if act == "undo_cancel":
        return str(
            ngettext(
                "%(count)s registration is reinstated.",
                "%(count)s registrations are reinstated.",
                many,
                count=num,
            )
        )
    return str(
        ngettext(
            "%(count)s delegate is what they were before.",
            "%(count)s delegates are what they were before.",
            many,
            count=num,
        )
    )
