// The scanner: joins the pure core to the camera, the store, the server, the sounds and the page.

import { cameras } from "./cameras.js";
import { beginning, step } from "./core.js";
import { handOver, queueFile } from "./exporting.js";
import { Knowledge, OLD } from "./knowledge.js";
import { drawReadiness, readiness } from "./readiness.js";
import { factsOf, reportOf } from "./reporting.js";
import { dayOf, SKEW_OF_NOBODY } from "./rule.js";
import { scanning } from "./scanning.js";
import { draw, drawChoices, place, showScreen } from "./screen.js";
import {
  Away,
  state as askState,
  decide,
  judge,
  lookUp,
  move,
  Odd,
  OtherEpoch,
  Refused,
  report,
  roster,
  Stopped,
  undo,
} from "./server.js";
import { signal, wakeSounds } from "./sounds.js";
import { openStore, Unsafe } from "./store.js";
import { OtherEvent, syncer } from "./syncing.js";
import { takeUpdates } from "./updates.js";
import { uploader } from "./uploading.js";
import { listenToWedge } from "./wedge.js";

/** @import { Phone, Scan } from "./types.js" */
/** @import { Event } from "./core.js" */
/** @import { News } from "./store.js" */

const SYNC_EVERY = 5000;
const MEET_EVERY = 30000;
const REPORT_EVERY = 15000;
const SKEW_TO_TELL = 120000;
/** Nobody was read for so long: nobody is at the door. */
const QUIET = 60000;

const words = JSON.parse(place("words").textContent ?? "{}");
const decoder = new Worker(document.body.dataset.decoder ?? "", { type: "module" });
decoder.addEventListener("message", ({ data }) => {
  if (data.ready) document.body.dataset.decodes = "yes";
});
const store = await openStore().catch(unsafe);
const knowledge = new Knowledge();

let state = beginning();
/** @type {Phone | null} */
let phone = null;
let skew = 0;
let persisted = false;
/** @type {number | null} */
let heardAt = null;

const ticks = () => performance.now();
const camera = cameras({
  video: /** @type {HTMLVideoElement} */ (document.querySelector("video")),
  decoder,
  name: words.camera,
  onRead: (text) => happen({ type: "read", text, input: "camera", at: ticks() }),
  show: showScreen,
  onChosen: closeDialogs,
});
const uploading = uploader({
  store,
  judge: judged,
  decide: ({ scan, decision }) => decide(scan, decision),
  undo,
  onResults: (scans, results) => {
    desk.answered(scans, results);
    if (results.some((one) => one.verdict === "held")) stopped(new Stopped("revoked"));
    showWaiting();
  },
  onTrouble: trouble,
  onDone: showWaiting,
  later: (what, wait) => setTimeout(what, wait),
});
const desk = scanning({
  store,
  knowledge,
  phone: () => phone,
  skew: () => skew,
  direction: () => state.direction,
  happen,
  wake: () => {
    showWaiting();
    uploading.wake();
  },
  now: Date.now,
  ticks,
  newId: () => crypto.randomUUID(),
  later: (what, wait) => setTimeout(what, wait),
});
const { sync } = syncer({
  knowledge,
  store,
  now: Date.now,
  ask: (since) => roster(since, (bytes) => showProgress(bytes)),
});

// --- the core and its effects -------------------------------------------------------------------------------

/** @param {Event} event */
function happen(event) {
  const [next, effects] = step(state, event);
  state = next;
  draw(state, {
    timeZone: phone?.event.time_zone ?? "UTC",
    words,
    onDecide: (shown, decision) => desk.decided(shown.scan, decision),
    onDismiss: (scan) => happen({ type: "dismissed", scan }),
  });
  for (const effect of effects) {
    if (effect.do === "scan") desk.scanned({ code: effect.text }, effect.input).catch(trouble);
    else signal(effect.look.tone, hasSound());
  }
  if (event.type === "judged" && event.result.verdict === "test") tested();
}

const hasSound = () => localStorage.getItem("sound") !== "off";

async function showWaiting() {
  happen({ type: "kept", waiting: await store.countWaiting() });
}

