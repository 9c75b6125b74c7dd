"""An index for those who came back, whom the board counts

Revision: 0016, after 0015, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_scan_returned",
        "scan",
        ["area_id", "day"],
        postgresql_where=sa.text("verdict = 'returned'"),
        sqlite_where=sa.text("verdict = 'returned'"),
    )


def downgrade() -> None:
    op.drop_index("ix_scan_returned", table_name="scan")
