// The recogniser in a worker: landmarks of one frame after the other in, signs out.

/** @import { Handler, Handlers, Model, Names, RecogniseQuestions, SignEvent, Told, WorkerScope } from "../types.js" */

import { loadRecogniser } from "../model/recognise.js";
import { TaughtRecogniser } from "../model/taught.js";
import { StreamRecogniser } from "../stream/recogniser.js";

const worker = /** @type {WorkerScope} */ (/** @type {unknown} */ (self));
/** @type {Model | null} */
let model = null; // as it was exported
/** @type {Model | TaughtRecogniser | null} */
let recogniser = null; // what names signs: the model, or taught signs around it
/** @type {StreamRecogniser | null} */
let stream = null;
let spent = 0; // milliseconds in the model since the last answer

/** @type {Handlers<RecogniseQuestions>} */
const answers = {
  /** source: URL or bytes of a model. Where it is unusable, the one before stays. */
  async load({ source, name }) {
    const fresh = await loadRecogniser(source, { name });
    await model?.release();
    recogniser = fresh;
    model = fresh instanceof TaughtRecogniser ? fresh.base : fresh;
    return { card: fresh.card };
  },

  /** The model's features of a clip. */
  async embed({ frames, T }) {
    return { embedding: await loaded(model).embed(frames, T) };
  },

  /** head: of the signs that are named from now on, see model/teach.js; null for the model's own. */
  async teach({ head }) {
    if (!head) recogniser = model;
    else if (recogniser instanceof TaughtRecogniser) recogniser.head = head; // it keeps its threshold
    else recogniser = new TaughtRecogniser(loaded(model), head);
    return { threshold: recogniser?.threshold ?? 0 }; // there may be no model
  },

  /** Begin a new recording. mirrored: the pictures show a mirror image. */
  async start({ mirrored }) {
    stream = new StreamRecogniser(current, { mirrored });
  },

  /** threshold: answers below this confidence are none of the signs. */
  async threshold({ threshold }) {
    loaded(recogniser).threshold = threshold;
  },

  async push({ frame, time }) {
    const begun = loaded(stream);
    return told(begun, await begun.push(frame, time));
  },

  async finish() {
    const begun = loaded(stream);
    return told(begun, await begun.finish());
  },
};

/**
 * Whatever names signs at the moment, so that a stream goes on when signs are taught.
 * @type {Names}
 */
const current = {
  get signs() {
    return loaded(recogniser).signs;
  },
  get maxFrames() {
    return loaded(recogniser).maxFrames;
  },
  async recognise(frames, T) {
    const before = performance.now();
    try {
      return await loaded(recogniser).recognise(frames, T);
    } finally {
      spent += performance.now() - before;
    }
  },
};

/** What is asked for once there is a model. @template Thing @param {Thing | null} thing */
function loaded(thing) {
  if (thing === null) throw new Error("no model is loaded");
  return thing;
}

/** @param {StreamRecogniser} stream @param {SignEvent[]} events @returns {Told} */
function told({ state, suggestion }, events) {
  const milliseconds = spent;
  spent = 0;
  return { events, milliseconds, state, suggestion };
}

let turn = Promise.resolve();
worker.onmessage = ({ data: { id, kind, what } }) => {
  turn = turn.then(async () => {
    try {
      worker.postMessage({ id, answer: await /** @type {Record<string, Handler>} */ (answers)[kind](what) });
    } catch (error) {
      worker.postMessage({ id, error: String(/** @type {any} */ (error)?.message ?? error) });
    }
  });
};
worker.postMessage({ id: 0 }); // its modules are there
