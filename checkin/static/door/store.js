// Every reading is on the phone before anything else happens to it (IndexedDB, strict durability).

// Named here, so that the types are the package's own, which lie elsewhere.
const IDB = "../vendor/idb/build/index.js";

/** @import { Scan } from "./types.js" */

const NAME = "checkin-door";

/**
 * @typedef {Scan & { done: 0 | 1 }} Kept
 * @typedef {{ add: (made: Omit<Scan, "seq">) => Promise<Scan>, settle: (ids: string[]) => Promise<void>,
 *   waiting: () => Promise<Scan[]> }} Store
 */

/** @returns {Promise<Store>} */
export async function openStore() {
  /** @type {typeof import("idb")} */
  const { openDB } = await import(IDB);
  const db = await openDB(NAME, 1, {
    upgrade(fresh) {
      const scans = fresh.createObjectStore("scans", { keyPath: "id" });
      scans.createIndex("done", "done");
      fresh.createObjectStore("numbers");
    },
  });
  const strict = /** @type {const} */ ({ durability: "strict" });

  return {
    /** Keep a reading under the next number of this phone; numbers have no gaps. */
    async add(made) {
      const change = db.transaction(["scans", "numbers"], "readwrite", strict);
      const seq = ((await change.objectStore("numbers").get("seq")) ?? 0) + 1;
      const scan = { ...made, seq };
      await Promise.all([
        change.objectStore("numbers").put(seq, "seq"),
        change.objectStore("scans").add({ ...scan, done: 0 }),
        change.done,
      ]);
      return scan;
    },
    /** The server has these for good; they stay here until the event is over. */
    async settle(ids) {
      const change = db.transaction("scans", "readwrite", strict);
      for (const id of ids) {
        const kept = await change.store.get(id);
        if (kept) await change.store.put({ ...kept, done: 1 });
      }
      await change.done;
    },
    /** What the server hasn't, oldest first. */
    async waiting() {
      const kept = /** @type {Kept[]} */ (await db.getAllFromIndex("scans", "done", 0));
      return kept.sort((one, other) => one.seq - other.seq).map(({ done: _, ...scan }) => scan);
    },
  };
}
