import assert from "node:assert/strict";
import { test } from "node:test";

import { Speed } from "../../src/signlet/web/live/speed.js";

const told = (...times) => {
  const speed = new Speed();
  return times.map((time) => speed.isTooSlow(time));
};

test("a first picture that takes long on any machine is no reason to warn", () => {
  assert.deepEqual(told(3000, 40, 45, 38), [false, false, false, false]);
});

test("a first picture without a graphics card is", () => assert.deepEqual(told(37000), [true]));

test("two slow pictures in a row are, one is not", () => {
  assert.deepEqual(told(2000, 900, 50, 900, 900), [false, false, false, false, true]);
});
