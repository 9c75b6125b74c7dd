import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { missing, readiness } from "../../checkin/static/door/readiness.js";

const vectors = JSON.parse(readFileSync(new URL("../vectors/readiness.json", import.meta.url), "utf8"));

for (const { name, facts, missing: expected } of vectors) {
  test(`ready for the door: ${name}`, () => {
    const card = readiness(facts);

    assert.deepEqual(missing(facts), expected);
    assert.equal(card.ready, expected.length === 0);
    for (const lack of expected) {
      const item = card.items.find((one) => one.lacks === lack);
      assert.ok(item && !item.ok && item.mend?.every(Boolean), lack);
    }
  });
}
