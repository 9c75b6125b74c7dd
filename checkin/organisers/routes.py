"""The organisers' pages; it owns no table."""

from checkin.organisers import amending, board, doors, files, log, outbox, people, person

PARTS = (
    board.blueprint,
    doors.blueprint,
    people.blueprint,
    person.blueprint,
    amending.blueprint,
    files.blueprint,
    outbox.blueprint,
    log.blueprint,
)
