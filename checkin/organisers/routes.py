"""The organisers' pages; it owns no table."""

from checkin.organisers import (
    amending,
    board,
    by_hand,
    conflicts,
    doors,
    files,
    keying,
    log,
    outbox,
    paper,
    people,
    person,
    phones,
    prints,
    readiness,
    vips,
)

PARTS = (
    board.blueprint,
    doors.blueprint,
    people.blueprint,
    person.blueprint,
    amending.blueprint,
    files.blueprint,
    outbox.blueprint,
    log.blueprint,
    vips.blueprint,
    by_hand.blueprint,
    readiness.blueprint,
    paper.blueprint,
    keying.blueprint,
    conflicts.blueprint,
    phones.blueprint,
    prints.blueprint,
)
