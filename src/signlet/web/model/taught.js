// A recogniser of taught signs around a model: its embedding, then what teach.js makes of it.

/** @import { Frames, Head, Model } from "../types.js" */

import { requireProbabilities } from "./answers.js";
import { answer } from "./teach.js";

/** To be used as what loadRecogniser of recognise.js gives; answers have `none` besides. */
export class TaughtRecogniser {
  threshold = 0;
  temperature = 1;

  /**
   * base: a model that has an embedding. head: as `teach` of teach.js gives it.
   * @param {Model} base @param {Head} head
   */
  constructor(base, head) {
    this.base = base;
    this.head = head;
  }

  get signs() {
    return this.head.signs;
  }

  get card() {
    return this.base.card;
  }

  get maxFrames() {
    return this.base.maxFrames;
  }

  get embeddingSize() {
    return this.base.embeddingSize;
  }

  get remarks() {
    return this.base.remarks;
  }

  /**
   * sign is null where none is likelier than every sign, or the confidence below the threshold.
   * @param {Frames} frames @param {number} T
   */
  async recognise(frames, T) {
    const { head } = this; // as it is when it is asked
    const embedding = await this.base.embed(frames, T);
    const { none, probabilities } = answer(head, embedding);
    requireProbabilities([...probabilities, none], this.base.name ?? "the model");
    const confidence = Math.max(...probabilities);
    const likeliest = head.signs[probabilities.indexOf(confidence)];
    const sign = confidence >= this.threshold && confidence >= none ? likeliest : null;
    return { sign, likeliest, confidence, probabilities: Float32Array.from(probabilities), none, embedding };
  }

  /** @param {Frames} frames @param {number} T */
  embed(frames, T) {
    return this.base.embed(frames, T);
  }

  release() {
    return this.base.release();
  }
}
