"""The index of revoked badges has those alone: SQLite took it to find all others, and read every badge

Revision: 0037, after 0036, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

REVOKED = sa.text("revoked_at IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_badge_revoked_at", table_name="badge")
    op.create_index(
        "ix_badge_revoked_at", "badge", ["revoked_at"], postgresql_where=REVOKED, sqlite_where=REVOKED
    )


def downgrade() -> None:
    op.drop_index("ix_badge_revoked_at", table_name="badge")
    op.create_index("ix_badge_revoked_at", "badge", ["revoked_at"])
