"""Short forms of long names, and which badges of a print run were left out

Revision: 0015, after 0014, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delegate", sa.Column("short_name", sa.String(), nullable=False, server_default=""))
    op.add_column(
        "print_item", sa.Column("left_out", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    op.drop_column("print_item", "left_out")
    op.drop_column("delegate", "short_name")
