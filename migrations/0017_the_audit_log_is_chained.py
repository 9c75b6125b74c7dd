"""The audit log as a chain that only grows

Revision: 0017, after 0016, of 2026-11-23
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AT_ONCE = 1000
# Every column but `reason`, which may become empty.
FIXED = ("id", "at", "actor", "action", "subject", "details", "reason_digest", "digest")
_ON_SQLITE = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in FIXED)
_ON_POSTGRESQL = " OR ".join(f"NEW.{name}::text IS DISTINCT FROM OLD.{name}::text" for name in FIXED)

_SQLITE_TRIGGERS = (
    f"""
    CREATE TRIGGER audit_stays BEFORE UPDATE ON audit WHEN NEW.reason <> '' OR {_ON_SQLITE}
    BEGIN SELECT RAISE(ABORT, 'the audit log never changes'); END
    """,
    """
    CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'nothing leaves the audit log'); END
    """,
    # INSERT OR REPLACE deletes without asking the trigger above.
    """
    CREATE TRIGGER audit_grows BEFORE INSERT ON audit
    WHEN NEW.id <= (SELECT coalesce(max(id), 0) FROM audit)
    BEGIN SELECT RAISE(ABORT, 'the audit log grows at its end'); END
    """,
)
# `audit_end` lets one transaction at a time see the end of the log, and append to it.
_POSTGRESQL_TRIGGERS = (
    """
    CREATE FUNCTION audit_end(lock bigint, OUT id integer, OUT digest bytea) LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(lock);
        SELECT act.id, act.digest INTO id, digest FROM audit act ORDER BY act.id DESC LIMIT 1;
    END $$
    """,
    """
    CREATE FUNCTION audit_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the audit log never changes'; END $$
    """,
    f"""
    CREATE TRIGGER audit_stays BEFORE UPDATE ON audit FOR EACH ROW
    WHEN (NEW.reason <> '' OR {_ON_POSTGRESQL}) EXECUTE FUNCTION audit_never_changes()
    """,
    """
    CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_never_changes()
    """,
    """
    CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_never_changes()
    """,
)


def upgrade() -> None:
    for name in ("reason_digest", "digest"):
        op.add_column("audit", sa.Column(name, sa.LargeBinary(), nullable=False, server_default=""))
    _chain_what_is_there()
    for trigger in _POSTGRESQL_TRIGGERS if _on_postgresql() else _SQLITE_TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    triggers = ("audit_stays", "audit_is_kept")
    triggers += ("audit_is_not_emptied",) if _on_postgresql() else ("audit_grows",)
    for trigger in triggers:
        op.execute(f"DROP TRIGGER {trigger}" + (" ON audit" if _on_postgresql() else ""))
    if _on_postgresql():
        op.execute("DROP FUNCTION audit_never_changes()")
        op.execute("DROP FUNCTION audit_end(bigint)")
    op.drop_column("audit", "digest")
    op.drop_column("audit", "reason_digest")


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _chain_what_is_there() -> None:
    """Link the acts of before, in their order; `checkin.domain.audit` says of what a digest is."""
    key = op.get_bind().get_execution_options()["checkin_audit_key"]
    last, before = 0, b""
    while rows := op.get_bind().execute(_NEXT, {"last": last, "at_once": AT_ONCE}).all():
        linked = []
        for act in rows:
            reason = _keyed(key, f"reason {act.id} {act.reason}")
            said = [
                act.id,
                _microseconds(act.at),
                act.actor,
                act.action,
                act.subject,
                reason.hex(),
                act.details,
            ]
            before = _keyed(key, json.dumps(said, sort_keys=True, separators=(",", ":")), after=before)
            linked.append({"act": act.id, "reason_digest": reason, "digest": before})
        op.get_bind().execute(_LINK, linked)
        last = rows[-1].id


_audit = sa.table(
    "audit",
    *(sa.column(name) for name in ("id", "actor", "action", "subject", "reason")),
    sa.column("at", sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")),
    sa.column("details", sa.JSON()),
    *(sa.column(name, sa.LargeBinary()) for name in ("reason_digest", "digest")),
)
_NEXT = (
    sa.select(_audit)
    .where(_audit.c.id > sa.bindparam("last"))
    .order_by(_audit.c.id)
    .limit(sa.bindparam("at_once"))
)
_LINK = (
    sa.update(_audit)
    .where(_audit.c.id == sa.bindparam("act"))
    .values(reason_digest=sa.bindparam("reason_digest"), digest=sa.bindparam("digest"))
)


def _keyed(key: bytes, text: str, *, after: bytes = b"") -> bytes:
    return hmac.new(key, after + text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def _microseconds(at: int | datetime) -> int:
    return at if isinstance(at, int) else (at.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)
