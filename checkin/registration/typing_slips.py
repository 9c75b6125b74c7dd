"""Finds the slip in an address such as aina@gmial.com; it owns no table."""

import json
from functools import cache

from rapidfuzz.distance import OSA

from checkin.domain.countries import country_codes

# Where most of our delegates' addresses are, besides those of their organisations.
COMMON = (
    *("gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "live.com", "proton.me"),
    *("yahoo.com.my", "hotmail.my", "outlook.my", "qq.com", "163.com", "naver.com", "googlemail.com"),
)
# Providers with a domain in many a country: yahoo.com.sg is no slip in yahoo.com.my.
FAMILIES = ("yahoo", "hotmail", "outlook", "live")
# Real ones that look like a slip in another.
ALSO_REAL = frozenset(
    ("mail.com", "ymail.com", "gmx.com", "email.com", "me.com", "msn.com", "aol.com", "live.my")
)
ENDINGS = {
    ".con": ".com",
    ".cmo": ".com",
    ".vom": ".com",
    ".ocm": ".com",
    ".comm": ".com",
    ".con.my": ".com.my",
}


def meant_address(address: str) -> str | None:
    """The address that was probably meant; None where nothing looks like a slip."""
    mailbox, at, domain = address.strip().lower().rpartition("@")
    meant = _meant_domain(domain)
    return f"{mailbox}@{meant}" if at and mailbox and meant and meant != domain else None


@cache
def as_json() -> str:
    """All of this for the browser, which asks while somebody types."""
    known = {"common": COMMON, "real": sorted(ALSO_REAL), "families": FAMILIES, "endings": ENDINGS}
    return json.dumps(known | {"countries": sorted(_countries())})


@cache
def _countries() -> frozenset[str]:
    """The endings of countries' domains, but those that are themselves a slip in .com."""
    return frozenset(code.lower() for code in country_codes()) - {"co", "cm", "om"} | {"uk"}


def _is_real(domain: str) -> bool:
    provider, *ending = domain.split(".")
    national = provider in FAMILIES and ending[:-1] in ([], ["co"], ["com"]) and ending[-1:] != []
    return domain in COMMON or domain in ALSO_REAL or (national and ending[-1] in _countries())


def _meant_domain(domain: str) -> str | None:
    if _is_real(domain) or not 4 <= len(domain) <= 40:
        return None
    for wrong, right in ENDINGS.items():
        if domain.endswith(wrong):
            mended = domain.removesuffix(wrong) + right
            return mended if _is_real(mended) else _nearest(mended) or mended
    return _nearest(domain)


def _nearest(domain: str) -> str | None:
    """A common domain one slip away, or two where it is long (Damerau-Levenshtein, optimal string alignment)."""
    for common in COMMON:
        if 0 < OSA.distance(domain, common) <= (1 if len(common) < 9 else 2):
            return common
    return None
