"""Indexes for the board and the conflicts of a hundred thousand delegates

Revision: 0029, after 0028, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

PASSAGE = ["delegate_id", "area_id", "day", "at"]
SHOWN_OTHERWISE = sa.text("shown <> verdict AND shown <> ''")
OFF_TIME_ON_POSTGRESQL = """
    input <> 'paper' AND (skew_ms > 120000 OR skew_ms < -120000
    OR EXTRACT(EPOCH FROM at - received_at) > 120 OR EXTRACT(EPOCH FROM received_at - at) > 604800)
"""
OFF_TIME_ON_SQLITE = """
    input <> 'paper' AND (skew_ms > 120000 OR skew_ms < -120000
    OR (at - received_at) / 1000000.0 > 120 OR (received_at - at) / 1000000.0 > 604800)
"""


def upgrade() -> None:
    op.drop_index("ix_scan_passage", table_name="scan")
    op.create_index("ix_scan_passage", "scan", [*PASSAGE, "direction", "verdict", "just_now", "id"])
    op.create_index(
        "ix_scan_shown_otherwise",
        "scan",
        ["day"],
        postgresql_where=SHOWN_OTHERWISE,
        sqlite_where=SHOWN_OTHERWISE,
    )
    op.create_index(
        "ix_scan_off_time",
        "scan",
        ["device_id", "day", "at", "area_id"],
        postgresql_where=sa.text(OFF_TIME_ON_POSTGRESQL),
        sqlite_where=sa.text(OFF_TIME_ON_SQLITE),
    )
    arrival = ["day", "delegate_id", "first_at", "scan_id", "door_id", "area_id"]
    op.create_index("ix_attendance_arrival", "attendance", arrival)


def downgrade() -> None:
    op.drop_index("ix_attendance_arrival", table_name="attendance")
    op.drop_index("ix_scan_off_time", table_name="scan")
    op.drop_index("ix_scan_shown_otherwise", table_name="scan")
    op.drop_index("ix_scan_passage", table_name="scan")
    op.create_index("ix_scan_passage", "scan", PASSAGE)
