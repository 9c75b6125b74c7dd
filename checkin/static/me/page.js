// The badge on a phone: its category's colour, a copy that opens without a network, a screen that stays lit.

for (const band of document.querySelectorAll("[data-colour]")) {
  if (band instanceof HTMLElement) band.style.setProperty("--band", band.dataset.colour ?? "");
}

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.hasAttribute("data-sent")) event.preventDefault();
    form.setAttribute("data-sent", "");
  });
  addEventListener("pageshow", () => form.removeAttribute("data-sent"));
}

const copy = document.querySelector("[data-copy]");
if (copy instanceof HTMLElement && copy.dataset.copy) copy.hidden = false;

// Where a browser has none, or the address isn't secure, the badge just needs the network.
navigator.serviceWorker?.register("/me/offline.js").catch(() => undefined);

if (document.body.classList.contains("at-the-door")) {
  const stayLit = () => navigator.wakeLock?.request("screen").catch(() => undefined);
  stayLit();
  document.addEventListener("visibilitychange", stayLit);
}
