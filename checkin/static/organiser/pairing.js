// The pairing screen: a fresh code after each phone, and before one is too old.

const ASK_MS = 2_000;

/** @typedef {{ pairing: string, said: string }} Ready */

/**
 * Whether it is time for a fresh code: the shown one was used, or is about to be too old.
 * @param {{ pairing: string, until: number }} shown
 * @param {Ready[]} ready
 * @param {number} now
 */
export function isSpent(shown, ready, now) {
  return now >= shown.until || ready.some((one) => one.pairing === shown.pairing);
}

/**
 * Those who were not announced yet, who are remembered from now on.
 * @param {Ready[]} ready
 * @param {Set<string>} announced
 */
export function news(ready, announced) {
  const fresh = ready.filter((one) => !announced.has(one.pairing));
  for (const one of fresh) announced.add(one.pairing);
  return fresh;
}

/** @param {HTMLElement} place */
function shownIn(place) {
  const offered = place.querySelector(".offered");
  if (!(offered instanceof HTMLElement)) return { pairing: "", until: 0 };
  const seconds = Number(offered.dataset.seconds);
  return { pairing: offered.dataset.pairing ?? "", until: performance.now() + seconds * 1000 };
}

/**
 * @param {HTMLElement} screen
 * @param {HTMLElement} place
 * @param {HTMLFormElement} form
 */
function stand(screen, place, form) {
  const state = screen.querySelector("#state");
  const list = screen.querySelector("#ready");
  /** @type {Set<string>} */
  const announced = new Set();
  let shown = shownIn(place);

  const fresh = async () => {
    const address = `${location.pathname}?${new URLSearchParams([...new URLSearchParams(location.search), ["part", ""]])}`;
    const answer = await fetch(address, { method: "POST", body: new FormData(form) });
    if (answer.redirected || answer.status === 401 || answer.status === 403) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    place.innerHTML = await answer.text();
    shown = shownIn(place);
    const button = form.querySelector("button");
    if (button) button.textContent = button.dataset.next ?? "";
  };

  const look = async () => {
    const answer = await fetch(screen.dataset.pairings ?? "", { signal: AbortSignal.timeout(8_000) });
    if (answer.redirected) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    /** @type {{ ready: Ready[] }} */
    const { ready } = await answer.json();
    // Spent before it is announced: whoever reads the announcement finds the fresh code.
    if (isSpent(shown, ready, performance.now())) await fresh();
    for (const one of news(ready, announced)) announce(one.said);
  };

  /** @param {string} said */
  const announce = (said) => {
    const line = document.createElement("li");
    line.textContent = said;
    list?.prepend(line);
  };

  const turn = async () => {
    let lost = false;
    try {
      await look();
    } catch {
      lost = true;
    }
    place.classList.toggle("is-lost", lost);
    if (state) state.textContent = lost ? (screen.dataset.lost ?? "") : "";
    setTimeout(turn, ASK_MS);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    fresh().catch(() => form.submit());
  });
  const stayOn = () => navigator.wakeLock?.request("screen").catch(() => {});
  document.addEventListener("visibilitychange", stayOn);
  stayOn();
  turn();
}

const screen = globalThis.document?.getElementById("pairing");
const place = globalThis.document?.getElementById("code-place");
const form = globalThis.document?.getElementById("next");
if (screen && place && form instanceof HTMLFormElement) stand(screen, place, form);
