// One example in the making: recorded while a button is held, or by itself after a countdown.

/** @import { Clip, Frames, Segment } from "../types.js" */

import { hasHand, part, Recording, LONGEST } from "../clips/clips.js";
import { Segmenter } from "../stream/segmenter.js";

const COUNT = 3; // seconds
const PATIENCE = 8; // seconds that a recording by itself waits for a sign to end

/** How it goes is told by `state`: "idle", "counting", "recording". */
export class ExampleRecorder {
  /** @type {"idle" | "counting" | "recording"} */
  state = "idle";
  count = 0; // seconds before it begins
  alone = false;
  #changed;
  #done;
  /** @type {Recording | null} */
  #recording = null;
  #segmenter = new Segmenter();
  /** @type {number | null} */
  #zero = null; // the first frame's time
  /** @type {[from: number, to: number] | null} */
  #span = null; // of the sign: seconds from there
  #whole = false;
  #signing = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /**
   * changed: called with every new state. done: is given the clip, null where there is none.
   * @param {() => void} changed @param {(clip: Clip | null) => void} done
   */
  constructor(changed, done) {
    this.#changed = changed;
    this.#done = done;
  }

  /**
   * Record from now on. alone: end by itself, once a sign was made. whole: keep all of it, not
   * only the part in which a sign is made.
   * @param {{ alone?: boolean, whole?: boolean }} [options]
   */
  begin({ alone = false, whole = false } = {}) {
    this.alone = alone;
    this.#whole = whole;
    this.#recording = new Recording();
    this.#segmenter = new Segmenter();
    this.#zero = null;
    this.#span = null;
    this.#signing = false;
    this.#become("recording");
  }

  /** Record after a countdown. */
  countdown() {
    this.#recording = null;
    this.count = COUNT;
    this.#become("counting");
    this.#timer = setInterval(() => {
      this.count -= 1;
      if (this.count > 0) return this.#changed();
      clearInterval(this.#timer);
      return this.begin({ alone: true });
    }, 1000);
  }

  /**
   * The next frame of the source, at its time in seconds.
   * @param {Frames} frame @param {number} time
   */
  see(frame, time) {
    if (this.state !== "recording" || !this.#recording) return;
    this.#zero ??= time;
    this.#recording.add(frame, time);
    this.#widen(this.#segmenter.push(frame, time));
    const over = this.#signing && this.#segmenter.state === "rest";
    this.#signing ||= this.#segmenter.state === "signing";
    const { seconds } = this;
    if (seconds >= LONGEST || (this.alone && (over || seconds >= PATIENCE))) this.end();
  }

  get seconds() {
    return this.#recording?.seconds ?? 0;
  }

  end() {
    if (this.state !== "recording" || !this.#recording) return this.cancel();
    this.#widen(this.#segmenter.finish());
    const [clip, span] = [this.#recording.end(), this.#span];
    this.#become("idle");
    return this.#done(clip && !this.#whole ? trimmed(clip, span) : clip);
  }

  /** Throw away what was recorded. */
  cancel() {
    clearInterval(this.#timer);
    this.#recording = null;
    if (this.state !== "idle") this.#become("idle");
  }

  /** @param {Segment[]} segments */
  #widen(segments) {
    const zero = this.#zero ?? 0;
    for (const { start, end } of segments) this.#span = [this.#span?.[0] ?? start - zero, end - zero];
  }

  /** @param {ExampleRecorder["state"]} state */
  #become(state) {
    this.state = state;
    this.#changed();
  }
}

/**
 * The part in which a sign was made, as the stream sees it; all where it sees none.
 * @param {Clip} clip @param {[from: number, to: number] | null} span
 */
function trimmed(clip, span) {
  if (!span) return clip;
  const sign = part(clip, ...span);
  return sign && hasHand(sign) ? sign : clip;
}
