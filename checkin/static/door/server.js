// The server as the scanner sees it: it answers as it should, it refuses the phone, or it is away.

import { answerOf } from "./roster.js";

/** @import { Answer, Person, Phone, Result, Scan } from "./types.js" */
/** @import { Undoing } from "./store.js" */

const PATIENCE = 5000;
/** The whole roster is two megabytes: on a bad line that takes its time. */
const PATIENCE_FOR_ALL = 120000;
const API = "/api/door/v1";

/** The server can't be reached, or something else answers in its place. */
export class Away extends Error {}

/** The server's answer makes no sense: torn, sent again, or to another question. What the phone has stays. */
export class Odd extends Away {}

/** The server was restored from a backup, or is another one: nothing it says counts before its roster was read. */
export class OtherEpoch extends Error {
  /** @param {string} epoch */
  constructor(epoch) {
    super(epoch);
    this.epoch = epoch;
  }
}

/** The phone isn't paired (any more): `unpaired` or `revoked`. */
export class Stopped extends Error {
  /** @param {"unpaired" | "revoked"} why */
  constructor(why) {
    super(why);
    this.why = why;
  }
}

/** The server says no, with a code of its own. */
export class Refused extends Error {
  /** @param {string} code @param {number} status */
  constructor(code, status) {
    super(code);
    this.code = code;
    this.status = status;
  }
}

/**
 * @param {string} path
 * @param {{ body?: unknown, patience?: number, onBytes?: (bytes: number) => void }} [more]
 * @returns {Promise<any>}
 */
export async function ask(path, { body, patience = PATIENCE, onBytes } = {}) {
  /** @type {RequestInit} */
  const request = { signal: AbortSignal.timeout(patience), headers: { Accept: "application/json" } };
  if (body !== undefined) {
    request.method = "POST";
    request.body = JSON.stringify(body);
    request.headers = { ...request.headers, "Content-Type": "application/json" };
  }
  const away = () => {
    throw new Away();
  };
  const answer = await fetch(API + path, request).catch(away);
  const kind = answer.headers.get("Content-Type") ?? "";
  // A captive portal answers with a page of its own.
  if (answer.redirected || !kind.includes("json")) throw new Away();
  const told = await (onBytes ? watched(answer, onBytes) : answer.json()).catch((error) => {
    throw error instanceof SyntaxError ? new Odd() : new Away();
  });
  if (answer.ok) return told;
  if (answer.status === 401) throw new Stopped("unpaired");
  if (told?.code === "device_revoked") throw new Stopped("revoked");
  if (answer.status >= 500) throw new Away();
  throw new Refused(String(told?.code), answer.status);
}

/** @param {Response} answer @param {(bytes: number) => void} onBytes @returns {Promise<any>} */
async function watched(answer, onBytes) {
  const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (answer.body).getReader();
  const parts = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return JSON.parse(await new Blob(parts).text());
    parts.push(value);
    bytes += value.length;
    onBytes(bytes);
  }
}

/** @returns {Promise<Phone>} */
export const state = () => ask("/state");

/**
 * The roster, or what has changed in it; throws Odd for what is none.
 * @param {string | null} since
 * @param {(bytes: number) => void} [onBytes]
 * @returns {Promise<Answer>}
 */
export async function roster(since, onBytes) {
  const query = since === null ? "" : `?since=${encodeURIComponent(since)}`;
  const more = since === null ? { patience: PATIENCE_FOR_ALL, ...(onBytes && { onBytes }) } : {};
  const answer = answerOf(await ask(`/roster${query}`, more));
  if (!answer) throw new Odd();
  return answer;
}

/** @param {string} door */
export const move = (door) => ask("/move", { body: { door } });

/** @param {string} scan @param {"let_in" | "sent_to_desk"} decision */
export const decide = (scan, decision) => ask("/decisions", { body: { scan, decision } });

/** @param {object} told how this phone is */
export const report = (told) => ask("/report", { body: told });

/** @param {Undoing} undoing */
export const undo = ({ id, scan, reason, at }) => ask("/voids", { body: { id, scan, reason, at } });

/** @param {string} reference @param {string} letters @returns {Promise<{ badge: string, delegate: Person }>} */
export const lookUp = (reference, letters) => ask("/lookup", { body: { reference, letters } });

/**
 * What the server makes of scans, in their order; it throws Away unless each is acknowledged, and OtherEpoch where
 * the server has begun another epoch than the phone's.
 * @param {Scan[]} scans
 * @param {{ epoch: string, waiting: number, rosterAge: number, battery: number | null }} phone
 * @returns {Promise<{ results: Result[], skew: number }>}
 */
export async function judge(scans, { epoch, waiting, rosterAge, battery }) {
  const phone = { waiting, roster_age_s: rosterAge, ...(battery === null ? {} : { battery }) };
  const told = await ask("/scans", { body: { epoch, sent_at: new Date().toISOString(), scans, phone } });
  const results = /** @type {Result[]} */ (Array.isArray(told?.results) ? told.results : []);
  const acknowledged =
    results.length === scans.length && scans.every((scan, place) => results[place]?.id === scan.id);
  if (!acknowledged || typeof told.epoch !== "string") throw new Away();
  if (told.epoch !== epoch) throw new OtherEpoch(told.epoch);
  return { results, skew: told.skew_ms ?? 0 };
}
