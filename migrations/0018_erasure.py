"""Delegates who were erased, the day on which all are, scans whose note may go with them, and who took data along

Revision: 0018, after 0017, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Every column but `note`, which may become empty.
FIXED = (
    *(
        "id",
        "device_id",
        "seq",
        "lookup",
        "badge_id",
        "delegate_id",
        "door_id",
        "area_id",
        "day",
        "direction",
    ),
    *(
        "input",
        "scanned_at",
        "skew_ms",
        "at",
        "received_at",
        "operator",
        "shown",
        "verdict",
        "reason",
        "just_now",
    ),
)
_ON_SQLITE = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in FIXED)
_ON_POSTGRESQL = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in FIXED)


def upgrade() -> None:
    op.add_column("delegate", sa.Column("erased_at", INSTANT, nullable=True))
    op.add_column("event", sa.Column("erase_on", sa.Date(), nullable=True))
    op.create_index(op.f("ix_audit_action"), "audit", ["action"])
    _protect_scans(
        sqlite=f"OLD.verdict <> 'held' AND (NEW.note <> '' OR {_ON_SQLITE})",
        postgresql=f"OLD.verdict <> 'held' AND (NEW.note <> '' OR {_ON_POSTGRESQL})",
    )


def downgrade() -> None:
    _protect_scans(sqlite="OLD.verdict <> 'held'", postgresql="OLD.verdict <> 'held'")
    op.drop_index(op.f("ix_audit_action"), table_name="audit")
    op.drop_column("event", "erase_on")
    op.drop_column("delegate", "erased_at")


def _protect_scans(*, sqlite: str, postgresql: str) -> None:
    """A scan that is judged stays, but for what the conditions leave out."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER scan_stays ON scan")
        op.execute(
            f"CREATE TRIGGER scan_stays BEFORE UPDATE ON scan FOR EACH ROW WHEN ({postgresql}) "
            "EXECUTE FUNCTION scan_never_changes()"
        )
        return
    op.execute("DROP TRIGGER scan_stays")
    op.execute(
        f"CREATE TRIGGER scan_stays BEFORE UPDATE ON scan WHEN {sqlite} "
        "BEGIN SELECT RAISE(ABORT, 'a scan never changes'); END"
    )
