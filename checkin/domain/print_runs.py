"""Print runs: which badges, in which order, by whom; it owns print_run, print_item, print_batch and print_piece.

A run's badges are settled when it is made. They come in batches, a file each; a file is kept in pieces, so that
storing it keeps no door waiting, until a while after the run.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Row,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import LARGEST_ID, Base, Instant
from checkin.domain import badges, blanks
from checkin.domain.badges import Badge, PrintFilter
from checkin.domain.blanks import Blank, Printed, Unnamed
from checkin.domain.delegates import Delegate
from checkin.domain.event import Category
from checkin.errors import Conflict, NotFound, Refusal

UNDER_WAY = ("waiting", "printing")
# Those that stopped may go on.
UNFINISHED = (*UNDER_WAY, "failed")
PIECE = 1_000_000  # bytes
FILES_KEPT = timedelta(days=14)
LARGEST_BATCH, LARGEST_BOX = 20_000, 10_000


class PrintRun(Base):
    """One print run; `wanted` is its filter in words, `badges` how many it has."""

    __tablename__ = "print_run"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'printing', 'done', 'cancelled', 'failed')", name="state"),
        CheckConstraint("batch_size > 0 AND box_size > 0", name="sizes"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = mapped_column(Instant)
    made_by: Mapped[str]
    wanted: Mapped[dict[str, Any]] = mapped_column(JSON)
    layout: Mapped[str]
    bleed: Mapped[bool]
    badges: Mapped[int]
    batch_size: Mapped[int]
    box_size: Mapped[int]
    state: Mapped[str]
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    failure: Mapped[str] = mapped_column(default="")

    @property
    def batches(self) -> int:
        """How many files it makes."""
        return ceil(self.badges / self.batch_size)


class PrintItem(Base):
    """A badge of a run and its place in it, from 0; `left_out` where it was no longer live when its turn came."""

    __tablename__ = "print_item"
    __table_args__ = (Index("uq_print_item_badge_id_run_id", "badge_id", "run_id", unique=True),)

    run_id: Mapped[int] = mapped_column(ForeignKey("print_run.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    badge_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("badge.id"))
    left_out: Mapped[bool] = mapped_column(default=False)


class PrintBatch(Base):
    """A batch, from 1, whose file is made: how many badges it has, its bytes, and which references lack a glyph."""

    __tablename__ = "print_batch"

    run_id: Mapped[int] = mapped_column(ForeignKey("print_run.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    printed: Mapped[int]
    size: Mapped[int]
    lacking: Mapped[list[str]] = mapped_column(JSON)
    made_at: Mapped[datetime] = mapped_column(Instant)


class PrintPiece(Base):
    """A part of a batch's file."""

    __tablename__ = "print_piece"

    run_id: Mapped[int] = mapped_column(ForeignKey("print_run.id"), primary_key=True)
    batch: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True)
class Order:
    """What is ordered from the printer: the layout, how many badges a file has, and how many a box."""

    layout: str = "a6"
    bleed: bool = False
    batch_size: int = 1_000
    box_size: int = 100


@dataclass(frozen=True)
class Slot:
    """Where a badge is found when it is handed out: the run, the box and the place in it, from 1."""

    run_id: int
    printed_at: datetime
    box: int
    place: int


@dataclass(frozen=True)
class Progress:
    """How far a run has come, in badges and files; `left_out` were no longer live when their turn came."""

    printed: int
    files: int
    left_out: int


def matching(session: Session, wanted: PrintFilter) -> Sequence[Row[Badge, Delegate, Category]]:
    """The badges that a run with this filter would have, in its order.

    Of those never printed, the ones that another run is about to print, or may go on to print, are left out.
    """
    rows = badges.badges_to_print(session, wanted)
    taken = _taken(session) if wanted.unprinted else set()
    return [row for row in rows if row.Badge.id not in taken]


def _taken(session: Session) -> set[uuid.UUID]:
    coming = select(PrintItem.badge_id).join(PrintRun).where(PrintRun.state.in_(UNFINISHED))
    return set(session.scalars(coming))


