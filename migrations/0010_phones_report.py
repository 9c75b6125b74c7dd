"""What phones report of themselves between scans

Revision: 0010, after 0009, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COLUMNS = {
    "reported_at": INSTANT,
    "last_seq": sa.BigInteger(),
    "camera": sa.String(),
    "sound": sa.Boolean(),
    "storage": sa.String(),
    "installed": sa.Boolean(),
    "tested_at": INSTANT,
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("device", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("device", name)
