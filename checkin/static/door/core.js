// What the scanner does next, as a pure function of what it knows and what happens; edges do the rest.

import { look } from "./verdicts.js";

/** @import { Input, Result } from "./types.js" */
/** @import { Look } from "./verdicts.js" */

/**
 * @typedef {{ scan: string, result: Result, look: Look, since: number, corrects: boolean, foreign: string | null }} Shown
 * @typedef {{ inView: { text: string, at: number } | null, shown: Shown | null, strips: Shown[], more: number,
 *   today: number, waiting: number, reached: boolean, direction: "in" | "out", both: boolean, activeAt: number,
 *   undoable: { scan: string, at: number, admitted: boolean } | null }} State
 * @typedef {{ type: "read", text: string, input: Input, at: number }
 *   | { type: "judged", scan: string, result: Result, at: number, foreign?: string | null }
 *   | { type: "answered", scan: string, before: Result, result: Result, at: number, madeAt: number }
 *   | { type: "undone", scan: string, at: number }
 *   | { type: "stands", direction: "in" | "out" | "both" }
 *   | { type: "turned", at: number }
 *   | { type: "kept", waiting: number }
 *   | { type: "reached", is: boolean }
 *   | { type: "counted", today: number }
 *   | { type: "dismissed", scan: string }
 *   | { type: "ticked", at: number }} Event
 * @typedef {{ do: "scan", text: string, input: Input } | { do: "signal", look: Look }} Effect
 */

/** A code that is held in view is read once, until it was out of view for so long (milliseconds). */
export const OUT_OF_VIEW = 1500;
/** A door for both ways falls back to IN when nobody came for so long. */
export const IDLE = 10 * 60000;
/** The last scan can be undone for so long. */
export const UNDO = 60000;
/** A correction of a scan that is older than this finds nobody at the door: it is a strip, not a screen. */
const STILL_THERE = 60000;
const STRIPS = 3;
/** One may pass: these looks differ in what they greet with only. */
const PASSES = new Set(["green", "blue", "grey"]);

/** @returns {State} */
export function beginning() {
  const nothing = { inView: null, shown: null, strips: [], more: 0, today: 0, waiting: 0, undoable: null };
  return { ...nothing, reached: true, direction: "in", both: false, activeAt: 0 };
}

/**
 * The next state, and what is to be done.
 * @param {State} state
 * @param {Event} event
 * @returns {[State, Effect[]]}
 */
export function step(state, event) {
  switch (event.type) {
    case "read":
      return read(state, event);
    case "judged":
      return judged(state, event);
    case "answered":
      return answered(state, event);
    case "undone":
      return [undone(state, event.scan), []];
    case "stands":
      return [stands(state, event), []];
    case "turned":
      return [{ ...state, direction: state.direction === "in" ? "out" : "in", activeAt: event.at }, []];
    case "kept":
      return [{ ...state, waiting: event.waiting }, []];
    case "reached":
      return [{ ...state, reached: event.is }, []];
    case "counted":
      return [{ ...state, today: event.today }, []];
    case "dismissed":
      return [dismissed(state, event.scan), []];
    case "ticked":
      return [ticked(state, event.at), []];
  }
}

/**
 * @param {State} state
 * @param {{ text: string, input: Input, at: number }} event
 * @returns {[State, Effect[]]}
 */
function read(state, { text, input, at }) {
  const active = { ...state, activeAt: at };
  if (input !== "camera") return [active, [{ do: "scan", text, input }]];
  const again = state.inView?.text === text && at - state.inView.at < OUT_OF_VIEW;
  return [{ ...active, inView: { text, at } }, again ? [] : [{ do: "scan", text, input }]];
}

/**
 * The phone's own verdict, at once.
 * @param {State} state
 * @param {{ scan: string, result: Result, at: number, foreign?: string | null }} event
 * @returns {[State, Effect[]]}
 */
