// Small things that the page shows: messages, progress, figures, the state.

/** @import { Figures } from "../types.js" */

import { inAMessage } from "../clips/names.js";
import { part, write } from "./parts.js";
import { slowness } from "./words.js";

/** @type {Record<string, string>} */
const STATES = { rest: "Watching", signing: "Signing", paused: "Paused" };
const STEADY = 400; // milliseconds: numbers that flicker cannot be read

let shownAt = 0;
/** @param {Figures} figures */
export function showFigures({ rate, finding, naming, delay }) {
  if (naming !== undefined) part("naming").textContent = milliseconds(naming);
  if (delay !== undefined) part("delay").textContent = `${delay.toFixed(1)} s`;
  if (performance.now() - shownAt < STEADY) return;
  if (rate !== undefined) part("rate").textContent = rate.toFixed(rate < 10 ? 1 : 0);
  if (finding !== undefined) part("finding").textContent = milliseconds(finding);
  if (rate !== undefined) shownAt = performance.now();
}

/** Another source begins: nothing is known of it yet. */
export function clearFigures() {
  for (const name of /** @type {const} */ (["rate", "finding", "naming", "delay"])) part(name).textContent = "";
  shownAt = 0;
}

/** @param {number} number */
function milliseconds(number) {
  return `${number < 10 ? number.toFixed(1) : number.toFixed(0)} ms`;
}

/** Share of a source that is done. @param {number} share */
export function report(share) {
  part("progress").value = share;
}

/**
 * What the page is busy with; null takes it away.
 * @param {string | null} text
 */
export function waiting(text) {
  part("waiting").hidden = text === null;
  part("waiting").textContent = inAMessage(text ?? "");
}

/** What went wrong; null takes it away. @param {string | null} text */
export function problem(text) {
  part("problem").hidden = text === null;
  write(part("problem"), inAMessage(text ?? ""));
}

/**
 * What was mended in what is shown; null takes it away.
 * @param {string | null} text
 */
export function remark(text) {
  part("remark").hidden = text === null;
  part("remark").textContent = inAMessage(text ?? "");
}

/** Whether pictures take too long for a camera. seconds: for one. @param {number | null} seconds */
export function tooSlow(seconds) {
  part("slow").hidden = seconds === null;
  part("slow").textContent = seconds === null ? "" : slowness(seconds);
}

/**
 * state: a key of STATES, null where there is nothing to tell.
 * @param {string | null} state
 */
export function showState(state) {
  part("state").hidden = state === null;
  part("state").dataset.state = state ?? "";
  part("state").textContent = STATES[state ?? ""] ?? "";
}

/**
 * What is being looked at, or recorded; null where nothing is.
 * @param {string | null} text @param {boolean} [recording]
 */
export function showLive(text, recording = false) {
  part("live").hidden = text === null;
  part("live").classList.toggle("recording", recording);
  part("live").textContent = text ?? "";
}

/** @param {boolean} on */
export function showPaused(on) {
  part("pause").textContent = on ? "Resume" : "Pause";
  part("pause").setAttribute("aria-pressed", String(on));
  if (on) showState("paused");
}

let dismissed = false;

/**
 * Whether the camera seems to be mirrored; once somebody said that it is not, never again.
 * @param {boolean} on
 */
export function hint(on) {
  const show = on && !dismissed;
  if (part("hint").hidden === !show) return; // said once, not with every frame
  part("hint").hidden = !show;
  part("hint-text").textContent = show
    ? "Nearly all movement is in the left hand. Does your camera mirror the picture, or do you sign with the left hand?"
    : "";
}

export function dismissHint() {
  dismissed = true;
  hint(false);
}
