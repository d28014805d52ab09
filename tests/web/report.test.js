import assert from "node:assert/strict";
import { test } from "node:test";

import { decode, order, placed } from "../../src/signlet/report/report.js";

const text = (...numbers) => Buffer.from(Uint16Array.from(numbers).buffer).toString("base64");

test("the numbers of a clip are read as they were written", () => {
  assert.deepEqual(decode(text(0, 1, 256, 65535)), Uint16Array.of(0, 1, 256, 65535));
});

test("the middle third of the numbers is the picture, and a point that was not found lies nowhere", () => {
  const values = Uint16Array.of(65534 / 2, 0, 65535, 65535);
  assert.deepEqual(placed(values, 0, 100), [50, -100]);
  assert.equal(placed(values, 1, 100), null);
});

test("numbers are sorted by size, names by the alphabet", () => {
  assert.deepEqual(["10", "9", "-1", "0.5"].sort(order), ["-1", "0.5", "9", "10"]);
  assert.deepEqual(["ö", "z", "a", "10"].sort(order), ["10", "a", "ö", "z"]);
});
