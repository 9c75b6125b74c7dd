// Whether this phone is ready for its door: a pure rule, its words in both languages, and its card.

/**
 * @typedef {[english: string, malay: string]} Words
 * @typedef {{ heard_ago_s: number | null, camera: string | null, sound: boolean, storage: string | null,
 *   roster_age_s: number | null, skew_ms: number, battery: number | null, tested_today: boolean }} Facts
 *   seconds since the server answered (null: never) and since the roster was fresh (null: none), milliseconds by
 *   which the clock is ahead, battery from 0 to 1 (null: not known); `camera` and `storage` as the API's report has them
 * @typedef {{ what: Words, ok: boolean, mend: Words | null, lacks: string | null }} Item
 */

/** Python has the same limits; `tests/vectors/readiness.json` binds the two. */
const SILENT_AFTER_S = 120;
const ROSTER_OLD_AFTER_S = 15 * 60;
const CLOCK_OFF_MS = 120_000;
const BATTERY_LOW = 0.3;

/** @type {Record<string, Words>} */
const NAMES = {
  heard: ["Server", "Pelayan"],
  camera: ["Camera", "Kamera"],
  sound: ["Sound", "Bunyi"],
  storage: ["Storage", "Simpanan"],
  roster: ["List of badges", "Senarai lencana"],
  clock: ["Clock", "Jam"],
  battery: ["Battery", "Bateri"],
  test: ["TEST badge", "Lencana UJIAN"],
};

/** What to do about each thing that a phone can lack. @type {Record<string, Words>} */
const MEND = {
  heard_never: [
    "The server has not answered yet: connect the phone to the network.",
    "Pelayan belum menjawab: sambungkan telefon ke rangkaian.",
  ],
  heard_silent: [
    "No answer for over two minutes: look at the network. Scanning goes on.",
    "Tiada jawapan lebih dua minit: semak rangkaian. Imbasan boleh diteruskan.",
  ],
  camera_denied: [
    "The camera is not allowed: allow it for this page in the browser's settings.",
    "Kamera tidak dibenarkan: benarkan untuk halaman ini dalam tetapan pelayar.",
  ],
  camera_none: [
    "No camera was found: use a hand scanner, or another phone.",
    "Tiada kamera ditemui: gunakan pengimbas tangan atau telefon lain.",
  ],
  camera_busy: [
    "Another app uses the camera: close it, then start the camera again.",
    "Aplikasi lain sedang menggunakan kamera: tutupnya, kemudian mulakan kamera semula.",
  ],
  camera_insecure: [
    "This page is not secure (https): open the address that the organisers show.",
    "Halaman ini tidak selamat (https): buka alamat yang ditunjukkan penganjur.",
  ],
  camera_unknown: [
    "The camera has not been started: tap to start scanning.",
    "Kamera belum dimulakan: ketik untuk mula mengimbas.",
  ],
  sound_off: [
    "Sound is off: turn it on and the volume up.",
    "Bunyi dimatikan: hidupkan dan kuatkan kelantangan.",
  ],
  storage_temporary: [
    "The phone may delete what it keeps: put this page on the home screen and open it there.",
    "Telefon mungkin memadam simpanan: letakkan halaman ini pada skrin utama dan bukanya di situ.",
  ],
  storage_refused: [
    "The phone keeps nothing here: leave private browsing, or use another browser.",
    "Telefon tidak menyimpan apa-apa di sini: tutup mod peribadi atau guna pelayar lain.",
  ],
  storage_full: ["The phone's storage is full: make room.", "Simpanan telefon penuh: kosongkan ruang."],
  roster_none: [
    "There is no list of badges yet: stay connected until it has come.",
    "Senarai lencana belum ada: kekal bersambung sehingga ia tiba.",
  ],
  roster_old: [
    "The list of badges is older than 15 minutes: look at the network.",
    "Senarai lencana lebih lama daripada 15 minit: semak rangkaian.",
  ],
  clock_off: [
    "The clock is off by more than two minutes: set it to automatic in the phone's settings.",
    "Jam tersasar lebih dua minit: tetapkan kepada automatik dalam tetapan telefon.",
  ],
  battery_low: [
    "The battery is low: charge the phone, or take a power bank to the door.",
    "Bateri lemah: cas telefon, atau bawa bank kuasa ke pintu.",
  ],
  test_missing: [
    "No TEST badge was read today: scan one of the sheet.",
    "Tiada lencana UJIAN diimbas hari ini: imbas satu daripada helaian.",
  ],
};

/**
 * What a phone lacks, in the order in which one mends it.
 * @param {Facts} facts
 * @returns {string[]}
 */
export function missing(facts) {
  if (facts.heard_ago_s === null) return ["heard_never"];
  const { battery, roster_age_s: age } = facts;
  const lacks = [
    facts.heard_ago_s > SILENT_AFTER_S && "heard_silent",
    facts.camera !== "ok" && `camera_${facts.camera ?? "unknown"}`,
    !facts.sound && "sound_off",
    facts.storage !== "persisted" && `storage_${facts.storage ?? "temporary"}`,
    age === null ? "roster_none" : age > ROSTER_OLD_AFTER_S && "roster_old",
    Math.abs(facts.skew_ms) > CLOCK_OFF_MS && "clock_off",
    battery !== null && battery <= BATTERY_LOW && "battery_low",
    !facts.tested_today && "test_missing",
  ];
  return lacks.filter((one) => one !== false);
}

/**
 * The card's lines: what the phone needs, whether it has it, and how to mend what it lacks.
 * @param {Facts} facts
 * @returns {{ ready: boolean, items: Item[] }}
 */
export function readiness(facts) {
  const lacks = missing(facts);
  const known = Object.entries(NAMES).filter(([name]) => name !== "battery" || facts.battery !== null);
  // Before the first answer nobody knows of the clock; the rest the phone can say by itself.
  const own = facts.heard_ago_s === null ? [...lacks, ...missing({ ...facts, heard_ago_s: 0 })] : lacks;
  const items = known.map(([name, what]) => {
    const found = own.find((one) => one.startsWith(`${name}_`)) ?? null;
    return { what, ok: found === null, mend: found === null ? null : (MEND[found] ?? null), lacks: found };
  });
  return { ready: lacks.length === 0, items };
}

/**
 * Shows the card's lines in a list; each is a sign, a name, and what to do.
 * @param {HTMLElement} list
 * @param {Item[]} items
 */
export function drawReadiness(list, items) {
  list.replaceChildren(...items.map(line));
}

/** @param {Item} item */
function line({ what, ok, mend }) {
  const row = document.createElement("li");
  row.className = ok ? "ready-item is-ok" : "ready-item is-missing";
  const sign = part("span", "ready-sign", ok ? "✓" : "✕");
  sign.setAttribute("role", "img");
  sign.setAttribute("aria-label", ok ? "ready" : "not ready");
  const words = part("span", "ready-what", what[0]);
  words.append(" ", malay(what[1]));
  row.append(sign, words);
  if (mend) {
    const how = part("span", "ready-mend", mend[0]);
    how.append(" ", malay(mend[1]));
    row.append(how);
  }
  return row;
}

/** @param {string} tag @param {string} name @param {string} text */
function part(tag, name, text) {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}

/** @param {string} text */
function malay(text) {
  const made = part("span", "ready-malay", text);
  made.lang = "ms";
  return made;
}
