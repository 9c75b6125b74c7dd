// The sealed roster on the phone: one block of bytes to look badges up in, and what has changed since. Pure.

/** @import { Answer, Programme } from "./types.js" */

/**
 * Badges in the order of their look-up ids. In `block`: where each card begins (and the last one ends) as 32-bit
 * numbers; the ids, 16 bytes each; the number of each one's category; that of its reason, 0 for none; the cards.
 * @typedef {{ block: ArrayBuffer, count: number, categories: string[], reasons: string[] }} Packed
 * @typedef {{ card: Uint8Array<ArrayBuffer>, category: string, reason: string | null }} Known
 * @typedef {{ packed: Packed, changes: Map<string, Known>, programme: Programme, epoch: string, cursor: string,
 *   told: number, at: number }} Roster `told`: the server's clock when it told this; `at`: this phone's
 */

const ID = 16;

/** Beyond so many changes the whole is asked for again: it is smaller on the phone. */
export const MANY_CHANGES = 2000;

/**
 * Pack badges into one block; ids and cards come as the server sends them.
 * @param {Answer} answer
 * @returns {Packed}
 */
export function pack({ entries, removed, reasons }) {
  const rows = [
    ...entries.map(([id, card, category]) => ({ id, card: fromBase64(card), category, reason: "" })),
    ...removed.map((id, place) => ({
      id,
      card: new Uint8Array(),
      category: "",
      reason: reasons[place] ?? "revoked",
    })),
  ].sort((one, other) => (one.id < other.id ? -1 : 1));
  const categories = [...new Set(rows.map((row) => row.category))];
  const words = ["", ...new Set(rows.map((row) => row.reason).filter(Boolean))];
  const size = rows.reduce((sum, row) => sum + row.card.length, 0);
  const packed = {
    block: new ArrayBuffer(4 * (rows.length + 1) + rows.length * (ID + 2) + size),
    count: rows.length,
    categories,
    reasons: words,
  };
  const view = views(packed);
  let end = 0;
  for (const [place, row] of rows.entries()) {
    new TextEncoder().encodeInto(row.id, view.ids.subarray(place * ID));
    view.categories[place] = categories.indexOf(row.category);
    view.reasons[place] = words.indexOf(row.reason);
    view.cards.set(row.card, end);
    end += row.card.length;
    view.ends[place + 1] = end;
  }
  return packed;
}

/** @param {Packed} packed */
function views({ block, count }) {
  const ids = 4 * (count + 1);
  const after = ids + count * ID;
  return {
    ends: new Uint32Array(block, 0, count + 1),
    ids: new Uint8Array(block, ids, count * ID),
    categories: new Uint8Array(block, after, count),
    reasons: new Uint8Array(block, after + count, count),
    cards: new Uint8Array(block, after + 2 * count),
  };
}

/** @param {string} text base64url @returns {Uint8Array<ArrayBuffer>} */
export function fromBase64(text) {
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = new Uint8Array(raw.length);
  for (let place = 0; place < raw.length; place++) bytes[place] = raw.charCodeAt(place);
  return bytes;
}

/**
 * What this phone knows of a badge; null where it isn't on its list.
 * @param {Roster} roster
 * @param {string} lookup
 * @returns {Known | null}
 */
export function find(roster, lookup) {
  return roster.changes.get(lookup) ?? (lookup.length === ID ? search(roster.packed, lookup) : null);
}

/** @param {Packed} packed @param {string} lookup @returns {Known | null} */
function search(packed, lookup) {
  const view = views(packed);
  const wanted = new TextEncoder().encode(lookup);
  let [low, high] = [0, packed.count];
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = compare(view.ids, middle * ID, wanted);
    if (order === 0) return known(packed, view, middle);
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return null;
}

/** @param {Uint8Array} ids @param {number} from @param {Uint8Array} wanted */
function compare(ids, from, wanted) {
  for (let place = 0; place < ID; place++) {
    const apart = /** @type {number} */ (ids[from + place]) - /** @type {number} */ (wanted[place]);
    if (apart !== 0) return apart;
  }
  return 0;
}

