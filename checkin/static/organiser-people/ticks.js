// Ticking delegates: all on the page at once, and how many are ticked. What is shown is replaced while one types.

/**
 * Says how many are ticked, and ticks the head's box where all are.
 * @param {ParentNode} found
 */
export function count(found) {
  const boxes = [...found.querySelectorAll("input[name=ticked]")].filter(
    (box) => box instanceof HTMLInputElement,
  );
  const ticked = boxes.filter((box) => box.checked).length;
  const all = found.querySelector("#tick-all");
  if (all instanceof HTMLInputElement) {
    all.hidden = false;
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }
  const told = found.querySelector(".ticked-count");
  if (told instanceof HTMLElement) {
    told.hidden = ticked === 0;
    told.textContent = String(ticked);
  }
}

/** @param {HTMLElement} found */
function follow(found) {
  found.addEventListener("change", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement)) return;
    if (box.id === "tick-all") {
      for (const one of found.querySelectorAll("input[name=ticked]")) {
        if (one instanceof HTMLInputElement) one.checked = box.checked;
      }
    }
    if (box.type === "checkbox") count(found);
  });
  new MutationObserver(() => count(found)).observe(found, { childList: true });
  count(found);
}

const found = globalThis.document?.getElementById("found");
if (found) follow(found);
