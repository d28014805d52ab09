// The recogniser in a worker: landmarks of one frame after the other in, signs out.

import { loadRecogniser } from "./recognise.js";
import { StreamRecogniser } from "./stream.js";

let recogniser = null;
let stream = null;
let spent = 0; // milliseconds in the model since the last answer

const answers = {
  /** source: URL or bytes of a model. Where it is unusable, the one before stays. */
  async load({ source, name }) {
    const loaded = await loadRecogniser(source, { name });
    await recogniser?.release();
    recogniser = loaded;
    return { card: loaded.card, threshold: loaded.threshold };
  },

  /** Begin a new recording. mirrored: the pictures show a mirror image. */
  async start({ mirrored }) {
    stream = new StreamRecogniser(timed(recogniser), { mirrored });
  },

  /** threshold: answers below this confidence are none of the signs. */
  async threshold({ threshold }) {
    recogniser.threshold = threshold;
  },

  async push({ frame, time }) {
    return told(await stream.push(frame, time));
  },

  async finish() {
    return told(await stream.finish());
  },
};

function timed(model) {
  return {
    signs: model.signs,
    maxFrames: model.maxFrames,
    async recognise(frames, T) {
      const before = performance.now();
      try {
        return await model.recognise(frames, T);
      } finally {
        spent += performance.now() - before;
      }
    },
  };
}

function told(events) {
  const milliseconds = spent;
  spent = 0;
  return { events, milliseconds, state: stream.state, suggestion: stream.suggestion };
}

let turn = Promise.resolve();
self.onmessage = ({ data: { id, kind, what } }) => {
  turn = turn.then(async () => {
    try {
      self.postMessage({ id, answer: await answers[kind](what) });
    } catch (error) {
      self.postMessage({ id, error: String(error?.message ?? error) });
    }
  });
};
self.postMessage({ id: 0 }); // its modules are there
