"""The scanner on a phone as the model has it: what static/door/{store,uploading,knowledge,rule}.js do, in few lines."""

import uuid
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

WAITS, SENT = "waits", "sent"
KUALA_LUMPUR = timedelta(hours=8)
CUTOVER = timedelta(hours=4)
JUST_NOW = timedelta(seconds=60)
REENTRY = timedelta(minutes=20)


def day_of(at: datetime) -> date:
    """The event day of a moment; the model's event is in a zone without summer time."""
    return (at + KUALA_LUMPUR - CUTOVER).date()


@dataclass(frozen=True)
class Kept:
    """A reading as the phone keeps it; `at` is its corrected time, `judged` the server's word."""

    item: dict[str, Any]
    at: datetime
    state: str = WAITS
    judged: str | None = None
    just_now: bool = False
    undone: bool = False

    @property
    def id(self) -> str:
        return str(self.item["id"])

    @property
    def verdict(self) -> str:
        return self.judged or str(self.item["shown"]).split()[0]


@dataclass
class Phone:
    """One phone: its queue, its roster, its clock; `ahead` is how far that is ahead, `skew` what it has measured."""

    number: int
    token: str
    device: uuid.UUID
    ahead: timedelta
    skew: timedelta = timedelta(0)
    epoch: str = ""
    cursor: str | None = None
    stopped: bool = False
    entries: dict[str, str | None] = field(default_factory=dict)
    passages: dict[str, tuple[str, datetime, str]] = field(default_factory=dict)
    voided: set[str] = field(default_factory=set)
    kept: dict[str, Kept] = field(default_factory=dict)
    voids: list[dict[str, Any]] = field(default_factory=list)
    greens: list[tuple[str, date, str]] = field(default_factory=list)

    def scan(self, lookup: str, direction: str, *, now: datetime, scan_id: str) -> Kept | None:
        """Read a badge, keep the scan and only then show what it means; nothing on a phone that was stopped."""
        if self.stopped or not self.epoch:
            return None
        clock = now + self.ahead
        skew = self.skew if abs(self.skew) >= timedelta(seconds=2) else timedelta(0)
        at = clock - skew
        verdict, just_now = self._verdict(lookup, direction, at)
        item = {
            "id": scan_id,
            "seq": len(self.kept) + 1,
            "badge": lookup,
            "scanned_at": clock.isoformat(),
            "skew_ms": skew // timedelta(milliseconds=1),
            "direction": direction,
            "input": "camera",
            "shown": verdict + (" just_now" if just_now else ""),
        }
        one = Kept(item, at, just_now=just_now)
        self.kept[scan_id] = one
        if verdict == "admitted" and not just_now:
            self.greens.append((lookup, day_of(at), scan_id))
        return one

    def _verdict(self, lookup: str, direction: str, at: datetime) -> tuple[str, bool]:
        if lookup not in self.entries:
            return "unlisted", False
        mine = self._mine(lookup, at)
        near = [one for one in mine if one.item["direction"] == direction and abs(one.at - at) <= JUST_NOW]
        earlier = min(near, key=lambda one: abs(one.at - at), default=None)
        if direction == "out":
            return "left", earlier is not None
        reason = self.entries[lookup]
        if reason is not None:
            return "refused", earlier is not None and earlier.verdict == "refused"
        passages = self._passages(lookup, at, mine)
        if earlier is not None and earlier.verdict != "refused":
            return earlier.verdict, True
        if not any(way == "in" for _, way in passages):
            return "admitted", False
        before = [one for one in sorted(passages) if one[0] <= at]
        last, way = before[-1] if before else min(passages)
        return ("returned" if way == "out" or abs(at - last) >= REENTRY else "repeat"), False

    def _mine(self, lookup: str, at: datetime) -> list[Kept]:
        own = [one for one in self.kept.values() if one.item["badge"] == lookup]
        return [
            one
            for one in own
            if not one.undone
            and one.id not in self.voided
            and day_of(one.at) == day_of(at)
            and one.verdict not in {"unlisted", "held"}
        ]

    def _passages(self, lookup: str, at: datetime, mine: list[Kept]) -> list[tuple[datetime, str]]:
        own = [(one.at, str(one.item["direction"])) for one in mine if one.verdict != "refused"]
        others = [
            (when, way)
            for scan, (badge, when, way) in self.passages.items()
            if badge == lookup and scan not in self.kept and scan not in self.voided
        ]
        return own + [(when, way) for when, way in others if day_of(when) == day_of(at)]

    def waiting(self) -> list[dict[str, Any]]:
        """What the server hasn't, oldest first."""
        return [one.item for one in self.kept.values() if one.state == WAITS]

    def settle(self, epoch: str, results: list[dict[str, Any]]) -> None:
        """Take the server's answer for what it names, if it is of the phone's own epoch."""
        if epoch != self.epoch:
            return
        for result in results:
            one = self.kept.get(str(result["id"]))
            if one is not None:
                just_now = bool(result.get("just_now"))
                self.kept[one.id] = replace(one, state=SENT, judged=result["verdict"], just_now=just_now)
        if any(result["verdict"] == "held" for result in results):
            self.stopped = True

    def enter(self, epoch: str) -> None:
        """After a restore everything is offered again."""
        if self.epoch and epoch != self.epoch:
            self.kept = {key: replace(one, state=WAITS) for key, one in self.kept.items()}
        self.epoch = epoch

    def learn(self, told: dict[str, Any]) -> None:
        """Take over a roster, or what has changed in it."""
        if told["whole"]:
            self.entries, self.passages = {}, {}
        for lookup, reason in zip(told["removed"], told["reasons"], strict=True):
            self.entries[lookup] = reason
        for lookup, _card, _category in told["entries"]:
            self.entries[lookup] = None
        for lookup, at, _door, direction, scan in told["passages"]:
            self.passages[scan] = (lookup, datetime.fromisoformat(at), direction)
        self.voided |= set(told["voided"])
        self.cursor = told["cursor"]

    def undo(self, scan_id: str, *, now: datetime, void_id: str) -> None:
        """Undo a scan of one's own, whether the server has it or not."""
        self.kept[scan_id] = replace(self.kept[scan_id], undone=True)
        at = (now + self.ahead - self.skew).isoformat()
        self.voids.append({"id": void_id, "scan": scan_id, "reason": "undone at the door", "at": at})
