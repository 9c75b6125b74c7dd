import assert from "node:assert/strict";
import { test } from "node:test";
import { beginning, OUT_OF_VIEW, step } from "../../checkin/static/door/core.js";
import { look, sighted } from "../../checkin/static/door/verdicts.js";
import { BURST, bursts } from "../../checkin/static/door/wedge.js";

const PERSON = { reference: "KL-1", name: "Aina", organisation: "", category: "Delegate", note: null };

/** A state after events, with every effect on the way. */
function after(...events) {
  let state = beginning();
  const effects = [];
  for (const event of events) {
    const [next, caused] = step(state, event);
    state = next;
    effects.push(...caused);
  }
  return { state, effects };
}

const seen = (text, at) => ({ type: "read", text, input: "camera", at });
const judged = (scan, verdict, at, more = {}) => ({
  type: "judged",
  scan,
  at,
  result: { id: scan, verdict, reason: null, delegate: PERSON, first: null, last: null },
  ...more,
});

test("a code that is held in view is read once", () => {
  const { effects } = after(seen("A", 0), seen("A", 700), seen("A", 1400), seen("A", 2800));

  assert.equal(effects.length, 1);
});

test("a code that left the view, or made room for another, is read again", () => {
  const gone = after(seen("A", 0), seen("A", OUT_OF_VIEW));
  const other = after(seen("A", 0), seen("B", 100), seen("A", 200));

  assert.equal(gone.effects.length, 2);
  assert.equal(other.effects.length, 3);
});

test("what a hand scanner types is read each time", () => {
  const wedge = { type: "read", text: "A", input: "wedge", at: 0 };

  assert.equal(after(wedge, wedge).effects.length, 2);
});

test("green goes by itself, amber and red stay two seconds and then as a strip until they are tapped", () => {
  const green = after(judged("1", "admitted", 0), { type: "ticked", at: 1200 });
  const early = after(judged("1", "repeat", 0), { type: "ticked", at: 1900 });
  const late = after(judged("1", "repeat", 0), { type: "ticked", at: 2000 });
  const tapped = after(
    judged("1", "refused", 0),
    { type: "ticked", at: 2000 },
    { type: "dismissed", scan: "1" },
  );

  assert.deepEqual([green.state.shown, green.state.strips], [null, []]);
  assert.equal(early.state.shown?.scan, "1");
  assert.deepEqual([late.state.shown, late.state.strips.length], [null, 1]);
  assert.equal(tapped.state.strips.length, 0);
});

test("the next badge takes the screen at once, and what was not dealt with becomes a strip", () => {
  const { state, effects } = after(judged("1", "refused", 0), judged("2", "admitted", 100));

  assert.equal(state.shown?.scan, "2");
  assert.deepEqual(
    state.strips.map((one) => one.scan),
    ["1"],
  );
  assert.equal(effects.length, 2);
});

test("today's count rises with first entries alone", () => {
  const again = {
    id: "3",
    verdict: "admitted",
    reason: null,
    just_now: true,
    delegate: PERSON,
    first: null,
    last: null,
  };
  const { state } = after(
    { type: "counted", today: 41 },
    judged("1", "admitted", 0),
    judged("2", "returned", 10),
    { ...judged("3", "admitted", 20), result: again },
  );

  assert.equal(state.today, 42);
});

const answered = (scan, before, verdict, at, more = {}) => ({
  type: "answered",
  scan,
  before: { id: scan, verdict: before, reason: null, delegate: null, first: null, last: null },
  result: { id: scan, verdict, reason: null, delegate: PERSON, first: null, last: null },
  at,
  madeAt: at - 100,
  ...more,
});

test("where the server agrees nothing is seen or heard", () => {
  const { state, effects } = after(judged("1", "admitted", 0), answered("1", "admitted", "admitted", 100));
  const greeted = after(judged("2", "admitted", 0), answered("2", "admitted", "returned", 100));

  assert.equal(state.shown?.corrects, false);
  assert.deepEqual([effects.length, greeted.effects.length], [1, 1]);
  assert.equal(greeted.state.today, 0);
});

test("a correction is loud, names the badge and takes the screen while the person is near", () => {
  const { state, effects } = after(judged("1", "admitted", 0), answered("1", "admitted", "repeat", 100));

  assert.equal(state.shown?.corrects, true);
  assert.equal(state.shown?.look.tone, "amber");
  assert.equal(state.shown?.result.delegate?.name, "Aina");
  assert.deepEqual([effects.length, state.today], [2, 0]);
});

test("a correction of an old scan is a strip, and does not cover who stands at the door", () => {
  const late = { at: 900_000, madeAt: 0 };
  const { state } = after(judged("2", "admitted", 899_900), answered("1", "admitted", "refused", 0, late));

  assert.equal(state.shown?.scan, "2");
  assert.deepEqual(
    state.strips.map((one) => [one.scan, one.corrects]),
    [["1", true]],
  );
});

test("many corrections at once are counted, not piled up", () => {
  const late = { at: 900_000, madeAt: 0 };
  const events = ["A", "B", "C", "D", "E"].map((name) => {
    const event = answered(name, "admitted", "repeat", 0, late);
    return { ...event, result: { ...event.result, delegate: { ...PERSON, name } } };
  });

  const { state } = after(...events);

  assert.deepEqual([state.strips.length, state.more], [3, 2]);
});

