// The live page: sources, workers and what is shown, wired together.

import { readClip } from "../clips/clips.js";
import { cameraFrames, listCameras, openCamera, recordedFrames, videoFrames } from "../live/sources.js";
import { ModelPanel } from "./model-panel.js";
import { drawSkeleton } from "./overlay.js";
import { Remote } from "../live/remote.js";
import { Session } from "../live/session.js";
import { Signs } from "./signs.js";
import { turn } from "../stream/mirror.js";
import { TeachPanel } from "./teach-panel.js";
import { TaughtSet } from "../teach/set.js";
import { Store } from "../teach/store.js";
import { advised } from "../clips/unfound.js";
import { dismissHint, hint, problem, remark, report, showFigures, showLive, showPaused, showState, waiting } from "./views.js";
import { browserProblem, cameraProblem, fileProblem, trackerProblem } from "./words.js";

const LIVE = { camera: "Camera", video: "Video", clip: "Replay" };
const part = (id) => document.getElementById(id);
const [stage, video, overlay] = ["stage", "video", "overlay"].map(part);
const signs = new Signs();

let recogniser = null;
let tracker = null; // a promise: it is loaded with the first picture
let modelReady = null;
let session = null;
let started = 0;
let teaching = null;
let lastFrame = null;
let lastFile = null; // that was shown: it can be taught from as a whole

// --- sources ------------------------------------------------------------------------------

async function startCamera() {
  await run("camera", async (mine) => {
    const release = (stream) => stream.getTracks().forEach((track) => track.stop());
    const asked = openCamera(part("camera").value).catch((error) => {
      throw new Error(cameraProblem(error));
    });
    const stream = await mine.until(asked, release);
    mine.signal.addEventListener("abort", () => release(stream));
    await fillCameras(stream);
    return () => cameraFrames(video, stream, mine.signal);
  });
}

/** begun: called before the first frame, where given. */
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
 */
async function run(source, open, { explain = (error) => error.message, begun } = {}) {
  const number = ++started;
  await stop();
  if (number !== started) return; // another one was chosen meanwhile
  problem(null);
  remark(null);
  const mine = new Session({
    tracker: null, recogniser, mirrored: part("mirrored").checked,
    on: { frame: showFrame, answer: showAnswer, figures: showFigures, failed: ({ message }) => problem(message) },
  });
  session = mine;
  begun?.();
  mine.ended = follow(mine, source, open, explain);
  await mine.ended;
}

async function follow(mine, source, open, explain) {
  try {
    showSource(source);
    waiting("Getting ready …");
    const begin = await open(mine);
    await mine.until(modelReady());
    if (source !== "clip") mine.tracker = await mine.until(trackerReady());
    waiting("Looking at the first picture, which takes longest …");
    await mine.run(begin());
  } catch (error) {
    if (!mine.signal.aborted) problem(explain(error));
    if (mine.tracker?.broken) tracker = null;
  }
  mine.stop(); // whatever it holds is given back
  if (session !== mine) return;
  session = null;
  showSource("none");
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
    const made = new Remote("landmark-worker.js", "classic");
    waiting("Loading what finds hands and faces, once: about 30 MB …");
    await made.call("load", { folder: new URL("../mediapipe/", import.meta.url).href });
    return made;
  })();
  try {
    return await tracker;
  } catch (error) {
    tracker = null;
    throw new Error(trackerProblem(error));
  }
}

async function fillCameras(stream) {
  const used = stream.getVideoTracks()[0]?.getSettings().deviceId;
  const cameras = await listCameras();
  const options = cameras.map(({ id, name }) => new Option(name, id, false, id === used));
  if (options.length) part("camera").replaceChildren(...options);
}

// --- what is shown ------------------------------------------------------------------------

function showSource(source) {
  const on = source !== "none";
  const focused = document.activeElement?.closest(".controls, .welcome");
  stage.dataset.source = source;
  part("welcome").hidden = on;
  for (const id of ["pause", "record"]) part(id).disabled = !on;
  part("progress").hidden = !["video", "clip"].includes(source);
  part("progress").value = 0;
  showLive(LIVE[source] ?? null);
  showState(null);
  part("teach-again").hidden = !lastFile || source === "camera";
  lastFrame = null;
  if (!on) {
    waiting(null);
    endRecording();
    showPaused(false);
    drawSkeleton(overlay, null);
    teaching?.see(null);
  }
  part("mirror").hidden = !on;
  showMirror();
  if (focused) part(on ? "start" : "begin").focus(); // what was focused is hidden now
}

