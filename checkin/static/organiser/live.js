// A page that stands open: asks again every few seconds for what changes, and says when nobody answers.

import { isStale, pause } from "./pace.js";

/**
 * Replaces what is shown by what the server says now, where anything in it has changed.
 * @param {HTMLElement} page
 * @param {Document} answer
 */
export function renew(page, answer) {
  const old = page.querySelector("#live");
  const fresh = answer.querySelector("#live");
  if (!old || !fresh) throw new Error("nothing live");
  // Whoever stands on a link stays there.
  const focused = old.contains(document.activeElement) ? document.activeElement?.getAttribute("href") : null;
  if (unsigned(old) !== unsigned(fresh)) old.replaceWith(fresh);
  const again = focused ? page.querySelector(`a[href="${CSS.escape(focused)}"]`) : null;
  if (again instanceof HTMLElement) again.focus();
}

/**
 * What a part of the page says, without the tokens of its forms, which are signed anew each time.
 * @param {Element} part
 */
function unsigned(part) {
  const copy = /** @type {Element} */ (part.cloneNode(true));
  for (const token of copy.querySelectorAll("[name=csrf_token]")) token.remove();
  return copy.outerHTML;
}

/** @param {HTMLElement} page */
function follow(page) {
  const note = page.querySelector(".ready-stale");
  let answeredAt = Date.now();
  let failures = 0;
  let timer = 0;

  const judge = () => {
    const live = page.querySelector("#live");
    const stale = isStale(answeredAt, Date.now());
    const said = stale && live instanceof HTMLElement ? (live.dataset.stale ?? "") : "";
    page.classList.toggle("is-stale", stale);
    if (note && note.textContent !== said) note.textContent = said;
  };

  const ask = async () => {
    clearTimeout(timer);
    if (page.querySelector("#live[data-settled]")) return;
    try {
      const answer = await fetch(page.dataset.liveFrom ?? "", { signal: AbortSignal.timeout(10_000) });
      // Signed out meanwhile: the page itself leads to the sign-in and back.
      if (answer.redirected || answer.status === 403) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      renew(page, new DOMParser().parseFromString(await answer.text(), "text/html"));
      answeredAt = Date.now();
      failures = 0;
    } catch {
      failures += 1;
    }
    judge();
    timer = window.setTimeout(ask, pause(failures));
  };

  timer = window.setTimeout(ask, pause(0));
  setInterval(judge, 1_000);
  addEventListener("online", ask);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") ask();
  });
}

const page = globalThis.document?.querySelector("[data-live-from]");
if (page instanceof HTMLElement) follow(page);

const print = globalThis.document?.getElementById("print");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => globalThis.print());
}
