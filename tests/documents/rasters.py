"""Pages as pictures: how a badge as printed differs from WeasyPrint's own layout of it."""

import pypdfium2
from markupsafe import Markup
from PIL import Image, ImageChops, ImageFilter

from checkin.adapters import pdf, qr
from checkin.documents.badges import BadgeFace, Layout, look_of
from checkin.documents.fitting import paragraph

DPI = 150


def plain_pdf(face: BadgeFace, layout: Layout) -> bytes:
    """A badge as WeasyPrint lays it out, its lines in its HTML."""
    lines = {kind: paragraph(block) for kind, block in layout.blocks(face).items()}
    html = layout.html(look_of(face), {**lines, "code": Markup('<img src="given:code" alt="">')})
    return pdf.render(html, stylesheet=layout.stylesheet, images={"given:code": qr.badge_png(face.code)})


def ink(document: bytes, *, dpi: int = DPI) -> Image.Image:
    """Where a document's first page is dark, as white on black."""
    opened = pypdfium2.PdfDocument(document)
    picture = opened[0].render(scale=dpi / 72, grayscale=True).to_pil()
    opened.close()
    return picture.point(lambda grey: 255 if grey < 128 else 0)


def beyond_a_pixel(one: Image.Image, other: Image.Image) -> float:
    """The share of the ink of two pages that has none of the other page's within a pixel."""
    stray = sum(_count(ImageChops.subtract(a, _wider(b))) for a, b in ((one, other), (other, one)))
    return stray / max(_count(one), _count(other))


def _wider(page: Image.Image) -> Image.Image:
    return page.filter(ImageFilter.MaxFilter(3))


def _count(page: Image.Image) -> int:
    return page.histogram()[255]


def elsewhere(one: Image.Image, other: Image.Image) -> float:
    """The share of the ink that isn't on both of two pages."""
    return _count(ImageChops.difference(one, other)) / max(_count(one), _count(other))
