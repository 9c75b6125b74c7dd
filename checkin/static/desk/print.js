// A badge is printed from a frame that nobody sees, instead of from a page of its own: its PDF opens the dialogue.

const FRAME = "badge-frame";

/** @param {HTMLFormElement} form */
export function printsInPlace(form) {
  const frame = document.createElement("iframe");
  frame.name = FRAME;
  frame.className = "desk-frame";
  frame.title = "PDF";
  frame.setAttribute("aria-hidden", "true");
  frame.tabIndex = -1;
  document.body.append(frame);
  form.target = FRAME;
  const said = /** @type {HTMLElement | null} */ (document.querySelector("[data-print-failed]"));
  form.addEventListener("submit", () => {
    if (said) said.hidden = true;
  });
  frame.addEventListener("load", () => {
    // A PDF has none of our pages' words: this is what went wrong instead.
    const wrong = frame.contentDocument?.querySelector("main")?.textContent?.trim();
    if (!said) return;
    said.hidden = !wrong;
    said.textContent = wrong ? `${said.dataset.printFailed} ${wrong}` : "";
    // Where the others are: the badge is the same on each.
    const others = form.querySelector("details");
    if (wrong && others) others.open = true;
  });
  if (form.dataset.printNow === undefined) return;
  // Once: loading the page again prints nothing.
  const address = new URL(location.href);
  address.searchParams.delete("then");
  history.replaceState(null, "", address);
  form.requestSubmit(form.querySelector("button"));
}
