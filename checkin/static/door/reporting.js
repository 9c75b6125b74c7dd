// How this phone is: for its own card, and for the organisers who want to know before doors open.

import { dayOf } from "./rule.js";

/** @import { Programme } from "./types.js" */
/** @import { Facts } from "./readiness.js" */

/**
 * What the page knows of the phone; `shows` is the screen that is shown, ages are in milliseconds.
 * @typedef {{ shows: string, persisted: boolean, sound: boolean, age: number, skew: number, battery: number | null,
 *   heardAgo: number | null, testedAt: number | null, now: number, programme: Programme | null }} Known
 */

const TROUBLES = new Set(["denied", "none", "busy", "insecure"]);

/** @param {Known} known */
function camera({ shows }) {
  if (shows === "scanning") return "ok";
  return TROUBLES.has(shows) ? shows : "unknown";
}

/** @param {Known} known */
function storage({ shows, persisted }) {
  if (shows === "full") return "full";
  return persisted ? "persisted" : "temporary";
}

/** @param {number} age */
const seconds = (age) => (Number.isFinite(age) ? Math.round(age / 1000) : null);

/**
 * What the card is made of.
 * @param {Known} known
 * @returns {Facts}
 */
export function factsOf(known) {
  const { programme, testedAt, now } = known;
  return {
    heard_ago_s: known.heardAgo === null ? null : seconds(known.heardAgo),
    camera: camera(known),
    sound: known.sound,
    storage: storage(known),
    roster_age_s: seconds(known.age),
    skew_ms: known.skew,
    battery: known.battery,
    tested_today:
      testedAt !== null && programme !== null && dayOf(testedAt, programme) === dayOf(now, programme),
  };
}

/**
 * What the server is told.
 * @param {Known} known
 * @param {{ waiting: number, lastNumber: number, installed: boolean }} more
 */
export function reportOf(known, { waiting, lastNumber, installed }) {
  const { battery, testedAt } = known;
  return {
    sent_at: new Date(known.now).toISOString(),
    waiting,
    last_seq: lastNumber,
    roster_age_s: seconds(known.age),
    camera: camera(known),
    sound: known.sound,
    storage: storage(known),
    installed,
    ...(battery === null ? {} : { battery }),
    ...(testedAt === null ? {} : { tested_at: new Date(testedAt).toISOString() }),
  };
}
