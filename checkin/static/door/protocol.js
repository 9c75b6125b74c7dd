// The protocol officer's page: VIPs behind a PIN, in memory only; who arrives, who came along, arrivals without a badge.

import { watchArrivals } from "./arrivals.js";
import { reasonOf } from "./by-hand.js";
import { place } from "./screen.js";
import { Away, ask, Refused } from "./server.js";
import { wakeSounds } from "./sounds.js";
import { clockTime, element, openTool, wordsOf } from "./tool.js";
import { look } from "./verdicts.js";
import { after, groups } from "./vips.js";

/** @import { Phone } from "./types.js" */
/** @import { Told } from "./alerts.js" */
/** @import { Names, Vip } from "./vips.js" */

const UNTOUCHED = 2 * 60000;

const words = wordsOf();
/** @type {Names | null} while unlocked, and nowhere else */
let names = null;
/** @type {Phone | null} */
let phone = null;
/** @type {string | null} the look-up id of the VIP whose sheet is open */
let chosen = null;
let touchedAt = performance.now();
/** What the network kept from the server; the latest of each VIP. @type {Map<string, { id: string, people: number }>} */
const counts = new Map();

const dialog = /** @type {HTMLDialogElement} */ (place("person"));
const pinForm = /** @type {HTMLFormElement} */ (place("pin"));
const admitForm = /** @type {HTMLFormElement} */ (place("admit"));
const people = /** @type {HTMLInputElement} */ (document.getElementById("people"));
const narrow = /** @type {HTMLInputElement} */ (document.getElementById("narrow"));
const missing = /** @type {HTMLInputElement} */ (document.getElementById("missing"));

const tool = await openTool({
  words,
  onPhone: (told) => {
    phone = told;
    pinForm.hidden = names !== null || told.device.kind !== "protocol";
    if (told.device.kind !== "protocol") tool.tell(new Refused("protocol_only", 403));
    else alerts ??= watch();
  },
  onWaiting: (waiting) => {
    place("waiting").hidden = waiting === 0;
    place("waiting").textContent = fill("waiting", { number: waiting });
  },
  idle: () => names === null,
});
/** @type {ReturnType<typeof watchArrivals> | undefined} */
let alerts;

/** @param {string} word @param {Record<string, string | number>} values */
function fill(word, values) {
  return Object.entries(values).reduce(
    (text, [name, value]) => text.replace(`%(${name})s`, String(value)),
    words[word] ?? "",
  );
}

function watch() {
  return watchArrivals({
    place: place("alerts"),
    name: (badge) => vipOf(badge)?.name ?? "",
    onTold: learned,
    onTrouble: tool.tell,
  });
}

/** @param {Told} told */
function learned(told) {
  tool.reached(true);
  sendCounts();
  if (!names) return;
  const before = names;
  names = after(names, told);
  if (JSON.stringify(before) !== JSON.stringify(names)) draw();
}

/** @param {string | null} badge */
const vipOf = (badge) => (badge === null ? undefined : names?.vips.find((vip) => vip.badge === badge));

// --- the lock -----------------------------------------------------------------------------------------------

/** @param {SubmitEvent} event */
async function unlock(event) {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (document.getElementById("pin"));
  const pin = field.value;
  const problem = place("pin-problem");
  problem.hidden = true;
  field.value = "";
  try {
    names = await ask("/protocol/vips", { body: { pin } });
    // It may have been left meanwhile.
    if (document.visibilityState !== "visible") return lock();
    touchedAt = performance.now();
    showNames();
  } catch (error) {
    const code = error instanceof Away ? "away" : error instanceof Refused ? error.code : "";
    const bad = error instanceof Refused && error.status === 400 ? "wrong_pin" : code;
    if (!words[bad]) return tool.tell(error);
    problem.textContent = words[bad] ?? "";
    problem.hidden = false;
    field.focus();
  }
}

function showNames() {
  pinForm.hidden = true;
  place("names").hidden = false;
  place("locks").hidden = false;
  draw();
  alerts?.draw();
  // A list is read from its top; a keyboard that covers it must be asked for.
  place("count").focus();
}

function lock() {
  if (names === null) return;
  names = null;
  chosen = null;
  dialog.close();
  for (const one of ["name", "organisation", "state"]) place(one).textContent = "";
  for (const one of ["list", "count"]) place(one).replaceChildren();
  narrow.value = "";
  admitForm.reset();
  place("names").hidden = true;
  place("locks").hidden = true;
  pinForm.hidden = false;
  alerts?.draw();
}

// --- the list -----------------------------------------------------------------------------------------------

function draw() {
  if (!names) return;
  const here = names.vips.filter((vip) => vip.today).length;
  place("count").textContent = names.vips.length
    ? fill("of", { arrived: here, all: names.vips.length })
    : (words.noVips ?? "");
  const found = groups(names, { text: narrow.value, missing: missing.checked });
  const rows = found.map(([delegation, vips]) => group(delegation, vips));
  const nobody = names.vips.length ? [element("p", "tool-note", words.nobody ?? "")] : [];
  place("list").replaceChildren(...(rows.length ? rows : nobody));
}

/** @param {string} delegation @param {Vip[]} vips */
function group(delegation, vips) {
  const section = document.createElement("section");
  const heading = element("h2", "vip-delegation", delegation || (words.none ?? ""));
  heading.dir = "auto";
  const of = names?.delegations.find((one) => one.name === delegation);
  if (of)
    heading.append(
      element("span", "vip-share", fill("delegation", { arrived: of.arrived, all: of.expected })),
    );
  const list = document.createElement("ul");
  list.className = "people";
  list.append(...vips.map(row));
  section.append(heading, list);
  return section;
}

