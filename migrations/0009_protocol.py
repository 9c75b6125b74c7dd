"""Categories with protocol; protocol phones with their PINs; who comes with a VIP

Revision: 0009, after 0008, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KINDS = "kind IN ('door', 'desk', 'protocol')"
EARLIER_KINDS = "kind IN ('door', 'desk')"


def upgrade() -> None:
    op.add_column(
        "category", sa.Column("protocol", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    _set_kinds(KINDS, instead_of=EARLIER_KINDS)
    op.create_table(
        "pin",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("hashed", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", INSTANT, nullable=True),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_pin_tries")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_pin_device_id")),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_pin")),
    )
    op.create_table(
        "entourage",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delegate_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint("people BETWEEN 0 AND 99", name=op.f("ck_entourage_people")),
        sa.ForeignKeyConstraint(["delegate_id"], ["delegate.id"], name=op.f("fk_entourage_delegate_id")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_entourage_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entourage")),
    )
    op.create_index("ix_entourage_day", "entourage", ["day", "delegate_id", "at"])


def downgrade() -> None:
    op.drop_index("ix_entourage_day", table_name="entourage")
    op.drop_table("entourage")
    op.drop_table("pin")
    # What they were allowed besides goes; their scans stay, and so do they.
    for table in ("device", "pairing"):
        phones = sa.table(table, sa.column("kind"))
        op.execute(sa.update(phones).where(phones.c.kind == "protocol").values(kind="door"))
    _set_kinds(EARLIER_KINDS, instead_of=KINDS)
    op.drop_column("category", "protocol")


def _set_kinds(kinds: str, *, instead_of: str) -> None:
    for table in ("pairing", "device"):
        name = op.f(f"ck_{table}_kind")
        if op.get_bind().dialect.name == "postgresql":
            op.drop_constraint(name, table, type_="check")
            op.create_check_constraint(name, table, kinds)
        else:
            _rewrite_check(table, kinds, instead_of=instead_of)


def _rewrite_check(table: str, kinds: str, *, instead_of: str) -> None:
    """Change a CHECK where it is written: a new table in this one's place would orphan what refers to it.

    As https://www.sqlite.org/lang_altertable.html#otheralter allows for constraints.
    """
    version = op.get_bind().exec_driver_sql("PRAGMA schema_version").scalar_one()
    op.execute("PRAGMA writable_schema=ON")
    change = sa.text(
        "UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = :name"
    )
    op.get_bind().execute(change, {"old": instead_of, "new": kinds, "name": table})
    op.execute(f"PRAGMA schema_version={version + 1}")
    op.execute("PRAGMA writable_schema=OFF")
