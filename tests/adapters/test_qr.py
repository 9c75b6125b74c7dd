"""QR codes, read back by another library than the one that made them."""

import io
import random
import re

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from checkin.adapters import qr
from checkin.tokens import CODE_LENGTH, CROCKFORD

CODE = "7K0123456789ABCDEFGHJKMNPQRSX"
URL = "https://checkin.example.org/door/pair/8DXK2MQ4"


def read(picture: Image.Image) -> zxingcpp.Barcode:
    """The one barcode of a picture, to which a quiet zone is added."""
    (barcode,) = zxingcpp.read_barcodes(ImageOps.expand(picture, 24, 255))
    return barcode


def modules_of(lines: list[str]) -> list[str]:
    """The rows of modules that half-block characters show, a dark one as `#`."""
    upper = str.maketrans(" ▀▄█", " # #")
    lower = str.maketrans(" ▀▄█", "  ##")
    return [half for line in lines for half in (line.translate(upper), line.translate(lower))]


def drawn(modules: list[str]) -> Image.Image:
    pixels = bytes(0 if module == "#" else 255 for row in modules for module in row)
    picture = Image.frombytes("L", (len(modules[0]), len(modules)), pixels)
    return picture.resize((picture.width * 6, picture.height * 6), Image.Resampling.NEAREST)


def test_a_badge_code_is_a_version_2_symbol_at_level_q():
    barcode = read(Image.open(io.BytesIO(qr.badge_png(CODE))))

    assert barcode.text == CODE
    assert barcode.ec_level == "Q"
    assert barcode.extra["Version"] == "2"


@settings(max_examples=25, deadline=None)
@given(st.text(CROCKFORD, min_size=CODE_LENGTH, max_size=CODE_LENGTH))
def test_every_badge_code_is_read_as_it_was_written(code):
    picture = Image.open(io.BytesIO(qr.badge_png(code)))

    assert read(picture).text == code


def test_a_symbol_has_25_rows_of_25_modules_and_no_quiet_zone():
    symbol = qr.badge_symbol(CODE)

    assert [len(row) for row in symbol] == [qr.BADGE_MODULES] * qr.BADGE_MODULES
    assert symbol[0][0]
    assert symbol[0][-1]
    assert symbol[-1][0]


@pytest.mark.parametrize("wrong", [CODE + "A", CODE.lower(), "É" * CODE_LENGTH, "secret code"])
def test_what_is_no_badge_code_is_refused_without_repeating_it(wrong):
    with pytest.raises(ValueError, match="A badge code is at most 29") as refusal:
        qr.badge_png(wrong)

    assert wrong not in str(refusal.value)
    assert refusal.value.__suppress_context__


@pytest.mark.parametrize("text", ["A", URL, URL * 10])
def test_a_terminal_shows_a_code_that_a_camera_reads(text):
    lines = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in qr.terminal_text(text).splitlines()]

    assert read(drawn(modules_of(lines))).text == text


def test_a_terminal_code_is_black_on_white_on_every_line_and_brings_its_quiet_zone():
    lines = qr.terminal_text(URL).splitlines()

    assert all(line.startswith("\x1b[30;107m    ") and line.endswith("    \x1b[0m") for line in lines)
    assert {*lines[0][9:-4], *lines[1][9:-4], *lines[-2][9:-4]} == {" "}


def test_a_text_too_long_for_any_code_is_refused():
    with pytest.raises(ValueError, match="too long for a QR code"):
        qr.terminal_text("x" * 3000)


def test_symbols_are_put_together_as_the_library_makes_them():
    draw = random.Random(1800)

    for _ in range(200):
        code = "".join(draw.choices(qr._ALPHABET, k=CODE_LENGTH))

        assert qr.badge_symbol(code) == [[bool(module) for module in row] for row in qr._made(code)]
