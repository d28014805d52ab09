// Where frames come from: a camera, a video, a recording of landmarks.
//
// Each source is an async generator of { time, picture } or { time, frame }: seconds since its
// start, and an ImageBitmap or 543 * 3 numbers. It goes on when it is asked for the next frame, so
// nothing piles up.

/** @import { Clip, SourceFrame } from "../types.js" */

import { NUMBERS } from "../clips/landmarks.js";

const FIRST_STEP = 1 / 1250; // seconds; from there on the search for the second frame widens
const WIDER = 1.5; // less than 2, which could step over a frame
const USUAL_STEP = 1 / 30; // where the browser cannot tell a frame's time
const SHORTEST_STEP = 1 / 250; // no camera films people with more frames a second,
const ASSUMED_STEP = 1 / 25; // so this is taken instead

/**
 * Open a camera. id: of the device, "" for the browser's choice. Rejects as getUserMedia does.
 * @param {string} id
 */
export async function openCamera(id) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new DOMException("no camera without https", "InsecureError");
  }
  const size = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
  const video = id ? { ...size, deviceId: { exact: id } } : { ...size, facingMode: "user" };
  return navigator.mediaDevices.getUserMedia({ video, audio: false });
}

/** Cameras as [{ id, name }]; their names are known once one was allowed. */
export async function listCameras() {
  const devices = await navigator.mediaDevices?.enumerateDevices() ?? [];
  return devices
    .filter(({ kind, deviceId }) => kind === "videoinput" && deviceId)
    .map(({ deviceId, label }, i) => ({ id: deviceId, name: label || `Camera ${i + 1}` }));
}

/**
 * The newest picture whenever one is asked for; those in between are left out.
 * @param {HTMLVideoElement} video @param {MediaStream} stream @param {AbortSignal} signal
 * @returns {AsyncGenerator<SourceFrame>}
 */
export async function* cameraFrames(video, stream, signal) {
  video.srcObject = stream;
  await video.play();
  const begin = performance.now();
  const ended = new Promise((resolve) => {
    stream.getVideoTracks()[0].addEventListener("ended", resolve);
    signal.addEventListener("abort", resolve);
  });
  let over = false;
  ended.then(() => { over = true; });
  try {
    while (!over && !signal.aborted) {
      await Promise.race([nextPicture(video), ended]);
      if (over || signal.aborted) break;
      const time = (performance.now() - begin) / 1000;
      yield { time, picture: await createImageBitmap(video) };
    }
    if (!signal.aborted) throw new Error("The camera is gone. Connect it and start it again.");
  } finally {
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  }
}

/** @param {HTMLVideoElement} video */
function nextPicture(video) {
  return new Promise((resolve) => {
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(resolve);
    else requestAnimationFrame(resolve);
  });
}

/**
 * Every frame of a video file, with the time that the file gives it, counted from the first one,
 * however slow this machine is: the video is not played, but moved from frame to frame. A file
 * with more frames a second than a camera takes is taken to have 25.
 * report: is told the share of the video that is done.
 * @param {HTMLVideoElement} video @param {File} file @param {AbortSignal} signal
 * @param {(share: number) => void} report @returns {AsyncGenerator<SourceFrame>}
 */
export async function* videoFrames(video, file, signal, report) {
  const url = URL.createObjectURL(file);
  try {
    video.src = url;
    await loaded(video, "loadeddata");
    if (!video.videoWidth) throw new DOMException("no pictures", "UnplayableError");
    await knowDuration(video);
    const clock = new Clock();
    for (let target = 0; target < video.duration && !signal.aborted;) {
      await seek(video, target);
      let shown = frameTime(video);
      for (let wait = 0; wait < 3 && clock.doubts(shown, target); wait++) {
        await new Promise((done) => setTimeout(done, 20));
        shown = frameTime(video);
      }
      const time = clock.time(shown, target);
      if (time !== null) {
        yield { time, picture: await createImageBitmap(video) };
        report(target / video.duration);
      }
      target = clock.next(target, shown);
    }
    if (!signal.aborted) report(1);
  } finally {
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(url);
  }
}

