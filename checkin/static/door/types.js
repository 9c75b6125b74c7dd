// The shapes that the scanner's modules share; nothing runs here.

/**
 * @typedef {{ at: string, door: string }} Sighting
 * @typedef {{ name: string, organisation: string, category: string, note: string | null, reference?: string }} Person
 * @typedef {{ id: string, verdict: string, reason: string | null, day?: string, just_now?: boolean,
 *   delegate: Person | null, first: Sighting | null, last: Sighting | null, vip?: boolean }} Result
 * @typedef {"camera" | "wedge" | "typed" | "desk"} Input
 * @typedef {{ id: string, seq: number, badge: string, proof?: string, scanned_at: string, skew_ms: number,
 *   direction: "in" | "out", input: Input, door: string, operator: string, shown: string, reason?: string }} Scan
 * @typedef {{ id: string, name: string, area: string, direction: "in" | "out" | "both" }} Door
 * @typedef {{ device: { id: string, name: string, kind: string }, operator: string, door: Door, doors: Door[],
 *   today: number, now: string, event: { name: string, time_zone: string, days: string[], cutover_hour: number,
 *   epoch: string } }} Phone
 * @typedef {{ name: string, colour: string, areas: string[], days: Record<string, [number, number] | null>,
 *   protocol?: boolean }} Category
 * @typedef {{ code: string, name: string, time_zone: string, cutover_hour: number, reentry_after_s: number,
 *   unknown_offline: "send_to_desk" | "admit_and_note", code_prefix: string, days: string[], doors: Door[],
 *   categories: Record<string, Category>, tests?: Record<string, string> }} Programme
 * @typedef {[lookup: string, card: string, category: string]} Entry
 * @typedef {[lookup: string, at: string, door: string, direction: "in" | "out", scan: string]} Passage
 * @typedef {{ epoch: string, cursor: string, since: string | null, whole: boolean, now: string, entries: Entry[],
 *   removed: string[], reasons: string[], passages: Passage[], voided: string[],
 *   programme: Programme | null }} Answer the server's answer to a question for the roster
 */

export {};
