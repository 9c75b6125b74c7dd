// What the sign-up form does while somebody types: slips in addresses, the size of a name.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { sizeOf } from "../../checkin/static/registration/badge.js";
import { distance, meantAddress } from "../../checkin/static/registration/slips.js";

const vectors = JSON.parse(readFileSync(new URL("../vectors/typing-slips.json", import.meta.url), "utf8"));
const known = JSON.parse(process.env.TYPING_SLIPS);

test("a slip is found", () => {
  const found = vectors.slips.map(([typed]) => [typed, meantAddress(typed, known)]);

  assert.deepEqual(found, vectors.slips);
});

test("nothing is asked about a right address", () => {
  const right = [...vectors.right, ...[...known.common, ...known.real].map((domain) => `a@${domain}`)];

  const asked = [...right, `a@${"x".repeat(300)}.com`].filter((typed) => meantAddress(typed, known));

  assert.deepEqual(asked, []);
});

test("letters added, dropped, changed and swapped are counted", () => {
  const pairs = [
    ["", "", 0],
    ["", "abc", 3],
    ["abc", "", 3],
    ["gmail", "gmail", 0],
    ["gmial", "gmail", 1],
    ["gmai", "gmail", 1],
    ["gmaill", "gmail", 1],
    ["gnail", "gmail", 1],
    ["ca", "abc", 3],
    ["kitten", "sitting", 3],
  ];

  for (const [one, other, far] of pairs) {
    assert.equal(distance(one, other), far, `${one} ${other}`);
    assert.equal(distance(other, one), far, `${other} ${one}`);
  }
});

test("a long name is drawn smaller, within bounds", () => {
  const sizes = [0, 1, 10, 20, 30, 40, 100].map((length) => sizeOf("a".repeat(length)));

  assert.deepEqual(
    sizes,
    [...sizes].sort((a, b) => b - a),
  );
  assert.equal(Math.max(...sizes), 1.6);
  assert.equal(Math.min(...sizes), 0.95);
});

test("wide letters count twice, and a letter outside the first plane counts once", () => {
  assert.equal(sizeOf("田".repeat(15)), sizeOf("a".repeat(30)));
  assert.equal(sizeOf("김".repeat(15)), sizeOf("a".repeat(30)));
  assert.equal(sizeOf("𝒜".repeat(30)), sizeOf("a".repeat(30)));
});
