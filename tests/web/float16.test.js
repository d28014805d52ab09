import assert from "node:assert/strict";
import { test } from "node:test";

import { fromHalf, halved, unitRows } from "../../src/signlet/web/clips/float16.js";

const text = (...bits) => Buffer.from(Uint16Array.from(bits).buffer).toString("base64");
const ONE = 0x3c00;

test("a number of half precision is its own nearest, and its neighbours' middle goes to the even one", () => {
  for (let bits = 0; bits < 0x7bff; bits++) {
    const [low, high] = [fromHalf(bits), fromHalf(bits + 1)];
    assert.ok(low < high);
    assert.equal(halved(low) || 0, low);
    assert.equal(halved((low + high) / 2), bits % 2 ? high : low);
    assert.equal(halved(-high), -high);
  }
});

test("the largest patterns of bits are no numbers", () => {
  assert.deepEqual([0x7c00, 0xfc00, 0x7e00].map(fromHalf), [Infinity, -Infinity, NaN]);
});

test("rows of length 1 are read, in their order", () => {
  assert.deepEqual(unitRows(text(ONE, 0, 0, ONE), 2, 2, "rows"), [Float64Array.of(1, 0), Float64Array.of(0, 1)]);
});

test("rows that are no text of bytes, too many, too few or not of length 1 are refused by their name", () => {
  assert.throws(() => unitRows("ä", 1, 1, "rows"), /^Error: rows are not base64$/);
  assert.throws(() => unitRows(text(ONE), 1, 2, "rows"), /^Error: rows are not 1 times 2 numbers$/);
  assert.throws(() => unitRows(text(ONE, ONE), 1, 1, "rows"), /^Error: rows are not 1 times 1 numbers$/);
  for (const bits of [0, 0x4000, 0x7e00]) assert.throws(() => unitRows(text(bits), 1, 1, "rows"), /^Error: rows are not of length 1$/);
});
