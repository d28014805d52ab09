// The frames of the sign that is being made, in bounded memory; as signlet.stream.frames.

/** @import { Frames } from "../types.js" */

import { NUMBERS } from "../clips/landmarks.js";

/** Frames with their times, at most `capacity`; when full, every second one is dropped. */
export class FrameBuffer {
  #capacity;
  /** @type {{ time: number, frame: Frames }[]} */
  #items = [];
  #stride = 1;
  #skipped = 0;

  /** @param {number} capacity */
  constructor(capacity) {
    this.#capacity = capacity;
  }

  get length() {
    return this.#items.length;
  }

  clear() {
    this.#items = [];
    this.#stride = 1;
    this.#skipped = 0;
  }

  /**
   * Keep a copy, unless it is one of those thinned out.
   * @param {number} time @param {Frames} frame
   */
  add(time, frame) {
    this.#skipped += 1;
    if (this.#skipped < this.#stride) return;
    this.#skipped = 0;
    if (this.#items.length === this.#capacity) {
      this.#items = this.#items.filter((_, i) => i % 2 === 0);
      this.#stride *= 2;
    }
    this.#items.push({ time, frame: frame.slice() });
  }

  /** Forget the frames before a time. @param {number} before */
  drop(before) {
    this.#items = this.#items.filter((item) => item.time >= before);
  }

  /**
   * Remove the frames up to a time and give them as { frames, T }.
   * @param {number} until
   */
  take(until) {
    const taken = this.#items.filter((item) => item.time <= until);
    const rest = this.#items.slice(taken.length);
    this.clear();
    this.#items = rest;
    const frames = new Float32Array(taken.length * NUMBERS);
    taken.forEach((item, i) => frames.set(item.frame, i * NUMBERS));
    return { frames, T: taken.length };
  }
}