function showFrame(frame, time) {
  if (lastFrame === null) waiting(null);
  part("figures").hidden = false;
  lastFrame = frame;
  const ratio = video.videoWidth ? video.videoWidth / video.videoHeight : 1;
  for (const place of [stage, part("mirror")]) place.style.setProperty("--ratio", ratio);
  drawSkeleton(overlay, frame);
  teaching.see(frame, part("mirrored").checked ? turn(frame) : frame, time);
  if (teaching.recorder.state === "recording") showRecording(teaching.recorder);
}

function showAnswer({ events, state, suggestion }) {
  events.forEach((event) => signs.add(event));
  showState(session === null || lastFrame === null ? null : session.paused ? "paused" : state);
  hint(Boolean(suggestion));
}

/** A camera is shown as in a mirror; one that mirrors by itself already is. */
function showMirror() {
  const flipped = stage.dataset.source === "camera" && !part("mirrored").checked;
  for (const id of ["picture", "mirror"]) part(id).classList.toggle("flipped", flipped);
}

// --- what people do -----------------------------------------------------------------------

function togglePause() {
  const on = !session.paused;
  session.pause(on);
  if (stage.dataset.source === "camera") on ? video.pause() : video.play();
  showPaused(on);
}

/** An example or a recording: before it, while it lasts, after it. */
function showRecording({ state, count, seconds }) {
  const on = state === "recording";
  part("record").setAttribute("aria-pressed", on);
  part("record").lastElementChild.textContent = on ? "End the recording" : "Record";
  if (on) showLive(`Recording ${seconds.toFixed(1)} s`, true);
  else showLive(state === "counting" ? `Recording in ${count}` : LIVE[stage.dataset.source] ?? null);
}

function endRecording() {
  teaching?.stop();
}

function startOrStop() {
  return session ? stop().then(() => showSource("none")) : startCamera();
}

async function setMirrored(on) {
  part("mirrored").checked = on;
  showMirror();
  if (!session) return;
  session.mirrored = on;
  await recogniser.call("start", { mirrored: on });
}

const KEYS = { c: "start", p: "pause", r: "record" };
function pressed(event) {
  const typing = event.target.closest("input, select, textarea");
  if (!part("keys").checked || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const button = part(KEYS[event.key.toLowerCase()]);
  if (!button || button.disabled) return;
  event.preventDefault();
  button.click();
}

function listen() {
  const click = (id, action) => part(id).addEventListener("click", action);
  click("begin", startCamera);
  click("start", startOrStop);
  click("pause", togglePause);
  click("record", () => teaching.toggle());
  for (const button of document.querySelectorAll("button.open")) button.addEventListener("click", () => part("file").click());
  part("file").addEventListener("change", ({ target }) => {
    const [file] = target.files;
    target.value = "";
    if (file) openFile(file);
  });
  part("mirrored").addEventListener("change", ({ target }) => setMirrored(target.checked));
  click("hint-turn", () => setMirrored(!part("mirrored").checked));
  click("hint-well", dismissHint);
  part("show").addEventListener("change", ({ target }) => stage.classList.toggle("bare", !target.checked));
  part("camera").addEventListener("change", () => { if (stage.dataset.source === "camera") startCamera(); });
  document.addEventListener("keydown", pressed);
  new ResizeObserver(() => drawSkeleton(overlay, lastFrame)).observe(overlay);
  listenForDrops();
}

function listenForDrops() {
  const drop = part("drop");
  document.addEventListener("dragover", (event) => { event.preventDefault(); drop.hidden = false; });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.hidden = true; });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.hidden = true;
    const [file] = event.dataTransfer.files;
    if (file) openFile(file);
  });
}

function begin() {
  const missing = browserProblem();
  if (missing) {
    problem(missing);
    part("model-name").textContent = "No model is loaded.";
    for (const button of document.querySelectorAll("main button")) button.disabled = true;
    return;
  }
  recogniser = new Remote("recognise-worker.js", "module");
  const store = new Store();
  const set = new TaughtSet(recogniser, store);
  const kept = set.restore();
  const panel = new ModelPanel(recogniser, restart, problem);
  teaching = new TeachPanel(set, store, {
    live: () => session !== null, keys: () => part("keys").checked,
    start: startCamera, replay: (begun) => openFile(lastFile, begun),
    recording: showRecording, changed: (use) => panel.use(use),
  });
  let loading = panel.start();
  modelReady = async () => {
    if (!(await loading)) throw new Error(part("problem").textContent || "No model is loaded; choose a model file.");
  };
  listen();

  /** After another model: the taught signs with it, and the stream begins anew. Gives what is named. */
  async function restart(card, name) {
    await kept;
    const use = await teaching.model(card, name);
    loading = Promise.resolve(true);
    if (session) await recogniser.call("start", { mirrored: session.mirrored });
    return use;
  }
}

begin();
