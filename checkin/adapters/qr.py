"""QR codes (ISO/IEC 18004), for badges, pages and terminals; the `qrcode` library makes every module of them."""

import io
from collections.abc import Sequence

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
    symbol = QRCode(version=BADGE_VERSION, error_correction=ERROR_CORRECT_Q, border=0)
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
