"""Languages and directions of lines."""

import pytest

from checkin.documents import scripts


@pytest.mark.parametrize(
    ("text", "country_code", "language"),
    [
        ("Ahmad bin Abdullah", "MY", "und-Latn"),
        ("Nguyễn Thị Ánh", "VN", "vi"),
        ("முருகன்", "IN", "ta"),
        ("स्मिता", "NP", "ne"),
        ("محمد", "AE", "ar"),
        ("پژمان", "IR", "fa"),
        ("ဒေါ်", "MM", "my"),
        ("さくら 田中", "US", "ja"),
        ("田中", "JP", "ja"),
        ("王小明", "CN", "zh-Hans"),
        ("陳大文", "HK", "zh-Hant-HK"),
        ("陳大文", None, "zh-Hant"),
        ("陈大文", None, "zh-Hans"),
        ("王小明", None, "zh-Hans"),
        ("김민준", "US", "ko"),
        ("李明 (Li Ming)", "CN", "zh-Hans"),
        ("Ali علی", "PK", "ur"),
        ("ꦫꦺꦴ", "ID", "und"),
        ("+60 3 1234", "MY", "und-Latn"),
        ("🚀", "ES", "und-Latn"),
    ],
)
def test_a_line_is_set_in_a_language_of_its_script(text, country_code, language):
    assert scripts.language(text, country_code=country_code) == language


@pytest.mark.parametrize(
    ("text", "direction"),
    [("محمد Ali", "rtl"), ("Ali محمد", "ltr"), ("1 דוד", "rtl"), ("123", "ltr"), ("އަލީ", "rtl"), ("", "ltr")],
)
def test_a_line_runs_as_its_first_letter_does(text, direction):
    assert scripts.direction(text) == direction


def test_there_is_a_sample_of_each_script_that_is_told_apart():
    languages = {scripts.language(sample) for sample in scripts.SAMPLES.values()}

    assert languages >= {
        "ar",
        "bn",
        "bo",
        "el",
        "he",
        "hi",
        "hy",
        "ka",
        "km",
        "ko",
        "my",
        "ru",
        "ta",
        "th",
        "und",
    }
