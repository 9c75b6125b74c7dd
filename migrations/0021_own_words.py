"""The organisers' own words for letters

Revision: 0021, after 0020, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "own_words",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.CheckConstraint("language IN ('en', 'ms')", name=op.f("ck_own_words_language")),
        sa.PrimaryKeyConstraint("kind", "language", name=op.f("pk_own_words")),
    )


def downgrade() -> None:
    op.drop_table("own_words")
