"""The people of the demo event, invented and the same in every run; it owns no table."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import cycle

from anyascii import anyascii

from checkin.domain.details import Details
from checkin.organisers.demo_companies import CREW_FIRMS, NEWSROOMS, Company, companies
from checkin.organisers.demo_dice import Dice
from checkin.organisers.demo_names import NAMINGS, Naming, words
from checkin.organisers.demo_places import BODIES, BY_CODE, COUNTRIES, City, Country
from checkin.organisers.demo_titles import Titles

COMPANIES = companies()
# Exhibitors come from all companies in turn; the step has no divisor in common with their number.
COMPANY_STEP = 67
WEIGHTS = {country.code: country.weight for country in COUNTRIES}
# Forty as they come: every few there is a speaker, somebody of the press, a guest of honour.
TURNS = words(
    """Delegate, Exhibitor, Delegate, Delegate, VIP, Delegate, Exhibitor, Delegate, Speaker, Delegate,
    Delegate, Exhibitor, Delegate, Crew, Delegate, Delegate, Exhibitor, Delegate, Media, Delegate,
    Delegate, Delegate, Exhibitor, Delegate, Delegate, Crew, Delegate, Exhibitor, Delegate, Delegate,
    Delegate, Delegate, Delegate, Exhibitor, Delegate, Delegate, Delegate, Delegate, Delegate, Delegate"""
)

JOBS = {
    "council": words(
        """Director of Planning, Head of Smart City Unit, Chief Digital Officer, Engineer, Assistant Director,
        Data Analyst, Programme Manager, Policy Officer, Transport Planner, GIS Officer, City Councillor,
        Head of Procurement, Open Data Coordinator"""
    ),
    "company": words(
        """Sales Manager, Solutions Architect, Business Development Manager, Product Manager, Field Engineer,
        Marketing Executive, Account Director, Country Manager, Head of Partnerships, Software Engineer,
        Customer Success Lead"""
    ),
    "company's head": words("Chief Executive Officer, Founder, Chief Technology Officer, Managing Director"),
    "guest of a city": words(
        "Deputy Mayor, Chief of Protocol, Special Adviser to the Mayor, City Secretary, Council Speaker"
    ),
    "guest of a country": words(
        "Ambassador, High Commissioner, Deputy Minister, Secretary-General, Chairman, Board Member"
    ),
    "Speaker": words(
        """Professor of Urban Informatics, Chief Digital Officer, Director of Urban Mobility, Futurist,
        Author, Head of AI Governance, Director-General, Chief Resilience Officer"""
    ),
    "Media": words("Reporter, Senior Correspondent, Photographer, Editor, Camera Operator, Producer"),
    "Crew": words(
        "Registration Desk, Usher, Stage Manager, Security Officer, Technician, Cleaner, Runner, Medic"
    ),
}
# As Malaysians also write them.
MALAY_JOBS = {
    "council": words(
        "Pegawai Perancang Bandar, Timbalan Pengarah, Penolong Jurutera, Ketua Penolong Pengarah"
    ),
    "company": words("Pengurus Jualan, Jurutera Kanan"),
    "company's head": words("Pengarah Urusan"),
    "guest of a city": words("Datuk Bandar, Setiausaha Bandaraya"),
    "guest of a country": words("Ketua Setiausaha, Exco Kerajaan Negeri, Ketua Pengarah"),
    "Media": words("Wartawan, Jurukamera"),
}
PERCENT_WITHOUT_EMAIL = 3
PERCENT_WITHOUT_PHONE = 15


@dataclass(frozen=True)
class Post:
    """For whom and as what somebody comes; `site` is where the e-mail address belongs."""

    organisation: str
    job_title: str
    site: str
    delegation: str = ""


def turns() -> Iterator[str]:
    """The categories of delegates, mixed as they come, without an end."""
    return cycle(TURNS)


def invented(wanted: Iterable[str]) -> Iterator[Details]:
    """A person for each category, no two alike; the same categories give the same people."""
    persons: set[tuple[str, str, str]] = set()
    addresses: Counter[str] = Counter()
    exhibitors = 0
    for number, category in enumerate(wanted):
        exhibitors += category == "Exhibitor"
        dice = Dice(f"person {number}")
        person, site = _person(dice, category, exhibitors)
        while (person.name, person.organisation, person.job_title) in persons:
            person, site = _person(dice, category, exhibitors)
        persons.add((person.name, person.organisation, person.job_title))
        yield _reachable(dice, person, site, addresses)


def _person(dice: Dice, category: str, exhibitors: int) -> tuple[Details, str]:
    country, post = _post(dice, category, exhibitors)
    woman = dice.chance(45)
    people = dice.weigh(country.peoples)
    details = Details(
        name=_name(dice, NAMINGS[people], woman=woman),
        honorific=_honorific(dice, country.titles, category, woman=woman, muslim=people == "malay"),
        organisation=post.organisation,
        job_title=post.job_title,
        country=country.code,
        category=category,
        delegation=post.delegation,
        language="ms" if country.code == "MY" and people in {"malay", "iban"} and dice.chance(60) else "en",
    )
    return details, post.site


def _post(dice: Dice, category: str, exhibitors: int) -> tuple[Country, Post]:
    if category == "Exhibitor":
        company = COMPANIES[exhibitors * COMPANY_STEP % len(COMPANIES)]
        # Some of its people come from elsewhere.
        country = BY_CODE[company.country] if dice.chance(88) else _country(dice)
        return country, _company_post(dice, country, company)
    if category == "Crew":
        return BY_CODE["MY"], _hired(dice, BY_CODE["MY"], category, CREW_FIRMS, domain="example.com")
    country = _country(dice)
    if category == "Media":
        return country, _hired(dice, country, category, NEWSROOMS, domain="example.net")
    if category == "Delegate" and dice.chance(25):
        return country, _company_post(dice, country, dice.pick(_companies_of(country.code)))
    return country, _public_post(dice, country, category)


def _job(dice: Dice, country: Country, kind: str) -> str:
    return dice.pick(JOBS[kind] + (MALAY_JOBS.get(kind, ()) if country.code == "MY" else ()))


def _company_post(dice: Dice, country: Country, company: Company) -> Post:
    job = _job(dice, country, "company's head" if dice.chance(6) else "company")
    return Post(company.name, job, f"{company.site}.example.com")


def _hired(dice: Dice, country: Country, category: str, firms: tuple[str, ...], *, domain: str) -> Post:
    firm = dice.pick(firms)
    return Post(firm, _job(dice, country, category), f"{_slug(firm)}.{domain}")


def _public_post(dice: Dice, country: Country, category: str) -> Post:
    """In an agency of the country, in a city's council or, but for guests of honour, in another body."""
    honoured, kind = category == "VIP", "council" if category == "Delegate" else category
    if country.agencies and dice.chance(30):
        agency = dice.pick(country.agencies)
        job = _job(dice, country, "guest of a country" if honoured else kind)
        return Post(agency, job, f"{_slug(agency)}.example.org")
    city = dice.pick(country.cities)
    site = f"{_slug(city.name)}.example.org"
    if not honoured and dice.chance(30):
        return Post(dice.pick(BODIES).format(city.name), _job(dice, country, kind), site)
    # Guests of honour seldom travel alone.
    delegation = _delegation(city) if dice.chance(70 if honoured else 20) else ""
    job = _job(dice, country, "guest of a city" if honoured else kind)
    return Post(dice.pick(city.offices), job, site, delegation)


