"""Two entries of one person: found, told apart, or merged

Revision: 0036, after 0035, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duplicate",
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.String(), nullable=False),
        sa.Column("found_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_duplicate_order")),
        sa.CheckConstraint("(settled_at IS NULL) = (settled_by IS NULL)", name=op.f("ck_duplicate_settled")),
        *(
            sa.ForeignKeyConstraint(
                [column], ["delegate.id"], name=op.f(f"fk_duplicate_{column}_delegate"), ondelete="CASCADE"
            )
            for column in ("first_id", "second_id")
        ),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_duplicate")),
    )
    op.create_index("ix_duplicate_score", "duplicate", ["score", "first_id", "second_id"])
    op.create_index(op.f("ix_duplicate_second_id"), "duplicate", ["second_id"])
    op.create_table(
        "duplicate_search",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_search")),
    )
    for table, column, check in (
        (
            "delegate",
            "merged_into",
            "CONSTRAINT ck_delegate_merged CHECK (merged_into IS NULL OR status = 'cancelled')",
        ),
        ("badge", "merged_from", ""),
    ):
        # As SQL: SQLite adds a column with its constraints, but no constraint alone.
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {column} INTEGER {check} "
            f"CONSTRAINT fk_{table}_{column}_delegate REFERENCES delegate (id)"
        )
    op.create_index(op.f("ix_delegate_merged_into"), "delegate", ["merged_into"])


def downgrade() -> None:
    op.drop_index(op.f("ix_delegate_merged_into"), table_name="delegate")
    op.drop_column("badge", "merged_from")
    op.drop_column("delegate", "merged_into")
    op.drop_table("duplicate_search")
    op.drop_table("duplicate")
