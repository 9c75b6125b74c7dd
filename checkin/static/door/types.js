// The shapes that the scanner's modules share; nothing runs here.

/**
 * @typedef {{ at: string, door: string }} Sighting
 * @typedef {{ reference: string, name: string, organisation: string, category: string, note: string | null }} Person
 * @typedef {{ id: string, verdict: string, reason: string | null, just_now?: boolean, delegate: Person | null,
 *   first: Sighting | null, last: Sighting | null }} Result
 * @typedef {"camera" | "wedge" | "typed"} Input
 * @typedef {{ id: string, seq: number, code?: string, badge?: string, scanned_at: string, skew_ms: number,
 *   direction: "in" | "out", input: Input, door: string, operator: string, shown?: string }} Scan
 * @typedef {{ id: string, name: string, area: string, direction: "in" | "out" | "both" }} Door
 * @typedef {{ device: { id: string, name: string }, operator: string, door: Door, doors: Door[], today: number, now: string,
 *   event: { name: string, time_zone: string, days: string[], cutover_hour: number, epoch: string } }} Phone
 */

export {};
