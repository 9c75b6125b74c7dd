"""Stamped badges are the same as WeasyPrint's own layout of them: this says whether a new WeasyPrint may come in."""

import csv
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from checkin.documents import scripts
from checkin.documents.badges import BadgeFace, badge_layout, badge_pdf
from tests.documents.rasters import beyond_a_pixel, elsewhere, ink, plain_pdf
from tests.documents.test_badges import FACE, HARD_FACES

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "unfccc-delegates.csv"


def real_faces() -> list[BadgeFace]:
    with REAL.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))[::100]
    return [
        replace(FACE, honorific=row["Honorific"], name=row["Name"], organisation=row["Organisation"])
        for row in rows
    ]


def in_scripts() -> list[BadgeFace]:
    """A name in each script that badges can show, and an organisation in another one."""
    samples = list(scripts.SAMPLES.values())
    pairs = zip(samples, samples[7:] + samples[:7], strict=True)
    return [replace(FACE, honorific="", name=name, organisation=organisation) for name, organisation in pairs]


@pytest.mark.parametrize("faces", [HARD_FACES, real_faces(), in_scripts()], ids=["hard", "real", "scripts"])
def test_a_stamped_badge_looks_as_weasyprint_lays_it_out(faces: list[BadgeFace]) -> None:
    layout = badge_layout("a6")

    for face in faces:
        stamped, plain = ink(badge_pdf(face)), ink(plain_pdf(face, layout))
        assert beyond_a_pixel(stamped, plain) == 0, face.name
        # Emoji are pictures, whose edges readers blur as they like.
        assert elsewhere(stamped, plain) < 0.01 or face.name == scripts.SAMPLES["Emoji"], face.name


def test_badges_are_printed_from_many_threads() -> None:
    printed: list[bytes] = []

    def ask(number: int) -> None:
        printed.extend(badge_pdf(face) for face in in_scripts()[number::8])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(printed) == len(scripts.SAMPLES)