/** The times of frames, and where to look for the next one. */
export class Clock {
  /** @type {number | null} */
  #first = null;
  /** @type {number | null} */
  #before = null;
  /** @type {number | null} */
  #step = null; // the fewest seconds from one frame to the next, once two were seen
  #isAssumed = false;
  #search = FIRST_STEP;
  #count = 0;

  /**
   * Whether the frame before is still shown where the next one is looked for: a pause of the
   * camera, or a busy browser that has not drawn what it was asked for.
   * @param {number | null} shown @param {number} target
   */
  doubts(shown, target) {
    if (shown === null || this.#step === null || this.#before === null) return false;
    return shown <= this.#before + 1e-4 && target <= this.#before + 1.6 * this.#step;
  }

  /**
   * Seconds since the first frame; null where this one was seen already. shown: null if unknown.
   * @param {number | null} shown @param {number} target
   */
  time(shown, target) {
    const at = shown ?? target;
    if (this.#before !== null && !(at > this.#before + 1e-4)) return null;
    if (this.#before !== null) this.#learn(at - this.#before);
    this.#first ??= at;
    this.#before = at;
    this.#count += 1;
    return this.#isAssumed ? (this.#count - 1) * ASSUMED_STEP : at - this.#first;
  }

  /**
   * After a pause of the camera frames come as quickly as before it.
   * @param {number} step
   */
  #learn(step) {
    if (this.#step === null) this.#isAssumed = step < SHORTEST_STEP;
    const least = this.#isAssumed ? 0 : SHORTEST_STEP;
    this.#step = Math.max(least, Math.min(step, this.#step ?? step));
  }

  /**
   * The middle of the next frame, once the length of a frame is known.
   * @param {number} target @param {number | null} shown
   */
  next(target, shown) {
    if (shown === null || this.#before === null) return target + USUAL_STEP;
    if (this.#step !== null) {
      const middle = this.#before + 1.5 * this.#step;
      return middle > target ? middle : target + this.#step / 2;
    }
    const wider = this.#before + this.#search;
    this.#search *= WIDER;
    return wider;
  }
}

/**
 * Seconds at which the file shows the present frame; null where the browser cannot tell.
 * @param {HTMLVideoElement} video
 */
function frameTime(video) {
  if (typeof VideoFrame === "undefined") return null;
  const frame = new VideoFrame(video);
  const time = frame.timestamp / 1e6;
  frame.close();
  return time;
}

/** @param {HTMLVideoElement} video @param {number} time */
async function seek(video, time) {
  video.currentTime = time;
  await loaded(video, "seeked");
}

/**
 * Videos that a browser recorded do not say how long they are until they were read.
 * @param {HTMLVideoElement} video
 */
async function knowDuration(video) {
  if (Number.isFinite(video.duration)) return;
  await seek(video, 1e7);
  await seek(video, 0);
}

/** @param {HTMLVideoElement} video @param {"loadeddata" | "seeked"} event @returns {Promise<void>} */
function loaded(video, event) {
  return new Promise((resolve, reject) => {
    const done = new AbortController();
    /** @param {() => void} how */
    const settle = (how) => () => { done.abort(); how(); };
    video.addEventListener(event, settle(resolve), { signal: done.signal });
    video.addEventListener("error", settle(() => reject(new DOMException(
      video.error?.message ?? "", "UnplayableError",
    ))), { signal: done.signal });
  });
}

/**
 * A recording of landmarks, no faster than it was recorded.
 * @param {Clip} clip @param {AbortSignal} signal @param {(share: number) => void} report
 * @returns {AsyncGenerator<SourceFrame>}
 */
export async function* recordedFrames({ frames, times }, signal, report) {
  let due = performance.now();
  for (let t = 0; t < times.length && !signal.aborted; t++) {
    due += t ? 1000 * (times[t] - times[t - 1]) : 0;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    else due -= wait; // after a pause it goes on, it does not catch up
    yield { time: times[t], frame: frames.slice(t * NUMBERS, (t + 1) * NUMBERS) };
    report((t + 1) / times.length);
  }
}
