"""Blank badges, and swaps by those who registered somebody

A judged scan stays as it is, but for whose it was: what was scanned of a blank badge belongs to whoever gets it.

Revision: 0032, after 0031, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# As migration 0018 has them.
FIXED = (
    *("id", "device_id", "seq", "lookup", "badge_id", "door_id", "area_id", "day", "direction"),
    *("input", "scanned_at", "skew_ms", "at", "received_at", "operator", "shown", "verdict", "reason"),
    "just_now",
)
# A scan of nobody stays one, and one of somebody is somebody's.
NOBODYS = "(OLD.delegate_id IS NULL) <> (NEW.delegate_id IS NULL)"


def upgrade() -> None:
    op.create_table(
        "blank",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("lookup", sa.String(), nullable=False),
        sa.Column("card", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("printed_at", INSTANT, nullable=True),
        sa.Column("released_at", INSTANT, nullable=True),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("delegate_id", sa.Integer(), nullable=True),
        sa.Column("assigned_at", INSTANT, nullable=True),
        sa.CheckConstraint("number > 0", name=op.f("ck_blank_number")),
        sa.CheckConstraint(
            "assigned_at IS NULL OR (released_at IS NOT NULL AND delegate_id IS NOT NULL)",
            name=op.f("ck_blank_assigned"),
        ),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_blank_category_id_category")),
        sa.ForeignKeyConstraint(["delegate_id"], ["delegate.id"], name=op.f("fk_blank_delegate_id_delegate")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blank")),
        sa.UniqueConstraint("lookup", name=op.f("uq_blank_lookup")),
        sa.UniqueConstraint("number", name=op.f("uq_blank_number")),
    )
    for column in ("category_id", "changed_at", "delegate_id"):
        op.create_index(op.f(f"ix_blank_{column}"), "blank", [column])
    op.create_table(
        "swap",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], ["delegate.id"], name=op.f(f"fk_swap_{column}_delegate"), ondelete="CASCADE"
            )
            for column in ("contact_id", "first_id", "second_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_swap")),
    )
    for column in ("contact_id", "first_id", "second_id"):
        op.create_index(op.f(f"ix_swap_{column}"), "swap", [column])
    _protect_scans(f"(NEW.note <> '' AND NEW.note <> OLD.note) OR {_differs(FIXED)} OR {NOBODYS}")


def downgrade() -> None:
    _protect_scans(f"NEW.note <> '' OR {_differs((*FIXED, 'delegate_id'))}")
    op.drop_table("swap")
    op.drop_table("blank")


def _differs(columns: tuple[str, ...]) -> str:
    differs = "IS DISTINCT FROM" if op.get_bind().dialect.name == "postgresql" else "IS NOT"
    return " OR ".join(f"NEW.{name} {differs} OLD.{name}" for name in columns)


def _protect_scans(forbidden: str) -> None:
    """A scan that is judged stays, but for what the condition leaves out."""
    when = f"OLD.verdict <> 'held' AND ({forbidden})"
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER scan_stays ON scan")
        op.execute(
            f"CREATE TRIGGER scan_stays BEFORE UPDATE ON scan FOR EACH ROW WHEN ({when}) "
            "EXECUTE FUNCTION scan_never_changes()"
        )
        return
    op.execute("DROP TRIGGER scan_stays")
    op.execute(
        f"CREATE TRIGGER scan_stays BEFORE UPDATE ON scan WHEN {when} "
        "BEGIN SELECT RAISE(ABORT, 'a scan never changes'); END"
    )
