"""A backup as a file: packed, named, and looked through before anything is believed of it; it owns no table.

The file is a ZIP (APPNOTE 6.3) with two members: `about.json`, and `database`, which is SQLite's own file or
pg_dump's custom format. It holds everybody's personal data, so only its owner may read it.
"""

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from checkin.errors import Refusal

FORMAT = 1
ABOUT, CONTENT = "about.json", "database"
MEGABYTE = 1024 * 1024
# What zipfile raises for a file that is none of its own any more; NotImplementedError for a method nobody has.
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)

Progress = Callable[[int], None]


@dataclass(frozen=True)
class About:
    """What a backup says of itself: `revision` is the schema's, `sha256` and `size` (bytes) are the content's."""

    event: str
    name: str
    database: str
    revision: str
    made_at: datetime
    sha256: str = ""
    size: int = 0

    @property
    def file_name(self) -> str:
        event = "".join(letter for letter in self.event if letter.isalnum() or letter in "-_")
        return f"checkin-{event}-{self.made_at:%Y%m%dT%H%M%SZ}.zip"


def pack(content: Path, about: About, folder: Path, *, on_megabyte: Progress) -> Path:
    """Write a backup into a folder, whole or not at all, and onto the disk; returns its path."""
    path = folder / about.file_name
    partial = path.with_name(f".{path.name}.partial")
    try:
        with private(partial) as file:
            _write(file, content, about, on_megabyte)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        _sync(folder)
    finally:
        partial.unlink(missing_ok=True)
    return path


def private(path: Path) -> BinaryIO:
    """A new file that only this account may read, whatever its umask."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600), "w+b")


def _sync(folder: Path) -> None:
    """A new name is on the disk only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(file: BinaryIO, content: Path, about: About, on_megabyte: Progress) -> None:
    digest = hashlib.sha256()
    # What pg_dump writes is compressed already.
    method = zipfile.ZIP_DEFLATED if about.database == "sqlite" else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w", method, compresslevel=1) as archive:
        with content.open("rb") as source, archive.open(CONTENT, "w", force_zip64=True) as member:
            while chunk := source.read(MEGABYTE):
                digest.update(chunk)
                member.write(chunk)
                on_megabyte(1)
        known = replace(about, sha256=digest.hexdigest(), size=content.stat().st_size)
        text = json.dumps({"format": FORMAT, **asdict(known), "made_at": known.made_at.isoformat()}, indent=1)
        archive.writestr(ABOUT, text)


def about(path: Path) -> About:
    """What a file says of itself; raises Refusal for one that is no backup, or not whole."""
    try:
        with zipfile.ZipFile(path) as archive:
            archive.getinfo(CONTENT)
            return _about_of(json.loads(archive.read(ABOUT)))
    except (*DAMAGED, KeyError, TypeError, ValueError) as error:
        raise _no_backup(path) from error


def _about_of(told: dict[str, Any]) -> About:
    if told.pop("format") != FORMAT:
        raise Refusal(
            "backup_format", "A newer release of Checkin made this backup: restore it with that one."
        )
    return About(**{**told, "made_at": datetime.fromisoformat(told["made_at"]).astimezone(UTC)})


def unpack(path: Path, out: Path, *, on_megabyte: Progress) -> None:
    """Take the content out; raises Refusal where one bit of it isn't what was packed."""
    expected, digest = about(path), hashlib.sha256()
    try:
        with zipfile.ZipFile(path) as archive, archive.open(CONTENT) as member, private(out) as file:
            while chunk := member.read(MEGABYTE):
                digest.update(chunk)
                file.write(chunk)
                on_megabyte(1)
    except DAMAGED as error:
        raise _no_backup(path) from error
    if digest.hexdigest() != expected.sha256:
        raise _no_backup(path)


def _no_backup(path: Path) -> Refusal:
    return Refusal(
        "no_backup", f"{path} is no backup of Checkin's, or is damaged or cut off: nothing was changed."
    )
