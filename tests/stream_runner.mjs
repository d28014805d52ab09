// Runs recorded landmark streams through stream.js and prints what came out, as JSON.
// node stream_runner.mjs WEB_FOLDER < {"streams": [{frames, times, people, settings, mirrored}]}
// frames, times: paths of float32 and float64 numbers; people: of each frame.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const NUMBERS = 543 * 3;
const web = pathToFileURL(`${process.argv[2]}/`);
const { Segmenter, SETTINGS, StreamRecogniser } = await import(new URL("stream.js", web));
const { MIRROR } = await import(new URL("stream/mirror.js", web));

/** Answers by counting, as `Fake` in streams.py. */
const fake = {
  signs: ["a", "b", "c", "d"],
  maxFrames: 64,
  async recognise(frames, T) {
    const found = frames.reduce((count, number) => count + (Number.isNaN(number) ? 0 : 1), 0);
    const parts = this.signs.map((_, i) => 1 + ((found + 7 * T + 11 * i * i) % 31));
    const sum = parts.reduce((total, part) => total + part, 0);
    const probabilities = Float32Array.from(parts, (part) => part / sum);
    const confidence = Math.max(...probabilities);
    const likeliest = this.signs[probabilities.indexOf(confidence)];
    return { sign: confidence >= 0.36 ? likeliest : null, likeliest, confidence, probabilities };
  },
};

function* recorded({ frames, times, people }) {
  const numbers = floats(frames, Float32Array);
  let at = 0;
  for (const [i, time] of floats(times, Float64Array).entries()) {
    const length = people[i] * NUMBERS;
    yield [numbers.subarray(at, at + length), time];
    at += length;
  }
}

function floats(path, Type) {
  const bytes = readFileSync(path);
  return new Type(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

async function run(stream) {
  const segmenter = new Segmenter(stream.settings);
  const recogniser = new StreamRecogniser(fake, stream);
  const [segments, events, states] = [[], [], []];
  for (const [frame, time] of recorded(stream)) {
    segments.push(...segmenter.push(frame, time));
    events.push(...(await recogniser.push(frame, time)));
    states.push(segmenter.state);
  }
  segments.push(...segmenter.finish());
  events.push(...(await recogniser.finish()));
  return { segments: segments.map(described), events, states, suggestion: recogniser.suggestion };
}

function described({ start, end, frames, T }) {
  const quiet = frames.map((number) => (Number.isNaN(number) ? -1 : number)); // NaN has many bits
  return { start, end, T, digest: createHash("sha256").update(new Uint8Array(quiet.buffer)).digest("hex") };
}

const { streams } = JSON.parse(readFileSync(0, "utf-8"));
const results = [];
for (const stream of streams) results.push(await run(stream));
process.stdout.write(JSON.stringify({ results, mirror: MIRROR, settings: SETTINGS }));
