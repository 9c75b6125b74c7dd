// How each verdict looks and sounds and what it asks of the helper: a table, and nothing else.

/** @import { Result, Sighting } from "./types.js" */

/**
 * @typedef {"green" | "blue" | "grey" | "amber" | "red"} Tone
 * @typedef {{ tone: Tone, icon: string, words: [string, string], hold: number, stays: boolean,
 *   reason: [string, string] | null, advice: [string, string] | null, asks: boolean }} Look
 */

const QUICK = 1200;
const SLOW = 2000;
const HELP_DESK = /** @type {[string, string]} */ (["Help desk, please", "Sila ke meja bantuan"]);

/** @type {Record<string, [string, string]>} */
const REASONS = {
  unknown: ["This badge is not on our list", "Lencana ini tiada dalam senarai kami"],
  other_event: ["A badge of another event", "Lencana untuk acara lain"],
  replaced: ["There is a newer badge", "Sudah ada lencana yang lebih baharu"],
  revoked: ["This badge is no longer in use", "Lencana ini tidak lagi digunakan"],
  cancelled: ["The registration was cancelled", "Pendaftaran telah dibatalkan"],
  not_released: ["A blank badge, not released yet", "Lencana kosong, belum dilepaskan"],
  pending: ["The registration waits for approval", "Pendaftaran menunggu kelulusan"],
  not_this_day: ["This badge is for another day", "Lencana ini untuk hari lain"],
  not_open: ["Not open at this hour", "Belum dibuka pada waktu ini"],
  test: ["A TEST badge, which counts nowhere", "Lencana UJIAN, tidak dikira"],
  not_this_area: ["This badge is for another area", "Lencana ini untuk kawasan lain"],
};

/** @type {Record<string, Look>} */
const LOOKS = {
  admitted: quick("green", "✓", ["WELCOME", "SILA MASUK"]),
  returned: quick("blue", "↻", ["WELCOME BACK", "SELAMAT KEMBALI"]),
  left: quick("grey", "→", ["EXIT RECORDED", "KELUAR DIREKODKAN"]),
  repeat: {
    ...slow("amber", "!", ["ALREADY IN, CHECK NAME", "SUDAH MASUK, SEMAK NAMA"]),
    advice: ["Is it this person?", "Adakah ini orangnya?"],
    asks: true,
  },
  refused: { ...slow("red", "✕", ["PLEASE WAIT", "SILA TUNGGU"]), advice: HELP_DESK },
  held: {
    ...slow("red", "✕", ["THIS PHONE IS STOPPED", "TELEFON INI DIHENTIKAN"]),
    advice: ["Bring it to an organiser", "Bawa kepada penganjur"],
  },
  rejected: {
    ...slow("red", "✕", ["COULD NOT BE KEPT", "TIDAK DAPAT DISIMPAN"]),
    advice: ["Scan again", "Imbas sekali lagi"],
  },
  unlisted: {
    ...slow("amber", "?", ["NOT ON THIS PHONE'S LIST", "TIADA DALAM SENARAI TELEFON"]),
    reason: ["Kept, and asked when there is a connection", "Disimpan, disemak apabila ada sambungan"],
    advice: HELP_DESK,
  },
};

/** What a code that isn't a badge's says of itself. */
/** @type {Record<string, [string, string]>} */
const FOREIGN = {
  address: ["It is the address of a web page", "Ini alamat laman web"],
  contact: ["It is a contact card", "Ini kad hubungan"],
  wifi: ["It is a Wi-Fi code", "Ini kod Wi-Fi"],
  number: ["It is only a number", "Ini hanya nombor"],
  text: ["It is some other text", "Ini teks lain"],
};

/** @param {Tone} tone @param {string} icon @param {[string, string]} words @returns {Look} */
function quick(tone, icon, words) {
  return { tone, icon, words, hold: QUICK, stays: false, reason: null, advice: null, asks: false };
}

/** @param {Tone} tone @param {string} icon @param {[string, string]} words @returns {Look} */
function slow(tone, icon, words) {
  return { tone, icon, words, hold: SLOW, stays: true, reason: null, advice: null, asks: false };
}

/**
 * How a result is shown; `foreign` is what kind of text a code is that no badge has.
 * @param {Result} result
 * @param {string | null} [foreign]
 * @returns {Look}
 */
export function look(result, foreign = null) {
  const shown = plainLook(result, foreign);
  // Read twice within a minute: what there was to decide has been asked.
  return result.just_now ? { ...shown, stays: false, asks: false } : shown;
}

/** @param {Result} result @param {string | null} foreign @returns {Look} */
function plainLook(result, foreign) {
  const found = LOOKS[result.verdict] ?? /** @type {Look} */ (LOOKS.refused);
  if (result.verdict === "test") return practice(result);
  if (result.verdict === "unlisted") return result.reason === "admit_and_note" ? noted(found) : found;
  if (result.vip && ["admitted", "returned", "repeat"].includes(result.verdict)) return VIP;
  const kind = FOREIGN[foreign ?? ""];
  if (kind) return { ...found, words: ["NOT A BADGE", "BUKAN LENCANA"], reason: kind };
  const reason = REASONS[result.reason ?? ""];
  return reason ? { ...found, words: reason } : found;
}

/** Nobody of protocol is held up by a tap: what there is to look into, organisers do. */
const VIP = quick("green", "★", ["VIP · WELCOME", "VIP · SELAMAT DATANG"]);

/** @param {Look} found @returns {Look} */
const noted = (found) => ({
  ...found,
  advice: ["Let in, and write the name down", "Benarkan masuk, catat namanya"],
  asks: true,
});

/** A TEST badge shows what it practises, and says that it is one. @param {Result} result @returns {Look} */
function practice(result) {
  const found = LOOKS[result.reason ?? ""] ?? /** @type {Look} */ (LOOKS.admitted);
  const words = /** @type {[string, string]} */ ([`TEST · ${found.words[0]}`, `UJIAN · ${found.words[1]}`]);
  return { ...found, words, reason: REASONS.test ?? null, stays: false, asks: false };
}

/**
 * When and where somebody was seen, on the event's clock, such as “09:41 · Gate B”.
 * @param {Sighting | null | undefined} sighting
 * @param {string} timeZone
 */
export function sighted(sighting, timeZone) {
  if (!sighting) return "";
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone });
  return `${clock.format(new Date(sighting.at))} · ${sighting.door}`;
}
