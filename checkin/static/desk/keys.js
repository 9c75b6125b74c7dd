// Which keys lead where on the help desk's pages.

/**
 * Where an arrow key leads from one of several places to stand; the field is the first of them.
 * @param {number} at
 * @param {string} key
 * @param {number} places
 * @returns {number}
 */
export function next(at, key, places) {
  const step = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0;
  return Math.min(Math.max(at + step, 0), places - 1);
}
