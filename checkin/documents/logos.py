"""Logos as organisers give them, made into what pages and badges can show; it owns no table."""

import io
import warnings
from typing import IO

from PIL import Image, ImageOps, UnidentifiedImageError

from checkin.domain.logos import Logo
from checkin.errors import Refusal

MOST_BYTES = 4 * 1024**2
FORMATS = ("PNG", "JPEG", "WEBP")
# On an A6 badge it is 8 mm high: 300 dots an inch of that are 95, and screens show it twice as large.
LARGEST = (1200, 300)
SMALLEST = 40
# Of a file of a few kilobytes, unpacked: 200 MB of memory.
MOST_PIXELS = 50_000_000


def read_logo(file: IO[bytes]) -> Logo:
    """A picture as a logo: its empty edges cut off, made smaller, and nothing else of the file kept.

    Raises Refusal with the code `logo_too_big` for more than 4 MB or 50,000,000 pixels, `logo_unreadable` for what is
    neither PNG nor JPEG nor WebP, `logo_too_small` for less than 40 pixels on a side.
    """
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise _too_big()
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            if opened.width * opened.height > MOST_PIXELS:
                raise _too_big()
            picture = ImageOps.exif_transpose(opened).convert("RGBA")
    except Image.DecompressionBombError:
        raise _too_big() from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise Refusal("logo_unreadable", "This can't be read: give a picture as PNG, JPEG or WebP.") from None
    picture = picture.crop(picture.getbbox(alpha_only=True) or (0, 0, 1, 1))
    if min(picture.size) < SMALLEST:
        raise Refusal(
            "logo_too_small",
            "This picture is too small to be printed: it needs 40 pixels on each side, better 300.",
        )
    picture.thumbnail(LARGEST, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, format="PNG", optimize=True)
    return Logo(out.getvalue(), *picture.size)


def _too_big() -> Refusal:
    return Refusal("logo_too_big", "This picture is too big: at most 4 MB and 50 million pixels.")
