// The board that stands open: asks again every few seconds, and greys when nobody answers.

import { drawBars } from "./bars.js";
import { isStale, pause } from "./pace.js";

/**
 * Replaces each part that has an id by its new self, where anything in it has changed.
 * @param {ParentNode} page
 * @param {ParentNode} answer
 */
export function renew(page, answer) {
  for (const id of [
    "to-do",
    "hero",
    "chart-top",
    "chart-data",
    "bars-table",
    "hour",
    "doors",
    "categories",
    "delegations",
    "countries",
  ]) {
    const old = page.querySelector(`#${id}`);
    const fresh = answer.querySelector(`#${id}`);
    if (old && fresh && old.innerHTML !== fresh.innerHTML) old.replaceWith(fresh);
  }
  page
    .querySelector("#chart")
    ?.classList.toggle("is-empty", answer.querySelector("#chart.is-empty") !== null);
}

/**
 * Shows only the rows of a list that have the typed words in them.
 * @param {HTMLInputElement} field
 * @param {ParentNode} page
 */
export function narrow(field, page) {
  const words = field.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  for (const row of page.querySelectorAll(`#${field.dataset.narrows} tbody tr`)) {
    const text = (row.querySelector("th")?.textContent ?? "").toLocaleLowerCase();
    if (row instanceof HTMLElement) row.hidden = !words.every((word) => text.includes(word));
  }
}

/** @param {ParentNode} page */
function barsOn(page) {
  return JSON.parse(page.querySelector("#bars")?.textContent ?? "null");
}

/** @param {HTMLElement} board */
export function follow(board) {
  const chart = board.querySelector("#chart");
  const note = board.querySelector(".board-stale");
  const live = board.querySelector("#live");
  const show = chart instanceof HTMLElement ? drawBars(chart, barsOn(board)) : () => {};
  const fields = [...board.querySelectorAll("[data-narrows]")].filter(
    (one) => one instanceof HTMLInputElement,
  );
  let answeredAt = Date.now();
  let failures = 0;
  let timer = 0;

  const judge = () => {
    const stale = isStale(answeredAt, Date.now());
    if (stale === board.classList.contains("is-stale")) return;
    board.classList.toggle("is-stale", stale);
    if (note && live instanceof HTMLElement) note.textContent = stale ? (live.dataset.stale ?? "") : "";
  };

  /** @param {string} html */
  const take = (html) => {
    const answer = new DOMParser().parseFromString(html, "text/html");
    const fresh = answer.querySelector("#live");
    if (!(fresh instanceof HTMLElement) || !(live instanceof HTMLElement)) throw new Error("no board");
    live.dataset.stale = fresh.dataset.stale ?? "";
    renew(board, answer);
    show(barsOn(board));
    for (const field of fields) narrow(field, board);
  };

  const ask = async () => {
    clearTimeout(timer);
    try {
      const answer = await fetch(board.dataset.liveFrom ?? "", { signal: AbortSignal.timeout(10_000) });
      // Signed out meanwhile: the page itself leads to the sign-in and back.
      if (answer.redirected || answer.status === 403) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      take(await answer.text());
      answeredAt = Date.now();
      failures = 0;
    } catch {
      failures += 1;
    }
    judge();
    timer = window.setTimeout(ask, pause(failures));
  };

  for (const field of fields) {
    field.hidden = false;
    field.addEventListener("input", () => narrow(field, board));
  }
  timer = window.setTimeout(ask, pause(0));
  setInterval(judge, 1_000);
  addEventListener("online", ask);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") ask();
  });
}

/** A projector's screen stays on, and can be filled. */
function standOnTheWall() {
  const fill = document.getElementById("fill");
  if (fill && document.fullscreenEnabled) {
    fill.hidden = false;
    fill.addEventListener("click", () => document.documentElement.requestFullscreen());
  }
  const stayOn = () => navigator.wakeLock?.request("screen").catch(() => {});
  document.addEventListener("visibilitychange", stayOn);
  stayOn();
}

const board = globalThis.document?.getElementById("board");
if (board) {
  follow(board);
  if ("wall" in board.dataset) standOnTheWall();
}
