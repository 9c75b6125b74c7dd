// The scanner: joins the pure core to the camera, the store, the server, the sounds and the page.

import { CameraTrouble, startCamera } from "./camera.js";
import { beginning, step } from "./core.js";
import { draw, drawChoices, place, showScreen } from "./screen.js";
import { Away, state as askState, decide, judge, lookUp, move, Refused, Stopped } from "./server.js";
import { signal, wakeSounds } from "./sounds.js";
import { openStore } from "./store.js";
import { listenToWedge } from "./wedge.js";

/** @import { Input, Phone, Result, Scan } from "./types.js" */
/** @import { Event, Shown } from "./core.js" */

const BATCH = 200;
const TRY_AGAIN = 5000;
const SKEW_OF_NOBODY = 2000;
const SKEW_TO_TELL = 120000;
const SINCE_LAST_HEARD = 30000;

const words = JSON.parse(place("words").textContent ?? "{}");
const decoder = new Worker(document.body.dataset.decoder ?? "", { type: "module" });
decoder.addEventListener("message", ({ data }) => {
  if (data.ready) document.body.dataset.decodes = "yes";
});
const video = /** @type {HTMLVideoElement} */ (document.querySelector("video"));
const store = await openStore();

let state = beginning();
/** @type {Phone | null} */
let phone = null;
/** @type {"in" | "out"} */
let direction = "in";
/** @type {import("./camera.js").Camera | null} */
let camera = null;
let skew = 0;
let uploading = false;
/** Scans whose answer is awaited: nobody else sends them meanwhile. */
const inFlight = new Set();

// --- the core and its effects -------------------------------------------------------------------------------

/** @param {Event} event */
function happen(event) {
  const [next, effects] = step(state, event);
  state = next;
  draw(state, {
    timeZone: phone?.event.time_zone ?? "UTC",
    words,
    onDecide: decided,
    onDismiss: (scan) => happen({ type: "dismissed", scan }),
  });
  for (const effect of effects) {
    if (effect.do === "scan") scanned({ code: effect.text }, effect.input);
    else signal(effect.look.tone, localStorage.getItem("sound") !== "off");
  }
}

/**
 * Keep a reading, then have it judged.
 * @param {{ code: string } | { badge: string }} what
 * @param {Input} input
 */
async function scanned(what, input) {
  if (!phone) return;
  const scan = await store.add({
    ...what,
    id: crypto.randomUUID(),
    scanned_at: new Date().toISOString(),
    skew_ms: skew,
    direction,
    input,
    door: phone.door.id,
    operator: phone.operator,
  });
  inFlight.add(scan.id);
  try {
    const [result] = await judged([scan]);
    if (result) happen({ type: "judged", scan: scan.id, result, at: performance.now() });
    if (result?.verdict === "held") meetServer();
  } catch (error) {
    if (error instanceof Stopped) return stopped(error);
    away(true);
    happen({ type: "judged", scan: scan.id, result: unjudged(scan.id), at: performance.now() });
  } finally {
    inFlight.delete(scan.id);
    happen({ type: "kept", waiting: (await offered()).length });
  }
}

/** What the server doesn't have and nobody is sending. */
const offered = async () => (await store.waiting()).filter((scan) => !inFlight.has(scan.id));

/** @param {string} id @returns {Result} */
const unjudged = (id) => ({ id, verdict: "away", reason: null, delegate: null, first: null, last: null });

