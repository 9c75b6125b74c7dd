"""Fitting: what is chosen holds in the engine that prints it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkin.adapters import pdf
from checkin.documents.fitting import Fit, Room, Size, Text, fit, paragraph

STYLESHEET = '.line { margin: 0; font-family: "Noto Sans"; line-height: 1.2 }'
PAGE = "@page { size: 500mm 5000mm; margin: 0 }"
SIZES = (Size(30, 1), Size(20, 1), Size(20, 2), Size(12, 3))
ROOM = Room(width=80, height=20, sizes=SIZES)


def text(words: str) -> Text:
    return Text("name", words, "und-Latn", "ltr")


def fitted(words: str, room: Room = ROOM) -> Fit:
    return fit([text(words)], rooms={"name": room}, stylesheet=STYLESHEET)[text(words)]


def printed(words: str, how: Fit) -> pdf.Extent:
    return pdf.measure(paragraph(text(words), how, id="it"), stylesheet=STYLESHEET + PAGE)["it"]


def test_a_short_text_takes_the_first_size():
    assert fitted("Kavitha") == Fit(Size(30, 1), width=80)


def test_a_longer_text_shrinks_before_it_wraps():
    assert fitted("Siti Nurhaliza").size == Size(30, 1)
    assert fitted("Siti Nurhaliza bte X").size == Size(20, 1)
    assert fitted("Siti Nurhaliza binti Tarudin").size == Size(20, 2)


def test_a_size_whose_lines_are_too_high_is_passed_over():
    low = Room(width=80, height=10, sizes=SIZES)

    assert fitted("Siti Nurhaliza binti Tarudin", low).size == Size(12, 3)


def test_a_word_that_fits_at_no_size_is_broken():
    how = fitted("W" * 30)

    assert how.breaks_words
    assert how.size == Size(12, 3)


def test_what_does_not_fit_even_then_shrinks_on_until_it_does():
    how = fitted("W" * 400)

    extent = printed("W" * 400, how)
    assert how.size.points < 12
    assert extent.width <= ROOM.width
    assert extent.height <= ROOM.height


def test_the_lines_of_a_wrapped_text_are_of_like_length():
    words = "Permanent Mission to the United Nations New York"

    how = fitted(words, Room(width=80, height=30, sizes=(Size(16, 2),)))

    extent = printed(words, how)
    assert extent.lines == 2
    assert extent.width < 1.15 * extent.length / 2


def test_texts_of_several_kinds_are_fitted_together():
    texts = [text("Kavitha"), Text("country", "India", "und-Latn", "ltr")]
    rooms = {"name": ROOM, "country": Room(40, 10, (Size(11, 1),))}

    fits = fit(texts, rooms=rooms, stylesheet=STYLESHEET)

    assert [fits[each].size.points for each in texts] == [30, 11]


def test_nothing_to_fit_is_no_work():
    assert fit([], rooms={}, stylesheet=STYLESHEET) == {}


def test_a_room_without_height_is_an_error():
    with pytest.raises(ValueError, match="can't be made to fit as name"):
        fitted("Kavitha", Room(width=80, height=0, sizes=SIZES))


def test_markup_in_a_text_stays_text():
    assert "&lt;b&gt;" in paragraph(text("<b>"), fitted("<b>"))


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=120))
def test_whatever_is_fitted_prints_inside_its_room(words):
    extent = printed(words, fitted(words))

    assert extent.width <= ROOM.width
    assert extent.height <= ROOM.height
