"""Fitting: what is chosen holds in the engine that prints it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkin.adapters.pdf import Extent
from checkin.adapters.stamping import Block, Typesetter
from checkin.documents.fitting import Room, Size, Text, fit, fit_at_a_glance, is_read_at_a_glance, paragraph

STYLESHEET = '.line { margin: 0; font-family: "Noto Sans"; line-height: 1.2 }'
SIZES = (Size(30, 1), Size(20, 1), Size(20, 2), Size(12, 3))
ROOM = Room(width=80, height=20, sizes=SIZES)
TYPESETTER = Typesetter(STYLESHEET)


def text(words: str) -> Text:
    return Text("name", words, "und-Latn", "ltr")


def fitted(words: str, room: Room = ROOM) -> Block:
    return fit(text(words), room, measure=TYPESETTER.extent)


def size(words: str, room: Room = ROOM) -> Size:
    """The size that was chosen, with the lines that the text takes at it."""
    block = fitted(words, room)
    return Size(block.points, printed(block).lines)


def printed(block: Block) -> Extent:
    extent = TYPESETTER.extent(block, 1_000)
    assert extent is not None
    return extent


def test_a_short_text_takes_the_first_size():
    block = fitted("Kavitha")

    assert (block.points, block.width, block.text) == (30, 80, "Kavitha")


def test_a_longer_text_shrinks_before_it_wraps():
    assert size("Siti Nurhaliza") == Size(30, 1)
    assert size("Siti Nurhaliza bte X") == Size(20, 1)
    assert size("Siti Nurhaliza binti Tarudin") == Size(20, 2)


def test_a_size_whose_lines_are_too_high_is_passed_over():
    low = Room(width=80, height=10, sizes=SIZES)

    assert fitted("Siti Nurhaliza binti Tarudin", low).points == 12


def test_a_word_that_fits_at_no_size_is_broken():
    block = fitted("W" * 30)

    assert block.setting.breaks_words
    assert block.points == 12


def test_what_does_not_fit_even_then_shrinks_on_until_it_does():
    block = fitted("W" * 400)

    extent = printed(block)
    assert block.points < 12
    assert extent.width <= ROOM.width
    assert extent.height <= ROOM.height


def test_the_lines_of_a_wrapped_text_are_of_like_length():
    words = "Permanent Mission to the United Nations New York"

    extent = printed(fitted(words, Room(width=80, height=30, sizes=(Size(16, 2),))))

    assert extent.lines == 2
    assert extent.width < 1.15 * extent.length / 2


@pytest.mark.parametrize(
    ("words", "glanced"),
    [
        ("Siti Nurhaliza", 30),
        ("Siti Nurhaliza binti Tarudin", 20),
        ("Siti Nurhaliza binti Tarudin " * 2, None),
    ],
)
def test_only_two_lines_are_read_at_a_glance(words: str, glanced: float | None) -> None:
    found = fit_at_a_glance(text(words), ROOM, measure=TYPESETTER.extent)

    assert (found.points if found else None) == glanced
    assert is_read_at_a_glance(text(words), ROOM, measure=TYPESETTER.extent) == (glanced is not None)


def test_a_room_without_height_is_an_error():
    with pytest.raises(ValueError, match="can't be made to fit as name"):
        fitted("Kavitha", Room(width=80, height=0, sizes=SIZES))


def test_markup_in_a_text_stays_text():
    assert "&lt;b&gt;" in paragraph(fitted("<b>"))


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=120))
def test_whatever_is_fitted_prints_inside_its_room(words):
    extent = printed(fitted(words))

    assert extent.width <= ROOM.width
    assert extent.height <= ROOM.height
