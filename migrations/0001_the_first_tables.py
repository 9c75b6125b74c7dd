"""The first tables

Revision: 0001, of 2026-11-22
"""

import sqlalchemy as sa
from alembic import op

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

revision = "0001"
down_revision = None
branch_labels = ("default",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "area",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("main", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area")),
        sa.UniqueConstraint("name", name=op.f("uq_area_name")),
    )
    op.create_index(
        "uq_area_one_main",
        "area",
        ["main"],
        unique=True,
        postgresql_where=sa.text("main"),
        sqlite_where=sa.text("main"),
    )

    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)

    op.create_table(
        "category",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("colour", sa.String(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("self_registration", sa.Boolean(), nullable=False),
        sa.Column("approval", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("capacity IS NULL OR taken <= capacity", name=op.f("ck_category_never_oversold")),
        sa.CheckConstraint("taken >= 0", name=op.f("ck_category_taken")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category")),
        sa.UniqueConstraint("name", name=op.f("uq_category_name")),
    )
    op.create_table(
        "day",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("date", name=op.f("pk_day")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("theme", sa.String(), nullable=False),
        sa.Column("venue", sa.String(), nullable=False),
        sa.Column("organiser", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("cutover_hour", sa.Integer(), nullable=False),
        sa.Column("reentry_after_s", sa.Integer(), nullable=False),
        sa.Column("unknown_offline", sa.String(), nullable=False),
        sa.Column("reference_prefix", sa.String(), nullable=False),
        sa.Column("code_prefix", sa.String(), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last_reference", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "unknown_offline IN ('send_to_desk', 'admit_and_note')", name=op.f("ck_event_unknown_offline")
        ),
        sa.CheckConstraint("cutover_hour BETWEEN 0 AND 12", name=op.f("ck_event_cutover_hour")),
        sa.CheckConstraint("id = 1", name=op.f("ck_event_one")),
        sa.CheckConstraint("reentry_after_s BETWEEN 0 AND 86400", name=op.f("ck_event_reentry_after")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(), nullable=False),
        sa.Column("tf_primary_method", sa.String(), nullable=True),
        sa.Column("tf_totp_secret", sa.String(), nullable=True),
        sa.Column("mf_recovery_codes", sa.JSON(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "role IN ('organiser', 'supervisor', 'desk', 'protocol')", name=op.f("ck_staff_role")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_email")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_staff_fs_uniquifier")),
    )
    op.create_table(
        "category_area",
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_category_area_area_id")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_category_area_category_id")),
        sa.PrimaryKeyConstraint("category_id", "area_id", name=op.f("pk_category_area")),
    )
    op.create_table(
        "category_day",
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=True),
        sa.Column("closes", sa.Time(), nullable=True),
        sa.CheckConstraint("(opens IS NULL) = (closes IS NULL)", name=op.f("ck_category_day_hours")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_category_day_category_id")),
        sa.ForeignKeyConstraint(["date"], ["day.date"], name=op.f("fk_category_day_date")),
        sa.PrimaryKeyConstraint("category_id", "date", name=op.f("pk_category_day")),
    )
    op.create_table(
        "delegate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("honorific", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("job_title", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("country_text", sa.String(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("delegation", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("share", sa.Integer(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("interests", sa.String(), nullable=False),
        sa.Column("access_needs", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("cancelled_at", INSTANT, nullable=True),
        sa.Column("cancelled_from", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL)", name=op.f("ck_delegate_cancelled")
        ),
        sa.CheckConstraint(
            "status IN ('unconfirmed', 'pending', 'waiting', 'confirmed', 'cancelled')",
            name=op.f("ck_delegate_status"),
        ),
        sa.CheckConstraint("(email IS NULL) = (share IS NULL)", name=op.f("ck_delegate_share_with_email")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name=op.f("ck_delegate_name")),
        sa.CheckConstraint("share BETWEEN 0 AND 20", name=op.f("ck_delegate_share")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_delegate_category_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegate")),
        sa.UniqueConstraint("reference", name=op.f("uq_delegate_reference")),
    )
    op.create_index(op.f("ix_delegate_category_id"), "delegate", ["category_id"], unique=False)
    op.create_index("uq_delegate_email_share", "delegate", ["email", "share"], unique=True)
    op.create_index(
        "uq_delegate_identity",
        "delegate",
        ["identity"],
        unique=True,
        postgresql_where=sa.text("email IS NULL"),
        sqlite_where=sa.text("email IS NULL"),
    )

    op.create_table(
        "door",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out', 'both')", name=op.f("ck_door_direction")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_door_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_door")),
        sa.UniqueConstraint("name", name=op.f("uq_door_name")),
    )
    op.create_table(
        "badge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delegate_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("lookup", sa.String(), nullable=False),
        sa.Column("card", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("printed_at", INSTANT, nullable=True),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.Column("revocation", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint("revocation IN ('replaced', 'revoked')", name=op.f("ck_badge_revocation_kind")),
        sa.CheckConstraint("(revoked_at IS NULL) = (revocation IS NULL)", name=op.f("ck_badge_revocation")),
        sa.ForeignKeyConstraint(["delegate_id"], ["delegate.id"], name=op.f("fk_badge_delegate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_badge")),
        sa.UniqueConstraint("lookup", name=op.f("uq_badge_lookup")),
    )
    op.create_index(op.f("ix_badge_delegate_id"), "badge", ["delegate_id"], unique=False)
    op.create_index(
        "uq_badge_live",
        "badge",
        ["delegate_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
        sqlite_where=sa.text("revoked_at IS NULL"),
    )

    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delegate_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("notice_version", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint("purpose IN ('notice', 'updates', 'leads')", name=op.f("ck_consent_purpose")),
        sa.ForeignKeyConstraint(["delegate_id"], ["delegate.id"], name=op.f("fk_consent_delegate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_delegate_id"), "consent", ["delegate_id"], unique=False)

    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delegate_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.CheckConstraint("status IN ('waiting', 'sent', 'failed')", name=op.f("ck_message_status")),
        sa.ForeignKeyConstraint(["delegate_id"], ["delegate.id"], name=op.f("fk_message_delegate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index(op.f("ix_message_delegate_id"), "message", ["delegate_id"], unique=False)
    op.create_index(op.f("ix_message_status"), "message", ["status"], unique=False)

    op.create_table(
        "pairing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("door_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.CheckConstraint("kind IN ('door', 'desk')", name=op.f("ck_pairing_kind")),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_pairing_door_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairing")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_pairing_code_hash")),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pairing_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("door_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("paired_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.Column("heard_at", INSTANT, nullable=False),
        sa.Column("skew_ms", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=True),
        sa.Column("roster_age_s", sa.Integer(), nullable=True),
        sa.Column("battery", sa.Double(), nullable=True),
        sa.CheckConstraint("kind IN ('door', 'desk')", name=op.f("ck_device_kind")),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_device_door_id")),
        sa.ForeignKeyConstraint(["pairing_id"], ["pairing.id"], name=op.f("fk_device_pairing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("pairing_id", name=op.f("uq_device_pairing_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_device_token_hash")),
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scan_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint("decision IN ('let_in', 'sent_to_desk')", name=op.f("ck_decision_decision")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_decision_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index(op.f("ix_decision_scan_id"), "decision", ["scan_id"], unique=False)

    op.create_table(
        "scan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("lookup", sa.String(), nullable=False),
        sa.Column("badge_id", sa.Uuid(), nullable=True),
        sa.Column("delegate_id", sa.Integer(), nullable=True),
        sa.Column("door_id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("input", sa.String(), nullable=False),
        sa.Column("scanned_at", INSTANT, nullable=False),
        sa.Column("skew_ms", sa.BigInteger(), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("just_now", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(verdict = 'refused') = (reason IS NOT NULL)", name=op.f("ck_scan_reason")),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_scan_direction")),
        sa.CheckConstraint(
            "input IN ('camera', 'wedge', 'typed', 'desk', 'paper')", name=op.f("ck_scan_input")
        ),
        sa.CheckConstraint(
            "verdict IN ('admitted', 'returned', 'repeat', 'left', 'refused', 'held')",
            name=op.f("ck_scan_verdict"),
        ),
        sa.CheckConstraint(
            "verdict IN ('refused', 'held') OR delegate_id IS NOT NULL",
            name=op.f("ck_scan_let_in_is_somebody"),
        ),
        sa.CheckConstraint("seq >= 0", name=op.f("ck_scan_seq")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_scan_area_id")),
        sa.ForeignKeyConstraint(["badge_id"], ["badge.id"], name=op.f("fk_scan_badge_id")),
        sa.ForeignKeyConstraint(["delegate_id"], ["delegate.id"], name=op.f("fk_scan_delegate_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_scan_device_id")),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_scan_door_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan")),
    )
    op.create_index("ix_scan_device_seq", "scan", ["device_id", "seq"], unique=False)
    op.create_index("ix_scan_passage", "scan", ["delegate_id", "area_id", "day", "at"], unique=False)

    op.create_table(
        "void",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scan_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.CheckConstraint("length(author) > 0", name=op.f("ck_void_author")),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_void_reason")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_void_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_void")),
    )
    op.create_index(op.f("ix_void_scan_id"), "void", ["scan_id"], unique=False)

    op.create_table(
        "attendance",
        sa.Column("delegate_id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("scan_id", sa.Uuid(), nullable=False),
        sa.Column("first_at", INSTANT, nullable=False),
        sa.Column("door_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_attendance_area_id")),
        sa.ForeignKeyConstraint(["delegate_id"], ["delegate.id"], name=op.f("fk_attendance_delegate_id")),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name=op.f("fk_attendance_door_id")),
        sa.ForeignKeyConstraint(
            ["scan_id"],
            ["scan.id"],
            name=op.f("fk_attendance_scan_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("delegate_id", "area_id", "day", name=op.f("pk_attendance")),
    )
    op.create_index(op.f("ix_attendance_scan_id"), "attendance", ["scan_id"])
    _make_scans_append_only()


def downgrade() -> None:
    _let_scans_change()
    op.drop_index(op.f("ix_attendance_scan_id"), table_name="attendance")
    op.drop_table("attendance")
    op.drop_index(op.f("ix_void_scan_id"), table_name="void")

    op.drop_table("void")
    op.drop_index("ix_scan_passage", table_name="scan")
    op.drop_index("ix_scan_device_seq", table_name="scan")

    op.drop_table("scan")
    op.drop_index(op.f("ix_decision_scan_id"), table_name="decision")

    op.drop_table("decision")
    op.drop_table("device")
    op.drop_table("pairing")
    op.drop_index(op.f("ix_message_status"), table_name="message")
    op.drop_index(op.f("ix_message_delegate_id"), table_name="message")

    op.drop_table("message")
    op.drop_index(op.f("ix_consent_delegate_id"), table_name="consent")

    op.drop_table("consent")
    op.drop_index(
        "uq_badge_live",
        table_name="badge",
        postgresql_where=sa.text("revoked_at IS NULL"),
        sqlite_where=sa.text("revoked_at IS NULL"),
    )
    op.drop_index(op.f("ix_badge_delegate_id"), table_name="badge")

    op.drop_table("badge")
    op.drop_table("door")
    op.drop_index(
        "uq_delegate_identity",
        table_name="delegate",
        postgresql_where=sa.text("email IS NULL"),
        sqlite_where=sa.text("email IS NULL"),
    )
    op.drop_index("uq_delegate_email_share", table_name="delegate")
    op.drop_index(op.f("ix_delegate_category_id"), table_name="delegate")

    op.drop_table("delegate")
    op.drop_table("category_day")
    op.drop_table("category_area")
    op.drop_table("staff")
    op.drop_table("event")
    op.drop_table("day")
    op.drop_table("category")
    op.drop_index(op.f("ix_audit_at"), table_name="audit")

    op.drop_table("audit")
    op.drop_index(
        "uq_area_one_main", table_name="area", postgresql_where=sa.text("main"), sqlite_where=sa.text("main")
    )

    op.drop_table("area")


# A scan is a fact: only one that is held may still be judged, and none is ever deleted.
_SQLITE_TRIGGERS = (
    """
    CREATE TRIGGER scan_stays BEFORE UPDATE ON scan WHEN OLD.verdict <> 'held'
    BEGIN SELECT RAISE(ABORT, 'a scan never changes'); END
    """,
    """
    CREATE TRIGGER scan_is_kept BEFORE DELETE ON scan
    BEGIN SELECT RAISE(ABORT, 'a scan is never deleted'); END
    """,
)
_POSTGRESQL_TRIGGERS = (
    """
    CREATE FUNCTION scan_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'a scan never changes'; END $$
    """,
    """
    CREATE TRIGGER scan_stays BEFORE UPDATE ON scan FOR EACH ROW
    WHEN (OLD.verdict <> 'held') EXECUTE FUNCTION scan_never_changes()
    """,
    """
    CREATE TRIGGER scan_is_kept BEFORE DELETE ON scan FOR EACH ROW EXECUTE FUNCTION scan_never_changes()
    """,
)


def _make_scans_append_only() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for trigger in _POSTGRESQL_TRIGGERS if on_postgresql else _SQLITE_TRIGGERS:
        op.execute(trigger)


def _let_scans_change() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for trigger in ("scan_stays", "scan_is_kept"):
        op.execute(f"DROP TRIGGER {trigger}" + (" ON scan" if on_postgresql else ""))
    if on_postgresql:
        op.execute("DROP FUNCTION scan_never_changes()")