/** @param {Scan[]} scans @returns {Promise<Result[]>} */
async function judged(scans) {
  const epoch = phone?.event.epoch ?? "";
  const told = await judge(scans, { epoch, waiting: state.waiting, battery: await battery() });
  note(told.skew);
  await store.enter(told.epoch);
  await store.settle(told.results);
  away(false);
  return told.results;
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

async function battery() {
  const found = await /** @type {any} */ (navigator).getBattery?.().catch(() => null);
  return found ? found.level : null;
}

/** Send what the server doesn't have, oldest first, as often as something may have changed. */
async function upload() {
  if (uploading || !phone) return;
  uploading = true;
  try {
    for (let scans = await offered(); scans.length > 0; scans = await offered()) {
      for (const result of await judged(scans.slice(0, BATCH))) {
        happen({ type: "judged", scan: result.id, result, at: performance.now(), late: true });
      }
    }
    for (const decision of await store.decisions()) await tell(decision);
  } catch (error) {
    stopped(error);
  } finally {
    uploading = false;
    happen({ type: "kept", waiting: (await offered()).length });
  }
}

/** @param {Shown} shown @param {"let_in" | "sent_to_desk"} decision */
async function decided(shown, decision) {
  happen({ type: "dismissed", scan: shown.scan });
  await store.decide({ scan: shown.scan, decision });
  await upload();
}

/** @param {import("./store.js").Decision} decision */
async function tell(decision) {
  await decide(decision.scan, decision.decision).catch((error) => {
    // What the server will never take is not offered for ever.
    if (!(error instanceof Refused) || error.status === 429) throw error;
  });
  await store.forget(decision);
}

// --- the server ---------------------------------------------------------------------------------------------

/** @param {boolean} is */
function away(is) {
  place("away").hidden = !is;
}

/** @param {unknown} error */
function stopped(error) {
  if (!(error instanceof Stopped)) {
    away(true);
    return;
  }
  camera?.stop();
  camera = null;
  phone = null;
  showScreen(error.why);
}

async function meetServer() {
  try {
    phone = await askState();
  } catch (error) {
    if (!(error instanceof Stopped) && !phone) showScreen("offline");
    return stopped(error);
  }
  away(false);
  note(Date.now() - Date.parse(phone.now));
  await store.enter(phone.event.epoch);
  standAt(phone.door);
  happen({ type: "counted", today: phone.today });
  if (!camera && ["loading", "offline", "unpaired"].includes(document.body.dataset.shows ?? ""))
    await begin();
  await upload();
}

/** @param {Phone["door"]} door */
function standAt(door) {
  if (!phone) return;
  phone.door = door;
  if (door.direction !== "both") direction = door.direction;
  place("door").textContent = door.name;
  place("who").textContent = `${phone.operator} · ${phone.device.name}`;
  place("turns").hidden = door.direction !== "both";
  showDirection();
  const choices = phone.doors.map((one) => ({
    id: one.id,
    text: `${one.name} · ${one.area}`,
    chosen: one.id === door.id,
  }));
  drawChoices(place("doors"), choices, changeDoor);
}

function showDirection() {
  place("goes").textContent = words[direction];
  place("turns-to").textContent = words[direction === "in" ? "out" : "in"];
  document.body.dataset.direction = direction;
}

/** @param {string} id */
async function changeDoor(id) {
  const door = phone?.doors.find((one) => one.id === id);
  if (!door) return;
  try {
    await move(id);
    standAt(door);
    closeDialogs();
    await meetServer();
  } catch (error) {
    stopped(error);
  }
}

// --- the camera ---------------------------------------------------------------------------------------------

/** The camera at once where it was allowed before, else after a tap. */
async function begin() {
  if (!window.isSecureContext) return showScreen("insecure");
  /** @type {any} */
  const asked = { name: "camera" };
  const allowed = await navigator.permissions?.query(asked).catch(() => null);
  if (allowed?.state === "granted") await openCamera();
  else showScreen("start");
}

async function openCamera() {
  camera?.stop();
  try {
    camera = await startCamera(video, {
      decoder,
      wanted: localStorage.getItem("camera") ?? "",
      onRead: (text) => happen({ type: "read", text, input: "camera", at: performance.now() }),
      onLost: () => showScreen("busy"),
    });
  } catch (error) {
    camera = null;
    return showScreen(error instanceof CameraTrouble ? error.why : "none");
  }
  showScreen("scanning");
  await offerAbilities(camera);
  stayAwake();
}

/** @param {import("./camera.js").Camera} running */
async function offerAbilities(running) {
  place("torch").hidden = !running.torch;
  if (running.torch && localStorage.getItem("torch") === "on") turnTorch(true);
  const cameras = await running.others();
  const button = /** @type {HTMLElement} */ (document.querySelector("[data-opens=cameras]"));
  button.hidden = cameras.length < 2;
  const choices = cameras.map((one, number) => ({
    id: one.deviceId,
    text: one.label || words.camera.replace("%(number)s", String(number + 1)),
    chosen: one.deviceId === running.id,
  }));
  drawChoices(place("cameras"), choices, (id) => {
    localStorage.setItem("camera", id);
    closeDialogs();
    openCamera();
  });
}

/** @param {boolean} on */
function turnTorch(on) {
  camera?.torch?.(on).catch(() => undefined);
  place("torch").ariaPressed = String(on);
  localStorage.setItem("torch", on ? "on" : "off");
}

function stayAwake() {
  navigator.wakeLock?.request("screen").catch(() => undefined);
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
    await scanned(what, "typed");
  } catch (error) {
    if (error instanceof Stopped) return stopped(error);
    problem.textContent =
      words[error instanceof Refused ? (error.status === 429 ? "often" : "wrong") : "away"];
    problem.hidden = false;
  }
}

function listen() {
  for (const button of document.querySelectorAll("[data-start]"))
    button.addEventListener("click", openCamera);
  for (const button of document.querySelectorAll("[data-closes]"))
    button.addEventListener("click", closeDialogs);
  for (const button of document.querySelectorAll("[data-opens]")) {
    const dialog = document.getElementById(/** @type {HTMLElement} */ (button).dataset.opens ?? "");
    button.addEventListener("click", () => dialog instanceof HTMLDialogElement && dialog.showModal());
  }
  place("turns").addEventListener("click", () => {
    direction = direction === "in" ? "out" : "in";
    showDirection();
  });
  place("torch").addEventListener("click", () => turnTorch(place("torch").ariaPressed !== "true"));
  place("sound").ariaPressed = String(localStorage.getItem("sound") !== "off");
  place("sound").addEventListener("click", () => {
    const loud = place("sound").ariaPressed !== "true";
    localStorage.setItem("sound", loud ? "on" : "off");
    place("sound").ariaPressed = String(loud);
  });
  place("typed").addEventListener("submit", (event) => typed(/** @type {SubmitEvent} */ (event)));
  addEventListener("pointerdown", wakeSounds);
  listenToWedge((text) => happen({ type: "read", text, input: "wedge", at: performance.now() }));
}

/** Coming back from the background the picture may be dead, and the server may have news. */
function comeBack() {
  if (document.visibilityState !== "visible") return;
  stayAwake();
  const track = /** @type {MediaStream | null} */ (video.srcObject)?.getVideoTracks()[0];
  if (camera && (!track || track.readyState === "ended" || track.muted)) openCamera();
  meetServer();
}

listen();
showScreen("loading");
setInterval(() => happen({ type: "ticked", at: performance.now() }), 200);
setInterval(() => (phone && state.waiting === 0 ? undefined : phone ? upload() : meetServer()), TRY_AGAIN);
setInterval(() => phone && meetServer(), SINCE_LAST_HEARD);
for (const news of ["online", "pageshow", "focus"]) addEventListener(news, comeBack);
document.addEventListener("visibilitychange", comeBack);
navigator.storage?.persist?.().catch(() => undefined);
// Behind a certificate that was clicked away there is none; the scanner then just needs the network to open.
navigator.serviceWorker
  ?.register(document.body.dataset.worker ?? "", { scope: "/door" })
  .catch(() => undefined);
await meetServer();
