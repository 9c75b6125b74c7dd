"""The form that describes a delegate, and what is asked beside it when somebody registers; it owns no table."""

import unicodedata
from collections.abc import Iterator

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import InputRequired

from checkin.domain.countries import country_code, country_codes, country_name
from checkin.domain.details import FIELDS, SENTENCES, Details, DetailsRefused, clean_details, cleaned_text
from checkin.domain.programme import Programme
from checkin.registration.typing_slips import meant_address

HONORIFICS = (
    *("Tun", "Toh Puan", "Tan Sri", "Puan Sri", "Dato' Seri", "Datuk Seri", "Datin Seri", "Dato' Sri"),
    *("Dato'", "Datuk", "Datin", "YB", "YAB", "H.E.", "Prof.", "Prof. Dr.", "Assoc. Prof. Dr.", "Dr."),
    *("Ir.", "Ts.", "Ar.", "Sr", "Haji", "Hajah", "Encik", "Puan", "Cik", "Mr", "Ms", "Mrs"),
)
LANGUAGES = {"en": "English", "ms": "Bahasa Malaysia"}
LABELS = {
    "name": _("Name"),
    "short_name": _("Short form of your name"),
    "email": _("E-mail address"),
    "organisation": _("Organisation"),
    "country": _("Country you represent"),
    "category": _("I come as"),
    "consent_notice": _("Privacy notice"),
    "honorific": _("Title"),
    "job_title": _("Job title"),
    "delegation": _("Delegation"),
    "phone": _("Mobile phone"),
    "language": _("Language of our letters"),
    "interests": _("What interests you"),
    "access_needs": _("What would make your visit easier"),
}


class PublicForm(FlaskForm):  # type: ignore[misc]
    """A form that comes back filled in where the session it was made for is gone."""

    def validate(self, extra_validators: object = None) -> bool:
        valid: bool = super().validate(extra_validators)
        if "csrf_token" in self.errors:
            self.form_errors: list[str] = [
                gettext("This page was open for long, or came from elsewhere. Please send it once more."),
            ]
        return valid


class DetailsForm(PublicForm):
    """What describes a delegate, as typed; `details` is what it means once the form is valid."""

    name = StringField()
    honorific = StringField()
    organisation = StringField()
    delegation = StringField()
    job_title = StringField()
    country = StringField()
    phone = StringField()
    category = StringField()
    language = StringField()
    interests = StringField()
    access_needs = StringField()

    details: Details

    def __init__(self, *, categories: tuple[str, ...], **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.categories = categories
        if "category" in self and not self.category.data and categories:
            self.category.data = categories[0]

    def validate(self, extra_validators: object = None) -> bool:
        """Every problem of every field at once; `details` is set where there is none."""
        valid: bool = super().validate(extra_validators)
        return self._read() and valid

    def _read(self) -> bool:
        raw = {name: str(getattr(self, name).data or "") for name in FIELDS if name in self}
        well = True
        try:
            self.details, _doubts = clean_details(raw)
        except DetailsRefused as refused:
            well = False
            for problem in refused.problems:
                self._blame(problem.field, gettext(SENTENCES[problem.code]) % problem.params)
        for name, sentence in self._refused(raw):
            well = False
            self._blame(name, sentence)
        return well

    def _refused(self, raw: dict[str, str]) -> Iterator[tuple[str, str]]:
        """What a list may leave open and a form may not."""
        if raw["country"] and country_code(raw["country"]) is None:
            yield "country", gettext("Please choose a country from the list.")
        if "category" in raw and raw["category"] not in self.categories:
            yield "category", gettext("Please choose one of these.")

    def _blame(self, name: str, sentence: str) -> None:
        field = self[name]
        field.errors = [*field.errors, sentence]


class RegistrationForm(DetailsForm):
    """Somebody registers, or somebody for them; the ticks are apart and none is set beforehand."""

    whom = HiddenField()
    email = StringField()
    # The address is as it was typed, after we asked whether another was meant.
    email_sure = BooleanField()
    consent_notice = BooleanField(
        validators=[
            InputRequired(_("Please agree to the notice: without it we may not keep your registration."))
        ]
    )
    consent_updates = BooleanField()
    consent_leads = BooleanField()
    # Nobody sees this field, so who fills it in is a program.
    homepage = StringField()
    altcha = StringField()

    suggestion = ""

    def _refused(self, raw: dict[str, str]) -> Iterator[tuple[str, str]]:
        yield from super()._refused(raw)
        if not cleaned_text(raw["email"]):
            yield "email", gettext("Please type your e-mail address: the badge goes there.")
        elif not self.email_sure.data and (meant := meant_address(raw["email"])):
            self.suggestion = meant
            yield "email", gettext("Did you mean %(address)s?", address=meant)


class OnsiteForm(RegistrationForm):
    """Somebody registers at the venue, where the desk sees them: the address may be left out."""

    def _refused(self, raw: dict[str, str]) -> Iterator[tuple[str, str]]:
        if cleaned_text(raw["email"]):
            yield from super()._refused(raw)
        else:
            yield from DetailsForm._refused(self, raw)


class CorrectionForm(DetailsForm):
    """What a delegate may correct alone: not the category, and not an address that was confirmed."""

    # WTForms leaves such a field out.
    category = None  # type: ignore[assignment]
    short_name = StringField()
    # When the details that were corrected had last been changed.
    seen = HiddenField()


class ColleagueForm(DetailsForm):
    """A colleague of somebody who is registered, whose letters go to the same address."""

    consent_notice = BooleanField(
        validators=[InputRequired(_("Please confirm that this person knows of the notice."))]
    )


class SwapForm(DetailsForm):
    """Who comes instead of a colleague: what isn't asked stays as it is."""

    category = None  # type: ignore[assignment]
    consent_notice = BooleanField(
        validators=[InputRequired(_("Please confirm that this person knows of the notice."))]
    )


class FindForm(PublicForm):
    """An address to which a fresh link is mailed."""

    email = StringField()
    homepage = StringField()
    altcha = StringField()


def open_categories(plan: Programme) -> tuple[str, ...]:
    """The categories into which one may register oneself, in the organisers' order."""
    return tuple(one.name for one in plan.categories.values() if one.self_registration)


def choices_of_country(language: str) -> list[tuple[str, str]]:
    """Every country's code and its name in a language, in the order of the names without their accents."""
    named = [(code, country_name(code, language)) for code in country_codes()]
    return sorted(named, key=lambda one: _sorted_by(one[1]))


def _sorted_by(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