/** @param {unknown} error @returns {never} */
function unsafe(error) {
  showScreen(error instanceof Unsafe ? error.why : "refused");
  throw error;
}

// --- the server ---------------------------------------------------------------------------------------------

/** @param {Scan[]} scans */
async function judged(scans) {
  const told = await judge(scans, {
    epoch: await store.epoch(),
    waiting: state.waiting,
    rosterAge: Math.round(Math.min(knowledge.age(Date.now()), 2 ** 31) / 1000),
    battery: await battery(),
  });
  note(told.skew);
  reached(true);
  return told.results;
}

async function battery() {
  const found = await /** @type {any} */ (navigator).getBattery?.().catch(() => null);
  return found ? found.level : null;
}

/**
 * How far this phone's clock is ahead: each scan is made with it, below two seconds it counts as none.
 * @param {number} measured milliseconds
 */
function note(measured) {
  skew = Math.abs(measured) < SKEW_OF_NOBODY ? 0 : Math.round(measured);
  const off = Math.abs(skew) > SKEW_TO_TELL;
  place("clock").hidden = !off;
  place("clock").textContent = off
    ? words.clock.replace("%(minutes)s", String(Math.round(Math.abs(skew) / 60000)))
    : "";
}

/** @param {boolean} is */
function reached(is) {
  if (is) heardAt = Date.now();
  if (is) place("odd").hidden = true;
  document.body.dataset.reached = is ? "yes" : "no";
  if (is !== state.reached) happen({ type: "reached", is });
}

/** What went wrong, so far as the helper must know. @param {unknown} error */
function trouble(error) {
  if (error instanceof OtherEpoch) return otherEpoch(error);
  if (error instanceof Stopped) return stopped(error);
  if (error instanceof OtherEvent) return showScreen("other");
  if (error instanceof Unsafe) return stop(error.why);
  if (!(error instanceof Away || error instanceof Refused)) throw error;
  place("odd").hidden = !(error instanceof Odd);
  reached(false);
}

/** The roster tells whether it is the same event's. @param {OtherEpoch} error */
async function otherEpoch({ epoch }) {
  if (phone) return refresh();
  // A revoked phone gets no roster: it takes the server's word, to hand over what it holds.
  await store.enter(epoch);
  uploading.wake();
}

/** @param {Stopped} error */
function stopped(error) {
  stop(error.why);
  if (error.why !== "revoked") return;
  store.forgetRoster();
  // What it still holds goes to the organisers, who decide.
  uploading.wake();
}

/** @param {string} why */
function stop(why) {
  camera.close();
  phone = null;
  showScreen(why);
}

/** Who this phone is and where it stands, and the roster; what waits is sent. */
async function meetServer() {
  try {
    const told = await askState();
    await tellDoor(told);
    await store.belong(told.device.id);
    phone = told;
    note(Date.now() - Date.parse(told.now));
    reached(true);
    await store.keepPhone(told);
    if (!knowledge.roster) showScreen("installing");
    await sync();
    standAt(told.door);
    happen({ type: "counted", today: told.today + (await countedHere(told.door.id)) });
    await open();
    await uploading.wake();
  } catch (error) {
    if (!(error instanceof Stopped) && !knowledge.roster) showScreen("offline");
    trouble(error);
  }
}

/** First entries at this door that the server hasn't heard of. @param {string} door */
async function countedHere(door) {
  const today = dayOf(Date.now(), knowledge.programme);
  return (await store.waiting()).filter(
    (scan) =>
      scan.shown === "admitted" &&
      scan.door === door &&
      dayOf(Date.parse(scan.scanned_at), knowledge.programme) === today,
  ).length;
}

async function open() {
  const shows = document.body.dataset.shows ?? "";
  const closed = ["loading", "offline", "unpaired", "installing", "other", "revoked"];
  if (!camera.isOpen() && closed.includes(shows)) await camera.begin();
}

/** The roster's changes, as often as the page is seen. */
async function refresh() {
  if (!phone || document.visibilityState !== "visible") return;
  try {
    await sync();
    reached(true);
    // The server is there, and may not have all: also after a new epoch.
    if ((await store.countWaiting()) > 0) uploading.wake();
  } catch (error) {
    trouble(error);
  }
  showAge();
}

