"""Indexes by which the board counts people and held scans

Revision: 0007, after 0006, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

HELD = sa.text("verdict = 'held'")


def upgrade() -> None:
    # None on attendance by day: most rows are of today or yesterday, and SQLite would look people up by it.
    op.create_index("ix_delegate_groups", "delegate", ["status", "category_id", "country", "delegation"])
    op.create_index("ix_scan_held", "scan", ["device_id"], postgresql_where=HELD, sqlite_where=HELD)


def downgrade() -> None:
    op.drop_index("ix_scan_held", table_name="scan")
    op.drop_index("ix_delegate_groups", table_name="delegate")
