"""Acts on many delegates at once: whom, what was shown, and what became of each; it owns bulk_run and bulk_item.

An organiser is shown who would change and who is left out, and why. What was shown is compared with how things stand
before anybody is changed. Each person is then judged once more, by the rule that holds for one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    Row,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from checkin.db import LARGEST_ID, Base, Instant
from checkin.domain.badges import Badge
from checkin.domain.delegate_list import Wanted, selection
from checkin.domain.delegates import Delegate
from checkin.domain.event import Category
from checkin.domain.messages import Message
from checkin.domain.print_runs import UNFINISHED, PrintItem, PrintRun
from checkin.domain.staff import Staff
from checkin.errors import Conflict, NotFound

ACTS = ("confirm", "cancel", "send", "reissue", "print")
UNDOING = {"confirm": "undo_confirm", "cancel": "undo_cancel"}
STATES = ("shown", "applying", "stopped", "done")
# Somebody who is to be changed, and who has been; other outcomes say why somebody is left as they are.
DUE, CHANGED = "due", "changed"
# Within this the same letter isn't sent twice: that was a double click.
AGAIN_AFTER = timedelta(minutes=1)
# What nobody ordered is forgotten after a day; what was done can be undone for an hour.
KEPT = timedelta(days=1)
UNDO_FOR = timedelta(hours=1)
NAMED = 5
NAMED_DIFFERENT = 20


class BulkRun(Base):
    """One act on many: `wanted` is the list that was asked for, nothing where people were ticked or the run is over.

    `day` is the day whose arrivals that list meant, `looks` how often one has looked who would change, `differs`
    what was different at the latest look: how many, and of some the id with both outcomes. `people` is how many the
    run is about, `undoes_id` the run whose changes this one takes back.
    """

    __tablename__ = "bulk_run"
    __table_args__ = (
        CheckConstraint(f"act IN {(*ACTS, *UNDOING.values())}", name="act"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        # Nothing is undone twice.
        Index("uq_bulk_run_undoes_id", "undoes_id", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = mapped_column(Instant)
    made_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(Instant)
    act: Mapped[str]
    state: Mapped[str]
    wanted: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    day: Mapped[date]
    reason: Mapped[str] = mapped_column(default="")
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    looks: Mapped[int] = mapped_column(default=0)
    differs: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    people: Mapped[int] = mapped_column(default=0)
    begun_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    failure: Mapped[str] = mapped_column(default="")
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("bulk_run.id"))
    print_run_id: Mapped[int | None] = mapped_column(ForeignKey("print_run.id"))


class BulkItem(Base):
    """One delegate of a run: the outcome, the state before, and `changed_at` as the run left it."""

    __tablename__ = "bulk_item"
    __table_args__ = (Index("ix_bulk_item_outcome", "run_id", "outcome", "delegate_id"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("bulk_run.id"), primary_key=True)
    # No foreign key: somebody who never confirmed may withdraw, and nothing is kept of them.
    delegate_id: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    before: Mapped[str]
    after: Mapped[datetime | None] = mapped_column(Instant)


@dataclass(frozen=True)
class Shown:
    """A run with who made it, and the number of the run that took its changes back."""

    run: BulkRun
    who: str
    undone_by: int | None


@dataclass(frozen=True)
class Particulars:
    """Of those who are to be changed: how many have no address, and how many never confirmed theirs."""

    without_address: int
    unconfirmed: int


# --- runs -----------------------------------------------------------------------------------------------------


def make_run(
    session: Session,
    act: str,
    *,
    wanted: Wanted | None = None,
    ticked: Sequence[str] = (),
    day: date,
    actor: str,
    now: datetime,
) -> BulkRun:
    """A run about everybody on a list, or those with the references that were ticked; nobody is changed."""
    run = BulkRun(made_at=now, made_by=actor, changed_at=now, act=act, state="shown", day=day)
    run.wanted = None if wanted is None else _kept(wanted)
    session.add(run)
    session.flush()
    _settle_people(session, run, _ticked(ticked) if wanted is None else _listed(session, run), now=now)
    return run


def _ticked(references: Sequence[str]) -> Select[int]:
    return select(Delegate.id).where(Delegate.reference.in_(references))


def _kept(wanted: Wanted) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(wanted).items()
        if value not in (None, "")
    }


def wanted_of(run: BulkRun) -> Wanted | None:
    """The list that a run is about; None where people were ticked, and once it is over."""
    if run.wanted is None:
        return None
    known = {field.name for field in fields(Wanted)}
    given = {name: value for name, value in run.wanted.items() if name in known}
    for name in ("arrived", "absent"):
        if name in given:
            given[name] = date.fromisoformat(given[name])
    return Wanted(**given)


def _listed(session: Session, run: BulkRun) -> Select[int]:
    return selection(session, wanted_of(run) or Wanted(), day=run.day)


def the_run(session: Session, run_id: int, *, hold: bool = False) -> BulkRun:
    """A run; raises NotFound. `hold` keeps others from changing it until the transaction ends."""
    query = select(BulkRun).where(BulkRun.id == run_id)
    run = session.scalar(query.with_for_update() if hold else query) if run_id <= LARGEST_ID else None
    if run is None:
        raise NotFound("unknown_bulk_run", "There is no such change of many, or nobody went on with it.")
    return run


def shown_run(session: Session, run_id: int) -> Shown:
    """A run as its page shows it; raises NotFound."""
    undo = aliased(BulkRun)
    query = (
        select(BulkRun, func.coalesce(Staff.email, BulkRun.made_by), undo.id)
        .outerjoin(Staff, literal("staff:") + cast(Staff.id, String) == BulkRun.made_by)
        .outerjoin(undo, undo.undoes_id == BulkRun.id)
        .where(BulkRun.id == run_id)
    )
    found = session.execute(query).first() if run_id <= LARGEST_ID else None
    if found is None:
        raise NotFound("unknown_bulk_run", "There is no such change of many, or nobody went on with it.")
    return Shown(*found)


def runs(session: Session, *, at_most: int) -> Sequence[Row[BulkRun, int, str]]:
    """The latest runs that were begun, with how many each has changed and who made it, the newest first."""
    changed = select(func.count()).where(BulkItem.run_id == BulkRun.id, BulkItem.outcome == CHANGED)
    query = (
        select(BulkRun, changed.scalar_subquery(), func.coalesce(Staff.email, BulkRun.made_by))
        .outerjoin(Staff, literal("staff:") + cast(Staff.id, String) == BulkRun.made_by)
        .where(BulkRun.state != "shown")
    )
    return session.execute(query.order_by(BulkRun.id.desc()).limit(at_most)).all()


def under_way(session: Session) -> Sequence[int]:
    """The runs that a worker has something to do about."""
    query = select(BulkRun.id).where(BulkRun.state == "applying").order_by(BulkRun.id)
    return session.scalars(query).all()


def move(run: BulkRun, *, to: str, out_of: Sequence[str], now: datetime) -> None:
    """Take a run, which the caller holds, from one state to another; raises Conflict for one in yet another."""
    if run.state not in out_of:
        raise Conflict("bulk_went_on", "This change is in another state by now.")
    run.state, run.changed_at = to, now
    if to == "done":
        # Words that were searched for, and a reason, may name somebody: the audit log has what it needs.
        run.ended_at, run.wanted, run.reason = now, None, ""
    elif to == "stopped":
        run.ended_at = now


def forget(session: Session, *, now: datetime) -> None:
    """Delete what was shown and never ordered for a day."""
    old = select(BulkRun.id).where(BulkRun.state == "shown", BulkRun.changed_at < now - KEPT)
    for run_id in session.scalars(old).all():
        session.execute(delete(BulkItem).where(BulkItem.run_id == run_id))
        session.execute(delete(BulkRun).where(BulkRun.id == run_id))


def forget_words(session: Session) -> None:
    """Keep no words that were searched for, and no reasons, of runs that nobody is at: they may name somebody.

    What was shown and not ordered yet has to be asked for again.
    """
    session.execute(
        delete(BulkItem).where(BulkItem.run_id.in_(select(BulkRun.id).where(BulkRun.state == "shown")))
    )
    session.execute(delete(BulkRun).where(BulkRun.state == "shown"))
    session.execute(update(BulkRun).where(BulkRun.state == "stopped").values(reason="", wanted=None))


# --- who would change -------------------------------------------------------------------------------------------


def _judged(act: str, whom: Select[int], *, now: datetime) -> Select[Any]:
    """For each of some delegates the id, the outcome and the state, as things stand."""
    one = select(
        Delegate.id,
        Delegate.category_id,
        Delegate.status,
        case(*_REASONS[act](now), (Delegate.erased_at.is_not(None), "erased"), else_=DUE).label("outcome"),
    ).where(Delegate.id.in_(whom))
    if act != "confirm":
        judged = one.subquery()
        return select(judged.c.id, judged.c.outcome, judged.c.status)
    # Places are given in the order of registration.
    first = one.subquery()
    turn = func.row_number().over(partition_by=(first.c.category_id, first.c.outcome), order_by=first.c.id)
    second = select(first, turn.label("turn")).subquery()
    full = and_(second.c.outcome == DUE, second.c.turn > Category.capacity - Category.taken)
    return select(second.c.id, case((full, "category_full"), else_=second.c.outcome), second.c.status).join(
        Category, Category.id == second.c.category_id
    )


def _not_confirmed() -> list[Any]:
    gone = and_(Delegate.status == "cancelled", Delegate.erased_at.is_(None))
    return [(gone, "cancelled"), (Delegate.status.not_in(("confirmed", "cancelled")), "not_confirmed")]


def _for_confirm(now: datetime) -> list[Any]:
    gone = and_(Delegate.status == "cancelled", Delegate.erased_at.is_(None))
    return [(gone, "cancelled"), (Delegate.status == "confirmed", "confirmed_before")]


def _for_cancel(now: datetime) -> list[Any]:
    gone = and_(Delegate.status == "cancelled", Delegate.erased_at.is_(None))
    return [(gone, "cancelled_before")]


def _for_send(now: datetime) -> list[Any]:
    lately = select(Message.delegate_id).where(
        Message.kind == "badge", Message.created_at > now - AGAIN_AFTER, Message.delegate_id == Delegate.id
    )
    no_address = and_(Delegate.email.is_(None), Delegate.status == "confirmed")
    return [*_not_confirmed(), (no_address, "no_address"), (lately.exists(), "just_written")]


def _for_reissue(now: datetime) -> list[Any]:
    return _not_confirmed()


def _for_print(now: datetime) -> list[Any]:
    live = select(Badge.id).where(Badge.delegate_id == Delegate.id, Badge.revoked_at.is_(None))
    coming = (
        select(PrintItem.run_id)
        .join(PrintRun, PrintRun.id == PrintItem.run_id)
        .join(Badge, Badge.id == PrintItem.badge_id)
        .where(PrintRun.state.in_(UNFINISHED), Badge.delegate_id == Delegate.id, Badge.revoked_at.is_(None))
    )
    no_badge = and_(Delegate.status == "confirmed", ~live.exists())
    return [*_not_confirmed(), (no_badge, "no_badge"), (coming.exists(), "being_printed")]


_REASONS: Mapping[str, Any] = {
    "confirm": _for_confirm,
    "cancel": _for_cancel,
    "send": _for_send,
    "reissue": _for_reissue,
    "print": _for_print,
}


def _settle_people(session: Session, run: BulkRun, whom: Select[int], *, now: datetime) -> None:
    """Keep whom a run is about, each with the outcome as things stand."""
    judged = _judged(run.act, whom, now=now).subquery()
    ids, outcome, status = judged.c
    kept = select(literal(run.id), ids, outcome, status, cast(null(), Instant))
    columns = ["run_id", "delegate_id", "outcome", "before", "after"]
    session.execute(insert(BulkItem).from_select(columns, kept))
    many = select(func.count()).where(BulkItem.run_id == run.id)
    run.people, run.looks = session.scalar(many) or 0, run.looks + 1


def still_holds(session: Session, run: BulkRun, *, now: datetime) -> bool:
    """Whether what was shown would happen; else it is kept anew with what differs, and to be shown again.

    The caller holds the run.
    """
    ticked = select(BulkItem.delegate_id).where(BulkItem.run_id == run.id)
    whom = ticked if run.wanted is None else _listed(session, run)
    judged = _judged(run.act, whom, now=now).subquery("judged")
    now_id, now_outcome, _status = judged.c
    mine = select(BulkItem.delegate_id, BulkItem.outcome).where(BulkItem.run_id == run.id).subquery("mine")
    gone = (
        select(mine.c.delegate_id, mine.c.outcome.label("was"), cast(null(), String).label("now"))
        .outerjoin(judged, now_id == mine.c.delegate_id)
        .where(now_id.is_(None))
    )
    others = (
        select(now_id, mine.c.outcome, now_outcome)
        .outerjoin(mine, now_id == mine.c.delegate_id)
        .where(or_(mine.c.delegate_id.is_(None), mine.c.outcome != now_outcome))
    )
    different = session.execute(union_all(gone, others)).all()
    if not different:
        return True
    run.differs = {
        "people": len(different),
        "some": [list(one) for one in sorted(different)[:NAMED_DIFFERENT]],
    }
    run.changed_at, run.state = now, "shown"
    if run.wanted is None:
        whom = select(Delegate.id).where(Delegate.id.in_(session.scalars(ticked).all()))
    session.execute(delete(BulkItem).where(BulkItem.run_id == run.id))
    _settle_people(session, run, whom, now=now)
    return False


def tally(session: Session, run: BulkRun) -> Counter[str]:
    """How many have each outcome."""
    query = select(BulkItem.outcome, func.count()).where(BulkItem.run_id == run.id)
    return Counter(dict(session.execute(query.group_by(BulkItem.outcome)).all()))


def some_of_each(session: Session, run: BulkRun, outcomes: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """The references and names of a few of each outcome, and of those who are different, under their ids."""
    parts: list[Any] = [
        select(literal(outcome).label("outcome"), BulkItem.delegate_id)
        .where(BulkItem.run_id == run.id, BulkItem.outcome == outcome)
        .order_by(BulkItem.delegate_id)
        .limit(NAMED)
        .subquery()
        for outcome in outcomes
    ]
    queries = [select(part.c.outcome, part.c.delegate_id) for part in parts]
    different = [one[0] for one in run.differs.get("some", ())]
    if different:
        queries.append(select(cast(Delegate.id, String), Delegate.id).where(Delegate.id.in_(different)))
    if not queries:
        return {}
    few = union_all(*queries).subquery()
    query = select(few.c.outcome, Delegate.reference, Delegate.name).join(
        Delegate, Delegate.id == few.c.delegate_id
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for outcome, reference, name in session.execute(query.order_by(few.c.outcome, Delegate.id)):
        found.setdefault(outcome, []).append((reference, name))
    return found


def particulars(session: Session, run: BulkRun) -> Particulars:
    """What else is to be known of those who are to be changed."""
    query = (
        select(
            func.coalesce(func.sum(case((Delegate.email.is_(None), 1), else_=0)), 0),
            func.coalesce(func.sum(case((Delegate.status == "unconfirmed", 1), else_=0)), 0),
        )
        .select_from(BulkItem)
        .join(Delegate, Delegate.id == BulkItem.delegate_id)
        .where(BulkItem.run_id == run.id, BulkItem.outcome == DUE)
    )
    return Particulars(*map(int, session.execute(query).one()))


# --- changing them ----------------------------------------------------------------------------------------------


def order(
    run: BulkRun, *, looks: int, reason: str, settings: Mapping[str, Any], actor: str, now: datetime
) -> None:
    """Have a run done as the look of that number showed it; raises Conflict for one that isn't the latest."""
    if run.looks != looks:
        raise Conflict("bulk_went_on", "This was looked at again meanwhile.")
    move(run, to="applying", out_of=("shown",), now=now)
    run.made_by, run.reason, run.settings, run.differs = actor, reason, dict(settings), {}


