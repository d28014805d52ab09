// A stream of landmarks cut into signs, as signlet.stream.segmenter in Python: same numbers.
// No DOM, no model. src/signlet/stream and docs/streams.md say why it decides as it does.

/** @import { Frames, Hands, Segment, Settings } from "../types.js" */

import { NUMBERS, POINTS } from "../clips/landmarks.js";
import { Reader } from "../clips/sentinels.js";
import { FrameBuffer } from "./frames.js";
import { Body, Stillness } from "./hands.js";
import { Follower } from "./person.js";

/** Thresholds, as signlet.stream.StreamSettings: shoulder widths and seconds. */
export const SETTINGS = Object.freeze({
  restLine: 1.0,
  gap: 0.25,
  change: 0.12,
  hold: 0.35,
  settle: 0.15,
  leave: 0.6,
  answerAfter: 1.0,
  shortest: 0.3,
  longest: 4.0,
  maxFrames: 96,
  breakAfter: 1.0,
  lostAfter: 1.0,
  minConfidence: 0.0,
});

export class Segmenter {
  #frames;
  #follower;
  /** @type {number | null} */
  #time = null;
  #body = new Body();
  #still;
  #lastUp = -Infinity;
  /** @type {number | null} */
  #start = null;
  #least = 0;
  /** @type {{ since: number, end: number, pose: Hands } | null} */
  #hold = null;
  #answered = false;
  #arriving = false;
  #reader = new Reader();

  /**
   * settings: any of SETTINGS; the others keep their defaults. Throws where one is none.
   * @param {Partial<Settings>} [settings]
   */
  constructor(settings = {}) {
    this.settings = checked({ ...SETTINGS, ...settings });
    this.#frames = new FrameBuffer(this.settings.maxFrames);
    this.#follower = new Follower(this.settings.lostAfter);
    this.#still = new Stillness(this.settings.change);
  }

  /** "signing" while a sign is being made, else "rest". */
  get state() {
    return this.#start === null ? "rest" : "signing";
  }

  /** What was mended in frames so far, such as zeros taken as not found; each a phrase. */
  get remarks() {
    return this.#reader.remarks;
  }

  /**
   * Take the next frame; gives the segments that ended, mostly none: [{ start, end, frames, T }].
   * frame: Float32Array of 543 * 3 numbers, or N times as many for N people, of whom one is
   * followed; NaN (or infinite) where a point was not found, and so is a part whose points all
   * lie at one place, see sentinels.js. time: seconds.
   * Throws an Error where the time is not finite or the length is another one.
   * @param {Frames} frame @param {number} time @returns {Segment[]}
   */
  push(frame, time) {
    const people = peopleOf(frame, time, this.#reader);
    const ended = this.#checkTime(time);
    if (this.#time !== null && time <= this.#time) return ended;
    this.#time = time;
    const person = this.#follower.choose(people, time, this.#start === null);
    if (this.#follower.switched) ended.push(...this.#stop());
    ended.push(...this.#step(person ?? new Float32Array(NUMBERS).fill(NaN), time));
    return ended;
  }

  /** End the stream: the segment that is open, if any. A new stream may follow. */
  finish() {
    this.#time = null;
    this.#follower = new Follower(this.settings.lostAfter);
    return this.#stop();
  }

  #restart() {
    this.#body = new Body();
    this.#still = new Stillness(this.settings.change);
    this.#lastUp = -Infinity;
    this.#rest();
  }

  #rest() {
    this.#start = null;
    this.#least = 0;
    this.#hold = null;
    this.#answered = this.#arriving = false;
    this.#frames.clear();
  }

  /** @param {number} time */
  #checkTime(time) {
    const hole = this.#time === null ? 0 : Math.abs(time - this.#time);
    return hole > this.settings.breakAfter ? this.finish() : [];
  }

  #stop() {
    const ended = this.#cut(this.#lastUp);
    this.#restart();
    return ended;
  }

  /** @param {Frames} frame @param {number} time */
  #step(frame, time) {
    const hands = this.#body.raisedHands(frame, time, this.settings.restLine);
    if (hands[0] || hands[1]) this.#handsUp(hands, time);
    else if (time - this.#lastUp >= this.settings.gap) return this.#handsDown();
    if (this.#start === null) return [];
    this.#frames.add(time, frame);
    return this.#decide(this.#start, time);
  }

  /** @param {Hands} hands @param {number} time */
  #handsUp(hands, time) {
    const movedOn = this.#still.update(hands, time, this.#body);
    this.#lastUp = time;
    if (this.#start === null && (movedOn || !this.#answered)) this.#begin(time, this.#answered);
  }

  /**
   * Start a sign, out of a rest or out of the hold that ended the one before.
   * @param {number} start @param {boolean} fromHold
   */
  #begin(start, fromHold) {
    this.#least = fromHold ? this.settings.leave : this.settings.shortest;
    this.#start = start;
    this.#hold = null;
    this.#answered = false;
    this.#arriving = fromHold;
  }

