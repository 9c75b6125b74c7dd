// Every reading is on the phone before anything else happens to it (IndexedDB, strict durability).

// Named here, so that the types are the package's own, which lie elsewhere.
const IDB = "../vendor/idb/build/index.js";

/** @import { Result, Scan } from "./types.js" */

const NAME = "checkin-door";

/** Where a scan stands: to be sent, with the server, or refused as it was sent and therefore only kept. */
const WAITS = 0;
const SENT = 1;
const ASIDE = 2;

/**
 * @typedef {Scan & { done: number }} Kept
 * @typedef {{ scan: string, decision: "let_in" | "sent_to_desk" }} Decision
 * @typedef {{ add: (made: Omit<Scan, "seq">) => Promise<Scan>, settle: (results: Result[]) => Promise<void>,
 *   waiting: () => Promise<Scan[]>, enter: (epoch: string) => Promise<void>,
 *   decide: (decision: Decision) => Promise<void>, decisions: () => Promise<Decision[]>,
 *   forget: (decision: Decision) => Promise<void> }} Store
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
      fresh.createObjectStore("decisions", { keyPath: "scan" });
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
        change.objectStore("scans").add({ ...scan, done: WAITS }),
        change.done,
      ]);
      return scan;
    },
    /** The server has spoken about these; they stay here until the event is over. */
    async settle(results) {
      const change = db.transaction("scans", "readwrite", strict);
      for (const { id, verdict } of results) {
        const kept = await change.store.get(id);
        if (kept) await change.store.put({ ...kept, done: verdict === "rejected" ? ASIDE : SENT });
      }
      await change.done;
    },
    /** After a restore from a backup, which begins a new epoch, all that was sent is offered again. */
    async enter(epoch) {
      const change = db.transaction(["scans", "numbers"], "readwrite", strict);
      const before = await change.objectStore("numbers").get("epoch");
      if (before !== undefined && before !== epoch) {
        for (const kept of await change.objectStore("scans").index("done").getAll(SENT)) {
          await change.objectStore("scans").put({ ...kept, done: WAITS });
        }
      }
      await change.objectStore("numbers").put(epoch, "epoch");
      await change.done;
    },
    async decide(decision) {
      await db.put("decisions", decision);
    },
    decisions: () => db.getAll("decisions"),
    forget: ({ scan }) => db.delete("decisions", scan),
    /** What the server hasn't, oldest first. */
    async waiting() {
      const kept = /** @type {Kept[]} */ (await db.getAllFromIndex("scans", "done", WAITS));
      return kept.sort((one, other) => one.seq - other.seq).map(({ done: _, ...scan }) => scan);
    },
  };
}