def begin(run: BulkRun, *, now: datetime) -> None:
    """The first person is about to be changed: what the organiser saw still holds."""
    run.begun_at = now


def due(session: Session, run: BulkRun, *, at_most: int) -> Sequence[BulkItem]:
    """Some of those who are still to be changed, in the order of registration."""
    query = select(BulkItem).where(BulkItem.run_id == run.id, BulkItem.outcome == DUE)
    return session.scalars(query.order_by(BulkItem.delegate_id).limit(at_most)).all()


def held(session: Session, items: Sequence[BulkItem]) -> dict[int, Delegate]:
    """The delegates of some items, held until the transaction ends; always in the same order."""
    ids = [item.delegate_id for item in items]
    query = select(Delegate).where(Delegate.id.in_(ids)).order_by(Delegate.id)
    return {one.id: one for one in session.scalars(query.with_for_update())}


def keep_outcomes(
    session: Session, run: BulkRun, outcomes: Mapping[int, tuple[str, datetime | None]]
) -> None:
    """Say what became of some: the outcome, and `changed_at` as it is now."""
    table = BulkItem.__table__.c
    mine = update(BulkItem.__table__).where(  # type: ignore[arg-type]
        table.run_id == run.id, table.delegate_id == bindparam("of")
    )
    session.connection().execute(
        mine.values(outcome=bindparam("became"), after=bindparam("at")),
        [{"of": one, "became": became, "at": at} for one, (became, at) in outcomes.items()],
    )
    session.expire_all()


