"""A badge as a picture for a phone's album: its PDF, drawn; it owns no table."""

import io

import pypdfium2

from checkin.documents.badges import BadgeFace, badge_pdf

WIDTH = 1080


def badge_picture(face: BadgeFace) -> bytes:
    """A badge as PNG, 1,080 pixels wide, the same as its PDF."""
    document = pypdfium2.PdfDocument(badge_pdf(face))
    try:
        page = document[0]
        picture = page.render(scale=WIDTH / page.get_width()).to_pil()
    finally:
        document.close()
    out = io.BytesIO()
    picture.save(out, format="PNG", optimize=False)
    return out.getvalue()