function judged(state, { scan, result, at, foreign = null }) {
  const shown = { scan, result, look: look(result, foreign), since: at, corrects: false, foreign };
  const admitted = result.verdict === "admitted" && !result.just_now;
  const undoable = PASSES.has(shown.look.tone) && result.verdict !== "test" ? { scan, at, admitted } : null;
  const rest = { ...state, today: state.today + (admitted ? 1 : 0), undoable };
  return [{ ...onStrip(rest, state.shown), shown }, [{ do: "signal", look: shown.look }]];
}

/** @param {State} state @param {Shown | null} shown @returns {State} */
const onStrip = (state, shown) => (shown?.look.stays ? stripped(state, shown) : state);

/**
 * What the server made of it: mostly the same. Where it isn't, the helper is told loudly.
 * @param {State} state
 * @param {{ scan: string, before: Result, result: Result, at: number, madeAt: number }} event
 * @returns {[State, Effect[]]}
 */
function answered(state, { scan, before, result, at, madeAt }) {
  // A TEST badge practises what it shows; to the server it is nobody's.
  if (before.verdict === "test") return [state, []];
  const here = state.shown?.scan === scan ? state.shown : null;
  const own = look(before);
  const theirs = look({ ...result, vip: before.vip ?? false });
  const told = { ...result, delegate: here?.result.delegate ?? result.delegate, vip: before.vip ?? false };
  const counted = counts(result) - counts(before);
  const known = { ...state, today: state.today + counted };
  if (agree(own.tone, theirs.tone)) {
    const named =
      here && !here.result.delegate ? { ...here, result: { ...here.result, delegate: told.delegate } } : here;
    return [here ? { ...known, shown: named } : known, []];
  }
  const shown = {
    scan,
    result: told,
    look: theirs,
    since: at,
    corrects: before.verdict !== "unlisted",
    foreign: null,
  };
  const effects = /** @type {Effect[]} */ ([{ do: "signal", look: theirs }]);
  if (here || at - madeAt < STILL_THERE) {
    return [{ ...(here ? known : onStrip(known, state.shown)), shown }, effects];
  }
  return [stripped(known, shown), effects];
}

/** @param {Result} result */
const counts = (result) => (result.verdict === "admitted" && !result.just_now ? 1 : 0);

/** @param {string} one @param {string} other */
const agree = (one, other) => one === other || (PASSES.has(one) && PASSES.has(other));

/** @param {State} state @param {Shown} shown @returns {State} */
function stripped(state, shown) {
  // One strip a person or scan, the latest.
  const person = shown.result.delegate?.name;
  const others = state.strips.filter(
    (one) => one.scan !== shown.scan && (!person || one.result.delegate?.name !== person),
  );
  const strips = [{ ...shown, look: { ...shown.look, stays: true } }, ...others];
  return {
    ...state,
    strips: strips.slice(0, STRIPS),
    more: state.more + Math.max(0, strips.length - STRIPS),
  };
}

/** @param {State} state @param {string} scan @returns {State} */
function undone(state, scan) {
  const counted = state.undoable?.scan === scan && state.undoable.admitted ? 1 : 0;
  return { ...dismissed(state, scan), today: Math.max(0, state.today - counted), undoable: null };
}

/** @param {State} state @param {{ direction: "in" | "out" | "both" }} event @returns {State} */
function stands(state, { direction }) {
  if (direction !== "both") return { ...state, direction, both: false };
  return state.both ? state : { ...state, direction: "in", both: true };
}

/** @param {State} state @param {string} scan @returns {State} */
function dismissed(state, scan) {
  const shown = state.shown?.scan === scan ? null : state.shown;
  const strips = state.strips.filter((one) => one.scan !== scan);
  return { ...state, shown, strips, more: strips.length ? state.more : 0 };
}

/** @param {State} state @param {number} at @returns {State} */
function ticked(state, at) {
  const { undoable, shown } = state;
  let next = state;
  if (undoable && at - undoable.at >= UNDO) next = { ...next, undoable: null };
  if (next.both && next.direction === "out" && at - next.activeAt >= IDLE)
    next = { ...next, direction: "in" };
  if (!shown || at - shown.since < shown.look.hold) return next;
  return onStrip({ ...next, shown: null }, shown);
}