def badges_of(session: Session, run: BulkRun) -> Sequence[Row[Badge, Delegate, Category]]:
    """The live badges of confirmed delegates among those who are due."""
    query = (
        select(Badge, Delegate, Category)
        .join(Delegate, Delegate.id == Badge.delegate_id)
        .join(Category, Category.id == Delegate.category_id)
        .join(BulkItem, BulkItem.delegate_id == Delegate.id)
        .where(BulkItem.run_id == run.id, BulkItem.outcome == DUE)
        .where(Badge.revoked_at.is_(None), Delegate.status == "confirmed")
    )
    return session.execute(query).all()


def all_ordered(session: Session, run: BulkRun, delegate_ids: Sequence[int]) -> None:
    """Say that the badges of these are in a print run now, and that the others' weren't live any more."""
    mine = update(BulkItem).where(BulkItem.run_id == run.id, BulkItem.outcome == DUE)
    plain = {"synchronize_session": False}
    for start in range(0, len(delegate_ids), 500):
        some = delegate_ids[start : start + 500]
        session.execute(
            mine.where(BulkItem.delegate_id.in_(some)).values(outcome=CHANGED), execution_options=plain
        )
    session.execute(mine.values(outcome="meanwhile"), execution_options=plain)


# --- taking it back ---------------------------------------------------------------------------------------------