  #handsDown() {
    const ended = this.#cut(this.#lastUp);
    this.#still = new Stillness(this.settings.change);
    this.#rest();
    return ended;
  }

  /**
   * The hands are up, or were so just now: has the sign ended all the same?
   * @param {number} start @param {number} time
   */
  #decide(start, time) {
    const still = this.#lastUp - this.#still.since;
    this.#arrive(still, time);
    if (still >= this.settings.answerAfter) return this.#answer(time);
    if (time - start >= this.settings.longest) {
      return still >= this.settings.settle ? this.#answer(time) : this.#split(time, time);
    }
    return this.#followHold(still, time);
  }

  /**
   * The way from the last hold to this one is no part of the sign that the model sees.
   * @param {number} still @param {number} time
   */
  #arrive(still, time) {
    if (this.#arriving && still >= this.settings.settle) {
      this.#frames.drop(this.#still.since);
      this.#arriving = false;
    } else if (this.#start !== null && time - this.#start >= this.settings.leave) {
      this.#arriving = false;
    }
  }

  /**
   * End the sign while the hands still hold it; what follows counts once they move.
   * @param {number} time
   */
  #answer(time) {
    const ended = this.#cut(time);
    this.#rest();
    this.#answered = true;
    return ended;
  }

  /** @param {number} still @param {number} time */
  #followHold(still, time) {
    const hold = this.#hold;
    const now = this.#still;
    if (hold === null || now.since === hold.since) {
      if (still >= this.settings.hold) this.#holdNow();
    } else if (still >= this.settings.settle) {
      if (now.moved(now.pose, hold.pose, this.#body)) {
        const ended = this.#split((hold.end + now.since) / 2, hold.end);
        this.#arrive(still, time);
        return ended;
      }
      this.#holdNow(); // back where they were
    } else if (time - hold.end >= this.settings.leave) {
      return this.#split(hold.end, hold.end);
    }
    return [];
  }

  #holdNow() {
    this.#hold = { since: this.#still.since, end: this.#lastUp, pose: this.#still.pose };
  }

  /**
   * End the sign at a time and begin the next; the model sees it up to `lastFrame`.
   * @param {number} at @param {number} lastFrame
   */
  #split(at, lastFrame) {
    const ended = this.#cut(at, lastFrame);
    this.#begin(at, true);
    return ended;
  }

  /**
   * The sign up to `end`, unless there is none or it is too short; its frames are gone.
   * @param {number} end @param {number} [lastFrame] @returns {Segment[]}
   */
  #cut(end, lastFrame = end) {
    const { frames, T } = this.#frames.take(lastFrame);
    const start = this.#start;
    if (start === null || end - start < this.#least || T === 0) return [];
    return [{ start, end, frames, T }];
  }
}

/** @param {Settings} settings @returns {Readonly<Settings>} */
function checked(settings) {
  for (const [name, value] of Object.entries(settings)) {
    if (!(name in SETTINGS)) throw new Error(`${name}: there is no such setting`);
    if (!Number.isFinite(value) || value < 0) throw new Error(`${name}=${value}: give a number of 0 or more`);
  }
  if (settings.maxFrames < 4 || !Number.isInteger(settings.maxFrames)) {
    throw new Error(`maxFrames=${settings.maxFrames}: give a whole number of 4 or more`);
  }
  if (settings.longest <= Math.max(settings.shortest, settings.hold)) {
    throw new Error(`longest=${settings.longest}: give more than shortest and hold`);
  }
  return Object.freeze(settings);
}

/**
 * One Float32Array a person; a view unless numbers had to be taken out.
 * @param {Frames} frame @param {number} time @param {Reader} reader @returns {Frames[]}
 */
function peopleOf(frame, time, reader) {
  if (!Number.isFinite(time)) throw new Error(`stream: the time of a frame is ${time}; give seconds`);
  if (!(frame instanceof Float32Array) || frame.length % NUMBERS !== 0) {
    throw new Error(`stream: a frame is a Float32Array of ${POINTS} * 3 numbers a person`);
  }
  const infinite = frame.some((number) => number === Infinity || number === -Infinity);
  const finite = infinite ? frame.map((number) => (Math.abs(number) === Infinity ? NaN : number)) : frame;
  const numbers = reader.read(finite);
  return Array.from({ length: frame.length / NUMBERS }, (_, i) => numbers.subarray(i * NUMBERS, (i + 1) * NUMBERS));
}
