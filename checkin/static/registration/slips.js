// Finds the slip in an address such as aina@gmial.com; the server asks too.

/**
 * What the server knows of domains.
 * @typedef {object} Known
 * @property {string[]} common
 * @property {string[]} real ones that look like a slip in another
 * @property {string[]} families providers with a domain in many a country
 * @property {string[]} countries the endings of those
 * @property {Record<string, string>} endings wrong ones, and the right ones
 */

/**
 * The address that was probably meant, or nothing.
 * @param {string} address
 * @param {Known} known
 */
export function meantAddress(address, known) {
  const typed = address.trim().toLowerCase();
  const at = typed.lastIndexOf("@");
  const domain = typed.slice(at + 1);
  if (at < 1 || domain.length < 4 || domain.length > 40 || isReal(domain, known)) return "";
  const [wrong, right] = Object.entries(known.endings).find(([ending]) => domain.endsWith(ending)) ?? [
    "",
    "",
  ];
  const mended = domain.slice(0, domain.length - wrong.length) + right;
  const meant = (!isReal(mended, known) && nearest(mended, known.common)) || (wrong && mended);
  return meant && `${typed.slice(0, at)}@${meant}`;
}

/** @param {string} domain @param {Known} known */
function isReal(domain, known) {
  const [, provider = "", country = ""] = /^(\w+)(?:\.com?)?\.(\w+)$/.exec(domain) ?? [];
  const national = known.families.includes(provider) && known.countries.includes(country);
  return national || known.common.includes(domain) || known.real.includes(domain);
}

/** @param {string} domain @param {string[]} common */
function nearest(domain, common) {
  const near = (/** @type {string} */ one) => {
    const slips = distance(domain, one);
    return slips > 0 && slips <= (one.length < 9 ? 1 : 2);
  };
  return common.find(near) ?? "";
}

/**
 * How many letters were added, dropped, changed or swapped (optimal string alignment).
 * @param {string} one
 * @param {string} other
 */
export function distance(one, other) {
  /** @type {number[][]} */
  const rows = [];
  for (let i = 0; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      if (i === 0) {
        row.push(j);
        continue;
      }
      const before = /** @type {number[]} */ (rows[i - 1]);
      const same = one[i - 1] === other[j - 1];
      let least = Math.min(at(before, j) + 1, at(row, j - 1) + 1, at(before, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) {
        least = Math.min(least, at(/** @type {number[]} */ (rows[i - 2]), j - 2) + 1);
      }
      row.push(least);
    }
    rows.push(row);
  }
  return at(/** @type {number[]} */ (rows[one.length]), other.length);
}

/** @param {number[]} row @param {number} place */
const at = (row, place) => /** @type {number} */ (row[place]);
