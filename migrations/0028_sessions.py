"""Where members of the staff are signed in; supervisors of one area

Revision: 0028, after 0022, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

revision = "0028"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In plain SQL: Alembic would make SQLite's table anew, to which others refer.
    op.execute(
        "ALTER TABLE staff ADD COLUMN area_id INTEGER CONSTRAINT fk_staff_area_id_area REFERENCES area (id)"
    )
    op.create_table(
        "staff_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("uniquifier", sa.String(), nullable=False),
        sa.Column("mark_hash", sa.LargeBinary(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_staff_session_staff_id_staff"),
        sa.PrimaryKeyConstraint("id", name="pk_staff_session"),
        sa.UniqueConstraint("mark_hash", name="uq_staff_session_mark_hash"),
    )
    op.create_index("ix_staff_session_staff_id", "staff_session", ["staff_id"])


def downgrade() -> None:
    op.drop_table("staff_session")
    op.drop_column("staff", "area_id")
