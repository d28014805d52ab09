// Whether landmarks are found too slowly for a camera.

const FIRST = 8000; // milliseconds; the first picture takes longest, on any machine
const OTHERS = 600; // with fewer than two pictures a second a sign cannot be read
const IN_A_ROW = 2;

/** Told of the time that each picture took, it says when a camera is of no use. */
export class Speed {
  #count = 0;
  #slow = 0;

  /** Whether pictures take too long. @param {number} milliseconds of one picture */
  isTooSlow(milliseconds) {
    this.#count += 1;
    if (this.#count === 1) {
      this.#slow = milliseconds >= FIRST ? IN_A_ROW : 0;
    } else if (milliseconds >= OTHERS) {
      this.#slow += 1;
    } else {
      this.#slow = 0;
    }
    return this.#slow >= IN_A_ROW;
  }
}
