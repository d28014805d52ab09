// The live page: sources, workers and what is shown, wired together.

import { hasHand, readClip } from "../clips/clips.js";
import { advised } from "../clips/sentinels.js";
import { Remote } from "../live/remote.js";
import { Session } from "../live/session.js";
import { Speed } from "../live/speed.js";
import { cameraFrames, listCameras, openCamera, recordedFrames, videoFrames } from "../live/sources.js";
import { turn } from "../stream/mirror.js";
import { TaughtSet } from "../teach/set.js";
import { Store } from "../teach/store.js";
import { ModelPanel } from "./model-panel.js";
import { drawSkeleton } from "./overlay.js";
import { chosenFile, label, messageOf, part } from "./parts.js";
import { listenForDrops, listenForKeys } from "./shortcuts.js";
import { Signs } from "./signs.js";
import { TeachPanel } from "./teach-panel.js";
import { clearFigures, dismissHint, hint, problem, remark, report, showFigures, showLive, showPaused, showState, tooSlow, waiting } from "./views.js";
import { hasPoints, Welcome } from "./welcome.js";
import { browserProblem, cameraProblem, fileProblem, trackerProblem } from "./words.js";

/** @import { Card, Figures, Frames, LandmarkQuestions, RecogniseQuestions, Parts, SourceFrame, SourceKind, Told } from "../types.js" */
/** @import { ExampleRecorder } from "../teach/record.js" */

/** @typedef {() => AsyncIterable<SourceFrame>} Begin what begins the frames of a source */

/** @type {Partial<Record<SourceKind, string>>} */
const LIVE = { camera: "Camera", video: "Video", clip: "Replay" };
const [stage, video, overlay] = [part("stage"), part("video"), part("overlay")];
const signs = new Signs();
const welcome = new Welcome();
let speed = new Speed();

// The first three are made by `begin`.
/** @type {Remote<RecogniseQuestions>} */
let recogniser;
/** @type {TeachPanel} */
let teaching;
/** @type {() => Promise<void>} */
let modelReady;
/** @type {Promise<Remote<LandmarkQuestions>> | null} */
let tracker = null; // it is loaded with the first picture
/** @type {Session | null} */
let session = null;
let started = 0;
/** @type {Frames | null} */
let lastFrame = null;
/** @type {Frames | null} */
let lastSeen = null; // the last one in which anything was found
let handSeen = false; // in any frame of this source
/** @type {File | null} */
let lastFile = null; // that was shown: it can be taught from as a whole

// --- sources ------------------------------------------------------------------------------

async function startCamera() {
  await run("camera", async (mine) => {
    const release = (/** @type {MediaStream} */ stream) => stream.getTracks().forEach((track) => track.stop());
    const asked = openCamera(part("camera").value).catch((error) => {
      throw new Error(cameraProblem(error));
    });
    const stream = await mine.until(asked, release);
    mine.signal.addEventListener("abort", () => release(stream));
    await fillCameras(stream);
    return () => cameraFrames(video, stream, mine.signal);
  });
}

/** begun: called before the first frame, where given. @param {File} file @param {() => void} [begun] */
async function openFile(file, begun) {
  if (/\.zip$/i.test(file.name)) return teaching.open(file);
  lastFile = file;
  const isClip = /\.npz$/i.test(file.name);
  return run(isClip ? "clip" : "video", async ({ signal }) => {
    if (!isClip) return () => videoFrames(video, file, signal, report);
    const clip = await readClip(file);
    if (clip.remark) remark(`${file.name}: ${advised(clip.remark)}`);
    return () => recordedFrames(clip, signal, report);
  }, { explain: (error) => fileProblem(file, error), begun });
}

/**
 * Show one source until it ends, fails or another one takes its place.
 * open: gives what begins its frames. It comes first: nobody should wait for a download to be
 * told that there is no camera.
 * @param {SourceKind} source @param {(mine: Session) => Promise<Begin>} open
 * @param {{ explain?: (error: Error) => string, begun?: () => void }} [options]
 */
async function run(source, open, { explain = messageOf, begun } = {}) {
  const number = ++started;
  await stop();
  if (number !== started) return; // another one was chosen meanwhile
  problem(null);
  remark(null);
  const mine = new Session({
    tracker: null, recogniser, mirrored: part("mirrored").checked,
    on: { frame: showFrame, answer: showAnswer, figures: measured, failed: ({ message }) => problem(message) },
  });
  session = mine;
  begun?.();
  mine.ended = follow(mine, source, open, explain);
  await mine.ended;
}

