import assert from "node:assert/strict";
import { test } from "node:test";
import { Knowledge, shownAs } from "../../checkin/static/door/knowledge.js";
import { pack } from "../../checkin/static/door/roster.js";

const BADGE = JSON.parse(process.env.BADGE ?? "{}");
const NINE = Date.parse("2025-09-17T01:00:00Z");
const MINUTE = 60_000;
const PROGRAMME = {
  code: "SCEKL25",
  time_zone: "Asia/Kuala_Lumpur",
  cutover_hour: 4,
  reentry_after_s: 1200,
  unknown_offline: "send_to_desk",
  code_prefix: BADGE.code.slice(0, 2),
  doors: ["a", "b"].map((door) => ({ id: door, name: `Gate ${door}`, area: "Expo", direction: "both" })),
  categories: { 1: { name: "VIP", areas: ["Expo"], days: { "2025-09-17": null }, protocol: true } },
  tests: {},
};

function phone(more = {}) {
  const knowledge = new Knowledge();
  const entries = [[BADGE.lookup, BADGE.card, "1"]];
  const packed = pack({ entries, removed: [], reasons: [] });
  const programme = { ...PROGRAMME, ...more };
  knowledge.roster = { packed, changes: new Map(), programme, epoch: "e", cursor: "c", told: 0, at: NINE };
  return knowledge;
}

let ids = 0;
const reading = (at, door = "a") => ({ id: `now ${ids++}`, at, direction: "in", door });
const scan = (at, shown, more = {}) => ({
  id: `scan ${ids++}`,
  seq: ids,
  badge: BADGE.lookup,
  scanned_at: new Date(at).toISOString(),
  skew_ms: 0,
  direction: "in",
  input: "camera",
  door: "a",
  operator: "Aina",
  shown,
  ...more,
});
const seen = async (knowledge, at, code = BADGE.code) =>
  (await knowledge.answer({ code }, reading(at))).result;

test("a badge on the list is judged, and its card opened with its own code", async () => {
  const answer = await phone().answer({ code: ` ${BADGE.code.toLowerCase()} ` }, reading(NINE));

  assert.deepEqual([answer.lookup, answer.result.verdict], [BADGE.lookup, "admitted"]);
  assert.deepEqual(answer.result.delegate, BADGE.bearer);
  assert.equal(answer.result.vip, true);
});

test("green is shown once a day, also for what the phone remembers from before it was closed", async () => {
  const knowledge = phone();
  knowledge.remember(scan(NINE, "admitted"));

  assert.equal((await seen(knowledge, NINE + 5 * MINUTE)).verdict, "repeat");
  assert.deepEqual(shownAs(await seen(knowledge, NINE + MINUTE / 2)), "admitted just_now");
});

test("the server's word on a scan takes the place of the phone's own", async () => {
  const knowledge = phone();
  const mine = scan(NINE, "admitted");
  knowledge.remember(mine);
  knowledge.remember({ ...mine, judged: { verdict: "refused", reason: "revoked", just_now: false } });

  assert.equal((await seen(knowledge, NINE + 5 * MINUTE)).verdict, "admitted");
});

test("other doors' passages count, until they are voided", async () => {
  const knowledge = phone();
  const passage = [BADGE.lookup, new Date(NINE).toISOString(), "b", "in", "theirs"];
  const news = { passages: [passage, passage], voided: [] };

  assert.equal(knowledge.learn(news).passages.length, 1);
  assert.equal(knowledge.learn(news).passages.length, 0);
  assert.equal((await seen(knowledge, NINE + 5 * MINUTE)).verdict, "repeat");
  knowledge.learn({ passages: [], voided: ["theirs"] });
  assert.equal((await seen(knowledge, NINE + 5 * MINUTE)).verdict, "admitted");
});

test("an undone scan counts no more", async () => {
  const knowledge = phone();
  const mine = scan(NINE, "admitted");
  knowledge.remember(mine);

  knowledge.undo(mine.id);

  assert.equal((await seen(knowledge, NINE + 5 * MINUTE)).verdict, "admitted");
  const anew = phone();
  anew.remember({ ...mine, undone: true });
  assert.equal((await seen(anew, NINE + 5 * MINUTE)).verdict, "admitted");
});

test("who isn't on the list is never green", async () => {
  const knowledge = phone();
  knowledge.roster.packed = pack({ entries: [], removed: [], reasons: [] });

  const unlisted = await seen(knowledge, NINE);

  assert.deepEqual([unlisted.verdict, unlisted.reason], ["unlisted", "send_to_desk"]);
  knowledge.remember(scan(NINE, shownAs(unlisted)));
  assert.equal((await seen(knowledge, NINE + MINUTE)).verdict, "unlisted");
});

test("other events' codes, forged ones and other texts say what they are", async () => {
  const knowledge = phone({ code_prefix: "ZZ" });
  knowledge.roster.packed = pack({ entries: [], removed: [], reasons: [] });
  const forged = BADGE.code.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
  const told = async (code) => {
    const { result, foreign } = await knowledge.answer({ code }, reading(NINE));
    return [result.verdict, result.reason, foreign];
  };

  assert.deepEqual(await told(BADGE.code), ["refused", "other_event", null]);
  assert.deepEqual(await told(forged), ["refused", "unknown", "code"]);
  assert.deepEqual(await told("https://example.org"), ["refused", "unknown", "address"]);
});

test("a TEST badge practises its verdict and leaves no passage", async () => {
  const knowledge = phone({ tests: { [BADGE.lookup]: "repeat" } });
  knowledge.roster.packed = pack({ entries: [], removed: [], reasons: [] });

  const result = await seen(knowledge, NINE);

  assert.deepEqual([result.verdict, result.reason], ["test", "repeat"]);
});

test("the roster's age is told", () => {
  assert.equal(phone().age(NINE + 5000), 5000);
  assert.equal(new Knowledge().age(NINE), Number.POSITIVE_INFINITY);
});