function showAge() {
  const age = knowledge.age(Date.now());
  const old = age > OLD && Number.isFinite(age);
  place("age").hidden = !old;
  place("age").textContent = old ? words.age.replace("%(minutes)s", String(Math.round(age / 60000))) : "";
}

/** @param {number} bytes */
function showProgress(bytes) {
  place("progress").textContent = words.progress.replace("%(size)s", (bytes / 1e6).toFixed(1));
}

// --- how it is ----------------------------------------------------------------------------------------------

/** @returns {Promise<import("./reporting.js").Known>} */
async function known() {
  const now = Date.now();
  return {
    now,
    persisted,
    skew,
    shows: document.body.dataset.shows ?? "",
    sound: hasSound(),
    age: knowledge.age(now),
    battery: await battery(),
    heardAgo: heardAt === null ? null : now - heardAt,
    testedAt: Number(localStorage.getItem("tested")) || null,
    programme: knowledge.roster?.programme ?? null,
  };
}

async function showReadiness() {
  const { ready, items } = readiness(factsOf(await known()));
  drawReadiness(place("ready-items"), items);
  const lacking = items.filter((one) => !one.ok).length;
  place("ready").textContent = ready ? words.ready : words.unready.replace("%(number)s", String(lacking));
  place("ready").dataset.ready = ready ? "yes" : "no";
}

/** A TEST badge was read: the way from the camera to the sound works. */
function tested() {
  localStorage.setItem("tested", String(Date.now()));
  tellHow();
}

async function tellHow() {
  await showReadiness();
  if (!phone || document.visibilityState !== "visible") return;
  const installed = matchMedia("(display-mode: standalone)").matches;
  const more = { waiting: await store.countWaiting(), lastNumber: await store.lastNumber(), installed };
  // Whether the server is reached, scans and the roster say: their answers may be odd while this one is not.
  await report(reportOf(await known(), more)).then(() => {
    heardAt = Date.now();
  }, trouble);
}

// --- where it stands ----------------------------------------------------------------------------------------

/** @param {Phone["door"]} door */
function standAt(door) {
  if (!phone) return;
  phone.door = door;
  happen({ type: "stands", direction: door.direction });
  place("door").textContent = door.name;
  place("who").textContent = `${phone.operator} · ${phone.device.name}`;
  place("turns").hidden = door.direction !== "both";
  place("finds").hidden = phone.device.kind !== "desk";
  place("vips").hidden = phone.device.kind !== "protocol";
  if (phone.device.kind === "protocol") watchVips();
  const choices = phone.doors.map((one) => ({
    id: one.id,
    text: `${one.name} · ${one.area}`,
    chosen: one.id === door.id,
  }));
  drawChoices(place("doors"), choices, changeDoor);
}

let watching = false;

/** A protocol officer is told of VIPs here too. */
async function watchVips() {
  if (watching) return;
  watching = true;
  const { watchArrivals } = await import("./arrivals.js");
  watchArrivals({ place: place("alerts") });
}

/** @param {string} id */
async function changeDoor(id) {
  const door = phone?.doors.find((one) => one.id === id);
  if (!door || !phone) return;
  // Also without the server: each scan names its door. The server hears of it when it is met again.
  standAt(door);
  await store.keepPhone(phone);
  localStorage.setItem("moved", `${phone.device.id} ${id}`);
  closeDialogs();
  await meetServer();
}

/** A door that was changed while the server was away is told before it tells its own. @param {Phone} told */
async function tellDoor(told) {
  const [device, id] = (localStorage.getItem("moved") ?? "").split(" ");
  const door = told.doors.find((one) => one.id === id);
  if (device === told.device.id && door) told.door = { ...door, ...(await move(door.id)).door };
  localStorage.removeItem("moved");
}

// --- what helpers press -------------------------------------------------------------------------------------

function closeDialogs() {
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
}

