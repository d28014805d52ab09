// Frames in, signs out, in the browser or in Node; as signlet.stream.recogniser in Python.
//
//   const stream = new StreamRecogniser(await loadRecogniser("model.onnx"));
//   for (const { sign, start, end } of await stream.push(frame, seconds)) ...

/** @import { Frames, Names, Segment, Settings, SignEvent } from "../types.js" */

import { MirrorCheck, turn } from "./mirror.js";
import { Segmenter, SETTINGS } from "./segmenter.js";

const TOP = 5;

export class StreamRecogniser {
  #recogniser;
  #segmenter;
  #mirrored;
  #check = new MirrorCheck();

  /**
   * recogniser: what loadRecogniser of recognise.js gives. settings: any of SETTINGS.
   * mirrored: the camera shows a mirror image; it is turned back before anything looks at it.
   * @param {Names} recogniser @param {{ settings?: Partial<Settings>, mirrored?: boolean }} [options]
   */
  constructor(recogniser, { settings = {}, mirrored = false } = {}) {
    const maxFrames = Math.min(
      settings.maxFrames ?? SETTINGS.maxFrames,
      recogniser.maxFrames ?? Infinity,
    );
    this.#recogniser = recogniser;
    this.#segmenter = new Segmenter({ ...settings, maxFrames });
    this.#mirrored = mirrored;
  }

  get settings() {
    return this.#segmenter.settings;
  }

  /** "signing" while a sign is being made, else "rest". */
  get state() {
    return this.#segmenter.state;
  }

  /** A sentence for the user after enough signing if the camera seems mirrored, else null. */
  get suggestion() {
    return this.#check.suggestion(this.#mirrored);
  }

  /** What was mended in frames so far, such as zeros taken as not found; each a phrase. */
  get remarks() {
    return this.#segmenter.remarks;
  }

  /**
   * Take the next frame; gives what was signed, mostly nothing:
   * [{ sign, start, end, confidence, top }], sign null for none of the signs that the model
   * knows, top the likeliest signs as [name, probability]. See Segmenter.push.
   * @param {Frames} frame @param {number} time
   */
  async push(frame, time) {
    const seen = this.#mirrored ? turn(frame) : frame;
    return this.#answers(this.#segmenter.push(seen, time));
  }

  /** End the stream: the sign that is being made, if any. */
  async finish() {
    return this.#answers(this.#segmenter.finish());
  }

  /** @param {Segment[]} segments */
  async #answers(segments) {
    /** @type {SignEvent[]} */
    const events = [];
    for (const segment of segments) events.push(await this.#answer(segment));
    return events;
  }

  /** @param {Segment} segment @returns {Promise<SignEvent>} */
  async #answer({ start, end, frames, T }) {
    this.#check.see(frames, T, end - start);
    const { sign, confidence, probabilities } = await this.#recogniser.recognise(frames, T);
    const sure = confidence >= this.settings.minConfidence;
    return { sign: sure ? sign : null, start, end, confidence, top: this.#top(probabilities) };
  }

  /** @param {Float32Array} probabilities @returns {SignEvent["top"]} */
  #top(probabilities) {
    /** @type {SignEvent["top"]} */
    const all = Array.from(probabilities, (probability, i) => [this.#recogniser.signs[i], probability]);
    return all
      .sort((a, b) => b[1] - a[1]) // stable, as in Python
      .slice(0, TOP);
  }
}
