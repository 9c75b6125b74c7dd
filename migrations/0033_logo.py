"""The event's logo

Revision: 0033, after 0032, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "logo",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("set_at", INSTANT, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_logo_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logo")),
    )


def downgrade() -> None:
    op.drop_table("logo")
