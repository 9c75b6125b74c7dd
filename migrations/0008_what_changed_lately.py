"""Indexes by which phones learn what has changed in the roster

Revision: 0008, after 0007, of 2026-11-23
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_badge_issued_at", "badge", "issued_at"),
    ("ix_badge_revoked_at", "badge", "revoked_at"),
    ("ix_delegate_changed_at", "delegate", "changed_at"),
    ("ix_scan_received_at", "scan", "received_at"),
)


def upgrade() -> None:
    for name, table, column in INDEXES:
        op.create_index(name, table, [column])


def downgrade() -> None:
    for name, table, _ in reversed(INDEXES):
        op.drop_index(name, table_name=table)
