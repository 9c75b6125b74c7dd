"""Lists of delegates given in the browser; it owns import_run, import_piece and import_remark.

A list is personal data of people who may never come: it is kept in the database alone, in pieces, so that storing it
keeps no door waiting, and deleted once it is applied, at an organiser's word, or a day after anybody last went on.
"""

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary, Select, delete, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from checkin.db import LARGEST_ID, Base, Instant
from checkin.domain.details import Details
from checkin.domain.event import free_places
from checkin.domain.programme import Programme
from checkin.domain.registering import Enrolment, are_known
from checkin.errors import Conflict, NotFound, Refusal

# What a worker does, what an organiser does, and how a run ends.
WORK = ("reading", "checking", "applying")
ASKING = ("matching", "checked", "stopped")
ENDED = ("done", "failed", "deleted")
STATES = ("uploading", *WORK, *ASKING, *ENDED)

PIECE = 1_000_000  # bytes
ROWS_IN_A_PIECE = 500
MOST_ROWS = 100_000
KEPT = timedelta(days=1)
MOST_LISTS = 10
REMARKS = ("rejected", "doubtful", "repeated")

FILE, ROWS, GOOD = "file", "rows", "good"

# A row's line in the file, and its cells.
Line = tuple[int, list[str]]


class ImportRun(Base):
    """One list: what was found in it, what an organiser chose, and how far it is applied.

    `fields` is our field of each column, empty where it is left aside; `counts` what a look at every row found,
    `looks` how often that was done; `pieces` how many its rows make, `applied` how many of them are done.
    """

    __tablename__ = "import_run"
    __table_args__ = (CheckConstraint(f"state IN {STATES}", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = mapped_column(Instant)
    made_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(Instant)
    name: Mapped[str]
    state: Mapped[str]
    header: Mapped[list[str]] = mapped_column(JSON, default=list)
    samples: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    notes: Mapped[list[Any]] = mapped_column(JSON, default=list)
    fields: Mapped[list[str]] = mapped_column(JSON, default=list)
    pending: Mapped[bool] = mapped_column(default=False)
    rows: Mapped[int] = mapped_column(default=0)
    pieces: Mapped[int] = mapped_column(default=0)
    looked: Mapped[int] = mapped_column(default=0)
    looks: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    is_changed: Mapped[bool] = mapped_column(default=False)
    begun_at: Mapped[datetime | None] = mapped_column(Instant)
    begun_by: Mapped[str] = mapped_column(default="")
    applied: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[int] = mapped_column(default=0)
    known: Mapped[int] = mapped_column(default=0)
    failure: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)


class ImportPiece(Base):
    """A part of a list: of the file as it came, of its rows, or of the people whom these rows describe well."""

    __tablename__ = "import_piece"

    run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportRemark(Base):
    """A row that is rejected, doubtful, or somebody's second one: numbered from 0 in each kind, with its cells.

    `said` are the problems, each as its code, its field and what its sentence is about.
    """

    __tablename__ = "import_remark"
    __table_args__ = (CheckConstraint(f"kind IN {REMARKS}", name="kind"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[int]
    said: Mapped[list[Any]] = mapped_column(JSON)
    cells: Mapped[list[str]] = mapped_column(JSON)


@dataclass
class Counts:
    """What would become of a list's rows; `new` ones come in, on the waiting list those without a place.

    `categories` counts the new ones, `doubtful` rows are among the good ones.
    """

    new: int = 0
    waiting: int = 0
    known: int = 0
    rejected: int = 0
    doubtful: int = 0
    repeated: int = 0
    categories: Counter[str] = field(default_factory=Counter)

    @property
    def happens(self) -> tuple[int, int, int]:
        """What depends on who is registered, and so may change while somebody looks at it."""
        return self.new, self.waiting, self.known


def counts_of(run: ImportRun) -> Counts:
    """What the latest look at every row found."""
    kept = {name: value for name, value in run.counts.items() if name != "categories"}
    return Counts(**kept, categories=Counter(run.counts.get("categories", {})))


# --- runs -----------------------------------------------------------------------------------------------------


def make_run(session: Session, *, name: str, actor: str, now: datetime) -> ImportRun:
    """A run whose file is yet to come; raises Conflict while very many lists are kept."""
    kept = select(func.count()).where(ImportRun.deleted_at.is_(None))
    if (session.scalar(kept) or 0) >= MOST_LISTS:
        raise Conflict("too_many_lists", f"{MOST_LISTS} lists are kept at most: delete one first.")
    run = ImportRun(made_at=now, made_by=actor, changed_at=now, name=name, state="uploading")
    session.add(run)
    session.flush()
    return run


def the_run(session: Session, run_id: int, *, hold: bool = False) -> ImportRun:
    """A run; raises NotFound. `hold` keeps others from changing it until the transaction ends."""
    query = select(ImportRun).where(ImportRun.id == run_id)
    run = session.scalar(query.with_for_update() if hold else query) if run_id <= LARGEST_ID else None
    if run is None:
        raise NotFound("unknown_list", "There is no such list.")
    return run


def runs(session: Session, *, at_most: int) -> Sequence[ImportRun]:
    """The latest runs, the newest first."""
    return session.scalars(select(ImportRun).order_by(ImportRun.id.desc()).limit(at_most)).all()


def under_way(session: Session) -> Sequence[int]:
    """The runs that a worker has something to do about."""
    query = select(ImportRun.id).where(ImportRun.state.in_(WORK)).order_by(ImportRun.id)
    return session.scalars(query).all()


def move(run: ImportRun, *, to: str, out_of: Sequence[str], now: datetime) -> None:
    """Take a run, which the caller holds, from one state to another; raises Conflict for one in yet another."""
    if run.state not in out_of:
        raise Conflict("list_went_on", "This list is in another state by now.")
    run.state, run.changed_at, run.failure = to, now, {}


def fail(session: Session, run: ImportRun, refusal: Refusal, *, now: datetime) -> None:
    """Say why a list can't be taken, and delete it."""
    move(run, to="failed", out_of=("reading", "checking"), now=now)
    run.failure = {"code": refusal.code, **refusal.extra}
    drop(session, run, now=now)


def stop(run: ImportRun, *, why: str = "", now: datetime) -> None:
    """Leave the rest of a list for later."""
    move(run, to="stopped", out_of=("applying",), now=now)
    run.failure = {"code": why} if why else {}


# --- what was given ---------------------------------------------------------------------------------------------


def store(session: Session, run_id: int, kind: str, number: int, content: bytes) -> None:
    """Keep a piece; one that a worker left which died is replaced."""
    mine = (ImportPiece.run_id == run_id, ImportPiece.kind == kind, ImportPiece.number == number)
    session.execute(delete(ImportPiece).where(*mine))
    session.execute(insert(ImportPiece).values(run_id=run_id, kind=kind, number=number, content=content))


def file_of(session: Session, run_id: int) -> bytes:
    """The file as it came."""
    query = select(ImportPiece.content).where(ImportPiece.run_id == run_id, ImportPiece.kind == FILE)
    return b"".join(session.scalars(query.order_by(ImportPiece.number)))


def store_rows(session: Session, run_id: int, number: int, rows: Sequence[Line]) -> None:
    """Keep a piece of the rows."""
    store(session, run_id, ROWS, number, _packed(rows))


def rows_of(session: Session, run_id: int, number: int) -> list[Line]:
    """A piece of the rows, with the line of each."""
    return [(line, cells) for line, cells in _unpacked(session, run_id, ROWS, number)]


def store_good(session: Session, run_id: int, number: int, people: Sequence[Details]) -> None:
    """Keep the people whom a piece of the rows describes well."""
    store(session, run_id, GOOD, number, _packed([asdict(person) for person in people]))


def good_of(session: Session, run_id: int, number: int) -> list[Details]:
    """The people whom a piece of the rows describes well."""
    return [Details(**person) for person in _unpacked(session, run_id, GOOD, number)]


def _packed(value: Any) -> bytes:
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), level=1)


def _unpacked(session: Session, run_id: int, kind: str, number: int) -> Any:
    """What was packed; nothing where the list was deleted meanwhile."""
    content = session.scalar(
        select(ImportPiece.content).where(
            ImportPiece.run_id == run_id, ImportPiece.kind == kind, ImportPiece.number == number
        )
    )
    return [] if content is None else json.loads(zlib.decompress(content))


def understand(
    session: Session,
    run: ImportRun,
    *,
    header: Sequence[str],
    samples: Sequence[Sequence[str]],
    notes: Sequence[tuple[str, Mapping[str, object]]],
    fields: Sequence[str],
    rows: int,
    pieces: int,
    now: datetime,
) -> None:
    """Say what was found in a file, which is deleted: its rows are kept by now."""
    move(run, to="matching", out_of=("reading",), now=now)
    run.header, run.samples = list(header), [list(values) for values in samples]
    run.notes, run.fields = [list(note) for note in notes], list(fields)
    run.rows, run.pieces = rows, pieces
    session.execute(delete(ImportPiece).where(ImportPiece.run_id == run.id, ImportPiece.kind == FILE))


def choose(run: ImportRun, *, fields: Sequence[str], pending: bool, now: datetime) -> None:
    """Have every row looked at, with these fields for the columns; raises Conflict where it isn't the time."""
    move(run, to="checking", out_of=("matching", "checked"), now=now)
    run.fields, run.pending, run.is_changed, run.looked = list(fields), pending, False, 0


# --- what a look found ------------------------------------------------------------------------------------------


def forget_remarks(session: Session, run: ImportRun) -> None:
    """Begin another look at every row."""
    session.execute(delete(ImportRemark).where(ImportRemark.run_id == run.id))


def remark(session: Session, run: ImportRun, remarks: Sequence[Mapping[str, Any]]) -> None:
    """Keep what is to be said of rows."""
    if remarks:
        session.execute(insert(ImportRemark), [{"run_id": run.id, **one} for one in remarks])


def remarks(session: Session, run: ImportRun, kind: str, *, page: int, size: int) -> Sequence[ImportRemark]:
    """A page of what is to be said, from 1, in the order of the file."""
    first = (page - 1) * size
    query = _remarks(run).where(
        ImportRemark.kind == kind, ImportRemark.number >= first, ImportRemark.number < first + size
    )
    return session.scalars(query.order_by(ImportRemark.number)).all()


def all_remarks(session: Session, run: ImportRun) -> Iterable[ImportRemark]:
    """All that is to be said, in the order of the file, streamed."""
    query = _remarks(run).order_by(ImportRemark.line, ImportRemark.kind)
    return session.scalars(query, execution_options={"yield_per": 500})


def _remarks(run: ImportRun) -> Select[ImportRemark]:
    return select(ImportRemark).where(ImportRemark.run_id == run.id)


def look_ended(run: ImportRun, counts: Counts, *, now: datetime) -> None:
    """Say what a look at every row found."""
    move(run, to="checked", out_of=("checking",), now=now)
    run.counts, run.looks = {**vars(counts), "categories": dict(counts.categories)}, run.looks + 1


# --- applying ---------------------------------------------------------------------------------------------------


def order(run: ImportRun, *, looks: int, actor: str, now: datetime) -> None:
    """Have a list applied as the look of that number found it; raises Conflict for one that isn't the latest."""
    if run.looks != looks:
        raise Conflict("list_went_on", "This list was looked at again meanwhile.")
    move(run, to="applying", out_of=("checked",), now=now)
    run.begun_by, run.is_changed = actor, False


def would_happen(
    session: Session, people: Iterable[Sequence[Details]], *, programme: Programme, pending: bool
) -> Counts:
    """What becomes of good rows, given in parts, as things stand; raises NotFound for a category that is gone."""
    counts, wanted = Counts(), Counter[int]()
    for part in people:
        known = are_known(session, part)
        new = [one for one, is_known in zip(part, known, strict=True) if not is_known]
        counts.known += len(part) - len(new)
        for category_id, many in Counter(programme.category_named(one.category) for one in new).items():
            wanted[category_id] += many
    counts.new = wanted.total()
    counts.categories = Counter({programme.categories[one].name: many for one, many in wanted.items()})
    if not pending:
        free = free_places(session)
        counts.waiting = sum(max(0, many - free[one]) for one, many in wanted.items() if one in free)
    return counts


def begin(run: ImportRun, *, now: datetime) -> None:
    """The first row is about to be applied: what the organiser saw still holds."""
    run.begun_at = now


def look_again(run: ImportRun, *, now: datetime) -> None:
    """What the organiser saw doesn't hold any more: nothing is applied, and every row looked at again."""
    move(run, to="checking", out_of=("applying",), now=now)
    run.is_changed, run.looked = True, 0


def applied(session: Session, run: ImportRun, enrolled: Enrolment, *, now: datetime) -> bool:
    """Say what became of the next piece; whether it was the last one, with which the good rows are deleted."""
    run.applied += 1
    run.added, run.waiting = run.added + enrolled.added, run.waiting + enrolled.waiting
    run.known += enrolled.known
    run.changed_at = now
    if run.applied < run.pieces:
        return False
    move(run, to="done", out_of=("applying",), now=now)
    session.execute(delete(ImportPiece).where(ImportPiece.run_id == run.id))
    run.samples = []
    return True


# --- deleting ---------------------------------------------------------------------------------------------------


def drop(session: Session, run: ImportRun, *, now: datetime) -> bool:
    """Delete all that a list says of people, its file's name too; False where that was done before."""
    if run.deleted_at is not None:
        return False
    session.execute(delete(ImportPiece).where(ImportPiece.run_id == run.id))
    session.execute(delete(ImportRemark).where(ImportRemark.run_id == run.id))
    run.deleted_at, run.name, run.header, run.samples, run.notes = now, "", [], [], []
    if run.state not in ENDED:
        run.state = "deleted"
    return True


def drop_old(session: Session, *, now: datetime) -> int:
    """Delete the lists with which nobody went on for a day, of one run a call; how many that were."""
    query = _kept().where(ImportRun.changed_at < now - KEPT).limit(1)
    return sum(drop(session, run, now=now) for run in session.scalars(query.with_for_update()).all())


def drop_all(session: Session, *, now: datetime) -> None:
    """Delete every list but those being applied, which end by themselves: one of the people in it may be erased."""
    for run in session.scalars(_kept().with_for_update()).all():
        drop(session, run, now=now)


def _kept() -> Select[ImportRun]:
    query = select(ImportRun).where(ImportRun.deleted_at.is_(None), ImportRun.state != "applying")
    return query.order_by(ImportRun.id)
