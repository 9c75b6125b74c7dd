// From a reading to its verdict on the screen: decided here, kept durably, sent in the background, corrected if need be.

import { shownAs } from "./knowledge.js";
import { corrected } from "./rule.js";

/** @import { Input, Phone, Result, Scan } from "./types.js" */
/** @import { Event } from "./core.js" */
/** @import { Knowledge, Seen } from "./knowledge.js" */
/** @import { Store } from "./store.js" */

/** A badge that isn't on this phone's list may be on the server's: so long is its answer waited for (milliseconds). */
const PATIENCE_WITH_STRANGERS = 200;

/**
 * @typedef {{ store: Pick<Store, "add" | "undo" | "decide">, knowledge: Knowledge, phone: () => Phone | null,
 *   skew: () => number, direction: () => "in" | "out", happen: (event: Event) => void, wake: () => void,
 *   now: () => number, ticks: () => number, newId: () => string,
 *   later: (what: () => void, wait: number) => unknown }} Edges
 */

/** @param {Edges} edges */
export function scanning(edges) {
  const { store, knowledge, happen, wake } = edges;
  /** @type {Map<string, (result: Result | null) => void>} */
  const awaited = new Map();
  /** @type {Promise<unknown>} */
  let turn = Promise.resolve();

  /** @param {Seen} what @param {Input} input */
  async function scanned(what, input) {
    const phone = edges.phone();
    if (!phone || !knowledge.roster) return;
    const [now, skew, direction] = [edges.now(), edges.skew(), edges.direction()];
    const place = { id: edges.newId(), direction, door: phone.door.id };
    const reading = { ...place, at: corrected(now, skew) };
    const { lookup, proof, result, foreign } = await knowledge.answer(what, reading);
    const scan = await store.add({
      ...place,
      badge: lookup,
      ...(proof && { proof }),
      scanned_at: new Date(now).toISOString(),
      skew_ms: skew,
      input,
      operator: phone.operator,
      shown: shownAs(result),
    });
    knowledge.remember(scan);
    const told = result.verdict === "unlisted" ? await soon(scan.id) : null;
    happen({ type: "judged", scan: scan.id, result: told ?? result, at: edges.ticks(), foreign });
    if (!told) wake();
  }

  /** @param {string} id @returns {Promise<Result | null>} the server's answer, where it comes in time */
  function soon(id) {
    const answer = new Promise((resolve) => {
      awaited.set(id, resolve);
      edges.later(() => resolve(null), PATIENCE_WITH_STRANGERS);
    });
    wake();
    return answer.finally(() => awaited.delete(id));
  }

  return {
    /**
     * One after the other, so that each knows of those before it.
     * @param {Seen} what
     * @param {Input} input
     */
    scanned(what, input) {
      const mine = turn.then(() => scanned(what, input));
      turn = mine.catch(() => undefined);
      return mine;
    },
    /**
     * What the server made of scans that were sent.
     * @param {Scan[]} scans
     * @param {Result[]} results
     */
    answered(scans, results) {
      for (const [place, scan] of scans.entries()) {
        const result = /** @type {Result} */ (results[place]);
        const before = knowledge.shown(scan);
        knowledge.remember({ ...scan, judged: { just_now: false, ...result } });
        const waits = awaited.get(scan.id);
        const madeAt = edges.ticks() - (edges.now() - Date.parse(scan.scanned_at));
        if (waits) waits(result);
        else happen({ type: "answered", scan: scan.id, before, result, at: edges.ticks(), madeAt });
      }
    },
    /** @param {string} scan */
    async undo(scan) {
      const at = new Date(corrected(edges.now(), edges.skew())).toISOString();
      await store.undo({ id: edges.newId(), scan, reason: "undone at the door", at });
      knowledge.undo(scan);
      happen({ type: "undone", scan, at: edges.ticks() });
      wake();
    },
    /** @param {string} scan @param {"let_in" | "sent_to_desk"} decision */
    async decided(scan, decision) {
      happen({ type: "dismissed", scan });
      await store.decide({ scan, decision });
      wake();
    },
  };
}
