"""The frozen settings and the only reader of the environment; it owns no table."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values

from checkin.errors import Refusal
from checkin.tokens import BadgeKey

ROOT = Path(__file__).resolve().parent.parent
DEVELOPMENT_SECRET = "for development only: set CHECKIN_SECRET_KEY"  # noqa: S105 - production refuses it.
DEVELOPMENT_BADGE_KEY = "0" * 64
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})

SETTINGS = {
    "CHECKIN_DATABASE_URL": "the database; sqlite:///instance/checkin.db unless set",
    "CHECKIN_BASE_URL": "the address that people use; http://127.0.0.1:8000 unless set; https means production",
    "CHECKIN_SECRET_KEY": "signs sessions and forms; at least 32 characters",
    "CHECKIN_BADGE_KEY": "every badge code is derived from it; 64 hexadecimal digits; keep a copy in a safe",
    "CHECKIN_SMTP_URL": "the mail server, smtp://user:password@host:587; without it mail waits in the outbox",
    "CHECKIN_MAIL_FROM": "the sender of all mail",
    "CHECKIN_METRICS_TOKEN": "lets a Prometheus on another machine read /metrics",
    "CHECKIN_PROXIES": "how many proxies stand in front and set X-Forwarded-For; 0 unless set",
    "CHECKIN_LIMITS_URL": "where rate limits are counted; redis://… for several machines; memory unless set",
}


@dataclass(frozen=True)
class Config:
    """What one installation is told from outside."""

    database_url: str = f"sqlite:///{ROOT}/instance/checkin.db"
    base_url: str = "http://127.0.0.1:8000"
    secret_key: str = DEVELOPMENT_SECRET
    badge_key: str = DEVELOPMENT_BADGE_KEY
    smtp_url: str | None = None
    mail_from: str = "Checkin <no-reply@localhost>"
    metrics_token: str | None = None
    limits_url: str = "memory://"
    proxies: int = 0
    listens_on: str = "127.0.0.1"
    testing: bool = field(default=False, kw_only=True)

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 8000,
        https: bool = False,
    ) -> "Config":
        """The settings of the environment and, where it says nothing, of `.env`; raises Refusal for unsafe ones.

        `host`, `port` and `https` are what the server listens on; they give the address where none is set.
        """
        given = {**dotenv_values(ROOT / ".env"), **os.environ} if environ is None else dict(environ)
        values = {name.removeprefix("CHECKIN_").lower(): given[name] for name in SETTINGS if given.get(name)}
        if not str(values.get("proxies", 0)).isdecimal():
            raise Refusal("unsafe_settings", "CHECKIN_PROXIES must be a number, such as 1.")
        shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not listened on.
        texts: dict[str, Any] = {
            "base_url": f"{'https' if https else 'http'}://{shown}:{port}",
            "listens_on": host,
        }
        texts |= {name: str(value) for name, value in values.items() if name != "proxies"}
        if "database_url" in values:
            texts["database_url"] = _absolute(texts["database_url"])
        config = cls(**texts, proxies=int(str(values.get("proxies", 0))))
        problems = config.problems()
        if problems:
            raise Refusal("unsafe_settings", "This installation can't start: " + " ".join(problems))
        return config

    @property
    def production(self) -> bool:
        """Whether people elsewhere can reach this: an https address, or one that isn't loopback."""
        address = urlsplit(self.base_url)
        return (
            address.scheme == "https" or address.hostname not in LOOPBACK or self.listens_on not in LOOPBACK
        )

    @property
    def secure(self) -> bool:
        """Whether browsers reach this over https, so that cookies can be kept to it."""
        return urlsplit(self.base_url).scheme == "https"

    @property
    def key(self) -> BadgeKey:
        return BadgeKey(bytes.fromhex(self.badge_key))

    @property
    def sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    def problems(self) -> list[str]:
        """What is wrong with these settings, each as a sentence that says how to mend it."""
        found = []
        if urlsplit(self.base_url).scheme not in {"http", "https"} or not urlsplit(self.base_url).hostname:
            found.append("CHECKIN_BASE_URL must be an address such as https://checkin.example.org.")
        if not self.database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
            found.append("CHECKIN_DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://.")
        if len(self.secret_key) < 32:
            found.append("CHECKIN_SECRET_KEY must have at least 32 characters.")
        if len(self.badge_key) != 64 or not set(self.badge_key.lower()) <= set("0123456789abcdef"):
            found.append("CHECKIN_BADGE_KEY must be 64 hexadecimal digits.")
        return found + (self._production_problems() if self.production else [])

    def _production_problems(self) -> list[str]:
        found = []
        if self.secret_key == DEVELOPMENT_SECRET:
            found.append("CHECKIN_SECRET_KEY is missing: make one with `openssl rand -base64 48`.")
        if self.badge_key == DEVELOPMENT_BADGE_KEY:
            found.append(
                "CHECKIN_BADGE_KEY is missing: make one with `openssl rand -hex 32` and keep a copy."
            )
        return found


def _absolute(url: str) -> str:
    """A SQLite address with the whole path, so that every process means the same file wherever it was started."""
    scheme, separator, path = url.partition("sqlite:///")
    return f"sqlite:///{Path(path).absolute()}" if separator and not scheme else url
