// Which VIPs a protocol phone shows, and what of them changes as it is told: a pure core.

/** @import { Told } from "./alerts.js" */

/**
 * @typedef {{ reference: string, badge: string | null, name: string, organisation: string, delegation: string,
 *   category: string, today: { at: string, door: string } | null, entourage: number | null }} Vip
 * @typedef {{ name: string, arrived: number, expected: number }} Delegation
 * @typedef {{ vips: Vip[], delegations: Delegation[] }} Names
 */

const LETS_IN = new Set(["admitted", "returned", "repeat"]);

/**
 * The VIPs as they are after what was told.
 * @param {Names} names
 * @param {Pick<Told, "arrivals" | "entourages">} told
 * @returns {Names}
 */
export function after(names, { arrivals, entourages }) {
  const came = new Map(arrivals.filter((one) => LETS_IN.has(one.verdict)).map((one) => [one.badge, one]));
  /** @type {string[]} */
  const joined = [];
  const vips = names.vips.map((vip) => {
    const arrival = vip.today === null && vip.badge ? came.get(vip.badge) : undefined;
    if (arrival) joined.push(vip.delegation);
    const today = arrival ? { at: arrival.at, door: arrival.door } : vip.today;
    return { ...vip, today, entourage: entourages[vip.badge ?? ""] ?? vip.entourage };
  });
  const delegations = names.delegations.map((one) => {
    const more = joined.filter((name) => name === one.name).length;
    return { ...one, arrived: Math.min(one.arrived + more, one.expected) };
  });
  return { vips, delegations };
}

/**
 * Those who match, by delegation; who belongs to none comes last, under an empty name.
 * @param {Names} names
 * @param {{ text: string, missing: boolean }} wanted
 * @returns {[string, Vip[]][]}
 */
export function groups({ vips }, { text, missing }) {
  const words = plain(text).split(/\s+/).filter(Boolean);
  /** @type {Map<string, Vip[]>} */
  const found = new Map();
  for (const vip of vips) {
    const has = plain(`${vip.name} ${vip.organisation} ${vip.delegation} ${vip.reference}`);
    if ((missing && vip.today) || !words.every((word) => has.includes(word))) continue;
    found.set(vip.delegation, [...(found.get(vip.delegation) ?? []), vip]);
  }
  return [...found].sort(
    ([one], [other]) => Number(one === "") - Number(other === "") || one.localeCompare(other),
  );
}

/** Without accents, in small letters. @param {string} text */
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
