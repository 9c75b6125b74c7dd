// The help desk's page: find somebody, say why they have no code to show, let them in.

import { reasonOf } from "./by-hand.js";
import { place, verdictLines } from "./screen.js";
import { Away, ask } from "./server.js";
import { signal, wakeSounds } from "./sounds.js";
import { clockTime, element, openTool, wordsOf } from "./tool.js";
import { look } from "./verdicts.js";

/** @import { Phone, Result } from "./types.js" */

/**
 * @typedef {{ reference: string, name: string, organisation: string, category: string, today: string | null,
 *   badge: string | null, status: string }} Person
 */

const PAUSE = 250;
/** Letters that are words by themselves: one is enough. */
const HAN = /\p{Script=Han}/u;

const words = wordsOf();
/** @type {Phone | null} */
let phone = null;
/** @type {Person | null} */
let chosen = null;
let asked = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;

const field = /** @type {HTMLInputElement} */ (document.getElementById("q"));
const dialog = /** @type {HTMLDialogElement} */ (place("person"));
const form = /** @type {HTMLFormElement} */ (place("admit"));

const tool = await openTool({
  words,
  onPhone: (told) => {
    phone = told;
    place("door").textContent = told.door.name;
  },
  onWaiting: (waiting) => {
    place("waiting").hidden = waiting === 0;
    place("waiting").textContent = (words.waiting ?? "").replace("%(number)s", String(waiting));
  },
  idle: () => field.value === "" && !dialog.open && Boolean(place("verdict").hidden),
});

// --- searching ----------------------------------------------------------------------------------------------

async function search() {
  clearTimeout(typing);
  const query = field.value.trim();
  asked += 1;
  const mine = asked;
  if ([...query].length < 2 && !HAN.test(query)) return show([], query ? (words.more ?? "") : "");
  try {
    const { results } = await ask(`/search?q=${encodeURIComponent(query)}`);
    tool.reached(true);
    // A later question may have been answered earlier.
    if (mine !== asked) return;
    const found = results.length ? (words.found ?? "") : (words.nobody ?? "");
    show(results, found.replace("%(number)s", String(results.length)));
  } catch (error) {
    if (mine !== asked) return;
    if (error instanceof Away) show([], words.away ?? "");
    tool.tell(error);
  }
}

/** @param {Person[]} people @param {string} said */
function show(people, said) {
  place("trouble").hidden = true;
  place("said").textContent = said;
  place("results").replaceChildren(...people.map(row));
  // The best match comes first.
  scrollTo(0, 0);
}

/** @param {Person} person */
function row(person) {
  const item = document.createElement("li");
  const button = element("button", "person", "");
  const name = element("span", "person-name", person.name);
  const organisation = element("span", "person-organisation", person.organisation);
  for (const one of [name, organisation]) one.dir = "auto";
  const state = element("span", "person-state", stateOf(person));
  state.dataset.here = person.today ? "yes" : "no";
  const rest = element("span", "person-rest", `${person.category} · ${person.reference}`);
  button.append(name, organisation, rest, state);
  button.addEventListener("click", () => open(person));
  item.append(button);
  return item;
}

/** @param {Person} person */
function stateOf({ today, badge, status }) {
  if (status === "cancelled") return words.cancelled ?? "";
  if (today) return (words.here ?? "").replace("%(time)s", clockTime(today, phone?.event.time_zone ?? "UTC"));
  return (badge ? words.not : words.noBadge) ?? "";
}

// --- admitting ----------------------------------------------------------------------------------------------

/** @param {Person} person */
function open(person) {
  chosen = person;
  form.reset();
  place("problem").hidden = true;
  place("name").textContent = person.name;
  place("organisation").textContent = [person.organisation, person.category].filter(Boolean).join(" · ");
  place("state").textContent = stateOf(person);
  form.hidden = person.badge === null;
  place("admits").textContent = (words.at ?? "").replace("%(door)s", phone?.door.name ?? "");
  dialog.showModal();
  place("name").focus();
}

/** @param {SubmitEvent} event */
async function admit(event) {
  event.preventDefault();
  const given = new FormData(form);
  const reason = reasonOf(String(given.get("reason") ?? ""), String(given.get("note") ?? ""));
  if (!reason) return say(words.needed ?? "");
  if (!phone || !chosen?.badge) return;
  const person = chosen;
  const button = /** @type {HTMLButtonElement} */ (place("admits"));
  // A second tap while the first is under way would be a second scan.
  if (button.disabled) return;
  button.disabled = true;
  try {
    const done = await tool.hands.admit({ badge: chosen.badge, delegate: { ...person, note: null } }, reason);
    if (!done) return say(words.twice ?? "");
    dialog.close();
    showVerdict(done.result, person, done.sent);
    search();
  } catch (error) {
    dialog.close();
    tool.tell(error);
  } finally {
    button.disabled = false;
  }
}

/** @param {string} problem */
function say(problem) {
  place("problem").textContent = problem;
  place("problem").hidden = false;
}

/** @param {Result} result @param {Person} person @param {boolean} sent */
function showVerdict(result, person, sent) {
  const delegate = result.delegate ?? { ...person, note: null };
  const shown = { scan: result.id, result: { ...result, delegate }, look: look(result), since: 0 };
  const verdict = place("verdict");
  const whole = { ...shown, corrects: false, foreign: null };
  const edges = {
    timeZone: phone?.event.time_zone ?? "UTC",
    words,
    onDecide: (/** @type {unknown} */ _, /** @type {"let_in" | "sent_to_desk"} */ decision) => {
      closeVerdict();
      tool.decided(result.id, decision);
    },
    onDismiss: () => undefined,
  };
  const close = element("button", "verdict-button verdict-close", words.close ?? "");
  close.addEventListener("click", closeVerdict);
  close.hidden = shown.look.asks;
  const kept = sent ? [] : [element("p", "verdict-do", words.kept ?? "")];
  verdict.replaceChildren(...verdictLines(whole, edges), ...kept, close);
  verdict.dataset.tone = shown.look.tone;
  verdict.hidden = false;
  /** @type {HTMLElement | null} */ (verdict.querySelector("button:not([hidden])"))?.focus();
  signal(shown.look.tone, localStorage.getItem("sound") !== "off");
}

function closeVerdict() {
  place("verdict").hidden = true;
  field.focus();
}

field.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(search, PAUSE);
});
place("search").addEventListener("submit", (event) => {
  event.preventDefault();
  field.blur();
  search();
});
form.addEventListener("submit", (event) => admit(/** @type {SubmitEvent} */ (event)));
for (const button of document.querySelectorAll("[data-closes]"))
  button.addEventListener("click", () => dialog.close());
addEventListener("pointerdown", wakeSounds);
addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeVerdict();
});
await tool.meet();
