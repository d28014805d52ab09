// Where frames come from: a camera, a video, a recording of landmarks.
//
// Each source is an async generator of { time, picture } or { time, frame }: seconds since its
// start, and an ImageBitmap or 543 * 3 numbers. It goes on when it is asked for the next frame, so
// nothing piles up.

import { NUMBERS } from "./segmenter.js";

const FIRST_STEP = 1 / 120; // seconds; finer than the frames of any usual video
const USUAL_STEP = 1 / 30; // where the browser cannot tell a frame's time

/** Open a camera. id: of the device, "" for the browser's choice. Rejects as getUserMedia does. */
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

/** The newest picture whenever one is asked for; those in between are left out. */
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

function nextPicture(video) {
  return new Promise((resolve) => {
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(resolve);
    else requestAnimationFrame(resolve);
  });
}

/**
 * Every frame of a video file, with the time that the file gives it, however slow this machine
 * is: the video is not played, but moved from frame to frame.
 * report: is told the share of the video that is done.
 */
export async function* videoFrames(video, file, signal, report) {
  const url = URL.createObjectURL(file);
  try {
    video.src = url;
    await loaded(video, "loadeddata");
    if (!video.videoWidth) throw new DOMException("no pictures", "UnplayableError");
    await knowDuration(video);
    let before = -1;
    let step = FIRST_STEP;
    for (let target = 0; target < video.duration && !signal.aborted;) {
      await seek(video, target);
      const time = frameTime(video);
      const isNew = time === null || time > before + 1e-4;
      if (isNew && before >= 0 && time !== null) step = time - before;
      if (isNew) {
        yield { time: time ?? target, picture: await createImageBitmap(video) };
        report(target / video.duration);
      }
      target = nextTarget(target, time, step, isNew, before);
      if (isNew) before = time ?? target;
    }
    if (!signal.aborted) report(1);
  } finally {
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(url);
  }
}

/** The middle of the next frame, once the length of a frame is known. */
function nextTarget(target, time, step, isNew, before) {
  if (time === null) return target + USUAL_STEP;
  if (!isNew || before < 0) return target + (step === FIRST_STEP ? FIRST_STEP : step / 2);
  return time + 1.5 * step;
}

/** Seconds at which the file shows the present frame; null where the browser cannot tell. */
function frameTime(video) {
  if (typeof VideoFrame === "undefined") return null;
  const frame = new VideoFrame(video);
  const time = frame.timestamp / 1e6;
  frame.close();
  return time;
}

async function seek(video, time) {
  video.currentTime = time;
  await loaded(video, "seeked");
}

/** Videos that a browser recorded do not say how long they are until they were read. */
async function knowDuration(video) {
  if (Number.isFinite(video.duration)) return;
  await seek(video, 1e7);
  await seek(video, 0);
}

function loaded(video, event) {
  return new Promise((resolve, reject) => {
    const done = new AbortController();
    const settle = (how) => () => { done.abort(); how(); };
    video.addEventListener(event, settle(resolve), { signal: done.signal });
    video.addEventListener("error", settle(() => reject(new DOMException(
      video.error?.message ?? "", "UnplayableError",
    ))), { signal: done.signal });
  });
}

/** A recording of landmarks, no faster than it was recorded. */
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
