// MediaPipe Holistic in a worker of its own, so that the page answers while it looks at a frame.
//
// @mediapipe/holistic is a classic script made for pages: in a worker it would look for its files
// in the wrong place and lose its graphics context. It is given the few things of a page that it
// uses; what it finds is the same, bit for bit, as on a page.
"use strict";

(() => {
  const PARTS = [ // in the order of signlet.landmarks; a refined face has ten points more
    ["faceLandmarks", 468],
    ["leftHandLandmarks", 21],
    ["poseLandmarks", 33],
    ["rightHandLandmarks", 21],
  ];
  const NUMBERS = 543 * 3;
  const OPTIONS = { modelComplexity: 1, refineFaceLandmarks: false, smoothLandmarks: true };

  let holistic = null;
  let results = null;
  let clock = 0; // milliseconds; MediaPipe refuses a time that does not grow
  let begin = 0;
  let used = false;

  const answers = {
    async load({ folder }) {
      if (!new OffscreenCanvas(1, 1).getContext("webgl2")) throw new Error("no WebGL");
      pretendPage();
      importScripts(`${folder}holistic.js`);
      holistic = new self.Holistic({ locateFile: (name) => folder + name });
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
      results?.image?.close?.();
      return numbers(results ?? {});
    },
  };

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
    const elements = { canvas: () => new OffscreenCanvas(1, 1), script: scriptElement };
    self.window = self;
    self.alert = (message) => { throw new Error(message); };
    self.document = {
      createElement: (name) => elements[name](),
      addEventListener() {},
      removeEventListener() {},
      querySelector: () => null,
      body: { appendChild: (script) => script.run() },
    };
  }

  function scriptElement() {
    const listeners = {};
    let source = "";
    return {
      setAttribute(name, value) { if (name === "src") source = value; },
      addEventListener(name, listener) { listeners[name] = listener; },
      run() {
        importScripts(source);
        queueMicrotask(() => listeners.load?.());
      },
    };
  }

  let turn = Promise.resolve();
  self.onmessage = ({ data: { id, kind, what } }) => {
    turn = turn.then(async () => {
      try {
        const answer = await answers[kind](what);
        self.postMessage({ id, answer }, answer ? [answer.buffer] : []);
      } catch (error) {
        self.postMessage({ id, error: String(error?.message ?? error) });
      }
    });
  };
})();
