// Numbers that stand for "not found", as signlet.clip.sentinels in Python: a part whose points all lie at
// one place in a frame, such as zeros, was not found.

/** @import { Frames } from "../types.js" */

import { LEFT_HAND, NUMBERS, POINTS, POSE, RIGHT_HAND } from "./landmarks.js";

const PARTS = [[0, LEFT_HAND], [LEFT_HAND, POSE], [POSE, RIGHT_HAND], [RIGHT_HAND, POINTS]];
const TAKEN = "treated as not found";
const ADVICE = "write NaN where a point was not found";

/**
 * NaN for every part whose points all have the same x and y in a frame. Where that is one number,
 * single points of which x, y and z are that number were not found either. Where no part is at one
 * place, but two points of a hand or pose are in one frame, x and y of which are one number, that
 * number stands for points that were not found, unless other points have x and y that are equal,
 * too, or z of these is another number.
 * frames: Float32Array of T * 543 * 3 numbers; it is copied where something is changed.
 * Gives { frames, remark }: what was done, in a phrase; null where nothing was.
 * @param {Frames} frames @returns {{ frames: Frames, remark: string | null }}
 */
export function withoutNumbers(frames) {
  let changed = null;
  /** @type {number[] | null} */
  let places = null; // [x, y] where all parts that were taken lie; none where they lie at several
  for (let start = 0; start + NUMBERS <= frames.length; start += NUMBERS) {
    for (const [first, end] of PARTS) {
      const [from, to] = [start + 3 * first, start + 3 * end];
      if (!atOnePlace(frames, from, to)) continue;
      places = met(places, place(frames, from, to));
      changed ??= frames.slice();
      changed.fill(NaN, from, to);
    }
  }
  if (!changed) {
    const number = ofPoints(frames);
    if (number !== null) {
      changed = frames.slice();
      withoutPoints(changed, number, [0, 1]);
      places = [number, number];
    }
  } else if (places?.length && places[0] === places[1]) withoutPoints(changed, places[0], [0, 1, 2]);
  return { frames: changed ?? frames, remark: places && `${named(places)} ${TAKEN}` };
}

/**
 * The one number of all points behind the face whose x and y are equal; null without two at once.
 * @param {Frames} frames
 */
function ofPoints(frames) {
  /** @type {number | null} */
  let number = null;
  let pair = false;
  for (let start = 0; start + NUMBERS <= frames.length; start += NUMBERS) {
    for (const [first, end] of PARTS.slice(1)) {
      let count = 0;
      for (let i = start + 3 * first; i < start + 3 * end; i += 3) {
        if (frames[i] !== frames[i + 1]) continue;
        number ??= frames[i];
        const z = frames[i + 2];
        if (frames[i] !== number || (z !== number && !Number.isNaN(z))) return null;
        count += 1;
      }
      pair ||= count > 1;
    }
  }
  return pair ? number : null;
}

/** @param {Frames} frames @param {number} number @param {number[]} columns */
function withoutPoints(frames, number, columns) {
  for (let i = 0; i < frames.length; i += 3) {
    if (columns.every((c) => frames[i + c] === number)) frames.fill(NaN, i, i + 3);
  }
}

/** Reads clip after clip, or frame after frame; what is to be said is said once. */
export class Reader {
  /** @type {string[]} */
  remarks = []; // phrases, as those of a clip in Python

  /** @param {Frames} given */
  read(given) {
    const { frames, remark } = withoutNumbers(given);
    if (remark && !this.remarks.includes(remark)) {
      this.remarks.push(remark);
      console.warn(`signlet: ${advised(remark)}`);
    }
    return frames;
  }
}

/** A remark with what can be done about it. @param {string} remark */
export function advised(remark) {
  return `${remark}; ${ADVICE}`;
}

/**
 * Whether the points that were found, two or more, are one place. Mostly the first two differ.
 * @param {Frames} frames @param {number} from @param {number} to
 */
function atOnePlace(frames, from, to) {
  let found = 0;
  let [x, y] = [NaN, NaN];
  for (let i = from; i < to; i += 3) {
    const [nextX, nextY] = [frames[i], frames[i + 1]];
    if (x !== nextX && !Number.isNaN(x) && !Number.isNaN(nextX)) return false;
    if (y !== nextY && !Number.isNaN(y) && !Number.isNaN(nextY)) return false;
    if (!Number.isNaN(nextX)) x = nextX;
    if (!Number.isNaN(nextY)) {
      y = nextY;
      found += 1;
    }
  }
  return found > 1 && !Number.isNaN(x);
}

/** @param {Frames} frames @param {number} from @param {number} to */
function place(frames, from, to) {
  /** @param {number} shift */
  const first = (shift) => {
    for (let i = from + shift; i < to; i += 3) if (!Number.isNaN(frames[i])) return frames[i];
    return NaN;
  };
  return [first(0), first(1)];
}

/** @param {number[] | null} places @param {number[]} place */
function met(places, [x, y]) {
  if (places === null) return [x, y];
  return places.length && places[0] === x && places[1] === y ? places : [];
}

/** @param {number[]} place */
function named([x, y]) {
  if (x === undefined || x !== y) return "points at one place";
  if (x === 0) return "zeros";
  if (!(Math.abs(x) >= 1e-4 && Math.abs(x) < 1e15)) return "one number"; // as in Python
  return Number.isInteger(x) ? String(x) : String(Number(x.toPrecision(6)));
}
