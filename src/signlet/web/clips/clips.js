// Clips of landmarks as files: what was recorded here, for `signlet train`, and back again.

/** @import { Clip, Frames, NpyArray, Numbers, ReadClip } from "../types.js" */

import { HAND_POINTS, LEFT_HAND, NUMBERS, POINTS, RIGHT_HAND } from "./landmarks.js";
import { oneLine, shows } from "./names.js";
import { readNpz, writeNpz, writeZip } from "./npz.js";
import { withoutNumbers } from "./sentinels.js";

const USUAL_RATE = 25;
const FASTEST_RATE = 250; // frames a second; no camera that films people takes more
export const LONGEST = 60; // seconds of one recording

/** One recording in the making. */
export class Recording {
  /** @type {Frames[]} */
  #frames = [];
  /** @type {number[]} */
  #times = [];

  /** @param {Frames} frame @param {number} time */
  add(frame, time) {
    this.#frames.push(frame.slice());
    this.#times.push(time);
  }

  get seconds() {
    const { length } = this.#times;
    return length ? this.#times[length - 1] - this.#times[0] : 0;
  }

  /**
   * { frames, times, fps, T }, null where there is not a single frame.
   * @returns {Clip | null}
   */
  end() {
    const T = this.#frames.length;
    if (!T) return null;
    const frames = new Float32Array(T * NUMBERS);
    this.#frames.forEach((frame, t) => frames.set(frame, t * NUMBERS));
    const times = Float64Array.from(this.#times, (time) => time - this.#times[0]);
    return { frames, times, T, fps: rate(times) };
  }
}

/** @param {Numbers} times */
function rate(times) {
  const seconds = times[times.length - 1] - times[0];
  return seconds > 0 ? (times.length - 1) / seconds : USUAL_RATE;
}

/**
 * Bytes of the .npz that signlet.read_clip reads; `times` are more exact than its `fps`.
 * @param {Clip} clip
 */
export function clipFile({ frames, times, T, fps }) {
  return writeNpz({
    landmarks: [frames, [T, POINTS, 3]],
    fps: [Float64Array.of(fps), []],
    times: [times, [T]],
  });
}

/**
 * A zip of folders as `signlet train --data` reads them. clips: with sign and name.
 * @param {(Clip & { sign: string, name: string })[]} clips
 */
export function folderFile(clips) {
  return writeZip(clips.map((clip) => [`${clip.sign}/${clip.name}`, clipFile(clip)]));
}

/**
 * The frames from a time to another, in seconds of the clip; null where there is none.
 * @param {Clip} clip @param {number} from @param {number} to @returns {Clip | null}
 */
export function part({ frames, times }, from, to) {
  const first = times.findIndex((time) => time >= from);
  const last = times.findLastIndex((time) => time <= to);
  if (first < 0 || last < first) return null;
  const taken = times.slice(first, last + 1).map((time) => time - times[first]);
  return {
    frames: frames.slice(first * NUMBERS, (last + 1) * NUMBERS),
    times: taken,
    T: last + 1 - first,
    fps: rate(taken),
  };
}

/** Whether a hand was found in any frame. @param {Clip} clip */
export function hasHand(clip) {
  return withHands(clip) !== null;
}

/**
 * From the first frame with a hand to the last; null where there is none.
 * @param {Clip} clip @returns {Clip | null}
 */
export function withHands(clip) {
  /** @param {number} t */
  const seen = (t) => [LEFT_HAND, RIGHT_HAND].some((hand) => {
    const first = t * NUMBERS + 3 * hand;
    return clip.frames.subarray(first, first + 3 * HAND_POINTS).some(Number.isFinite);
  });
  const frames = Array.from(clip.times, (_, t) => seen(t));
  const [first, last] = [frames.indexOf(true), frames.lastIndexOf(true)];
  return first < 0 ? null : part(clip, clip.times[first], clip.times[last]);
}

/**
 * Of a name what may stand in a file's name; "" where nothing is left.
 * @param {string} name
 */
function fileName(name) {
  return name.replace(/[<>:"/\\|?*]/g, " ").replace(/\s+/g, " ").trim().replace(/^\.+|\.+$/g, "").trim();
}

/**
 * A name as it is kept, "" where nothing is left. Throws an Error where it cannot be one.
 * @param {string} text @param {string} what
 */
export function shortName(text, what) {
  return fileName(oneLine(text, what));
}

/**
 * The name of a sign as it is kept. Throws an Error where it cannot be one, or is the answer for none.
 * @param {string} text @param {string} what
 */
export function signName(text, what) {
  const name = shortName(text, what);
  if (name && !shows(name)) throw new Error(`${what} shows nothing. Choose a name that can be read.`);
  if (name.toLowerCase() === "none") throw new Error(`${what} is “${name}”, which is the answer for no sign. Choose another name.`);
  return name;
}

/**
 * <signer>_<n>.npz, n being the next that is free. The signer ends at the first underscore. Where
 * capitals make no difference, folders of two signs may be one.
 * @param {{ sign: string, name: string }[]} clips @param {string} sign @param {string} signer
 */
export function takeName(clips, sign, signer) {
  const start = `${signer.replaceAll("_", "-")}_`;
  /** @param {string} text */
  const low = (text) => text.toLowerCase();
  const taken = clips.filter((clip) => low(clip.sign) === low(sign)).map((clip) => low(clip.name));
  let n = 1;
  while (taken.includes(low(`${start}${n}.npz`))) n++;
  return `${start}${n}.npz`;
}

/**
 * The clip in an .npz: { frames, times, T, fps, remark }. remark: what was mended in it, null where
 * nothing was. Throws an Error of one line.
 * @param {File} file @returns {Promise<ReadClip>}
 */
export async function readClip(file) {
  const arrays = await readNpz(file);
  const mask = Object.keys(arrays).find((name) => /mask/i.test(name));
  if (mask) {
    throw new Error(`${file.name}: has a mask “${mask}” beside the landmarks, and its meaning is unknown; write NaN into the landmarks where a point was not found`);
  }
  const { numbers, shape = [], type } = arrays.landmarks ?? {};
  if (shape.length !== 3 || shape[1] !== POINTS || shape[2] !== 3 || !(shape[0] > 0)) {
    throw new Error(`${file.name}: contains no landmarks of shape (frames, 543, 3); record it again`);
  }
  if (!numbers) throw new Error(`${file.name}: contains landmarks of type ${type}; save them as float32`);
  const T = shape[0];
  if (numbers.length !== T * NUMBERS) throw new Error(`${file.name}: is cut off; copy it again`);
  const times = timesOf(arrays, T);
  return { ...withoutNumbers(Float32Array.from(numbers)), times, T, fps: rate(times) };
}

/** @param {Record<string, NpyArray>} arrays @param {number} T */
function timesOf({ times, fps }, T) {
  const known = times?.numbers;
  const grows = known?.length === T && known.every((time, t) => Number.isFinite(time) && !(time <= known[t - 1]));
  if (grows && (T < 2 || rate(known) <= FASTEST_RATE)) return Float64Array.from(known);
  const told = fps?.numbers?.[0];
  const usual = told !== undefined && told > 0 && told <= FASTEST_RATE ? told : USUAL_RATE;
  return Float64Array.from({ length: T }, (_, t) => t / usual);
}
