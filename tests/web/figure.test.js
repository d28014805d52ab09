import assert from "node:assert/strict";
import { test } from "node:test";

import { LEFT_HAND, NUMBERS, RIGHT_HAND } from "../../src/signlet/web/clips/landmarks.js";
import { figure, LOOP } from "../../src/signlet/web/page/figure.js";

const STEPS = 140;
const frames = Array.from({ length: STEPS + 1 }, (_, i) => figure((LOOP * i) / STEPS));

test("the figure of an empty stage is a frame of landmarks with both hands in the picture", () => {
  for (const frame of frames) {
    assert.equal(frame.length, NUMBERS);
    for (const first of [LEFT_HAND, RIGHT_HAND]) {
      for (let point = first; point < first + 21; point++) {
        assert.ok(frame[3 * point] > 0 && frame[3 * point] < 1);
        assert.ok(frame[3 * point + 1] > 0 && frame[3 * point + 1] < 1.05);
      }
    }
  }
});

test("it moves without jumps, and its end is its beginning", () => {
  let moved = 0;
  frames.slice(1).forEach((frame, i) => {
    const steps = Array.from(frame, (number, n) => Math.abs(number - frames[i][n])).filter((step) => !Number.isNaN(step));
    assert.ok(Math.max(...steps) < 0.1, `frame ${i}: ${Math.max(...steps)}`);
    moved = Math.max(moved, ...steps);
  });
  assert.ok(moved > 0.01);
  assert.deepEqual(frames[STEPS], frames[0]);
});
