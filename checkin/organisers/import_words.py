"""What is said of lists to be imported: states, columns, and what is wrong; it owns no table."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import format_decimal, gettext
from flask_babel import lazy_gettext as _

from checkin.domain.details import SENTENCES
from checkin.organisers.wording import FIELDS

LIST_STATES = {
    "uploading": _("Not uploaded whole"),
    "reading": _("Being read"),
    "matching": _("Waiting for its columns"),
    "checking": _("Every row is looked at"),
    "checked": _("Waiting for your word"),
    "applying": _("Being imported"),
    "stopped": _("Stopped"),
    "done": _("Imported"),
    "failed": _("Not taken"),
    "deleted": _("Deleted unused"),
}
KINDS = {
    "rejected": _("Rejected"),
    "doubtful": _("Taken, but doubtful"),
    "repeated": _("Twice in the list"),
}
# As the choice for a column offers them.
COLUMNS = {
    "name": FIELDS["name"],
    "first_name": _("First name"),
    "middle_name": _("Middle name"),
    "last_name": _("Last name"),
    **{
        name: FIELDS[name]
        for name in (
            *("short_name", "honorific", "organisation", "job_title", "country", "category"),
            *("delegation", "email", "phone", "language", "interests", "access_needs"),
        )
    },
}
_WHERE = {**COLUMNS, "row": _("Row")}

# Why a list isn't taken, by the refusal's code; with its line where the code has one of those.
REFUSED = {
    "category_gone": _(
        "A category of the list is no longer in the event's set-up. Put it back, then go on with the import."
    ),
    "field_twice": _("Two columns are taken as “%(field)s”: leave one of them aside."),
    "import_failed": _(
        "It failed again and again, so it was stopped. Tell whoever runs the server; “checkin doctor” may know why."
    ),
    "list_broken": _(
        "The file is damaged, or came only in part. Open it in Excel and save it anew, or as CSV UTF-8."
    ),
    "list_broken at a line": _(
        "The row that begins on line %(line)s can't be read: a quotation mark (\") is missing or too much."
    ),
    "list_empty": _("The file is empty: it needs a line with the names of its columns."),
    "list_has_macros": _(
        "The file has macros, which nobody should send on. Save it as .xlsx or as CSV UTF-8."
    ),
    "list_line_too_long": _("Line %(line)s is longer than any row of a list. Is this the right file?"),
    "list_locked_or_old": _(
        "The file has a password or is of an Excel before 2007. Save it as .xlsx without a password, or as CSV UTF-8."
    ),
    "list_not_text": _("The file is neither XLSX nor text. Save the list as .xlsx or as CSV UTF-8."),
    "list_not_xlsx": _("The file is no Excel workbook. Save the list as .xlsx or as CSV UTF-8."),
    "list_too_big": _("The file unpacks to too much. Save the sheet with the delegates alone, as CSV UTF-8."),
    "list_too_long": _("The list has more than %(most)s rows: split it into several lists."),
    "list_too_wide": _("The list has more than %(most)s columns: keep those that tell of the delegates."),
    "list_undecodable": _(
        "Line %(line)s is not in the encoding of the rest (%(encoding)s). Save the list anew as CSV UTF-8."
    ),
    "list_went_on": _(
        "Nothing was changed: somebody went on with this list meanwhile. Look at it as it is now."
    ),
    "list_without_rows": _("The list has no rows below the names of its columns."),
    "name_column_missing": _(
        "No column holds the names: choose “Name” for one, or first and last name for two."
    ),
    "too_many_lists": _("As many lists are kept as may be: delete one below first."),
}
NOTES = {
    "encoding_guessed": _(
        "The list isn't UTF-8, so its encoding was guessed: %(encoding)s, which reads “%(example)s”. "
        "If that is wrong, save the list as CSV UTF-8."
    ),
    "names_joined": _("Names are joined from the columns %(columns)s."),
    "one_sheet": _("Only the sheet “%(sheet)s” is read, not the other %(others)s."),
    "title_aside": _(
        "The column “%(column)s” is left aside, since it may mean a title or a job title: choose."
    ),
    "title_taken": _("The column “%(column)s” is taken as %(field)s, by what it holds."),
}
REPEATED = _("The same person as on line %(line)s, who is taken once.")


def refused(failure: Mapping[str, Any]) -> str:
    """Why a list isn't taken, or stopped; empty where it is well."""
    if not failure:
        return ""
    code = failure["code"]
    sentence = REFUSED.get(f"{code} at a line" if "line" in failure else "") or REFUSED.get(code)
    return str(sentence or REFUSED["list_broken"]) % _named(failure)


def note(code: str, params: Mapping[str, Any]) -> str:
    """What was guessed about a list."""
    return str(NOTES[code]) % _named(params)


def _named(params: Mapping[str, Any]) -> dict[str, Any]:
    """Our field by its name on pages, and numbers as they are read there."""
    return {key: _shown(key, value) for key, value in params.items()}


def _shown(key: str, value: Any) -> str:
    if isinstance(value, int):
        return str(format_decimal(value))
    return str(COLUMNS.get(value, value)) if key == "field" else str(value)


def remarks(said: Sequence[Sequence[Any]]) -> list[tuple[str, str]]:
    """What is to be said of a row: the field and the sentence of each."""
    return [(str(_WHERE.get(field, field)), _problem(code, params)) for code, field, params in said]


def _problem(code: str, params: Mapping[str, Any]) -> str:
    return str(REPEATED if code == "repeated" else gettext(SENTENCES[code])) % params
