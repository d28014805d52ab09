import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { ExampleRecorder } from "../../src/signlet/web/teach/record.js";
import { frame, signed } from "./made.js";

let tick = null; // what a countdown does each second
let recorder;
let states;
let clips;
const real = { setInterval: globalThis.setInterval, clearInterval: globalThis.clearInterval };

beforeEach(() => {
  globalThis.setInterval = (action) => { tick = action; return 1; };
  globalThis.clearInterval = () => { tick = null; };
  [states, clips] = [[], []];
  recorder = new ExampleRecorder(() => states.push(recorder.state), (clip) => clips.push(clip));
});
afterEach(() => Object.assign(globalThis, real));

function see(frames, from = 0) {
  frames.forEach((one, t) => recorder.see(one, from + t / 25));
}

test("what is held is cut to the sign that was made", () => {
  recorder.begin();
  see(signed(), 7);
  recorder.end();
  assert.deepEqual(states, ["recording", "idle"]);
  assert.ok(clips[0].T >= 24 && clips[0].T < 35);
  assert.equal(clips[0].times[0], 0);
});

test("a recording that is wanted whole is kept whole", () => {
  recorder.begin({ whole: true });
  see(signed());
  recorder.end();
  assert.equal(clips[0].T, signed().length);
});

test("where no sign is seen all of it is kept", () => {
  recorder.begin();
  see([frame(), frame()]);
  recorder.end();
  assert.equal(clips[0].T, 2);
});

test("without a picture there is no clip", () => {
  recorder.begin();
  recorder.end();
  assert.deepEqual(clips, [null]);
});

test("a tap counts down, then records until the hands rest", () => {
  recorder.countdown();
  assert.deepEqual([recorder.state, recorder.count], ["counting", 3]);
  see([frame(0.4)]); // is not recorded yet
  while (tick) tick();
  assert.deepEqual([recorder.state, recorder.alone, recorder.seconds], ["recording", true, 0]);
  see(signed());
  assert.equal(recorder.state, "idle");
  assert.equal(clips.length, 1);
});

test("a recording by itself does not wait for a sign without end", () => {
  recorder.begin({ alone: true });
  see(Array.from({ length: 300 }, () => frame(0.95)));
  assert.deepEqual([recorder.state, clips[0].T], ["idle", 201]); // 8 seconds
});

test("no recording is longer than a minute", () => {
  recorder.begin({ whole: true });
  see(Array.from({ length: 1600 }, () => frame()));
  assert.deepEqual([recorder.state, clips[0].T], ["idle", 1501]);
});

test("a countdown that is ended records nothing", () => {
  recorder.countdown();
  recorder.end();
  assert.deepEqual([states, clips, tick], [["counting", "idle"], [], null]);
});
