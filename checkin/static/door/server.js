// The server as the scanner sees it: it answers as it should, it refuses the phone, or it is away.

/** @import { Phone, Result, Scan } from "./types.js" */

const PATIENCE = 5000;
const API = "/api/door/v1";

/** The server can't be reached, or something else answers in its place. */
export class Away extends Error {}

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
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
async function ask(path, body) {
  /** @type {RequestInit} */
  const request = { signal: AbortSignal.timeout(PATIENCE), headers: { Accept: "application/json" } };
  if (body !== undefined) {
    request.method = "POST";
    request.body = JSON.stringify(body);
    request.headers = { ...request.headers, "Content-Type": "application/json" };
  }
  const answer = await fetch(API + path, request).catch(() => {
    throw new Away();
  });
  const kind = answer.headers.get("Content-Type") ?? "";
  // A captive portal answers with a page of its own.
  if (answer.redirected || !kind.includes("json")) throw new Away();
  const told = await answer.json().catch(() => {
    throw new Away();
  });
  if (answer.ok) return told;
  if (answer.status === 401) throw new Stopped("unpaired");
  if (told.code === "device_revoked") throw new Stopped("revoked");
  if (answer.status >= 500) throw new Away();
  throw new Refused(String(told.code), answer.status);
}

/** @returns {Promise<Phone>} */
export const state = () => ask("/state");

/** @param {string} door */
export const move = (door) => ask("/move", { door });

/** @param {string} scan @param {"let_in" | "sent_to_desk"} decision */
export const decide = (scan, decision) => ask("/decisions", { scan, decision });

/** @param {string} reference @param {string} letters @returns {Promise<{ badge: string }>} */
export const lookUp = (reference, letters) => ask("/lookup", { reference, letters });

/**
 * What the server makes of scans, in their order; it throws Away unless each is acknowledged.
 * @param {Scan[]} scans
 * @param {{ epoch: string, waiting: number, battery: number | null }} phone
 * @returns {Promise<{ results: Result[], epoch: string, skew: number }>}
 */
export async function judge(scans, phone) {
  const told = await ask("/scans", {
    epoch: phone.epoch,
    sent_at: new Date().toISOString(),
    scans,
    phone: { waiting: phone.waiting, ...(phone.battery === null ? {} : { battery: phone.battery }) },
  });
  const results = /** @type {Result[]} */ (Array.isArray(told.results) ? told.results : []);
  const acknowledged = scans.every((scan, place) => results[place]?.id === scan.id);
  if (!acknowledged || typeof told.epoch !== "string") throw new Away();
  return { results, epoch: told.epoch, skew: told.skew_ms ?? 0 };
}
