"""Runs the production server: granian's worker processes and, beside them, the worker for jobs; it owns no table."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from checkin.config import ROOT, Config
from checkin.lanes import THREADS


def serve(config: Config, *, host: str, port: int, workers: int, https: bool, with_worker: bool) -> None:
    """Serve until a signal ends it; the workers read the same settings from the environment."""
    os.environ["CHECKIN_BASE_URL"] = config.base_url
    certificate = local_certificate(ROOT / "instance" / "https", host) if https else (None, None)
    with _counters(), _jobs(with_worker):
        Server(
            "checkin.app:create_app_from_env",
            factory=True,
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            workers=workers,
            blocking_threads=THREADS,
            websockets=False,
            log_level=LogLevels.warning,
            ssl_cert=certificate[0],
            ssl_key=certificate[1],
            respawn_failed_workers=True,
        ).serve()


@contextmanager
def _counters() -> Iterator[None]:
    """A folder in which the server's processes add up what `/metrics` shows."""
    with tempfile.TemporaryDirectory(prefix="checkin-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


@contextmanager
def _jobs(wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    worker = subprocess.Popen([sys.executable, "-m", "checkin.cli", "worker"])
    try:
        yield
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(timeout=30)


def local_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """A certificate of this machine's own, to try phones out with; made once, its root beside it.

    Returns the certificate chain and its private key. A browser trusts it once `root.pem` is installed on it.
    """
    chain, key, root = (folder / name for name in ("chain.pem", "key.pem", "root.pem"))
    if not chain.exists():
        folder.mkdir(parents=True, exist_ok=True)
        authority = trustme.CA(organization_name="Checkin on this machine")
        names = {host, "localhost", "127.0.0.1", "::1", socket.gethostname()} - {"0.0.0.0", "::"}  # noqa: S104
        issued = authority.issue_cert(*sorted(names))
        key.touch(mode=0o600)
        issued.private_key_pem.write_to_path(str(key))
        authority.cert_pem.write_to_path(str(root))
        with chain.open("wb") as file:
            file.writelines(pem.bytes() for pem in issued.cert_chain_pems)
    return chain, key