def may_be_undone(run: BulkRun, *, now: datetime) -> bool:
    """Whether a run's changes can be taken back at this moment, if nobody has done so."""
    if run.state not in ("done", "stopped") or run.ended_at is None:
        return False
    return (run.act in UNDOING or run.act == "print") and now < run.ended_at + UNDO_FOR


def unchanged_since(session: Session, run: BulkRun) -> int:
    """How many of those whom a run changed are still as it left them."""
    query = (
        select(func.count())
        .select_from(BulkItem)
        .join(Delegate, Delegate.id == BulkItem.delegate_id)
        .where(BulkItem.run_id == run.id, BulkItem.outcome == CHANGED, Delegate.changed_at == BulkItem.after)
    )
    return session.scalar(query) or 0


def refuse_undone(session: Session, run: BulkRun) -> None:
    """Raises Conflict for a run whose changes were taken back."""
    if session.scalar(select(BulkRun.id).where(BulkRun.undoes_id == run.id)) is not None:
        raise Conflict("bulk_went_on", "This was undone already.")


def make_undo(session: Session, run: BulkRun, *, actor: str, now: datetime) -> BulkRun:
    """A run that takes back what another, which the caller holds, has changed; raises Conflict where it can't be."""
    if not may_be_undone(run, now=now) or run.act not in UNDOING:
        raise Conflict("too_late_to_undo", "This can't be undone any more.")
    refuse_undone(session, run)
    undo = BulkRun(made_at=now, made_by=actor, changed_at=now, act=UNDOING[run.act], state="applying")
    undo.day, undo.undoes_id, undo.begun_at = run.day, run.id, now
    session.add(undo)
    session.flush()
    columns = ["run_id", "delegate_id", "outcome", "before", "after"]
    theirs = select(literal(undo.id), BulkItem.delegate_id, literal(DUE), BulkItem.before, BulkItem.after)
    changed = theirs.where(BulkItem.run_id == run.id, BulkItem.outcome == CHANGED)
    session.execute(insert(BulkItem).from_select(columns, changed))
    undo.people = session.scalar(select(func.count()).where(BulkItem.run_id == undo.id)) or 0
    return undo
