"""A device of the kind paper, by which lists that were kept by hand are keyed in

Revision: 0011, after 0010, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KINDS = "kind IN ('door', 'desk', 'protocol', 'paper')"
EARLIER_KINDS = "kind IN ('door', 'desk', 'protocol')"


def upgrade() -> None:
    _set_kinds(KINDS, instead_of=EARLIER_KINDS)


def downgrade() -> None:
    # Its scans stay, and so does it: by a token that nobody has ever had.
    op.execute("UPDATE device SET kind = 'door' WHERE kind = 'paper'")
    _set_kinds(EARLIER_KINDS, instead_of=KINDS)


def _set_kinds(kinds: str, *, instead_of: str) -> None:
    name = op.f("ck_device_kind")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(name, "device", type_="check")
        op.create_check_constraint(name, "device", kinds)
    else:
        _rewrite_check(kinds, instead_of=instead_of)


def _rewrite_check(kinds: str, *, instead_of: str) -> None:
    """Change a CHECK where it is written: a new table in this one's place would orphan what refers to it.

    As https://www.sqlite.org/lang_altertable.html#otheralter allows for constraints.
    """
    version = op.get_bind().exec_driver_sql("PRAGMA schema_version").scalar_one()
    op.execute("PRAGMA writable_schema=ON")
    change = sa.text(
        "UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = 'device'"
    )
    op.get_bind().execute(change, {"old": instead_of, "new": kinds})
    op.execute(f"PRAGMA schema_version={version + 1}")
    op.execute("PRAGMA writable_schema=OFF")
