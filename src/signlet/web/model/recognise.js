// Signs from landmarks in the browser: one model.onnx, nothing leaves the machine.
//
//   const recogniser = await loadRecogniser("model.onnx");
//   const { sign, confidence } = await recogniser.recognise(frames, T);

/** @import { Answer, Bytes, Card, Frames, Numbers } from "../types.js" */

/** @typedef {ort.InferenceSession.TensorValueMetadata} Tensor */
/** @typedef {Record<string, { data: Float32Array }>} Said outputs by name; one that the graph has not is undefined */

import * as ort from "onnxruntime-web/wasm";

import { NUMBERS, POINTS } from "../clips/landmarks.js";
import { Reader } from "../clips/sentinels.js";
import { requireEmbedding, requireProbabilities } from "./answers.js";
import { readCard } from "./card.js";
import { TaughtRecogniser } from "./taught.js";
import { readTeaching } from "./teach-card.js";

const INPUT = "inputs";
const OUTPUT = "outputs";
const EMBEDDING = "embedding"; // older files have none
const MAX_FRAMES = 20_000; // as signlet.clip in Python
// Without the log level it warns of the input that may be left out (`lengths`).
/** @type {ort.InferenceSession.SessionOptions} */
const OPTIONS = { executionProviders: ["wasm"], logSeverityLevel: 3 };
const LEAST = 2 ** -126; // a probability below this counts as this, as in Python

/**
 * Load an exported model. One to which signs were taught answers with these, see taught.js.
 * source: URL of a model.onnx, or its bytes (ArrayBuffer or Uint8Array).
 * name: what errors call it; the URL, or "model", without one.
 * threads: for one clip; more than 1 only where the page is cross-origin isolated.
 * Throws an Error of one line where there is no usable model.
 * @param {string | URL | ArrayBuffer | Bytes} source @param {{ name?: string, threads?: number }} [options]
 */
export async function loadRecogniser(source, { name = nameOf(source), threads = 1 } = {}) {
  const bytes = await read(source, name);
  const card = await readCard(bytes, name);
  const { taught } = readTeaching(card, name);
  ort.env.wasm.numThreads = globalThis.crossOriginIsolated ? threads : 1; // once a page
  let session;
  try {
    session = await ort.InferenceSession.create(bytes, OPTIONS);
  } catch (error) {
    throw new Error(`${name}: cannot be read as a model (${firstLine(error)}); export again`);
  }
  if (!fits(session, card)) {
    throw new Error(`${name}: is not a recogniser as signlet exports it; export again`);
  }
  const model = new Recogniser(session, card, name);
  return taught ? new TaughtRecogniser(model, taught.head) : model;
}

class Recogniser {
  #session;
  #name;
  /** @type {Promise<unknown>} */
  #turn = Promise.resolve(); // a session runs one clip at a time
  #reader = new Reader();

  /** @param {ort.InferenceSession} session @param {Card} card @param {string} name */
  constructor(session, card, name) {
    this.#session = session;
    this.#name = name;
    this.card = card;
    this.signs = card.signs;
    this.temperature = card.calibration?.temperature ?? 1;
    this.threshold = card.calibration?.threshold ?? 0;
    this.maxFrames = card.max_frames ?? MAX_FRAMES;
    this.embeddingSize = card.embedding; // D, null where the file gives none
  }

  /** What errors call it. */
  get name() {
    return this.#name;
  }

  /** What was mended in clips so far, such as zeros taken as not found; each a phrase. */
  get remarks() {
    return this.#reader.remarks;
  }

