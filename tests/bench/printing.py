"""Print runs: how long, how large, with how much memory; beside plain WeasyPrint and reportlab on the same badges."""

import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from statistics import median

from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from checkin.adapters import qr
from checkin.documents import scripts
from checkin.documents.badges import BadgeFace, badge_layout, badge_pdf, write_badges
from checkin.tokens import CODE_LENGTH, CROCKFORD
from tests.documents.rasters import plain_pdf

DATA = Path(__file__).parents[2].parent / "shared" / "data"
CATEGORIES = (("Delegate", "#1b4f72"), ("Speaker", "#b03a2e"), ("Exhibitor", "#117a65"), ("VIP", "#f4d03f"))
FONTS = Path("/usr/share/fonts/truetype/noto")
# Those in which the states of the world write their languages.
SCRIPTS = (
    *("Arabic", "Armenian", "Bengali", "Cyrillic", "Devanagari", "Emoji", "Ethiopic", "Georgian", "Greek"),
    *("Gujarati", "Gurmukhi", "Han", "Hangul", "Hebrew", "Hiragana and Katakana", "Kannada", "Khmer", "Lao"),
    *("Latin", "Malayalam", "Mongolian", "Myanmar", "Odia", "Sinhala", "Tamil", "Telugu", "Thaana", "Thai"),
    *("Tibetan", "Tifinagh"),
)
BADGES, MANY, FEW = 10_000, 100_000, 200
SINGLES = 500

Row = tuple[str, float, str, str]


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds, megabytes of its memory at most, and of the file."""

    wall: float
    cpu: float
    memory: float
    size: float


def faces(number: int) -> list[BadgeFace]:
    """Badges of real names, and one in eight of a hard name or of one in each of 30 scripts in turn."""
    draw = random.Random(20250917)
    real, hard = _people()
    return [_face(index, real, hard, draw) for index in range(number)]


def _people() -> tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    with (DATA / "unfccc-delegates.csv").open(encoding="utf-8-sig", newline="") as file:
        real = [(row["Name"], row["Organisation"], row["Honorific"]) for row in csv.DictReader(file)]
    with (DATA / "names-hard.csv").open(encoding="utf-8-sig", newline="") as file:
        hard = [(row["name"], row["organisation"], "") for row in csv.DictReader(file)]
    return real, hard + [
        (sample, f"{sample} {sample}", "") for sample in map(scripts.SAMPLES.__getitem__, SCRIPTS)
    ]


def _face(
    index: int, real: list[tuple[str, str, str]], hard: list[tuple[str, str, str]], draw: random.Random
) -> BadgeFace:
    name, organisation, honorific = real[index % len(real)]
    if index >= len(real):
        name = f"{name.split()[0]} {draw.choice(real)[0].split()[-1]}"
    if index % 8 == 0:
        name, organisation, honorific = hard[index // 8 % len(hard)]
    category, colour = CATEGORIES[index % len(CATEGORIES)]
    return BadgeFace(
        reference=f"KL-{index:05d}",
        honorific=honorific,
        name=name,
        organisation=organisation,
        country="Malaysia",
        country_code=draw.choice(("MY", "CN", "TW", "JP", "KR", "HK")),
        category=category,
        colour=colour,
        code="".join(draw.choices(CROCKFORD, k=CODE_LENGTH)),
        event="Smart City Expo Kuala Lumpur 2025",
        venue_line="17–19 September 2025 · Kuala Lumpur Convention Centre",
    )


def measured(runs: int) -> Iterator[Row]:
    """The figures of a run of 10,000, of 100,000, of four to a page and of single badges, medians of several."""
    one = [_in_a_process("a6", BADGES) for _ in range(runs)]
    yield "10,000 badges, one a page", median(cost.wall for cost in one), "s", "at most 8"
    yield "  CPU", median(cost.cpu for cost in one), "s", ""
    yield "  memory at most", median(cost.memory for cost in one), "MB", "at most 350"
    yield "  file", median(cost.size for cost in one), "MB", "at most 10"
    four = median(_in_a_process("a4-four", BADGES).cpu for _ in range(runs))
    yield "  four to a page, CPU beside that", four / median(cost.cpu for cost in one), "", "at most 1.3"
    many = _in_a_process("a6", MANY)
    yield (
        "100,000 badges, CPU beside ten times that",
        many.cpu / median(cost.cpu for cost in one) / 10,
        "",
        "",
    )
    yield "  memory at most", many.memory, "MB", ""
    for way in ("stamped", "weasyprint", "reportlab"):
        cost = _in_a_process(way, FEW)
        yield f"{FEW} of the same by {way}, CPU a badge", cost.cpu / FEW * 1000, "ms", ""
        yield "  file", cost.size, "MB", ""
    yield from _singles()


def _singles() -> Iterator[Row]:
    warm, asked = faces(SINGLES * 2)[:SINGLES], faces(SINGLES * 2)[SINGLES:]
    for face in warm:
        badge_pdf(face)
    took = sorted(_seconds(face) * 1000 for face in asked)
    yield "one badge when warm, CPU", median(took), "ms", "at most 15"
    yield "  the slowest in a hundred", took[int(len(took) * 0.99)], "ms", "at most 40"


def _seconds(face: BadgeFace) -> float:
    began = time.process_time()
    badge_pdf(face)
    return time.process_time() - began


def _in_a_process(way: str, number: int) -> Cost:
    command = [sys.executable, "-m", "tests.bench.printing", way, str(number)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return Cost(**json.loads(done.stdout))


def _stamped(layout: str) -> Callable[[list[BadgeFace], Path], None]:
    return lambda run, out: write_badges(run, out, layout=layout, on_page=lambda _: None) and None


def _plain(run: list[BadgeFace], out: Path) -> None:
    layout = badge_layout("a6")
    with out.open("wb") as file:
        for face in run:
            file.write(plain_pdf(face, layout))


def _by_reportlab(run: list[BadgeFace], out: Path) -> None:
    """As its manual shows: one font, no shaping, and so empty boxes for most scripts."""
    for name in ("Regular", "Bold"):
        pdfmetrics.registerFont(TTFont(name, FONTS / f"NotoSans-{name}.ttf"))
    canvas = Canvas(str(out), pagesize=(105 * mm, 148 * mm))
    for face in run:
        canvas.setFillColor(face.colour)
        canvas.rect(0, 126 * mm, 105 * mm, 22 * mm, stroke=0, fill=1)
        canvas.setFillColor("#111827")
        for line, font, size, height in (
            *((face.honorific, "Regular", 13, 108), (face.name, "Bold", 24, 92)),
            *((face.organisation, "Regular", 12, 66), (face.country, "Bold", 11, 58)),
            (face.reference, "Bold", 11, 5),
        ):
            canvas.setFont(font, size)
            canvas.drawCentredString(52.5 * mm, height * mm, line)
        picture = ImageReader(BytesIO(qr.badge_png(face.code)))
        canvas.drawImage(picture, 35 * mm, 14 * mm, 35 * mm, 35 * mm)
        canvas.showPage()
    canvas.save()


WAYS: dict[str, Callable[[list[BadgeFace], Path], None]] = {
    "a6": _stamped("a6"),
    "a4-four": _stamped("a4-four"),
    "stamped": _stamped("a6"),
    "weasyprint": _plain,
    "reportlab": _by_reportlab,
}


def _here(way: str, number: int) -> Cost:
    run = faces(number)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "run.pdf")
        wall, cpu = time.perf_counter(), time.process_time()
        WAYS[way](run, out)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return Cost(wall, cpu, memory, out.stat().st_size / 1e6)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(_here(sys.argv[1], int(sys.argv[2])))))
