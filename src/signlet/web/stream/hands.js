// What one frame tells of the hands, in shoulder widths; as signlet.stream.hands in Python.

/** @import { Frames, Hand, Hands } from "../types.js" */

import { HAND_POINTS, LEFT_HAND, LEFT_SHOULDER, NOSE, RIGHT_HAND, RIGHT_SHOULDER } from "../clips/landmarks.js";

const WRIST = 0;
const KNUCKLE = 9;
export const NOSE_HEIGHT = 0.57; // from the shoulders, in shoulder widths
const PALM = 0.32;
const SMOOTH = 1.0;

/** Size of the signer, followed from frame to frame. */
export class Body {
  /** @type {number | null} */
  width = null; // a shoulder width in x, as a fraction of the picture
  /** @type {number | null} */
  height = null; // the same length in y
  /** @type {number | null} */
  #shoulders = null;
  #time = 0;

  /**
   * [left, right]: points of the hands that were found and are not down, else null.
   * @param {Frames} frame @param {number} time @param {number} restLine @returns {Hands}
   */
  raisedHands(frame, time, restLine) {
    this.#measure(frame, time);
    const left = pointsOf(frame, LEFT_HAND);
    const right = pointsOf(frame, RIGHT_HAND);
    if (this.width === null) this.#guess(left ?? right);
    return [this.#ifUp(left, restLine), this.#ifUp(right, restLine)];
  }

  /** Mean distance of the points of a hand. @param {Float64Array} one @param {Float64Array} other */
  distance(one, other) {
    const width = this.width ?? 1;
    const height = this.height ?? 1;
    let total = 0;
    for (let i = 0; i < HAND_POINTS; i++) {
      const x = (one[2 * i] - other[2 * i]) / width;
      const y = (one[2 * i + 1] - other[2 * i + 1]) / height;
      total += Math.sqrt(x * x + y * y);
    }
    return total / HAND_POINTS;
  }

  /** @param {Frames} frame @param {number} time */
  #measure(frame, time) {
    const noseY = frame[3 * NOSE + 1];
    const leftY = frame[3 * LEFT_SHOULDER + 1];
    const rightY = frame[3 * RIGHT_SHOULDER + 1];
    const x = frame[3 * LEFT_SHOULDER] - frame[3 * RIGHT_SHOULDER];
    const y = leftY - rightY;
    const width = Math.sqrt(x * x + y * y);
    const middle = (leftY + rightY) / 2;
    if (!(Number.isFinite(width) && width > 0)) return;
    const height = (middle - noseY) / NOSE_HEIGHT;
    const known = Number.isFinite(height) && 0.3 * width <= height && height <= 3 * width;
    this.#blend(width, known ? height : null, time);
    this.#shoulders = middle;
  }

  /** @param {number} width @param {number | null} height @param {number} time */
  #blend(width, height, time) {
    if (this.#shoulders === null || this.width === null || this.height === null) {
      this.width = width;
      this.height = height ?? width;
    } else {
      const share = (time - this.#time) / (time - this.#time + SMOOTH);
      this.width += share * (width - this.width);
      if (height !== null) this.height += share * (height - this.height);
    }
    this.#time = time;
  }

  /** @param {Hand} hand */
  #guess(hand) {
    if (hand === null) return;
    const x = hand[2 * WRIST] - hand[2 * KNUCKLE];
    const y = hand[2 * WRIST + 1] - hand[2 * KNUCKLE + 1];
    const size = Math.sqrt(x * x + y * y) / PALM;
    if (size > 0) this.width = this.height = size;
  }

  /** @param {Hand} hand @param {number} restLine */
  #ifUp(hand, restLine) {
    if (hand === null || this.#shoulders === null || this.height === null) return hand;
    let y = 0;
    for (let i = 0; i < HAND_POINTS; i++) y += hand[2 * i + 1];
    const low = (y / HAND_POINTS - this.#shoulders) / this.height > restLine;
    return low ? null : hand;
  }
}

/**
 * x and y of 21 points, or null where one is missing.
 * @param {Frames} frame @param {number} start @returns {Hand}
 */
function pointsOf(frame, start) {
  const points = new Float64Array(2 * HAND_POINTS);
  for (let i = 0; i < HAND_POINTS; i++) {
    points[2 * i] = frame[3 * (start + i)];
    points[2 * i + 1] = frame[3 * (start + i) + 1];
  }
  return points.every(Number.isFinite) ? points : null;
}

/** Since when the hands have held still. */
export class Stillness {
  since = 0;
  /** @type {Hands} */
  pose = [null, null];
  #change;

  /** @param {number} change */
  constructor(change) {
    this.#change = change;
  }

  /**
   * See the next frame in which a hand is up; true where they do not hold still.
   * @param {Hands} hands @param {number} time @param {Body} body
   */
  update(hands, time, body) {
    const moved = !sharesHand(this.pose, hands) || this.moved(hands, this.pose, body);
    if (moved) {
      this.since = time;
      this.pose = hands;
    } else {
      this.pose = [this.pose[0] ?? hands[0], this.pose[1] ?? hands[1]];
    }
    return moved;
  }

  /**
   * True where a hand of both is elsewhere, or has another shape.
   * @param {Hands} one @param {Hands} other @param {Body} body
   */
  moved(one, other, body) {
    return [0, 1].some((i) => one[i] && other[i] && body.distance(one[i], other[i]) >= this.#change);
  }
}

/** @param {Hands} one @param {Hands} other */
function sharesHand(one, other) {
  return [0, 1].some((i) => one[i] && other[i]);
}
