"""Exports kept under a name, and those asked for a moment ago; it owns named_report and export_order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, CheckConstraint, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import LARGEST_ID, Base, Instant, insert_ignoring
from checkin.errors import Conflict, Forbidden, NotFound, Refusal
from checkin.tokens import new_token, token_hash

KEPT = timedelta(minutes=10)
LONGEST_NAME = 100


@dataclass(frozen=True)
class Choice:
    """What of a kind of export is wanted: filters as the page's form sends them, columns in the file's order."""

    kind: str
    filters: Mapping[str, str] = field(default_factory=dict)
    columns: Sequence[str] = ()
    purpose: str = ""


class NamedReport(Base):
    """A choice under a name, to be exported again."""

    __tablename__ = "named_report"
    __table_args__ = (CheckConstraint(f"length(name) BETWEEN 1 AND {LONGEST_NAME}", name="name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    filters: Mapped[dict[str, str]] = mapped_column(JSON)
    columns: Mapped[list[str]] = mapped_column(JSON)
    purpose: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(Instant)
    made_by: Mapped[str]

    @property
    def choice(self) -> Choice:
        """What it exports."""
        return Choice(self.kind, self.filters, self.columns, self.purpose)


class ExportOrder(Base):
    """An export that its maker alone may fetch, for ten minutes; `report` is its name, if it has one.

    The link to it has 128 random bits, kept as a hash only, so that neither says what was asked for.
    """

    __tablename__ = "export_order"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    kind: Mapped[str]
    form: Mapped[str]
    filters: Mapped[dict[str, str]] = mapped_column(JSON)
    columns: Mapped[list[str]] = mapped_column(JSON)
    purpose: Mapped[str]
    report: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(Instant, index=True)
    made_by: Mapped[str]

    @property
    def choice(self) -> Choice:
        """What is to be exported."""
        return Choice(self.kind, self.filters, self.columns, self.purpose)


# --- exports under a name -----------------------------------------------------------------------------------


def reports(session: Session) -> Sequence[NamedReport]:
    """Every named report, by name."""
    return session.scalars(select(NamedReport).order_by(NamedReport.name)).all()


def the_report(session: Session, report_id: int) -> NamedReport:
    """A report by its id; raises NotFound."""
    found = session.get(NamedReport, report_id) if report_id <= LARGEST_ID else None
    if found is None:
        raise NotFound("no_such_report", "There is no such report any more.")
    return found


def report_named(session: Session, name: str) -> NamedReport:
    """A report by its name; raises NotFound naming those there are."""
    found = {one.name: one for one in reports(session)}
    if name not in found:
        known = f"The reports are: {', '.join(found)}." if found else "There is none yet."
        raise NotFound("no_such_report", f"There is no report “{name}”. {known}")
    return found[name]


def keep_report(session: Session, name: str, choice: Choice, *, actor: str, now: datetime) -> None:
    """Keep a choice under a name; raises Refusal for none, Conflict where another report has it."""
    _refuse_no_name(name)
    row = {"name": name, "made_at": now, "made_by": actor, **_columns(choice)}
    added = insert_ignoring(session, NamedReport.__table__).values(row).returning(NamedReport.id)
    if session.execute(added).first() is None:
        raise _taken()


def rename_report(session: Session, report: NamedReport, *, name: str) -> None:
    """Give a report another name; raises as `keep_report`."""
    _refuse_no_name(name)
    renamed = update(NamedReport).where(NamedReport.id == report.id).values(name=name)
    try:
        with session.begin_nested():
            session.execute(renamed)
    except IntegrityError as error:
        raise _taken() from error


def delete_report(session: Session, report: NamedReport) -> None:
    """Forget a report; what was exported by it stays in the audit log."""
    session.execute(delete(NamedReport).where(NamedReport.id == report.id))


def _refuse_no_name(name: str) -> None:
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Refusal("report_name", "Please give the report a name.")


def _taken() -> Conflict:
    return Conflict("report_name_taken", "Another report has this name already.")


# --- exports asked for ----------------------------------------------------------------------------------------


def order(session: Session, choice: Choice, *, form: str, actor: str, now: datetime, report: str = "") -> str:
    """Keep what somebody asks for; returns the token that fetches it. Orders that are over go at the same time."""
    token = new_token()
    session.execute(delete(ExportOrder).where(ExportOrder.made_at <= now - KEPT))
    session.add(
        ExportOrder(
            token_hash=token_hash(token),
            form=form,
            report=report,
            made_at=now,
            made_by=actor,
            **_columns(choice),
        )
    )
    return token


def ordered(session: Session, token: str, *, actor: str, now: datetime) -> ExportOrder:
    """What a token fetches; raises Refusal once it is over, Forbidden for anybody but its maker."""
    found = session.get(ExportOrder, token_hash(token))
    if found is None or found.made_at <= now - KEPT:
        raise Refusal(
            "export_over", "Links to exports work for ten minutes: please make it again.", status=410
        )
    if found.made_by != actor:
        raise Forbidden("not_your_export", "An export is for whoever made it: please make your own.")
    return found


def forget_orders(session: Session) -> None:
    """No export that was asked for before can be fetched any more."""
    session.execute(delete(ExportOrder))


def forget_reports(session: Session) -> None:
    """No export is kept under a name any more: names, purposes and filters may name people."""
    session.execute(delete(NamedReport))


def _columns(choice: Choice) -> dict[str, Any]:
    return {
        "kind": choice.kind,
        "filters": dict(choice.filters),
        "columns": list(choice.columns),
        "purpose": choice.purpose,
    }
