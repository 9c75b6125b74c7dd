"""Mistakes in badge layouts, each made on purpose and told in a sentence; and looks that differ by category."""

import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from flask import Flask

from checkin import doctor
from checkin.documents import badges, layouts, scripts
from checkin.documents.layout_checks import layout_faults
from checkin.documents.layouts import file_faults
from checkin.errors import Refusal
from tests.documents.test_badges import FACE, NO_GLYPH, numbered
from tests.journeys.commands import ShellHere

Mend = Callable[[str, str, str], None]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The layouts, in a folder where they may be changed."""
    copied = tmp_path / "badges"
    shutil.copytree(layouts.LAYOUTS, copied)
    monkeypatch.setattr(layouts, "LAYOUTS", copied)
    badges.badge_layout.cache_clear()
    return copied


@pytest.fixture(autouse=True)
def _forget_layouts() -> None:
    """Layouts are kept by name."""
    badges.badge_layout.cache_clear()


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def test_the_layouts_that_come_along_have_no_faults() -> None:
    assert file_faults() == []
    assert layout_faults() == []


# What a glance at the files finds.
IN_FILES = [
    ("a6/layout.toml", "width = 93", "width = ", "a6/layout.toml: Invalid value (at line"),
    ("a6/layout.toml", "[organisation]", "[organization]", "a6/layout.toml: there is no line [organization]"),
    ("a6/layout.toml", "width = 95\n", "", "a6/layout.toml: [name] needs width and height in millimetres"),
    ("a6/layout.toml", '"42x1"', '"42"', "a6/layout.toml: [name] needs"),
    ("a6/layout.toml", '"42x1"', '"-42x1"', "a6/layout.toml: [name] needs"),
    ("a6/layout.toml", "height = 28.4", "height = 0", "a6/layout.toml: [name] needs"),
    ("a6/layout.toml", "# How each", "name = 7 # How each", "a6/layout.toml: "),
    ("a6/badge.html", "{{ code }}", "{{ code }", "a6/badge.html: unexpected '}'"),
    ("a4-four/layout.toml", '"a6"', '"a7"', "a4-four/layout.toml: there is no layout 'a7' to be its badge"),
    ("a4-four/layout.toml", '"a6"', '"a4-four"', "a4-four/badge.html: it can't be read"),
    ("a4-four/sheet.html", "{% endfor %}", "", "a4-four/sheet.html: "),
]
# What shows only when the layout is laid out.
LAID_OUT = [
    ("a6/badge.html", "{{ organisation }}", "", "no element with data-place holds {{ organisation }}"),
    ("a6/badge.html", "{{ name }}", "", "no element with data-place holds {{ name }}"),
    ("a6/badge.html", "{{ reference }}", "", "no element with data-place holds {{ reference }}"),
    ("a6/badge.html", "{{ code }}", "", "no element with data-place holds {{ code }}"),
    ("a6/badge.html", ">{{ category }}<", "><", "{{ category }} is nowhere"),
    ("a6/badge.html", "{{ event }}", "{{ name }}", "{{ name }} stands outside the elements with data-place"),
    ("a6/badge.html", "{{ reference }}", "{{ reference }}{{ code }}", "{{ code }} needs a place for itself"),
    ("a6/badge.html", "{{ event }}", "{{ events }}", "badge.html: 'events' is undefined"),
    ("a6/badge.html", "{{ event }}", "{{ 1 / 0 }}", "badge.html: division by zero"),
    ("a6/badge.html", "</body>", "<p data-place></p></body>", "an element with data-place holds no line"),
    (
        "a6/badge.css",
        "width: 35mm;\n  height: 35mm",
        "width: 18mm; height: 18mm",
        "the code is 18.0 mm; below",
    ),
    ("a6/badge.css", "height: 35mm", "height: 30mm", "the code's place is 35.0 x 30.0 mm, and not square"),
    ("a6/badge.css", "top: 138.9mm", "top: 146mm", "the place of {{ reference }} leaves the page"),
    (
        "a6/badge.css",
        "height: 37mm",
        "height: 34mm",
        "{{ name }} is 34.0 mm high, and its lines together 34.7",
    ),
    ("a6/badge.css", "height: 20.4mm", "height: 20mm", "is 20.0 mm high, and its lines together 20.3 mm"),
    (
        "a6/badge.html",
        "</body>",
        'x<p style="break-before: page">x</p></body>',
        "A design takes one page, this one 2",
    ),
    (
        "a6/layout.toml",
        "width = 95",
        "width = 106",
        "{{ name }} is 105.0 mm wide, less than [name] in layout.toml",
    ),
    ("a4-four/sheet.html", "data-place", "", "no element has data-place, in which a badge could stand"),
    ("a4-four/sheet.css", "width: 105mm", "width: 104mm", "a badge's place is 1.0 mm too small for it"),
    ("a4-four/sheet.html", "(0, 105)", "(0, 107)", "a4-four/sheet.html: a badge's place leaves the page"),
]


@pytest.mark.parametrize(("file", "old", "new", "told"), IN_FILES, ids=[told for *_, told in IN_FILES])
def test_a_mistake_in_a_file_is_told(folder: Path, file: str, old: str, new: str, told: str) -> None:
    change(folder / file, old, new)

    faults = file_faults()

    # What is on the sheet is wrong there too.
    assert 1 <= len(set(faults)) <= 2
    assert told in faults[0]
    assert faults[0] in layout_faults()


@pytest.mark.parametrize(("file", "old", "new", "told"), LAID_OUT, ids=[told for *_, told in LAID_OUT])
def test_a_mistake_that_shows_in_print_is_told(
    folder: Path, file: str, old: str, new: str, told: str
) -> None:
    change(folder / file, old, new)
    for other in ("a6-landscape", "a4-fold", "card", "label"):
        shutil.rmtree(folder / other)

    faults = layout_faults()

    assert file_faults() == []
    assert any(told in fault for fault in faults), faults
    assert all(fault.startswith("templates/badges/") for fault in faults)


@pytest.mark.parametrize("file", ["layout.toml", "badge.html", "badge.css", "../common.css"])
def test_a_file_that_is_missing_or_no_text_is_told(folder: Path, file: str) -> None:
    (folder / "card" / file).write_bytes(b"\xff\xfe\x00")
    unreadable = file_faults()
    (folder / "card" / file).unlink()

    missing = file_faults()

    assert any(f"{Path(file).name}: it can't be read." in fault for fault in missing)
    assert unreadable == missing


@pytest.mark.parametrize("line", ["venue_line", "event", "honorific", "country"])
def test_a_badge_may_go_without_some_lines(folder: Path, line: str) -> None:
    change(folder / "a6" / "badge.html", f"{{{{ {line} }}}}", "")

    assert layout_faults() == []


def test_without_the_usual_layout_there_is_a_fault(folder: Path) -> None:
    (folder / "a6").rename(folder / "a6-old")

    assert file_faults()[0] == "templates/badges: there is no layout 'a6', the usual one."


def test_a_print_run_in_a_broken_layout_is_refused(folder: Path) -> None:
    change(folder / "card" / "badge.html", "{{ name }}", "{{ name.surname }}")

    with pytest.raises(Refusal, match=r"templates/badges/card/badge\.html: .* has no attribute 'surname'"):
        badges.print_badges([FACE], io.BytesIO(), layout="card", on_page=lambda _: None)


def test_the_server_does_not_start_with_a_broken_layout(
    folder: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(folder / "a6" / "badge.html", "{{ code }}", "{{ code }")
    monkeypatch.setattr("checkin.serving.serve", lambda *_, **__: pytest.fail("it starts"))

    error = ShellHere(database_url).refuses("serve", "--port", "1")

    assert error.startswith("Error: templates/badges/a6/badge.html: unexpected '}'")


def test_the_doctor_says_what_to_mend(folder: Path, app: Flask) -> None:
    change(folder / "label" / "badge.css", "width: 30mm", "width: 15mm")
    change(folder / "card" / "layout.toml", '"20x1"', '"x"')

    [finding] = [one for one in doctor.examine(app, app.config["CHECKIN"]) if "layout" in one.what]

    assert finding.grave
    assert "docs/badges.md" in finding.mend
    assert "templates/badges/card/layout.toml: [name] needs" in finding.mend
    assert "templates/badges/label/badge.html: the code is 15.0 mm" in finding.mend


def test_the_doctor_names_the_scripts_that_cannot_be_printed(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripts, "SAMPLES", {"Latin": "Ana", "Vithkuqi": NO_GLYPH, "Toto": f"a{NO_GLYPH}"})

    [finding] = [one for one in doctor.examine(app, app.config["CHECKIN"]) if "letters" in one.what]

    assert finding.grave
    assert finding.what == "This machine has no letters for Vithkuqi, Toto"
    assert "make install" in finding.mend


# --- looks by category --------------------------------------------------------------------------------------


def test_a_category_may_look_otherwise(folder: Path) -> None:
    with (folder / "a6" / "badge.css").open("a", encoding="utf-8") as css:
        css.write('body[data-category="Speaker"] .rule { left: 0; width: 105mm; height: 2mm }\n')
    run = [numbered(n, category=category, colour="#1a5fb4") for n, category in enumerate(("VIP", "Speaker"))]
    out = io.BytesIO()

    badges.print_badges(run, out, on_page=lambda _: None)

    vip, speaker = (page.render(scale=2).to_pil().convert("RGB") for page in pypdfium2.PdfDocument(out))
    blue = (0x1A, 0x5F, 0xB4)
    at = (int(10 * 144 / 25.4), int(74.5 * 144 / 25.4))
    assert vip.getpixel(at) == (255, 255, 255)
    assert speaker.getpixel(at) == blue


def test_a_category_named_with_quotes_stays_an_attribute() -> None:
    face = replace(FACE, category='"><img src="http://127.0.0.1:9/x"> & \'VIP\'')

    assert badges.badge_pdf(face).startswith(b"%PDF")