test("the server's answer to a badge that is not on the list takes the place of the question", () => {
  const let_in = after(judged("1", "unlisted", 0), answered("1", "unlisted", "admitted", 900));
  const refused = after(judged("1", "unlisted", 0), answered("1", "unlisted", "refused", 900));

  assert.deepEqual([let_in.state.shown?.look.tone, let_in.state.shown?.corrects], ["green", false]);
  assert.equal(refused.state.shown?.look.tone, "red");
});

test("a name that only the server knew is added to what is shown", () => {
  const nameless = judged("1", "admitted", 0);
  nameless.result.delegate = null;

  const { state } = after(nameless, answered("1", "admitted", "admitted", 100));

  assert.equal(state.shown?.result.delegate?.name, "Aina");
});

test("the last scan can be undone for a minute, which takes it off the count", () => {
  const { state } = after(judged("1", "admitted", 0), { type: "undone", scan: "1", at: 500 });
  const later = after(judged("1", "admitted", 0), { type: "ticked", at: 60_000 });
  const red = after(judged("1", "refused", 0));

  assert.deepEqual([state.today, state.undoable, state.shown], [0, null, null]);
  assert.deepEqual([later.state.undoable, red.state.undoable], [null, null]);
});

test("a door for both ways falls back to IN after ten idle minutes, a door for exits never", () => {
  const both = [
    { type: "stands", direction: "both" },
    { type: "turned", at: 1000 },
  ];
  const out = { type: "stands", direction: "out" };
  const busy = seen("A", 300_000);

  assert.equal(after(...both, { type: "ticked", at: 500_000 }).state.direction, "out");
  assert.equal(after(...both, { type: "ticked", at: 601_000 }).state.direction, "in");
  assert.equal(after(...both, busy, { type: "ticked", at: 700_000 }).state.direction, "out");
  assert.equal(after(out, { type: "ticked", at: 9_000_000 }).state.direction, "out");
});

test("nobody of protocol is held up", () => {
  const vip = (verdict) => look({ verdict, reason: null, vip: true });

  for (const verdict of ["admitted", "returned", "repeat"]) {
    assert.deepEqual([vip(verdict).tone, vip(verdict).asks, vip(verdict).stays], ["green", false, false]);
  }
  assert.equal(look({ verdict: "refused", reason: "revoked", vip: true }).tone, "red");
});

test("a code that is no badge says what it is, and a TEST badge that it counts nowhere", () => {
  const page = look({ verdict: "refused", reason: "unknown" }, "address");
  const forged = look({ verdict: "refused", reason: "unknown" }, "code");
  const test = look({ verdict: "test", reason: "repeat" });

  assert.deepEqual([page.words[0], forged.words[0]], ["NOT A BADGE", "This badge is not on our list"]);
  assert.ok(page.reason?.[0].includes("web page"));
  assert.match(test.words[0], /^TEST · ALREADY/);
  assert.equal(after(answered("1", "test", "refused", 100)).effects.length, 0);
  assert.equal(test.asks, false);
});

test("every verdict and every reason has words in both languages", () => {
  const reasons = [
    "unknown",
    "other_event",
    "replaced",
    "revoked",
    "cancelled",
    "not_released",
    "pending",
    "not_this_day",
    "not_open",
    "not_this_area",
  ];
  const shown = [
    ...["admitted", "returned", "repeat", "left", "rejected", "held", "unlisted"].map((verdict) =>
      look({ verdict, reason: null }),
    ),
    ...reasons.map((reason) => look({ verdict: "refused", reason })),
  ];

  for (const one of shown) assert.ok(one.words[0] && one.words[1] && one.icon, JSON.stringify(one));
  assert.equal(new Set(shown.map((one) => one.words.join())).size, shown.length);
});

test("times are the event's", () => {
  assert.equal(
    sighted({ at: "2025-09-17T01:41:00Z", door: "Gate B" }, "Asia/Kuala_Lumpur"),
    "09:41 · Gate B",
  );
  assert.equal(sighted(null, "UTC"), "");
});

test("a hand scanner's burst is a text, a finger's typing is not", () => {
  const scanner = bursts();
  const finger = bursts();

  const typed = [..."B37K22"]
    .map((key, place) => scanner(key, 1000 + place * 3))
    .concat(scanner("Enter", 1018));
  const slow = [..."B37K22"]
    .map((key, place) => finger(key, place * (BURST + 40)))
    .concat(finger("Enter", 600));

  assert.equal(typed.at(-1), "B37K22");
  assert.ok(slow.every((text) => text === ""));
});

test("letters that were typed before a burst are not part of it", () => {
  const collect = bursts();
  collect("x", 0);

  const texts = [..."B37K22"]
    .map((key, place) => collect(key, 500 + place * 3))
    .concat(collect("Enter", 520));

  assert.equal(texts.at(-1), "B37K22");
});

test("one person has one strip, and a badge read twice in a minute none", () => {
  const twice = after(judged("1", "repeat", 0), judged("2", "repeat", 3000), { type: "ticked", at: 6000 });
  const result = {
    id: "3",
    verdict: "repeat",
    reason: null,
    just_now: true,
    delegate: PERSON,
    first: null,
    last: null,
  };
  const again = after({ ...judged("3", "repeat", 0), result }, { type: "ticked", at: 2000 });

  assert.deepEqual(
    twice.state.strips.map((one) => one.scan),
    ["2"],
  );
  assert.deepEqual([again.state.shown, again.state.strips], [null, []]);
});
