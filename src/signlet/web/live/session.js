// One source from its start to its end: frames to landmarks to signs.

/** @import { Figures, Frames, LandmarkQuestions, RecogniseQuestions, SourceFrame, Told } from "../types.js" */
/** @import { Remote } from "./remote.js" */

/**
 * @typedef {object} Listeners
 * @property {(frame: Frames, time: number) => void} frame
 * @property {(told: Told) => void} answer
 * @property {(figures: Figures) => void} figures
 * @property {(error: Error) => void} failed
 */

const WINDOW = 20; // frames over which the rate is taken

export class Session {
  /** @type {Promise<void>} */
  #gate = Promise.resolve();
  /** @type {(() => void) | null} */
  #open = null;
  /** @type {number[]} */
  #stamps = [];
  /** @type {Promise<void>} */
  #pushed = Promise.resolve();
  #aborted = new AbortController();

  /**
   * tracker, recogniser: the workers. on: { frame, answer, figures }, called with what was found.
   * mirrored: the pictures show a mirror image.
   * @param {{ tracker: Remote<LandmarkQuestions> | null, recogniser: Remote<RecogniseQuestions>, mirrored: boolean,
   *     on: Listeners }} options
   */
  constructor({ tracker, recogniser, on, mirrored }) {
    this.tracker = tracker;
    this.recogniser = recogniser;
    this.on = on;
    this.mirrored = mirrored;
    /** @type {Promise<void> | undefined} */
    this.ended = undefined; // once it was begun: settles when it is over
    this.signal = this.#aborted.signal;
  }

  /**
   * Run until the source ends or `stop` is called, then answer what is still open.
   * @param {AsyncIterable<SourceFrame>} frames
   */
  async run(frames) {
    await this.recogniser.call("start", { mirrored: this.mirrored });
    await this.tracker?.call("start");
    for await (const { time, picture, frame } of frames) {
      await this.#gate;
      const before = performance.now();
      const found = picture ? await this.#tracked().call("find", { picture, time }, [picture]) : frame;
      if (this.signal.aborted) break; // nobody waits for this frame any more
      this.#count(picture ? performance.now() - before : null);
      this.on.frame(found, time);
      this.#push(found, time);
      await this.#gate; // before the next frame is asked for, so that none waits
    }
    await this.#pushed;
    this.#answer(await this.recogniser.call("finish"), null);
  }

  /** Pictures come once there is a tracker. */
  #tracked() {
    if (!this.tracker) throw new Error("pictures without a tracker");
    return this.tracker;
  }

  /** Hold the source, or go on. @param {boolean} on */
  pause(on) {
    if (on && !this.#open) this.#gate = new Promise((resolve) => { this.#open = resolve; });
    if (!on) this.#release();
  }

  get paused() {
    return this.#open !== null;
  }

  stop() {
    this.#aborted.abort();
    this.#release();
  }

  /**
   * What a promise gives, or a rejection as soon as the session is stopped.
   * late: is given what came too late.
   * @template Value @param {Promise<Value>} promise @param {(value: Value) => void} [late] @returns {Promise<Value>}
   */
  until(promise, late = () => {}) {
    return new Promise((resolve, reject) => {
      const stopped = () => reject(this.signal.reason);
      if (this.signal.aborted) stopped();
      this.signal.addEventListener("abort", stopped);
      promise.then((value) => (this.signal.aborted ? late(value) : resolve(value)), reject);
    });
  }

  #release() {
    this.#open?.();
    this.#open = null;
  }

  /** @param {Frames} found @param {number} time */
  #push(found, time) {
    const frame = found.slice();
    // Not awaited: while the model names a sign, the next frame is looked at.
    this.#pushed = this.recogniser.call("push", { frame, time }, [frame.buffer])
      .then((answer) => this.#answer(answer, time));
    this.#pushed.catch((error) => {
      this.on.failed(error);
      this.stop();
    });
  }

  /** @param {Told} answer @param {number | null} time */
  #answer(answer, time) {
    this.on.answer(answer);
    if (!answer.events.length) return;
    /** @type {Figures} */
    const figures = { naming: answer.milliseconds / answer.events.length };
    if (time !== null) figures.delay = time - answer.events[answer.events.length - 1].end;
    this.on.figures(figures);
  }

  /** @param {number | null} milliseconds */
  #count(milliseconds) {
    const now = performance.now();
    this.#stamps = [...this.#stamps, now].slice(-WINDOW);
    const span = (now - this.#stamps[0]) / 1000;
    /** @type {Figures} */
    const figures = {};
    if (span > 0) figures.rate = (this.#stamps.length - 1) / span;
    if (milliseconds !== null) figures.finding = milliseconds;
    this.on.figures(figures);
  }
}
