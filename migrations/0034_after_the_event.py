"""Figures as they were published, and certificates of attendance

Revision: 0034, after 0033, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "publication",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_publication_version")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_publication")),
    )
    op.create_table(
        "certificate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delegate_id", sa.Integer(), nullable=False),
        sa.Column("lookup", sa.String(), nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["delegate_id"], ["delegate.id"], name=op.f("fk_certificate_delegate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("delegate_id", name=op.f("uq_certificate_delegate_id")),
        sa.UniqueConstraint("lookup", name=op.f("uq_certificate_lookup")),
    )


def downgrade() -> None:
    op.drop_table("certificate")
    op.drop_table("publication")
