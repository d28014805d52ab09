import assert from "node:assert/strict";
import { test } from "node:test";

import { Session } from "../../src/signlet/web/live/session.js";
import { frame } from "./made.js";

const QUIET = { events: [], milliseconds: 0, state: "rest", suggestion: null };

/** Workers that note what they are asked, and a session of them. */
function made({ push = async () => QUIET, find = async () => frame() } = {}) {
  const asked = [];
  const seen = { frames: [], answers: [], figures: {}, errors: [] };
  const recogniser = { call: async (kind, what) => { asked.push(kind); return kind === "push" ? push(what) : QUIET; } };
  const tracker = { call: async (kind, what) => { asked.push(`tracker ${kind}`); return kind === "find" ? find(what) : undefined; } };
  const session = new Session({ tracker, recogniser, mirrored: false, on: {
    frame: (one, time) => seen.frames.push(time), answer: (told) => seen.answers.push(told),
    figures: (figures) => Object.assign(seen.figures, figures), failed: (error) => seen.errors.push(error.message),
  } });
  return { session, asked, seen };
}

async function* frames(count, before = () => {}) {
  for (let t = 0; t < count; t++) {
    before(t);
    yield { time: t / 25, frame: frame() };
  }
}

test("every frame is shown and pushed in its order, and the end is answered", async () => {
  const { session, asked, seen } = made();
  await session.run(frames(3));
  assert.deepEqual(asked, ["start", "tracker start", "push", "push", "push", "finish"]);
  assert.deepEqual([seen.frames, seen.answers.length], [[0, 0.04, 0.08], 4]);
});

test("a picture goes through the tracker first", async () => {
  const { session, asked, seen } = made();
  await session.run([{ time: 1, picture: {} }]);
  assert.deepEqual(asked, ["start", "tracker start", "tracker find", "push", "finish"]);
  assert.ok(seen.figures.finding >= 0);
});

test("a sign's delay is counted from its end to the frame at which it was named", async () => {
  const event = { sign: "a", start: 0, end: 1.5, confidence: 1, top: [] };
  const { session, seen } = made({ push: async () => ({ ...QUIET, events: [event], milliseconds: 8 }) });
  await session.run([{ time: 2, frame: frame() }]);
  assert.deepEqual([seen.figures.delay, seen.figures.naming], [0.5, 8]);
});

test("while it is paused no further frame is asked for", async () => {
  const { session, seen } = made();
  const running = session.run(frames(5, (t) => { if (t === 2) session.pause(true); }));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual([session.paused, seen.frames.length], [true, 2]);
  session.pause(false);
  await running;
  assert.equal(seen.frames.length, 5);
});

test("once it is stopped nothing more is shown, paused or not", async () => {
  const { session, seen } = made();
  await session.run(frames(5, (t) => { if (t === 2) { session.pause(true); session.stop(); } }));
  assert.deepEqual([seen.frames.length, session.signal.aborted], [2, true]);
});

test("where the recogniser fails, that is said and the source is left", async () => {
  const { session, seen } = made({ push: () => Promise.reject(new Error("broken")) });
  await assert.rejects(session.run(frames(100)), /broken/);
  assert.ok(seen.errors.length > 0 && seen.frames.length < 100);
});

test("whoever waits is told at once that it was stopped, and what comes late is given back", async () => {
  const { session } = made();
  const late = [];
  let arrive;
  const waiting = session.until(new Promise((resolve) => { arrive = resolve; }), (value) => late.push(value));
  session.stop();
  await assert.rejects(waiting, { name: "AbortError" });
  arrive("camera");
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(late, ["camera"]);
});
