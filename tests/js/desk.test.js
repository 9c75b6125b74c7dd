// The desk's keys.

import assert from "node:assert/strict";
import { test } from "node:test";

import { next } from "../../checkin/static/desk/keys.js";

test("arrows lead from the field through the results, and stop at either end", () => {
  const path = ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp", "ArrowUp"];
  let at = 0;

  const stops = path.map((key) => {
    at = next(at, key, 3);
    return at;
  });

  assert.deepEqual(stops, [1, 2, 2, 1, 0, 0]);
  assert.equal(next(1, "a", 3), 1);
});
