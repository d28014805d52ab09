// What a model's card says about teaching: the model's own signs as prototypes, and signs that
// were taught to it already.

/** @import { Card, Expected, Own, Teaching } from "../types.js" */

import { unitRows } from "../clips/float16.js";
import { isName } from "../clips/names.js";
import { damaged } from "./onnx-bytes.js";
import { meanOf, shownOf, unit } from "./teach.js";

/** @type {Record<string, [low: number, high: number]>} */
const RANGES = { scale: [0, 1000], slope: [0, 200], threshold: [-2, 2] };

/**
 * The teaching part of a card as readCard gives it. name: of the file, for errors.
 * Gives { own, teaching, taught }: own is [{ sign, prototype }] of the model's signs, empty where
 * they are unknown; taught is null or { head, examples }, examples as [{ sign, embedding }].
 * Throws an Error of one line where it is damaged.
 * @param {Card} card @param {string} name @returns {Teaching}
 */
export function readTeaching(card, name) {
  try {
    const own = isThere(card.prototypes) ? ownSigns(card) : [];
    const taught = isThere(card.taught) ? taughtSigns(card.taught, own, card.embedding) : null;
    return { own, teaching: expected(card.teaching ?? {}), taught };
  } catch (error) {
    throw damaged(name, /** @type {Error} */ (error).message);
  }
}

/** @param {unknown} entry */
function isThere(entry) {
  return entry !== null && entry !== undefined; // 0 and false are damage
}

/** @param {Card} card */
function ownSigns({ signs, prototypes, embedding }) {
  const rows = unitRows(prototypes, signs.length, /** @type {number} */ (embedding), "prototypes");
  return signs.map((sign, c) => ({ sign, prototype: unit(rows[c]) }));
}

/** @param {any} taught @param {Own[]} own @param {number | null} width */
function taughtSigns(taught, own, width) {
  need(typeof taught === "object" && !Array.isArray(taught), "taught is not an object");
  const { signs, kept, examples, ...numbers } = taught;
  need(width !== null && width > 0, "taught without an embedding");
  need(Array.isArray(signs) && signs.every(isName), "its taught signs are not a list of names");
  need(signs.length > 0 && new Set(signs).size === signs.length, "it has no taught signs, or one of them twice");
  need(Number.isInteger(kept) && kept >= 0 && kept <= signs.length, `kept is ${kept}`);
  for (const [name, [low, high]] of Object.entries(RANGES)) need(isBetween(numbers[name], low, high), `${name} is ${numbers[name]}`);
  const { labels, embeddings } = examples ?? {};
  need(Array.isArray(labels), "the labels of its examples are not a list of numbers");
  const inOrder = [...new Set(labels)].sort((a, b) => a - b);
  need(inOrder.join() === signs.slice(kept).map((_, i) => kept + i).join(), "its examples are not of its taught signs");
  for (const name of ["signers", "names"]) {
    const texts = examples[name];
    const right = Array.isArray(texts) && texts.length === labels.length && texts.every((text) => typeof text === "string");
    need(right, `the ${name} of its examples are not ${labels.length} texts`);
  }
  const rows = unitRows(embeddings, labels.length, width, "examples");
  const shownHere = labels.map((label, i) => ({ sign: signs[label], embedding: rows[i] }));
  const ours = shownOf(shownHere);
  const prototypes = signs.map((sign, c) => (c < kept ? prototypeOf(own, sign) : meanOf(ours.get(sign) ?? [])));
  const shown = signs.map((sign, c) => (c < kept ? [prototypes[c]] : ours.get(sign) ?? []));
  const { scale, slope, threshold } = numbers;
  return { head: { signs, kept, prototypes, shown, scale, slope, threshold }, examples: shownHere };
}

/** @param {Own[]} own @param {string} sign */
function prototypeOf(own, sign) {
  const found = own.find((one) => one.sign === sign);
  need(found, `it has no prototype of ${sign}`);
  return found.prototype;
}

/** @param {any} teaching @returns {Expected} */
function expected(teaching) {
  need(typeof teaching === "object" && !Array.isArray(teaching), "teaching is not an object");
  const { known = 0, unknown = 0, spread = 1, scale = 1 } = teaching;
  const sensible = isBetween(known, -1, 1) && isBetween(unknown, -1, 1) && isBetween(spread, 1e-3, 1) && isBetween(scale, 1e-9, 1000);
  need(sensible, "teaching contains numbers that make no sense");
  return teaching;
}

/** @param {unknown} number @param {number} low @param {number} high */
function isBetween(number, low, high) {
  return typeof number === "number" && number >= low && number <= high;
}

/** @param {unknown} right @param {string} what @returns {asserts right} */
function need(right, what) {
  if (!right) throw new Error(what);
}
