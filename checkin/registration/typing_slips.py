"""Finds the slip in an address such as aina@gmial.com; it owns no table."""

from rapidfuzz.distance import OSA

# Where most of our delegates' addresses are, besides those of their organisations.
COMMON = (
    *("gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "live.com", "proton.me"),
    *("yahoo.com.my", "hotmail.my", "outlook.my", "qq.com", "163.com", "naver.com", "googlemail.com"),
)
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


def _meant_domain(domain: str) -> str | None:
    if domain in COMMON or domain in ALSO_REAL or not 4 <= len(domain) <= 40:
        return None
    for wrong, right in ENDINGS.items():
        if domain.endswith(wrong):
            domain = domain.removesuffix(wrong) + right
            return _nearest(domain) or domain
    return _nearest(domain)


def _nearest(domain: str) -> str | None:
    """A common domain one slip away, or two where it is long (Damerau-Levenshtein, optimal string alignment)."""
    for common in COMMON:
        if 0 < OSA.distance(domain, common) <= (1 if len(common) < 9 else 2):
            return common
    return None
