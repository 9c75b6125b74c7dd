import assert from "node:assert/strict";
import { test } from "node:test";
import {
  kindOf,
  looksLikeACode,
  lookupId,
  openCard,
  proofOf,
  readCode,
} from "../../checkin/static/door/codes.js";
import { answerOf, find, follow, fromBase64, pack } from "../../checkin/static/door/roster.js";

// A badge as Python makes it: its code, look-up id, sealed card, and who it is for.
const BADGE = JSON.parse(process.env.BADGE ?? "{}");
const id = (letter) => letter.repeat(16);
const PROGRAMME = {
  code: "SCEKL25",
  name: "Expo",
  time_zone: "Asia/Kuala_Lumpur",
  cutover_hour: 4,
  reentry_after_s: 1200,
  unknown_offline: "send_to_desk",
  code_prefix: "B3",
  days: ["2025-09-17"],
  doors: [{ id: "a", name: "Gate A", area: "Expo", direction: "both" }],
  categories: { 1: { name: "Delegate", colour: "", areas: ["Expo"], days: { "2025-09-17": null } } },
};
const answer = (more = {}) => ({
  epoch: "e1",
  cursor: "c1",
  since: null,
  whole: true,
  now: "2025-09-17T00:00:00Z",
  entries: [
    [id("b"), "AQID", "1"],
    [id("a"), "BAUGBw==", "2"],
  ],
  removed: [id("c")],
  reasons: ["cancelled"],
  passages: [],
  voided: [],
  programme: PROGRAMME,
  ...more,
});

test("a code, its look-up id and its card are Python's own", async () => {
  assert.ok(looksLikeACode(BADGE.code));
  assert.equal(await lookupId(BADGE.code), BADGE.lookup);
  assert.equal(await proofOf(BADGE.code), BADGE.proof);
  assert.deepEqual(await openCard(BADGE.code, fromBase64(BADGE.card)), BADGE.bearer);
});

test("another badge's code opens no card", async () => {
  assert.equal(await openCard(`${BADGE.code}0`, fromBase64(BADGE.card)), null);
});

test("a code is read as it was typed, and one wrong letter is noticed", () => {
  assert.equal(readCode(" b3-io l "), "B3101");
  const wrong = BADGE.code.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
  assert.ok(!looksLikeACode(wrong));
});

test("what is no badge says what it is", () => {
  const kinds = ["https://x.org", "MECARD:N:A;", "WIFI:S:x;;", "955012345", "hello", BADGE.code].map(kindOf);

  assert.deepEqual(kinds, ["address", "contact", "wifi", "number", "text", "code"]);
});

test("a packed roster finds each badge, and none that isn't in it", () => {
  const roster = follow(null, answer(), null, 0);

  assert.deepEqual(find(roster, id("b")), { card: new Uint8Array([1, 2, 3]), category: "1", reason: null });
  assert.deepEqual([...find(roster, id("a")).card], [4, 5, 6, 7]);
  assert.equal(find(roster, id("c"))?.reason, "cancelled");
  assert.equal(find(roster, id("d")), null);
  assert.equal(find(roster, "short"), null);
});

test("ten thousand badges are found in their block", () => {
  const entries = Array.from({ length: 10_000 }, (_, n) => [String(n * 7919).padStart(16, "x"), "AQID", "1"]);
  const packed = pack(answer({ entries, removed: [], reasons: [] }));
  const roster = { packed, changes: new Map() };

  assert.ok(entries.every(([lookup]) => find(roster, lookup)?.card.length === 3));
});

test("changes take the place of what was there", () => {
  const before = follow(null, answer(), null, 0);
  const news = answer({
    whole: false,
    since: "c1",
    cursor: "c2",
    now: "2025-09-17T00:00:05Z",
    entries: [[id("c"), "AQID", "1"]],
    removed: [id("b")],
    reasons: ["replaced"],
    programme: null,
  });

  const after = follow(before, news, "c1", 5);

  assert.equal(find(after, id("b"))?.reason, "replaced");
  assert.equal(find(after, id("c"))?.reason, null);
  assert.equal(find(before, id("c"))?.reason, "cancelled");
  assert.deepEqual([after.cursor, after.at, after.programme.code], ["c2", 5, "SCEKL25"]);
});

test("answers that don't follow are not applied", () => {
  const before = follow(null, answer({ now: "2025-09-17T01:00:00Z" }), null, 0);
  const news = { whole: false, since: "c1", cursor: "c2", now: "2025-09-17T02:00:00Z", programme: null };

  const odd = {
    "sent again": [answer({ ...news, now: "2025-09-17T00:30:00Z" }), "c1"],
    "to another question": [answer({ ...news, since: "c0" }), "c1"],
    "of another epoch, but not whole": [answer({ ...news, epoch: "e2" }), "c1"],
    "of another event": [answer({ now: news.now, programme: { ...PROGRAMME, code: "OTHER" } }), null],
    "changes of another event": [answer({ ...news, programme: { ...PROGRAMME, code: "OTHER" } }), "c1"],
    "whole without a set-up": [answer({ now: news.now, programme: null }), null],
  };

  for (const [what, [one, asked]] of Object.entries(odd))
    assert.equal(follow(before, one, asked, 1), null, what);
  assert.ok(follow(before, answer(news), "c1", 1));
});

test("a new epoch's whole roster is followed", () => {
  const before = follow(null, answer(), null, 0);

  assert.equal(follow(before, answer({ epoch: "e2", since: "c1" }), "c1", 1)?.epoch, "e2");
});

test("torn answers are none", () => {
  const passage = [id("a"), "2025-09-17T00:00:00Z", "a", "in", "scan"];
  assert.ok(answerOf(answer({ passages: [passage] })));
  const torn = [
    null,
    "text",
    [],
    {},
    answer({ epoch: undefined }),
    answer({ cursor: 7 }),
    answer({ now: "yesterday" }),
    answer({ entries: [[id("a"), "AQID"]] }),
    answer({ entries: [["short", "AQID", "1"]] }),
    answer({ entries: [[id("a"), "no base64!", "1"]] }),
    answer({ entries: {} }),
    answer({ reasons: [] }),
    answer({ passages: [[id("a"), "never", "a", "in", "scan"]] }),
    answer({ passages: [[id("a"), "2025-09-17T00:00:00Z", "a", "up", "scan"]] }),
    answer({ voided: [1] }),
    answer({ programme: {} }),
    answer({ programme: { ...PROGRAMME, doors: [{}] } }),
  ];

  for (const one of torn) assert.equal(answerOf(one), null, JSON.stringify(one));
});
