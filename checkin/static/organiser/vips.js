// The VIPs' page that stands open: asks again every few seconds, and says when nobody answers.

import { isStale, pause } from "./pace.js";

const place = globalThis.document?.getElementById("vips");
const note = globalThis.document?.getElementById("stale");

/** @param {HTMLElement} shown @param {HTMLElement} said */
function follow(shown, said) {
  let answeredAt = Date.now();
  let failures = 0;

  async function ask() {
    const answer = await fetch(shown.dataset.from ?? "", { signal: AbortSignal.timeout(8000) });
    // Signed out meanwhile: the page itself leads to the way in.
    if (answer.redirected || answer.status === 401) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = document.createElement("div");
    fresh.innerHTML = await answer.text();
    if (fresh.innerHTML !== shown.innerHTML) shown.replaceChildren(...fresh.childNodes);
    answeredAt = Date.now();
  }

  async function turn() {
    if (document.visibilityState === "visible") {
      failures = await ask().then(
        () => 0,
        () => failures + 1,
      );
    }
    said.textContent = failures && isStale(answeredAt, Date.now()) ? (shown.dataset.stale ?? "") : "";
    setTimeout(turn, pause(failures));
  }

  turn();
}

if (place && note) follow(place, note);
