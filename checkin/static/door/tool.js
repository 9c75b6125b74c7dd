// What the pages beside the scanner share: who this phone is, what it keeps, sending, and saying what is wrong.

import { byHand, skewOf } from "./by-hand.js";
import { Knowledge } from "./knowledge.js";
import { place } from "./screen.js";
import { Away, state as askState, decide, judge, OtherEpoch, Refused, Stopped, undo } from "./server.js";
import { openStore, Unsafe } from "./store.js";
import { takeUpdates } from "./updates.js";
import { uploader } from "./uploading.js";

/** @import { Phone, Scan } from "./types.js" */
/** @import { News } from "./store.js" */

const MEET_EVERY = 15000;

/** @typedef {Record<string, string>} Words */

/** @returns {Words} */
export const wordsOf = () => JSON.parse(place("words").textContent ?? "{}");

/**
 * @param {string} kind
 * @param {string} className
 * @param {string} text
 */
export function element(kind, className, text) {
  const made = document.createElement(kind);
  made.className = className;
  made.textContent = text;
  return made;
}

/**
 * @param {string} at an instant
 * @param {string} timeZone
 */
export const clockTime = (at, timeZone) =>
  new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone }).format(new Date(at));

/**
 * A page of this phone. `meet` says who it is and sends what waits; it resolves to the phone, or null.
 * @param {{ words: Words, onPhone: (phone: Phone) => void, onWaiting?: (waiting: number) => void,
 *   idle: () => boolean }} edges `idle` where the page may be opened anew
 */
export async function openTool({ words, onPhone, onWaiting = () => undefined, idle }) {
  takeUpdates(document.body.dataset.worker ?? "", idle);
  const store = await openStore().catch((error) => {
    tell(error);
    throw error;
  });
  const knowledge = new Knowledge();
  await recall();
  /** @type {Phone | null} */
  let phone = null;
  let skew = 0;

  async function recall() {
    const kept = await store.kept();
    knowledge.roster = kept.roster;
    for (const news of /** @type {News[]} */ (kept.news)) knowledge.learn(news);
    for (const scan of await store.scans()) knowledge.remember(scan);
  }

  /** @param {boolean} is */
  function reached(is) {
    place("away").hidden = is;
  }

  /** Say what is wrong, where the page can do no more. @param {unknown} error */
  function tell(error) {
    if (error instanceof Away || error instanceof OtherEpoch) return reached(false);
    const why =
      error instanceof Stopped
        ? error.why
        : error instanceof Unsafe
          ? "unsafe"
          : error instanceof Refused
            ? error.status === 429
              ? "often"
              : error.code
            : "";
    if (!why) throw error;
    place("trouble").textContent = words[why] ?? why;
    place("trouble").hidden = false;
  }

  /** @param {Scan[]} scans */
  async function judged(scans) {
    const told = await judge(scans, {
      epoch: await store.epoch(),
      waiting: await store.countWaiting(),
      rosterAge: Math.round(Math.min(knowledge.age(Date.now()), 2 ** 31 - 1) / 1000),
      battery: null,
    });
    skew = skewOf(told.skew);
    reached(true);
    return told.results;
  }

  const count = async () => onWaiting(await store.countWaiting());
  const uploading = uploader({
    store,
    judge: judged,
    decide: ({ scan, decision }) => decide(scan, decision),
    undo,
    onResults: (scans, results) => {
      for (const [at, scan] of scans.entries()) knowledge.remember({ ...scan, ...{ judged: results[at] } });
      hands.answered(scans, results);
      count();
    },
    onTrouble: tell,
    onDone: count,
    later: (what, wait) => setTimeout(what, wait),
  });
  const hands = byHand({
    store,
    knowledge,
    phone: () => /** @type {Phone} */ (phone),
    skew: () => skew,
    wake: () => {
      count();
      uploading.wake();
    },
    now: Date.now,
    newId: () => crypto.randomUUID(),
    later: (what, wait) => setTimeout(what, wait),
  });

  async function meet() {
    try {
      phone = await askState();
      skew = skewOf(Date.now() - Date.parse(phone.now));
      reached(true);
      // A phone that has never scanned takes the server's epoch; another one is the scanner's affair.
      if (!(await store.epoch())) await store.enter(phone.event.epoch);
      onPhone(phone);
      await uploading.wake();
    } catch (error) {
      tell(error);
    }
    return phone;
  }

  const again = () => document.visibilityState === "visible" && meet();
  setInterval(again, MEET_EVERY);
  for (const news of ["online", "pageshow"]) addEventListener(news, again);
  document.addEventListener("visibilitychange", again);
  await count();
  /** @param {string} scan @param {"let_in" | "sent_to_desk"} decision */
  async function decided(scan, decision) {
    await store.decide({ scan, decision });
    await uploading.wake();
  }

  return { hands, meet, tell, reached, decided };
}
