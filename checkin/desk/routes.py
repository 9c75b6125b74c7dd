"""The help desk's pages; it owns no table."""

from checkin.desk import blanks, correcting, finding, person, printing, walk_ins

PARTS = (
    finding.blueprint,
    person.blueprint,
    printing.blueprint,
    correcting.blueprint,
    walk_ins.blueprint,
    blanks.blueprint,
)
