"""An index of the trigrams of delegate.search

Revision: 0003, after 0002, of 2026-11-22
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# It keeps which rows hold a trigram and no more (detail=none): how well somebody matches is judged elsewhere.
_SQLITE_UP = (
    """
    CREATE VIRTUAL TABLE search_index USING fts5(
        search, content='delegate', content_rowid='id', tokenize='trigram', detail=none, columnsize=0
    )
    """,
    "INSERT INTO search_index (search_index) VALUES ('rebuild')",
    """
    CREATE TRIGGER search_index_insert AFTER INSERT ON delegate
    BEGIN INSERT INTO search_index (rowid, search) VALUES (NEW.id, NEW.search); END
    """,
    """
    CREATE TRIGGER search_index_delete AFTER DELETE ON delegate
    BEGIN INSERT INTO search_index (search_index, rowid, search) VALUES ('delete', OLD.id, OLD.search); END
    """,
    """
    CREATE TRIGGER search_index_update AFTER UPDATE OF id, search ON delegate
    BEGIN
        INSERT INTO search_index (search_index, rowid, search) VALUES ('delete', OLD.id, OLD.search);
        INSERT INTO search_index (rowid, search) VALUES (NEW.id, NEW.search);
    END
    """,
)
_SQLITE_DOWN = (
    "DROP TRIGGER search_index_update",
    "DROP TRIGGER search_index_delete",
    "DROP TRIGGER search_index_insert",
    "DROP TABLE search_index",
)
# The same trigrams as SQLite's, with spaces and in any locale, which pg_trgm can't give. The cost keeps the
# planner from working them out row by row; a short pending list is quick to read through.
_POSTGRESQL_UP = (
    """
    CREATE FUNCTION search_grams(text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
    AS $$
        SELECT array_to_tsvector(
            ARRAY(SELECT substr($1, at, 3) FROM generate_series(1, length($1) - 2) AS at)
        )
    $$
    """,
    """
    CREATE INDEX search_index ON delegate USING gin (search_grams(search)) WITH (gin_pending_list_limit = 512)
    """,
)
_POSTGRESQL_DOWN = ("DROP INDEX search_index", "DROP FUNCTION search_grams(text)")


def upgrade() -> None:
    for statement in _POSTGRESQL_UP if _on_postgresql() else _SQLITE_UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in _POSTGRESQL_DOWN if _on_postgresql() else _SQLITE_DOWN:
        op.execute(statement)


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
