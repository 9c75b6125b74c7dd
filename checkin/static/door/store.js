// Every reading is on the phone before anything else happens to it (IndexedDB, strict durability); the roster too.

// Named here, so that the types are the package's own, which lie elsewhere.
const IDB = "../vendor/idb/build/index.js";

/** @import { Passage, Phone, Result, Scan } from "./types.js" */
/** @import { Roster } from "./roster.js" */

const NAME = "checkin-door";
const VERSION = 2;
/** So many pieces of passages are put together into one when the scanner opens. */
const MANY_PIECES = 100;

/** Where a scan stands: to be sent, with the server, or refused as it was sent and therefore only kept. */
const WAITS = 0;
const SENT = 1;
const ASIDE = 2;

/**
 * @typedef {Scan & { done: number, judged?: { verdict: string, reason: string | null, just_now: boolean },
 *   undone?: boolean, former?: boolean }} Kept `former`: numbered when this was another phone
 * @typedef {{ scan: string, decision: "let_in" | "sent_to_desk" }} Decision
 * @typedef {{ id: string, scan: string, reason: string, at: string }} Undoing
 * @typedef {{ passages: Passage[], voided: string[] }} News
 */

/** This browser can't keep anything safely: `refused` altogether, or `full`. */
export class Unsafe extends Error {
  /** @param {"refused" | "full"} why */
  constructor(why) {
    super(why);
    this.why = why;
  }
}

/** However a browser says that there is no room: nothing may be green that was not kept. @returns {never} */
function full() {
  throw new Unsafe("full");
}

const strict = /** @type {const} */ ({ durability: "strict" });

/**
 * @param {import("idb").IDBPDatabase} db
 * @param {Omit<Scan, "seq">} made
 * @returns {Promise<Scan>}
 */
async function addScan(db, made) {
  const change = db.transaction(["scans", "numbers"], "readwrite", strict);
  const seq = ((await change.objectStore("numbers").get("seq")) ?? 0) + 1;
  const scan = { ...made, seq };
  await Promise.all([
    change.objectStore("numbers").put(seq, "seq"),
    change.objectStore("scans").add({ ...scan, done: WAITS }),
    change.done,
  ]);
  return scan;
}

/**
 * Give kept scans the next numbers, in their old order.
 * @param {import("idb").IDBPTransaction<unknown, any, "readwrite">} change
 * @param {Kept[]} scans
 */
async function renumber(change, scans) {
  let seq = (await change.objectStore("numbers").get("seq")) ?? 0;
  for (const scan of scans.sort((one, other) => one.seq - other.seq)) {
    seq += 1;
    await change.objectStore("scans").put({ ...scan, seq, done: WAITS, former: false });
  }
  await change.objectStore("numbers").put(seq, "seq");
}

/** @typedef {Awaited<ReturnType<typeof openStore>>} Store */

