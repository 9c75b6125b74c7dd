"""The event's logo: made small and clean, shown on pages and on badges, and nothing but a picture is taken."""

import io
import re
import zlib

import pytest
from flask import Flask
from PIL import Image, PngImagePlugin
from sqlalchemy import select

from checkin import clock
from checkin.db import reading, transaction
from checkin.documents.badge_samples import SAMPLES, with_logo
from checkin.documents.badges import badge_pdf
from checkin.documents.logos import LARGEST, MOST_BYTES, read_logo
from checkin.documents.pictures import first_page
from checkin.domain import logos
from checkin.domain.audit import Audit
from checkin.errors import Refusal
from tests.accounts.people import Browser
from tests.organisers.staff import signed_in

LOGO = "/organiser/setup/logo"
GREEN = (0, 128, 0)


def picture(
    width: int = 600, height: int = 200, *, kind: str = "PNG", edge: int = 0, **options: object
) -> bytes:
    """A green rectangle, perhaps with a transparent edge around it."""
    drawn = Image.new("RGBA", (width + 2 * edge, height + 2 * edge), (0, 0, 0, 0))
    drawn.paste((*GREEN, 255), (edge, edge, width + edge, height + edge))
    out = io.BytesIO()
    (drawn if kind != "JPEG" else drawn.convert("RGB")).save(out, format=kind, **options)
    return out.getvalue()


def give(browser: Browser, content: bytes, name: str = "logo.png"):
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(LOGO).text)
    assert token is not None
    form = {"csrf_token": token[1], "file": (io.BytesIO(content), name)}
    return browser.client.post(LOGO, data=form, headers={"Accept": "text/html"})


def green_on(png: bytes) -> int:
    """How many pixels of a picture are as green as the logo."""
    drawn = Image.open(io.BytesIO(png)).convert("RGB")
    return sum(count for count, colour in drawn.getcolors(10**6) or () if colour == GREEN)


def test_a_logo_stands_on_pages_and_badges(expo: Flask) -> None:
    browser = signed_in(expo)
    assert give(browser, picture(edge=50)).location == LOGO

    public = expo.test_client()
    address = re.search(r'src="(/logo/[^"]+)"', public.get("/").text)
    assert address is not None
    answer = public.get(address[1])
    assert "immutable" in answer.headers["Cache-Control"]
    shown = Image.open(io.BytesIO(answer.data))
    assert (shown.format, shown.size) == ("PNG", (600, 200))
    assert public.get("/logo/0123.png").status_code == 404
    assert green_on(browser.get(f"{LOGO}/badge.png").data) > 1000

    assert browser.send(f"{LOGO}/remove", page=LOGO).status_code == 303
    assert "/logo/" not in public.get("/").text
    assert public.get(address[1]).status_code == 404
    assert browser.get(f"{LOGO}/badge.png").status_code == 404
    with expo.app_context(), reading() as session:
        acts = [one.action for one in session.scalars(select(Audit))]
    assert {"logo set", "logo removed"} <= set(acts)


@pytest.mark.parametrize("layout", ["a6", "a6-landscape", "a4-fold", "card", "a4-four"])
def test_every_layout_but_labels_shows_it(layout: str) -> None:
    logo = read_logo(io.BytesIO(picture())).png
    with_it = first_page(badge_pdf(with_logo(logo), layout=layout), width=600)
    without = first_page(badge_pdf(SAMPLES[0], layout=layout), width=600)

    assert green_on(with_it) > 100
    assert green_on(without) == 0


def test_a_photograph_is_made_small_and_tells_nothing_of_its_camera() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    kept = read_logo(io.BytesIO(picture(3000, 3000, kind="JPEG", exif=exif)))

    assert (kept.width, kept.height) == (300, 300)
    assert kept.width <= LARGEST[0]
    assert b"Camera" not in kept.png
    told = PngImagePlugin.PngInfo()
    told.add_text("Author", "Somebody")
    assert b"Somebody" not in read_logo(io.BytesIO(picture(pnginfo=told))).png


def _bomb() -> bytes:
    """A few kilobytes that say they are 20,000 by 20,000 pixels large."""
    content = bytearray(picture(64, 64))
    content[16:24] = (20_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "logo_unreadable"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "logo_unreadable"),
        (picture()[:20], "logo_unreadable"),
        (picture(kind="GIF"), "logo_unreadable"),
        (picture(30, 400), "logo_too_small"),
        (picture(0, 0, edge=100), "logo_too_small"),
        (_bomb(), "logo_too_big"),
        (b"\x89PNG" + b"\0" * MOST_BYTES, "logo_too_big"),
    ],
)
def test_nothing_but_a_fitting_picture_is_taken(content: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_logo(io.BytesIO(content))
    assert refused.value.code == code


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_refused_changes_nothing(expo: Flask) -> None:
    with expo.app_context(), transaction() as session:
        logos.set_logo(session, read_logo(io.BytesIO(picture())), now=clock.now())
    browser = signed_in(expo)
    before = browser.get(f"{LOGO}/badge.png").data

    assert (give(browser, b"GIF89a").status_code, give(browser, b"", "").status_code) == (422, 422)
    huge = {"CONTENT_LENGTH": str(MOST_BYTES + 10**6)}
    assert browser.client.post(LOGO, data=b"", environ_overrides=huge).status_code == 413
    # Without the form's token.
    answer = browser.client.post(LOGO, data={"file": (io.BytesIO(picture(90, 90)), "a.png")})
    assert answer.status_code in {400, 422}
    assert browser.get(f"{LOGO}/badge.png").data == before
