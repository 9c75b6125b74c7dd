// How much two colours stand out from each other (WCAG 2.2), as documents/badges.py reckons it too.

// Below this a band hardly shows on white paper (WCAG 2.2, 1.4.11).
export const SEEN_ON_PAPER = 3;

/**
 * From 1 to 21.
 * @param {string} colour such as #1b4f72
 * @param {string} other
 */
export function contrast(colour, other) {
  const [one, two] = [luminance(colour), luminance(other)];
  return (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
}

/**
 * Black or white, whichever is read better on a colour.
 * @param {string} colour
 */
export function readableInk(colour) {
  return contrast(colour, "#000000") >= contrast(colour, "#ffffff") ? "#000000" : "#ffffff";
}

/** @param {string} colour */
function luminance(colour) {
  const channel = (/** @type {number} */ at) => linear(Number.parseInt(colour.slice(at, at + 2), 16) / 255);
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

/** @param {number} channel from 0 to 1 */
function linear(channel) {
  return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
}
