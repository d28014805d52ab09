// The figure on an empty stage: a made-up skeleton that waves, as landmarks of one frame. It shows
// no sign of any language.

/** @import { Frames } from "../types.js" */

import { LEFT_HAND, LEFT_SHOULDER, NUMBERS, POSE, RIGHT_HAND, RIGHT_SHOULDER } from "../clips/landmarks.js";

/** @typedef {[x: number, y: number]} Place in a square picture, of side 1 */
/** @typedef {{ wrist: Place, angle: number, open: number }} Pose of a hand; angle 0 points up */
/** @typedef {{ at: number, left: Pose, right: Pose }} Key */

export const LOOP = 7; // seconds
export const GREETING = 1.6; // a moment in it that looks well alone

const [ELBOWS, WRISTS, HIPS] = [POSE + 13, POSE + 15, POSE + 23]; // left; the right one follows
const [ARM, PALM] = [0.19, 0.08];
const FINGERS = [0.74, 0.84, 0.78, 0.62]; // lengths in palms, from the index finger on
const THUMB = /** @type {Place[]} */ ([[-0.24, 0.3], [-0.5, 0.52], [-0.68, 0.76], [-0.8, 0.98]]);
/** MediaPipe's points around a face, from the top. */
const OVAL = [
  10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
  152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
];
const LIPS = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185];
const EYES = [
  [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246],
  [362, 382, 381, 380, 374, 373, 390, 249, 263, 466, 388, 387, 386, 385, 384, 398],
];

const DOWN = { left: { wrist: [0.65, 0.86], angle: 2.95, open: 0.55 }, right: { wrist: [0.35, 0.86], angle: -2.95, open: 0.55 } };
const UP = { wrist: [0.255, 0.4], open: 1 };
const KEYS = /** @type {Key[]} */ ([
  { at: 0, ...DOWN },
  { at: 0.9, left: DOWN.left, right: { ...UP, angle: -0.3 } },
  { at: 1.25, left: DOWN.left, right: { ...UP, angle: 0.35 } },
  { at: 1.6, left: DOWN.left, right: { ...UP, angle: -0.3 } },
  { at: 1.95, left: DOWN.left, right: { ...UP, angle: 0.35 } },
  { at: 2.3, left: DOWN.left, right: { ...UP, angle: -0.1 } },
  { at: 3.1, left: { wrist: [0.6, 0.66], angle: -0.7, open: 0.9 }, right: { wrist: [0.4, 0.66], angle: 0.7, open: 0.9 } },
  { at: 3.7, left: { wrist: [0.68, 0.56], angle: 0.35, open: 1 }, right: { wrist: [0.32, 0.56], angle: -0.35, open: 1 } },
  { at: 4.3, left: { wrist: [0.6, 0.66], angle: -0.7, open: 0.1 }, right: { wrist: [0.4, 0.66], angle: 0.7, open: 0.1 } },
  { at: 4.9, left: { wrist: [0.68, 0.56], angle: 0.35, open: 1 }, right: { wrist: [0.32, 0.56], angle: -0.35, open: 1 } },
  { at: 5.8, ...DOWN },
  { at: LOOP, ...DOWN },
]);

/** 543 * 3 numbers of the figure after some seconds; NaN for the points that it does without. @param {number} seconds */
export function figure(seconds) {
  const time = ((seconds % LOOP) + LOOP) % LOOP;
  const next = KEYS.findIndex(({ at }) => at > time);
  const [from, to] = [KEYS[next - 1], KEYS[next]];
  const done = eased((time - from.at) / (to.at - from.at));
  const frame = new Float32Array(NUMBERS).fill(NaN);
  head(frame, 0.006 * Math.sin((4 * Math.PI * time) / LOOP));
  put(frame, HIPS, [0.57, 1.1]);
  put(frame, HIPS + 1, [0.43, 1.1]);
  limb(frame, 0, LEFT_SHOULDER, LEFT_HAND, between(from.left, to.left, done));
  limb(frame, 1, RIGHT_SHOULDER, RIGHT_HAND, between(from.right, to.right, done));
  return frame;
}

