"""PDFs: what they may read, what they tell of missing glyphs, and how they measure."""

import io
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
import weasyprint
from PIL import Image

from checkin.adapters import pdf

SECRET = b"the secret of this machine"
# Unassigned in Unicode, so that no font will ever have it.
NO_GLYPH = "\U00012fff"

VECTORS = {
    "an image over HTTP": '<img src="{web}/image.png">',
    "a local file as an image": '<img src="{folder}/secret.svg">',
    "a background": '<p style="background: url({web}/background.png)">x</p>',
    "an imported stylesheet": "<style>@import url({web}/imported.css);</style>",
    "a linked stylesheet": '<link rel="stylesheet" href="{web}/linked.css">',
    "a font": "<style>@font-face {{ font-family: Taken; src: url({web}/font.woff) }}</style>",
    "a local file attached to the document": '<link rel="attachment" href="{folder}/secret.txt">',
    "a local file attached to a link": '<a rel="attachment" href="{folder}/secret.txt">x</a>',
    "an image inside SVG": (
        '<svg width="9" height="9" xmlns:xlink="http://www.w3.org/1999/xlink">'
        '<image width="9" height="9" xlink:href="{web}/inside.png"/></svg>'
    ),
    "a base address": '<base href="{web}/"><img src="relative.png">',
    "an object": '<object data="{web}/object.png"></object>',
}


@contextmanager
def web_server() -> Iterator[tuple[str, list[str]]]:
    """The address of a web server, and the paths that it has been asked for."""
    asked: list[str] = []

    class Recorder(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """The test reads what was asked, not the log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def hide_secrets(folder: Path) -> str:
    """Put files into a folder that no document may read; the folder's address."""
    (folder / "secret.txt").write_bytes(SECRET)
    (folder / "secret.svg").write_bytes(
        b'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="20"><text y="12">%b</text></svg>'
        % SECRET
    )
    return folder.as_uri()


def everything_in(document: bytes) -> bytes:
    """All streams of a PDF, decompressed, and all its text."""
    with pikepdf.open(io.BytesIO(document)) as opened:
        streams = [item.read_bytes() for item in opened.objects if isinstance(item, pikepdf.Stream)]
    return b"\n".join(streams) + text_of(document).encode()


def text_of(document: bytes) -> str:
    with pypdfium2.PdfDocument(document) as opened:
        return "\n".join(page.get_textpage().get_text_range() for page in opened)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_a_document_reads_nothing_that_it_was_not_given(vector, tmp_path):
    folder = hide_secrets(tmp_path)

    with web_server() as (web, asked):
        document = pdf.render(vector.format(web=web, folder=folder) + "<p>still printed</p>")

    assert asked == []
    assert SECRET not in everything_in(document)
    assert "still printed" in text_of(document)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_each_of_those_ways_would_work_with_the_engine_as_it_comes(vector, tmp_path):
    folder = hide_secrets(tmp_path)

    with web_server() as (web, asked):
        document = weasyprint.HTML(string=vector.format(web=web, folder=folder)).write_pdf()

    assert asked or SECRET in everything_in(document)


def test_a_stylesheet_reads_nothing_either(tmp_path):
    with web_server() as (web, asked):
        pdf.render("<p>x</p>", stylesheet=f"@import url({web}/a.css); p {{ background: url({web}/b.png) }}")

    assert asked == []


def test_a_data_address_is_refused_like_any_other():
    document = pdf.render('<img src="data:image/svg+xml,<svg><text>inside</text></svg>"><p>outside</p>')

    assert "inside" not in text_of(document)


def test_an_image_that_was_given_is_printed():
    picture = io.BytesIO()
    Image.new("L", (4, 4)).save(picture, format="PNG")

    document = pdf.render('<img src="given:dot">', images={"given:dot": picture.getvalue()})

    with pikepdf.open(io.BytesIO(document)) as opened:
        kinds = [item.get("/Subtype") for item in opened.objects if isinstance(item, pikepdf.Stream)]
    assert "/Image" in kinds


def test_a_document_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="longer than"):
        pdf.render("x" * (pdf.LONGEST_HTML + 1))


def test_a_missing_glyph_is_told_with_its_page():
    missing = []
    html = f'<p>one</p><p style="break-before: page">two {NO_GLYPH}</p>'

    pdf.render(html, on_missing_glyph=lambda page, character: missing.append((page, character)))

    assert missing == [(1, NO_GLYPH)]


def test_a_missing_glyph_is_told_even_where_logging_is_switched_off():
    logger = logging.getLogger("weasyprint")
    level = logger.level
    logger.disabled = True
    logger.setLevel(logging.CRITICAL)

    missing = pdf.missing_characters(f"a{NO_GLYPH}b")

    assert missing == [NO_GLYPH]
    assert (logger.disabled, logger.level) == (True, logging.CRITICAL)
    logger.disabled = False
    logger.setLevel(level)


def test_markup_characters_are_characters_when_glyphs_are_looked_for():
    missing = pdf.missing_characters(f"<b>&amp;{NO_GLYPH}")

    assert missing == [NO_GLYPH]


def test_our_fonts_stay_out_of_the_environment_of_other_programs():
    look = (
        "import os; from checkin.adapters import pdf; "
        "pdf.render('x'); print(os.environ.get('FONTCONFIG_FILE'))"
    )

    without = {name: value for name, value in os.environ.items() if name != "FONTCONFIG_FILE"}
    seen = [
        subprocess.run(
            [sys.executable, "-c", look], env=env, capture_output=True, text=True, check=True
        ).stdout
        for env in (without, {**without, "FONTCONFIG_FILE": "/etc/fonts/fonts.conf"})
    ]

    assert seen == ["None\n", "/etc/fonts/fonts.conf\n"]


def test_documents_are_printed_one_at_a_time_from_many_threads():
    printed: list[bytes] = []
    threads = [threading.Thread(target=lambda: printed.append(pdf.render("<p>x</p>"))) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [text_of(document) for document in printed] == ["x"] * 4
