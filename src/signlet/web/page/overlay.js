// The skeleton over the picture.

/** @import { Frames } from "../types.js" */

/** @typedef {keyof typeof EDGES} Part of a body, as it is drawn */

import { HAND_POINTS, LEFT_HAND, RIGHT_HAND } from "../clips/landmarks.js";
import { EDGES } from "./layout.js"; // written by signlet from its own table of landmarks

/** @type {Record<Part, number>} */
const WIDTHS = { face: 1, pose: 2.5, left_hand: 2.5, right_hand: 2.5 };
/** @type {Partial<Record<Part, string>>} */
const TOKENS = { left_hand: "--left-bright", right_hand: "--right-bright" };
/** @type {[Part, number][]} */
const HANDS = [["left_hand", LEFT_HAND], ["right_hand", RIGHT_HAND]];

/**
 * Draw 543 * 3 numbers of one frame over the whole canvas; null clears it.
 * @param {HTMLCanvasElement} canvas @param {Frames | null} frame
 */
export function drawSkeleton(canvas, frame) {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.max(1, Math.round(side * scale)));
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.clearRect(0, 0, width, height);
  if (!frame) return;
  pen.lineCap = pen.lineJoin = "round";
  const unit = scale * Math.max(0.7, Math.min(width, height) / scale / 520);
  for (const part of /** @type {Part[]} */ (Object.keys(EDGES))) {
    const path = lines(frame, EDGES[part], width, height);
    pen.strokeStyle = "rgb(0 0 0 / 0.35)";
    pen.lineWidth = (WIDTHS[part] + 1.6) * unit;
    pen.stroke(path);
    pen.strokeStyle = colour(part);
    pen.lineWidth = WIDTHS[part] * unit;
    pen.stroke(path);
  }
  for (const [part, first] of HANDS) {
    pen.fillStyle = colour(part);
    pen.fill(dots(frame, first, width, height, 3.2 * unit));
  }
}

/** @param {Frames} frame @param {[number, number][]} edges @param {number} width @param {number} height */
function lines(frame, edges, width, height) {
  const path = new Path2D();
  for (const [a, b] of edges) {
    if (Number.isNaN(frame[3 * a]) || Number.isNaN(frame[3 * b])) continue;
    path.moveTo(frame[3 * a] * width, frame[3 * a + 1] * height);
    path.lineTo(frame[3 * b] * width, frame[3 * b + 1] * height);
  }
  return path;
}

/** @param {Frames} frame @param {number} first @param {number} width @param {number} height @param {number} radius */
function dots(frame, first, width, height, radius) {
  const path = new Path2D();
  for (let point = first; point < first + HAND_POINTS; point++) {
    if (Number.isNaN(frame[3 * point])) continue;
    const x = frame[3 * point] * width;
    const y = frame[3 * point + 1] * height;
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
  }
  return path;
}

/** @param {Part} part */
function colour(part) {
  return getComputedStyle(document.documentElement).getPropertyValue(TOKENS[part] ?? "--body-bright").trim();
}
