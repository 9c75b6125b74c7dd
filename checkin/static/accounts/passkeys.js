// Forms that make or use a passkey: the browser's answer goes into the form, which is then sent.

/** @typedef {typeof import("@simplewebauthn/browser")} Ceremonies */

/**
 * What is said when the browser made or used nothing.
 * @param {unknown} error
 * @param {DOMStringMap} words
 */
export function explain(error, words) {
  const known = error instanceof Error && error.name === "InvalidStateError" && words.known;
  return known || (words.failed ?? "");
}

/**
 * @param {HTMLFormElement} form
 * @param {Ceremonies} ceremonies
 */
async function answer(form, ceremonies) {
  const asked = await fetch(form.dataset.options ?? "", { method: "POST", body: new FormData(form) });
  // Signed out, or signed in too long ago: the page itself leads to what is needed first.
  if (asked.redirected || asked.status === 401) return location.reload();
  if (!asked.ok) throw new Error(String(asked.status));
  const optionsJSON = await asked.json();
  const made =
    form.dataset.passkey === "make"
      ? await ceremonies.startRegistration({ optionsJSON })
      : await ceremonies.startAuthentication({ optionsJSON });
  const field = form.elements.namedItem("credential");
  if (field instanceof HTMLInputElement) field.value = JSON.stringify(made);
  form.submit();
}

/**
 * @param {HTMLFormElement} form
 * @param {Ceremonies} ceremonies
 */
function prepare(form, ceremonies) {
  const said = form.querySelector("[role=status]");
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (said) said.textContent = "";
    answer(form, ceremonies).catch((error) => {
      if (said) said.textContent = explain(error, form.dataset);
    });
  });
}

const ceremonies = /** @type {{ SimpleWebAuthnBrowser?: Ceremonies }} */ (/** @type {unknown} */ (globalThis))
  .SimpleWebAuthnBrowser;
if (ceremonies?.browserSupportsWebAuthn()) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (form instanceof HTMLFormElement) prepare(form, ceremonies);
  }
  document.querySelector(".no-passkey")?.remove();
}
