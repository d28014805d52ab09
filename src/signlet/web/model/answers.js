// What a model says, checked before anybody believes it; as signlet.modelfile.answers in Python.

/** @import { Numbers } from "../types.js" */

const TOLERANCE = 0.01; // probabilities, all together, and an embedding's length may miss 1 by this
const REMEDY = "copy the model again, export it again, or train it with a lower learning rate";

/**
 * Throws an Error unless these are probabilities that sum to 1. name: of the model.
 * @param {Numbers} probabilities @param {string} name
 */
export function requireProbabilities(probabilities, name) {
  const least = probabilities.reduce((low, number) => (number < low ? number : low), 0);
  const sum = probabilities.reduce((total, number) => total + number, 0);
  if (least >= 0 && Math.abs(sum - 1) <= TOLERANCE) return; // nor is NaN
  const what = least < 0 ? `a probability of ${short(least)}` : `probabilities whose sum is ${short(sum)}`;
  throw new Error(`${name}: is not a usable model: it gives ${what}; ${REMEDY}`);
}

/**
 * Throws an Error unless an embedding has length 1.
 * @param {Numbers} embedding @param {string} name
 */
export function requireEmbedding(embedding, name) {
  const length = Math.sqrt(embedding.reduce((total, number) => total + number * number, 0));
  if (Math.abs(length - 1) <= TOLERANCE) return;
  throw new Error(`${name}: is not a usable model: it gives an embedding of length ${short(length)}, not 1; ${REMEDY}`);
}

/** @param {number} number */
function short(number) {
  return Number.isFinite(number) ? String(Number(number.toPrecision(3))) : String(number);
}