/**
 * @param {Session} mine @param {SourceKind} source @param {(mine: Session) => Promise<Begin>} open
 * @param {(error: Error) => string} explain
 */
async function follow(mine, source, open, explain) {
  let ended = false;
  try {
    showSource(source);
    waiting("Getting ready …");
    const frames = await open(mine);
    await mine.until(modelReady());
    if (source !== "clip") mine.tracker = await mine.until(trackerReady());
    waiting(source === "clip" ? "Reading the recording …" : "Looking at the first picture. It takes longest …");
    await mine.run(frames());
    ended = lastSeen !== null;
  } catch (error) {
    if (!mine.signal.aborted) problem(explain(/** @type {Error} */ (error)));
    if (mine.tracker?.broken) tracker = null;
  }
  mine.stop(); // whatever it holds is given back
  if (session !== mine) return;
  session = null;
  showSource("none", ended && source !== "camera" && lastFile ? lastFile.name : null);
}

async function stop() {
  const old = session;
  session = null;
  endRecording();
  old?.stop();
  await old?.ended;
}

async function trackerReady() {
  tracker ??= (async () => {
    /** @type {Remote<LandmarkQuestions>} */
    const made = new Remote("landmark-worker.js", "classic");
    waiting("Loading the hand and face finder (30 MB, only once) …");
    await made.call("load", { folder: new URL("../mediapipe/", import.meta.url).href });
    return made;
  })();
  try {
    return await tracker;
  } catch (error) {
    tracker = null;
    throw new Error(trackerProblem(/** @type {Error} */ (error)));
  }
}

/** @param {MediaStream} stream */
async function fillCameras(stream) {
  const used = stream.getVideoTracks()[0]?.getSettings().deviceId;
  const cameras = await listCameras();
  const options = cameras.map(({ id, name }) => new Option(name, id, false, id === used));
  if (options.length) part("camera").replaceChildren(...options);
}

// --- what is shown ------------------------------------------------------------------------

/** played: name of a file whose last frame stays. @param {SourceKind} source @param {string | null} [played] */
function showSource(source, played = null) {
  const on = source !== "none";
  const focused = document.activeElement?.closest(".controls, .welcome, .played");
  stage.dataset.source = source;
  welcome.show(!on, played, handSeen);
  part("pause").disabled = part("record").disabled = !on;
  part("progress").hidden = !["video", "clip"].includes(source);
  part("progress").value = 0;
  showLive(LIVE[source] ?? null);
  showState(null);
  part("teach-again").hidden = !lastFile || source === "camera";
  lastFrame = played === null ? null : lastSeen;
  lastSeen = null;
  handSeen = false;
  drawSkeleton(overlay, lastFrame);
  if (on) forgetSource();
  else {
    waiting(null);
    endRecording();
    showPaused(false);
    teaching?.see(null);
  }
  part("mirror").hidden = !on;
  showMirror();
  if (focused) part(on ? "start" : played === null ? "begin" : "replay").focus(); // what was focused is hidden now
}

/** Another source begins: what is known of the one before says nothing of it. */
function forgetSource() {
  signs.forgetNow();
  speed = new Speed();
  tooSlow(null);
  clearFigures();
}

/** @param {Figures} figures */
function measured(figures) {
  showFigures(figures);
  if (figures.finding !== undefined && speed.isTooSlow(figures.finding)) tooSlow(figures.finding / 1000);
}

/** @param {Frames} frame @param {number} time */
function showFrame(frame, time) {
  if (lastFrame === null) waiting(null);
  part("figures").hidden = false;
  lastFrame = frame;
  if (hasPoints(frame)) lastSeen = frame;
  handSeen ||= hasHand({ frames: frame, times: Float64Array.of(time), T: 1, fps: 0 });
  const ratio = video.videoWidth ? video.videoWidth / video.videoHeight : 1;
  for (const place of [stage, part("mirror")]) place.style.setProperty("--ratio", String(ratio));
  drawSkeleton(overlay, frame);
  teaching.see(frame, part("mirrored").checked ? turn(frame) : frame, time);
  if (teaching.recorder.state === "recording") showRecording(teaching.recorder);
}

