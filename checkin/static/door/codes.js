// What a QR code's text is, the name by which phones know a badge, and its sealed card. As in checkin/tokens.py.

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH = 29;
const NONCE = 12;

/**
 * What somebody scanned or typed, in the form a code is printed.
 * @param {string} text
 */
export function readCode(text) {
  return text.trim().toUpperCase().replace(/[IL]/g, "1").replace(/O/g, "0").replace(/[ -]/g, "");
}

/** @param {string} code */
const isShapedLikeACode = (code) =>
  code.length === CODE_LENGTH && [...code].every((letter) => CROCKFORD.includes(letter));

/**
 * Whether this is a badge code of some event: its length, its alphabet and its check character (Luhn mod 32) agree.
 * @param {string} code
 */
export function looksLikeACode(code) {
  if (!isShapedLikeACode(code)) return false;
  const digits = [...code].reverse().map((letter) => CROCKFORD.indexOf(letter));
  const sum = digits.reduce((total, digit, place) => {
    const doubled = digit * 2;
    return total + (place % 2 === 0 ? digit : Math.floor(doubled / 32) + (doubled % 32));
  }, 0);
  return sum % 32 === 0;
}

/**
 * What a text that no badge has is; `code` for one that pretends to be a badge's.
 * @param {string} text
 * @returns {"code" | "address" | "contact" | "wifi" | "number" | "text"}
 */
export function kindOf(text) {
  if (isShapedLikeACode(readCode(text))) return "code";
  if (/^(https?:|www\.)/i.test(text)) return "address";
  if (/^(BEGIN:VCARD|MECARD:|mailto:|tel:)/i.test(text)) return "contact";
  if (/^WIFI:/i.test(text)) return "wifi";
  return /^\d+$/.test(text.trim()) ? "number" : "text";
}

const bytes = (/** @type {string} */ text) => new TextEncoder().encode(text);

/** @param {Uint8Array} raw */
const base64url = (raw) =>
  btoa(String.fromCharCode(...raw))
    .replaceAll("+", "-")
    .replaceAll("/", "_");

/**
 * 96 bits of SHA-256 in 16 base64url characters.
 * @param {string} text
 */
async function digested(text) {
  const digest = await crypto.subtle.digest("SHA-256", bytes(text));
  return base64url(new Uint8Array(digest).subarray(0, NONCE));
}

/** The look-up id of a code. @param {string} code */
export const lookupId = (code) => digested(`checkin look-up\0${code}`);

/** What shows the server that this phone has read a code, without telling it. @param {string} code */
export const proofOf = (code) => digested(`checkin proof\0${code}`);

/**
 * The card of a badge, opened with its own code; null where it isn't that badge's card.
 * @param {string} code
 * @param {Uint8Array<ArrayBuffer>} sealed nonce, ciphertext and tag
 * @returns {Promise<{ name: string, organisation: string, category: string, note: string | null } | null>}
 */
export async function openCard(code, sealed) {
  const secret = await crypto.subtle.importKey("raw", bytes(code), "HKDF", false, ["deriveKey"]);
  const way = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: bytes("checkin card") };
  const key = await crypto.subtle.deriveKey(way, secret, { name: "AES-GCM", length: 256 }, false, [
    "decrypt",
  ]);
  try {
    const iv = sealed.subarray(0, NONCE);
    const opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed.subarray(NONCE));
    const [name, organisation, category, note] = JSON.parse(new TextDecoder().decode(opened));
    return { name, organisation, category, note };
  } catch {
    return null;
  }
}
