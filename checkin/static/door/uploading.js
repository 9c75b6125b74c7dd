// Brings to the server what waits on the phone: one request at a time, oldest first, again and again until it is there.

import { Away, OtherEpoch, Refused, Stopped } from "./server.js";

/** @import { Result, Scan } from "./types.js" */
/** @import { Decision, Store, Undoing } from "./store.js" */

/**
 * @typedef {{ store: Pick<Store, "waiting" | "settle" | "decisions" | "forgetDecision" | "voids" | "forgetVoid">,
 *   judge: (scans: Scan[]) => Promise<Result[]>, decide: (decision: Decision) => Promise<unknown>,
 *   undo: (undoing: Undoing) => Promise<unknown>, onResults: (scans: Scan[], results: Result[]) => void,
 *   onTrouble: (error: unknown) => void, onDone: () => void,
 *   later: (what: () => void, wait: number) => unknown }} Edges
 */

/** Few enough that a bad line carries one through, and that other phones' scans slip in between. */
export const BATCH = 40;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 15000;

/**
 * @param {Edges} edges
 * @returns {{ wake: () => Promise<void> }} `wake` whenever something may be to send, or the server may be back
 */
export function uploader(edges) {
  let running = false;
  let again = false;
  let wait = FIRST_WAIT;
  let waits = false;

  async function wake() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      do {
        again = false;
        await sendAll(edges);
      } while (again);
      wait = FIRST_WAIT;
      edges.onDone();
    } catch (error) {
      edges.onTrouble(error);
      if (error instanceof Away || error instanceof Refused) tryLater();
      else if (!(error instanceof Stopped || error instanceof OtherEpoch)) throw error;
    } finally {
      running = false;
    }
  }

  function tryLater() {
    if (waits) return;
    waits = true;
    edges.later(() => {
      waits = false;
      wake();
    }, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }

  return { wake };
}

/** @param {Edges} edges */
async function sendAll({ store, judge, decide, undo, onResults }) {
  for (let scans = await store.waiting(BATCH); scans.length > 0; scans = await store.waiting(BATCH)) {
    const results = await judge(scans);
    // Acknowledged: only now may the phone stop offering them.
    await store.settle(results);
    onResults(scans, results);
  }
  for (const undoing of await store.voids()) await tell(undo(undoing), () => store.forgetVoid(undoing));
  for (const one of await store.decisions()) await tell(decide(one), () => store.forgetDecision(one));
}

/** @param {Promise<unknown>} telling @param {() => Promise<unknown>} forget */
async function tell(telling, forget) {
  await telling.catch((error) => {
    // What the server will never take is not offered for ever.
    if (!(error instanceof Refused) || error.status === 429) throw error;
  });
  await forget();
}
