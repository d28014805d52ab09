// Examples as small moving skeletons.

/** @import { Clip, Frames } from "../types.js" */

/** @typedef {{ ratio: number, middle: number[], scale: number }} View how a signer is placed in the picture */

import { withHands } from "../clips/clips.js";
import { HAND_POINTS, LEFT_HAND, LEFT_SHOULDER, NOSE, NUMBERS, POINTS, RIGHT_HAND, RIGHT_SHOULDER } from "../clips/landmarks.js";
import { NOSE_HEIGHT } from "../stream/hands.js";
import { drawSkeleton } from "./overlay.js";

const EVERY = 70; // milliseconds
const REST = 0.6; // seconds between two rounds
const ROOM = 0.92; // of the picture, for the signer
const POSE_TAKEN = [NOSE, LEFT_SHOULDER, RIGHT_SHOULDER];

/** Moves all clips that are on the screen; draws one frame where motion is not wanted. */
export class Thumbnails {
  /** @type {Map<HTMLCanvasElement, { clip: Clip, view: View, begin: number }>} */
  #clips = new Map(); // canvas -> how its clip is drawn
  /** @type {Set<HTMLCanvasElement>} */
  #seen = new Set();
  #drawn = 0;
  #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #watcher = new IntersectionObserver((entries) => entries.forEach((entry) => this.#watch(entry)));

  constructor() {
    requestAnimationFrame((now) => this.#draw(now));
    this.#calm.addEventListener("change", () => this.#seen.forEach((canvas) => this.#still(canvas)));
  }

  /**
   * Show what is between the first and the last frame with a hand.
   * @param {HTMLCanvasElement} canvas @param {Clip} whole
   */
  show(canvas, whole) {
    const clip = withHands(whole) ?? whole;
    this.#clips.set(canvas, { clip, view: viewOf(clip), begin: performance.now() });
    this.#watcher.observe(canvas);
  }

  /** @param {HTMLCanvasElement} canvas */
  hide(canvas) {
    this.#watcher.unobserve(canvas);
    this.#clips.delete(canvas);
    this.#seen.delete(canvas);
  }

  /** @param {IntersectionObserverEntry} entry */
  #watch({ target, isIntersecting }) {
    const canvas = /** @type {HTMLCanvasElement} */ (target);
    if (!isIntersecting) this.#seen.delete(canvas);
    else if (this.#clips.has(canvas)) {
      this.#seen.add(canvas);
      this.#still(canvas);
    }
  }

  /** @param {HTMLCanvasElement} canvas */
  #still(canvas) {
    const shown = this.#clips.get(canvas);
    if (shown) drawSkeleton(canvas, placed(shown.clip, shown.clip.T >> 1, shown.view));
  }

  /** @param {number} now */
  #draw(now) {
    requestAnimationFrame((later) => this.#draw(later));
    if (this.#calm.matches || now - this.#drawn < EVERY) return;
    this.#drawn = now;
    for (const canvas of this.#seen) this.#move(canvas, now);
  }

  /** @param {HTMLCanvasElement} canvas @param {number} now */
  #move(canvas, now) {
    const shown = this.#clips.get(canvas);
    if (!shown) return;
    const { clip, view, begin } = shown;
    const time = ((now - begin) / 1000) % (clip.times[clip.T - 1] + REST);
    const t = clip.times.findLastIndex((one) => one <= time);
    drawSkeleton(canvas, placed(clip, Math.max(t, 0), view));
  }
}

/**
 * Where the signer is: the middle, how large, and how wide the picture is for its height.
 * @param {Clip} clip @returns {View}
 */
function viewOf({ frames, T }) {
  const taken = [...POSE_TAKEN, 10, 152, ...[LEFT_HAND, RIGHT_HAND].flatMap((hand) => Array.from({ length: HAND_POINTS }, (_, i) => hand + i))];
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  /** @type {number[]} */
  const ratios = [];
  for (let t = 0; t < T; t++) {
    for (const point of taken) {
      for (const axis of [0, 1]) {
        const number = frames[t * NUMBERS + 3 * point + axis];
        if (number < low[axis]) low[axis] = number;
        if (number > high[axis]) high[axis] = number;
      }
    }
    ratios.push(ratioOf(frames.subarray(t * NUMBERS, (t + 1) * NUMBERS)));
  }
  const known = ratios.filter(Number.isFinite).sort((a, b) => a - b);
  const ratio = Math.min(Math.max(known[known.length >> 1] ?? 1, 0.5), 2);
  const size = Math.max((high[0] - low[0]) * ratio, high[1] - low[1]);
  return { ratio, middle: [0, 1].map((axis) => (low[axis] + high[axis]) / 2), scale: size > 0 ? ROOM / size : 1 };
}

/**
 * Width by height of the picture: a shoulder width is as long in x as in y.
 * @param {Frames} frame
 */
function ratioOf(frame) {
  const [left, right] = [LEFT_SHOULDER, RIGHT_SHOULDER].map((point) => frame.subarray(3 * point, 3 * point + 2));
  return ((left[1] + right[1]) / 2 - frame[3 * NOSE + 1]) / NOSE_HEIGHT / Math.abs(left[0] - right[0]);
}

/** @param {Clip} clip @param {number} t @param {View} view */
function placed({ frames }, t, { ratio, middle, scale }) {
  const frame = frames.slice(t * NUMBERS, (t + 1) * NUMBERS);
  for (let point = 0; point < POINTS; point++) {
    frame[3 * point] = (frame[3 * point] - middle[0]) * ratio * scale + 0.5;
    frame[3 * point + 1] = (frame[3 * point + 1] - middle[1]) * scale + 0.5;
  }
  return frame;
}