def _hold_orders(session: Session) -> None:
    """Keep others from ordering until the transaction ends, so that two don't order the same unprinted badges."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE print_run IN SHARE ROW EXCLUSIVE MODE"))


def make_run(
    session: Session,
    wanted: PrintFilter,
    found: Sequence[Row[Badge, Delegate, Category]],
    *,
    order: Order,
    words: dict[str, Any],
    actor: str,
    now: datetime,
) -> PrintRun:
    """A run of what was found to match: looking and sorting take a second, in which no door should wait.

    Raises Refusal where nothing is left of it, or for sizes that are none.
    """
    if not (1 <= order.batch_size <= LARGEST_BATCH and 1 <= order.box_size <= LARGEST_BOX):
        raise Refusal("print_sizes", f"A file has 1 to {LARGEST_BATCH} badges, and a box 1 to {LARGEST_BOX}.")
    _hold_orders(session)
    taken = _taken(session) if wanted.unprinted else set()
    rows = [row for row in found if row.Badge.id not in taken]
    if not rows:
        raise Refusal("nothing_to_print", "No live badge matches: there is nothing to print.")
    return _kept(session, rows, order=order, words=words, state="waiting", actor=actor, now=now)


def record_run(
    session: Session,
    rows: Sequence[Row[Badge, Delegate, Category]],
    *,
    order: Order,
    words: dict[str, Any],
    lacking: Sequence[str],
    actor: str,
    now: datetime,
) -> PrintRun:
    """Keep a run that was printed at once, into a file elsewhere."""
    run = _kept(session, rows, order=order, words=words, state="done", actor=actor, now=now)
    run.ended_at = now
    printed = [row.Badge.id for row in rows]
    store_batch(session, run, 1, printed=printed, size=0, lacking=lacking, now=now)
    return run


def make_blank_run(
    session: Session,
    made: Sequence[Blank],
    *,
    order: Order,
    actor: str,
    now: datetime,
    state: str = "waiting",
) -> PrintRun:
    """A run of blank badges, which has no items: its numbers say which they are."""
    words = {"blanks": [made[0].number, made[-1].number], "category": str(made[0].category_id)}
    sizes = {"batch_size": order.batch_size, "box_size": order.box_size}
    run = PrintRun(made_at=now, made_by=actor, wanted=words, badges=len(made), state=state, **sizes)
    run.layout, run.bleed = order.layout, order.bleed
    session.add(run)
    session.flush()
    return run


def record_blanks(
    session: Session,
    run: PrintRun,
    *,
    printed: Sequence[uuid.UUID],
    lacking: Sequence[str],
    now: datetime,
) -> None:
    """Keep that a run of blanks was printed at once, into a file elsewhere."""
    run.state, run.ended_at = "done", now
    store_batch(session, run, 1, printed=printed, size=0, lacking=lacking, now=now)


def _kept(
    session: Session,
    rows: Sequence[Row[Badge, Delegate, Category]],
    *,
    order: Order,
    words: dict[str, Any],
    state: str,
    actor: str,
    now: datetime,
) -> PrintRun:
    sizes = {"batch_size": order.batch_size, "box_size": order.box_size}
    run = PrintRun(made_at=now, made_by=actor, wanted=words, badges=len(rows), state=state, **sizes)
    run.layout, run.bleed = order.layout, order.bleed
    session.add(run)
    session.flush()
    items = [
        {"run_id": run.id, "position": position, "badge_id": row.Badge.id}
        for position, row in enumerate(rows)
    ]
    session.execute(insert(PrintItem), items)
    return run


def the_run(session: Session, run_id: int, *, hold: bool = False) -> PrintRun:
    """A run; raises NotFound. `hold` keeps others from changing it until the transaction ends."""
    query = select(PrintRun).where(PrintRun.id == run_id)
    run = session.scalar(query.with_for_update() if hold else query) if run_id <= LARGEST_ID else None
    if run is None:
        raise NotFound("unknown_run", "There is no such print run.")
    return run


def runs(session: Session, *, at_most: int) -> Sequence[tuple[PrintRun, Progress]]:
    """The latest runs with how far each has come, the newest first."""
    found = session.scalars(select(PrintRun).order_by(PrintRun.id.desc()).limit(at_most)).all()
    done = _progress(session, [run.id for run in found])
    return [(run, _of(run, done.get(run.id, (0, 0)))) for run in found]


def under_way(session: Session) -> Sequence[int]:
    """The runs that are waiting or being printed."""
    return session.scalars(
        select(PrintRun.id).where(PrintRun.state.in_(UNDER_WAY)).order_by(PrintRun.id)
    ).all()


def progress(session: Session, run: PrintRun) -> Progress:
    """How far a run has come."""
    return _of(run, _progress(session, [run.id]).get(run.id, (0, 0)))


def _progress(session: Session, run_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    query = (
        select(PrintBatch.run_id, func.sum(PrintBatch.printed), func.count())
        .where(PrintBatch.run_id.in_(run_ids))
        .group_by(PrintBatch.run_id)
    )
    return {run_id: (int(printed), files) for run_id, printed, files in session.execute(query)}


def _of(run: PrintRun, done: tuple[int, int]) -> Progress:
    printed, files = done
    return Progress(printed, files, min(files * run.batch_size, run.badges) - printed)


def made_batches(session: Session, run_id: int) -> Sequence[PrintBatch]:
    """The batches whose files are made, in order."""
    query = select(PrintBatch).where(PrintBatch.run_id == run_id).order_by(PrintBatch.number)
    return session.scalars(query).all()


def kept_files(session: Session, run_id: int) -> set[int]:
    """The batches whose files are still here."""
    return set(session.scalars(select(PrintPiece.batch).where(PrintPiece.run_id == run_id).distinct()))


def next_batch(session: Session, run: PrintRun) -> int | None:
    """The first batch without a file; None where all have one."""
    made = {batch.number for batch in made_batches(session, run.id)}
    return next((number for number in range(1, run.batches + 1) if number not in made), None)


def to_print(
    session: Session, run: PrintRun, number: int
) -> Sequence[Row[Badge, Delegate, Category] | Printed]:
    """What is still to be printed of a batch, in its order: badges that are live, of confirmed delegates."""
    first = (number - 1) * run.batch_size
    if "blanks" in run.wanted:
        begins, ends = run.wanted["blanks"]
        return blanks.to_print(session, begins + first, min(begins + first + run.batch_size - 1, ends))
    query = (
        select(Badge, Delegate, Category)
        .join(PrintItem, PrintItem.badge_id == Badge.id)
        .join(Delegate, Delegate.id == Badge.delegate_id)
        .join(Category, Category.id == Delegate.category_id)
        .where(
            PrintItem.run_id == run.id,
            PrintItem.position >= first,
            PrintItem.position < first + run.batch_size,
            Badge.revoked_at.is_(None),
            Delegate.status == "confirmed",
        )
        .order_by(PrintItem.position)
    )
    if run.wanted.get("only") == "unprinted":
        # Another run may have been ordered and printed while this one was stopped.
        query = query.where(Badge.printed_at.is_(None))
    return session.execute(query).all()


def packing_list(session: Session, run: PrintRun) -> Iterator[tuple[int, int, Delegate | Unnamed, str]]:
    """Box, place in it, delegate and category's name of each badge of a run, in order."""
    if "blanks" in run.wanted:
        for position, one in enumerate(blanks.to_print(session, *run.wanted["blanks"])):
            yield position // run.box_size + 1, position % run.box_size + 1, one.Delegate, one.Category.name
        return
    query = (
        select(PrintItem.position, Delegate, Category.name)
        .join(Badge, Badge.id == PrintItem.badge_id)
        .join(Delegate, Delegate.id == Badge.delegate_id)
        .join(Category, Category.id == Delegate.category_id)
        .where(PrintItem.run_id == run.id, PrintItem.left_out.is_(False))
        .order_by(PrintItem.position)
    )
    for position, delegate, category in session.execute(query):
        yield position // run.box_size + 1, position % run.box_size + 1, delegate, category