  /**
   * Recognise one clip.
   * frames: Float32Array of T * 543 * 3 numbers: x, y, z of each point of each frame, in the
   * order face 468, left hand 21, pose 33, right hand 21; NaN where a point was not found. A part
   * whose points all lie at one place, such as zeros, counts as not found; see sentinels.js.
   * Gives { sign, likeliest, confidence, probabilities, embedding }: sign is null where the
   * confidence is below the threshold; probabilities is a Float32Array in the order of `signs`;
   * embedding is that of `embed`, null where the file gives none.
   * Throws an Error where the numbers are not such a clip, or the model gives no probabilities.
   * @param {Frames} frames @param {number} T @returns {Promise<Answer>}
   */
  async recognise(frames, T) {
    const said = await this.#run(frames, T);
    requireProbabilities(said[OUTPUT].data, this.#name); // a temperature would hide their sum
    const probabilities = tempered(said[OUTPUT].data, this.temperature);
    const confidence = largest(probabilities);
    const likeliest = this.signs[probabilities.indexOf(confidence)];
    const sign = confidence >= this.threshold ? likeliest : null;
    const embedding = said[EMBEDDING]?.data ?? null;
    return { sign, likeliest, confidence, probabilities, embedding };
  }

  /**
   * The model's features of one clip: Float32Array of D numbers, of length 1. The scalar product
   * of two of them is their cosine.
   * frames, T: as for `recognise`.
   * Throws an Error where the numbers are not such a clip, or the file gives no embedding.
   * @param {Frames} frames @param {number} T
   */
  async embed(frames, T) {
    if (this.embeddingSize === null) {
      throw new Error(`${this.#name}: has no embedding: it was exported without one; export it again, without --no-embedding`);
    }
    return (await this.#run(frames, T))[EMBEDDING].data;
  }

  /** The graph's outputs by name. @param {Frames} given @param {number} T */
  #run(given, T) {
    requireClip(given, T, this.maxFrames);
    const frames = this.#reader.read(given);
    requireFound(frames);
    const inputs = new ort.Tensor("float32", frames, [T, POINTS, 3]);
    const run = this.#turn.then(() => this.#said(inputs));
    this.#turn = run.catch(() => {});
    return run;
  }

  /** The graph's outputs are float32, see `fits`. @param {ort.Tensor} inputs */
  async #said(inputs) {
    let said;
    try {
      said = /** @type {Said} */ (/** @type {unknown} */ (await this.#session.run({ [INPUT]: inputs })));
    } catch (error) {
      throw new Error(`${this.#name}: cannot be run (${firstLine(error)}); copy or export it again`);
    }
    const sizes = [said[OUTPUT].data.length, said[EMBEDDING]?.data.length ?? null];
    if (sizes[0] !== this.signs.length || sizes[1] !== this.embeddingSize) {
      throw new Error(`${this.#name}: answers ${sizes[0]} numbers for ${this.signs.length} signs; export it again`);
    }
    if (sizes[1] !== null) requireEmbedding(said[EMBEDDING].data, this.#name);
    return said;
  }

  /** Give the memory back; the recogniser cannot be used any more. */
  async release() {
    await this.#turn;
    await this.#session.release();
  }
}

/** @param {ort.InferenceSession} session @param {Card} card */
function fits(session, card) {
  const promised = new Map([[OUTPUT, card.signs.length]]);
  if (card.embedding !== null) promised.set(EMBEDDING, card.embedding);
  const [inputs, outputs] = [session.inputMetadata, session.outputMetadata].map((all) => /** @type {Partial<Tensor>[]} */ (all));
  const widths = outputs.map(({ shape }) => shape?.at(-1));
  const [given, ...others] = inputs;
  const isFloat = [given, ...outputs].every((one) => one?.type === "float32");
  return session.inputNames.join() === INPUT && !others.length && isFloat
    && given.shape?.slice(1).join() === [POINTS, 3].join() && !Number.isInteger(given.shape[0])
    && session.outputNames.join() === [...promised.keys()].join()
    && widths.join() === [...promised.values()].join();
}

/** @param {unknown} source */
function nameOf(source) {
  return source instanceof ArrayBuffer || source instanceof Uint8Array ? "model" : String(source);
}

/** @param {string | URL | ArrayBuffer | Bytes} source @param {string} name @returns {Promise<Bytes>} */
async function read(source, name) {
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof Uint8Array) return source;
  const answer = await fetch(source).catch(() => null);
  if (!answer) throw new Error(`${name}: cannot be fetched; is the server of this page running?`);
  if (!answer.ok) throw new Error(`${name}: cannot be fetched (${answer.status})`);
  const content = await answer.arrayBuffer().catch(() => null);
  if (!content) throw new Error(`${name}: was cut off while it was fetched; load the page again`);
  return new Uint8Array(content);
}

/** @param {Frames} frames @param {number} T @param {number} maxFrames */
function requireClip(frames, T, maxFrames) {
  if (!(frames instanceof Float32Array) || !Number.isInteger(T) || frames.length !== T * NUMBERS) {
    throw new Error(`a clip is a Float32Array of T * ${POINTS} * 3 numbers`);
  }
  if (T < 1 || T > maxFrames) {
    throw new Error(`the clip has ${T} frames, 1 to ${maxFrames} are allowed; ${T < 1 ? "record it again" : "leave frames out"}`);
  }
  if (frames.some((number) => Math.abs(number) === Infinity)) {
    throw new Error("the clip contains infinite values; write NaN where a point was not found");
  }
}

/** @param {Frames} frames */
function requireFound(frames) {
  if (frames.every(Number.isNaN)) {
    throw new Error("no landmark was found in any frame of the clip");
  }
}

/**
 * softmax(log p / temperature), as signlet.modelfile.calibration in Python.
 * @param {Float32Array} probabilities @param {number} temperature
 */
function tempered(probabilities, temperature) {
  if (temperature === 1) return probabilities;
  const logits = Array.from(probabilities, (p) => Math.log(Math.max(p, LEAST)) / temperature);
  const most = largest(logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return Float32Array.from(powers, (power) => power / sum);
}

/** @param {Numbers} numbers */
function largest(numbers) {
  return numbers.reduce((most, number) => Math.max(most, number));
}

/** @param {unknown} error */
function firstLine(error) {
  return String(/** @type {any} */ (error)?.message ?? error).split("\n")[0].slice(0, 200);
}
