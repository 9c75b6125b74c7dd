// What this phone knows of badges and their passages, and by it what a reading means. Nothing here waits for a network.

import { kindOf, looksLikeACode, lookupId, openCard, proofOf, readCode } from "./codes.js";
import { find } from "./roster.js";
import { corrected, judge } from "./rule.js";

/** @import { Passage, Person, Programme, Result, Scan } from "./types.js" */
/** @import { Kept, News } from "./store.js" */
/** @import { Known, Roster } from "./roster.js" */
/** @import { Past, Reading } from "./rule.js" */

/** Verdicts that are none of the rule's: they leave no passage behind. */
const NO_PASSAGE = new Set(["unlisted", "test", "rejected", "held"]);
/** A roster that is older shows its age. */
export const OLD = 15 * 60000;

/** @typedef {{ code: string } | { badge: string, delegate: Person }} Seen a code, or a badge that was looked up */
/**
 * @typedef {{ lookup: string, proof: string | null, result: Result, foreign: string | null }} Answer `proof` tells
 *   the server that the code was read
 */

export class Knowledge {
  /** @type {Roster | null} */
  roster = null;
  /** @type {Map<string, Map<string, Past>>} by look-up id, then by scan */
  #others = new Map();
  /** @type {Map<string, Map<string, Past>>} */
  #own = new Map();
  /** @type {Set<string>} */
  #voided = new Set();

  /** @returns {Programme} */
  get programme() {
    if (!this.roster) throw new Error("there is no roster yet");
    return this.roster.programme;
  }

  /** A whole roster brings all passages anew. */
  forgetOthers() {
    this.#others.clear();
  }

  /**
   * What other doors have seen.
   * @param {News} news
   * @returns {News} what of it was new
   */
  learn({ passages, voided }) {
    const fresh = passages.filter((passage) => this.#learnPassage(passage));
    const undone = voided.filter((id) => !this.#voided.has(id));
    for (const id of undone) this.#voided.add(id);
    return { passages: fresh, voided: undone };
  }

  /** @param {Passage} passage */
  #learnPassage([lookup, at, door, direction, id]) {
    const known = within(this.#others, lookup);
    if (known.has(id)) return false;
    known.set(id, { id, at: Date.parse(at), direction, door, mine: false });
    return true;
  }

  /**
   * A reading of this phone's own, with what the server made of it where that is known.
   * @param {Kept | Scan} scan
   */
  remember(scan) {
    const is = ("judged" in scan && scan.judged) || verdictOf(scan);
    const own = within(this.#own, scan.badge ?? "");
    if (NO_PASSAGE.has(is.verdict)) {
      own.delete(scan.id);
      return;
    }
    const at = corrected(Date.parse(scan.scanned_at), scan.skew_ms);
    const { id, direction, door } = scan;
    own.set(id, { id, at, direction, door, mine: true, ...is });
    if ("undone" in scan && scan.undone) this.#voided.add(id);
  }

  /** What was shown for a scan. @param {Scan} scan @returns {Result} */
  shown(scan) {
    const category = (this.roster && find(this.roster, scan.badge))?.category ?? "";
    const vip = this.roster?.programme.categories[category]?.protocol ?? false;
    return { id: scan.id, ...verdictOf(scan), delegate: null, first: null, last: null, vip };
  }

  /** A scan that counts no more. @param {string} id */
  undo(id) {
    this.#voided.add(id);
  }

  /** @param {string} lookup @returns {Past[]} */
  #pasts(lookup) {
    const own = this.#own.get(lookup) ?? new Map();
    const others = [...(this.#others.get(lookup)?.values() ?? [])].filter((past) => !own.has(past.id));
    return [...own.values(), ...others].filter((past) => !this.#voided.has(past.id));
  }

  /**
   * What a text that was read, or a badge that was looked up, means here and now.
   * @param {Seen} what
   * @param {Reading} reading
   * @returns {Promise<Answer>}
   */
  async answer(what, reading) {
    const code = "code" in what ? readCode(what.code) : null;
    const lookup = "badge" in what ? what.badge : await lookupId(readCode(what.code));
    const proof = code === null ? null : await proofOf(code);
    const known = this.roster && find(this.roster, lookup);
    if (!known)
      return { lookup, proof, ...this.#stranger(reading, lookup, "code" in what ? what.code : null) };
    const result = judge(reading, known, this.#pasts(lookup), this.programme);
    const delegate = "badge" in what ? what.delegate : await opened(readCode(what.code), known);
    const vip = this.programme.categories[known.category]?.protocol ?? false;
    return { lookup, proof, result: { ...result, delegate, vip }, foreign: null };
  }

  /**
   * @param {Reading} reading
   * @param {string} lookup
   * @param {string | null} text
   * @returns {{ result: Result, foreign: string | null }}
   */
  #stranger(reading, lookup, text) {
    const nobody = { id: reading.id, delegate: null, first: null, last: null };
    const practice = this.programme.tests?.[lookup];
    if (practice) return { result: { ...nobody, verdict: "test", reason: practice }, foreign: null };
    const code = readCode(text ?? "");
    if (text === null || (looksLikeACode(code) && code.startsWith(this.programme.code_prefix)))
      return {
        result: { ...nobody, verdict: "unlisted", reason: this.programme.unknown_offline },
        foreign: null,
      };
    if (looksLikeACode(code))
      return { result: { ...nobody, verdict: "refused", reason: "other_event" }, foreign: null };
    return { result: { ...nobody, verdict: "refused", reason: "unknown" }, foreign: kindOf(text) };
  }

  /**
   * How old the roster is, in milliseconds.
   * @param {number} now
   */
  age(now) {
    return this.roster ? Math.max(0, now - this.roster.at) : Number.POSITIVE_INFINITY;
  }
}

/** @param {string} code @param {Known} known */
const opened = (code, { card }) => (card.length ? openCard(code, card) : null);

/** @template V @param {Map<string, Map<string, V>>} map @param {string} key */
function within(map, key) {
  const found = map.get(key) ?? new Map();
  map.set(key, found);
  return found;
}

/**
 * A verdict as it is kept with its scan and told to the server.
 * @param {Result} result
 */
export const shownAs = ({ verdict, reason, just_now }) =>
  [verdict, reason ?? (just_now ? "just_now" : "")].filter(Boolean).join(" ");

/** @param {Scan} scan @returns {{ verdict: string, reason: string | null, just_now: boolean }} */
function verdictOf({ shown = "" }) {
  const [verdict = "", more = null] = shown.split(" ");
  return more === "just_now"
    ? { verdict, reason: null, just_now: true }
    : { verdict, reason: more, just_now: false };
}
