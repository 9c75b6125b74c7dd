// Makes the forms nicer: a preview of the badge, slips in addresses, the proof of work, no double sending.
// Everything works without it.

import { faceOf, sizeOf } from "./badge.js";
import { solve } from "./proof.js";
import { meantAddress } from "./slips.js";

/** @param {HTMLFormElement} form */
export function sendOnce(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    form.querySelector("button[type=submit]")?.setAttribute("aria-disabled", "true");
  });
  // Back from the next page: the form may be sent again.
  addEventListener("pageshow", () => {
    delete form.dataset.sent;
    form.querySelector("button[type=submit]")?.removeAttribute("aria-disabled");
  });
}

/** @param {HTMLFormElement} form */
export function pointOutSlips(form) {
  const field = form.querySelector("input[type=email]");
  const place = form.querySelector(".meant");
  const button = place?.querySelector("button");
  /** @type {import("./slips.js").Known} */
  const domains = JSON.parse(form.dataset.domains ?? "null");
  if (!(field instanceof HTMLInputElement) || !(place instanceof HTMLElement) || !button || !domains) return;
  field.addEventListener("change", () => {
    const meant = meantAddress(field.value, domains);
    place.hidden = meant === "";
    button.textContent = (form.dataset.meant ?? "").replace("%(address)s", meant);
    button.value = meant;
  });
  button.addEventListener("click", () => {
    field.value = button.value;
    place.hidden = true;
    field.focus();
  });
}

/** @param {HTMLFormElement} form */
export function previewBadge(form) {
  const strip = form.querySelector(".strip");
  if (!(strip instanceof HTMLElement)) return;
  /** @type {Record<string, string>} */
  const colours = JSON.parse(strip.dataset.colours ?? "{}");
  const draw = () => {
    const face = faceOf(form.querySelectorAll("[data-badge]"));
    for (const line of strip.querySelectorAll("[data-shows]")) {
      if (!(line instanceof HTMLElement)) continue;
      line.textContent = face[line.dataset.shows ?? ""] || line.dataset.empty || "";
      line.dir = "auto";
    }
    strip.style.setProperty("--band", colours[face.category ?? ""] ?? "");
    strip.style.setProperty("--name-size", `${sizeOf(face.name ?? "")}rem`);
  };
  form.addEventListener("input", draw);
  strip.hidden = false;
  draw();
}

for (const form of document.querySelectorAll("form[data-once]")) {
  if (!(form instanceof HTMLFormElement)) continue;
  sendOnce(form);
  pointOutSlips(form);
  previewBadge(form);
  const field = form.elements.namedItem("altcha");
  if (field instanceof HTMLInputElement && form.dataset.puzzle && form.dataset.solver) {
    const { puzzle, solver } = form.dataset;
    // Once somebody begins to type: who only looks does no work.
    form.addEventListener(
      "input",
      () =>
        solve(puzzle, solver).then((proof) => {
          field.value = proof;
        }),
      { once: true },
    );
  }
}

document.querySelector(".summary")?.scrollIntoView();