/** Open what the phone keeps; throws Unsafe where the browser keeps nothing, as some private windows do. */
export async function openStore() {
  /** @type {typeof import("idb")} */
  const { openDB } = await import(IDB);
  const db = await openDB(NAME, VERSION, {
    upgrade(kept, before) {
      if (before < 1) {
        kept.createObjectStore("scans", { keyPath: "id" }).createIndex("done", "done");
        kept.createObjectStore("numbers");
        kept.createObjectStore("decisions", { keyPath: "scan" });
      }
      kept.createObjectStore("voids", { keyPath: "id" });
      kept.createObjectStore("roster");
      kept.createObjectStore("passages", { autoIncrement: true });
    },
    // A newer version of the scanner, in another tab, waits for nobody.
    blocking: () => db.close(),
  }).catch(() => {
    throw new Unsafe("refused");
  });

  return {
    /**
     * Keep a reading under the next number of this phone; numbers have no gaps. Throws Unsafe when there is no room.
     * @param {Omit<Scan, "seq">} made
     * @returns {Promise<Scan>}
     */
    add: (made) => addScan(db, made).catch(full),
    /**
     * The server has spoken about these; they stay here until the event is over.
     * @param {Result[]} results
     */
    async settle(results) {
      const change = db.transaction("scans", "readwrite", strict);
      for (const { id, verdict, reason, just_now = false } of results) {
        const kept = await change.store.get(id);
        const judged = { verdict, reason, just_now };
        const done = verdict === "rejected" ? ASIDE : SENT;
        if (kept) await change.store.put({ ...kept, done, judged });
      }
      await change.done;
    },
    /**
     * After a restore from a backup, which begins a new epoch, all that was sent is offered again.
     * @param {string} epoch
     */
    async enter(epoch) {
      const change = db.transaction(["scans", "numbers"], "readwrite", strict);
      const before = await change.objectStore("numbers").get("epoch");
      if (before !== undefined && before !== epoch) {
        const sent = /** @type {Kept[]} */ (await change.objectStore("scans").index("done").getAll(SENT));
        for (const kept of sent) await change.objectStore("scans").put({ ...kept, done: WAITS });
        // Numbers that it gave when it was another phone would leave gaps among its own.
        await renumber(
          change,
          sent.filter((kept) => kept.former),
        );
      }
      await change.objectStore("numbers").put(epoch, "epoch");
      await change.done;
    },
    /**
     * Paired anew this is another phone, whose numbers begin at 1: what still waits gets the first of them.
     * @param {string} device
     */
    async belong(device) {
      const change = db.transaction(["scans", "numbers"], "readwrite", strict);
      const before = await change.objectStore("numbers").get("device");
      await change.objectStore("numbers").put(device, "device");
      if (before !== undefined && before !== device) {
        const scans = /** @type {Kept[]} */ (await change.objectStore("scans").getAll());
        await change.objectStore("numbers").put(0, "seq");
        for (const kept of scans.filter((one) => one.done === SENT))
          await change.objectStore("scans").put({ ...kept, former: true });
        await renumber(
          change,
          scans.filter((one) => one.done === WAITS),
        );
      }
      await change.done;
    },
    /** The epoch in which this phone has sent its scans. @returns {Promise<string>} */
    epoch: async () => (await db.get("numbers", "epoch")) ?? "",
    /** What the server hasn't, oldest first. @param {number} [atMost] @returns {Promise<Scan[]>} */
    async waiting(atMost) {
      const kept = /** @type {Kept[]} */ (await db.getAllFromIndex("scans", "done", WAITS));
      const scans = kept.sort((one, other) => one.seq - other.seq).slice(0, atMost);
      return scans.map(({ done: _, judged: __, undone: ___, former: ____, ...scan }) => scan);
    },
    /** @returns {Promise<number>} how many wait */
    countWaiting: () => db.countFromIndex("scans", "done", WAITS),
    /** Every reading that this phone has made. @returns {Promise<Kept[]>} */
    scans: () => db.getAll("scans"),
    /** The last number that was given. @returns {Promise<number>} */
    lastNumber: async () => (await db.get("numbers", "seq")) ?? 0,

    /** @param {Decision} decision */
    decide: (decision) => db.put("decisions", decision),
    /** @returns {Promise<Decision[]>} */
    decisions: () => db.getAll("decisions"),
    /** @param {Decision} decision */
    forgetDecision: ({ scan }) => db.delete("decisions", scan),

    /**
     * Undo a scan, whether the server has it or not.
     * @param {Undoing} undoing
     */
    async undo(undoing) {
      const change = db.transaction(["scans", "voids"], "readwrite", strict);
      const kept = await change.objectStore("scans").get(undoing.scan);
      if (kept) await change.objectStore("scans").put({ ...kept, undone: true });
      await change.objectStore("voids").put(undoing);
      await change.done;
    },
    /** @returns {Promise<Undoing[]>} those that the server hasn't */
    voids: () => db.getAll("voids"),
    /** @param {Undoing} undoing */
    forgetVoid: ({ id }) => db.delete("voids", id),

    /** @returns {Promise<{ roster: Roster | null, phone: Phone | null, news: News[] }>} as they were kept last */
    async kept() {
      const [packed, rest, phone, news] = await Promise.all([
        db.get("roster", "packed"),
        db.get("roster", "rest"),
        db.get("roster", "phone"),
        db.getAll("passages"),
      ]);
      return { roster: packed && rest ? { ...rest, packed } : null, phone: phone ?? null, news };
    },
    /** @param {Phone} phone */
    keepPhone: (phone) => db.put("roster", phone, "phone"),
    /**
     * Keep a roster and what it told of passages, together or not at all; a whole one replaces what was there.
     * @param {Roster} roster
     * @param {News} news
     * @param {boolean} whole
     */
    async install({ packed, ...rest }, news, whole) {
      const change = db.transaction(["roster", "passages"], "readwrite");
      if (whole) {
        await change.objectStore("passages").clear();
        await change.objectStore("roster").put(packed, "packed");
      }
      if (news.passages.length || news.voided.length) await change.objectStore("passages").add(news);
      await change.objectStore("roster").put(rest, "rest");
      await change.done.catch(full);
    },
    /** Put many pieces of passages together into one. @param {News[]} pieces */
    async gather(pieces) {
      if (pieces.length < MANY_PIECES) return;
      const change = db.transaction("passages", "readwrite");
      await change.store.clear();
      await change.store.add({
        passages: pieces.flatMap((one) => one.passages),
        voided: pieces.flatMap((one) => one.voided),
      });
      await change.done;
    },
    /** The event is over: what the server has is needed no more. */
    async clear() {
      const change = db.transaction("scans", "readwrite");
      for (const id of await change.store.index("done").getAllKeys(SENT)) await change.store.delete(id);
      await change.done;
    },
    /** A phone that was stopped knows nobody any more; what it has scanned stays until it is sent. */
    async forgetRoster() {
      const change = db.transaction(["roster", "passages"], "readwrite");
      await Promise.all([change.objectStore("roster").clear(), change.objectStore("passages").clear()]);
      await change.done;
    },
  };
}
