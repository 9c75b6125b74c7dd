"""The privacy notice in the organisers' own words, every version of it kept; it owns the table notice."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import Base, Instant
from checkin.domain.delegates import NOTICE_VERSION
from checkin.domain.own_words import LANGUAGES, UNPRINTABLE, filled

LONGEST = 12_000
# What stands in for a value of the event.
PLACES = ("event", "organiser")


class NoticeText(Base):
    """What the notice said from a moment on; empty where it was ours. Consents name its number, so it stays."""

    __tablename__ = "notice"

    number: Mapped[int] = mapped_column(primary_key=True)
    en: Mapped[str]
    ms: Mapped[str]
    since: Mapped[datetime] = mapped_column(Instant)
    # As the audit log names whoever wrote it.
    by: Mapped[str]


@dataclass(frozen=True)
class Notice:
    """The notice that holds: its number, 0 where it is ours, and the own texts by language."""

    number: int
    texts: Mapping[str, str]

    @property
    def version(self) -> str:
        """By which a consent names it."""
        return f"{NOTICE_VERSION}.{self.number}" if self.number else NOTICE_VERSION

    def paragraphs(self, language: str, values: Mapping[str, str]) -> Sequence[str]:
        """The own text in a language, or in the other one where it has none; empty where the notice is ours."""
        text = self.texts.get(language) or next(filter(None, self.texts.values()), "")
        return [" ".join(filled(part, values).split()) for part in re.split(r"\n\s*\n", text) if part.strip()]


OURS = Notice(0, {})


def notice(session: Session) -> Notice:
    """The notice that holds now."""
    latest = session.scalar(select(NoticeText).order_by(NoticeText.number.desc()).limit(1))
    if latest is None or not (latest.en or latest.ms):
        return OURS
    return Notice(latest.number, {"en": latest.en, "ms": latest.ms})


def versions(session: Session) -> Sequence[NoticeText]:
    """Every notice in the organisers' words that there was, the latest first."""
    return session.scalars(select(NoticeText).order_by(NoticeText.number.desc())).all()


def problems(texts: Mapping[str, str]) -> Iterator[tuple[str, str, dict[str, object]]]:
    """What is wrong: the language, the code of its sentence in own_words, and what that names."""
    for language in LANGUAGES:
        text = texts[language]
        if len(text) > LONGEST:
            yield language, "too_long", {"most": LONGEST}
        elif UNPRINTABLE.search(text):
            yield language, "unprintable", {}
        for place in re.findall(r"\{([^{}]*)\}", text):
            if place not in PLACES:
                yield language, "notice_place_unknown", {"place": f"{{{place[:40]}}}"}


def set_notice(session: Session, texts: Mapping[str, str], *, by: str, now: datetime) -> Notice:
    """Let the notice say this from now on; our own words again where all of it is empty."""
    session.add(NoticeText(en=texts["en"], ms=texts["ms"], since=now, by=by))
    session.flush()
    return notice(session)
