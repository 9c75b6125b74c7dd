"""The scans of the demo event: how its people come, go for lunch, return and leave; it owns no table."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count as counting
from itertools import groupby

from sqlalchemy.orm import Session

from checkin.domain.badges import PrintFilter, badges_to_print
from checkin.domain.doors import Device, PhoneState, note_heard, offer_pairing, pair_device
from checkin.domain.judging import Reading, judge
from checkin.domain.programme import Programme
from checkin.domain.undoing import decide
from checkin.domain.verdicts import REPEAT
from checkin.organisers.demo_dice import Dice
from checkin.tokens import lookup_id, new_id

HOUR = 60 * 60
OPENS, CLOSES = 8 * HOUR, 18 * HOUR
GATES = ("Gate A", "Gate B", "Gate C", "Gate D")
HALL, LOUNGE = "Hall door", "Lounge door"
PHONES = {**dict.fromkeys(GATES, 3), HALL: 2, LOUNGE: 1}
OPERATORS = (
    "Aina",
    "Farhan",
    "Mei Ling",
    "Kavitha",
    "Jun Hao",
    "Siti",
    "Prakash",
    "Edmund",
    "Hui Min",
    "Zul",
)
# Who of a hundred comes on the first, second and third day.
TURNOUT = (85, 75, 60)
# Who of a hundred goes in there on a day; whoever is not named here tries it by mistake.
IN_HALL = {"Delegate": 45, "Speaker": 90, "VIP": 50}
IN_LOUNGE = {"VIP": 60}
MISTAKES = 2
# After every so many visits somebody comes with a badge that opens nothing.
VISITS_PER_REFUSAL = 40
# Phones upload what they have read in the meantime.
UPLOAD_EVERY = timedelta(minutes=15)
INPUTS = {"camera": 94, "wedge": 4, "typed": 2}


@dataclass(frozen=True)
class Visitor:
    """Somebody with a live badge."""

    number: int
    lookup: str
    category: str


@dataclass(frozen=True)
class Step:
    """Somebody at a door, in seconds after midnight."""

    second: int
    door: str
    direction: str


@dataclass(frozen=True)
class Passage:
    """A step as a certain phone reads it."""

    at: datetime
    phone: tuple[str, int]
    direction: str
    lookup: str
    other_event: bool = False


@dataclass
class Phone:
    """A paired phone, when it was heard last, and how many scans it has made."""

    device: Device
    heard_at: datetime
    made: int = 0


def make(
    session: Session,
    wanted: int,
    *,
    days: Sequence[date],
    refused: Sequence[str],
    plan: Programme,
    on_steps: Callable[[int], None],
) -> None:
    """So many scans over some days, as if phones had uploaded them; the badges `refused` open nothing."""
    passages = _passages(wanted, _visitors(session), days=days, refused=refused, plan=plan)
    phones = _paired(session, plan, now=_moment(days[0], OPENS - HOUR, plan))
    for end, upload in groupby(passages, key=lambda passage: _upload_time(passage.at)):
        by_phone = defaultdict(list)
        for passage in upload:
            by_phone[passage.phone].append(passage)
        for place, made in by_phone.items():
            _upload(session, phones[place], made, plan=plan, now=end)
            on_steps(len(made))
    state = PhoneState(waiting=0, roster_age_s=60, battery=0.8)
    for phone in phones.values():
        note_heard(session, phone.device.id, phone=state, skew_ms=0, now=phone.heard_at)


def _visitors(session: Session) -> list[Visitor]:
    rows = badges_to_print(session, PrintFilter(sort="reference"))
    return [Visitor(number, row.Badge.lookup, row.Category.name) for number, row in enumerate(rows)]


def _moment(day: date, second: int, plan: Programme) -> datetime:
    return (datetime.combine(day, time(), plan.zone) + timedelta(seconds=second)).astimezone(UTC)


# --- the phones ---------------------------------------------------------------------------------------------


def _paired(session: Session, plan: Programme, *, now: datetime) -> dict[tuple[str, int], Phone]:
    phones: dict[tuple[str, int], Phone] = {}
    for door, number in PHONES.items():
        for place in ((door, index) for index in range(number)):
            _, code = offer_pairing(session, plan.door_named(door).id, now=now)
            operator = OPERATORS[len(phones) % len(OPERATORS)]
            device, _ = pair_device(session, code, operator=operator, now=now)
            phones[place] = Phone(device, heard_at=now)
    return phones


def _upload_time(at: datetime) -> datetime:
    """When a phone's next upload after a scan arrives."""
    return at + UPLOAD_EVERY - timedelta(seconds=at.timestamp() % UPLOAD_EVERY.total_seconds())


def _upload(
    session: Session, phone: Phone, passages: Sequence[Passage], *, plan: Programme, now: datetime
) -> None:
    readings = [_reading(phone, passage, plan) for passage in passages]
    for judgement in judge(session, phone.device, readings, programme=plan, now=now):
        if judgement.verdict == REPEAT and not judgement.just_now:
            decision = "sent_to_desk" if judgement.id.int % 4 == 0 else "let_in"
            decide(session, phone.device, scan_id=judgement.id, decision=decision, now=now)
    phone.heard_at = now


