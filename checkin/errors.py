"""Refusals: the rules that say no, each with a stable code and a sentence; it owns no table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Refusal(Exception):  # noqa: N818 - a rule that says no is no error.
    """A rule said no; `app.py` turns it into a page or problem+json (RFC 9457), the CLI into one line.

    `code` is stable and machine-readable, `sentence` says what is wrong and how to mend it,
    `extra` holds members that are added to the problem document as they are.
    """

    code: str
    sentence: str
    status: int = 422
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sentence


class NotFound(Refusal):
    """What was named does not exist, or is not the asker's to see."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence, status=404)


class Forbidden(Refusal):
    """The asker may not do this."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence, status=403)


class Conflict(Refusal):
    """The present state does not allow it."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence, status=409)
