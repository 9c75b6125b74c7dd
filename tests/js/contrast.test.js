// Contrasts are those of WCAG, and those that the server reckons.

import assert from "node:assert/strict";
import { test } from "node:test";

import { contrast, readableInk } from "../../checkin/static/organiser/contrast.js";

test("contrasts reach from 1 to 21", () => {
  assert.equal(contrast("#ffffff", "#FFFFFF"), 1);
  assert.equal(contrast("#000000", "#ffffff"), 21);
  assert.equal(contrast("#1b4f72", "#ffffff").toFixed(1), "8.7");
});

test("the ink is the one that is read better", () => {
  assert.deepEqual(["#fdf5c9", "#1b4f72", "#8e44ad"].map(readableInk), ["#000000", "#ffffff", "#ffffff"]);
});
