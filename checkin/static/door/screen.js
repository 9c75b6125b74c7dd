// Draws what the scanner knows: verdicts, strips, screens, lists. It decides nothing.

import { sighted } from "./verdicts.js";

/** @import { Door, Result } from "./types.js" */
/** @import { Shown, State } from "./core.js" */

/** @typedef {Record<string, string>} Words */

/**
 * @param {string} name an attribute that marks a place in the page
 * @returns {HTMLElement}
 */
export function place(name) {
  return /** @type {HTMLElement} */ (document.querySelector(`[data-${name}]`));
}

/**
 * @param {string} kind
 * @param {string} className
 * @param {string} text
 */
function element(kind, className, text) {
  const made = document.createElement(kind);
  made.className = className;
  made.textContent = text;
  return made;
}

/** @param {string} name */
export function showScreen(name) {
  for (const screen of document.querySelectorAll("[data-screen]")) {
    if (!(screen instanceof HTMLElement)) continue;
    const wanted = screen.dataset.screen === name;
    if (wanted && screen.hidden) queueMicrotask(() => screen.querySelector("h2")?.focus());
    screen.hidden = !wanted;
  }
  document.body.dataset.shows = name;
}

/**
 * @param {State} state
 * @param {{ timeZone: string, words: Words, onDecide: (shown: Shown, decision: "let_in" | "sent_to_desk") => void,
 *   onDismiss: (scan: string) => void }} edges
 */
export function draw(state, edges) {
  const { words } = edges;
  place("today").textContent = String(state.today);
  const waiting = (words.waiting ?? "").replace("%(number)s", String(state.waiting));
  const sent = state.waiting ? waiting : (words.confirmed ?? "");
  say(
    place("mark"),
    state.reached ? sent : [words.unreached, state.waiting && waiting].filter(Boolean).join(" · "),
  );
  place("mark").dataset.waits = state.waiting || !state.reached ? "yes" : "no";
  for (const one of document.querySelectorAll("[data-held]")) {
    /** @type {HTMLElement} */ (one).hidden = state.waiting === 0;
  }
  for (const one of document.querySelectorAll("[data-count]")) say(/** @type {HTMLElement} */ (one), waiting);
  say(place("goes"), words[state.direction] ?? "");
  say(place("turns-to"), words[state.direction === "in" ? "out" : "in"] ?? "");
  document.body.dataset.direction = state.direction;
  place("undo").hidden = state.undoable === null;
  drawVerdict(state.shown, edges);
  drawStrips(state, edges);
}

/** Only what differs is written, or it would be read out again and again. @param {HTMLElement} at @param {string} text */
function say(at, text) {
  if (at.textContent !== text) at.textContent = text;
}

/** @type {Shown[]} */
let drawnStrips = [];

/** @param {State} state @param {Parameters<typeof draw>[1]} edges */
function drawStrips({ strips, more }, edges) {
  // A strip that is being tapped must not be made anew beneath the finger.
  if (strips.length === drawnStrips.length && strips.every((one, at) => one === drawnStrips[at])) return;
  drawnStrips = strips;
  const rest = more
    ? [element("p", "door-more", (edges.words.more ?? "").replace("%(number)s", String(more)))]
    : [];
  place("strips").replaceChildren(...strips.map((one) => strip(one, edges)), ...rest);
}

/** @type {Shown | null} */
let drawn = null;

/** @param {Shown | null} shown @param {Parameters<typeof draw>[1]} edges */
function drawVerdict(shown, edges) {
  if (shown === drawn) return;
  drawn = shown;
  const verdict = place("verdict");
  verdict.hidden = !shown;
  verdict.dataset.tone = shown?.look.tone ?? "";
  verdict.replaceChildren(...(shown ? verdictLines(shown, edges) : []));
}

/**
 * In this order: icon and word, name, organisation, category, what to do.
 * @param {Shown} shown
 * @param {Parameters<typeof draw>[1]} edges
 * @returns {HTMLElement[]}
 */
export function verdictLines(shown, edges) {
  const { look, result } = shown;
  const icon = element("p", "verdict-icon", look.icon);
  icon.ariaHidden = "true";
  const corrects = shown.corrects ? [element("p", "verdict-corrects", edges.words.correction ?? "")] : [];
  const made = [
    ...corrects,
    icon,
    element("p", "verdict-word", look.words[0]),
    element("p", "verdict-second", look.words[1]),
  ];
  if (result.delegate) made.push(...person(result.delegate));
  for (const pair of [look.reason, look.advice]) {
    if (pair) made.push(element("p", "verdict-do", pair[0]), element("p", "verdict-second", pair[1]));
  }
  const seen = when(result, edges);
  if (seen) made.push(element("p", "verdict-seen", seen));
  if (look.asks) made.push(questions(shown, edges));
  return made;
}

/** @param {NonNullable<Result["delegate"]>} delegate @returns {HTMLElement[]} */
function person({ name, organisation, category, note }) {
  const made = [element("p", "verdict-name", name)];
  if (organisation) made.push(element("p", "verdict-organisation", organisation));
  made.push(element("p", "verdict-category", category));
  if (note) made.push(element("p", "verdict-note", note));
  for (const line of made) line.dir = "auto";
  return made;
}

/** @param {Result} result @param {Parameters<typeof draw>[1]} edges */
function when(result, { timeZone, words }) {
  if (result.just_now) return words.justNow ?? "";
  if (result.verdict === "returned") return sighted(result.last ?? result.first, timeZone);
  if (result.verdict !== "repeat") return "";
  const first = sighted(result.first, timeZone);
  const last = sighted(result.last, timeZone);
  return [first && `${words.first}: ${first}`, last && last !== first && `${words.last}: ${last}`]
    .filter(Boolean)
    .join(" · ");
}

/** @param {Shown} shown @param {Parameters<typeof draw>[1]} edges */
function questions(shown, { words, onDecide }) {
  const row = element("div", "verdict-asks", "");
  for (const [decision, word] of /** @type {const} */ ([
    ["let_in", words.letIn],
    ["sent_to_desk", words.desk],
  ])) {
    const button = element("button", "verdict-button", word ?? "");
    button.addEventListener("click", () => onDecide(shown, decision));
    row.append(button);
  }
  return row;
}

/** @param {Shown} shown @param {Parameters<typeof draw>[1]} edges */
function strip(shown, edges) {
  const made = element("div", "door-strip", "");
  made.dataset.tone = shown.look.tone;
  const text = element("p", "door-strip-text", shown.result.delegate?.name ?? "");
  text.dir = "auto";
  const said = (shown.look.reason ?? shown.look.words).join(" · ");
  const words = `${shown.corrects ? `${edges.words.correction}: ` : ""}${shown.look.icon} ${said}`;
  made.append(text, element("p", "door-strip-words", words));
  if (shown.look.asks) made.append(questions(shown, edges));
  const close = element("button", "door-strip-close", "×");
  close.ariaLabel = edges.words.close ?? "";
  close.addEventListener("click", () => edges.onDismiss(shown.scan));
  made.append(close);
  return made;
}

/**
 * A list of choices, one of which holds.
 * @param {HTMLElement} list
 * @param {{ id: string, text: string, chosen: boolean }[]} choices
 * @param {(id: string) => void} onChoose
 */
export function drawChoices(list, choices, onChoose) {
  list.replaceChildren(
    ...choices.map(({ id, text, chosen }) => {
      const button = element("button", "door-choice", text);
      button.ariaPressed = String(chosen);
      button.addEventListener("click", () => onChoose(id));
      return button;
    }),
  );
}
