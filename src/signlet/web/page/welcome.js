// What the stage shows while no source runs: a moving figure and a sentence, or the last frame of a
// file and a button that plays it again.

/** @import { Frames } from "../types.js" */

import { inAMessage } from "../clips/names.js";
import { figure, GREETING } from "./figure.js";
import { drawSkeleton } from "./overlay.js";
import { part } from "./parts.js";

const STEP = 1000 / 30; // milliseconds: it need not move more often

export class Welcome {
  #still = matchMedia("(prefers-reduced-motion: reduce)");
  #stopped = this.#still.matches;
  #seconds = GREETING;
  #before = 0;
  #running = false;

  constructor() {
    part("still").addEventListener("click", () => this.#stop(!this.#stopped));
    this.#still.addEventListener("change", () => this.#stop(this.#still.matches));
    new ResizeObserver(() => this.#draw()).observe(part("figure"));
    this.#stop(this.#stopped);
  }

  /**
   * on: while no source runs. played: name of the file that has just ended, whose last frame stays.
   * hand: whether one was found in it.
   * @param {boolean} on @param {string | null} [played] @param {boolean} [hand]
   */
  show(on, played = null, hand = true) {
    part("stage").dataset.after = on && played ? "file" : "";
    part("welcome").hidden = !on || played !== null;
    part("played").hidden = !on || played === null;
    const handless = hand ? "" : " No hand was found in any frame, so there was no sign to see.";
    part("played-what").textContent = played === null ? "" : inAMessage(`${played} has ended.${handless}`);
    this.#move();
  }

  /** @param {boolean} on */
  #stop(on) {
    this.#stopped = on;
    if (on) this.#seconds = GREETING;
    part("still").setAttribute("aria-pressed", String(on));
    this.#draw();
    this.#move();
  }

  /** Begin to move, where it does not yet and should. */
  #move() {
    if (this.#running || !this.#shown) return;
    this.#running = true;
    requestAnimationFrame((now) => this.#step(now));
  }

  get #shown() {
    return !this.#stopped && !part("welcome").hidden;
  }

  /** @param {number} now */
  #step(now) {
    this.#running = false;
    if (!this.#shown) return;
    if (now - this.#before >= STEP) {
      this.#seconds += Math.min(now - this.#before, 100) / 1000; // a page in the background waits
      this.#before = now;
      this.#draw();
    }
    this.#move();
  }

  #draw() {
    if (!part("welcome").hidden) drawSkeleton(part("figure"), figure(this.#seconds));
  }
}

/** Whether anything was found in a frame. @param {Frames} frame */
export function hasPoints(frame) {
  return frame.some((number) => !Number.isNaN(number));
}