def _delegation(city: City) -> str:
    return f"{city.head} of {city.name}'s delegation" if city.head else f"Delegation of {city.name}"


@cache
def _companies_of(code: str) -> tuple[Company, ...]:
    return tuple(company for company in COMPANIES if company.country == code) or COMPANIES


def _country(dice: Dice) -> Country:
    return BY_CODE[dice.weigh(WEIGHTS)]


def _name(dice: Dice, naming: Naming, *, woman: bool) -> str:
    pattern = dice.pick(words(naming.hers or naming.his if woman else naming.his))
    families = words(naming.womens_families or naming.families if woman else naming.families)
    family = dice.pick(families)
    return pattern.format(
        given=dice.pick(words(naming.women if woman else naming.men)),
        family=family,
        other=dice.pick([name for name in families if name != family]),
        father=dice.pick(words(naming.men)),
    )


def _honorific(dice: Dice, titles: Titles, category: str, *, woman: bool, muslim: bool) -> str:
    of_rank = dice.chance(90 if category == "VIP" else 12 if category == "Speaker" else 1)
    if not of_rank and dice.chance(55):
        return ""
    if of_rank:  # noqa: SIM108 - four ways in one line read badly.
        choice = titles.hers_of_rank if woman else titles.his_of_rank
    else:
        choice = titles.hers if woman else titles.his
    # Who has been to Mecca is called Haji or Hajah.
    return dice.pick([title for title in choice if muslim or "Haj" not in title])


def _reachable(dice: Dice, person: Details, site: str, addresses: Counter[str]) -> Details:
    """The person with a phone number and with an address of their own under RFC 2606's names for examples."""
    email = phone = None
    if not dice.chance(PERCENT_WITHOUT_EMAIL):
        parts = _slug(person.name).split("-")
        local = ".".join((parts[0], *parts[1:][-1:]))
        addresses[f"{local}@{site}"] += 1
        namesakes = addresses[f"{local}@{site}"]
        email = f"{local}{namesakes if namesakes > 1 else ''}@{site}"
    if not dice.chance(PERCENT_WITHOUT_PHONE):
        phone = dice.digits(BY_CODE[person.country or "MY"].phone)
    return Details(**{**vars(person), "email": email, "phone": phone})


def _slug(text: str) -> str:
    """A text as part of an address: at most 60 letters, digits and hyphens (RFC 1035 has room for 63)."""
    latin = anyascii(text.replace("'", "")).casefold()
    return "-".join("".join(sign if sign.isalnum() else " " for sign in latin).split())[:60].strip("-") or "x"
