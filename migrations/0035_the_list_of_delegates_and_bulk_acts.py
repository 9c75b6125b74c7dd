"""The list of delegates is sorted and counted in indexes; acts on many delegates at once

Revision: 0035, after 0034, of 2026-11-23
"""

import sqlalchemy as sa
from alembic import op
from anyascii import anyascii

INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
PRINTED = sa.text("revoked_at IS NULL AND printed_at IS NOT NULL")

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

CHUNK = 1000
ACTS = "'confirm', 'cancel', 'send', 'reissue', 'print', 'undo_confirm', 'undo_cancel'"

_delegate = sa.table(
    "delegate",
    *(sa.column(name) for name in ("id", "name", "organisation", "sort_name", "sort_organisation")),
)


def upgrade() -> None:
    op.add_column("delegate", sa.Column("sort_name", KEY, nullable=False, server_default=""))
    op.add_column("delegate", sa.Column("sort_organisation", KEY, nullable=False, server_default="~"))
    _fill()
    op.create_index(
        "ix_delegate_by_name",
        "delegate",
        ["sort_name", "id", "status", "category_id", "country", "delegation"],
    )
    op.create_index(
        "ix_delegate_by_organisation",
        "delegate",
        ["sort_organisation", "id", "status", "category_id", "country"],
    )
    op.create_index(
        "ix_badge_printed", "badge", ["delegate_id"], postgresql_where=PRINTED, sqlite_where=PRINTED
    )
    op.create_index("ix_consent_latest", "consent", ["purpose", "delegate_id", "at", "given"])
    op.create_table(
        "bulk_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("differs", sa.JSON(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("begun_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("failure", sa.String(), nullable=False),
        sa.Column("undoes_id", sa.Integer(), nullable=True),
        sa.Column("print_run_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(f"act IN ({ACTS})", name=op.f("ck_bulk_run_act")),
        sa.CheckConstraint(
            "state IN ('shown', 'applying', 'stopped', 'done')", name=op.f("ck_bulk_run_state")
        ),
        sa.ForeignKeyConstraint(["undoes_id"], ["bulk_run.id"], name=op.f("fk_bulk_run_undoes_id")),
        sa.ForeignKeyConstraint(["print_run_id"], ["print_run.id"], name=op.f("fk_bulk_run_print_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_run")),
    )
    op.create_index("uq_bulk_run_undoes_id", "bulk_run", ["undoes_id"], unique=True)
    op.create_table(
        "bulk_item",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("delegate_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("after", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["bulk_run.id"], name=op.f("fk_bulk_item_run_id")),
        sa.PrimaryKeyConstraint("run_id", "delegate_id", name=op.f("pk_bulk_item")),
    )
    op.create_index("ix_bulk_item_outcome", "bulk_item", ["run_id", "outcome", "delegate_id"])


def downgrade() -> None:
    op.drop_table("bulk_item")
    op.drop_table("bulk_run")
    op.drop_index("ix_consent_latest", table_name="consent")
    op.drop_index("ix_badge_printed", table_name="badge")
    op.drop_index("ix_delegate_by_organisation", table_name="delegate")
    op.drop_index("ix_delegate_by_name", table_name="delegate")
    op.drop_column("delegate", "sort_organisation")
    op.drop_column("delegate", "sort_name")


def _fill() -> None:
    """Sort whoever is registered as whoever comes."""
    connection = op.get_bind()
    one = sa.update(_delegate).where(_delegate.c.id == sa.bindparam("of"))
    change = one.values(sort_name=sa.bindparam("named"), sort_organisation=sa.bindparam("at"))
    after = 0
    while True:
        query = sa.select(_delegate.c.id, _delegate.c.name, _delegate.c.organisation)
        query = query.where(_delegate.c.id > after).order_by(_delegate.c.id).limit(CHUNK)
        rows = connection.execute(query).all()
        if not rows:
            return
        keys = [
            {"of": row.id, "named": _latin(row.name), "at": _latin(row.organisation).strip() or "~"}
            for row in rows
        ]
        connection.execute(change, keys)
        after = rows[-1].id


def _latin(text: str) -> str:
    return anyascii(text).lower().replace("'", "").replace("`", "")
