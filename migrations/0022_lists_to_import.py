"""Lists of delegates that organisers give in the browser, until they are imported

Revision: 0022, after 0021, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("header", sa.JSON(), nullable=False),
        sa.Column("samples", sa.JSON(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("looked", sa.Integer(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("is_changed", sa.Boolean(), nullable=False),
        sa.Column("begun_at", INSTANT, nullable=True),
        sa.Column("begun_by", sa.String(), nullable=False),
        sa.Column("applied", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("failure", sa.JSON(), nullable=False),
        sa.Column("deleted_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "state IN ('uploading', 'reading', 'checking', 'applying', 'matching', 'checked', 'stopped', "
            "'done', 'failed', 'deleted')",
            name=op.f("ck_import_run_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_table(
        "import_piece",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name=op.f("fk_import_piece_run_id")),
        sa.PrimaryKeyConstraint("run_id", "kind", "number", name=op.f("pk_import_piece")),
    )
    op.create_table(
        "import_remark",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('rejected', 'doubtful', 'repeated')", name=op.f("ck_import_remark_kind")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name=op.f("fk_import_remark_run_id")),
        sa.PrimaryKeyConstraint("run_id", "kind", "number", name=op.f("pk_import_remark")),
    )


def downgrade() -> None:
    op.drop_table("import_remark")
    op.drop_table("import_piece")
    op.drop_table("import_run")
