// A service worker: what a phone has seen of its own badge opens without a network. The network comes first.

const CACHE = "my-badge";
const PATIENCE = 4000;
const MINE = /^\/me\/[\w-]{22}(\/door)?$/;

const worker = /** @type {any} */ (self);

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (MINE.test(pathname)) event.respondWith(page(request, pathname));
  else if (pathname.startsWith("/static/")) event.respondWith(file(request));
});

/**
 * The page as it is now, else the copy, which says that it is one.
 * @param {Request} request
 * @param {string} pathname
 * @returns {Promise<Response>}
 */
async function page(request, pathname) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    if (answer.ok && answer.headers.get("X-Badge") !== "none") {
      await cache.put(pathname, answer.clone());
      if (!pathname.endsWith("/door")) keepDoor(cache, pathname);
    } else if (answer.ok || answer.status === 404 || answer.status === 410) {
      await forget(cache, pathname);
    }
    return answer;
  } catch (error) {
    const kept = await cache.match(pathname);
    if (!kept) throw error;
    const text = (await kept.text()).replace('data-copy=""', 'data-copy="kept"');
    return new Response(text, { headers: { "Content-Type": "text/html; charset=utf-8" } });
  }
}

/**
 * The large badge too, which one may never have opened before the network went.
 * @param {Cache} cache
 * @param {string} pathname
 */
function keepDoor(cache, pathname) {
  cache.add(`${pathname}/door`).catch(() => undefined);
}

/**
 * A badge that is no more, or a link that doesn't work any more.
 * @param {Cache} cache
 * @param {string} pathname
 */
async function forget(cache, pathname) {
  const own = pathname.replace(/\/door$/, "");
  await Promise.all([cache.delete(own), cache.delete(`${own}/door`)]);
}

/**
 * Styles and scripts never change under their address.
 * @param {Request} request
 * @returns {Promise<Response>}
 */
async function file(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