def _reading(phone: Phone, passage: Passage, plan: Programme) -> Reading:
    phone.made += 1
    return Reading(
        id=new_id(),
        seq=phone.made,
        lookup=passage.lookup,
        other_event=passage.other_event,
        door=plan.door_named(passage.phone[0]),
        direction=passage.direction,
        input=Dice(f"input {passage.lookup} {passage.at}").weigh(INPUTS),
        scanned_at=passage.at,
        skew_ms=0,
        at=passage.at,
        operator=phone.device.operator,
    )


# --- the people ---------------------------------------------------------------------------------------------


def _passages(
    wanted: int, visitors: Sequence[Visitor], *, days: Sequence[date], refused: Sequence[str], plan: Programme
) -> list[Passage]:
    """So many passages in the order of time."""
    made: list[Passage] = []
    for number, (visitor, day, again) in enumerate(_visits(visitors, days)):
        dice = Dice(f"visit {number}")
        steps = _errand(dice) if again else _day(dice, visitor.category)
        made += [
            Passage(
                _moment(day, step.second, plan),
                (step.door, visitor.number % PHONES[step.door]),
                step.direction,
                visitor.lookup,
            )
            for step in steps
            if step.second < CLOSES
        ]
        if number % VISITS_PER_REFUSAL == 0:
            at = _moment(day, _arrival(dice), plan)
            made.append(_turned_away(number // VISITS_PER_REFUSAL, dice.pick(GATES), at, refused))
        if len(made) >= wanted:
            break
    return sorted(made[:wanted], key=lambda passage: passage.at)


def _visits(visitors: Sequence[Visitor], days: Sequence[date]) -> Iterator[tuple[Visitor, date, bool]]:
    """Who comes on which day, in no order; when all have been, they go out and return again and again."""
    dice = Dice("visits")
    everything = [
        (visitor, day)
        for day, turnout in zip(days, TURNOUT, strict=False)
        for visitor in visitors
        if dice.chance(turnout)
    ]
    everything = everything or [(visitors[0], days[0])]
    dice.shuffle(everything)
    for again in counting():
        for visitor, day in everything:
            yield visitor, day, again > 0


def _day(dice: Dice, category: str) -> Iterator[Step]:
    """Somebody's day: in at a gate, perhaps to a hall, out for lunch and back, out in the end."""
    came, gate = _arrival(dice), dice.pick(GATES)
    yield Step(came, gate, "in")
    yield from _looked_at_again(dice, came, gate)
    yield from _inside(dice, came, HALL, percent=IN_HALL.get(category, MISTAKES))
    yield from _inside(dice, came, LOUNGE, percent=IN_LOUNGE.get(category, MISTAKES))
    if came < 12 * HOUR and dice.chance(55):
        left = 12 * HOUR + dice.below(75 * 60)
        # Who is in a hurry isn't scanned on the way out.
        if dice.chance(80):
            yield Step(left, dice.pick(GATES), "out")
        yield Step(left + 25 * 60 + dice.below(HOUR), dice.pick(GATES), "in")
    leaves = 15 * HOUR + dice.below(3 * HOUR)
    if leaves > came and dice.chance(65):
        yield Step(leaves, gate, "out")


def _arrival(dice: Dice) -> int:
    """Two of three come between half past eight and half past nine, most of them at nine."""
    if dice.chance(67):
        return OPENS + HOUR // 2 + (dice.below(HOUR) + dice.below(HOUR)) // 2
    return OPENS + dice.below(8 * HOUR)


def _looked_at_again(dice: Dice, came: int, gate: str) -> Iterator[Step]:
    if dice.chance(5):
        # Held in front of the same phone once more.
        yield Step(came + 5 + dice.below(30), gate, "in")
    if dice.chance(1):
        # A few minutes later at another gate: a copy, or somebody who slipped out.
        yield Step(came + 180 + dice.below(600), dice.pick(GATES), "in")


def _inside(dice: Dice, came: int, door: str, *, percent: int) -> Iterator[Step]:
    if dice.chance(percent):
        entered = came + 10 * 60 + dice.below(2 * HOUR)
        yield Step(entered, door, "in")
        if dice.chance(70):
            yield Step(entered + 30 * 60 + dice.below(HOUR), door, "out")


def _errand(dice: Dice) -> Iterator[Step]:
    left = OPENS + 90 * 60 + dice.below(7 * HOUR)
    yield Step(left, dice.pick(GATES), "out")
    yield Step(left + 5 * 60 + dice.below(40 * 60), dice.pick(GATES), "in")


def _turned_away(number: int, gate: str, at: datetime, refused: Sequence[str]) -> Passage:
    """In turn a badge of somebody who is pending or cancelled, no badge at all, and one of another event."""
    turn = number // 2
    if number % 2 == 0 and refused:
        return Passage(at, (gate, 0), "in", refused[turn % len(refused)])
    return Passage(at, (gate, 0), "in", lookup_id(f"not a badge {turn}"), other_event=turn % 2 == 1)
