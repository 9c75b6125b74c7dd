// The rule of the door, pure: what a reading means. Python holds the same one in domain/verdicts.py and judging.py;
// tests/vectors/verdicts.json binds the two.

/** @import { Programme, Result, Sighting } from "./types.js" */

/**
 * A reading or a passage that is known already, of one badge. `mine`: this phone made it; only then are its verdict,
 * reason and just_now known.
 * @typedef {{ id: string, at: number, direction: "in" | "out", door: string, mine: boolean, verdict?: string,
 *   reason?: string | null, just_now?: boolean }} Past
 * @typedef {{ id: string, at: number, direction: "in" | "out", door: string }} Reading
 * @typedef {{ reason: string | null, category: string }} Credential `reason`: why the badge opens nothing, or null
 */

export const JUST_NOW = 60000;
export const SKEW_OF_NOBODY = 2000;
const MINUTE = 60000;
const HOUR = 60 * MINUTE;

/**
 * A phone's time put right by how far its clock was ahead; below two seconds it counts as none.
 * @param {number} at milliseconds since 1970
 * @param {number} skew milliseconds, negative: behind
 */
export const corrected = (at, skew) => (Math.abs(skew) < SKEW_OF_NOBODY ? at : at - skew);

/** @type {Map<string, Intl.DateTimeFormat>} */
const clocks = new Map();

/** @param {string} zone */
function clock(zone) {
  const known = clocks.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  clocks.set(zone, made);
  return made;
}

/**
 * What the event's clock shows at a moment, as if it were in UTC (milliseconds).
 * @param {number} at
 * @param {Programme} programme
 */
function local(at, programme) {
  /** @type {Record<string, number>} */
  const told = {};
  for (const { type, value } of clock(programme.time_zone).formatToParts(at)) told[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = told;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/**
 * The event day of a moment: its local date, where the small hours belong to the day before.
 * @param {number} at
 * @param {Programme} programme
 */
export function dayOf(at, programme) {
  return new Date(local(at, programme) - programme.cutover_hour * HOUR).toISOString().slice(0, 10);
}

/** @param {number} at @param {Programme} programme minutes from the cut-over, on the clock of the event */
function minuteOf(at, programme) {
  const shown = new Date(local(at, programme));
  return ((shown.getUTCHours() - programme.cutover_hour + 24) % 24) * 60 + shown.getUTCMinutes();
}

/** @param {string} door @param {Programme} programme */
const areaOf = (door, programme) => programme.doors.find((one) => one.id === door)?.area ?? "";

/**
 * Why an entry is refused, the first reason that applies in the contract's order, or null.
 * @param {Credential} badge
 * @param {Reading} reading
 * @param {Programme} programme
 */
function refusal(badge, reading, programme) {
  if (badge.reason) return badge.reason;
  const category = programme.categories[badge.category];
  const hours = category?.days[dayOf(reading.at, programme)];
  if (hours === undefined) return "not_this_day";
  const minute = minuteOf(reading.at, programme);
  if (hours && !(hours[0] <= minute && minute < hours[1])) return "not_open";
  return category?.areas.includes(areaOf(reading.door, programme)) ? null : "not_this_area";
}

/**
 * What a reading of a badge that this phone knows means. It is not among the past, whose order is of no matter.
 * @param {Reading} reading
 * @param {Credential} badge
 * @param {Past[]} pasts
 * @param {Programme} programme
 * @returns {Result}
 */
export function judge(reading, badge, pasts, programme) {
  const day = dayOf(reading.at, programme);
  const area = areaOf(reading.door, programme);
  const here = pasts.filter(
    (past) => areaOf(past.door, programme) === area && dayOf(past.at, programme) === day,
  );
  const earlier = readJustNow(reading, here);
  const passages = here.filter((past) => past.verdict !== "refused" && past.verdict !== "held");
  const first = earliest([...passages, reading].filter((past) => past.direction === "in"));
  const result = {
    id: reading.id,
    day,
    reason: null,
    delegate: null,
    just_now: earlier !== null,
    last: null,
  };
  if (reading.direction === "out") {
    const entered = passages.some((past) => past.direction === "in");
    return { ...result, verdict: "left", first: entered ? sighting(first, programme) : null };
  }
  const reason = refusal(badge, reading, programme);
  if (reason) {
    const known = passages.some((past) => past.direction === "in");
    const justNow = earlier?.reason === reason;
    const seen = known ? sighting(earliest(entries(passages)), programme) : null;
    return { ...result, verdict: "refused", reason, just_now: justNow, first: seen };
  }
  return { ...result, ...entry(reading, earlier, passages, programme), first: sighting(first, programme) };
}

/** @param {Past[]} passages */
const entries = (passages) => passages.filter((past) => past.direction === "in");

/**
 * @param {Reading} reading
 * @param {Past | null} earlier
 * @param {Past[]} passages
 * @param {Programme} programme
 */
function entry(reading, earlier, passages, programme) {
  const counted = passages.filter((past) => !past.just_now);
  const before = nearest(reading.at, counted);
  const justNow = earlier !== null && earlier.verdict !== "refused";
  const first = entries(passages).length === 0;
  const fresh = first ? "admitted" : furtherEntry(reading.at, before, programme);
  const verdict = justNow ? (earlier.verdict ?? "admitted") : fresh;
  // A first entry has nothing before it that a helper would look at.
  const last = before && verdict !== "admitted" ? sighting(before, programme) : null;
  return { verdict, just_now: justNow, last };
}

/**
 * This phone's own reading of the badge in the same direction, nearest in time within 60 seconds.
 * @param {Reading} reading
 * @param {Past[]} pasts
 */
function readJustNow(reading, pasts) {
  const away = (/** @type {Past} */ past) => Math.abs(past.at - reading.at);
  const near = pasts.filter(
    (past) =>
      past.mine && past.direction === reading.direction && past.verdict !== "held" && away(past) <= JUST_NOW,
  );
  return near.sort((one, other) => away(one) - away(other))[0] ?? null;
}

/**
 * Whether an entry after the first is welcome back or one to look at.
 * @param {number} at
 * @param {Past | null} passage the one nearest before
 * @param {Programme} programme
 */
function furtherEntry(at, passage, programme) {
  const away = passage ? Math.abs(at - passage.at) : Number.POSITIVE_INFINITY;
  const quick = passage?.direction === "in" && away < programme.reentry_after_s * 1000;
  return quick ? "repeat" : "returned";
}

/** @template {{ id: string, at: number }} T @param {T} one @param {T} other */
const byTime = (one, other) => one.at - other.at || (one.id < other.id ? -1 : 1);

/** @template {{ id: string, at: number }} T @param {T[]} passages @returns {T | null} */
const earliest = (passages) => [...passages].sort(byTime)[0] ?? null;

/**
 * The passage before a moment that is nearest to it or, where there is none, the nearest after it.
 * @param {number} at
 * @param {Past[]} passages
 * @returns {Past | null}
 */
function nearest(at, passages) {
  const ordered = [...passages].sort(byTime);
  return ordered.filter((past) => past.at <= at).at(-1) ?? ordered[0] ?? null;
}

/** @param {{ at: number, door: string } | null} past @param {Programme} programme @returns {Sighting | null} */
function sighting(past, programme) {
  if (!past) return null;
  const door = programme.doors.find((one) => one.id === past.door)?.name ?? "";
  return { at: new Date(past.at).toISOString(), door };
}
