// How often the board asks, and from when on its numbers count as old.

export const PACE_MS = 5_000;
export const SLOWEST_MS = 30_000;
export const STALE_MS = 20_000;

/**
 * The pause before the next question, longer after each failure in a row.
 * @param {number} failures
 */
export function pause(failures) {
  return Math.min(PACE_MS * 2 ** failures, SLOWEST_MS);
}

/**
 * @param {number} answeredAt
 * @param {number} now
 */
export function isStale(answeredAt, now) {
  return now - answeredAt > STALE_MS;
}
