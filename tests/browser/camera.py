"""A camera that shows what a test wants: Chromium's fake one, reading a video file that is written over in place."""

import mmap
from pathlib import Path

from PIL import Image
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_Q

WIDTH, HEIGHT = 1280, 720
FRAMES = 2


class FakeCamera:
    """A Y4M file (YUV4MPEG2, 4:2:0) of two frames, the same size whatever it shows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.show_nothing()

    @property
    def arguments(self) -> list[str]:
        """What Chromium is started with to look through this camera."""
        return [
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={self.path}",
        ]

    def show_nothing(self) -> None:
        """An empty wall."""
        self._show(Image.new("L", (WIDTH, HEIGHT), 128))

    def show(self, text: str) -> None:
        """Any text as a QR code, as large as a badge in the hand."""
        symbol = QRCode(error_correction=ERROR_CORRECT_Q, border=4)
        symbol.add_data(text)
        side = len(symbol.get_matrix())
        code = Image.frombytes(
            "L", (side, side), bytes(0 if dark else 255 for row in symbol.get_matrix() for dark in row)
        )
        self.show_picture(code.resize((side * 10, side * 10), Image.Resampling.NEAREST))

    def show_picture(self, picture: Image.Image) -> None:
        """A picture in the middle of the wall, such as a whole badge."""
        wall = Image.new("L", (WIDTH, HEIGHT), 128)
        held = picture.convert("L")
        held.thumbnail((WIDTH - 40, HEIGHT - 40))
        wall.paste(held, ((WIDTH - held.width) // 2, (HEIGHT - held.height) // 2))
        self._show(wall)

    def _show(self, picture: Image.Image) -> None:
        grey = bytes([128]) * (WIDTH * HEIGHT // 2)
        frame = b"FRAME\n" + picture.tobytes() + grey
        video = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F30:1 Ip A1:1 C420\n".encode() + frame * FRAMES
        if not self.path.exists():
            self.path.write_bytes(video)
            return
        # In place, since the running camera keeps its file open.
        with self.path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as shown:
            shown[:] = video
