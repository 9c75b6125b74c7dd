// The help desk's pages: the search follows what one types, Enter opens the first, Escape begins anew.

import { follower } from "../organiser-people/search.js";
import { next } from "./keys.js";
import { printsInPlace } from "./print.js";

const PAUSE_MS = 120;

/**
 * @param {HTMLFormElement} form
 * @param {HTMLInputElement} field
 * @param {HTMLElement} found
 */
function follow(form, field, found) {
  /** What the results are of. */
  let shown = field.value.trim();
  let opens = false;
  const results = () => /** @type {HTMLAnchorElement[]} */ ([...found.querySelectorAll("a.desk-result")]);
  const openFirst = () => {
    opens = false;
    results()[0]?.click();
  };
  const changed = follower({
    load: async (asked, signal) => {
      const body = new FormData(form);
      body.set("q", asked);
      body.set("part", "1");
      const answer = await fetch(form.action, {
        method: "POST",
        body,
        signal,
        headers: { Accept: "text/html" },
      });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      return answer.text();
    },
    show: (html, asked) => {
      found.innerHTML = html;
      shown = asked;
      if (opens) openFirst();
    },
    fail: () => {
      const said = found.querySelector("[role=status]");
      if (said) said.textContent = found.dataset.failed ?? "";
      opens = false;
      shown = "";
    },
    wait: (act, ms) => window.setTimeout(act, ms),
    unwait: (timer) => window.clearTimeout(timer),
  });

  field.addEventListener("input", () => {
    opens = false;
    changed(field.value.trim(), PAUSE_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value.trim() === shown && results().length > 0) {
      openFirst();
    } else {
      opens = true;
      changed(field.value.trim(), 0);
    }
  });
  document.addEventListener("keydown", (event) => {
    const places = [field, ...results()];
    const at = places.indexOf(/** @type {HTMLAnchorElement} */ (document.activeElement));
    const to = next(at, event.key, places.length);
    if (at < 0 || to === at) return;
    event.preventDefault();
    places[to]?.focus();
  });
}

const form = globalThis.document?.getElementById("desk-finder");
const field = globalThis.document?.getElementById("q");
const found = globalThis.document?.getElementById("desk-found");
if (form instanceof HTMLFormElement && field instanceof HTMLInputElement) {
  if (found) follow(form, field, found);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    field.value = "";
    field.focus();
    field.dispatchEvent(new Event("input"));
  });
}
const print = globalThis.document?.querySelector("form[data-print]");
if (print instanceof HTMLFormElement) printsInPlace(print);
