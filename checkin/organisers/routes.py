"""The organisers' pages about delegates, files, mail and the audit log; it owns no table."""

from checkin.organisers import amending, files, log, outbox, people, person

PARTS = (
    people.blueprint,
    person.blueprint,
    amending.blueprint,
    files.blueprint,
    outbox.blueprint,
    log.blueprint,
)
