"""Print runs: which badges, in which order, and the files that were made of them

Revision: 0014, after 0013, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "print_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("layout", sa.String(), nullable=False),
        sa.Column("bleed", sa.Boolean(), nullable=False),
        sa.Column("badges", sa.Integer(), nullable=False),
        sa.Column("batch_size", sa.Integer(), nullable=False),
        sa.Column("box_size", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("failure", sa.String(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'printing', 'done', 'cancelled', 'failed')", name=op.f("ck_print_run_state")
        ),
        sa.CheckConstraint("batch_size > 0 AND box_size > 0", name=op.f("ck_print_run_sizes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_run")),
    )
    op.create_table(
        "print_item",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("badge_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["print_run.id"], name=op.f("fk_print_item_run_id")),
        sa.ForeignKeyConstraint(["badge_id"], ["badge.id"], name=op.f("fk_print_item_badge_id")),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_print_item")),
    )
    op.create_index("uq_print_item_badge_id_run_id", "print_item", ["badge_id", "run_id"], unique=True)
    op.create_table(
        "print_batch",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("printed", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("lacking", sa.JSON(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["print_run.id"], name=op.f("fk_print_batch_run_id")),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_print_batch")),
    )
    op.create_table(
        "print_piece",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["print_run.id"], name=op.f("fk_print_piece_run_id")),
        sa.PrimaryKeyConstraint("run_id", "batch", "number", name=op.f("pk_print_piece")),
    )


def downgrade() -> None:
    op.drop_table("print_piece")
    op.drop_table("print_batch")
    op.drop_index("uq_print_item_badge_id_run_id", table_name="print_item")
    op.drop_table("print_item")
    op.drop_table("print_run")
