// Opens the scanner without a network: one version of the page with all its files. What is judged is the page's.

const CACHE = "door-VERSION";
/** @type {string[]} */
const FILES = JSON.parse("FILES_AS_JSON");
const PAGES = ["/door", "/door/desk", "/door/protocol"];
const worker = /** @type {any} */ (self);

worker.addEventListener("install", (/** @type {any} */ event) => {
  event.waitUntil(install());
});

async function install() {
  const cache = await caches.open(CACHE);
  const pages = await Promise.all(PAGES.map(page));
  await cache.addAll(FILES);
  for (const [at, one] of pages.entries()) await cache.put(PAGES[at] ?? "", one);
}

/** @param {string} path @returns {Promise<Response>} */
async function page(path) {
  const found = await fetch(path, { cache: "reload", redirect: "error" });
  // The page of a captive portal must not become the scanner.
  if (!found.ok || found.headers.get("Checkin-Version") !== "VERSION")
    throw new Error("this isn't the scanner");
  return found;
}

worker.addEventListener("activate", (/** @type {any} */ event) => {
  event.waitUntil(activate());
});

async function activate() {
  const names = (await caches.keys()).filter((name) => name.startsWith("door-") && name !== CACHE);
  await Promise.all(names.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

// The page says when nobody is being scanned.
worker.addEventListener("message", (/** @type {any} */ { data }) => {
  if (data === "take over") worker.skipWaiting();
});

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (PAGES.includes(pathname) || pathname.startsWith("/static/")) event.respondWith(kept(request));
});

/**
 * The page and its files as they belong together; what isn't among them comes from the network.
 * @param {Request} request
 * @returns {Promise<Response>}
 */
async function kept(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request, { ignoreSearch: true, ignoreVary: true })) ?? fetch(request);
}
