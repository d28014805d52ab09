import assert from "node:assert/strict";
import { test } from "node:test";

import { clipFile, hasHand, part, readClip, Recording, shortName, signName, takeName, withHands } from "../../src/signlet/web/clips/clips.js";
import { NUMBERS } from "../../src/signlet/web/clips/landmarks.js";
import { writeNpz } from "../../src/signlet/web/clips/npz.js";
import { clip, file, frame } from "./made.js";

const CLIP = clip([frame(), frame(0.4), frame(0.5), frame()]);

function recorded(times) {
  const recording = new Recording();
  for (const time of times) recording.add(frame(0.4), time);
  return recording;
}

test("a recording is read back as it was, points that were not found too", async () => {
  const read = await readClip(file(clipFile(CLIP)));
  assert.deepEqual(read, { ...CLIP, remark: null });
});

test("a recording counts its times from its first frame", () => {
  const made = recorded([5, 5.5, 6]);
  assert.equal(made.seconds, 1);
  const { times, fps, T } = made.end();
  assert.deepEqual([[...times], fps, T], [[0, 0.5, 1], 2, 3]);
});

test("of no frame there is no clip, and one frame has the usual rate", () => {
  assert.equal(recorded([]).end(), null);
  assert.equal(recorded([3]).end().fps, 25);
});

test("times that do not grow, or grow faster than a camera, give way to the rate", async () => {
  for (const times of [[0, 0.1, 0.1, 0.2], [0, NaN, 0.1, 0.2], [0, 1e-4, 2e-4, 3e-4], [0, 1]]) {
    const arrays = { landmarks: [CLIP.frames, [4, 543, 3]], times: [Float64Array.from(times), [times.length]], fps: [Float64Array.of(50), []] };
    const read = await readClip(file(writeNpz(arrays)));
    assert.deepEqual([...read.times], [0, 0.02, 0.04, 0.06]);
  }
});

test("a rate that no camera has gives way to the usual one", async () => {
  for (const fps of [0, -5, NaN, 1e6]) {
    const arrays = { landmarks: [CLIP.frames, [4, 543, 3]], fps: [Float64Array.of(fps), []] };
    assert.equal((await readClip(file(writeNpz(arrays)))).fps, 25);
  }
});

test("what is no clip of landmarks is refused by its name, with the remedy", async () => {
  const numbers = CLIP.frames;
  const refused = [
    [{ landmarks: [numbers.slice(0, 543 * 2), [1, 543, 2]] }, /clip\.npz: contains no landmarks of shape \(frames, 543, 3\)/],
    [{ landmarks: [numbers.slice(0, 0), [0, 543, 3]] }, /contains no landmarks/],
    [{ other: [numbers, [4, 543, 3]] }, /contains no landmarks/],
    [{ landmarks: [numbers, [5, 543, 3]] }, /is cut off/],
    [{ landmarks: [numbers, [4, 543, 3]], left_mask: [numbers, [1]] }, /has a mask “left_mask” beside the landmarks/],
  ];
  for (const [arrays, reason] of refused) await assert.rejects(readClip(file(writeNpz(arrays))), reason);
});

test("a part of a clip begins at 0 and has the frames between two times", () => {
  const { times, T, frames } = part(CLIP, 0.04, 0.08);
  assert.deepEqual([[...times], T], [[0, 0.04], 2]);
  assert.deepEqual(frames, CLIP.frames.slice(NUMBERS, 3 * NUMBERS));
  assert.equal(part(CLIP, 0.05, 0.06), null);
  assert.equal(part(CLIP, 7, 8), null);
});

test("a clip is cut to where a hand is seen; without one there is nothing left", () => {
  assert.equal(withHands(CLIP).T, 2);
  assert.equal(withHands(clip([frame(), frame()])), null);
  assert.deepEqual([CLIP, clip([frame()])].map(hasHand), [true, false]);
});

test("a name becomes one that a file may have", () => {
  assert.equal(shortName(' a<b>:"c/d\\e|f?*. ', "it"), "a b c d e f");
  assert.equal(shortName("..", "it"), "");
  assert.equal(signName("  Guten  Tag ", "it"), "Guten Tag");
});

test("a sign is not called none, nor by what cannot be seen", () => {
  assert.throws(() => signName("NONE", "The sign"), /The sign is “NONE”, which is the answer for no sign/);
  assert.throws(() => signName("\u2800", "The sign"), /The sign shows nothing/);
});

test("a file's number is the next that is free, where capitals make no difference", () => {
  const clips = [{ sign: "Hello", name: "ada-b_1.npz" }, { sign: "hello", name: "Ada-B_2.npz" }, { sign: "thanks", name: "ada-b_3.npz" }];
  assert.equal(takeName(clips, "hello", "ada_b"), "ada-b_3.npz");
  assert.equal(takeName(clips, "thanks", "ada"), "ada_1.npz");
});
