"""For which site a passkey is made: the configured address, never what a request says; it owns no table."""

from urllib.parse import urlsplit

from flask import current_app, request

from checkin.config import LOOPBACK


def origin() -> str:
    """Our origin (RFC 6454). On this machine alone, by whichever of its names one came."""
    address = urlsplit(current_app.config["CHECKIN"].base_url)
    here = urlsplit(request.host_url)
    if address.hostname in LOOPBACK and here.hostname in LOOPBACK:
        address = here
    return f"{address.scheme}://{address.netloc}"


def site() -> str:
    """The relying party's id (W3C Web Authentication, section 5.1.2): our host's name."""
    return urlsplit(origin()).hostname or ""


def passkeys_work() -> bool:
    """Whether browsers make passkeys for us: on https pages, and on localhost, but for no bare IP address."""
    name = site()
    is_name = any(letter.isalpha() for letter in name) and ":" not in name
    return is_name and (name == "localhost" or origin().startswith("https:"))
