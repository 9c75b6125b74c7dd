import assert from "node:assert/strict";
import { test } from "node:test";
import { queueFile } from "../../checkin/static/door/exporting.js";
import { factsOf, reportOf } from "../../checkin/static/door/reporting.js";
import { scanning } from "../../checkin/static/door/scanning.js";
import { Odd } from "../../checkin/static/door/server.js";
import { OtherEvent, syncer } from "../../checkin/static/door/syncing.js";

/** A phone whose badge is or isn't on its list; `log` holds what happened, in order. */
function rig({ verdict = "admitted", room = true } = {}) {
  const log = [];
  const timers = [];
  const edges = {
    store: {
      add: async (made) => {
        if (!room) throw new Error("full");
        log.push(`kept ${made.shown}`);
        return { ...made, seq: 1 };
      },
      undo: async ({ scan }) => log.push(`undo ${scan}`),
      decide: async ({ decision }) => log.push(decision),
    },
    knowledge: {
      roster: {},
      answer: async () => ({ lookup: "L", result: { id: "1", verdict, reason: null }, foreign: null }),
      remember: () => undefined,
      shown: (scan) => ({ id: scan.id, verdict: scan.shown, reason: null }),
      undo: () => undefined,
    },
    phone: () => ({ door: { id: "a" }, operator: "Aina" }),
    skew: () => 0,
    direction: () => "in",
    happen: (event) => log.push(`${event.type} ${event.result?.verdict ?? ""}`.trim()),
    wake: () => log.push("wake"),
    now: () => 0,
    ticks: () => 0,
    newId: () => "1",
    later: (what) => timers.push(what),
  };
  return { ...scanning(edges), log, timers };
}

const turn = () => new Promise(setImmediate);

test("a scan is kept before it is green, and sent after", async () => {
  const { scanned, log } = rig();

  await scanned({ code: "x" }, "camera");

  assert.deepEqual(log, ["kept admitted", "judged admitted", "wake"]);
});

test("nothing is green that could not be kept", async () => {
  const { scanned, log } = rig({ room: false });

  await assert.rejects(scanned({ code: "x" }, "camera"), /full/);
  assert.deepEqual(log, []);
});

test("for a badge that isn't on the list the server is waited for, a little", async () => {
  const asked = rig({ verdict: "unlisted" });
  const scan = asked.scanned({ code: "x" }, "camera");
  await turn();
  asked.answered(
    [{ id: "1", shown: "unlisted", scanned_at: "1970-01-01T00:00:00Z" }],
    [{ id: "1", verdict: "admitted" }],
  );
  await scan;
  assert.deepEqual(asked.log, ["kept unlisted", "wake", "judged admitted"]);

  const silent = rig({ verdict: "unlisted" });
  const other = silent.scanned({ code: "x" }, "camera");
  await turn();
  silent.timers[0]();
  await other;
  assert.deepEqual(silent.log, ["kept unlisted", "wake", "judged unlisted", "wake"]);
});

test("undoing and deciding are kept and sent", async () => {
  const { undo, decided, log } = rig();

  await undo("1");
  await decided("1", "let_in");

  assert.deepEqual(log, ["undo 1", "undone", "wake", "dismissed", "let_in", "wake"]);
});

const PROGRAMME = { code: "A", time_zone: "UTC", cutover_hour: 0 };
const whole = (more = {}) => ({
  ...{ epoch: "e1", cursor: "c1", since: null, whole: true, now: "2025-01-01T00:00:00Z", entries: [] },
  ...{ removed: [], reasons: [], passages: [], voided: [], programme: PROGRAMME, ...more },
});

/** A phone that asks for its roster; `log` holds what it kept. */
function syncs(answers) {
  const log = [];
  const knowledge = { roster: null, forgetOthers: () => log.push("forgot"), learn: (news) => news };
  const store = {
    install: async (_, __, all) => log.push(all ? "whole" : "news"),
    enter: async (epoch) => log.push(epoch),
  };
  const ask = async () => answers.shift();
  return { ...syncer({ knowledge, store, now: () => 0, ask }), log, knowledge };
}

test("a new epoch is entered after its roster was kept", async () => {
  const { sync, log } = syncs([whole(), whole({ since: "c1", epoch: "e2", now: "2025-01-01T00:00:05Z" })]);

  await sync();
  await sync();

  assert.deepEqual(log, ["forgot", "whole", "e1", "forgot", "whole", "e2"]);
});

test("another event's roster and one that doesn't follow are never applied", async () => {
  const other = whole({ since: "c1", now: "2025-01-01T00:00:05Z", programme: { ...PROGRAMME, code: "B" } });
  const odd = whole({ since: "c0" });
  const { sync, log, knowledge } = syncs([whole(), other, odd]);
  await sync();

  await assert.rejects(sync(), OtherEvent);
  await assert.rejects(sync(), Odd);
  assert.deepEqual([log, knowledge.roster.cursor], [["forgot", "whole", "e1"], "c1"]);
});

test("the queue as a file holds every scan in its order, and nothing of the phone's own book-keeping", () => {
  const phone = { device: { id: "d", name: "Phone 1", kind: "door" } };
  const scans = [2, 1].map((seq) => ({ id: `${seq}`, seq, badge: "L", done: 1, judged: {}, undone: true }));

  const file = queueFile({ phone, code: "SCEKL25", epoch: "e", scans, decisions: [], voids: [], at: 0 });

  assert.deepEqual(file.scans, [
    { id: "1", seq: 1, badge: "L" },
    { id: "2", seq: 2, badge: "L" },
  ]);
  assert.deepEqual(file.device, { id: "d", name: "Phone 1" });
});

test("a phone's report and its card say the same", () => {
  const known = {
    ...{ shows: "scanning", persisted: true, sound: true, age: 4000, skew: 5, battery: null, heardAgo: 1000 },
    ...{ testedAt: 0, now: 3_600_000, programme: PROGRAMME },
  };

  const facts = factsOf(known);
  const told = reportOf(known, { waiting: 2, lastNumber: 9, installed: false });

  assert.deepEqual(
    [facts.camera, facts.storage, facts.roster_age_s, facts.tested_today],
    ["ok", "persisted", 4, true],
  );
  assert.deepEqual([told.camera, told.storage, told.roster_age_s, told.last_seq], ["ok", "persisted", 4, 9]);
  assert.equal("battery" in told, false);
  assert.equal(factsOf({ ...known, shows: "denied", age: Number.POSITIVE_INFINITY }).roster_age_s, null);
});
