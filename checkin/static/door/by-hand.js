// Letting somebody in without their code: kept first, then sent, with the same id until the server has it.

import { shownAs } from "./knowledge.js";
import { corrected, SKEW_OF_NOBODY } from "./rule.js";

/** @import { Person, Phone, Result, Scan } from "./types.js" */
/** @import { Knowledge } from "./knowledge.js" */
/** @import { Store } from "./store.js" */

/** So long the server may think before the phone answers by itself (milliseconds). */
const PATIENCE = 2500;

/**
 * @typedef {{ store: Pick<Store, "add" | "waiting">, knowledge: Knowledge, phone: () => Phone, skew: () => number,
 *   wake: () => unknown, now: () => number, newId: () => string,
 *   later: (what: () => void, wait: number) => unknown }} Edges
 */

/** @param {Edges} edges */
export function byHand({ store, knowledge, phone, skew, wake, now, newId, later }) {
  /** @type {Map<string, (result: Result | null) => void>} */
  const awaited = new Map();

  /** @param {Scan} scan @returns {Promise<Result | null>} */
  function answer(scan) {
    const told = new Promise((resolve) => {
      awaited.set(scan.id, resolve);
      later(() => resolve(null), PATIENCE);
    });
    wake();
    return told.finally(() => awaited.delete(scan.id));
  }

  return {
    /**
     * The verdict, and whether the server has spoken; null where this badge was admitted here and still waits.
     * @param {{ badge: string, delegate: Person }} who
     * @param {string} reason
     * @returns {Promise<{ scan: Scan, result: Result, sent: boolean } | null>}
     */
    async admit({ badge, delegate }, reason) {
      if ((await store.waiting()).some((one) => one.badge === badge && one.input === "desk")) return null;
      const { door, operator } = phone();
      const place = { id: newId(), direction: /** @type {const} */ ("in"), door: door.id };
      const at = now();
      const own = knowledge.roster
        ? (await knowledge.answer({ badge, delegate }, { ...place, at: corrected(at, skew()) })).result
        : null;
      const scan = await store.add({
        ...place,
        badge,
        scanned_at: new Date(at).toISOString(),
        skew_ms: skew(),
        input: "desk",
        operator,
        shown: own ? shownAs(own) : "",
        reason,
      });
      const told = await answer(scan);
      const unknown = {
        id: scan.id,
        verdict: "unlisted",
        reason: null,
        delegate: null,
        first: null,
        last: null,
      };
      return { scan, result: told ?? own ?? unknown, sent: told !== null };
    },
    /** @param {Scan[]} scans @param {Result[]} results */
    answered(scans, results) {
      for (const [place, scan] of scans.entries()) awaited.get(scan.id)?.(results[place] ?? null);
    },
  };
}

/**
 * How far this phone's clock is ahead, as scans are made with it.
 * @param {number} measured milliseconds
 */
export const skewOf = (measured) => (Math.abs(measured) < SKEW_OF_NOBODY ? 0 : Math.round(measured));

/**
 * A reason as it is kept: the chosen one, what was typed, or both; empty where there is neither.
 * @param {string} chosen
 * @param {string} typed
 */
export function reasonOf(chosen, typed) {
  const words = typed.trim();
  if (chosen === "other") return words && `other: ${words}`;
  return [chosen, words].filter(Boolean).join(": ");
}
