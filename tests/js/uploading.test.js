import assert from "node:assert/strict";
import { test } from "node:test";
import { Away, OtherEpoch, Refused, Stopped } from "../../checkin/static/door/server.js";
import { BATCH, uploader } from "../../checkin/static/door/uploading.js";

/** A store in memory, and a server that answers as a test wants. */
function rig({
  waiting = [],
  decisions = [],
  voids = [],
  judge = async (scans) => scans.map(({ id }) => ({ id })),
}) {
  const log = [];
  const later = [];
  const kept = { waiting: [...waiting], decisions: [...decisions], voids: [...voids] };
  const edges = {
    store: {
      waiting: async (atMost) => kept.waiting.slice(0, atMost),
      settle: async (results) => {
        const known = results.map((one) => one.id);
        kept.waiting = kept.waiting.filter((scan) => !known.includes(scan.id));
      },
      decisions: async () => [...kept.decisions],
      forgetDecision: async (one) => kept.decisions.splice(kept.decisions.indexOf(one), 1),
      voids: async () => [...kept.voids],
      forgetVoid: async (one) => kept.voids.splice(kept.voids.indexOf(one), 1),
    },
    judge: async (scans) => {
      log.push(scans.length);
      return judge(scans);
    },
    decide: async () => log.push("decision"),
    undo: async () => log.push("void"),
    onResults: () => log.push("results"),
    onTrouble: (error) => log.push(error.constructor.name),
    onDone: () => log.push("done"),
    later: (what, wait) => later.push([what, wait]),
  };
  return { ...uploader(edges), log, later, kept, edges };
}

const scans = (count) => Array.from({ length: count }, (_, n) => ({ id: `${n}`, seq: n + 1 }));

test("everything that waits is sent, in batches, then voids and decisions", async () => {
  const { wake, log, kept } = rig({ waiting: scans(BATCH + 1), decisions: [{}], voids: [{}] });

  await wake();

  assert.deepEqual(log, [BATCH, "results", 1, "results", "void", "decision", "done"]);
  assert.deepEqual(kept, { waiting: [], decisions: [], voids: [] });
});

test("what was not acknowledged stays, and is tried again after longer and longer waits", async () => {
  let away = true;
  const judge = async (sent) => {
    if (away) throw new Away();
    return sent.map(({ id }) => ({ id }));
  };
  const { wake, log, later, kept } = rig({ waiting: scans(2), judge });

  await wake();
  later[0][0]();
  await new Promise(setImmediate);
  assert.deepEqual([log, kept.waiting.length], [[2, "Away", 2, "Away"], 2]);
  assert.ok(later[1][1] > later[0][1]);
  away = false;
  await wake();

  assert.equal(kept.waiting.length, 0);
});

test("waking twice sends once, and looks again for what came meanwhile", async () => {
  const one = rig({ waiting: scans(1) });

  await Promise.all([one.wake(), one.wake()]);

  assert.deepEqual(one.log, [1, "results", "done"]);
});

test("after another epoch or a stop nothing is tried by itself", async () => {
  for (const error of [new OtherEpoch(), new Stopped("unpaired")]) {
    const { wake, later, kept } = rig({
      waiting: scans(1),
      judge: async () => {
        throw error;
      },
    });

    await wake();

    assert.deepEqual([later.length, kept.waiting.length], [0, 1]);
  }
});

test("a decision that the server will never take is not offered for ever", async () => {
  const { wake, kept, edges } = rig({ decisions: [{}], voids: [{}] });
  edges.decide = async () => {
    throw new Refused("not_this_phones_scan", 403);
  };
  const anew = uploader(edges);

  await anew.wake();
  await wake();

  assert.deepEqual([kept.decisions, kept.voids], [[], []]);
});
