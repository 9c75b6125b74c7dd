"""Makes backups and restores them, on both kinds of databases, while servers go on; it owns no table."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from flask import Flask

from checkin import clock, schema
from checkin.adapters import backups, copying, jobs
from checkin.adapters.backups import About
from checkin.adapters.presence import presence
from checkin.config import Config
from checkin.db import db, learn_sizes, reading, transaction
from checkin.documents import mailing
from checkin.domain import audit, messages, restoring
from checkin.domain.restoring import Standing
from checkin.errors import Conflict, Refusal

# A progress bar of so many steps, None where nobody knows how many.
Bar = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True)
class Restored:
    """What a restore did: the state brought back, the one replaced and where that is kept, how many letters go out."""

    about: About
    replaced: Standing | None
    kept: Path | None
    letters: int


def back_up(config: Config, folder: Path, *, actor: str, now: datetime, bar: Bar) -> Path:
    """Write the present state into a new file of a folder; its path. The application's context is entered."""
    with transaction() as session:
        code, name = restoring.event_code(session)
        audit.record(session, "backup made", actor=actor, now=now, subject=code)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    about = About(code, name, _kind(config), schema.revision(), now)
    # Beside the backup, since the machine's own folder for such things may be small or in memory.
    with tempfile.TemporaryDirectory(prefix=".checkin-", dir=folder) as place:
        content = Path(place) / "content"
        backups.private(content).close()
        with bar("Copying the database", None) as step:
            copying.copier(config.database_url).copy(content, on_step=step)
        with bar("Packing", content.stat().st_size // backups.MEGABYTE + 1) as step:
            return backups.pack(content, about, folder, on_megabyte=step)


def looked_through(config: Config, file: Path) -> About:
    """What a backup is of; raises Refusal for one that can't be restored into this installation's database."""
    about = backups.about(file)
    if about.database != _kind(config):
        raise Refusal(
            "other_database",
            f"This backup is of {about.database}: set CHECKIN_DATABASE_URL to a database of that kind.",
        )
    return about


def _kind(config: Config) -> str:
    return "sqlite" if config.sqlite else "postgresql"


def restore(
    config: Config,
    file: Path,
    *,
    actor: str,
    application: Callable[[Config], Flask],
    agreed: Callable[[About, Standing | None], None],
    bar: Bar,
) -> Restored:
    """Put a backup's state into the database, in a new epoch, for everybody at once or not at all.

    `application` opens a database with its schema up to date; `agreed` raises where the operator doesn't want it.
    """
    about = looked_through(config, file)
    replaced = _replaceable(about)
    with tempfile.TemporaryDirectory(prefix=".checkin-", dir=_room(config, file)) as place, _alone():
        content = Path(place) / "content"
        with bar("Looking through the backup", about.size // backups.MEGABYTE + 1) as step:
            backups.unpack(file, content, on_megabyte=step)
        agreed(about, replaced)
        kept = None
        if replaced is not None:
            kept = back_up(config, file.absolute().parent, actor=actor, now=clock.now(), bar=bar)
        copier = copying.copier(config.database_url)
        with bar("Restoring", None) as step, copier.beside(content, on_step=step) as beside:
            app = application(replace(config, database_url=beside.url))
            _begin_again(app, about, replaced, actor=actor)
            beside.put()
    return Restored(about, replaced, kept, _let_letters_go())


def _replaceable(about: About) -> Standing | None:
    """What stands in the database; raises Refusal where this backup can't take its place."""
    if not schema.knows(about.revision):
        raise Refusal(
            "newer_schema",
            f"This backup is of a newer release of Checkin (schema {about.revision}): update the program first.",
        )
    with reading() as session:
        standing = restoring.standing(session, since=about.made_at)
    if standing is not None and standing.event != about.event:
        raise Conflict(
            "other_event",
            f"This is a backup of {about.event}, and the database holds {standing.event}: nothing was changed.",
        )
    return standing


@contextmanager
def _alone() -> Iterator[None]:
    own = presence(db.engine, "restore")
    if not own.take():
        raise Conflict("restoring_already", "Another restore is under way: wait for its end.")
    try:
        yield
    finally:
        own.leave()


def _room(config: Config, file: Path) -> Path:
    """Where a copy may lie for a while: where the database itself lies, else beside the backup."""
    if config.sqlite:
        return Path(config.database_url.removeprefix("sqlite:///")).parent
    return file.absolute().parent


def _begin_again(app: Flask, about: About, replaced: Standing | None, *, actor: str) -> None:
    """Begin the new epoch in the state that still stands beside the database."""
    with app.app_context():
        try:
            with transaction() as session:
                event = restoring.begin_again(session, after=replaced)
                if event.code != about.event:
                    raise Refusal(
                        "other_event", f"{about.event} is not what this backup holds: nothing was changed."
                    )
                known = {"made": about.made_at.isoformat()}
                if replaced is not None:
                    known["replaced"] = replaced.audit_end
                audit.record(
                    session, "backup restored", actor=actor, now=clock.now(), subject=event.code, **known
                )
                learn_sizes(session)
        finally:
            for engine in db.engines.values():
                engine.dispose()


def _let_letters_go() -> int:
    """Put what waits to be sent in the restored state into the queue, in place of what was in it."""
    with transaction() as session:
        waiting = messages.waiting_messages(session)
        jobs.forget(session)
        for message_id in waiting:
            jobs.enqueue(session, mailing.SEND, str(message_id))
    return len(waiting)
