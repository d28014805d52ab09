import assert from "node:assert/strict";
import { test } from "node:test";

import { LEFT_HAND, NUMBERS, POSE, RIGHT_HAND } from "../../src/signlet/web/clips/landmarks.js";
import { Reader, withoutNumbers } from "../../src/signlet/web/clips/sentinels.js";
import { clip, frame } from "./made.js";

const filled = (from, to, number) => clip([frame(0.4).fill(number, 3 * from, 3 * to), frame(0.5)]).frames;
const holes = (frames) => frames.reduce((count, number) => count + Number(Number.isNaN(number)), 0);

test("landmarks without such numbers are given back as they are", () => {
  const { frames } = clip([frame(0.4), frame()]);
  assert.equal(withoutNumbers(frames).frames, frames);
  assert.equal(withoutNumbers(frames).remark, null);
});

test("a hand at one place was not found, whichever number stands for it, and the clip is copied", () => {
  for (const [number, said] of [[0, "zeros"], [-1, "-1"], [0.25, "0.25"]]) {
    const given = filled(LEFT_HAND, POSE, number);
    const kept = given.slice();
    const { frames, remark } = withoutNumbers(given);
    assert.equal(remark, `${said} treated as not found`);
    assert.deepEqual(given, kept);
    assert.equal(holes(frames), holes(given) + 3 * 21);
  }
});

test("what lies in the other frames stays", () => {
  const { frames } = withoutNumbers(filled(RIGHT_HAND, 543, 0));
  assert.deepEqual(frames.slice(NUMBERS), frame(0.5));
});

test("a reader says once what it mended", () => {
  const { warn } = console;
  const said = [];
  console.warn = (text) => said.push(text);
  try {
    const reader = new Reader();
    for (let i = 0; i < 3; i++) reader.read(filled(LEFT_HAND, POSE, 0));
    assert.deepEqual(reader.remarks, ["zeros treated as not found"]);
    assert.deepEqual(said, ["signlet: zeros treated as not found; write NaN where a point was not found"]);
  } finally {
    console.warn = warn;
  }
});
