// The recogniser in a worker: landmarks of one frame after the other in, signs out.

import { loadRecogniser } from "../model/recognise.js";
import { TaughtRecogniser } from "../model/taught.js";
import { StreamRecogniser } from "../stream/recogniser.js";

let model = null; // as it was exported
let recogniser = null; // what names signs: the model, or taught signs around it
let stream = null;
let spent = 0; // milliseconds in the model since the last answer

const answers = {
  /** source: URL or bytes of a model. Where it is unusable, the one before stays. */
  async load({ source, name }) {
    const loaded = await loadRecogniser(source, { name });
    await model?.release();
    recogniser = loaded;
    model = loaded.base ?? loaded;
    return { card: loaded.card };
  },

  /** The model's features of a clip. */
  async embed({ frames, T }) {
    return { embedding: await model.embed(frames, T) };
  },

  /** head: of the signs that are named from now on, see teach.js; null for the model's own. */
  async teach({ head }) {
    if (!head) recogniser = model;
    else if (recogniser.head) recogniser.head = head; // it keeps its threshold
    else recogniser = new TaughtRecogniser(model, head);
    return { threshold: recogniser?.threshold ?? 0 }; // there may be no model
  },

  /** Begin a new recording. mirrored: the pictures show a mirror image. */
  async start({ mirrored }) {
    stream = new StreamRecogniser(current, { mirrored });
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

/** Whatever names signs at the moment, so that a stream goes on when signs are taught. */
const current = {
  get signs() {
    return recogniser.signs;
  },
  get maxFrames() {
    return recogniser.maxFrames;
  },
  async recognise(frames, T) {
    const before = performance.now();
    try {
      return await recogniser.recognise(frames, T);
    } finally {
      spent += performance.now() - before;
    }
  },
};

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