def left_out(session: Session, run_id: int, *, at_most: int) -> Sequence[str]:
    """The references of delegates whose badges a run left out, in its order."""
    query = (
        select(Delegate.reference)
        .join(Badge, Badge.delegate_id == Delegate.id)
        .join(PrintItem, PrintItem.badge_id == Badge.id)
        .where(PrintItem.run_id == run_id, PrintItem.left_out)
        .order_by(PrintItem.position)
        .limit(at_most)
    )
    return session.scalars(query).all()


def last_slot(session: Session, delegate_id: int) -> Slot | None:
    """Where the delegate's live badge lies, by the last run that printed it."""
    query = (
        select(PrintRun, PrintItem.position, PrintBatch.made_at)
        .join(PrintItem, PrintItem.run_id == PrintRun.id)
        .join(Badge, Badge.id == PrintItem.badge_id)
        .join(
            PrintBatch,
            (PrintBatch.run_id == PrintRun.id)
            & (PrintBatch.number == PrintItem.position // PrintRun.batch_size + 1),
        )
        .where(
            Badge.delegate_id == delegate_id,
            Badge.revoked_at.is_(None),
            PrintItem.left_out.is_(False),
        )
        .order_by(PrintRun.id.desc())
        .limit(1)
    )
    found = session.execute(query).first()
    if found is None:
        return None
    run, position, made_at = found
    return Slot(run.id, made_at, position // run.box_size + 1, position % run.box_size + 1)


def begin(session: Session, run: PrintRun) -> bool:
    """Say that a run is being printed; False where it isn't to be any more."""
    if run.state in UNDER_WAY:
        run.state = "printing"
    return run.state == "printing"


def store_piece(session: Session, run_id: int, batch: int, *, number: int, content: bytes) -> None:
    """Keep a part of a file; one that a worker left which died is replaced."""
    mine = (PrintPiece.run_id == run_id, PrintPiece.batch == batch)
    session.execute(delete(PrintPiece).where(*mine, PrintPiece.number >= number))
    session.execute(insert(PrintPiece).values(run_id=run_id, batch=batch, number=number, content=content))


def store_batch(
    session: Session,
    run: PrintRun,
    number: int,
    *,
    printed: Sequence[uuid.UUID],
    size: int,
    lacking: Sequence[str],
    now: datetime,
) -> None:
    """Say that a batch's file is whole, and its badges printed."""
    session.add(
        PrintBatch(
            run_id=run.id, number=number, printed=len(printed), size=size, lacking=list(lacking), made_at=now
        )
    )
    if "blanks" in run.wanted:
        blanks.mark_printed(session, printed, now=now)
        return
    badges.mark_printed(session, printed, now=now)
    first = (number - 1) * run.batch_size
    theirs = (
        PrintItem.run_id == run.id,
        PrintItem.position >= first,
        PrintItem.position < first + run.batch_size,
    )
    gone = set(session.scalars(select(PrintItem.badge_id).where(*theirs))) - set(printed)
    if gone:
        session.execute(
            update(PrintItem).where(*theirs, PrintItem.badge_id.in_(sorted(gone))).values(left_out=True)
        )


def end(session: Session, run: PrintRun, *, state: str, now: datetime, failure: str = "") -> bool:
    """End a run that is under way; False where it had ended before."""
    if run.state not in UNDER_WAY:
        return False
    run.state, run.ended_at, run.failure = state, now, failure
    return True


def go_on(session: Session, run: PrintRun) -> None:
    """Have a run that failed or was cancelled go on where it stopped; raises Conflict for another."""
    if run.state not in ("failed", "cancelled"):
        raise Conflict("run_not_stopped", "This print run hasn't stopped.")
    run.state, run.ended_at, run.failure = "waiting", None, ""


def file_of(session: Session, run_id: int, batch: int) -> bytes:
    """A batch's file; empty where it is gone or not made."""
    if max(run_id, batch) > LARGEST_ID:
        return b""
    query = (
        select(PrintPiece.content)
        .join(PrintBatch, (PrintBatch.run_id == PrintPiece.run_id) & (PrintBatch.number == PrintPiece.batch))
        .where(PrintPiece.run_id == run_id, PrintPiece.batch == batch)
        .order_by(PrintPiece.number)
    )
    return b"".join(session.scalars(query))


def drop_old_files(session: Session, *, now: datetime) -> int:
    """Delete the files of runs that ended two weeks ago, of one run a call; how many pieces went."""
    old = select(PrintRun.id).where(PrintRun.ended_at < now - FILES_KEPT)
    run_id = session.scalar(select(PrintPiece.run_id).where(PrintPiece.run_id.in_(old)).limit(1))
    if run_id is None:
        return 0
    gone: Any = session.execute(delete(PrintPiece).where(PrintPiece.run_id == run_id))
    return int(gone.rowcount)
