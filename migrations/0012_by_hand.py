"""An index for those who were let in by hand, which are few among many scans

Revision: 0012, after 0011, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_scan_by_hand",
        "scan",
        ["day", "at"],
        postgresql_where=sa.text("input = 'desk'"),
        sqlite_where=sa.text("input = 'desk'"),
    )


def downgrade() -> None:
    op.drop_index("ix_scan_by_hand", table_name="scan")