/** @param {Packed} packed @param {ReturnType<typeof views>} view @param {number} place @returns {Known} */
function known({ categories, reasons }, view, place) {
  return {
    card: view.cards.subarray(view.ends[place], view.ends[place + 1]),
    category: categories[view.categories[place] ?? 0] ?? "",
    reason: reasons[view.reasons[place] ?? 0] || null,
  };
}

/**
 * The roster after an answer; null for an answer that doesn't follow from the one that is there: an older one sent
 * again, one to another question, another event's, or another epoch's that isn't whole.
 * @param {Roster | null} roster
 * @param {Answer} answer
 * @param {string | null} asked the cursor that was sent
 * @param {number} at this phone's clock
 * @returns {Roster | null}
 */
export function follow(roster, answer, asked, at) {
  const told = Date.parse(answer.now);
  if (answer.since !== asked || (roster && told < roster.told)) return null;
  if (answer.whole) {
    const { programme, epoch, cursor } = answer;
    if (!programme || (roster && programme.code !== roster.programme.code)) return null;
    return { packed: pack(answer), changes: new Map(), programme, epoch, cursor, told, at };
  }
  if (roster?.cursor !== asked || answer.epoch !== roster.epoch) return null;
  const programme = answer.programme ?? roster.programme;
  if (programme.code !== roster.programme.code) return null;
  return { ...roster, changes: changed(roster, answer), programme, cursor: answer.cursor, told, at };
}

/** @param {Roster} roster @param {Answer} answer */
function changed(roster, { entries, removed, reasons }) {
  const changes = new Map(roster.changes);
  for (const [place, id] of removed.entries()) {
    changes.set(id, { card: new Uint8Array(), category: "", reason: reasons[place] ?? "revoked" });
  }
  for (const [id, card, category] of entries)
    changes.set(id, { card: fromBase64(card), category, reason: null });
  return changes;
}

/** @param {unknown} value @param {string} kind */
const is = (value, kind) => typeof value === kind;
/** @param {unknown} value @param {(one: any) => boolean} good */
const all = (value, good) => Array.isArray(value) && value.every(good);
const isText = (/** @type {unknown} */ value) => is(value, "string");
const isLookup = (/** @type {unknown} */ value) =>
  isText(value) && /** @type {string} */ (value).length === ID;
const isSealed = (/** @type {unknown} */ value) =>
  isText(value) && /^[\w-]+={0,2}$/.test(/** @type {string} */ (value));

/**
 * The server's answer, if it is one: what is cut short, torn or something else is none.
 * @param {any} told
 * @returns {Answer | null}
 */
export function answerOf(told) {
  const good =
    told &&
    all([told.epoch, told.cursor, told.now], isText) &&
    (told.since === null || isText(told.since)) &&
    is(told.whole, "boolean") &&
    Number.isFinite(Date.parse(told.now)) &&
    all(told.entries, (one) => all(one, isText) && isLookup(one[0]) && isSealed(one[1]) && isText(one[2])) &&
    all(told.removed, isLookup) &&
    all(told.reasons, isText) &&
    told.reasons.length === told.removed.length &&
    all(told.passages, isPassage) &&
    all(told.voided, isText) &&
    (told.programme === null || isProgramme(told.programme));
  return good ? told : null;
}

/** @param {any} one */
function isPassage(one) {
  return (
    all(one, isText) &&
    one.length >= 5 &&
    Number.isFinite(Date.parse(one[1])) &&
    ["in", "out"].includes(one[3])
  );
}

/** @param {any} programme */
function isProgramme(programme) {
  return (
    all([programme.code, programme.time_zone, programme.code_prefix], isText) &&
    [programme.cutover_hour, programme.reentry_after_s].every(Number.isFinite) &&
    all(programme.doors, (door) => isText(door?.id) && isText(door?.area)) &&
    is(programme.categories, "object")
  );
}