/** @param {SubmitEvent} event */
async function typed(event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const given = new FormData(form);
  const reference = String(given.get("reference")).trim();
  const letters = String(given.get("letters")).trim();
  const problem = place("problem");
  problem.hidden = true;
  try {
    // A whole code may have been typed instead of a reference.
    const what = letters ? await lookUp(reference, letters) : { code: reference };
    form.reset();
    closeDialogs();
    await desk.scanned(what, "typed");
  } catch (error) {
    if (error instanceof Stopped || error instanceof Unsafe) return trouble(error);
    problem.textContent =
      words[error instanceof Refused ? (error.status === 429 ? "often" : "wrong") : "away"];
    problem.hidden = false;
  }
}

async function save() {
  const kept = await store.kept();
  const known = kept.phone;
  if (!known) return;
  const [scans, decisions, voids] = await Promise.all([store.scans(), store.decisions(), store.voids()]);
  const { code = "", epoch = "" } = { code: kept.roster?.programme.code, epoch: kept.roster?.epoch };
  const file = queueFile({ phone: known, code, epoch, scans, decisions, voids, at: Date.now() });
  await handOver(file, `checkin-${known.device.name.replaceAll(" ", "-").toLowerCase()}.json`);
}

function listen() {
  for (const button of document.querySelectorAll("[data-start]"))
    button.addEventListener("click", camera.open);
  for (const button of document.querySelectorAll("[data-closes]"))
    button.addEventListener("click", closeDialogs);
  for (const button of document.querySelectorAll("[data-saves]")) button.addEventListener("click", save);
  for (const button of document.querySelectorAll("[data-opens]")) {
    const dialog = document.getElementById(/** @type {HTMLElement} */ (button).dataset.opens ?? "");
    button.addEventListener("click", () => dialog instanceof HTMLDialogElement && dialog.showModal());
    button.addEventListener("click", showReadiness);
  }
  place("turns").addEventListener("click", () => happen({ type: "turned", at: ticks() }));
  place("undo").addEventListener(
    "click",
    () => state.undoable && desk.undo(state.undoable.scan).catch(trouble),
  );
  place("sound").ariaPressed = String(hasSound());
  place("sound").addEventListener("click", () => {
    const loud = place("sound").ariaPressed !== "true";
    localStorage.setItem("sound", loud ? "on" : "off");
    place("sound").ariaPressed = String(loud);
  });
  place("typed").addEventListener("submit", (event) => typed(/** @type {SubmitEvent} */ (event)));
  addEventListener("pointerdown", wakeSounds);
  listenToWedge((text) => happen({ type: "read", text, input: "wedge", at: ticks() }));
}

function comeBack() {
  if (document.visibilityState !== "visible") return;
  camera.comeBack();
  meetServer();
}

/** Whether the page may be opened anew: nobody stands before it. */
function idle() {
  const quiet = state.activeAt === 0 || ticks() - state.activeAt > QUIET;
  return quiet && !state.shown && !document.querySelector("dialog[open]");
}

/** What this phone knew when it was closed: with it the door goes on without the server. */
async function recall() {
  const kept = await store.kept();
  knowledge.roster = kept.roster;
  for (const news of kept.news) knowledge.learn(news);
  for (const scan of await store.scans()) knowledge.remember(scan);
  await store.gather(/** @type {News[]} */ (kept.news));
  await showWaiting();
  if (!kept.phone || !kept.roster) return;
  if (dayOf(Date.now(), knowledge.programme) > (knowledge.programme.days.at(-1) ?? "")) await store.clear();
  await store.enter(kept.roster.epoch);
  phone = kept.phone;
  standAt(phone.door);
  happen({ type: "counted", today: await countedHere(phone.door.id) });
  showAge();
  await camera.begin();
}

listen();
showScreen("loading");
setInterval(() => happen({ type: "ticked", at: ticks() }), 200);
setInterval(refresh, SYNC_EVERY);
setInterval(() => (phone || !state.reached) && meetServer(), MEET_EVERY);
for (const news of ["online", "pageshow", "focus"]) addEventListener(news, comeBack);
document.addEventListener("visibilitychange", comeBack);
setInterval(tellHow, REPORT_EVERY);
persisted = Boolean(await navigator.storage?.persist?.().catch(() => false));
takeUpdates(document.body.dataset.worker ?? "", idle);
await recall();
await meetServer();
await tellHow();
