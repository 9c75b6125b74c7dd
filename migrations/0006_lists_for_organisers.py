"""Delegates are found by their delegation too; indexes for the lists of mail and of who did what

Revision: 0006, after 0005, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

from checkin.domain.words import search_text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CHUNK = 1000

_delegate = sa.table(
    "delegate",
    *(
        sa.column(name)
        for name in (
            *("id", "honorific", "name", "organisation", "delegation", "email", "reference", "phone"),
            "search",
        )
    ),
)


def upgrade() -> None:
    op.drop_index(op.f("ix_message_status"), table_name="message")
    op.create_index("ix_message_status_created_at", "message", ["status", "created_at"])
    op.create_index(op.f("ix_audit_actor"), "audit", ["actor"])
    op.create_index(op.f("ix_audit_subject"), "audit", ["subject"])
    _rebuild_search()


def downgrade() -> None:
    # The words of delegations stay in `search`: finding somebody by one more does no harm.
    op.drop_index(op.f("ix_audit_subject"), table_name="audit")
    op.drop_index(op.f("ix_audit_actor"), table_name="audit")
    op.drop_index("ix_message_status_created_at", table_name="message")
    op.create_index(op.f("ix_message_status"), "message", ["status"])


def _rebuild_search() -> None:
    """Search for whoever comes with a delegation, as registering does it; the index follows by itself."""
    connection = op.get_bind()
    one = sa.update(_delegate).where(_delegate.c.id == sa.bindparam("of"))
    change = one.values(search=sa.bindparam("words"))
    after = 0
    while True:
        query = sa.select(_delegate).where(_delegate.c.delegation != "", _delegate.c.id > after)
        rows = connection.execute(query.order_by(_delegate.c.id).limit(CHUNK)).all()
        if not rows:
            return
        connection.execute(change, [{"of": row.id, "words": _words(row)} for row in rows])
        after = rows[-1].id


def _words(row: sa.Row) -> str:
    digits = "".join(letter for letter in row.phone or "" if letter.isdecimal())[-4:]
    return search_text(
        row.honorific, row.name, row.organisation, row.delegation, row.email, row.reference, digits
    )
