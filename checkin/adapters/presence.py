"""Tells which processes live: each holds a lock on its name, gone with the process; it owns no table."""

import fcntl
import hashlib
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

# A machine that vanished without a word is noticed after a minute, not after the two hours of Linux.
_NOTICE_SILENCE = """
    SELECT set_config('tcp_keepalives_idle', '30', false),
           set_config('tcp_keepalives_interval', '10', false),
           set_config('tcp_keepalives_count', '3', false)
"""


class Presence(Protocol):
    """A name that one process at a time has."""

    def take(self) -> bool:
        """Whether the name is this process's from now on; False while another has it."""

    def keep(self) -> bool:
        """Whether the name is still this process's, taken again where the lock was lost."""

    def leave(self) -> None:
        """Others may have the name."""


def presence(engine: Engine, name: str) -> Presence:
    """A name among the processes that use this database."""
    return _OnPostgreSQL(engine, name) if engine.dialect.name == "postgresql" else _OnSQLite(engine, name)


class _OnSQLite:
    """A locked file beside the database's, since all of its processes are on one machine."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._path = Path(f"{engine.url.database}.{name}.lock")
        self._file: IO[str] | None = None

    def take(self) -> bool:
        file = self._path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def keep(self) -> bool:
        return True

    def leave(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class _OnPostgreSQL:
    """An advisory lock of a connection of its own."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        digest = hashlib.sha256(b"checkin presence\0" + name.encode()).digest()
        self._key = int.from_bytes(digest[:8], "big", signed=True)
        self._connection: Connection | None = None

    def take(self) -> bool:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        # Out of the pool, where the lock would outlive the closing.
        connection.detach()
        connection.execute(text(_NOTICE_SILENCE))
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}):
            connection.close()
            return False
        self._connection = connection
        return True

    def keep(self) -> bool:
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))
                return True
        except DBAPIError:
            # The server was started again, or the network failed.
            self.leave()
        return self.take()

    def leave(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
