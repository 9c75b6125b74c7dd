// A VIP was read at some door: what a protocol phone has been told and what is still to be seen, as a pure core.

/**
 * @typedef {{ scan: string, badge: string | null, at: string, door: string, verdict: string,
 *   reason: string | null }} Arrival
 * @typedef {{ now: string, time_zone: string, arrivals: Arrival[], entourages: Record<string, number> }} Told
 * @typedef {{ since: string, shown: Arrival[], seen: string[] }} Alerts `shown` stay until they are tapped
 */

/** Some is told twice, within half a minute; so many are remembered. */
const REMEMBERED = 300;

/** @returns {Alerts} */
export const noAlerts = () => ({ since: "", shown: [], seen: [] });

/**
 * What was kept by an earlier page, or nothing where that isn't what it should be.
 * @param {string | null} text
 * @returns {Alerts}
 */
export function alertsIn(text) {
  try {
    const kept = JSON.parse(text ?? "");
    const sound = typeof kept.since === "string" && Array.isArray(kept.shown) && Array.isArray(kept.seen);
    return sound ? kept : noAlerts();
  } catch {
    return noAlerts();
  }
}

/**
 * What the server tells, with the arrivals that were not known; one alert a VIP, the latest.
 * @param {Alerts} alerts
 * @param {Told} told
 * @returns {{ alerts: Alerts, fresh: Arrival[] }}
 */
export function learn({ shown, seen }, told) {
  const fresh = told.arrivals.filter((one) => !seen.includes(one.scan));
  const again = new Set(fresh.map(key));
  return {
    alerts: {
      since: told.now,
      shown: [...latest(fresh), ...shown.filter((one) => !again.has(key(one)))],
      seen: [...seen, ...fresh.map((one) => one.scan)].slice(-REMEMBERED),
    },
    fresh,
  };
}

/** @param {Arrival} arrival */
const key = ({ badge, scan }) => badge ?? scan;

/** @param {Arrival[]} arrivals oldest first @returns {Arrival[]} the last of each VIP, the latest first */
function latest(arrivals) {
  return [...new Map(arrivals.map((one) => [key(one), one])).values()].reverse();
}

/** @param {Alerts} alerts @param {string} scan @returns {Alerts} */
export function tapped(alerts, scan) {
  return { ...alerts, shown: alerts.shown.filter((one) => one.scan !== scan) };
}

/** A scan of this phone's own is no news to it. @param {Alerts} alerts @param {string} scan @returns {Alerts} */
export function known(alerts, scan) {
  return { ...alerts, seen: [...alerts.seen, scan].slice(-REMEMBERED) };
}
