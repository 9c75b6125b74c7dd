// Shows how a category's colour looks while it is chosen.

import { contrast, readableInk, SEEN_ON_PAPER } from "./contrast.js";

for (const entry of document.querySelectorAll("[data-colour]")) {
  const input = entry.querySelector("input[type=color]");
  if (input instanceof HTMLInputElement && entry.querySelector("[data-band]")) {
    input.addEventListener("input", () => look(entry, input.value));
  }
}

/**
 * @param {Element} entry
 * @param {string} colour
 */
function look(entry, colour) {
  const ink = readableInk(colour);
  entry.querySelector("[data-band]")?.setAttribute("fill", colour);
  entry.querySelector("[data-ink]")?.setAttribute("fill", ink);
  write(entry.querySelector("[data-on-band]"), contrast(colour, ink));
  write(entry.querySelector("[data-on-paper]"), contrast(colour, "#ffffff"));
  entry
    .querySelector("[data-faint]")
    ?.toggleAttribute("hidden", contrast(colour, "#ffffff") >= SEEN_ON_PAPER);
  // Whether it is like another one is told when the page is sent.
  entry.querySelector("[data-alike]")?.toggleAttribute("hidden", true);
}

/**
 * @param {Element | null} where
 * @param {number} ratio
 */
function write(where, ratio) {
  if (where) where.textContent = `${ratio.toFixed(1)} : 1`;
}
