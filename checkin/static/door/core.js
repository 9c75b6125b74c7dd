// What the scanner does next, as a pure function of what it knows and what happens; edges do the rest.

import { look } from "./verdicts.js";

/** @import { Input, Result } from "./types.js" */
/** @import { Look } from "./verdicts.js" */

/**
 * @typedef {{ scan: string, result: Result, look: Look, since: number }} Shown
 * @typedef {{ inView: { text: string, at: number } | null, shown: Shown | null, strips: Shown[], today: number,
 *   waiting: number }} State
 * @typedef {{ type: "read", text: string, input: Input, at: number }
 *   | { type: "judged", scan: string, result: Result, at: number, late?: boolean }
 *   | { type: "kept", waiting: number }
 *   | { type: "counted", today: number }
 *   | { type: "dismissed", scan: string }
 *   | { type: "ticked", at: number }} Event
 * @typedef {{ do: "scan", text: string, input: Input } | { do: "signal", look: Look }} Effect
 */

/** A code that is held in view is read once, until it was out of view for so long (milliseconds). */
export const OUT_OF_VIEW = 1500;
const STRIPS = 3;

/** @returns {State} */
export function beginning() {
  return { inView: null, shown: null, strips: [], today: 0, waiting: 0 };
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
    case "kept":
      return [{ ...state, waiting: event.waiting }, []];
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
  if (input !== "camera") return [state, [{ do: "scan", text, input }]];
  const again = state.inView?.text === text && at - state.inView.at < OUT_OF_VIEW;
  return [{ ...state, inView: { text, at } }, again ? [] : [{ do: "scan", text, input }]];
}

/**
 * @param {State} state
 * @param {{ scan: string, result: Result, at: number, late?: boolean }} event
 * @returns {[State, Effect[]]}
 */
function judged(state, { scan, result, at, late }) {
  const shown = { scan, result, look: look(result), since: at };
  const today = state.today + (result.verdict === "admitted" && !result.just_now ? 1 : 0);
  const rest = { ...state, today, strips: state.strips.filter((one) => one.scan !== scan) };
  if (late) {
    // Somebody was let by before the server could speak: only what helpers must know of is shown.
    const known = { ...rest, shown: rest.shown?.scan === scan ? null : rest.shown };
    return shown.look.stays ? [stripped(known, shown), [{ do: "signal", look: shown.look }]] : [known, []];
  }
  const before = state.shown?.look.stays ? stripped(rest, state.shown) : rest;
  return [{ ...before, shown }, [{ do: "signal", look: shown.look }]];
}

/** @param {State} state @param {Shown} shown @returns {State} */
function stripped(state, shown) {
  // One strip a person, the latest.
  const person = shown.result.delegate?.reference;
  const others = state.strips.filter((one) => !person || one.result.delegate?.reference !== person);
  return { ...state, strips: [shown, ...others].slice(0, STRIPS) };
}

/** @param {State} state @param {string} scan @returns {State} */
function dismissed(state, scan) {
  const shown = state.shown?.scan === scan ? null : state.shown;
  return { ...state, shown, strips: state.strips.filter((one) => one.scan !== scan) };
}

/** @param {State} state @param {number} at @returns {State} */
function ticked(state, at) {
  const { shown } = state;
  if (!shown || at - shown.since < shown.look.hold) return state;
  const rest = { ...state, shown: null };
  return shown.look.stays ? stripped(rest, shown) : rest;
}