/** @param {Vip} vip */
function row(vip) {
  const item = document.createElement("li");
  const button = element("button", "person", "");
  const name = element("span", "person-name", vip.name);
  const organisation = element("span", "person-organisation", vip.organisation);
  for (const one of [name, organisation]) one.dir = "auto";
  const state = element("span", "person-state", stateOf(vip));
  state.dataset.here = vip.today ? "yes" : "no";
  button.append(name, organisation, state);
  button.addEventListener("click", () => open(vip));
  item.append(button);
  return item;
}

/** @param {Vip} vip */
function stateOf({ today, entourage }) {
  const time = today && clockTime(today.at, phone?.event.time_zone ?? "UTC");
  const here = time ? fill("arrived", { time, door: today.door }) : (words.not ?? "");
  return entourage ? `${here} · ${fill("with", { number: entourage })}` : here;
}

// --- one VIP ------------------------------------------------------------------------------------------------

/** @param {Vip} vip */
function open(vip) {
  chosen = vip.badge;
  admitForm.reset();
  say("");
  place("name").textContent = vip.name;
  place("organisation").textContent = [vip.organisation, vip.delegation, vip.category]
    .filter(Boolean)
    .join(" · ");
  place("state").textContent = stateOf(vip);
  people.value = String(vip.entourage ?? 0);
  admitForm.hidden = vip.today !== null || vip.badge === null;
  place("entourage").hidden = vip.badge === null;
  place("admits").textContent = fill("at", { door: phone?.door.name ?? "" });
  dialog.showModal();
  place("name").focus();
}

/** @param {string} text */
function say(text) {
  place("person-said").textContent = text;
  place("person-said").hidden = !text;
}

/** @param {SubmitEvent} event */
async function count(event) {
  event.preventDefault();
  if (chosen === null || !people.checkValidity()) return;
  const number = Number(people.value);
  counts.set(chosen, { id: crypto.randomUUID(), people: number });
  say(fill("counted", { number }));
  await sendCounts();
}

async function sendCounts() {
  for (const [badge, one] of counts) {
    try {
      await ask("/protocol/entourage", { body: { badge, ...one } });
    } catch (error) {
      // What the server will never take is not offered again.
      if (!(error instanceof Refused) || error.status === 429) return tool.tell(error);
    }
    // Another number may have been typed meanwhile.
    if (counts.get(badge) === one) counts.delete(badge);
    const vip = vipOf(badge);
    if (vip) vip.entourage = one.people;
    draw();
  }
}

/** @param {SubmitEvent} event */
async function arrive(event) {
  event.preventDefault();
  const given = new FormData(admitForm);
  const reason = reasonOf(String(given.get("reason") ?? ""), String(given.get("note") ?? ""));
  if (!reason) return say(words.needed ?? "");
  const button = /** @type {HTMLButtonElement} */ (place("admits"));
  if (chosen === null || !phone || button.disabled) return;
  const badge = chosen;
  const delegate = { name: "", organisation: "", category: "", note: null, ...vipOf(badge) };
  button.disabled = true;
  try {
    const done = await tool.hands.admit({ badge, delegate }, reason);
    if (!done) return say(words.twice ?? "");
    alerts?.known(done.scan.id);
    const { verdict, first } = done.result;
    if (verdict === "refused") return say(fill("refused", { verdict: look(done.result).words[0] }));
    const at = { at: first?.at ?? done.scan.scanned_at, door: first?.door ?? phone.door.name };
    const arrival = { ...at, badge, scan: done.scan.id, verdict: "admitted", reason: null };
    if (names) names = after(names, { arrivals: [arrival], entourages: {} });
    const vip = vipOf(badge);
    place("state").textContent = vip ? stateOf(vip) : "";
    admitForm.hidden = true;
    say(done.sent ? "" : (words.kept ?? ""));
    draw();
  } catch (error) {
    tool.tell(error);
  } finally {
    button.disabled = false;
  }
}

// --- what is touched ----------------------------------------------------------------------------------------

pinForm.addEventListener("submit", (event) => unlock(/** @type {SubmitEvent} */ (event)));
admitForm.addEventListener("submit", (event) => arrive(/** @type {SubmitEvent} */ (event)));
place("entourage").addEventListener("submit", (event) => count(/** @type {SubmitEvent} */ (event)));
place("search").addEventListener("submit", (event) => event.preventDefault());
place("locks").addEventListener("click", lock);
narrow.addEventListener("input", draw);
missing.addEventListener("change", draw);
for (const step of document.querySelectorAll("[data-step]")) {
  step.addEventListener("click", () => {
    const by = Number(/** @type {HTMLElement} */ (step).dataset.step);
    people.value = String(Math.min(99, Math.max(0, Number(people.value) + by)));
  });
}
for (const button of document.querySelectorAll("[data-closes]"))
  button.addEventListener("click", () => dialog.close());
for (const touch of ["pointerdown", "keydown"]) {
  addEventListener(touch, () => {
    touchedAt = performance.now();
    wakeSounds();
  });
}
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") lock();
  else navigator.wakeLock?.request("screen").catch(() => undefined);
});
addEventListener("pagehide", lock);
setInterval(() => performance.now() - touchedAt > UNTOUCHED && lock(), 1000);
// It must stay on to be told of anybody.
navigator.wakeLock?.request("screen").catch(() => undefined);
await tool.meet();
