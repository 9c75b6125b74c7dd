"""Says what is missing or unsafe in an installation and how to mend it; it owns no table."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from checkin import clock, schema
from checkin.adapters.copying import missing_programs
from checkin.config import ROOT, SETTINGS, Config
from checkin.db import db, reading
from checkin.documents.badges import missing_fonts
from checkin.documents.layout_checks import layout_faults
from checkin.domain import audit, erasing
from checkin.domain.badges import Badge
from checkin.domain.event import is_set_up, the_event
from checkin.domain.messages import waiting_messages
from checkin.domain.staff import Staff
from checkin.errors import Refusal

NEEDED_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `grave` ones are missing or unsafe; `mend` says what to do, empty where all is well."""

    what: str
    mend: str = ""
    grave: bool = False

    @property
    def well(self) -> bool:
        return not self.mend


def examine(app: Flask, config: Config) -> Iterator[Finding]:
    """Look at everything, the database last, since the rest needs none."""
    yield from _settings(config)
    yield from _machine(config)
    with app.app_context():
        try:
            yield from _database(config)
        except SQLAlchemyError as error:
            kind = type(error).__name__
            yield Finding(
                "The database does not answer",
                f"Look at CHECKIN_DATABASE_URL and the server ({kind}).",
                grave=True,
            )


def settings(config: Config) -> Iterator[tuple[str, str, str]]:
    """Each setting's name, whether it is set, and what it is for; never its value."""
    for name, purpose in SETTINGS.items():
        default = getattr(config, name.removeprefix("CHECKIN_").lower()) == getattr(
            Config(), name.removeprefix("CHECKIN_").lower()
        )
        yield name, "default" if default else "set", purpose


def _settings(config: Config) -> Iterator[Finding]:
    for problem in config.problems():
        yield Finding("Settings", problem, grave=True)
    if not config.production:
        yield Finding(
            f"For trying out on this machine only ({config.base_url})",
            "Set CHECKIN_BASE_URL to the https address that people will use.",
        )
    elif urlsplit(config.base_url).scheme != "https":
        yield Finding(
            "Pages are not encrypted",
            "Phones give a camera only to https: set CHECKIN_BASE_URL to https.",
            grave=True,
        )
    if config.smtp_url is None:
        yield Finding("No mail goes out", "Set CHECKIN_SMTP_URL; until then mail waits in the outbox.")
    if config.production and config.limits_url == "memory://":
        yield Finding(
            "Rate limits are counted in each process by itself", "Set CHECKIN_LIMITS_URL to a Redis."
        )


def _machine(config: Config) -> Iterator[Finding]:
    yield from _printing()
    vendor = ROOT / "checkin" / "static" / "vendor"
    if not any(vendor.rglob("*.css")):
        yield Finding("The pages' styles are not installed", "Run `make install`.", grave=True)
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES:
        yield Finding(
            f"Only {free // 1024**2} MB are free on this disk",
            "Make room: backups and print runs need 2 GB.",
            grave=True,
        )
    missing = [] if config.sqlite else missing_programs()
    if missing:
        yield Finding(
            f"PostgreSQL's {', '.join(missing)} is not installed: no backup can be made here",
            "Install its client programs (Debian: postgresql-client), not older than the server.",
        )
    if config.sqlite:
        yield from _file(Path(config.database_url.removeprefix("sqlite:///")))


def _printing() -> Iterator[Finding]:
    try:
        missing, faults = missing_fonts(), layout_faults()
    except Refusal as refusal:
        yield Finding("No badge can be printed", str(refusal), grave=True)
        return
    if missing:
        yield Finding(
            f"This machine has no letters for {', '.join(missing)}",
            "Run `make install`, which installs the fonts; until then such names are printed as empty boxes.",
            grave=True,
        )
    if faults:
        yield Finding(
            "Not all badge layouts can be printed as they are",
            f"See docs/badges.md, and mend: {' '.join(faults)}",
            grave=True,
        )


def _file(path: Path) -> Iterator[Finding]:
    if path.exists() and not os.access(path, os.W_OK):
        yield Finding(f"{path} can't be written", "Let the account that runs Checkin own it.", grave=True)
    if path.exists() and path.stat().st_mode & 0o077:
        yield Finding(f"{path} can be read by others on this machine", f"Run `chmod 600 {path}`.")


def _database(config: Config) -> Iterator[Finding]:
    yield Finding(f"The database answers ({db.engine.dialect.name})")
    if not schema.is_current():
        yield Finding(
            "The database lacks migrations",
            "Any command of `checkin` applies them: run `checkin serve`.",
            grave=True,
        )
        return
    yield from _durability(config)
    yield _audit_log(config)
    with reading() as session:
        if not is_set_up(session):
            yield Finding("There is no event yet", "Run `checkin event set FILE.toml` or `checkin demo`.")
            return
        others = set(session.scalars(select(Badge.key_id).distinct())) - {config.key.id}
        if others:
            yield Finding(
                "Badges were made under another CHECKIN_BADGE_KEY",
                "Set the key they were made with.",
                grave=True,
            )
        if not session.scalars(select(Staff.id).limit(1)).first():
            yield Finding("Nobody can sign in", "Run `checkin staff add EMAIL --role organiser`.")
        erase_on, kept = the_event(session).erase_on, erasing.toll(session).delegates
        if erase_on is not None and erase_on <= clock.now().date() and kept:
            yield Finding(
                f"Personal data of {kept} delegates is kept beyond {erase_on}",
                "Run `checkin purge --dry-run`, then `checkin purge`.",
            )
        waiting = len(waiting_messages(session))
        if waiting:
            yield Finding(
                f"{waiting} messages wait to be sent", "Set CHECKIN_SMTP_URL and run `checkin worker`."
            )


def _audit_log(config: Config) -> Finding:
    with reading() as session:
        found = audit.proof(session, key=config.key.audit_key)
    if found.holds:
        end = f"; its end is {found.end}" if found.end else ""
        return Finding(f"The audit log is whole: {found.acts} acts{end}")
    return Finding("The audit log is not whole", audit_fault(found), grave=True)


def audit_fault(found: audit.Proof) -> str:
    """What is wrong with an audit log, and what to do."""
    look = "Compare it with a backup, and find out who can write into the database."
    if found.broken is not None and found.acts == 0:
        return (
            f"Act {found.broken}, the first, doesn't fit: it was changed, acts before it were taken out, or "
            f"CHECKIN_BADGE_KEY isn't that of this event. {look}"
        )
    if found.broken is not None:
        return f"Act {found.broken} was changed, or acts before it were taken out. {look}"
    if found.blanked is not None:
        return f"The reason of act {found.blanked} is gone, and nobody asked for its erasure. {look}"
    return (
        f"{found.missed} is not in the log: its end was taken off, or a restore replaced it, which an act "
        f"“backup restored” would tell. {look}"
    )


def _durability(config: Config) -> Iterator[Finding]:
    check: Callable[[str], str] = lambda query: str(db.session.scalar(text(query)))  # noqa: E731
    if config.sqlite:
        if (check("PRAGMA journal_mode"), check("PRAGMA synchronous")) != ("wal", "2"):
            yield Finding(
                "SQLite is not in WAL with synchronous=FULL", "Use a local disk: WAL needs one.", grave=True
            )
    else:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            if check(f"SHOW {name}") == "off":
                yield Finding(
                    f"PostgreSQL has {name} off",
                    f"Set {name} = on: a scan must be durable before green.",
                    grave=True,
                )
