import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { corrected, dayOf, judge } from "../../checkin/static/door/rule.js";

const { events, cases } = JSON.parse(
  readFileSync(new URL("../vectors/verdicts.json", import.meta.url), "utf8"),
);

/** Minutes after the cut-over. @param {string} clock @param {number} cutover */
function minute(clock, cutover) {
  const [hour = 0, minutes = 0] = clock.split(":").map(Number);
  return ((hour - cutover + 24) % 24) * 60 + minutes;
}

/** The set-up as the roster gives it, from the one that the vectors share with Python. */
function programme(event) {
  const mains = event.areas.filter((area) => area.main).map((area) => area.name);
  const counting = event.days.filter((day) => day.counts !== false).map((day) => day.date);
  const categories = event.categories.map(({ name, areas = mains, days = counting, opens, closes }) => {
    const hours = opens ? [minute(opens, event.cutover_hour), minute(closes, event.cutover_hour)] : null;
    return [name, { name, areas, days: Object.fromEntries(days.map((day) => [day, hours])) }];
  });
  const doors = event.doors.map((door) => ({ ...door, id: door.name }));
  return { ...event, doors, categories: Object.fromEntries(categories) };
}

/** What the roster says of a badge in a state; undefined where it knows none. */
const REASONS = {
  live: null,
  reinstated: null,
  "revoked since": null,
  revoked: "revoked",
  replaced: "replaced",
  cancelled: "cancelled",
  pending: "pending",
};

/** What this phone knows before the scan: its own readings with their verdicts, others' passages. */
function pasts(one, plan) {
  const known = [];
  for (const [place, { at, door, direction, phone, voided }] of one.before.entries()) {
    const reading = { id: `${place}`, at: Date.parse(at), door, direction };
    const { verdict, reason, just_now } = judge(reading, credential(one, null), known, plan);
    const mine = phone === "this";
    if (voided || (!mine && verdict === "refused")) continue;
    known.push(mine ? { ...reading, mine, verdict, reason, just_now } : { ...reading, mine });
  }
  return known;
}

const credential = (one, reason) => ({ reason, category: one.category });
const instant = (sighting) => sighting && { at: Date.parse(sighting.at), door: sighting.door };

for (const one of cases.filter(({ state }) => state in REASONS)) {
  test(one.name, () => {
    const plan = programme(events[one.event]);
    const { at, door, direction, skew_ms = 0 } = one.scan;
    const reading = { id: "now", at: corrected(Date.parse(at), skew_ms), door, direction };

    const result = judge(reading, credential(one, REASONS[one.state]), pasts(one, plan), plan);

    const expected = one.phone ?? one;
    assert.deepEqual([result.verdict, result.reason], [expected.verdict, expected.reason]);
    assert.equal(dayOf(reading.at, plan), one.day);
    if (one.phone) return;
    assert.deepEqual(
      [result.just_now, result.day, instant(result.first), instant(result.last)],
      [one.just_now, one.day, instant(one.first), instant(one.last)],
    );
  });
}
