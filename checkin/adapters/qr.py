"""QR codes (ISO/IEC 18004), for badges, pages and terminals; the `qrcode` library makes every module of them."""

import io
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, reduce
from itertools import product
from operator import xor
from typing import NamedTuple

from PIL import Image
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M, ERROR_CORRECT_Q
from qrcode.exceptions import DataOverflowError
from qrcode.util import MODE_ALPHA_NUM, QRData

Modules = Sequence[Sequence[bool]]

BADGE_VERSION = 2
BADGE_MODULES = 25  # a side of a version 2 symbol
QUIET_ZONE = 4  # modules of white that the standard wants on every side

# Some viewers blur an enlarged picture whatever the PDF says; this keeps that from a module's middle.
_PIXELS_A_MODULE = 4

_BLACK_ON_WHITE, _PLAIN = "\x1b[30;107m", "\x1b[0m"
# A character shows two modules, one above the other.
_HALF_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def badge_symbol(code: str) -> Modules:
    """A badge code as 25 rows of 25 modules, dark ones True, without quiet zone (version 2, level Q).

    Raises ValueError for more than 29 characters, or others than QR's alphanumeric ones.
    """
    if len(code) != _CHARACTERS or not _ALPHANUMERIC.issuperset(code):
        return _made(code)
    return [[bit == "1" for bit in row] for row in _rows(_quickly(code))]


def badge_bitmap(code: str) -> bytes:
    """A badge code's symbol, a bit a module, dark ones 1, each row in 4 bytes; raises like `badge_symbol`."""
    if len(code) != _CHARACTERS or not _ALPHANUMERIC.issuperset(code):
        rows = ["".join("01"[dark] for dark in row) for row in _made(code)]
    else:
        rows = _rows(_quickly(code))
    return b"".join((int(row, 2) << _SPARE_BITS).to_bytes(4, "big") for row in rows)


def _rows(modules: int) -> list[str]:
    text = f"{modules:0{_MODULES}b}"[::-1]
    return [text[start : start + BADGE_MODULES] for start in range(0, _MODULES, BADGE_MODULES)]


def _made(code: str, *, mask: int | None = None) -> Modules:
    """A symbol as `qrcode` makes it, with the mask that it finds the best or with this one."""
    symbol = QRCode(version=BADGE_VERSION, error_correction=ERROR_CORRECT_Q, border=0, mask_pattern=mask)
    try:
        symbol.add_data(QRData(code.encode(), mode=MODE_ALPHA_NUM), optimize=0)
        symbol.make(fit=False)
    except (DataOverflowError, ValueError):
        # The code opens doors, so that neither this message nor the library's own may carry it into a log.
        raise ValueError(
            f"A badge code is at most 29 upper-case alphanumeric characters, which these {len(code)} are not."
        ) from None
    modules: Modules = symbol.get_matrix()
    return modules


# --- a badge's symbol, quickly -------------------------------------------------------------------------------
# With version, level and length fixed, each module is an exclusive or of bits of the text: of two characters, 11 bits
# hold 45 times the first one's value and the second one's (ISO/IEC 18004, 7.4.4). So `qrcode` is asked for the symbol
# of zeros in each mask and for that of each single bit, and any other is put together from these: 625 bits, module
# (row, column) being bit 25 x row + column.

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_ALPHANUMERIC = frozenset(_ALPHABET)
_CHARACTERS = 29
_MODULES = BADGE_MODULES**2
_ALL = (1 << _MODULES) - 1
_SPARE_BITS = 32 - BADGE_MODULES


class _Basis(NamedTuple):
    """The symbols of zeros, one a mask; and by pair of characters the modules that each of its values turns."""

    zeros: tuple[int, ...]
    turns: tuple[Mapping[str, int], ...]


def _bits(rows: Modules) -> int:
    return sum(
        1 << (BADGE_MODULES * y + x) for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    )


@cache
def _basis() -> _Basis:
    zeros = tuple(_bits(_made("0" * _CHARACTERS, mask=mask)) for mask in range(8))
    turns = []
    for start in range(0, _CHARACTERS, 2):
        size = min(2, _CHARACTERS - start)
        values = ["".join(pair) for pair in product(_ALPHABET, repeat=size)]
        bits = [
            _bits(_made("0" * start + values[1 << bit] + "0" * (_CHARACTERS - start - size), mask=0))
            ^ zeros[0]
            for bit in range((len(values) - 1).bit_length())
        ]
        turns.append(
            {
                text: _xor(bits[bit] for bit in range(len(bits)) if value >> bit & 1)
                for value, text in enumerate(values)
            }
        )
    return _Basis(zeros, tuple(turns))


def _xor(numbers: Iterable[int]) -> int:
    return reduce(xor, numbers, 0)


