"""Invitations for the staff, and no password without a second factor

Revision: 0002, after 0001, of 2026-11-22
"""

import sqlalchemy as sa
from alembic import op

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("staff") as staff:
        staff.add_column(sa.Column("tf_counter", sa.BigInteger(), nullable=True))
        staff.add_column(sa.Column("invitation_hash", sa.LargeBinary(), nullable=True))
        staff.add_column(sa.Column("invitation_expires_at", INSTANT, nullable=True))
        staff.create_unique_constraint(op.f("uq_staff_invitation_hash"), ["invitation_hash"])
        staff.create_check_constraint(
            op.f("ck_staff_second_factor"), "password IS NULL OR tf_totp_secret IS NOT NULL"
        )


def downgrade() -> None:
    with op.batch_alter_table("staff") as staff:
        staff.drop_constraint(op.f("ck_staff_second_factor"), type_="check")
        staff.drop_constraint(op.f("uq_staff_invitation_hash"), type_="unique")
        staff.drop_column("invitation_expires_at")
        staff.drop_column("invitation_hash")
        staff.drop_column("tf_counter")
