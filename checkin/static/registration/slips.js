// Finds the slip in an address such as aina@gmial.com; the server asks too.

/**
 * The address that was probably meant, or nothing.
 * @param {string} address
 * @param {readonly string[]} domains the common ones
 */
export function meantAddress(address, domains) {
  const at = address.lastIndexOf("@");
  const domain = address
    .slice(at + 1)
    .trim()
    .toLowerCase();
  if (at < 1 || domains.includes(domain) || domain.length > 40) return "";
  const meant = domains.find((common) => distance(domain, common) === 1);
  return meant ? `${address.slice(0, at)}@${meant}` : "";
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
