"""Every visible string is there in English and in Bahasa Malaysia."""

import pytest

from checkin.translations.catalogues import LANGUAGES, catalogue, extracted, lacking


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_string_lacks_its_translation(language: str) -> None:
    """Run `make translations` after a change of texts, then translate what it lists."""
    assert list(lacking(language)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_their_values(language: str) -> None:
    for message in catalogue(language):
        if message.id:
            assert not list(message.check()), message.id


def test_templates_and_code_are_both_read() -> None:
    files = {file for message in extracted() for file, _ in message.locations}

    assert {"templates/layout.html", "checkin/sentences.py"} <= files