def _quickly(code: str) -> int:
    """The symbol of 29 alphanumeric characters: of the eight masks, the first with the fewest penalties."""
    basis, turned = _basis(), 0
    for pair, turns in enumerate(basis.turns):
        turned ^= turns[code[2 * pair : 2 * pair + 2]]
    return min((zeros ^ turned for zeros in basis.zeros), key=_penalty)


def _square(rows: range, columns: range) -> int:
    return sum(1 << (BADGE_MODULES * row + column) for row in rows for column in columns)


_SIDE = range(BADGE_MODULES)
# `qrcode` weighs masks before it writes which one it is: beside the three finders.
_FORMAT = _xor(
    _square(range(row, row + height), range(column, column + width))
    for row, column, height, width in (
        *((8, 0, 1, 6), (8, 7, 1, 2), (8, 17, 1, 8)),
        *((0, 8, 6, 1), (7, 8, 1, 1), (17, 8, 8, 1)),
    )
)
# A run of modules may begin here: in rows, and in columns.
_STARTS = {
    (step, length): _square(_SIDE, range(BADGE_MODULES - length + 1))
    if step == 1
    else _square(range(BADGE_MODULES - length + 1), _SIDE)
    for step in (1, BADGE_MODULES)
    for length in (2, 11)
}
# Dark, light, three dark, light, dark, as in a finder, and four light beside it (ISO/IEC 18004, 7.8.3.1): where both
# patterns, 10111010000 and 00001011101, are dark and light, and where the first is and the other is not.
_BOTH_DARK, _BOTH_LIGHT = (4, 6), (1, 5, 9)
_ONE_DARK, _ONE_LIGHT = (0, 2, 3), (7, 8, 10)


def _penalty(symbol: int) -> int:
    """The four penalties of ISO/IEC 18004, 7.8.3.1, as `qrcode` counts them."""
    dark = symbol & ~_FORMAT
    light = dark ^ _ALL
    like_the_next = {step: ~(dark ^ dark >> step) & _STARTS[step, 2] for step in (1, BADGE_MODULES)}
    points = 0
    for step, same in like_the_next.items():
        five = same & same >> step & same >> 2 * step & same >> 3 * step
        points += five.bit_count() + 2 * (five & ~(five << step)).bit_count()
        points += 40 * _like_finders(dark, light, step)
    across, down = like_the_next[1], like_the_next[BADGE_MODULES]
    points += 3 * (across & across >> BADGE_MODULES & down).bit_count()
    return points + 10 * int(abs(dark.bit_count() / _MODULES * 100 - 50) / 5)


def _like_finders(dark: int, light: int, step: int) -> int:
    found = _STARTS[step, 11]
    for place in _BOTH_DARK:
        found &= dark >> place * step
    for place in _BOTH_LIGHT:
        found &= light >> place * step
    one = other = found
    for place in _ONE_DARK:
        one &= dark >> place * step
        other &= light >> place * step
    for place in _ONE_LIGHT:
        one &= light >> place * step
        other &= dark >> place * step
    return one.bit_count() + other.bit_count()


def badge_png(code: str) -> bytes:
    """A badge code's symbol as a grey PNG, 4 pixels a module, no quiet zone; raises like `badge_symbol`."""
    symbol = badge_symbol(code)
    picture = Image.frombytes(
        "L", (BADGE_MODULES, BADGE_MODULES), bytes(0 if dark else 255 for row in symbol for dark in row)
    )
    side = BADGE_MODULES * _PIXELS_A_MODULE
    out = io.BytesIO()
    picture.resize((side, side), Image.Resampling.NEAREST).save(out, format="PNG")
    return out.getvalue()


def picture(text: str) -> tuple[int, str]:
    """Any text's symbol for an SVG: a side in modules, quiet zone included, and the path of the dark ones.

    The smallest version that fits at level M; raises ValueError for more than 2,331 bytes.
    """
    rows = _symbol(text)
    dark = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, module in enumerate(row) if module)
    return len(rows), "".join(dark)


def terminal_text(text: str) -> str:
    """Lines that show any text's QR code in a terminal, black on white whatever the terminal's colours are.

    The smallest version that fits at level M; raises ValueError for more than 2,331 bytes.
    """
    rows = _symbol(text)
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    return "\n".join(
        _BLACK_ON_WHITE + "".join(_HALF_BLOCKS[pair] for pair in zip(upper, lower, strict=True)) + _PLAIN
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )


def _symbol(text: str) -> list[list[bool]]:
    symbol = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_ZONE)
    symbol.add_data(text)
    try:
        rows: list[list[bool]] = symbol.get_matrix()
    except (DataOverflowError, ValueError):
        raise ValueError(f"A text of {len(text)} characters is too long for a QR code.") from None
    return rows
