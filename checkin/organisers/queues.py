"""Importing the queue of a phone that can't get online again, in parts that let the doors go on; it owns no table."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from checkin.db import reading, transaction
from checkin.domain import audit, doors, queue_files
from checkin.domain.programme import programme
from checkin.domain.queue_files import AT_ONCE, Imported, QueueFile
from checkin.errors import NotFound, Refusal


def import_queue(
    file: QueueFile, *, actor: str, now: datetime, on_scans: Callable[[int], None] = lambda _scans: None
) -> Imported:
    """Judge a file's scans as its phone's; the same file again changes nothing.

    Raises a Refusal for the file of another event, and of a phone that was never paired with this one.
    """
    with reading() as session:
        plan = programme(session)
        if file.event != plan.code:
            raise Refusal(
                "queue_of_other_event",
                f"This file is of another event, {file.event[:40] or 'without a name'}: this one is {plan.code}.",
            )
        try:
            device = doors.device(session, file.device_id)
        except NotFound as unknown:
            raise Refusal(
                "queue_of_unknown_phone", "This file is of a phone that was never paired with this event."
            ) from unknown
    done = Imported()
    for number, part in enumerate(_parts(file.scans)):
        with transaction() as session:
            queue_files.import_scans(
                session, device, part, programme=plan, now=now, begin=number * AT_ONCE + 1, into=done
            )
        on_scans(len(part))
    for decisions in _parts(file.decisions):
        with transaction() as session:
            queue_files.import_decisions(session, device, decisions, now=now, into=done)
    by = f"device:{device.id}"
    for voids in _parts(file.voids):
        with transaction() as session:
            for void in queue_files.import_voids(session, device, voids, now=now, into=done):
                subject = f"scan:{void.scan}"
                audit.record(session, "scan voided", actor=by, now=now, subject=subject, reason=void.reason)
    with transaction() as session:
        audit.record(
            session,
            "queue imported",
            actor=actor,
            now=now,
            subject=device.name,
            scans=done.new,
            known=done.known,
            malformed=len(done.malformed),
        )
    return done


def _parts(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[begin : begin + AT_ONCE] for begin in range(0, len(items), AT_ONCE))
