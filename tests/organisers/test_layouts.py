"""The page of badge layouts, as organisers see it."""

import io
import re
import shutil
from pathlib import Path

import pypdfium2
import pytest
from flask import Flask
from PIL import Image

from checkin.documents import badge_samples, badges, layouts
from tests import world
from tests.organisers.staff import signed_in

PAGE = "/organiser/badges"


def test_each_layout_is_shown_with_its_size_and_what_it_is_for(expo: Flask) -> None:
    page = signed_in(expo).get(PAGE).text

    assert re.findall(r'id="layout-([^"]+)"', page) == layouts.layout_names()
    assert "105 × 148 mm" in page
    assert "86 × 54 mm" in page
    assert "For plastic cards of the size of a bank card" in page
    assert page.count('loading="lazy"') == len(layouts.layout_names())


def test_its_pictures_and_previews_open(expo: Flask) -> None:
    browser = signed_in(expo)
    page = browser.get(PAGE).text

    pictures = re.findall(rf'src="({PAGE}/[^"]+)"', page)
    previews = re.findall(rf'href="({PAGE}/[^"]+)"', page)

    assert len(pictures) == len(layouts.layout_names())
    assert len(previews) == 2 * len(pictures)
    assert Image.open(io.BytesIO(browser.get(pictures[0]).data)).format == "PNG"
    answer = browser.get(previews[1])
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'inline; filename="preview-a6-bleed.pdf"'
    assert len(pypdfium2.PdfDocument(answer.data)) == len(badge_samples.SAMPLES)


@pytest.mark.parametrize("name", ["a9.png", "a9.pdf", "..%2Fa6.png", "common.css"])
def test_what_is_no_layout_is_not_there(expo: Flask, name: str) -> None:
    assert signed_in(expo).get(f"{PAGE}/{name}").status_code == 404


def test_a_layout_that_cannot_be_printed_is_shown_with_the_reason(
    expo: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(layouts.LAYOUTS, tmp_path / "badges")
    shutil.copytree(tmp_path / "badges" / "card", tmp_path / "badges" / "ours")
    (tmp_path / "badges" / "ours" / "badge.css").unlink()
    monkeypatch.setattr(layouts, "LAYOUTS", tmp_path / "badges")

    page = signed_in(expo).get(PAGE).text

    badges.badge_layout.cache_clear()
    assert "templates/badges/ours/badge.css: it can&#39;t be read." in page
    assert "86 × 54 mm" in page


def test_print_runs_lead_to_the_layouts(expo: Flask) -> None:
    world.enrol(expo, [world.person("Ada Lim")])

    assert f'href="{PAGE}"' in signed_in(expo).get("/organiser/prints").text
