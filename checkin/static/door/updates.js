// A newer scanner is fetched in the background, and taken only when nobody is being scanned.

const LOOK_EVERY = 30 * 60000;

/**
 * @param {string} address of the service worker
 * @param {() => boolean} idle whether the page may be opened anew just now
 */
export function takeUpdates(address, idle) {
  const workers = navigator.serviceWorker;
  // Behind a certificate that was clicked away there is none; the scanner then needs the network to open.
  if (!workers) return;
  const before = workers.controller;
  workers.addEventListener("controllerchange", () => {
    if (before) location.reload();
  });
  workers.register(address, { scope: "/door" }).then(
    (registration) => {
      setInterval(() => idle() && registration.waiting?.postMessage("take over"), 1000);
      setInterval(() => registration.update().catch(() => undefined), LOOK_EVERY);
    },
    () => undefined,
  );
}
