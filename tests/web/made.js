// Made-up landmarks, files and models for the tests beside this file.

import { File as NodeFile } from "node:buffer";

import { HAND_POINTS, LEFT_SHOULDER, NOSE, NUMBERS, RIGHT_HAND, RIGHT_SHOULDER } from "../../src/signlet/web/clips/landmarks.js";

globalThis.File ??= NodeFile; // Node 18 has it in a module only

/** One frame: shoulders, nose and, where y is given, a right hand at that height. */
export function frame(y = null, x = 0.4) {
  const numbers = new Float32Array(NUMBERS).fill(NaN);
  const put = (point, ...place) => numbers.set([...place, 0], 3 * point);
  put(NOSE, 0.5, 0.3);
  put(LEFT_SHOULDER, 0.6, 0.42);
  put(RIGHT_SHOULDER, 0.4, 0.42);
  if (y !== null) for (let i = 0; i < HAND_POINTS; i++) put(RIGHT_HAND + i, x + 0.003 * i, y + 0.002 * i);
  return numbers;
}

/** A clip of frames at 25 a second, from 0 on. */
export function clip(frames) {
  const numbers = new Float32Array(frames.length * NUMBERS);
  frames.forEach((one, t) => numbers.set(one, t * NUMBERS));
  return { frames: numbers, times: Float64Array.from(frames, (_, t) => t / 25), T: frames.length, fps: 25 };
}

/** Frames of one sign: hands down, up and moving for a second, down again. */
export function signed() {
  const up = Array.from({ length: 25 }, (_, i) => frame(0.4, 0.3 + 0.01 * i));
  return [...Array.from({ length: 10 }, () => frame(0.95)), ...up, ...Array.from({ length: 15 }, () => frame(0.95))];
}

export function file(bytes, name = "clip.npz") {
  return new globalThis.File([bytes], name);
}

/** A vector of length 1 at an angle, in degrees. */
export function at(degrees) {
  return Float64Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));
}

/** The bytes of a Protocol Buffers message of sized fields: [[number, bytes or text]]. */
export function message(fields) {
  return Uint8Array.from(fields.flatMap(([number, content]) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    return [...varint(8 * number + 2), ...varint(bytes.length), ...bytes];
  }));
}

function varint(number) {
  return number < 128 ? [number] : [(number % 128) + 128, ...varint(Math.floor(number / 128))];
}

/** A card as `signlet export` writes it. */
export const CARD = {
  format: 1,
  landmarks: "mediapipe-holistic-543/signlet-100",
  signs: ["hello", "thanks"],
  calibration: { temperature: 1.2, threshold: 0.3 },
  max_frames: 256,
  embedding: 2,
};

/** The bytes of a model.onnx that holds no graph to speak of, and these entries. */
export function model(entries) {
  const metadata = Object.entries(entries).map(([key, value]) => [14, message([[1, key], [2, value]])]);
  return message([[7, message([[2, "graph"]])], ...metadata]);
}
