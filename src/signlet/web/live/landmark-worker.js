// MediaPipe Holistic in a worker of its own, so that the page answers while it looks at a frame.
//
// @mediapipe/holistic is a classic script made for pages: in a worker it would look for its files
// in the wrong place and lose its graphics context. It is given the few things of a page that it
// uses; what it finds is the same, bit for bit, as on a page.
"use strict";

/** @import { Handler, Handlers, Holistic, HolisticResults, LandmarkQuestions, WorkerScope } from "../types.js" */

(() => {
  /** @type {[Exclude<keyof HolisticResults, "image">, number][]} */
  const PARTS = [ // in the order of signlet.landmarks; a refined face has ten points more
    ["faceLandmarks", 468],
    ["leftHandLandmarks", 21],
    ["poseLandmarks", 33],
    ["rightHandLandmarks", 21],
  ];
  const NUMBERS = 543 * 3;
  const OPTIONS = { modelComplexity: 1, refineFaceLandmarks: false, smoothLandmarks: true };

  const worker = /** @type {WorkerScope} */ (/** @type {unknown} */ (self));
  /** @type {Holistic} */
  let holistic; // once it is loaded
  /** @type {HolisticResults | null} */
  let results = null;
  let clock = 0; // milliseconds; MediaPipe refuses a time that does not grow
  let begin = 0;
  let used = false;

  /** @type {Handlers<LandmarkQuestions>} */
  const answers = {
    async load({ folder }) {
      if (!new OffscreenCanvas(1, 1).getContext("webgl2")) throw new Error("no WebGL");
      pretendPage();
      worker.importScripts(`${folder}holistic.js`);
      holistic = new worker.Holistic({ locateFile: (name) => folder + name });
      holistic.setOptions(OPTIONS);
      holistic.onResults((found) => { results = found; });
      await holistic.initialize();
    },

    /** A new recording: nothing of the last one is used to smooth it. */
    async start() {
      if (used) holistic.reset(); // it begins anew, which takes as long as the first time
      used = false;
      begin = clock + 1000;
    },

    /** picture: ImageBitmap. time: seconds. Gives 543 * 3 numbers, NaN where nothing was found. */
    async find({ picture, time }) {
      clock = Math.max(clock + 1, begin + 1000 * time);
      results = null;
      used = true;
      await holistic.send({ image: picture }, clock);
      picture.close();
      const found = /** @type {HolisticResults} */ (results ?? {}); // which `send` has given to the listener
      found.image?.close?.();
      return numbers(found);
    },
  };

  /** @param {HolisticResults} found */
  function numbers(found) {
    const frame = new Float32Array(NUMBERS).fill(NaN);
    let row = 0;
    for (const [part, count] of PARTS) {
      const points = (found[part] ?? []).slice(0, count);
      points.forEach(({ x, y, z }, i) => frame.set([x, y, z], 3 * (row + i)));
      row += count;
    }
    return frame;
  }

  /** The parts of a page that holistic.js asks for. */
  function pretendPage() {
    /** @type {Record<string, () => object>} */
    const elements = { canvas: () => new OffscreenCanvas(1, 1), script: scriptElement };
    worker.window = self;
    worker.alert = (message) => { throw new Error(message); };
    worker.document = {
      createElement: (/** @type {string} */ name) => elements[name](),
      addEventListener() {},
      removeEventListener() {},
      querySelector: () => null,
      body: { appendChild: (/** @type {ReturnType<typeof scriptElement>} */ script) => script.run() },
    };
  }

  function scriptElement() {
    /** @type {Record<string, () => void>} */
    const listeners = {};
    let source = "";
    return {
      /** @param {string} name @param {string} value */
      setAttribute(name, value) { if (name === "src") source = value; },
      /** @param {string} name @param {() => void} listener */
      addEventListener(name, listener) { listeners[name] = listener; },
      run() {
        worker.importScripts(source);
        queueMicrotask(() => listeners.load?.());
      },
    };
  }

  let turn = Promise.resolve();
  worker.onmessage = ({ data: { id, kind, what } }) => {
    turn = turn.then(async () => {
      try {
        const answer = await /** @type {Record<string, Handler>} */ (answers)[kind](what);
        worker.postMessage({ id, answer }, answer ? [answer.buffer] : []);
      } catch (error) {
        worker.postMessage({ id, error: String(/** @type {any} */ (error)?.message ?? error) });
      }
    });
  };
})();