/** @param {Told} told */
function showAnswer({ events, state, suggestion }) {
  events.forEach((event) => signs.add(event));
  showState(session === null || lastFrame === null ? null : session.paused ? "paused" : state);
  hint(Boolean(suggestion));
}

/** A camera is shown as in a mirror; one that mirrors by itself already is. */
function showMirror() {
  const flipped = stage.dataset.source === "camera" && !part("mirrored").checked;
  for (const place of [part("picture"), part("mirror")]) place.classList.toggle("flipped", flipped);
}

// --- what people do -----------------------------------------------------------------------

function togglePause() {
  if (!session) return;
  const on = !session.paused;
  session.pause(on);
  if (stage.dataset.source === "camera" && on) video.pause();
  else if (stage.dataset.source === "camera") video.play();
  showPaused(on);
}

/** An example or a recording: before it, while it lasts, after it. @param {ExampleRecorder} recorder */
function showRecording({ state, count, seconds }) {
  const on = state === "recording";
  part("record").setAttribute("aria-pressed", String(on));
  label(part("record"), on ? "End the recording" : "Record");
  if (on) showLive(`Recording ${seconds.toFixed(1)} s`, true);
  else showLive(state === "counting" ? `Recording in ${count}` : LIVE[/** @type {SourceKind} */ (stage.dataset.source)] ?? null);
}

function endRecording() {
  teaching?.stop();
}

function startOrStop() {
  return session ? stop().then(() => showSource("none")) : startCamera();
}

/** @param {boolean} on */
async function setMirrored(on) {
  part("mirrored").checked = on;
  showMirror();
  hint(false); // of the way it was; the source may have ended
  if (!session) return;
  session.mirrored = on;
  await recogniser.call("start", { mirrored: on });
}

function listen() {
  /** @param {keyof Parts} id @param {() => void} action */
  const click = (id, action) => part(id).addEventListener("click", action);
  click("begin", startCamera);
  click("to-camera", startCamera);
  click("replay", () => { if (lastFile) openFile(lastFile); });
  click("start", startOrStop);
  click("pause", togglePause);
  click("record", () => teaching.toggle());
  for (const button of document.querySelectorAll("button.open")) button.addEventListener("click", () => part("file").click());
  part("file").addEventListener("change", () => {
    const file = chosenFile(part("file"));
    if (file) openFile(file);
  });
  part("mirrored").addEventListener("change", () => setMirrored(part("mirrored").checked));
  click("hint-turn", () => setMirrored(!part("mirrored").checked));
  click("hint-well", dismissHint);
  part("show").addEventListener("change", () => stage.classList.toggle("bare", !part("show").checked));
  part("camera").addEventListener("change", () => { if (stage.dataset.source === "camera") startCamera(); });
  new ResizeObserver(() => drawSkeleton(overlay, lastFrame)).observe(overlay);
  listenForKeys();
  listenForDrops(openFile);
}

function begin() {
  const missing = browserProblem();
  if (missing) {
    problem(missing);
    part("model-name").textContent = "No model is loaded.";
    for (const button of document.querySelectorAll("main button")) /** @type {HTMLButtonElement} */ (button).disabled = true;
    return;
  }
  recogniser = new Remote("recognise-worker.js", "module");
  const store = new Store();
  const set = new TaughtSet(recogniser, store);
  const kept = set.restore();
  const panel = new ModelPanel(recogniser, restart, problem);
  teaching = new TeachPanel(set, store, {
    live: () => session !== null, keys: () => part("keys").checked,
    start: startCamera, replay: (begun) => { if (lastFile) openFile(lastFile, begun); },
    recording: showRecording, changed: (use) => panel.use(use),
  });
  let loading = panel.start();
  modelReady = async () => {
    if (!(await loading)) throw new Error(part("problem").textContent || "No model is loaded; choose a model file.");
  };
  listen();

  /**
   * After another model: the taught signs with it, and the stream begins anew. Gives what is named.
   * @param {Card} card @param {string} name
   */
  async function restart(card, name) {
    await kept;
    const use = await teaching.model(card, name);
    loading = Promise.resolve(true);
    if (session) await recogniser.call("start", { mirrored: session.mirrored });
    return use;
  }
}

begin();
