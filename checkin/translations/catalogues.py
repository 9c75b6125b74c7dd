"""Gathers every visible string into the catalogues: `python -m checkin.translations.catalogues`."""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from checkin.config import ROOT

FOLDER = ROOT / "checkin" / "translations"
LANGUAGES = ("en", "ms")
METHODS = [("checkin/**.py", "python"), ("templates/**.html", "jinja2"), ("templates/**.txt", "jinja2")]
KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None}


def extracted() -> Catalog:
    """Every string that the code and the templates mark for translation."""
    template = Catalog(project="Checkin", charset="utf-8")
    for folder in ("checkin", "templates"):
        found = extract_from_dir(
            ROOT / folder, [(p.removeprefix(f"{folder}/"), m) for p, m in METHODS], keywords=KEYWORDS
        )
        for file, _line, message, comments, context in found:
            template.add(message, None, [(f"{folder}/{file}", 0)], auto_comments=comments, context=context)
    return template


def catalogue_file(language: str) -> Path:
    """Where the strings of a language are."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def catalogue(language: str) -> Catalog:
    """The strings of a language as they are kept."""
    file = catalogue_file(language)
    if not file.exists():
        return Catalog(locale=language, project="Checkin", charset="utf-8", fuzzy=False)
    with file.open("rb") as lines:
        return read_po(lines, locale=language)


def lacking(language: str) -> Iterator[str]:
    """The strings that a language lacks or has only as a guess."""
    kept = catalogue(language)
    for message in extracted():
        translated = kept.get(message.id, message.context)
        texts = translated.string if translated else ""
        whole = all(texts) if isinstance(texts, tuple) else texts
        if message.id and (translated is None or translated.fuzzy or not whole):
            yield message.id[0] if isinstance(message.id, tuple) else str(message.id)


def update() -> None:
    """Add what is new and drop what is gone; English takes the strings as they are."""
    for language in LANGUAGES:
        kept = catalogue(language)
        kept.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
        if language == "en":
            for message in kept:
                message.string = message.string if message.id == "" else message.id
        file = catalogue_file(language)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as lines:
            write_po(lines, kept, ignore_obsolete=True, include_lineno=False, width=110)


if __name__ == "__main__":
    update()
    for language in LANGUAGES:
        for text in lacking(language):
            print(f"{language}: {text}")  # noqa: T201 - the list of what is left to translate.
