"""What people decide about held scans and about conflicts

Revision: 0013, after 0012, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ruling",
        sa.Column("scan_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint("decision IN ('approved', 'dropped')", name=op.f("ck_ruling_decision")),
        sa.ForeignKeyConstraint(["scan_id"], ["scan.id"], name=op.f("fk_ruling_scan_id")),
        sa.PrimaryKeyConstraint("scan_id", name=op.f("pk_ruling")),
    )
    op.create_index("ix_ruling_at", "ruling", ["at"])
    op.create_table(
        "settlement",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("scans", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint("length(note) > 0", name=op.f("ck_settlement_note")),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_settlement")),
    )


def downgrade() -> None:
    op.drop_table("settlement")
    op.drop_index("ix_ruling_at", table_name="ruling")
    op.drop_table("ruling")
