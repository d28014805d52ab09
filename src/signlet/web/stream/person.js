// Which of several people is followed; as signlet.stream.person in Python.

/** @import { Frames } from "../types.js" */

/** @typedef {{ x: number, y: number, size: number }} Place the middle of the shoulders, and how far they are apart */

import { LEFT_SHOULDER, RIGHT_SHOULDER } from "../clips/landmarks.js";

const STEP = 1.5;
const LARGER = 1.5;

/** Choose a person in each frame: the largest, kept as long as they are there. */
export class Follower {
  #lostAfter;
  /** @type {Place | null} */
  #place = null;
  #seen = -Infinity;
  #rival = Infinity;
  switched = false;

  /** @param {number} lostAfter */
  constructor(lostAfter) {
    this.#lostAfter = lostAfter;
  }

  /**
   * The followed one of the people (Float32Arrays), null where they are not seen.
   * @param {Frames[]} people @param {number} time @param {boolean} resting @returns {Frames | null}
   */
  choose(people, time, resting) {
    const places = people.map(placeOf);
    this.switched = false;
    if (this.#place !== null && time - this.#seen > this.#lostAfter) {
      this.#place = null;
      this.switched = true;
    }
    let index = this.#place === null ? largest(places) : this.#nearest(places);
    index = this.#overtaken(places, index, time, resting);
    if (index === null) return people.length === 1 && places[0] === null ? people[0] : null;
    this.#place = places[index];
    this.#seen = time;
    return people[index];
  }

  /** @param {(Place | null)[]} places */
  #nearest(places) {
    const steps = places.map((place) => step(this.#place, place));
    const best = steps.length ? steps.indexOf(Math.min(...steps)) : null;
    return best !== null && steps[best] <= STEP ? best : null;
  }

  /** @param {(Place | null)[]} places @param {number | null} index @param {number} time @param {boolean} resting */
  #overtaken(places, index, time, resting) {
    const most = largest(places);
    const larger = index !== null && most !== null && most !== index && sizeOf(places[most]) > LARGER * sizeOf(places[index]);
    if (!larger) {
      this.#rival = Infinity;
      return index;
    }
    this.#rival = Math.min(this.#rival, time);
    if (!resting || time - this.#rival < this.#lostAfter) return index;
    this.#rival = Infinity;
    this.switched = true;
    return most;
  }
}

/** @param {Frames} person @returns {Place | null} */
function placeOf(person) {
  const [leftX, leftY] = person.subarray(3 * LEFT_SHOULDER);
  const [rightX, rightY] = person.subarray(3 * RIGHT_SHOULDER);
  const x = leftX - rightX;
  const y = leftY - rightY;
  const size = Math.sqrt(x * x + y * y);
  if (!(Number.isFinite(size) && size > 0)) return null;
  return { x: (leftX + rightX) / 2, y: (leftY + rightY) / 2, size };
}

/** @param {(Place | null)[]} places */
function largest(places) {
  const sizes = places.map(sizeOf);
  const most = Math.max(0, ...sizes);
  return most > 0 ? sizes.indexOf(most) : null;
}

/** @param {Place | null} place */
function sizeOf(place) {
  return place?.size ?? 0;
}

/** @param {Place | null} one @param {Place | null} other */
function step(one, other) {
  if (one === null || other === null) return Infinity;
  const x = one.x - other.x;
  const y = one.y - other.y;
  return Math.sqrt(x * x + y * y) / one.size;
}