/** @param {number} share */
function eased(share) {
  return share * share * (3 - 2 * share);
}

/** @param {Pose} one @param {Pose} other @param {number} share @returns {Pose} */
function between(one, other, share) {
  /** @param {number} a @param {number} b */
  const mix = (a, b) => a + share * (b - a);
  return {
    wrist: [mix(one.wrist[0], other.wrist[0]), mix(one.wrist[1], other.wrist[1])],
    angle: mix(one.angle, other.angle),
    open: mix(one.open, other.open),
  };
}

/** @param {Frames} frame @param {number} nod */
function head(frame, nod) {
  const y = 0.27 + nod;
  ring(frame, OVAL, [0.5, y], [0.088, 0.118], -Math.PI / 2);
  ring(frame, LIPS, [0.5, y + 0.062], [0.032, 0.012], Math.PI, -1);
  EYES.forEach((eye, side) => ring(frame, eye, [side ? 0.537 : 0.463, y - 0.022], [0.019, 0.009], Math.PI, -1));
}

/**
 * Points around an ellipse. turn: 1 clockwise as it is seen, or -1.
 * @param {Frames} frame @param {number[]} points @param {Place} middle @param {Place} radii @param {number} begin @param {number} [turn]
 */
function ring(frame, points, [x, y], [wide, high], begin, turn = 1) {
  points.forEach((point, i) => {
    const angle = begin + (turn * 2 * Math.PI * i) / points.length;
    put(frame, point, [x + wide * Math.cos(angle), y + high * Math.sin(angle)]);
  });
}

/**
 * Shoulder, elbow, wrist and hand. side: 0 left, 1 right.
 * @param {Frames} frame @param {number} side @param {number} shoulder @param {number} first @param {Pose} pose
 */
function limb(frame, side, shoulder, first, pose) {
  const out = side ? -1 : 1;
  const [x, y] = [0.5 + 0.115 * out, 0.5];
  const [dx, dy] = [pose.wrist[0] - x, pose.wrist[1] - y];
  const far = Math.hypot(dx, dy);
  const bend = Math.sqrt(Math.max(0, ARM * ARM - (far * far) / 4)) / far;
  put(frame, shoulder, [x, y]);
  put(frame, ELBOWS + side, [x + dx / 2 + out * Math.abs(dy) * bend, y + dy / 2 + Math.abs(dx) * bend]); // outwards and down
  put(frame, WRISTS + side, pose.wrist);
  hand(frame, first, pose, out);
}

/** @param {Frames} frame @param {number} first @param {Pose} pose @param {number} out */
function hand(frame, first, { wrist, angle, open }, out) {
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  /** @param {number} point @param {number} across @param {number} along */
  const place = (point, across, along) => {
    const [a, b] = [out * across * PALM, along * PALM];
    put(frame, first + point, [wrist[0] + a * cos + b * sin, wrist[1] + a * sin - b * cos]);
  };
  place(0, 0, 0);
  THUMB.forEach(([across, along], i) => place(1 + i, across * (0.6 + 0.4 * open), along));
  FINGERS.forEach((length, finger) => {
    const base = (finger - 1.5) * 0.27;
    const spread = (finger - 1.5) * 0.16 * open;
    for (let joint = 0; joint < 4; joint++) {
      const far = (joint / 3) * length * (0.3 + 0.7 * open);
      place(5 + 4 * finger + joint, base + far * Math.sin(spread), 0.96 - 0.05 * Math.abs(finger - 1) + far * Math.cos(spread));
    }
  });
}

/** @param {Frames} frame @param {number} point @param {Place} place */
function put(frame, point, [x, y]) {
  frame.set([x, y, 0], 3 * point);
}
