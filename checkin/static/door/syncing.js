// Keeps the phone's roster fresh: whole at first, then what has changed; odd answers are left alone, and said.

import { follow, MANY_CHANGES } from "./roster.js";
import { Odd } from "./server.js";

/** @import { Answer } from "./types.js" */
/** @import { Knowledge } from "./knowledge.js" */
/** @import { Store } from "./store.js" */

/** What is kept changes little; how fresh it is, is written so often (milliseconds). */
const KEEP_EVERY = 60000;

/** The server holds another event than the phone was paired for. */
export class OtherEvent extends Error {}

/**
 * @param {{ knowledge: Knowledge, store: Pick<Store, "install" | "enter">, now: () => number,
 *   ask: (since: string | null) => Promise<Answer> }} edges
 * @returns {{ sync: () => Promise<void> }}
 */
export function syncer({ knowledge, store, now, ask }) {
  /** @type {Promise<void> | null} */
  let running = null;
  let kept = 0;

  async function once() {
    const before = knowledge.roster;
    const asked = before && before.changes.size <= MANY_CHANGES ? before.cursor : null;
    const answer = await ask(asked);
    const roster = follow(before, answer, asked, now());
    if (!roster) {
      const other = before && answer.programme && answer.programme.code !== before.programme.code;
      throw other ? new OtherEvent() : new Odd();
    }
    if (answer.whole) knowledge.forgetOthers();
    const news = knowledge.learn(answer);
    knowledge.roster = roster;
    const changed = answer.entries.length + answer.removed.length + news.passages.length + news.voided.length;
    if (changed || answer.whole || answer.programme || now() - kept > KEEP_EVERY) {
      await store.install(roster, news, answer.whole);
      kept = now();
    }
    if (before?.epoch !== roster.epoch) await store.enter(roster.epoch);
  }

  return {
    /** Ask once; whoever asks meanwhile gets the same answer. */
    sync() {
      running ??= once().finally(() => {
        running = null;
      });
      return running;
    },
  };
}
