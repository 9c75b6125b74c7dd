"""A badge as a picture for a phone's album: its PDF, drawn; it owns no table."""

import io
import threading

import pypdfium2

from checkin.documents.badges import BadgeFace, badge_pdf

WIDTH = 1080

# PDFium may not be used from two threads at a time.
_one_at_a_time = threading.Lock()


def badge_picture(face: BadgeFace) -> bytes:
    """A badge as PNG, 1,080 pixels wide, the same as its PDF."""
    return first_page(badge_pdf(face), width=WIDTH)


def first_page(document: bytes, *, width: int) -> bytes:
    """The first page of a PDF as PNG, so many pixels wide."""
    out = io.BytesIO()
    with _one_at_a_time, pypdfium2.PdfDocument(document) as opened:
        page = opened[0]
        picture = page.render(scale=width / page.get_width()).to_pil()
    picture.save(out, format="PNG", optimize=False)
    return out.getvalue()
