"""Nobody is reminded twice of the same

Revision: 0005, after 0004, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "uq_message_reminder",
        "message",
        ["delegate_id", "kind"],
        unique=True,
        postgresql_where=sa.text("kind LIKE 'reminder%'"),
        sqlite_where=sa.text("kind LIKE 'reminder%'"),
    )


def downgrade() -> None:
    op.drop_index("uq_message_reminder", table_name="message")
