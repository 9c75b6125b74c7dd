"""Starts the real servers that tests and benchmarks talk to: a throw-away PostgreSQL, and Checkin itself."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from checkin.config import SETTINGS

ACCOUNT = "checkin"
# The temporary data needs none of what makes a commit durable.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# A database a test adds up; a container's /dev/shm often has 64 MB.
MEMORY, MEMORY_NEEDED = Path("/dev/shm"), 8 * 1024**3
PATIENCE = 30.0


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on; the system hands it to nobody else for a while."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- PostgreSQL ---------------------------------------------------------------------------------------------


@dataclass
class PostgreSQL:
    """A running server: its port of 127.0.0.1, where it trusts whoever asks, its folder and its process."""

    port: int
    folder: Path
    command: list[str]
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Run it, also again after its death; returns once it answers."""
        log = self.folder / "log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            _wait_until(lambda: _accepts(self.port), self.process, log)
        except BaseException:
            self.process.kill()
            raise

    def kill(self) -> None:
        """End all of its processes at once, with nothing said or written."""
        family = [
            *psutil.Process(self.process.pid).children(recursive=True),
            psutil.Process(self.process.pid),
        ]
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait()
        psutil.wait_procs(family)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{ACCOUNT}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Make a database, as a copy of another one that nobody is connected to; returns its URL."""
        # Copied as files, which takes half of the time that copying by the log does.
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._run("DROP DATABASE {} WITH (FORCE)", name)

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(_address(self.port), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def postgresql(*, durable: bool = False, settings: Mapping[str, str] | None = None) -> Iterator[PostgreSQL]:
    """A PostgreSQL of the system's own programs, gone afterwards with its data, and with a killed test run.

    `durable` keeps a production server's fsync, for measurements; `settings` are those of postgresql.conf.
    """
    # Not in pytest's own folder, which another account can't enter.
    place = None if durable else memory()
    with tempfile.TemporaryDirectory(prefix="checkin-postgresql-", dir=place) as name:
        folder, account = Path(name), _unprivileged_account()
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        _make_cluster(folder, account)
        with _running(folder, account, _options(folder, durable=durable) | dict(settings or {})) as server:
            yield server


def memory() -> Path | None:
    """Where files are kept in memory, which makes a database in half the time; None without room."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED else None


def _make_cluster(folder: Path, account: pwd.struct_passwd | None) -> None:
    options = ("--auth=trust", f"--username={ACCOUNT}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
    command = [*_become(account), _program("initdb"), *options, f"--pgdata={folder / 'data'}"]
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)


def _options(folder: Path, *, durable: bool) -> dict[str, str]:
    reach = {
        "listen_addresses": "127.0.0.1",
        "port": str(free_port()),
        "unix_socket_directories": str(folder),
    }
    # Among hundreds of databases autovacuum would never rest.
    return {**reach, "max_connections": "200", **({} if durable else {**CARELESS, "autovacuum": "off"})}


@contextmanager
def _running(
    folder: Path, account: pwd.struct_passwd | None, options: Mapping[str, str]
) -> Iterator[PostgreSQL]:
    command = [*_become(account), _program("postgres"), "-D", str(folder / "data")]
    command += [f"--{name}={value}" for name, value in options.items()]
    server = PostgreSQL(int(options["port"]), folder, command)
    try:
        yield server
    finally:
        # SIGINT is PostgreSQL's fast shutdown: it waits for no client.
        _end(server.process, signal.SIGINT)


def _address(port: int) -> str:
    return f"postgresql://{ACCOUNT}@127.0.0.1:{port}/postgres?connect_timeout=2"


def _accepts(port: int) -> bool:
    try:
        psycopg.connect(_address(port)).close()
    except psycopg.OperationalError:
        return False
    return True


def _program(name: str) -> str:
    """One of PostgreSQL's programs; Debian keeps them off the PATH, in a folder per version."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    found = str(installed[-1]) if installed else shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"PostgreSQL's {name} is not installed: run `make test`, which installs it")
    return found


def _unprivileged_account() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as when we are root, whom it refuses; None where we may run it as ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _become(account: pwd.struct_passwd | None) -> list[str]:
    """The beginning of a command that runs as `account`, and ends when we do, however we end."""
    who = ("--reuid={0.pw_uid}", "--regid={0.pw_gid}", "--clear-groups") if account else ()
    return ["setpriv", "--pdeathsig=INT", *(option.format(account) for option in who), "--"]


# --- Checkin ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Checkin:
    """A running `checkin serve`: where it answers, its process (the leader of its group) and its log."""

    base_url: str
    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """End all of its processes at once, with nothing said or written."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(
    database_url: str, *, workers: int = 2, env: Mapping[str, str] | None = None, port: int | None = None
) -> Iterator[str]:
    """The address of a production server of its own on this database, ended afterwards."""
    with checkin_server(database_url, workers=workers, env=env, port=port) as server:
        yield server.base_url


@contextmanager
def checkin_server(
    database_url: str, *, workers: int = 2, env: Mapping[str, str] | None = None, port: int | None = None
) -> Iterator[Checkin]:
    """What `serving` starts, with its process and log, for tests that kill it or read its log."""
    port = port or free_port()
    command = [str(Path(sys.executable).with_name("checkin")), "serve", "--no-worker", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", str(workers)]
    with tempfile.TemporaryDirectory(prefix="checkin-serving-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=environment(database_url, env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        server = Checkin(f"http://127.0.0.1:{port}", process, log)
        try:
            _wait_until(lambda: _is_healthy(server.base_url), process, log)
            yield server
        finally:
            _end_group(process)


def environment(database_url: str, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with no setting of Checkin's but these; an empty one beats `.env` too."""
    return {**os.environ, **dict.fromkeys(SETTINGS, ""), "CHECKIN_DATABASE_URL": database_url, **(env or {})}


def _is_healthy(base_url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base_url}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


# --- processes ----------------------------------------------------------------------------------------------


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Return as soon as `ready` says so; raises with the end of the log if that fails."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            state = "takes too long" if process.returncode is None else f"ended with {process.returncode}"
            raise RuntimeError(f"{process.args!r} {state}:\n{log.read_text(errors='replace')[-4000:]}")
        time.sleep(0.02)


def _end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    process.send_signal(how)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a server and then whatever it has left behind in its process group."""
    try:
        _end(process, signal.SIGTERM)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
