import assert from "node:assert/strict";
import { test } from "node:test";
import { alertsIn, known, learn, noAlerts, tapped } from "../../checkin/static/door/alerts.js";
import { byHand, reasonOf } from "../../checkin/static/door/by-hand.js";
import { after, groups } from "../../checkin/static/door/vips.js";

const arrival = (scan, badge, more = {}) => ({
  scan,
  badge,
  at: "2025-09-17T01:00:00Z",
  door: "Gate B",
  verdict: "admitted",
  reason: null,
  ...more,
});
const told = (...arrivals) => ({ now: "later", time_zone: "UTC", arrivals, entourages: {} });
const vip = (name, delegation, more = {}) => ({
  reference: "KL-00001",
  badge: name,
  name,
  organisation: "",
  delegation,
  category: "VIP",
  today: null,
  entourage: null,
  ...more,
});

test("an arrival that is told twice alerts once and stays until it is tapped", () => {
  const first = learn(noAlerts(), told(arrival("s1", "ika")));
  const again = learn(first.alerts, told(arrival("s1", "ika")));
  const seen = tapped(again.alerts, "s1");
  const later = learn(seen, told(arrival("s1", "ika")));

  assert.deepEqual([first.fresh.length, again.fresh.length, again.alerts.shown.length], [1, 0, 1]);
  assert.deepEqual([later.fresh, later.alerts.shown], [[], []]);
});

test("a VIP has one alert, the latest, and the latest VIP comes first", () => {
  const { alerts } = learn(noAlerts(), told(arrival("s1", "ika"), arrival("s2", "ng")));
  const more = learn(alerts, told(arrival("s3", "ika", { door: "Lounge" })));

  assert.deepEqual(
    alerts.shown.map((one) => one.scan),
    ["s2", "s1"],
  );
  assert.deepEqual(
    more.alerts.shown.map((one) => one.scan),
    ["s3", "s2"],
  );
});

test("what this phone did itself is no news to it", () => {
  const { fresh } = learn(known(noAlerts(), "s1"), told(arrival("s1", "ika")));

  assert.deepEqual(fresh, []);
});

test("alerts that were kept badly are none", () => {
  for (const text of [null, "", "7", "null", "{}", '{"since":1,"shown":[],"seen":[]}']) {
    assert.deepEqual(alertsIn(text), noAlerts());
  }
  const kept = { since: "x", shown: [], seen: ["s1"] };
  assert.deepEqual(alertsIn(JSON.stringify(kept)), kept);
});

test("an arrival is a VIP's first entry, counts for the delegation, and a refusal does neither", () => {
  const names = {
    vips: [
      vip("ika", "Melaka"),
      vip("ng", "Melaka"),
      vip("ali", "", { today: { at: "early", door: "Gate A" } }),
    ],
    delegations: [{ name: "Melaka", arrived: 0, expected: 3 }],
  };

  const next = after(names, {
    arrivals: [arrival("s1", "ika"), arrival("s2", "ng", { verdict: "refused" }), arrival("s3", "ali")],
    entourages: { ika: 4 },
  });

  assert.deepEqual(
    next.vips.map((one) => one.today?.door ?? null),
    ["Gate B", null, "Gate A"],
  );
  assert.deepEqual([next.vips[0].entourage, next.delegations[0].arrived], [4, 1]);
});

test("VIPs are found without accents, by delegation, and who belongs to none comes last", () => {
  const names = {
    vips: [vip("Tun Ali", ""), vip("Mayor Íka", "Melaka"), vip("Deputy", "Ipoh")],
    delegations: [],
  };

  const all = groups(names, { text: "", missing: false }).map(([name]) => name);
  const found = groups(names, { text: "ika melaka", missing: true });

  assert.deepEqual(all, ["Ipoh", "Melaka", ""]);
  assert.deepEqual(
    found.map(([, vips]) => vips.map((one) => one.name)),
    [["Mayor Íka"]],
  );
});

test("a reason is what was chosen, what was typed, or both, and another one needs words", () => {
  assert.equal(reasonOf("forgot badge", ""), "forgot badge");
  assert.equal(reasonOf("forgot badge", " in the car "), "forgot badge: in the car");
  assert.equal(reasonOf("", "in the car"), "in the car");
  assert.equal(reasonOf("other", "known to me"), "other: known to me");
  assert.equal(reasonOf("other", "  "), "");
});

/** A phone whose server answers, or doesn't. */
function hands({ answers }) {
  const kept = [];
  const made = byHand({
    store: {
      add: async (scan) => {
        kept.push({ ...scan, seq: kept.length + 1 });
        return kept.at(-1);
      },
      waiting: async () => (answers ? [] : kept),
    },
    knowledge: { roster: null },
    phone: () => ({ door: { id: "d1" }, operator: "Aina" }),
    skew: () => 0,
    wake: () => {
      const scan = kept.at(-1);
      if (answers)
        queueMicrotask(() => made.answered([scan], [{ id: scan.id, verdict: "admitted", reason: null }]));
    },
    now: () => 0,
    newId: () => `scan ${kept.length + 1}`,
    later: (what) => !answers && queueMicrotask(what),
  });
  return { made, kept };
}
const who = { badge: "b1", delegate: { name: "Ada", organisation: "", category: "", note: null } };

test("the server's verdict on somebody let in by hand is shown", async () => {
  const { made, kept } = hands({ answers: true });

  const done = await made.admit(who, "phone flat");

  assert.deepEqual([done.sent, done.result.verdict, kept.length], [true, "admitted", 1]);
  assert.deepEqual([kept[0].input, kept[0].reason, kept[0].direction], ["desk", "phone flat", "in"]);
});

test("somebody who waits on the phone is not let in by hand twice", async () => {
  const { made, kept } = hands({ answers: false });

  const first = await made.admit(who, "phone flat");
  const second = await made.admit(who, "phone flat");

  assert.deepEqual([first.sent, first.result.verdict, second, kept.length], [false, "unlisted", null, 1]);
});
