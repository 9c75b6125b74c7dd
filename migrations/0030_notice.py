"""The privacy notice in the organisers' own words; tries to sign in

Revision: 0030, after 0029, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("en", sa.String(), nullable=False),
        sa.Column("ms", sa.String(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_notice"),
    )
    op.create_table(
        "try",
        sa.Column("what", sa.LargeBinary(), nullable=False),
        sa.Column("stretch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("what", "stretch", name="pk_try"),
    )


def downgrade() -> None:
    op.drop_table("try")
    op.drop_table("notice")
