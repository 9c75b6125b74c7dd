"""Pages as pictures: how a badge as printed differs from WeasyPrint's own layout of it."""

from collections.abc import Sequence
from typing import Any

import pypdfium2
from markupsafe import Markup
from PIL import Image, ImageChops, ImageFilter

from checkin.adapters import pdf, qr
from checkin.documents.badges import BadgeFace, Layout, look_of
from checkin.documents.fitting import paragraph

DPI = 150


def plain_pdf(face: BadgeFace, layout: Layout) -> bytes:
    """A badge as WeasyPrint lays it out, its lines in its HTML."""
    return plain_run([face], layout)


def plain_run(faces: Sequence[BadgeFace], layout: Layout) -> bytes:
    """Badges as WeasyPrint lays them out, one a page."""
    with pdf.one_at_a_time:
        laid_out = [_laid_out(face, layout) for face in faces]
        pages = [page for document in laid_out for page in document.pages]
        whole: bytes = laid_out[0].copy(pages).write_pdf()
    return whole


def _laid_out(face: BadgeFace, layout: Layout) -> Any:
    lines = {kind: paragraph(block) for kind, block in layout.blocks(face).items()}
    # WeasyPrint knows a picture by its address, in all that is written together.
    picture = f"given:{face.reference}"
    html = layout.html(look_of(face), {**lines, "code": Markup('<img src="{}" alt="">').format(picture)})
    return pdf.laid_out(html, layout.stylesheet, {picture: qr.badge_png(face.code)})


def ink(document: bytes, *, dpi: float = DPI) -> Image.Image:
    """Where a document's first page is dark, as white on black."""
    return ink_of_pages(document, dpi=dpi)[0]


def ink_of_pages(document: bytes, *, dpi: float = DPI) -> list[Image.Image]:
    """Where each page of a document is dark, as white on black."""
    with pypdfium2.PdfDocument(document) as opened:
        pictures = [page.render(scale=dpi / 72, grayscale=True).to_pil() for page in opened]
    return [picture.point(lambda grey: 255 if grey < 128 else 0) for picture in pictures]


def beyond_a_pixel(one: Image.Image, other: Image.Image) -> float:
    """The share of the ink of two pages that has none of the other page's within a pixel."""
    differing = ImageChops.difference(one, other).getbbox()
    if differing is None:
        return 0.0
    left, top, right, bottom = differing
    ours, others = (page.crop((left - 1, top - 1, right + 1, bottom + 1)) for page in (one, other))
    stray = sum(_count(ImageChops.subtract(a, _wider(b))) for a, b in ((ours, others), (others, ours)))
    return stray / max(_count(one), _count(other))


def _wider(page: Image.Image) -> Image.Image:
    return page.filter(ImageFilter.MaxFilter(3))


def _count(page: Image.Image) -> int:
    return page.histogram()[255]


def elsewhere(one: Image.Image, other: Image.Image) -> float:
    """The share of the ink that isn't on both of two pages."""
    return _count(ImageChops.difference(one, other)) / max(_count(one), _count(other))
