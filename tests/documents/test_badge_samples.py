"""Previews of layouts: badges of nobody, with the names that are hardest to fit."""

import io
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from PIL import Image

from checkin.documents.badge_samples import PICTURE_WIDTH, SAMPLES, badge_preview, preview_picture
from checkin.documents.badges import badge_layout, unprintable
from checkin.documents.layouts import layout_names
from checkin.errors import Refusal
from checkin.tokens import CODE_LENGTH, looks_like_a_code
from tests.documents.test_badges import MM, text_of
from tests.journeys.commands import ShellHere


def test_no_door_takes_the_code_of_a_sample() -> None:
    codes = [face.code for face in SAMPLES]

    assert {len(code) for code in codes} == {CODE_LENGTH}
    assert not any(looks_like_a_code(code) for code in codes)
    assert len(set(codes)) == len(codes)


def test_the_samples_are_as_hard_as_entrances_allow_and_can_all_be_printed() -> None:
    assert max(len(face.name) for face in SAMPLES) == 100
    assert any(len(face.name.split()) == 1 and not face.organisation for face in SAMPLES)
    assert unprintable(SAMPLES) == {}


@pytest.mark.parametrize("layout", layout_names())
def test_a_preview_shows_all_samples_and_its_picture_the_first(layout: str) -> None:
    document = badge_preview(layout, bleed=False)

    with pypdfium2.PdfDocument(document) as opened:
        text = "".join(text_of(page) for page in opened)
        width, height = opened[0].get_size()
        assert len(opened) == len(SAMPLES) / badge_layout(layout).badges_a_page
    assert all(face.reference in text for face in SAMPLES)
    picture = Image.open(io.BytesIO(preview_picture(layout)))
    assert picture.format == "PNG"
    assert picture.width == pytest.approx(PICTURE_WIDTH, abs=1)
    assert picture.height == pytest.approx(PICTURE_WIDTH * height / width, abs=1)


@pytest.mark.parametrize(("layout", "width", "height"), [("a6", 105, 148), ("card", 86, 54)])
def test_a_preview_with_bleed_says_where_to_cut(layout: str, width: int, height: int) -> None:
    document = badge_preview(layout, bleed=True)

    with pikepdf.open(io.BytesIO(document)) as opened:
        trim, bleed = ([float(edge) for edge in opened.pages[0][f"/{name}Box"]] for name in ("Trim", "Bleed"))
    assert [trim[2] - trim[0], trim[3] - trim[1]] == pytest.approx([width * MM, height * MM], abs=0.1)
    outside = [abs(one - other) / MM for one, other in zip(bleed, trim, strict=True)]
    assert all(3 <= one <= 5 for one in outside)
    with pypdfium2.PdfDocument(document) as opened:
        picture = opened[0].render(scale=10 / MM, grayscale=True).to_pil()
    # Ten pixels a millimetre: marks reach in from the edges, 10 mm from the corners; colour ends 5 mm outside the cut.
    for x, y in ((100, 20), (20, 100), (picture.width - 101, 20), (20, picture.height - 101)):
        assert min(picture.crop((x - 2, y - 2, x + 3, y + 3)).get_flattened_data()) < 128
    assert picture.getpixel((picture.width // 2, 20)) == 255
    assert picture.getpixel((picture.width // 2, 75)) < 128


def test_an_unknown_layout_has_no_preview() -> None:
    with pytest.raises(Refusal, match="no badge layout 'a9', but a6"):
        badge_preview("a9", bleed=False)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_command_writes_a_preview(database_url: str, tmp_path: Path) -> None:
    checkin, out = ShellHere(database_url), tmp_path / "preview.pdf"

    said = checkin("badges", "preview", "--layout", "label", "--bleed", "--out", out)

    assert said == f"12 badges of nobody are in {out}.\n"
    assert len(pypdfium2.PdfDocument(out)) == 12
    assert "no badge layout 'a9'" in checkin.refuses("badges", "preview", "--layout", "a9", "--out", out)
