// The list of delegates follows what one types: the results are asked for again and replaced in place.

const PAUSE_MS = 250;

/**
 * The address of the list for what a form holds, without its empty fields.
 * @param {string} action
 * @param {Iterable<[string, FormDataEntryValue]>} entries
 * @returns {string}
 */
export function address(action, entries) {
  const asked = new URLSearchParams();
  for (const [name, value] of entries) {
    if (typeof value === "string" && value.trim() !== "") asked.set(name, value.trim());
  }
  const query = asked.toString();
  return query ? `${action}?${query}` : action;
}

/**
 * @typedef {object} Edges
 * @property {(address: string, stop: AbortSignal) => Promise<string>} load the results' HTML
 * @property {(html: string, address: string) => void} show
 * @property {() => void} fail
 * @property {(act: () => void, ms: number) => number} wait
 * @property {(timer: number) => void} unwait
 */

/**
 * Returns what is to be called whenever the form has changed; only the answer to the last change is shown.
 * @param {Edges} edges
 * @returns {(address: string, pause: number) => void}
 */
export function follower(edges) {
  let timer = 0;
  let shown = "";
  let stop = new AbortController();

  /** @param {string} asked */
  const ask = async (asked) => {
    stop.abort();
    stop = new AbortController();
    const { signal } = stop;
    try {
      const html = await edges.load(asked, signal);
      if (signal.aborted) return;
      shown = asked;
      edges.show(html, asked);
    } catch {
      if (!signal.aborted) edges.fail();
    }
  };

  return (asked, pause) => {
    edges.unwait(timer);
    if (asked !== shown) timer = edges.wait(() => ask(asked), pause);
  };
}

/**
 * Gives the filters of the form what the answer offers, with its counts; what is chosen stays.
 * @param {HTMLFormElement} form
 * @param {HTMLElement} found
 */
function renewChoices(form, found) {
  const offered = found.querySelector("template#choices");
  if (!(offered instanceof HTMLTemplateElement)) return;
  for (const fresh of offered.content.querySelectorAll("select")) {
    const old = form.elements.namedItem(fresh.name);
    const any = old instanceof HTMLSelectElement ? old.options[0] : null;
    if (!(old instanceof HTMLSelectElement) || !any) continue;
    const chosen = old.value;
    old.replaceChildren(any, ...fresh.options);
    old.value = chosen;
    if (old.selectedIndex < 0) old.value = "";
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement} found
 */
export function follow(form, found) {
  const changed = follower({
    load: async (asked, signal) => {
      const part = `${asked}${asked.includes("?") ? "&" : "?"}part`;
      const answer = await fetch(part, { signal, headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      return answer.text();
    },
    show: (html, asked) => {
      found.innerHTML = html;
      renewChoices(form, found);
      history.replaceState(null, "", asked);
    },
    fail: () => {
      const said = found.querySelector("[role=status]");
      if (said) said.textContent = found.dataset.failed ?? "";
    },
    wait: (act, ms) => window.setTimeout(act, ms),
    unwait: (timer) => window.clearTimeout(timer),
  });
  /** @param {number} pause */
  const now = (pause) => changed(address(form.getAttribute("action") ?? "", new FormData(form)), pause);
  form.addEventListener("input", (event) => now(event.target instanceof HTMLSelectElement ? 0 : PAUSE_MS));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    now(0);
  });
}

const form = globalThis.document?.getElementById("finder");
const found = globalThis.document?.getElementById("found");
if (form instanceof HTMLFormElement && found) follow(form, found);
