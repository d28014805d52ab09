// Clips of landmarks as files: what was recorded here, for `signlet train`, and back again.

import { readNpz, writeNpz, writeZip } from "./npz.js";
import { NUMBERS, POINTS } from "./segmenter.js";

const USUAL_RATE = 25;
export const LONGEST = 60; // seconds of one recording

/** One recording in the making. */
export class Recording {
  #frames = [];
  #times = [];

  add(frame, time) {
    this.#frames.push(frame.slice());
    this.#times.push(time);
  }

  get seconds() {
    return this.#times.length ? this.#times.at(-1) - this.#times[0] : 0;
  }

  /** { frames, times, fps, T }, null where there is not a single frame. */
  end() {
    const T = this.#frames.length;
    if (!T) return null;
    const frames = new Float32Array(T * NUMBERS);
    this.#frames.forEach((frame, t) => frames.set(frame, t * NUMBERS));
    const times = Float64Array.from(this.#times, (time) => time - this.#times[0]);
    return { frames, times, T, fps: T > 1 && times[T - 1] > 0 ? (T - 1) / times[T - 1] : USUAL_RATE };
  }
}

/** Bytes of the .npz that signlet.read_clip reads; `times` are more exact than its `fps`. */
export function clipFile({ frames, times, T, fps }) {
  return writeNpz({
    landmarks: [frames, [T, POINTS, 3]],
    fps: [Float64Array.of(fps), []],
    times: [times, [T]],
  });
}

/** A zip of folders as `signlet train --data` reads them. clips: with sign and name. */
export function folderFile(clips) {
  return writeZip(clips.map((clip) => [`${clip.sign}/${clip.name}`, clipFile(clip)]));
}

/** What may stand in a file's name; "" where nothing is left. */
export function fileName(text) {
  return text.normalize("NFC").replace(/[\u0000-\u001f\u007f<>:"/\\|?*]/g, " ")
    .replace(/\s+/g, " ").trim().replace(/^\.+|\.+$/g, "").slice(0, 60).trim();
}

/** <signer>_<n>.npz, n being the next that is free. The signer ends at the first underscore. */
export function takeName(clips, sign, signer) {
  const start = `${signer.replaceAll("_", "-")}_`;
  const taken = clips.filter((clip) => clip.sign === sign).map((clip) => clip.name);
  let n = 1;
  while (taken.includes(`${start}${n}.npz`)) n++;
  return `${start}${n}.npz`;
}

/** The clip in an .npz: { frames, times, T }. Throws an Error of one line. */
export async function readClip(file) {
  let arrays;
  try {
    arrays = await readNpz(new Uint8Array(await file.arrayBuffer()));
  } catch (error) {
    throw new Error(`${file.name}: cannot be read (${error.message}); save it again`);
  }
  const { numbers, shape = [] } = arrays.landmarks ?? {};
  if (shape.length !== 3 || shape[1] !== POINTS || shape[2] !== 3 || !(shape[0] > 0)) {
    throw new Error(`${file.name}: holds no landmarks of (frames, 543, 3); record it again`);
  }
  const T = shape[0];
  if (numbers.length !== T * NUMBERS) throw new Error(`${file.name}: is cut off; copy it again`);
  return { frames: Float32Array.from(numbers), times: timesOf(arrays, T), T };
}

function timesOf({ times, fps }, T) {
  const known = times?.numbers;
  const grows = known?.length === T && known.every((time, t) => Number.isFinite(time) && !(time <= known[t - 1]));
  if (grows) return Float64Array.from(known);
  const rate = fps?.numbers[0] > 0 ? fps.numbers[0] : USUAL_RATE;
  return Float64Array.from({ length: T }, (_, t) => t / rate);
}
