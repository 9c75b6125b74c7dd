"""The words for exports: their kinds, filters and columns; it owns no table."""

from flask_babel import lazy_gettext as _

from checkin.organisers import wording

NAMES = {
    "attendance": _("Attendance"),
    "delegates": _("Delegates"),
    "scans": _("Scans"),
    "arrivals": _("Arrivals"),
    "badges": _("Badges printed"),
    "figures": _("Report for the ministry"),
}
EXPLAINED = {
    "attendance": _(
        "One row a delegate: who they are, then for each day when and where they came in first and how often."
    ),
    "delegates": _("One row a delegate: details, e-mail address, phone, and the status of the registration."),
    "scans": _("One row a scan, refused and voided ones too, with the phone and its helper."),
    "arrivals": _("How many came first in each quarter of an hour, by area and door; it names nobody."),
    "badges": _(
        "One row a badge that was printed: whose, when, in which box it lies, and whether it was handed over."
    ),
    "figures": _("A PDF of the attendance by day, category and country, with charts; it names nobody."),
}
FORMS = {"csv": _("CSV"), "xlsx": _("Excel"), "pdf": _("PDF")}
FILTERS = {
    "area": _("Area"),
    "category": _("Category"),
    "country": _("Country"),
    "day": _("Day"),
    "delegation": _("Delegation"),
    "door": _("Door"),
    "language": _("Language"),
    "organisation": _("Organisation"),
    "status": _("Status"),
}
ALL = {
    "area": _("All areas"),
    "category": _("All categories"),
    "country": _("All countries"),
    "day": _("All days"),
    "delegation": _("All delegations"),
    "door": _("All doors"),
    "status": _("All statuses"),
}
# Where a filter, or none, means something else than in other kinds.
FILTERS_OF = {("attendance", "door"): _("First came in by")}
ALL_OF = {("attendance", "area"): _("The whole event")}
COLUMNS = {
    **{name: words for name, words in wording.FIELDS.items() if name not in {"note", "short_name"}},
    "area": _("Area"),
    "arrivals": _("Arrivals"),
    "at": _("Corrected time"),
    "box": _("Box"),
    "day": _("Day"),
    "days_attended": _("Days attended"),
    "decision": _("What the helper decided"),
    "device": _("Phone of the scan"),
    "direction": _("Direction"),
    "door": _("Door"),
    "entries": _("Entries of each day"),
    "first_in": _("First entry of each day"),
    "handed_over_at": _("Handed over at"),
    "id": _("Number of the scan"),
    "input": _("How it was read"),
    "issued_at": _("Issued at"),
    "just_now": _("Read again within a minute"),
    "note": _("Note"),
    "operator": _("Helper"),
    "place": _("Place in the box"),
    "printed_at": _("Printed at"),
    "quarter": _("Quarter of an hour"),
    "reason": _("Reason"),
    "received_at": _("Received at"),
    "reference": _("Reference"),
    "registered_at": _("Registered at"),
    "run": _("Print run"),
    "scanned_at": _("Time on the phone"),
    "seq": _("Number on the phone"),
    "shown": _("What the phone showed"),
    "skew_ms": _("How far the phone's clock was off"),
    "state": _("State of the badge"),
    "status": _("Status"),
    "verdict": _("Verdict"),
    "void_reason": _("Why it was voided"),
    "voided_at": _("Voided at"),
}
